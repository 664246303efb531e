"""A ledger that was lost or damaged: leases come from the run directories, lines are written once, the rest reckoned."""

from __future__ import annotations

import json
import shutil
import sqlite3

import pytest

from tests.core.treasury.books import Books
from trainui.core.rebuild.recounting import Recounting
from trainui.core.store.runs import RunWriter, live_of
from trainui.core.store.salvage import Wreck
from trainui.core.treasury.noting import Notes


@pytest.fixture
def kept(books):
    """Two rates in one boot, a run on each, one on both, noted in their directories; idle time after them."""
    notes = Notes()

    def note():
        notes.note(live_of(RunWriter(books.db).open_runs()), books.accounts.row(books.now))

    for run in ("a", "b", "c"):
        folder = books.folder / "runs" / run
        folder.mkdir(parents=True)
        (folder / "origin.json").write_text(json.dumps({"run": run}))
    books.config(rate=3.6)
    books.begins("a")
    books.begins("b")
    books.passes(100)
    note()
    books.ends("a")
    books.config(rate=7.2)
    note()
    books.begins("c")
    books.passes(100)
    note()
    books.ends("b")
    books.ends("c")
    return books


def rebuilt(books, folder, lies=()):
    """A new runs.db from a copy of the old one, in which these lies were told; '' of it when there are none."""
    old = folder / "old.db"
    books.db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    shutil.copy(books.path, old)
    with sqlite3.connect(old) as db:
        for guard in ("ledger_is_never_changed", "ledger_is_never_shortened"):
            db.execute(f"DROP TRIGGER {guard}")
        for lie in lies:
            db.execute(lie)
    (folder / "new").mkdir()
    new = Books(folder / "new")
    new.boot, new.unix, new.boot_id = books.boot, books.unix, books.boot_id
    wreck = Wreck(old).open()
    for row in wreck.rows("runs"):
        names = ", ".join(row)
        marks = ", ".join("?" * len(row))
        new.db.execute(f"INSERT INTO runs ({names}) VALUES ({marks})", list(row.values()))
    folders = sorted((books.folder / "runs").iterdir())
    recounting = Recounting(new.db, wreck, folders)
    recounting.salvage()
    told = recounting.reckon(new.accounts, books.folder, new.now)
    wreck.close()
    return new, told


EVERYTHING = ("DELETE FROM ledger", "DELETE FROM leases", "DELETE FROM facts")
SUMS = {"a": 50_000, "b": 150_000, "c": 100_000}


@pytest.mark.parametrize(
    "lies",
    [
        (),
        EVERYTHING,
        ("DELETE FROM ledger",),
        ("DELETE FROM leases",),
        ("DELETE FROM ledger WHERE id > 2",),
        ("DELETE FROM ledger WHERE id <= 2", "DELETE FROM leases WHERE id=1"),
        ("DELETE FROM leases WHERE id=2",),
    ],
    ids=[
        "whole",
        "all lost",
        "no lines",
        "no leases",
        "the end lost",
        "the beginning lost",
        "the open lease lost",
    ],
)
def test_rates_and_sums_come_back_whatever_was_lost(kept, tmp_path_factory, lies):
    new, told = rebuilt(kept, tmp_path_factory.mktemp("again"), lies)
    assert {run: new.of(run) for run in SUMS} == pytest.approx(SUMS, abs=2)
    assert not any("today's rate" in text for text in told)
    rates = new.db.execute("SELECT DISTINCT micro_per_hour FROM leases ORDER BY 1").fetchall()
    assert [row[0] for row in rates] == [3_600_000, 7_200_000]
    assert new.db.execute("SELECT count(*) FROM leases WHERE to_boot IS NULL").fetchone()[0] == 1
    new.passes(60)
    assert new.accounts.spent(new.now) == pytest.approx(300_000 + 120_000, abs=2), (
        "it goes on at the last rate"
    )
    new.db.close()


def test_without_a_note_todays_rate_is_taken_and_that_is_told(kept, tmp_path_factory):
    for run in SUMS:
        (kept.folder / "runs" / run / "origin.json").write_text("{}")
    new, told = rebuilt(kept, tmp_path_factory.mktemp("again"), EVERYTHING)
    assert new.accounts.spent(new.now) == pytest.approx(400_000, abs=2), "all of it at the second rate"
    assert told == [] or "reckoned" in told[-1]
    new.db.close()


def test_corrections_and_what_went_over_are_taken_over_as_they_are(kept, tmp_path_factory):
    kept.db.execute(
        "INSERT INTO ledger (at, kind, run, machine, micro_usd, boot_id, from_boot, to_boot, text)"
        " VALUES (1, 'correction', 'a', 'a100', -7, 'boot-1', 1, 1, 'a note')"
    )
    new, told = rebuilt(kept, tmp_path_factory.mktemp("again"))
    assert (new.of("a"), told) == (50_000 - 7, [])
    assert new.lines("kind", "micro_usd") == kept.lines("kind", "micro_usd")
    new.db.close()


def test_lines_of_an_earlier_boot_are_reckoned_at_its_own_rate(kept, tmp_path_factory):
    kept.restarts(away=10_000)
    kept.config(rate=36)
    new, _ = rebuilt(kept, tmp_path_factory.mktemp("again"), EVERYTHING)
    assert {run: new.of(run) for run in SUMS} == pytest.approx(SUMS, abs=2)
    new.db.close()
