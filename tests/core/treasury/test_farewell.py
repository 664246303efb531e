"""When the money is used up: summaries are written by a process of their own, told of once, and `on_cap` has its turn."""

from __future__ import annotations

import os
import time

import pytest

from tests.conftest import until
from trainui.core.clock import Clock
from trainui.core.process.identity import boot_id, boot_seconds
from trainui.core.store.schema import connect
from trainui.core.treasury import farewell
from trainui.core.treasury.farewell import Farewell

LONG = ("--set", "steps=100000", "--set", "delay=0.02")
TOUCH = """
[budget]
total_usd = {total}
[budget.on_cap]
command = ["python3", "-c", "open('off', 'a').write('off\\\\n')"]
countdown_seconds = 0.5
[[machine]]
name = "here"
usd_per_hour = 3.6
"""


def clock():
    return Clock(unix=time.time(), boot=boot_seconds(), boot_id=boot_id())


def told(cockpit, text):
    reader = cockpit.reader()
    try:
        return [one.text for one in reader.events() if one.kind == "budget" and text in one.text]
    finally:
        reader.close()


def test_at_the_cap_runs_are_stopped_summaries_written_and_the_command_is_run_once(cockpit):
    (cockpit.project / "trainui.toml").write_text(TOUCH.format(total=0.015))
    cockpit("start", "count", "count", *LONG)
    for run in ("count-1", "count-2"):
        assert cockpit.until_status(run, "ended").cause == "budget"
    cockpit("start", "count")
    off = cockpit.project / "off"
    until(off.exists, 60)
    (line,) = told(cockpit, "summaries of")
    folder = line.rpartition(" ")[2]
    assert f"{cockpit.project}/exports/budget-" in folder
    assert {"summary.md", "summary.json"} <= set(os.listdir(f"{folder}/count"))
    waiting = cockpit.run("count-3")
    assert (waiting["status"], waiting["waits_for"].split(":")[0]) == ("queued", "budget")
    assert "waits for budget: " in cockpit("ls").stdout
    manager = cockpit.client.manager()
    os.kill(manager.pid, 9)
    until(lambda: cockpit.client.manager() is None)
    cockpit.client.ensure_manager()
    (cockpit.project / "trainui.toml").write_text(TOUCH.format(total=0.6))
    assert cockpit.until_status("count-3", "ended").result == "finished"
    assert off.read_text() == "off\n"
    assert len(told(cockpit, "summaries of")) == 1
    assert len(told(cockpit, "everything is stopped")) == 1


@pytest.fixture
def scene(cockpit):
    """A run that the budget stopped, and who sees to the rest."""
    cockpit("start", "count", "--wait", code=None)
    said = []
    db = connect(cockpit.db)

    def next_one():
        return Farewell(db, cockpit.db, project=cockpit.project, tell=lambda text, now: said.append(text))

    yield next_one, said, cockpit.project
    db.close()


def see_to_it(one):
    until(lambda: one.attend(clock()) or one.is_over("5.00"), 60)


def test_the_export_of_a_dead_manager_is_seen_to_its_end_by_the_next(scene):
    next_one, said, project = scene
    first = next_one()
    first.begin("5.00", [("count-1", "count")], clock())
    first.attend(clock())
    second = next_one()
    assert second.is_busy
    see_to_it(second)
    (text,) = said
    assert text.startswith(f"budget: summaries of count are in {project}/exports/budget-")
    third = next_one()
    third.begin("5.00", [("count-1", "count")], clock())
    assert not third.is_busy
    third.begin("6.00", [], clock())
    assert third.is_busy
    until(lambda: third.attend(clock()) or third.is_over("6.00"))
    assert len(said) == 1


def test_a_run_without_a_study_has_a_summary_too(scene):
    next_one, said, project = scene
    one = next_one()
    one.begin("5.00", [("count-1", "")], clock())
    see_to_it(one)
    assert (project / "exports").exists()
    assert said[0].startswith("budget: summaries of runs are in ")


def test_an_export_that_fails_is_told_and_holds_nothing_up(scene):
    next_one, said, _ = scene
    one = next_one()
    one.begin("5.00", [("a-1", "nowhere"), ("count-1", "count")], clock())
    see_to_it(one)
    assert said[0].startswith(
        "budget: no summary of nowhere could be written: trainui: there is no study 'nowhere'"
    )
    assert said[1].startswith("budget: summaries of count are in ")


def test_a_folder_that_cannot_be_made_is_told(scene):
    next_one, said, project = scene
    (project / "exports").write_text("in the way")
    one = next_one()
    one.begin("5.00", [("count-1", "count")], clock())
    see_to_it(one)
    assert said == ["budget: no summary of count could be written: Not a directory"]


def test_an_export_that_hangs_is_given_up(scene, monkeypatch):
    next_one, said, _ = scene
    monkeypatch.setattr(farewell, "LONGEST", 0.0)
    one = next_one()
    one.begin("5.00", [("count-1", "count")], clock())
    see_to_it(one)
    assert said == ["budget: no summary of count could be written: it took too long and was ended"]
