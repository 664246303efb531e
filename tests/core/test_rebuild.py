"""A damaged, cut or deleted runs.db is made anew from the run directories: nothing of a run is lost."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import until
from trainui.core.store.intents import environment_of
from trainui.core.store.salvage import Wreck
from trainui.core.store.schema import connect

CONFIG = '[budget]\ntotal_usd = 100\n[[machine]]\nname = "m"\nusd_per_hour = 3.6\n[queue]\nslots = 2\n'
SLOW = ("--set", "steps=100000", "--set", "delay=0.02")


@pytest.fixture
def worked(cockpit):
    """Four runs that ended in four ways, one live, one that waits for its slot; the manager ended for good."""
    (cockpit.project / "trainui.toml").write_text(CONFIG)
    cockpit("start", "count", "--wait")
    cockpit("start", "count", "--set", "exit_code=3", "--wait", code=1)
    cockpit("start", "count", "--arm", "--set", "nan_at=2", *SLOW)
    cockpit.until_status("count-3", "ended")
    cockpit("start", "count", "--set", "nan_at=2", "--set", "steps=6", "--wait", code=1)
    cockpit("note", "count-1", "the good one")
    cockpit("start", "count", *SLOW)
    until(lambda: (cockpit.run("count-5")["step"] or 0) > 3)
    return cockpit


def damage(db: Path, how: str) -> None:
    size = db.stat().st_size
    if how == "deleted":
        for path in db.parent.glob("runs.db*"):
            if not path.name.endswith("-lock"):
                path.unlink()
        return
    with db.open("r+b") as file:
        if how == "truncated":
            file.truncate(size // 2)
        elif how == "header":
            file.write(os.urandom(4096))
        else:
            for page in range(3, size // 4096, 3):
                file.seek(page * 4096)
                file.write(os.urandom(4096))


def halt(cockpit):
    """No manager, and everything of the -wal in the file: what is damaged is all there is."""
    manager = cockpit.client.manager()
    if manager is not None:
        os.kill(manager.pid, signal.SIGKILL)
        until(lambda: cockpit.client.manager() is None)
    db = sqlite3.connect(cockpit.db)
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    db.close()


def told(cockpit, names):
    """What front ends show of runs that ended, apart from times that only the old file knows."""
    runs = {run["run"]: run for run in cockpit.json("ls", "--all")}
    kept = (
        "job",
        "study",
        "status",
        "result",
        "cause",
        "parent",
        "step",
        "epoch",
        "progress",
        "metric",
        "gates",
        "pid",
        "armed",
    )
    curves = {
        name: [point[:2] for point in cockpit.json("curve", name, "val/mae")["points"]] for name in names
    }
    gates = {
        name: [
            (one["gate"], one["verdict"], one["at_step"], one["reason"])
            for one in cockpit.json("gates", name)
        ]
        for name in names
    }
    shown = {name: {key: runs[name][key] for key in kept} for name in names}
    times = {name: [runs[name]["seconds"], runs[name]["ended_at"]] for name in names}
    return shown, curves, gates, times


ENDED = ("count-1", "count-2", "count-3", "count-4")


@pytest.mark.parametrize("how", ["pages", "truncated", "header", "deleted"])
def test_what_was_ended_is_as_it_was_and_what_is_live_goes_on(worked, how):
    before = told(worked, ENDED)
    usd = {run["run"]: run["usd"] for run in worked.json("ls", "--all")}
    job = worked.run("count-5")["pid"]
    halt(worked)
    damage(worked.db, how)
    said = worked("doctor", "--rebuild").stdout
    assert "5 runs" in said
    assert told(worked, ENDED) == before
    for name in ENDED:
        assert worked.run(name)["usd"] == pytest.approx(usd[name], rel=0.05, abs=0.002)
    live = worked.run("count-5")
    assert (live["status"], live["pid"]) == ("running", job)
    until(lambda: (worked.run("count-5")["step"] or 0) > 3)
    steps = [point[0] for point in worked.json("curve", "count-5", "val/mae")["points"]]
    assert steps == list(range(len(steps)))
    worked("stop", "count-5")
    worked.until_status("count-5", "ended")
    assert worked.run("count-5")["cause"] == "user"
    assert worked.reader().check() == "ok"


def test_a_healthy_file_is_left_alone_unless_forced(worked):
    assert "healthy" in worked("doctor", "--rebuild", code=2).stderr
    before = told(worked, ENDED)
    worked("doctor", "--rebuild", "--force")
    assert told(worked, ENDED) == before
    assert worked.reader().notes("count-1")[0][1] == "the good one"
    assert Path(f"{worked.db}.damaged-1").exists()


def test_an_acknowledged_start_survives_damage_to_the_rest(cockpit):
    """Queued while no manager lived: it stands in the -wal alone."""
    cockpit("start", "count", "--wait")
    halt(cockpit)
    keep = sqlite3.connect(cockpit.db)  # as long as somebody has it open, the -wal stays
    keep.execute("SELECT count(*) FROM runs").fetchone()
    from trainui.core.client import Client

    client = Client(cockpit.project, cockpit.db)
    client.ensure_manager = lambda: None
    assert client.start("count") == "count-2"
    with cockpit.db.open("r+b") as file:
        file.seek(5 * 4096)
        file.write(os.urandom(4096))
    cockpit("doctor", "--rebuild", "--force")
    keep.close()
    cockpit.until_status("count-2", "ended")
    assert cockpit.run("count-2")["result"] == "finished"


def test_a_new_file_that_took_the_place_of_a_deleted_one_is_completed(cockpit):
    cockpit("start", "count", "--wait")
    halt(cockpit)
    damage(cockpit.db, "deleted")
    assert cockpit("start", "count", "--wait").stdout == "count-2\n"
    assert [run["run"] for run in cockpit.json("ls", "--all")] == ["count-2"]
    cockpit("doctor", "--rebuild")
    assert [run["run"] for run in cockpit.json("ls", "--all")] == ["count-2", "count-1"]


def test_a_directory_that_makes_no_sense_is_named_and_left_alone(cockpit):
    cockpit("start", "count", "--wait")
    cockpit("start", "count", "--wait")
    halt(cockpit)
    runs = cockpit.project / "runs"
    (runs / "empty").mkdir()
    (runs / "count-2" / "origin.json").write_text("{")
    damage(cockpit.db, "deleted")
    said = cockpit("doctor", "--rebuild").stdout
    assert f"{runs}/empty is left alone" in said
    assert f"{runs}/count-2 is left alone: {runs}/count-2/origin.json is damaged" in said
    assert [run["run"] for run in cockpit.json("ls", "--all")] == ["count-1"]
    assert (runs / "count-2" / "origin.json").read_text() == "{"


KILLED = """\
import os, signal, sys
from pathlib import Path
from trainui.core.rebuild import remaking, replacing
from trainui.core.store import rebuild as store
at = sys.argv[1]
def die(*_given, **_named):
    os.kill(os.getpid(), signal.SIGKILL)
