"""The hand of the countdowns: real commands and a real store; only the clock is the test's."""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import replace

import pytest

from tests.conftest import until
from trainui.core.clock import Clock
from trainui.core.config.model import Countdown
from trainui.core.countdown import LATE, Stage
from trainui.core.countdowns import Countdowns
from trainui.core.process.identity import boot_id
from trainui.core.store.read import Reader
from trainui.core.store.schema import atomic, connect

PYTHON = [sys.executable, "-S", "-c"]
START = Clock(unix=50_000.0, boot=1000.0, boot_id=boot_id())


def later(seconds, at=START):
    return replace(at, unix=at.unix + seconds, boot=at.boot + seconds)


class Scene:
    """Countdowns of one store, as one manager after the other holds them."""

    def __init__(self, folder):
        self.folder = folder
        self.path = folder / "runs.db"
        (folder / "runs").mkdir()
        self.heard = []
        self.next_manager()

    def next_manager(self):
        self.db = connect(self.path)
        self.hand = Countdowns(
            self.db, self.folder, self.folder / "runs", stop=lambda *_: pytest.fail("nothing lives"),
            notify=lambda text, facts, now: self.heard.append(text),
        )  # fmt: skip

    def begin(self, command, *, kind="cap", key="5.00", seconds=100.0, dry=False, now=START):
        how = Countdown(command=command, countdown_seconds=seconds, dry_run=dry)
        self.hand.begin(kind, key, reason="5.00 of 5.00 $ spent", how=how, now=now)

    def attend(self, now):
        """A tick: what is due is done, and children are reaped."""
        self.hand.attend([], now)
        try:
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                self.hand.reaped(ended[0], os.waitstatus_to_exitcode(ended[1]))
        except ChildProcessError:
            pass

    def until_over(self, now, kind="cap"):
        def is_over():
            self.attend(now)
            return self.hand.stage(kind) is Stage.OVER

        until(is_over)

    def events(self):
        reader = Reader(self.path)
        try:
            return [event.text for event in reader.events() if event.kind in ("idle", "budget")]
        finally:
            reader.close()

    def shown(self):
        reader = Reader(self.path)
        try:
            return reader.budget().countdown
        finally:
            reader.close()


@pytest.fixture
def scene(tmp_path):
    return Scene(tmp_path)


def test_at_the_cap_the_command_is_run_when_its_time_is_over_and_once(scene):
    script = "import os, sys; print(os.getcwd(), os.environ['TRAINUI_KIND'], os.getsid(0) == os.getpid()); sys.exit(3)"
    for seconds in (0, 1, 50):
        scene.begin([*PYTHON, script], now=later(seconds))
        scene.attend(later(seconds))
    assert (scene.shown().kind, scene.shown().at) == ("cap", START.unix + 100)
    assert len(scene.events()) == 1
    scene.attend(later(100))
    assert scene.shown() is None
    scene.until_over(later(101))
    scene.begin([*PYTHON, script], now=later(200))
    scene.attend(later(400))
    first, started, ended = scene.events()
    assert first.startswith("on_cap runs ")
    assert first.endswith("(trainui budget cancel): 5.00 of 5.00 $ spent")
    assert "was started, pid" in started
    assert started.endswith("what it prints is in runs/on_cap-5.00.log")
    assert ended.endswith("ended: exit 3")
    assert scene.heard == [first, ended]
    told = (scene.folder / "runs" / "on_cap-5.00.log").read_text().splitlines()
    assert told[0] == "# 5.00 of 5.00 $ spent"
    assert told[-1] == f"{scene.folder} cap True"


def test_another_cap_is_another_countdown(scene):
    scene.begin([*PYTHON, ""], seconds=0)
    scene.until_over(START)
    scene.begin([*PYTHON, ""], seconds=0, key="9.00")
    scene.until_over(START)
    assert sorted(path.name for path in (scene.folder / "runs").iterdir()) == [
        "on_cap-5.00.log",
        "on_cap-9.00.log",
    ]


