"""Many curves at once, as outlines: what an export draws. No spike is lost, and of a long curve few points are read."""

from __future__ import annotations

import json
import math
import sqlite3
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from msgspec import Struct

from trainui.core.store.curves import place_at
from trainui.core.store.envelope import level_for, thinned
from trainui.core.store.envelopes import bins_between, points_between
from trainui.core.store.lineage import chain

if TYPE_CHECKING:
    from trainui.core.store.envelope import Bin
    from trainui.core.store.views import Link

PLACES = 64
"""Points of a long curve whose times and epochs are read; those between them lie on straight lines."""


class Piece(NamedTuple):
    """`points` neighbouring points of a curve; None where no point of it was finite.

    Before the first piece of a stretch stands its first point alone, with `points` 0, where that piece is of many.
    """

    step_from: float
    step: float
    """Of its last point, as are the epoch and the time."""
    low: float | None
    high: float | None
    first: float | None
    last: float | None
    points: int
    nonfinite: int
    epoch: float | None
    at: float
    """Unix seconds."""


class Oddity(NamedTuple):
    """Neighbouring pieces in each of which something is not finite."""

    first: int
    """Number of the first piece."""
    step: float
    epoch: float | None
    at: float
    kind: str
    """`nan`, `inf`, `-inf`: what the first of them was; '' where that was not looked up."""
    points: int


class Outline(Struct, frozen=True, kw_only=True):
    """One metric of one run."""

    points: int
    pieces: tuple[Piece, ...]
    cuts: tuple[int, ...] = ()
    """Numbers of the pieces at which its steps begin anew, the first not among them."""
    oddities: tuple[Oddity, ...] = ()


Places = list[tuple[float, float | None]]
Known = dict[tuple[object, ...], Places]
"""Length and end of a long curve, and numbers of points → their places: what is logged together is placed once."""
LONG = 1024
"""Points from which on a curve is taken to have been logged with another that is as long and ends at the same place."""


class OutlineReader:
    """The curves of a run in a few pieces each."""

    _db: sqlite3.Connection

    def outlines(self, run: str, metrics: Sequence[str], *, buckets: int) -> dict[str, Outline]:
        """Metric → its outline in at most about 2 x `buckets` pieces, each metric from its most structured source;
        those without a point are left out."""
        rows = self._db.execute(
            "SELECT id, name, points, last_step, last_epoch, last_at FROM metrics WHERE run=? AND points > 0"
            " AND name IN (SELECT value FROM json_each(?)) ORDER BY rank DESC, id DESC",
            (run, json.dumps(list(metrics))),
        )
        best = {row["name"]: row for row in rows}
        known: Known = {}
        return {name: _outline(self._db, best[name], buckets, known) for name in metrics if name in best}

    def rows_of_points(
        self, run: str, metric: str, *, before: tuple[str, str]
    ) -> Iterator[tuple[str, str, float, float | None, float, float | str]]:
        """(*`before`, step, epoch, time, value) of every point of a metric in the order written, from its most
        structured source. A value that is not finite is the word `nan`, `inf` or `-inf`."""
        points = self._db.execute(
            "SELECT ?, ?, step, epoch, at, CASE WHEN value IS NULL THEN 'nan'"
            " WHEN value > 1.7976931348623157e308 THEN 'inf' WHEN value < -1.7976931348623157e308 THEN '-inf'"
            " ELSE value END FROM points WHERE metric="
            "(SELECT id FROM metrics WHERE run=? AND name=? AND points > 0 ORDER BY rank, id LIMIT 1) ORDER BY n",
            (*before, run, metric),
        )
        points.row_factory = None
        yield from points

    def place_at(self, run: str, at: float) -> tuple[float | None, float | None]:
        """(step, epoch) that a run had reached at a moment, Unix seconds, as far as it told."""
        return place_at(self._db, run, at)

    def chain(self, run: str, metric: str) -> list[Link]:
        """The run and those it followed, as far as they wrote `metric`, the oldest first."""
        return chain(self._db, run, metric)