room, name = {"telling": (remaking.Remaking, "_restore_money"), "finishing": (store, "finish"),
              "setting aside": (replacing, "_set_aside"), "taking away": (os, "replace")}[at]
setattr(room, name, die)
replacing.rebuild(Path(sys.argv[2]), Path(sys.argv[2]) / "runs.db")
"""


@pytest.mark.parametrize("at", ["telling", "finishing", "setting aside", "taking away"])
def test_a_rebuild_that_is_killed_is_done_again_and_loses_nothing(worked, at):
    before = told(worked, ENDED)
    halt(worked)
    damage(worked.db, "pages")
    done = subprocess.run([sys.executable, "-c", KILLED, at, str(worked.project)], check=False)
    assert done.returncode == -signal.SIGKILL
    worked("doctor", "--rebuild")
    assert told(worked, ENDED) == before
    assert not list(worked.project.glob("*.rebuilding*"))


def test_json_tells_what_was_done(cockpit):
    cockpit("start", "count", "--wait")
    halt(cockpit)
    damage(cockpit.db, "header")
    told = json.loads(cockpit("doctor", "--rebuild", "--json").stdout)
    assert told["runs"] == {"count-1": "finished"}
    assert told["kept"] == f"{cockpit.db}.damaged-1"


ENVIRONMENT = """\
[job]
name = "envj"
command = ["{python}", "envj.py"]

[retry]
on = { exit = 1 }
delay_seconds = 0
"""
ASKS = """\
import os, time
print("FOO is", os.environ.get("FOO"), flush=True)
while not os.path.exists("go"):
    time.sleep(0.02)
