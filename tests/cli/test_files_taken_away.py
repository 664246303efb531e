"""Files of runs.db that go while the manager has them open: it must not write on where nobody reads."""

import os
import sqlite3

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
