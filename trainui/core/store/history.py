"""What a run told, in the order it told it: its points and whatever else its gates were fed, for judging it again."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

Row = tuple[int, str, float, float, float | None, float]
"""(number among all points of the run, metric, step, value, epoch, Unix seconds)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """What a judge was told beside points; it stands after the point numbered `seq`."""

    seq: int
    kind: str
    name: str
    value: float | None
    text: str
    step: float | None
    epoch: float | None
    at: float


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


def readings_of(db: sqlite3.Connection, run: str) -> list[Reading]:
    """What else the run's judge was told, in its order."""
    rows = db.execute(
        "SELECT seq, kind, name, value, text, step, epoch, at FROM readings WHERE run=? ORDER BY id", (run,)
    ).fetchall()
    return [Reading(**dict(row)) for row in rows]


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