raise SystemExit(3)
"""


@pytest.fixture
def theirs(cockpit, monkeypatch):
    """One run of `envj` is live and one is held; both were asked for by somebody whose FOO is `theirs`."""
    (cockpit.project / "trainui.toml").write_text(CONFIG)
    (cockpit.project / "jobs" / "envj.toml").write_text(ENVIRONMENT)
    (cockpit.project / "envj.py").write_text(ASKS)
    monkeypatch.setenv("FOO", "theirs")
    cockpit("start", "envj", "--priority", "3")
    cockpit.until_status("envj-1", "running")
    cockpit("start", "--hold", "envj")
    cockpit.until_status("envj-2", "queued")
    until(lambda: cockpit.run("envj-2")["waits_for"] != "the manager")
    monkeypatch.setenv("FOO", "doctor")
    return cockpit


def test_a_queued_run_keeps_the_environment_it_was_asked_for_in(theirs):
    theirs("stop", "envj-1")
    theirs.until_status("envj-1", "ended")
    (theirs.project / "go").touch()
    until(lambda: not theirs.keepers())  # they would revive the manager in theirs
    said = theirs("doctor", "--rebuild", "--force").stdout
    assert "environment" not in said
    theirs("release", "envj-2")
    theirs.until_status("envj-2", "ended")
    assert theirs.reader().log_tail("envj-2", 1) == ["FOO is theirs"]


def test_a_live_run_keeps_the_environment_for_its_next_try(theirs):
    theirs("doctor", "--rebuild", "--force")
    db = sqlite3.connect(theirs.db)
    kept = {name: environment_of(db, name) for name in ("envj-1", "envj-2")}
    db.close()
    assert kept["envj-1"] == kept["envj-2"]
    assert kept["envj-1"]["FOO"] == "theirs"


def test_the_environment_of_a_live_run_outlives_the_intent_it_came_with(theirs):
    halt(theirs)
    damage(theirs.db, "deleted")
    theirs("doctor", "--rebuild")
    (theirs.project / "go").touch()
    theirs.until_status("envj-1", "ended")
    until(lambda: any(run["parent"] == "envj-1" for run in theirs.json("ls", "--all")))
    again = next(run["run"] for run in theirs.json("ls", "--all") if run["parent"] == "envj-1")
    theirs.until_status(again, "ended")
    assert theirs.reader().log_tail(again, 1) == ["FOO is theirs"]


def test_priority_and_tries_so_far_outlive_a_deleted_file(theirs):
    (theirs.project / "go").touch()
    theirs.until_status("envj-1", "ended")
    again = until(lambda: next((one["run"] for one in theirs.json("ls", "--all") if one["parent"]), ""))
    theirs.until_status(again, "ended")
    theirs("stop", "envj-2")
    theirs.until_status("envj-2", "ended")
    halt(theirs)
    damage(theirs.db, "deleted")
    theirs("doctor", "--rebuild")
    rows = sqlite3.connect(theirs.db)
    kept = dict.fromkeys(("envj-1", again))
    for name in kept:
        kept[name] = rows.execute("SELECT priority, retried_for FROM runs WHERE name=?", (name,)).fetchone()
    rows.close()
    assert kept == {"envj-1": (3, ""), again: (3, "exit")}


def test_an_environment_that_is_lost_is_told(theirs):
    halt(theirs)
    db = sqlite3.connect(theirs.db)
    db.execute("UPDATE intents SET payload='{' WHERE run='envj-2'")
    db.commit()
    db.close()
    said = theirs("doctor", "--rebuild", "--force").stdout
    assert "envj-2: the environment it was asked for in is lost, it starts in that of the manager" in said
    assert "envj-1: the environment" not in said


FULL = """\
import sqlite3, sys
from trainui.core.store import rebuild as store
def fail(_db):
    raise sqlite3.OperationalError("database or disk is full")
