"""`[export] on_end`: the study of a run that ended is written by a child; nothing waits for it, nothing is told twice."""

import json
import os
import signal
import time

import pytest

from tests.conftest import until
from tests.core.money_store import Books
from trainui.core.acting import summing
from trainui.core.acting.summing import Summaries
from trainui.core.clock import Clock
from trainui.core.config import Config, Export, read_config
from trainui.core.errors import SpecError
from trainui.core.export import child
from trainui.core.export.whole import name_for
from trainui.core.export.writing import FORMATS
from trainui.core.process.identity import boot_id, boot_seconds
from trainui.core.store.money import Ledger


def clock(later=0.0):
    return Clock(unix=time.time(), boot=boot_seconds() + later, boot_id=boot_id())


@pytest.fixture
def scene(tmp_path, monkeypatch):
    """A store without a manager, and who writes for it."""
    monkeypatch.setattr(summing, "REST", 0.0)
    (tmp_path / "jobs").mkdir()
    books = Books(tmp_path)
    config = {"now": Config(export=Export(on_end=["json", "notes"]))}

    def hand():
        return Summaries(books.db, books.path, tmp_path, config=lambda: config["now"])

    def told():
        return [one.text for one in books.reader().events() if one.kind == "export"]

    def pid():
        """Of the export under way; None when none is."""
        return json.loads(Ledger(books.db).fact(summing.FACT))["child"].get("pid")

    hand.pid = pid
    hand.books, hand.told, hand.folder, hand.config = books, told, tmp_path / "exports", config
    return hand


def over(hand):
    """Wait until nothing is under way."""
    until(lambda: (hand.attend(clock()), not hand.is_busy)[1])


def test_what_ends_is_written_and_what_had_ended_before_is_not(scene):
    scene.books.run("old-1", end=1.0, study="before")
    hand = scene()
    hand.attend(clock())
    assert not hand.is_busy
    scene.books.run("mlp-1", end=1.0, study="a/b")
    scene.books.run("mlp-2", end=1.0, study="a/b")
    hand.attend(clock())
    assert hand.is_busy
    over(hand)
    assert sorted(one.name for one in (scene.folder / name_for("a/b")).iterdir()) == [
        ".written.json",
        "NOTES.md",
        "summary.json",
    ]
    assert not (scene.folder / "before").exists()
    assert scene.told() == [f"export: a/b is in {scene.folder / name_for('a/b')}"]
    over(hand)
    assert len(scene.told()) == 1


def test_a_manager_that_was_killed_meanwhile_is_followed_by_one_that_sees_to_the_end(scene):
    scene().attend(clock())
    scene.books.run("mlp-1", end=1.0, study="s")
    scene().attend(clock())
    after = scene()
    assert after.is_busy
    over(after)
    assert (scene.folder / "s" / "summary.json").exists()
    assert scene.told() == [f"export: s is in {scene.folder / 's'}"]


def test_what_a_person_must_mend_is_told_once_and_the_rest_is_written(scene):
    hand = scene()
    hand.attend(clock())
    (scene.folder / "s").mkdir(parents=True)
    (scene.folder / "s" / "NOTES.md").write_text("<!-- trainui:begin run mlp-1 -->\n")
    for run in ("mlp-1", "mlp-2"):
        scene.books.run(run, end=1.0, study="s")
        hand.attend(clock())
        over(hand)
    (text,) = scene.told()
    assert "NOTES.md:1: the block of run mlp-1 has no end mark" in text
    assert (scene.folder / "s" / "summary.json").exists()


def test_an_export_that_hangs_is_ended(scene, monkeypatch):
    hand = scene()
    hand.attend(clock())
    scene.books.run("mlp-1", end=1.0, study="s")
    monkeypatch.setattr(child, "LONGEST", 0.0)
    hand.attend(clock())
    assert hand.is_busy
    over(hand)
    assert scene.told() == [f"export: s into {scene.folder / 's'}: {child.TOO_LONG}"]


def killed(scene, hand):
    """Kill the export under way, as a machine does that has no memory left, and wait until that is seen."""
    pid = scene.pid()
    os.kill(pid, signal.SIGKILL)
    until(lambda: (hand.attend(clock()), scene.pid() != pid)[1])


def test_an_export_that_was_killed_is_told_as_failed_and_tried_once_more(scene):
    hand = scene()
    hand.attend(clock())
    scene.books.run("mlp-1", end=1.0, study="s")
    hand.attend(clock())
    killed(scene, hand)
    assert scene.told() == [f"export: s into {scene.folder / 's'}: {child.KILLED}"]
    over(hand)
    assert scene.told()[1:] == [f"export: s is in {scene.folder / 's'}"]
    assert (scene.folder / "s" / "summary.json").exists()


def test_an_export_that_is_killed_again_and_again_is_given_up(scene):
    scene().attend(clock())
    scene.books.run("mlp-1", end=1.0, study="s")
    scene().attend(clock())
    killed(scene, scene())
    assert scene().is_busy
    killed(scene, scene())
    assert not scene().is_busy
    scene().attend(clock())
    assert not scene().is_busy
    assert len(scene.told()) == 1
    assert not (scene.folder / "s" / "summary.json").exists()


def test_without_on_end_nothing_is_written(scene):
    scene.config["now"] = Config()
    hand = scene()
    scene.books.run("mlp-1", end=1.0, study="s")
    hand.attend(clock())
    assert not hand.is_busy
    assert not scene.folder.exists()


def test_a_format_that_nobody_knows_is_refused_with_its_line(tmp_path):
    with pytest.raises(SpecError, match=r"trainui.toml:2: .*'htm'.*did you mean 'html'"):
        read_config('[export]\non_end = ["md", "htm"]\n', tmp_path / "trainui.toml")
    assert read_config('[export]\non_end = ["md"]\n', tmp_path / "trainui.toml").export.on_end == ["md"]


def test_every_format_that_is_written_may_be_asked_for():
    from trainui.core.config.exporting import FORMATS as ALLOWED

    assert set(FORMATS) <= set(ALLOWED)


def test_every_format_says_in_a_few_words_what_it_is():
    from trainui.core.export.writing import ABOUT

    assert set(ABOUT) == set(FORMATS)
    assert max(map(len, ABOUT.values())) <= 52, "a line of the dialog at 80 columns"


def test_a_run_that_ends_leaves_its_summary(cockpit):
    (cockpit.project / "trainui.toml").write_text('[export]\non_end = ["md"]\n')
    cockpit("start", "count")
    summary = cockpit.project / "exports" / "count" / "summary.md"
    until(summary.exists)
    assert "count-1 | finished" in summary.read_text()
