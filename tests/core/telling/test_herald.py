"""The hand that has messages carried: real children and a real store; only the clock is the test's."""

from __future__ import annotations

import json
import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest
from receiver import Receiver

from tests.conftest import until
from trainui.core.clock import Clock
from trainui.core.config import Config, Mail, Notify, Webhook
from trainui.core.process.identity import boot_id, boot_seconds
from trainui.core.store.outbox import Outbox
from trainui.core.store.read import Reader
from trainui.core.store.schema import atomic, connect
from trainui.core.telling.claims import claim, whose
from trainui.core.telling.herald import FOLDER, Herald

SECRET = "S3CRET-hook-address"
TELL = ["sh", "-c", "printf '%s\\n' \"$(cat)\" >> told"]


class Scene:
    """The messages of one store, as one manager after the other sees to them."""

    def __init__(self, folder: Path, notify: Notify):
        self.folder, self.notify = folder, notify
        (folder / "runs").mkdir()
        self.path = folder / "runs.db"
        self.now = Clock(unix=1_795_258_800.0, boot=boot_seconds(), boot_id=boot_id())
        self.next_manager()

    def next_manager(self):
        self.db = connect(self.path)
        self.herald = Herald(
            self.db, self.folder, self.folder / "runs", config=lambda: Config(notify=self.notify)
        )

    def post(self, text="mlp-3 finished", kind="ended", *, key=None, critical=False, subject=""):
        with atomic(self.db):
            return Outbox(self.db).post(
                kind, text, key=key or text, at=self.now.unix, subject=subject, is_critical=critical
            )

    def tick(self, seconds=0.0, *, reaps=True):
        """Let time pass; what is due is done, and children are reaped."""
        self.now = replace(self.now, unix=self.now.unix + seconds, boot=self.now.boot + seconds)
        self.herald.attend(self.now)
        while reaps:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not pid:
                return
            self.herald.reaped(pid, os.waitstatus_to_exitcode(status))

    def until_told(self, *texts):
        until(lambda: self.tick() or self.told()[-len(texts) :] == list(texts))

    def until_quiet(self):
        """Nothing is on its way; what waits for a later try may."""
        until(lambda: self.tick() or not Outbox(self.db).under_way())

    def told(self):
        path = self.folder / "told"
        return path.read_text().splitlines() if path.exists() else []

    def read(self, what):
        reader = Reader(self.path)
        try:
            return what(reader)
        finally:
            reader.close()

    def events(self):
        return [event.text for event in self.read(lambda reader: reader.events())]

    def waiting(self):
        return self.read(lambda reader: reader.undelivered())


@pytest.fixture
def scene(tmp_path):
    return Scene(tmp_path, Notify(command=TELL))


def test_a_fact_is_told_once_however_often_it_is_put_in(scene):
    assert scene.post(key="ended mlp-3")
    assert not scene.post(key="ended mlp-3")
    scene.until_told("mlp-3 finished")
    scene.until_quiet()
    scene.tick(5)
    scene.until_quiet()
    assert scene.told() == ["mlp-3 finished"]
    assert not scene.herald.is_busy
    assert not list((scene.folder / "runs" / FOLDER).iterdir())


def test_a_message_of_a_transaction_that_was_rolled_back_is_told_to_nobody(scene):
    with pytest.raises(ZeroDivisionError), atomic(scene.db):
        Outbox(scene.db).post("ended", "never", key="never", at=1.0)
        raise ZeroDivisionError
    scene.post("after")
    scene.until_told("after")
    assert scene.told() == ["after"]


def test_kinds_that_nobody_wants_go_nowhere_and_toasts_are_for_the_others(scene):
    scene.notify = Notify(on=["gate"], command=TELL, osc=9, bell=False)
    scene.post("an end", "ended")
    scene.post("a gate", "gate")
    scene.until_told("a gate")
    assert [(one.text, one.shown) for one in scene.read(lambda reader: reader.messages())] == [
        ("an end", ()),
        ("a gate", ("toast", "osc 9")),
    ]


