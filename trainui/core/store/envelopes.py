"""The envelopes of a metric in the store: which buckets a batch fills, and a stretch of the curve read back."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from trainui.core.store.envelope import COLUMNS, FAN, WIDTHS, bin_of, bins_of, merged

if TYPE_CHECKING:
    from trainui.core.store.envelope import Bin, Step


def new_rows(
    db: sqlite3.Connection, metric: int, n: int, steps: Sequence[Step], values: Sequence[float]
) -> Iterator[tuple[object, ...]]:
    """Rows of `envelopes` for the buckets that become full with `values`, points number `n` and after."""
    end = n + len(values)
    bucket = n // FAN
    if end // FAN == bucket:
        return
    if n % FAN:
        earlier = points_between(db, metric, bucket * FAN, n)
        steps, values = [*(one[0] for one in earlier), *steps], [*(one[1] for one in earlier), *values]
    bins = bins_of(steps, values)
    yield from _rows(metric, 0, bucket, bins)
    for level in range(1, len(WIDTHS)):
        first = bucket // FAN
        if (bucket + len(bins)) // FAN == first:
            return
        if bucket % FAN:
            bins = [*buckets_between(db, metric, level - 1, first * FAN, bucket), *bins]
        whole = len(bins) - len(bins) % FAN
        bins = [merged(bins[at : at + FAN]) for at in range(0, whole, FAN)]
        bucket = first
        yield from _rows(metric, level, bucket, bins)


def _rows(metric: int, level: int, first: int, bins: Sequence[Bin]) -> Iterator[tuple[object, ...]]:
    return ((metric, level, bucket, *one) for bucket, one in enumerate(bins, first))


def points_between(db: sqlite3.Connection, metric: int, start: int, stop: int) -> list[tuple[Step, float]]:
    """(step, value) of the points from number `start` to before `stop`; NULL was NaN."""
    rows = db.execute(
        "SELECT step, value FROM points WHERE metric=? AND n>=? AND n<? ORDER BY n", (metric, start, stop)
    )
    return [(step, math.nan if value is None else value) for step, value in rows]


def buckets_between(db: sqlite3.Connection, metric: int, level: int, start: int, stop: int) -> list[Bin]:
    """The buckets of one level from number `start` to before `stop`; all of them must be full."""
    rows = db.execute(
        f"SELECT {COLUMNS} FROM envelopes WHERE metric=? AND level=? AND bucket>=? AND bucket<? ORDER BY bucket",  # noqa: S608
        (metric, level, start, stop),
    )
    return [tuple(row) for row in rows]


def bins_between(db: sqlite3.Connection, metric: int, level: int, start: int, stop: int) -> list[Bin]:
    """The points from number `start` to before `stop` in bins: whole buckets of `level` where they fit, finer
    ones, down to single points, at the edges. All the points must have been written."""
    if level < 0:
        return [bin_of(step, value) for step, value in points_between(db, metric, start, stop)]
    width = WIDTHS[level]
    first, last = -(-start // width), stop // width
    if first >= last:
        return bins_between(db, metric, level - 1, start, stop) if start < stop else []
    return [
        *bins_between(db, metric, level - 1, start, first * width),
        *buckets_between(db, metric, level, first, last),
        *bins_between(db, metric, level - 1, last * width, stop),
    ]
