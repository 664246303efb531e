"""Files of runs.db that go while the manager has them open: it must not write on where nobody reads."""

import os
import sqlite3
from pathlib import Path

from tests.conftest import until
from trainui.core.store.schema import Files


def test_a_manager_whose_wal_was_taken_away_begins_anew_and_loses_nothing(cockpit):
    first = cockpit("start", "count").stdout.strip()
    cockpit.until_status(first, "ended")
    manager = cockpit.client.manager()
    assert manager is not None
    with sqlite3.connect(cockpit.db) as db:
        assert until(lambda: db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0)
    db.close()
    os.unlink(f"{cockpit.db}-wal")
    os.unlink(f"{cockpit.db}-shm")
    second = cockpit("start", "count").stdout.strip()
    cockpit.until_status(second, "ended")
    assert [run["run"] for run in cockpit.json("ls", "--all")] == [second, first]
    again = until(cockpit.client.manager)
    assert again.pid == manager.pid, "it is the same process, with other files"
    assert "taken away" in (cockpit.project / "runs" / "manager.log").read_text()


ASKS = """[job]
name = "asks"
command = ["{python}", "asks.py", "{db}"]
"""
SCRIPT = """import sqlite3, sys, time
db = sqlite3.connect(sys.argv[1])
print(db.execute("select count(*) from runs").fetchone(), flush=True)
while not __import__("os").path.exists("enough"):
    time.sleep(0.05)
"""


def locks_of(pid, path):
    """How many POSIX locks a process has on a file."""
    wanted = f":{os.stat(path).st_ino}"
    rows = [row.split() for row in Path("/proc/locks").read_text().splitlines()]
    return sum(row[1] == "POSIX" and row[4] == str(pid) and row[5].endswith(wanted) for row in rows)


def test_a_job_that_has_runs_db_open_does_not_cost_the_manager_its_locks(cockpit):
    """What a job has open for writing is looked into for numbers; that of SQLite must not be closed again."""
    (cockpit.project / "jobs" / "asks.toml").write_text(ASKS)
    (cockpit.project / "asks.py").write_text(SCRIPT)
    name = cockpit("start", "asks").stdout.strip()
    cockpit.until_status(name, "running")
    log = cockpit.project / "runs" / name / "output.log"
    assert until(lambda: log.exists() and "(1,)" in log.read_text())
    manager = cockpit.client.manager()
    looks = set()
    until(
        lambda: looks.add(cockpit.run(name)["seconds"]) or len(looks) > 3
    )  # it was looked at again and again
    assert cockpit.client.manager() == manager
    assert locks_of(manager.pid, cockpit.db) == 1
    (cockpit.project / "enough").touch()
    cockpit.until_status(name, "ended")
    second = cockpit("start", "count").stdout.strip()
    cockpit.until_status(second, "ended")
    log = cockpit.project / "runs" / "manager.log"
    assert not log.exists() or "taken away" not in log.read_text()


def test_files_are_ours_until_another_is_in_their_place(tmp_path):
    db, wal = tmp_path / "runs.db", tmp_path / "runs.db-wal"
    files = Files(db)
    assert files.are_ours()
    db.write_text("")
    wal.write_text("")
    assert files.are_ours()
    wal.write_text("longer")
    assert files.are_ours()
    wal.rename(tmp_path / "aside")
    assert not files.are_ours()
    wal.write_text("")
    assert not files.are_ours(), "another of the same name is another"
