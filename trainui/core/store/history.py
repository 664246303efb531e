"""What a run told, in the order it told it, for judging it again once it is over."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterator

from trainui.core.store.lineage import told_before

Row = tuple[int, str, float, float, float | None, float]
"""(number among all points of the run, metric, step, value, epoch, Unix seconds)."""


def rows_of(db: sqlite3.Connection, run: str) -> Iterator[Row]:
    """Every point of the run's curves, each metric from its most structured source, in the order read."""
    curves: dict[str, int] = {}
    for metric in db.execute("SELECT id, name FROM metrics WHERE run=? ORDER BY rank, id", (run,)):
        curves.setdefault(metric["name"], metric["id"])
    names = {number: name for name, number in curves.items()}
    marks = ", ".join("?" * len(names))
    rows = db.execute(
        f"SELECT seq, metric, step, value, epoch, at FROM points WHERE metric IN ({marks}) ORDER BY seq",  # noqa: S608
        tuple(names),
    )
    rows.row_factory = None
    for seq, metric, step, value, epoch, at in rows:
        yield seq, names[metric], step, math.nan if value is None else value, epoch, at


def notes_of(db: sqlite3.Connection, run: str) -> list[str]:
    """The remarks kept beside a run, oldest first."""
    return [str(row[0]) for row in db.execute("SELECT text FROM notes WHERE run=? ORDER BY id", (run,))]


def points_in(db: sqlite3.Connection, run: str) -> int:
    """How many points the run's curves have, those kept as a check among them."""
    return int(db.execute("SELECT coalesce(sum(points), 0) FROM metrics WHERE run=?", (run,)).fetchone()[0])


def exit_code_of(db: sqlite3.Connection, run: str) -> int | None:
    """The exit code a run ended with; None where none was seen."""
    row = db.execute("SELECT exit_code FROM runs WHERE name=?", (run,)).fetchone()
    return None if row is None else row[0]


def printed_at(db: sqlite3.Connection, run: str) -> list[int]:
    """The numbers of the points that were read from what a run printed, in their order."""
    rows = db.execute(
        "SELECT points.seq FROM metrics JOIN points ON points.metric = metrics.id"
        " WHERE metrics.run=? AND metrics.source IN ('console', 'log') ORDER BY points.seq",
        (run,),
    )
    return [int(row[0]) for row in rows]


def rows_before(db: sqlite3.Connection, run: str, begun: float) -> Iterator[Row]:
    """The points of those a run went on from, as far as they lie before its own first step."""
    for other, until in told_before(db, run, begun):
        yield from (row for row in rows_of(db, other) if row[2] < until)


def was_imported(db: sqlite3.Connection, run: str) -> bool:
    """Whether a run was brought in when it was over: nothing was measured while it lived."""
    row = db.execute("SELECT imported != '' FROM runs WHERE name=?", (run,)).fetchone()
    return bool(row and row[0])
