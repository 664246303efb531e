"""Writing streams: points, envelopes and sources of a batch, in one transaction with its offset."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Callable, Collection, Sequence
from dataclasses import astuple, dataclass, field
from itertools import chain, count, repeat
from typing import Any

from trainui.core.gates import Place, Point
from trainui.core.ingest.formats import format_named
from trainui.core.ingest.records import Record
from trainui.core.store.columns import NOTHING, Batch, Column, Told
from trainui.core.store.envelope import Step
from trainui.core.store.envelopes import new_rows
from trainui.core.store.segments import Track, cut, keep_cuts

POINT = "INSERT INTO points (metric, n, step, value, epoch, at, seq) VALUES (?, ?, ?, ?, ?, ?, ?)"
BUCKET = "INSERT OR REPLACE INTO envelopes VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
FIGURES = (
    "points", "nonfinite", "first", "last", "last_is_finite", "min", "max", "min_step", "max_step", "last_step",
    "last_epoch", "last_at", "top_step", "behind_step",
)  # fmt: skip
SAVE = f"UPDATE metrics SET {', '.join(f'{name}=?' for name in FIGURES)} WHERE id=?"  # noqa: S608


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
    prefix: str = ""
    """Stands before the names of its metrics."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Added:
    """What a batch brought."""

    metrics: Collection[str] = ()
    size: int = 0
    """Points in all."""
    told: Told = NOTHING
    """Those that were wanted."""
    overruled: Collection[str] = ()
    """Metrics that were told before, by a source that is now known to be the lesser one."""
    place: Place | None = None
    """How far its last point was; None without any."""
    curve_place: Place | None = None
    """The same of the points for whose metric no more structured source is known."""

    @property
    def points(self) -> Sequence[Point]:
        """Those that were wanted, in the order read."""
        return self.told.points(0, self.told.lines)


@dataclass(slots=True)
class _Tally:
    """A metric's running figures."""

    id: int
    points: int = 0
    nonfinite: int = 0
    first: float | None = None
    last: float | None = None
    min: float | None = None
    max: float | None = None
    min_step: Step | None = None
    max_step: Step | None = None
    last_step: Step | None = None
    last_epoch: float | None = None
    last_at: float | None = None
    track: Track = field(default_factory=Track)

    def figures(self) -> tuple[object, ...]:
        """What SAVE asks for."""
        is_finite = self.last is None or math.isfinite(self.last)
        return (
            self.points, self.nonfinite, self.first, self.last, int(is_finite), self.min, self.max, self.min_step,
            self.max_step, self.last_step, self.last_epoch, self.last_at, self.track.top, self.track.behind, self.id,
        )  # fmt: skip


@dataclass(slots=True)
class _Known:
    """What is remembered of one run."""

    points: int
    """All of its points: the number of its next one, in the order they were read."""
    curves: dict[str, tuple[int, int]]
    """Metric → (rank, id) of its most structured source."""
    tallies: dict[tuple[str, str], _Tally] = field(default_factory=dict)
    """(source, metric) → its figures."""


