"""ls with a filter, watched, once; tags and notes; and a dashboard that only looks: as a person or a script does."""

import hashlib
import json
import os
import sqlite3
import subprocess
import sys

import pytest

from tests.conftest import until
from trainui.core.store.read import Reader
from trainui.ui.app import Dashboard
from trainui.ui.store_source import LookingSource


@pytest.fixture
def two(cockpit):
    """Two runs that have ended, of 5 and of 3 steps; the first is tagged."""
    cockpit("start", "count", "--wait", code=None)
    cockpit("start", "count", "--set", "steps=3", "--wait", code=None)
    cockpit("tag", "count-1", "+best", "paper/1", "-hot")
    return cockpit


def names(cockpit, *words):
    return [one["run"] for one in cockpit.json("ls", *words)]


def test_a_filter_picks_among_all_runs_by_name_number_param_and_tag(two):
    two("manager", "stop")
    assert names(two, "tag:best") == ["count-1"]
    assert names(two, "best") == ["count-1"]
    assert names(two, "-tag:best") == ["count-2"]
    assert names(two, "steps<4", "status:finished") == ["count-2"]
    assert names(two, "steps<4", "or", "paper") == ["count-2", "count-1"]
    assert names(two, "-hot") == ["count-2", "count-1"]  # not the -h of help
    assert "no run is like that" in two("ls", "tag:none").stdout
    assert "nothing is called 'stepz' (did you mean 'step'" in two("ls", "stepz<4", code=2).stderr


def test_where_a_run_was_at_a_moment_is_known(cockpit):
    cockpit("start", "count", "--set", "delay=0.3", "--wait", code=None)
    reader = cockpit.reader()
    points = reader.curve("count-1", "val/mae")
    assert len({one.at for one in points}) > 1
    for moment in {one.at for one in points}:
        reached = max(one.step for one in points if one.at <= moment)
        assert reader.place_at("count-1", moment) == (reached, None)
    assert reader.place_at("count-1", points[0].at - 1) == (None, None)
    assert reader.place_at("none-1", points[0].at) == (None, None)
    reader.close()


def test_tags_are_given_taken_away_and_told(two):
    assert two("tag", "count-1", "-best", "+best2").stdout.split() == ["paper/1", "best2"]
    assert two("tag", "count-1").stdout.split() == ["paper/1", "best2"]
    assert two.run("count-1")["tags"] == ["paper/1", "best2"]
    assert "paper/1 best2" in two("show", "count-1").stdout
    assert two("tag", "count-2").stdout.strip() == ""
    assert "is no tag" in two("tag", "count-2", "a\x1b[31mb", code=2).stderr
    assert "at once" in two("tag", "count-2", "+a", "-a", code=2).stderr
    assert "there is no run" in two("tag", "none-1", "+a", code=2).stderr
    assert two.run("count-2")["tags"] == []


def test_a_waiting_run_can_be_tagged_before_any_manager_took_it_in(cockpit):
    cockpit("start", "count", "--hold")
    cockpit("tag", "count-1", "later")
    assert cockpit.run("count-1")["tags"] == ["later"]
    assert names(cockpit, "tag:later", "steps=5") == ["count-1"]


def test_tags_and_notes_survive_a_rebuild(two):
    two("note", "count-2", "too short")
    two("manager", "stop")
    two("doctor", "--rebuild", code=None)
    assert two.run("count-1")["tags"] == ["best", "paper/1"]
    assert [one["text"] for one in two.json("show", "count-2")["notes"]] == ["too short"]


class Watched:
    """`trainui ls --watch` in a process of its own, its lines as they come."""

    def __init__(self, cockpit, *words):
        self.path = cockpit.project / "watched.txt"
        with self.path.open("w") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "trainui", "ls", *words], cwd=cockpit.project, stdout=out,
                stdin=subprocess.DEVNULL,
            )  # fmt: skip

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    @property
    def text(self):
        return self.path.read_text()


