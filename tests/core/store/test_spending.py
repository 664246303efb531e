"""Where the money went: sums of sums that are the sums of the lines, and quick on a year of them."""

import json
import time
from datetime import datetime

import pytest

from trainui.core.store.read import Reader
from trainui.core.store.schema import atomic, connect

DAY = 86400
NOON = datetime(2026, 6, 1, 12).timestamp()


class Books:
    """A runs.db into which lines are written as the manager writes them."""

    def __init__(self, path):
        self.db, self.path = connect(path), path
        self.at = 0

    def run(self, name, *, study="", seconds=3600.0, start=NOON):
        with atomic(self.db):
            self.db.execute(
                "INSERT INTO runs (name, job, study, spec, status, seconds, queued_at, started_at, ended_at,"
                " directory, project) VALUES (?, ?, ?, '{}', 'ended', ?, ?, ?, ?, '', '')",
                (name, name.rpartition("-")[0], study, seconds, start, start, start + seconds),
            )

    def line(self, micro, *, run="", kind="run", at=NOON, machine="a100", lease=None, gpu_ms=0, seconds=60.0):
        self.lines([(at, kind, run, machine, micro, gpu_ms, "boot", self.at, self.at + seconds, lease)])
        self.at += seconds

    def lines(self, rows):
        with atomic(self.db):
            self.db.executemany(
                "INSERT INTO ledger (at, kind, run, machine, micro_usd, gpu_ms, boot_id, from_boot, to_boot, lease)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                rows,
            )

    def lease(self, machine, *, rate, start, end=None, text=""):
        with atomic(self.db):
            row = self.db.execute(
                "INSERT INTO leases (machine, micro_per_hour, boot_id, from_boot, from_at, to_boot, to_at, text)"
                " VALUES (?, ?, 'boot', ?, ?, ?, ?, ?)",
                (machine, rate, start - NOON, start, end and end - NOON, end, text),
            )
        return row.lastrowid

    def fact(self, name, value):
        with atomic(self.db):
            self.db.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, json.dumps(value)))

    def reader(self):
        return Reader(self.path)


@pytest.fixture
def books(tmp_path):
    return Books(tmp_path / "runs.db")


def sums(found):
    return {one.name: (round(one.usd, 6), one.runs) for one in found}


def test_a_sum_by_study_names_what_no_run_bore_and_leaves_out_what_was_over(books):
    books.run("mlp-1", study="phase 3")
    books.run("mlp-2", study="phase 3")
    books.run("old-1")
    for run, micro in (("mlp-1", 2_000_000), ("mlp-2", 500_000), ("old-1", 100_000), ("mlp-1", 1)):
        books.line(micro, run=run)
    books.line(300_000, kind="idle")
    books.line(9_000_000, kind="over")
    books.line(-50_000, kind="correction", run="mlp-2")
    books.line(7_000, kind="rounding")
    reader = books.reader()
    assert sums(reader.spent("study")) == {
        "phase 3": (2.450001, 2), "(idle)": (0.3, 0), "(none)": (0.1, 1), "(rounding)": (0.007, 0),
    }  # fmt: skip
    assert sums(reader.spent("job")) == {
        "mlp": (2.450001, 2), "(idle)": (0.3, 0), "old": (0.1, 1), "(rounding)": (0.007, 0),
    }  # fmt: skip
    assert [one.name for one in reader.spent("run")] == ["mlp-1", "mlp-2", "(idle)", "old-1", "(rounding)"]
    assert {sum(round(one.usd * 1e6) for one in reader.spent(by)) for by in ("study", "job", "run", "day")} == {2_857_001}  # fmt: skip


def test_a_day_is_one_of_the_local_calendar_and_holds_the_runs_that_were_live_on_it(books, monkeypatch):
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")  # 14 hours ahead: noon in Greenwich is tomorrow there
    time.tzset()
    try:
        start = datetime(2026, 6, 1, 23).timestamp()
        books.run("a-1", seconds=7200, start=start)
        books.line(10, run="a-1", at=start + 1800)
        books.line(20, run="a-1", at=start + 5400)
        first, second = books.reader().spent("day")
        assert (first.name, first.usd, first.runs, first.seconds) == ("2026-06-01", 10 / 1e6, 1, 3600)
        assert (second.name, second.usd, second.runs, second.seconds) == ("2026-06-02", 20 / 1e6, 1, 3600)
    finally:
        monkeypatch.undo()
        time.tzset()