def _outline(db: sqlite3.Connection, row: sqlite3.Row, buckets: int, known: Known) -> Outline:
    metric, points = row["id"], row["points"]
    told = db.execute("SELECT n FROM segments WHERE metric=? AND n < ? ORDER BY n", (metric, points))
    inner = [row[0] for row in told if row[0] > 0]
    edges = [0, *(inner if len(inner) < buckets else ()), points]
    level = level_for(points, buckets)
    ends: list[int] = []
    begins: list[int] = []
    bins: list[Bin] = []
    cuts: list[int] = []
    for first, last in pairwise(edges):
        cuts.append(len(bins))
        reached = first
        found = thinned(
            bins_between(db, metric, level, first, last), math.ceil(buckets * (last - first) / points)
        )
        if found[0][6] > 1 and (head := _point(db, metric, first)) is not None:
            found.insert(0, head)
        for one in found:
            begins.append(reached)
            reached += one[6]
            ends.append(max(reached - 1, first))
        bins += found
    key = (points, row["last_step"], row["last_epoch"], row["last_at"], tuple(ends))
    placed = known.get(key) or list(_places(db, metric, ends))
    if points >= LONG:
        known[key] = placed
    pieces = tuple(
        Piece(one[0], one[1], *one[2:], epoch, at) for one, (at, epoch) in zip(bins, placed, strict=True)
    )
    odd = tuple(_oddities(db, metric, pieces, begins))
    return Outline(points=points, pieces=pieces, cuts=tuple(cuts[1:]), oddities=odd)


def _point(db: sqlite3.Connection, metric: int, n: int) -> Bin | None:
    """A point as the piece that a line begins with, which counts nothing; None where it is not finite."""
    ((step, value),) = points_between(db, metric, n, n + 1)
    return (step, step, value, value, value, value, 0, 0) if math.isfinite(value) else None


def _places(
    db: sqlite3.Connection, metric: int, numbers: Sequence[int]
) -> Iterator[tuple[float, float | None]]:
    """(time, epoch) of points by their numbers, which grow: of many, only some are read."""
    every = max(1, math.ceil(len(numbers) / PLACES))
    asked = sorted({*numbers[::every], numbers[-1]})
    rows = db.execute(
        "SELECT n, at, epoch FROM points WHERE metric=? AND n IN (SELECT value FROM json_each(?)) ORDER BY n",
        (metric, json.dumps(asked)),
    )
    known: list[tuple[int, float, float | None]] = [tuple(row) for row in rows]
    whole = [one[0] for one in known]
    for n in numbers:
        place = bisect_left(whole, n)
        after = known[place]
        if after[0] == n or place == 0:
            yield after[1], after[2]
            continue
        before = known[place - 1]
        part = (n - before[0]) / (after[0] - before[0])
        epoch = None
        if before[2] is not None and after[2] is not None:
            epoch = before[2] + (after[2] - before[2]) * part
        yield before[1] + (after[1] - before[1]) * part, epoch


LOOKED_UP = 8
"""Oddities of a curve of which it is looked up what they were."""


def _oddities(
    db: sqlite3.Connection, metric: int, pieces: Sequence[Piece], begins: Sequence[int]
) -> Iterator[Oddity]:
    """Where the curve is not finite, neighbours together; each at its first point that is not."""
    begun: int | None = None
    count = found = 0
    for number in range(len(pieces) + 1):
        odd = pieces[number].nonfinite if number < len(pieces) else 0
        if odd:
            begun = number if begun is None else begun
            count += odd
        elif begun is not None:
            found += 1
            if found <= LOOKED_UP:
                yield _looked_up(db, metric, begun, count, begins)
            else:
                one = pieces[begun]
                yield Oddity(begun, one.step_from, one.epoch, one.at, "", count)
            begun, count = None, 0


def _looked_up(db: sqlite3.Connection, metric: int, piece: int, count: int, begins: Sequence[int]) -> Oddity:
    row = db.execute(
        "SELECT step, epoch, at, value FROM points WHERE metric=? AND n>=?"
        " AND (value IS NULL OR abs(value) > 1.7976931348623157e308) ORDER BY n LIMIT 1",
        (metric, begins[piece]),
    ).fetchone()
    kind = "nan" if row["value"] is None else str(row["value"])
    return Oddity(piece, row["step"], row["epoch"], row["at"], kind, count)
