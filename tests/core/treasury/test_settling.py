"""Lines of the ledger: who bears what, to the micro-dollar, whoever dies in between."""

from __future__ import annotations

import contextlib
import itertools
import sqlite3
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.core.treasury.books import Books
from trainui.core.store import schema
from trainui.core.store.migrations import MIGRATIONS
from trainui.core.store.read import Reader


def test_lines_come_once_a_minute_and_when_others_bear_the_cost(books):
    books.config()
    books.begins("a")
    for _ in range(30):
        books.passes(5)
    assert len(books.lines("id")) == 2
    books.begins("b")
    books.passes(5)
    assert len(books.lines("id")) == 2 + 2
    books.ends("b")
    assert [row[:2] for row in books.lines("kind", "run")][-2:] == [("run", "a"), ("run", "b")]


def test_what_no_line_tells_yet_is_shown(books):
    books.config(budget="total_usd = 10\nspent_usd = 2", machine="gpus = 1")
    books.begins("a", "g0")
    books.passes(30)
    assert books.lines("id") == []
    view, runs = books.shown()
    assert (runs["a"].usd, runs["a"].gpu_hours) == (pytest.approx(0.03), pytest.approx(30 / 3600))
    assert (view.spent_usd, view.left_usd, view.used) == pytest.approx((2.03, 7.97, 0.203))
    assert (view.currency, view.gpus, view.gpu_hours) == ("USD", 1, pytest.approx(30 / 3600))
    usd, hours = books.db.execute("SELECT usd, gpu_hours FROM runs_view").fetchone()
    assert (usd, hours) == (pytest.approx(0.03), pytest.approx(30 / 3600))


def test_two_runs_on_one_of_two_gpus_bear_half_the_machine_and_the_other_half_is_idle(books):
    books.config(machine="gpus = 2")
    books.begins("a", "g0")
    books.begins("b", "g0")
    books.passes(60)
    assert books.lines("kind", "run", "micro_usd", "gpu_ms", "share") == [
        ("run", "a", 15_000, 30_000, "time"),
        ("run", "b", 15_000, 30_000, "time"),
        ("idle", "", 30_000, 60_000, "time"),
    ]


def test_by_use_a_gpu_is_split_as_it_was_measured(books):
    books.config(machine='gpus = 1\nshare = "use"')
    books.begins("a", "g0")
    books.begins("b", "g0")
    for run, gpu in (("a", 0.7), ("b", 0.3)):
        books.db.execute(
            "INSERT INTO usage (run, at, memory, gpu, processes, why_no_gpu) VALUES (?, ?, 0, ?, 1, '')",
            (run, books.unix + 10, gpu),
        )
    books.passes(60)
    assert (books.of("a"), books.of("b")) == (42_000, 18_000)


def test_no_line_can_be_changed_or_taken_away(books):
    books.config()
    books.passes(60)
    for lie in ("UPDATE ledger SET micro_usd=0", "DELETE FROM ledger"):
        with pytest.raises(sqlite3.IntegrityError, match="write a correction"):
            books.db.execute(lie)


def test_idle_time_eats_the_reserve_and_what_is_beyond_the_budget_is_over(books):
    books.config(budget="total_usd = 0.1\nreserve_usd = 0.04")
    books.passes(60)
    assert books.accounts.left(books.now) == 0
    books.passes(60)
    assert books.sums() == {"idle": 100_000, "over": 20_000}
    books.passes(30)
    view, _ = books.shown()
    assert (view.spent_usd, view.over_usd, view.left_usd, view.used) == pytest.approx((0.1, 0.05, 0, 1))
    with contextlib.closing(Reader(books.path)) as reader:
        told = [sum(one.usd for one in reader.spent(by)) for by in ("study", "run", "day", "machine")]
        assert [*told, reader.leases()[0].usd, reader.burn()[-1].usd] == pytest.approx([0.1] * 6), (
            "no line is due yet"
        )
    books.config(budget="total_usd = 0.2\nreserve_usd = 0.04")
    books.passes(30)
    view, _ = books.shown()
    assert (view.spent_usd, view.over_usd) == pytest.approx((0.18, 0)), (
        "a budget that was raised covers what was over"
    )
    assert books.sums() == {"idle": 150_000}, "in lines so far"
    assert view.left_usd == 0