class StreamWriter:
    """Writes what was read. Keeps each metric's tally in memory; `forget` after a rollback."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._known: dict[str, _Known] = {}

    def forget(self, run: str | None = None) -> None:
        """Drop what is remembered, of one run or of all: the next batch reads it from the store again."""
        if run is None:
            self._known.clear()
        else:
            self._known.pop(run, None)

    def source(self, run: str, path: str, kind: str, *, prefix: str = "") -> Source:
        """How far `path` was read."""
        row = self._db.execute("SELECT * FROM sources WHERE run=? AND path=?", (run, path)).fetchone()
        return Source(**dict(row)) if row else Source(run=run, path=path, kind=kind, prefix=prefix)

    def advance(self, before: Source, after: Source) -> bool:
        """Move a source on; False when somebody else did meanwhile. Call inside the batch's transaction."""
        row = self._db.execute(
            "SELECT offset, mark FROM sources WHERE run=? AND path=?", (before.run, before.path)
        ).fetchone()
        if (tuple(row) if row else (0, "")) != (before.offset, before.mark):
            return False
        self._db.execute(
            "INSERT OR REPLACE INTO sources (run, path, kind, offset, inode, lines, understood, state, mark, prefix)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            astuple(after),
        )
        return True

    def add_records(
        self,
        run: str,
        source: str,
        records: Sequence[Record],
        *,
        now: float,
        wanted: Callable[[str], bool] | None = None,
        prefix: str = "",
    ) -> Added:
        """Append the points of records in the order given, with their envelopes. Call inside a transaction.

        A point without a step stands at its epoch, or at its number; one without a time at `now` (Unix
        seconds). The points of the `wanted` metrics are returned as far as `source` is the most structured
        one that tells them. `prefix` goes before every name.
        """
        known = self._run(run)
        batch = Batch(records, now=now, first=known.points, prefix=prefix)
        if not batch.size:
            return Added()
        before = {name: known.curves[name] for name in batch.columns if name in known.curves}
        tallies = {name: self._tally(known, run, name, source) for name in batch.columns}
        steps = {name: batch.steps(column, tallies[name].points) for name, column in batch.columns.items()}
        self._insert(batch, tallies, steps)
        known.points += batch.size
        aside = {name for name, tally in tallies.items() if known.curves[name][1] != tally.id}
        asked = [name for name in batch.columns if wanted and name not in aside and wanted(name)]
        return Added(
            metrics=batch.columns.keys(),
            size=batch.size,
            told=batch.told({one: steps[one] for one in asked}, aside) if asked else NOTHING,
            overruled=[name for name, curve in before.items() if known.curves[name] != curve],
            place=batch.place(steps),
            curve_place=batch.place(steps, aside),
        )

    def _insert(self, batch: Batch, tallies: dict[str, _Tally], steps: dict[str, list[Step]]) -> None:
        """Rows in the order of their keys: what is appended side by side costs least."""
        columns = sorted(batch.columns.items(), key=lambda one: tallies[one[0]].id)
        rows = (
            zip(
                repeat(tallies[name].id),
                count(tallies[name].points),
                steps[name],
                column.values,
                batch.of(column, batch.epochs),
                batch.of(column, batch.ats),
                column.seqs,
            )
            for name, column in columns
        )
        self._db.executemany(POINT, chain.from_iterable(rows))
        for name, column in columns:
            tally, n = tallies[name], tallies[name].points
            self._db.executemany(BUCKET, new_rows(self._db, tally.id, n, steps[name], column.values))
            keep_cuts(self._db, tally.id, cut(tally.track, steps[name], n))
            _count(tally, column, steps[name], batch)
        self._db.executemany(SAVE, [tally.figures() for tally in tallies.values()])

    def points(self, run: str) -> int:
        """How many points of the run are written."""
        return self._run(run).points

    def is_known(self, run: str, metric: str) -> bool:
        """Whether the run has written this metric."""
        return metric in self._run(run).curves

    def _run(self, run: str) -> _Known:
        known = self._known.get(run)
        if known is None:
            rows = self._db.execute(
                "SELECT id, name, rank, points FROM metrics WHERE run=?", (run,)
            ).fetchall()
            known = self._known[run] = _Known(points=sum(row["points"] for row in rows), curves={})
            for row in sorted(rows, key=lambda row: (row["rank"], row["id"]), reverse=True):
                known.curves[row["name"]] = (row["rank"], row["id"])
        return known

    def _tally(self, known: _Known, run: str, metric: str, source: str) -> _Tally:
        found = known.tallies.get((source, metric))
        if found is None:
            found = known.tallies[source, metric] = self._load(run, metric, source)
            # structured sources first: the lowest rank is the curve, the others are kept as a check
            mine = (format_named(source).rank, found.id)
            known.curves[metric] = min(mine, known.curves.get(metric, mine))
        return found

    def _load(self, run: str, metric: str, source: str) -> _Tally:
        self._db.execute(
            "INSERT OR IGNORE INTO metrics (run, name, source, rank) VALUES (?, ?, ?, ?)",
            (run, metric, source, format_named(source).rank),
        )
        row = self._db.execute(
            f"SELECT id, {', '.join(FIGURES)} FROM metrics WHERE run=? AND name=? AND source=?",  # noqa: S608
            (run, metric, source),
        ).fetchone()
        values: dict[str, Any] = dict(row)
        values.pop("last_is_finite")
        track = Track(top=values.pop("top_step"), behind=values.pop("behind_step"))
        return _Tally(**values, track=track)


def _count(tally: _Tally, column: Column, steps: Sequence[Step], batch: Batch) -> None:
    """Take a batch's points into the tally."""
    values = column.values
    if not tally.points:
        tally.first = values[0]
    tally.points += len(values)
    tally.last, tally.last_step = values[-1], steps[-1]
    tally.last_at = batch.ats[column.places[-1]]
    epochs = (one for place in reversed(column.places) if (one := batch.epochs[place]) is not None)
    tally.last_epoch = next(epochs, tally.last_epoch)
    if not math.isfinite(sum(values)):
        pairs = [(value, step) for value, step in zip(values, steps, strict=True) if math.isfinite(value)]
        tally.nonfinite += len(values) - len(pairs)
        if not pairs:
            return
        values, steps = [one[0] for one in pairs], [one[1] for one in pairs]
    low, high = min(values), max(values)
    if tally.min is None or low < tally.min:
        tally.min, tally.min_step = low, steps[values.index(low)]
    if tally.max is None or high > tally.max:
        tally.max, tally.max_step = high, steps[values.index(high)]