def test_what_was_cancelled_stays_cancelled_under_the_next_manager(scene):
    scene.begin([*PYTHON, ""])
    scene.next_manager()
    assert scene.shown().at == START.unix + 100, "it counts on"
    with atomic(scene.db):
        assert scene.hand.cancel("anna", later(5)) == ["cap"]
    scene.next_manager()
    scene.begin([*PYTHON, ""], now=later(6))
    scene.attend(later(101))
    assert scene.shown() is None
    assert scene.events()[-1] == "on_cap was cancelled by anna: nothing is run until the budget was changed"
    assert not list((scene.folder / "runs").iterdir())
    with atomic(scene.db):
        assert scene.hand.cancel("anna", later(7)) == []


def test_what_was_due_while_no_manager_was_there_counts_anew(scene):
    scene.begin([*PYTHON, ""])
    scene.next_manager()
    scene.attend(later(101 + LATE))
    assert scene.shown().at == START.unix + 201 + LATE
    assert scene.events()[-1].endswith("it was due while no manager was there, so it counts anew")
    scene.attend(replace(later(150 + LATE), boot_id="another boot"))
    assert scene.shown().at == START.unix + 250 + LATE


def test_a_command_that_is_changed_while_it_counts_is_the_one_that_is_run_and_an_emptied_one_is_none(scene):
    scene.begin([*PYTHON, "print('old')"])
    scene.begin([*PYTHON, "print('new')"], now=later(10))
    assert scene.shown().at == START.unix + 100
    scene.attend(later(100))
    scene.until_over(later(101))
    assert "new\n" in (scene.folder / "runs" / "on_cap-5.00.log").read_text()
    scene.begin([*PYTHON, ""], key="6.00")
    scene.begin([], key="6.00", now=later(1))
    assert scene.shown() is None
    assert scene.events()[-1] == "on_cap was called off: trainui.toml asks for it no longer"


@pytest.mark.parametrize(
    ("command", "why"), [(["no/such"], "No such file"), (["/"], "Permission denied"), (["a\0b"], "null byte")]
)
def test_what_cannot_be_run_is_told_and_not_tried_again(scene, command, why):
    scene.begin(command, seconds=0)
    scene.attend(START)
    scene.begin(command, seconds=0)
    scene.attend(later(1))
    assert scene.hand.stage("cap") is Stage.OVER
    told = [text for text in scene.events() if "could not be run" in text]
    assert len(told) == 1
    assert why in told[0]
    assert scene.heard[-1] == told[0]


def test_a_command_outlives_its_manager_and_the_next_one_tells_that_it_ended(scene):
    scene.begin(["sleep", "1000"], seconds=0)
    scene.attend(START)
    pid = int(scene.events()[-1].partition("pid ")[2].partition(";")[0])
    scene.next_manager()
    scene.attend(later(1))
    assert scene.hand.is_busy
    os.kill(pid, signal.SIGKILL)
    scene.until_over(later(2))
    assert scene.events()[-1].endswith("`sleep 1000` ended: nobody saw how")


def test_a_command_that_is_killed_is_told(scene):
    scene.begin([*PYTHON, "import os; os.kill(os.getpid(), 9)"], seconds=0)
    scene.until_over(START)
    assert scene.events()[-1].endswith("ended: signal 9")


def test_of_two_countdowns_the_sooner_one_is_shown(scene):
    scene.begin([*PYTHON, ""], seconds=500)
    scene.begin([*PYTHON, ""], kind="idle", key="x", seconds=50)
    assert scene.shown().kind == "idle"
    scene.hand.call_off("idle", "a-1 made progress", later(1))
    assert scene.shown().kind == "cap"
    assert scene.events()[-1] == "on_idle was called off: a-1 made progress"


def test_a_state_that_makes_no_sense_is_none(scene):
    with atomic(scene.db):
        scene.db.execute("INSERT INTO facts VALUES ('countdown cap', '{\"kind\": 3}')")
    scene.next_manager()
    assert not scene.hand.is_busy