def test_a_run_that_nobody_could_stop_in_time_is_over_too(books):
    books.config(budget="total_usd = 0.1")
    books.begins("a")
    books.passes(130)
    books.ends("a")
    assert books.sums() == {"run": 100_000, "over": 30_000}
    assert books.lines("run", "gpu_ms", where="kind='over'") == [("a", 0)]
    books.config(budget="total_usd = 0.12")
    assert books.sums() == {"run": 120_000, "over": 10_000}, "as far as there is room"
    books.config(budget="total_usd = 1")
    assert books.sums() == {"run": 130_000}
    books.begins("b")
    books.passes(60)
    books.ends("b")
    assert books.sums() == {"run": 190_000}, "and what was owed beyond is owed still"


def old_file(path: Path) -> None:
    """A runs.db as the schema before leases left it, with two hours on two runs."""
    db = sqlite3.connect(path, isolation_level=None)
    db.row_factory = sqlite3.Row
    for number, step in enumerate(MIGRATIONS[:4], 1):
        step(db)
        db.execute(f"PRAGMA user_version={number}")
    for run, begin, end in (("a", 100, 400), ("b", 400, 1000)):
        db.execute(
            "INSERT INTO ledger (at, kind, run, machine, micro_usd, gpu_ms, boot_id, from_boot, to_boot)"
            " VALUES (1, 'run', ?, 'a100', ?, 7, 'boot-1', ?, ?)",
            (run, (end - begin) * 1000 + 1, begin, end),
        )
    db.close()


def test_an_older_file_opens_keeps_its_sums_and_goes_on_where_it_stopped(tmp_path):
    old_file(tmp_path / "runs.db")
    books = Books(tmp_path)
    assert dict(books.db.execute("SELECT run, micro_usd FROM balances").fetchall()) == {
        "a": 300_001,
        "b": 600_001,
    }
    books.boot = 1100.0
    books.config(budget="total_usd = 10")
    books.passes(60)
    assert books.sums() == {"run": 900_002, "idle": 160_000}
    assert books.lines("from_boot", "to_boot", where="lease IS NOT NULL") == [(1000.0, 1160.0)]
    books.db.close()


def test_thirty_days_of_eight_runs_are_reckoned_from_their_balances(books, monkeypatch):
    """Nothing that is asked each few seconds looks at more than a handful of lines."""
    books.config(budget="total_usd = 100000", machine="gpus = 8")
    for number in range(8):
        books.begins(f"r{number}", f"g{number}")
    books.passes(60)
    lease = books.db.execute("SELECT id FROM leases").fetchone()[0]
    minutes = 30 * 24 * 60
    books.db.execute("BEGIN")
    books.db.executemany(
        "INSERT INTO ledger (at, kind, run, machine, micro_usd, gpu_ms, boot_id, from_boot, to_boot, lease)"
        " VALUES (?, 'run', ?, 'a100', 7500, 60000, 'boot-1', ?, ?, ?)",
        [
            (
                books.unix + 60 * minute,
                f"r{run}",
                books.boot + 60 * minute,
                books.boot + 60 * minute + 60,
                lease,
            )
            for minute in range(minutes)
            for run in range(8)
        ],
    )
    books.db.execute("COMMIT")
    books.boot += 60 * minutes
    books.unix += 60 * minutes
    steps = itertools.count()
    books.db.set_progress_handler(lambda: next(steps) and None, 100)
    assert books.accounts.left(books.now) == 100_000_000_000 - (minutes + 1) * 60_000
    books.passes(5)
    books.db.set_progress_handler(None, 0)
    assert next(steps) < 100, "hundreds of SQLite's steps, for 345,600 lines"


