"""The points that a few quantities of a run rest on, as a judge hears them: of a long curve its ends, its extremes and
the stretches asked for, of the others all."""

from __future__ import annotations

import heapq
import json
import math
import sqlite3
from collections.abc import Iterator, Mapping
from operator import itemgetter
from typing import NamedTuple

from trainui.core.gates import Point
from trainui.core.store.lineage import lineage
from trainui.core.store.studies import first_step

LONG = 5000
"""Points from which on a curve is long."""
_FINITE = "value BETWEEN -1.7976931348623157e308 AND 1.7976931348623157e308"


class Stretch(NamedTuple):
    """Part of a curve, both ends included; of epochs it is all that ends within them."""

    unit: str
    """`epochs` or `steps`."""
    first: float
    last: float


Wanted = Mapping[str, tuple[Stretch, ...] | None]
"""Metric → the stretches wanted of it besides its ends and extremes; None: all of its points."""


def picked(db: sqlite3.Connection, run: str, wanted: Wanted) -> Iterator[Point]:
    """The points of a run in the order written, after what the line of it had written before it took over."""
    until = first_step(db, run)
    parts = [_of_run(db, run, wanted, math.inf)]
    for row in lineage(db, run)[1:]:
        if until is None:
            break
        parts.append(_of_run(db, row["name"], wanted, until))
        begun = first_step(db, row["name"])
        until = until if begun is None else min(until, begun)
    for part in reversed(parts):
        yield from part


def _of_run(db: sqlite3.Connection, run: str, wanted: Wanted, until: float) -> Iterator[Point]:
    """Those before step `until`."""
    rows = db.execute(
        "SELECT name, id, points FROM metrics WHERE run=? AND points>0 ORDER BY rank DESC, id DESC", (run,)
    )
    best = {row["name"]: row for row in rows if row["name"] in wanted}
    if _minds_epochs(wanted) and any(_has_no_epoch(db, row["id"]) for row in best.values()):
        wanted = dict.fromkeys(wanted)  # a point without one lies in the epoch of the point before it
    curves = [_of_metric(db, row, wanted[name], until) for name, row in sorted(best.items())]
    return (point for _, point in heapq.merge(*curves, key=itemgetter(0)))


def _minds_epochs(wanted: Wanted) -> bool:
    return any(
        stretches is None or any(one.unit == "epochs" for one in stretches) for stretches in wanted.values()
    )


def _has_no_epoch(db: sqlite3.Connection, metric: int) -> bool:
    """Whether a point of it tells none."""
    sql = "SELECT EXISTS (SELECT 1 FROM points WHERE metric=? AND epoch IS NULL)"
    return bool(db.execute(sql, (metric,)).fetchone()[0])


def _of_metric(
    db: sqlite3.Connection, row: sqlite3.Row, stretches: tuple[Stretch, ...] | None, until: float
) -> Iterator[tuple[int, Point]]:
    """(number in the run, point)"""
    which, told = "TRUE", list[object]()
    if row["points"] >= LONG and stretches is not None:
        which, told = _few(db, row["id"], stretches, until)
    rows = db.execute(
        f"SELECT seq, step, value, epoch, at FROM points WHERE metric=? AND step<? AND ({which}) ORDER BY n",  # noqa: S608
        (row["id"], until, *told),
    )
    rows.row_factory = None
    for seq, step, stored, epoch, at in rows:
        value = math.nan if stored is None else stored
        yield seq, Point(metric=row["name"], step=step, value=value, epoch=epoch, at=at)


def _few(
    db: sqlite3.Connection, metric: int, stretches: tuple[Stretch, ...], until: float
) -> tuple[str, list[object]]:
    """What in SQL is true of the few points wanted of a curve, with its arguments."""
    mine: dict[str, object] = {"metric": metric, "until": until}
    of = "FROM points WHERE metric=:metric AND step<:until"
    extremes = db.execute(f"SELECT min(value), max(value) {of} AND {_FINITE}", mine).fetchone()
    mine |= {"low": extremes[0], "high": extremes[1]}
    numbers = set()
    for sought in (
        "ORDER BY n",
        "ORDER BY n DESC",
        f"AND {_FINITE} AND value!=0 ORDER BY n",  # what tells a fraction from percent
        "AND value=:low ORDER BY n",
        "AND value=:high ORDER BY n",
    ):
        numbers |= {row[0] for row in db.execute(f"SELECT n {of} {sought} LIMIT 1", mine)}
    which, told = "n IN (SELECT value FROM json_each(?))", list[object]([json.dumps(sorted(numbers))])
    for one in stretches:
        column = "epoch" if one.unit == "epochs" else "step"
        which += f" OR ({column} > ? AND {column} <= ?)"
        told += [one.first - 1, one.last + 1e-6]
    return which, told
