"""Reading one metric's points, whole or as an envelope."""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

from trainui.core.store.envelope import level_for, thinned
from trainui.core.store.envelopes import bins_between
from trainui.core.store.segments import segments_of
from trainui.core.store.views import Bucket, CurvePoint

if TYPE_CHECKING:
    from trainui.core.store.envelope import Bin


def place_at(db: sqlite3.Connection, run: str, at: float) -> tuple[float | None, float | None]:
    """(step, epoch) of the newest point of a run at a moment, in its longest curve."""
    row = db.execute(
        "SELECT step, epoch FROM points WHERE at <= ?2 AND metric="
        "(SELECT id FROM metrics WHERE run=?1 ORDER BY points DESC, rank LIMIT 1) ORDER BY n DESC LIMIT 1",
        (run, at),
    ).fetchone()
    return (None, None) if row is None else (row["step"], row["epoch"])


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


def envelope(
    db: sqlite3.Connection, metric: int, points: int, *, buckets: int, start: int = 0, stop: int | None = None
) -> list[Bucket]:
    """The points from number `start` to before `stop` (None: all `points` of the metric) in about `buckets`
    buckets, at most twice as many, each with the times and epochs of its first and last point.

    None of them reaches over the border of a segment, unless there are more segments than buckets.
    """
    stop = points if stop is None else min(stop, points)
    inner = [n for n in segments_of(db, metric) if start < n < stop]
    edges = [start, *(inner if len(inner) < buckets else ()), stop]
    level = level_for(stop - start, buckets)
    found: list[Bin] = []
    for first, last in pairwise(edges):
        share = math.ceil(buckets * (last - first) / max(stop - start, 1))
        found += thinned(bins_between(db, metric, level, first, last), share)
    return _placed(db, metric, start, found)


def _placed(db: sqlite3.Connection, metric: int, start: int, bins: Sequence[Bin]) -> list[Bucket]:
    """Bins that begin at point number `start`, as buckets that know when they were written."""
    ends = [start, *(start + counted for counted in accumulate(one[6] for one in bins))]
    edges = {n for first, after in pairwise(ends) for n in (first, after - 1)}
    rows = db.execute(
        "SELECT n, at, epoch FROM points WHERE metric=? AND n IN (SELECT value FROM json_each(?))",
        (metric, json.dumps(sorted(edges))),
    )
    told = {row[0]: (row[1], row[2]) for row in rows}
    return [
        Bucket(
            step_from=one[0], step_to=one[1], min=one[2], max=one[3], first=one[4], last=one[5], count=one[6],
            nonfinite=one[7], at_from=told[first][0], at_to=told[after - 1][0],
            epoch_from=told[first][1], epoch_to=told[after - 1][1],
        )
        for one, (first, after) in zip(bins, pairwise(ends), strict=True)
    ]  # fmt: skip