def test_a_lease_and_its_machine_tell_what_was_charged_to_them(books):
    books.run("a-1", start=NOON + 10)
    old = books.lease("t4", rate=350_000, start=NOON, end=NOON + 3600, text="another rate")
    new = books.lease("a100", rate=1_290_000, start=NOON + 3600)
    books.line(350_000, run="a-1", machine="t4", lease=old)
    books.line(70_000, run="a-1", lease=new)
    books.line(5_000_000, kind="over", lease=new)
    newest, oldest = books.reader().leases()
    assert (newest.machine, newest.usd, newest.end, newest.usd_per_hour) == ("a100", 0.07, None, 1.29)
    assert (oldest.machine, oldest.usd, oldest.end, oldest.text) == ("t4", 0.35, NOON + 3600, "another rate")
    books.fact("accrued", {"a-1": 10_000, "": 20_000})
    newest, oldest = books.reader().leases()
    assert (newest.usd, oldest.usd) == (0.1, 0.35), "what accrued since the last lines is of the open lease"
    books.fact("accrued", {})
    machines = {one.name: one for one in books.reader().spent("machine")}
    assert (machines["t4"].usd, machines["t4"].runs, machines["t4"].seconds) == (0.35, 1, 3600)
    assert (machines["a100"].usd, machines["a100"].runs) == (0.07, 0)


def test_lines_come_oldest_first_and_of_one_run_if_asked(books):
    for number, run in enumerate("abab"):
        books.line(number, run=run)
    assert [round(one.usd * 1e6) for one in books.reader().ledger_lines(last=2)] == [2, 3]
    assert [one.run for one in books.reader().ledger_lines(run="b", last=-1)] == ["b", "b"]


def test_what_accrued_since_the_last_line_is_told_where_it_belongs(books):
    books.run("a-1", study="s")
    books.line(100, run="a-1")
    books.fact("accrued", {"a-1": 25, "": 5})
    assert sums(books.reader().spent("study")) == {"s": (0.000125, 1), "(idle)": (0.000005, 0)}
    assert round(books.reader().burn()[-1].usd * 1e6) == 130


def test_the_burn_down_begins_with_what_was_spent_before_and_never_falls_but_by_a_correction(books):
    books.fact("config", {"budget": {"spent_usd": 3.5}})
    books.line(1_000_000, run="a", at=NOON, seconds=60)
    books.line(400_000, kind="over", at=NOON + 60)
    books.line(250_000, kind="idle", at=NOON + 120)
    points = books.reader().burn()
    assert [(one.at, one.usd) for one in points[:-1]] == [(NOON - 60, 3.5), (NOON, 4.5), (NOON + 120, 4.75)]
    assert points[-1].usd == 4.75
    assert points[-1].at >= NOON + 120


def test_lines_that_were_written_together_are_one_point_of_the_burn_down(books):
    for run in ("a", "b", "c"):
        books.line(100_000, run=run, at=NOON, seconds=60)
    assert [(one.at, one.usd) for one in books.reader().burn()[:2]] == [(NOON - 60, 0.0), (NOON, 0.3)]


def test_an_empty_ledger_has_spent_nothing(books):
    reader = books.reader()
    assert [reader.spent(by) for by in ("study", "job", "day", "machine", "run")] == [[]] * 5
    assert (reader.burn(), reader.leases(), reader.ledger_lines()) == ([], [], [])


def test_two_months_of_lines_are_summed_without_reading_them(books):
    """A line a minute of two runs: SQLite must step through sums by the quarter of an hour, not through lines."""
    minutes = 60 * 1440
    books.run("a-1"), books.run("b-1")
    books.lines(
        (NOON + 60 * minute, "run", run, "a100", 1000, 60_000, "boot", 60 * minute, 60 * minute + 60, 1)
        for minute in range(minutes)
        for run in ("a-1", "b-1")
    )
    reader = books.reader()
    steps = 0

    def step():
        nonlocal steps
        steps += 1

    reader._db.set_progress_handler(step, 100)
    assert sum(round(one.usd * 1e6) for one in reader.spent("day")) == 2 * minutes * 1000
    assert round(reader.burn()[-1].usd * 1e6) == 2 * minutes * 1000
    assert len(reader.burn()) <= 400
    (
        reader.spent("run"),
        reader.spent("study"),
        reader.leases(),
        reader.spent("machine"),
        reader.ledger_lines(),
    )
    assert 100 * steps < 10 * 2 * minutes, "to read each line once would take more"