class Killed(BaseException):
    """SIGKILL, as far as one process can play it."""


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["begin", "end", "wait", "wait", "rate", "die", "restart"]),
            st.integers(1, 90_000),
            st.booleans(),
        ),
        min_size=1,
        max_size=12,
    )
)
def test_whoever_dies_at_any_commit_the_next_one_goes_on_exactly(tmp_path_factory, history):
    """The same history twice, once without kills: the sums are within a micro-dollar for each lease and bearer."""
    sums = []
    for is_killed in (False, True):
        books = Books(tmp_path_factory.mktemp("books"))
        books.config(rate=1.29, machine="gpus = 2")
        live: list[str] = []
        with pytest.MonkeyPatch.context() as patch:
            for number, (what, ms, dies) in enumerate(history):
                fuse = ["committing" if number % 2 else "committed"] if is_killed and dies else []

                def reach(step, fuse=fuse):
                    if fuse and step == fuse[0]:
                        fuse.clear()
                        raise Killed

                patch.setattr(schema, "reach", reach)
                try:
                    _happens(books, what, ms, live, number)
                except Killed:
                    patch.setattr(schema, "reach", lambda _step: None)
                    books.manager_dies()
                    if what == "rate":
                        books.config(rate=1.29 + number / 7, machine="gpus = 2")
                    books.accounts.reckon(books.now)
        books.accounts.settle(books.now)
        _has_no_gap(books)
        leases = books.db.execute("SELECT count(*) FROM leases").fetchone()[0]
        sums.append(
            {
                row[0]: row[1]
                for row in books.db.execute("SELECT run, sum(micro_usd) FROM ledger GROUP BY run")
            }
        )
        books.db.close()
    plain, killed = sums
    assert sum(plain.values()) == pytest.approx(sum(killed.values()), abs=8)
    for run in plain.keys() | killed.keys():
        assert plain.get(run, 0) == pytest.approx(killed.get(run, 0), abs=1 + leases), run


def _happens(books, what, ms, live, number):
    """One turn; whatever of it is no commit of the manager's happens before one."""
    books.boot += ms / 1000
    books.unix += ms / 1000
    if what == "begin":
        live.append(f"r{number}")
        with books.db:
            books.db.execute(
                "INSERT INTO runs (name, job, study, status, spec, project, directory, queued_at, started_at,"
                " started_boot, boot_id, gpus) VALUES (?, 'j', 'j', 'running', '{}', '', '', 1, 1, ?, ?, ?)",
                (live[-1], books.boot, books.boot_id, '["g0"]' if number % 2 else "[]"),
            )
    elif what == "end" and live:
        with books.db:
            books.db.execute("UPDATE runs SET ended_boot=? WHERE name=?", (books.boot, live.pop()))
    elif what == "rate":
        books.config(rate=1.29 + number / 7, machine="gpus = 2")
    elif what == "die":
        books.manager_dies()
    elif what == "restart":
        live.clear()
        books.restarts(away=30)
    books.accounts.reckon(books.now)


def _has_no_gap(books):
    """Within each lease its lines follow each other, from its beginning to its end."""
    for lease in books.db.execute("SELECT * FROM leases").fetchall():
        periods = sorted(
            set(books.lines("from_boot", "to_boot", where=f"lease={lease['id']} AND kind IN ('run', 'idle')"))
        )
        edges = [lease["from_boot"], *(edge for period in periods for edge in period)]
        edges.append(edges[-1] if lease["to_boot"] is None else lease["to_boot"])
        assert edges[::2] == edges[1::2], edges


def test_what_goes_over_the_cap_is_in_no_sum_before_its_line_is_written_either(books):
    books.config(budget="total_usd = 0.01")
    books.begins("a")
    books.passes(4)
    books.ends("a")
    books.passes(20)  # ten seconds are paid, and no line is due
    view, _ = books.shown()
    reader = Reader(books.path)
    try:
        spent = {one.name: one.usd for one in reader.spent("run")}
    finally:
        reader.close()
    assert view.spent_usd == 0.01
    assert spent == {"a": 0.004, "(idle)": 0.006}
    assert view.over_usd == pytest.approx(0.014)
