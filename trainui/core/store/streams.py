"""Writing streams: points, envelopes and sources of a batch, in one transaction with its offset."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, field

from trainui.core.gates import Point
from trainui.core.store.envelope import WIDTHS, Bin

RANKS = {"jsonl": 0, "console": 9}
"""Structured sources first: the lowest rank of a metric is its curve, the others are kept as a check."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredPoint:
    """One point on its way into the store. `value` may be NaN; a point without a step gets its number."""

    metric: str
    step: float | None
    value: float
    epoch: float | None
    at: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """How far a file of a run was read, and what its reader must remember."""

    run: str
    path: str
    kind: str
    offset: int = 0
    inode: int | None = None
    lines: int = 0
    understood: int = 0
    state: str = ""
    mark: str = ""
    """Tells whether the bytes before the offset are still those that were read."""


@dataclass(slots=True)
class _Tally:
    """A metric's running figures and the buckets that still fill."""

    id: int
    points: int = 0
    nonfinite: int = 0
    first: float | None = None
    last: float | None = None
    min: float | None = None
    max: float | None = None
    min_step: float | None = None
    max_step: float | None = None
    last_step: float | None = None
    last_epoch: float | None = None
    last_at: float | None = None
    bins: dict[int, Bin] = field(default_factory=dict)