def test_a_filter_that_cannot_be_read_lets_all_through_and_is_complained_of_once(scene):
    scene.notify = Notify(runs="status:(", command=TELL)
    for text in ("one", "two"):
        scene.post(text, subject="mlp-3")
        scene.until_told(text)
    assert sum("is no filter" in text for text in scene.events()) == 1


def test_what_fails_waits_joins_what_comes_and_is_told_when_the_channel_works(scene):
    scene.notify = Notify(command=["false"])
    scene.post("one")
    scene.tick()
    scene.until_quiet()
    assert [(one.tries, one.state) for one in scene.waiting()] == [(1, "waiting")]
    assert scene.events() == [
        "command: the notify command false failed: exit 1; tried again in 30 s (trainui notify)"
    ]
    assert scene.herald.is_busy
    scene.post("two")
    scene.tick(31)
    scene.until_quiet()
    assert len(scene.events()) == 1, "an outage is told when it begins"
    scene.notify = Notify(command=TELL)
    scene.tick(1)
    until(lambda: scene.tick() or not scene.waiting())
    told = scene.told()
    assert told[0] == "2 messages: 2 ended"
    assert [line[7:] for line in told[1:]] == ["one", "two"]


def test_after_a_day_it_is_given_up_and_an_event_says_of_what(scene):
    scene.notify = Notify(command=["false"])
    scene.post("mlp-3 finished")
    for _ in range(60):
        scene.tick(2 * 3600)
        scene.until_quiet()
        if not scene.waiting():
            break
    assert not scene.waiting()
    assert "given up after a day" in scene.events()[-1]
    assert "mlp-3 finished" in scene.events()[-1]
    (lost,) = scene.read(lambda reader: reader.given_up(since=0))
    assert lost.tries > 5


def test_a_channel_that_was_taken_out_is_told_nothing_any_more(scene):
    scene.notify = Notify(command=["false"])
    scene.post()
    scene.tick()
    scene.until_quiet()
    scene.notify = Notify()
    scene.tick(60)
    assert not scene.waiting()
    assert not scene.herald.is_busy


def test_a_limit_holds_and_the_next_message_counts_what_was_held(scene):
    scene.notify = Notify(command=TELL, at_most="2 per hour")
    for text in ("one", "two", *(f"r{n}" for n in range(30))):
        scene.post(text)
    until(lambda: scene.tick(1) or len(scene.waiting()) == 30)
    scene.until_quiet()
    assert scene.told() == ["one", "two"]
    scene.tick(3600)
    until(lambda: scene.tick(1) or not scene.waiting())
    told = scene.told()[2:]
    assert told[0] == "30 messages: 30 ended"
    assert told[-1] == "and 10 more: 10 ended"
    assert len(told) == 22


def test_a_channel_that_hangs_holds_up_neither_a_tick_nor_another_channel(scene, tmp_path):
    here = Receiver("hang")
    try:
        scene.notify = Notify(command=TELL, webhook=Webhook(url=here.url), timeout_seconds=1000)
        scene.post("one")
        scene.until_told("one")
        scene.post("two")
        scene.until_told("two")
        (first, second) = [one for one in scene.waiting() if one.channel == "webhook"]
        assert (first.state, second.state) == ("sending", "waiting")
        scene.tick(1011)  # longer than its time: it is killed
        until(lambda: scene.tick() or not Outbox(scene.db).under_way())
        assert any("nobody knows whether it arrived" in text for text in scene.events())
        here.over.set()
        here.answers[:] = [(200, {}, b"ok")]
        scene.tick(31)
        until(lambda: scene.tick() or not scene.waiting())
        document = json.loads(here.got[-1][2])
        assert document["maybe_again"] is True
        assert document["text"].startswith("(maybe again) ")
    finally:
        here.close()


