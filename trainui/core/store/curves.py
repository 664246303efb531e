"""Reading one metric's points, whole or as an envelope."""

from __future__ import annotations

import math
import sqlite3

from trainui.core.store.envelope import Bin, level_for, thinned
from trainui.core.store.views import Bucket, CurvePoint


def points_of(db: sqlite3.Connection, metric: int) -> list[CurvePoint]:
    """Every point in the order written; NULL was NaN."""
    rows = db.execute("SELECT step, value, at, epoch FROM points WHERE metric=? ORDER BY n", (metric,))
    return [
        CurvePoint(step=row[0], value=math.nan if row[1] is None else row[1], at=row[2], epoch=row[3])
        for row in rows
    ]


def begun_at(db: sqlite3.Connection, run: str) -> tuple[float | None, float | None]:
    """(step, epoch) of the first point a run wrote: where a resumed one took over."""
    row = db.execute(
        "SELECT points.step, points.epoch FROM metrics JOIN points ON points.metric = metrics.id"
        " WHERE metrics.run=? AND points.n=0 AND points.step > 0 ORDER BY metrics.rank, points.step LIMIT 1",
        (run,),
    ).fetchone()
    return (row["step"], row["epoch"]) if row else (None, None)


def last_nonfinite(db: sqlite3.Connection, run: str, primary: str) -> tuple[str, float, float | None] | None:
    """(metric, value, step) of a loss, or of the primary metric, whose last point is NaN or infinite."""
    row = db.execute(
        "SELECT name, last, last_step FROM metrics WHERE run=? AND points > 0 AND NOT last_is_finite"
        " AND (name=? OR name LIKE '%loss%') ORDER BY name=? DESC, rank, id LIMIT 1",
        (run, primary, primary),
    ).fetchone()
    if row is None:
        return None
    return row["name"], math.nan if row["last"] is None else row["last"], row["last_step"]


def envelope(db: sqlite3.Connection, metric: int, points: int, *, buckets: int) -> list[Bucket]:
    """At most about 2 x `buckets` buckets over the whole metric, read from the coarsest level that has enough."""
    level = level_for(points, buckets)
    if level is None:
        bins = []
        for place, point in enumerate(points_of(db, metric)):
            one = Bin(level=-1, bucket=place)
            one.add(point.step, point.value)
            bins.append(one)
    else:
        rows = db.execute(
            "SELECT level, bucket, step_from, step_to, min, max, first, last, count, nonfinite"
            " FROM envelopes WHERE metric=? AND level=? ORDER BY bucket",
            (metric, level),
        )
        bins = [Bin(*row) for row in rows]
    return [
        Bucket(
            step_from=one.step_from,
            step_to=one.step_to,
            min=one.min,
            max=one.max,
            first=one.first,
            last=one.last,
            count=one.count,
            nonfinite=one.nonfinite,
        )
        for one in thinned(bins, buckets)
    ]