class StreamWriter:
    """Writes what was read. Keeps each metric's tally in memory; `forget` after a rollback."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._tallies: dict[tuple[str, str, str], _Tally] = {}
        self._counts: dict[str, int] = {}

    def forget(self) -> None:
        """Drop what is remembered: the next batch reads it from the store again."""
        self._tallies.clear()
        self._counts.clear()

    def _count_of(self, run: str) -> int:
        """Points of a run so far, over all metrics: the number of its next one, in the order they were read."""
        row = self._db.execute("SELECT coalesce(sum(points), 0) FROM metrics WHERE run=?", (run,)).fetchone()
        return int(row[0])

    def source(self, run: str, path: str, kind: str) -> Source:
        """How far `path` was read."""
        row = self._db.execute("SELECT * FROM sources WHERE run=? AND path=?", (run, path)).fetchone()
        return Source(**dict(row)) if row else Source(run=run, path=path, kind=kind)

    def advance(self, before: Source, after: Source) -> bool:
        """Move a source on; False when somebody else did meanwhile. Call inside the batch's transaction."""
        row = self._db.execute(
            "SELECT offset FROM sources WHERE run=? AND path=?", (before.run, before.path)
        ).fetchone()
        if (row["offset"] if row else 0) != before.offset:
            return False
        self._db.execute(
            "INSERT OR REPLACE INTO sources VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                after.run,
                after.path,
                after.kind,
                after.offset,
                after.inode,
                after.lines,
                after.understood,
                after.state,
                after.mark,
            ),
        )
        return True

    def add_points(self, run: str, source: str, points: Iterable[StoredPoint]) -> list[Point]:
        """Append points in the order given, with their envelopes; returns them. Call inside a transaction."""
        stored: list[Point] = []
        seq = self._counts[run] if run in self._counts else self._count_of(run)
        rows: list[tuple[object, ...]] = []
        full: list[tuple[object, ...]] = []
        touched: dict[int, _Tally] = {}
        for point in points:
            tally = self._tally(run, point.metric, source)
            touched[tally.id] = tally
            value = point.value
            step = point.step if point.step is not None else tally.points
            rows.append(
                (
                    tally.id,
                    tally.points,
                    step,
                    None if math.isnan(value) else value,
                    point.epoch,
                    point.at,
                    seq,
                )
            )
            seq += 1
            stored.append(Point(metric=point.metric, step=step, value=value, epoch=point.epoch, at=point.at))
            full.extend(_count(tally, stored[-1]))
        self._db.executemany("INSERT INTO points VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
        self._counts[run] = seq
        for tally in touched.values():
            full.extend(one.row(tally.id) for one in tally.bins.values())
            self._save(tally)
        self._db.executemany(
            "INSERT OR REPLACE INTO envelopes VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", full
        )
        return stored

    def is_known(self, run: str, metric: str) -> bool:
        """Whether the run has written this metric."""
        return (
            self._db.execute("SELECT 1 FROM metrics WHERE run=? AND name=?", (run, metric)).fetchone()
            is not None
        )

    def is_curve(self, run: str, metric: str, source: str) -> bool:
        """Whether `source` is the most structured one that has told this metric of this run."""
        row = self._db.execute(
            "SELECT source FROM metrics WHERE run=? AND name=? ORDER BY rank LIMIT 1", (run, metric)
        ).fetchone()
        return row is None or bool(row["source"] == source) or RANKS[source] < RANKS[str(row["source"])]

    def _tally(self, run: str, metric: str, source: str) -> _Tally:
        key = (run, metric, source)
        known = self._tallies.get(key)
        if known is None:
            known = self._tallies[key] = self._load(run, metric, source)
        return known

    def _load(self, run: str, metric: str, source: str) -> _Tally:
        self._db.execute(
            "INSERT OR IGNORE INTO metrics (run, name, source, rank) VALUES (?, ?, ?, ?)",
            (run, metric, source, RANKS[source]),
        )
        row = self._db.execute(
            "SELECT id, points, nonfinite, first, last, last_is_finite, min, max, min_step, max_step, last_step,"
            " last_epoch, last_at FROM metrics WHERE run=? AND name=? AND source=?",
            (run, metric, source),
        ).fetchone()
        values = dict(row)
        values.pop("last_is_finite")
        tally = _Tally(**values)
        for level, width in enumerate(WIDTHS):
            if tally.points % width:
                place = tally.points // width
                bin_row = self._db.execute(
                    "SELECT level, bucket, step_from, step_to, min, max, first, last, count, nonfinite"
                    " FROM envelopes WHERE metric=? AND level=? AND bucket=?",
                    (tally.id, level, place),
                ).fetchone()
                tally.bins[level] = Bin(**dict(bin_row))
        return tally

    def _save(self, tally: _Tally) -> None:
        last = tally.last
        is_finite = last is None or math.isfinite(last)
        self._db.execute(
            "UPDATE metrics SET points=?, nonfinite=?, first=?, last=?, last_is_finite=?, min=?, max=?, min_step=?,"
            " max_step=?, last_step=?, last_epoch=?, last_at=? WHERE id=?",
            (
                tally.points, tally.nonfinite, _nullable(tally.first), _nullable(last), int(is_finite), tally.min,
                tally.max, tally.min_step, tally.max_step, tally.last_step, tally.last_epoch, tally.last_at, tally.id,
            ),
        )  # fmt: skip


def _nullable(value: float | None) -> float | None:
    return None if value is None or math.isnan(value) else value


def _count(tally: _Tally, point: Point) -> list[tuple[object, ...]]:
    """Take a point into the tally; returns the buckets that are full now."""
    full: list[tuple[object, ...]] = []
    for level, width in enumerate(WIDTHS):
        place = tally.points // width
        one = tally.bins.get(level)
        if one is None or one.bucket != place:
            one = tally.bins[level] = Bin(level=level, bucket=place)
        one.add(point.step, point.value)
        if one.count == width:
            full.append(one.row(tally.id))
            del tally.bins[level]
    value = point.value
    if not tally.points:
        tally.first = value
    tally.points += 1
    tally.last, tally.last_step, tally.last_at = value, point.step, point.at
    tally.last_epoch = point.epoch if point.epoch is not None else tally.last_epoch
    if not math.isfinite(value):
        tally.nonfinite += 1
    else:
        if tally.min is None or value < tally.min:
            tally.min, tally.min_step = value, point.step
        if tally.max is None or value > tally.max:
            tally.max, tally.max_step = value, point.step
    return full
