"""A batch of records as columns, one metric each: what is done a million times is done by the interpreter's C."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import accumulate
from operator import itemgetter
from typing import TypeVar, cast

from trainui.core.gates import Piece, Place, Point
from trainui.core.ingest.records import Record
from trainui.core.store.envelope import Step

T = TypeVar("T")
S = TypeVar("S", float, float | None)

LARGEST = 2**63
"""SQLite keeps whole numbers below this."""


@dataclass(slots=True)
class Column:
    """The points of one metric in a batch, in the order read."""

    values: list[float]
    places: Sequence[int]
    """Which record of the batch each stood in."""
    seqs: Sequence[int]
    """Its number among all points of the run."""


class Batch:
    """Records that hold points, taken apart.

    Attributes:
        columns: metric → its points.
        epochs: of each record; None where it said none.
        ats: of each record, Unix seconds.
        size: points in all.
    """

    def __init__(self, records: Sequence[Record], *, now: float, first: int, prefix: str = "") -> None:
        """`first` is the number of the batch's first point in its run; `now` stands where a record has no time."""
        # what a checkpoint's metrics tell was saved: the run logged them as points before
        told = [one for one in records if one.metrics and one.checkpoint is None]
        self.columns = _columns(told, first, prefix)
        self.size = sum(len(column.values) for column in self.columns.values())
        self.ats = [now if one.at is None else one.at for one in told]
        epochs: list[float | None] = [one.epoch for one in told]
        self.epochs = epochs if _are_storable(epochs) else [storable(one) for one in epochs]
        steps: list[Step | None] = [one.step for one in told]
        if None in steps:
            steps = [here if step is None else step for step, here in zip(steps, self.epochs, strict=True)]
        self._steps = steps if _are_storable(steps) else [storable(one) for one in steps]
        self._has_every_step = None not in self._steps
        self._told = told
        self._prefix = prefix

    def steps(self, column: Column, n: int) -> list[Step]:
        """Where a column's points belong; `n` is the number of its first: it stands in where none was told."""
        found = self.of(column, self._steps)
        if self._has_every_step:
            return found  # type: ignore[return-value]
        return [number if step is None else step for number, step in enumerate(found, n)]

    def of(self, column: Column, told: list[T]) -> list[T]:
        """What `told` (one a record) says of each point of `column`."""
        return told if len(column.places) == len(told) else [told[place] for place in column.places]

    def told(self, metrics: Mapping[str, list[Step]], aside: Set[str]) -> Told:
        """The points of `metrics` (name → steps), for the gates.

        An epoch that was told before still holds, unless by a record all of whose metrics stand `aside`.
        """
        epochs = self.epochs
        if aside:
            epochs = [None if self._is_aside(one, aside) else one.epoch for one in self._told]
        carried: list[float | None] = list(accumulate(epochs, _held))
        columns = {name: self.columns[name] for name in metrics}
        whole = [
            Piece(
                metric=name,
                values=column.values,
                steps=cast(list[float], metrics[name]),
                epochs=self.of(column, carried),
                ats=self.of(column, self.ats),
            )
            for name, column in columns.items()
        ]
        return Told(list(columns.values()), whole, lines=len(self._told))

    def place(self, steps: Mapping[str, list[Step]], aside: Set[str] = frozenset()) -> Place | None:
        """How far the last point was that does not stand `aside`, with the last epoch told until then."""
        told = [n for n, one in enumerate(self._told) if not self._is_aside(one, aside)] if aside else None
        places = range(len(self._told)) if told is None else told
        if not places:
            return None
        last = places[-1]
        names = [one for name in self._told[last].metrics if (one := self._prefix + name) not in aside]
        step = steps[max(names, key=lambda name: self.columns[name].seqs[-1])][-1]
        epochs = (self.epochs[n] for n in reversed(places) if self.epochs[n] is not None)
        return Place(step=step, epoch=next(epochs, None), at=self.ats[last])

    def _is_aside(self, record: Record, aside: Set[str]) -> bool:
        return all(self._prefix + name in aside for name in record.metrics)


class Told:
    """Points of a batch, all of them or those of some of its records."""

    def __init__(self, columns: Sequence[Column], whole: Sequence[Piece], *, lines: int) -> None:
        """`whole`: all points of each of the columns; `lines`: how many records there are."""
        self._columns = columns
        self._whole = whole
        self.lines = lines

    def __len__(self) -> int:
        return sum(len(column.values) for column in self._columns)

    def pieces(self, start: int, stop: int) -> list[Piece]:
        """The points of these records by their metrics; last is the one whose last point is the last of all."""
        found = [(column.seqs[last - 1], piece) for column, piece, last in self._cut(start, stop)]
        return [piece for _, piece in sorted(found, key=itemgetter(0))]

    def points(self, start: int, stop: int) -> list[Point]:
        """All points of these records, in the order read."""
        return [point for _, point in self.numbered(start, stop)]

    def numbered(self, start: int, stop: int) -> list[tuple[int, Point]]:
        """The same, with their numbers in the run."""
        found: list[tuple[int, Point]] = []
        for column, piece, last in self._cut(start, stop):
            name, size = piece.metric, len(piece.values)
            rows = zip(
                column.seqs[last - size : last],
                piece.steps,
                piece.values,
                piece.epochs,
                piece.ats,
                strict=True,
            )
            found += [
                (seq, Point(metric=name, step=step, value=value, epoch=epoch, at=at))
                for seq, step, value, epoch, at in rows
            ]
        if len(self._columns) > 1:
            found.sort(key=itemgetter(0))
        return found

    def _cut(self, start: int, stop: int) -> Iterator[tuple[Column, Piece, int]]:
        """Columns that have points in these records, with those, and where in the column they end."""
        for column, whole in zip(self._columns, self._whole, strict=True):
            first, last = start, stop
            if len(column.places) != self.lines:
                first, last = bisect_left(column.places, start), bisect_left(column.places, stop)
            if first < last:
                here = slice(first, last)
                yield (
                    column,
                    Piece(
                        metric=whole.metric,
                        values=whole.values[here],
                        steps=whole.steps[here],
                        epochs=whole.epochs[here],
                        ats=whole.ats[here],
                    ),
                    last,
                )


NOTHING = Told((), (), lines=0)


def _columns(records: Sequence[Record], seq: int, prefix: str) -> dict[str, Column]:
    told = [one.metrics for one in records]
    names = list(told[0]) if told else []
    if all(list(one) == names for one in told):
        width, places = len(names), range(len(told))
        return {
            prefix + name: Column(
                [one[name] for one in told], places, range(seq + nth, seq + width * len(told), width)
            )
            for nth, name in enumerate(names)
        }
    columns: dict[str, tuple[list[float], list[int], list[int]]] = {}
    for place, metrics in enumerate(told):
        for name, value in metrics.items():
            column = columns.get(name)
            if column is None:
                column = columns[name] = ([], [], [])
            column[0].append(value)
            column[1].append(place)
            column[2].append(seq)
            seq += 1
    return {prefix + name: Column(*column) for name, column in columns.items()}


def _are_storable(numbers: Sequence[Step | None]) -> bool:
    told = [one for one in numbers if one is not None] if None in numbers else cast(Sequence[Step], numbers)
    return not told or (min(told) >= -LARGEST and max(told) < LARGEST)


def _held(before: float | None, told: float | None) -> float | None:
    return before if told is None else told


def storable(step: S) -> S:
    """A whole number SQLite cannot keep becomes the nearest float."""
    return float(step) if isinstance(step, int) and not -LARGEST <= step < LARGEST else step