def test_no_secret_is_in_the_store_in_events_or_in_what_children_leave(scene):
    here = Receiver((403, {}, f"no such hook: /{SECRET}/x".encode()))
    try:
        scene.notify = Notify(webhook=Webhook(url=f"{here.url}/{SECRET}/x"), command=TELL)
        scene.post()
        scene.tick()
        scene.until_quiet()
        assert any("HTTP 403 Forbidden: no such hook: /…/x" in text for text in scene.events())
        scene.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        for path in scene.folder.rglob("*"):
            if path.is_file():
                assert SECRET.encode() not in path.read_bytes(), path
    finally:
        here.close()


# ---------------------------------------------------------------- managers that die


def test_what_was_put_in_before_a_manager_died_is_told_by_the_next(scene):
    scene.post()
    scene.next_manager()
    scene.until_told("mlp-3 finished")
    assert scene.told() == ["mlp-3 finished"]


def test_a_child_of_a_manager_that_died_goes_on_and_is_believed(scene):
    go = scene.folder / "go"
    scene.notify = Notify(
        command=["sh", "-c", "printf '%s\\n' \"$(cat)\" >> told; while [ ! -e go ]; do sleep 0.02; done"]
    )
    scene.post()
    scene.until_told("mlp-3 finished")
    scene.next_manager()
    scene.tick(5)
    assert [one.state for one in scene.waiting()] == ["sending"]
    go.touch()
    until(lambda: scene.tick() or not scene.waiting())
    assert scene.told() == ["mlp-3 finished"]
    assert scene.events() == []


def test_a_try_that_never_began_is_begun_again_at_once_and_says_nothing_of_it(scene):
    scene.post()
    with atomic(scene.db):
        outbox = Outbox(scene.db)
        (message,) = outbox.fresh()
        outbox.address(message, shown=[], channels=["command"], at=scene.now.unix)
        outbox.begin(
            "command", outbox.open(), at=scene.now.unix, until=scene.now.boot + 40, boot_id=boot_id()
        )
    scene.next_manager()
    scene.until_told("mlp-3 finished")
    scene.until_quiet()
    assert scene.told() == ["mlp-3 finished"]


def test_where_manager_and_child_were_killed_it_is_sent_again_and_says_so(scene):
    scene.notify = Notify(
        command=["sh", "-c", "printf '%s\\n' \"$(cat)\" >> told; [ -e again ] || sleep 1000"]
    )
    scene.post()
    scene.until_told("mlp-3 finished")
    (word,) = (scene.folder / "runs" / FOLDER).glob("*.claim")
    _, who = whose(word.with_suffix(".json"))
    os.killpg(who.pid, signal.SIGKILL)
    os.waitpid(who.pid, 0)
    (scene.folder / "again").touch()
    scene.next_manager()
    scene.tick()
    (one,) = scene.waiting()
    assert (one.state, one.is_unsure) == ("waiting", True)
    scene.tick(31)
    scene.until_told("mlp-3 finished", "(maybe again) mlp-3 finished")


def test_an_errand_is_taken_by_one_alone(tmp_path):
    assert claim(tmp_path / "word.json")
    assert not claim(tmp_path / "word.json")
    taken, who = whose(tmp_path / "word.json")
    assert taken
    assert who.pid == os.getpid()
    (tmp_path / "word.claim").write_text("{half")
    assert whose(tmp_path / "word.json") == (True, None)


def test_a_config_whose_addresses_are_kept_nowhere_waits_for_the_file(scene):
    hidden = Notify(
        webhook=Webhook(url="https://example.org/x"), urls=["ntfy://t"], mail=Mail(to=["a@b.org"])
    )
    assert "example" not in repr(hidden.without_secrets())
    scene.notify = hidden.without_secrets()
    scene.post()
    scene.tick()
    scene.tick(5)
    assert {one.state for one in scene.waiting()} == {"waiting"}
    assert scene.herald.is_busy