store.finish = fail
from trainui.cli import main
sys.exit(main())
"""


@pytest.mark.parametrize("was_alive", [True, False])
def test_a_rebuild_that_fails_leaves_a_manager_for_what_waits_and_no_draft_on_a_full_disk(cockpit, was_alive):
    cockpit("start", "count", *SLOW, "--hold")
    cockpit.until_status("count-1", "queued")
    before = cockpit.client.manager()
    if not was_alive:
        halt(cockpit)
    words = [sys.executable, "-c", FULL, "doctor", "--rebuild", "--force"]
    done = subprocess.run(words, cwd=cockpit.project, capture_output=True, text=True, check=False)
    assert (done.returncode, "disk is full" in done.stderr) == (1, True)
    assert not list(cockpit.project.glob("*.rebuilding*"))
    until(lambda: cockpit.client.manager() not in (None, before))
    cockpit("release", "count-1")
    cockpit.until_status("count-1", "running")


def broken_table(folder, leaf):
    """A file with 200 intents on many pages, of which one leaf of the intents is damaged."""
    path = folder / "runs.db"
    db = connect(path)
    long = json.dumps({"text": "x" * 400})
    db.executemany(
        "INSERT INTO intents (verb, run, payload, created_at) VALUES ('stop', ?, ?, 1)",
        [(f"count-{number}", long) for number in range(200)],
    )
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    root = db.execute("SELECT rootpage FROM sqlite_master WHERE name='intents'").fetchone()[0]
    db.close()
    data = bytearray(path.read_bytes())
    size = int.from_bytes(data[16:18], "big")
    start = (root - 1) * size
    assert data[start] == 5  # an interior page of a table
    cells = int.from_bytes(data[start + 3 : start + 5], "big")
    at = start + int.from_bytes(data[start + 12 + 2 * leaf : start + 14 + 2 * leaf], "big")
    child = data[start + 8 : start + 12] if leaf == cells else data[at : at + 4]
    page = int.from_bytes(child, "big")
    data[(page - 1) * size : page * size] = b"\xff" * size
    path.write_bytes(data)
    return path, cells


def test_rows_between_two_that_can_be_read_are_counted_and_the_end_of_a_table_is_not_guessed(tmp_path):
    path, cells = broken_table(tmp_path, 3)
    wreck = Wreck(path).open()
    found = len(wreck.rows("intents"))
    wreck.close()
    assert 0 < wreck.unread["intents"] == 200 - found
    path.unlink()
    path, _ = broken_table(tmp_path, cells)
    wreck = Wreck(path).open()
    assert 0 < len(wreck.rows("intents")) < 200
    wreck.close()
    assert wreck.unread["intents"] == 0


def test_the_rates_a_run_lived_on_outlive_a_deleted_file(cockpit):
    """They stand in its directory; what trainui.toml says today is the rate from today on only."""
    origin = cockpit.project / "runs" / "count-1" / "origin.json"

    def rates():
        told = json.loads(origin.read_text()) if origin.exists() else {}
        return [lease["micro_per_hour"] for lease in told.get("leases", [])]

    (cockpit.project / "trainui.toml").write_text(CONFIG)
    cockpit("start", "count", *SLOW)
    until(lambda: rates() == [3_600_000])
    (cockpit.project / "trainui.toml").write_text(CONFIG.replace("3.6", "36"))
    until(lambda: rates() == [3_600_000, 36_000_000])
    usd = cockpit.run("count-1")["usd"]
    halt(cockpit)
    damage(cockpit.db, "deleted")
    (cockpit.project / "trainui.toml").write_text(CONFIG.replace("3.6", "72"))
    assert "today's rate" not in cockpit("doctor", "--rebuild").stdout
    rows = sqlite3.connect(cockpit.db)
    known = [row[0] for row in rows.execute("SELECT micro_per_hour FROM leases ORDER BY from_boot")]
    rows.close()
    assert known[:2] == [3_600_000, 36_000_000]
    assert cockpit.run("count-1")["usd"] >= usd


def test_what_was_told_is_not_told_again_and_what_was_not_is_still_to_be(cockpit):
    tell = '["sh", "-c", "cat >> told; echo >> told; exit $(cat code)"]'
    (cockpit.project / "trainui.toml").write_text(f'[notify]\non = ["ended"]\ncommand = {tell}\n')
    (cockpit.project / "code").write_text("0")
    cockpit("start", "count", "--wait")
    until(
        lambda: (
            (told := cockpit.json("notify")) and told["channels"][0]["last_sent"] and not told["undelivered"]
        )
    )
    (cockpit.project / "code").write_text("1")
    cockpit("start", "count", "--wait")
    until(
        lambda: any(
            one["tries"] == 1 and one["state"] == "waiting" for one in cockpit.json("notify")["undelivered"]
        )
    )
    halt(cockpit)
    (cockpit.project / "code").write_text("0")
    cockpit("doctor", "--rebuild", "--force")
    (waits,) = cockpit.json("notify")["undelivered"]
    assert (waits["subject"], waits["tries"]) == ("count-2", 1)
    told = (cockpit.project / "told").read_text().split("\n")
    assert sum(line.startswith("count-1 finished") for line in told) == 1