def test_a_watched_list_prints_a_block_a_change_and_nothing_while_nothing_changes(two):
    with Watched(two, "count", "--watch", "0.1") as watched:
        until(lambda: "count-1" in watched.text and watched.text.endswith("\n"))
        before = watched.text
        two("tag", "count-2", "+second")
        until(lambda: watched.text != before)
        two("note", "count-2", "this changes no line")
        two("tag", "count-2", "+third")
        until(lambda: watched.text.count("# ") == 3)
    blocks = [block.splitlines() for block in watched.text.split("\n\n")]
    assert len(blocks) == 3
    for block in blocks:
        assert block[0].startswith("# 20")
        assert [line.split()[0] for line in block[1:]] == ["run", "count-2", "count-1"]


def test_a_watched_list_in_json_is_a_document_a_line_from_before_the_first_run(cockpit):
    with Watched(cockpit, "--watch", "0.1", "--json") as watched:
        until(lambda: watched.text == "[]\n")
        cockpit("start", "count", "--wait", code=None)
        until(lambda: '"result": "finished"' in watched.text and watched.text.endswith("\n"))
    told = [json.loads(line) for line in watched.text.splitlines()]
    assert told[0] == []
    assert [one["run"] for one in told[-1]] == ["count-1"]
    assert [one for one in told if one] == [one for n, one in enumerate(told) if n]  # never empty again


def test_once_and_watch_leave_what_is_new_new_and_exclude_each_other(two):
    before = two.reader().last_look("ls")
    assert "count-1" in two("ls", "--once").stdout
    assert two.reader().last_look("ls") == before
    assert "exclude" in two("ls", "--once", "--watch", code=2).stderr
    assert "the filter goes first: trainui ls mlp --watch" in two("ls", "--watch", "mlp", code=2).stderr
    assert "0.1 seconds" in two("ls", "--watch", "0", code=2).stderr


# -------------------------------------------------------------------- read only


def older(path, version):
    """Make the file say that it is of another version."""
    db = sqlite3.connect(path)
    db.execute(f"PRAGMA user_version={version}")
    db.close()


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


async def test_a_dashboard_that_only_looks_shows_all_and_writes_nothing(two):
    two("manager", "stop")
    files = sorted(os.listdir(two.project / "runs"))
    before = digest(two.db)
    app = Dashboard(LookingSource(two.project, two.db), title="here", only_looks=True)
    async with app.run_test(size=(120, 36)) as pilot:
        for _ in range(500):
            await pilot.pause(0.02)
            if app.snapshot.ready:
                break
        assert [view.run for view in app.snapshot.runs] == ["count-2", "count-1"]
        screen = app.screen
        for key in (*"xXpcrAenhKJEsCT+-", "number_sign"):
            await pilot.press(key)
            await pilot.pause()
            assert app.screen is screen, key
        for action in ("start", "tag", "anything_to_come"):
            with pytest.raises(Exception, match="only looks"):
                getattr(LookingSource(two.project, two.db).actions(), action)("count-1")
        shown = "\n".join("".join(s.text for s in strip) for strip in screen._compositor.render_strips())
        assert "read only" in shown
        assert any("only looks" in note.message for note in app._notifications)
    assert digest(two.db) == before
    assert sorted(os.listdir(two.project / "runs")) == files
    assert two.client.manager() is None


def test_an_older_runs_db_is_not_brought_up_to_date_by_who_only_looks(two):
    two("manager", "stop")
    (here,) = sqlite3.connect(two.db).execute("PRAGMA user_version").fetchone()
    older(two.db, here - 1)
    before = digest(two.db)
    with pytest.raises(Exception, match="older trainui"):
        LookingSource(two.project, two.db).reader()
    assert digest(two.db) == before
    older(two.db, here)
    with pytest.raises(Exception, match="does not exist"):
        Reader(two.project / "none.db", untouched=True)


def test_readonly_is_for_the_dashboard(two):
    assert "--readonly is for the dashboard" in two("--readonly", "ls", code=2).stderr
