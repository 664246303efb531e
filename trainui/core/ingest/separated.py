"""Tables: comma, tab, semicolon or blanks between the cells, with a header or without, row by row as they come."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from trainui.core.ingest.again import Again
from trainui.core.ingest.cells import BLANKS, cells_of, delimiter_of, is_empty, place_of, value_of
from trainui.core.ingest.columns import Column, columns_of, headless, is_header, is_told, names_of
from trainui.core.ingest.dialects.names import PHASES, is_phased
from trainui.core.ingest.fields import EARLIEST, LATEST, clean_name, time_of
from trainui.core.ingest.laps import Laps
from trainui.core.ingest.records import NOTHING, Counting, Record, Tally
from trainui.core.ingest.text import strip_escapes

MAX_TABLES = 8
MAX_SIZE = 16 << 10
"""Characters of the headers that are remembered beside the last one: they are part of the state."""
MOST = 100
"""How sure one can become that a column holds numbers."""
DOUBT = 3
"""Numbers that make up for a word in a column that has not shown more numbers than words."""
LEAP = 50
"""An epoch this many of the longest strides ahead is a summary's, and no epoch."""
SETTLED = 5
"""Rows after which a leap is noticed."""


class Table:
    """One header and what its columns have shown so far: how many more numbers than words."""

    def __init__(
        self, header: Sequence[str], balance: Sequence[int] = (), *, has_header: bool = True
    ) -> None:
        self.header = list(header)
        self.columns: list[Column] = columns_of(header)
        self.balance = list(balance) or [0] * len(header)
        self.has_header = has_header

    def state(self) -> list[Any]:
        """What makes it again, as JSON can hold it."""
        return [self.header, self.balance, self.has_header]

    @property
    def size(self) -> int:
        """About as many characters as its state has."""
        return sum(map(len, self.header)) + 6 * len(self.header)

    def number(self, place: int, cell: str, *, has_commas: bool) -> float | None:
        """The number in a cell of a column that mostly holds numbers. A word counts against the column."""
        value = value_of(cell, has_commas=has_commas)
        weight = 1 if value is not None else -1 if self.balance[place] > 0 else -DOUBT
        self.balance[place] = max(-MOST, min(MOST, self.balance[place] + weight))
        return value if self.balance[place] > 0 else None


class Separated(Counting):
    """Reads a table. Several headers may take turns; a row belongs to the last one with as many cells.

    What it remembers is the delimiter, the headers, and how far the epochs have come.
    """

    def __init__(self) -> None:
        super().__init__()
        self.delimiter = ""
        self.tables: list[Table] = []
        self._laps = Laps()
        self._again = Again()
        self._last: float | None = None
        self._stride = 0.0
        self._rows = 0
        self._leapt: float | None = None

    def state(self) -> str:
        """JSON from which `restore` goes on exactly."""
        tally = self._tally
        return json.dumps(
            [
                [tally.lines, tally.understood, tally.samples],
                self.delimiter,
                [one.state() for one in self.tables],
                self._laps.state(),
                [self._last, self._stride, self._rows, self._leapt],
                self._again.state(),
            ]
        )

    @classmethod
    def restore(cls, state: str) -> Separated:
        """A reader that goes on where the one that gave `state` stopped; "" starts afresh."""
        reader = cls()
        if state:
            tally, reader.delimiter, tables, laps, leaps, again = json.loads(state)
            reader._tally, reader._laps = Tally(*tally), Laps.restore(laps)
            reader.tables = [Table(header, balance, has_header=named) for header, balance, named in tables]
            reader._last, reader._stride, reader._rows, reader._leapt = leaps
            reader._again = Again.restore(again)
        return reader

    @classmethod
    def anew(cls, state: str) -> str:
        """The state in which a table that was written anew is read from its beginning: only what it told is kept."""
        reader = cls()
        if state:
            reader._again = Again.restore(json.loads(state)[-1], anew=True)
        return reader.state()

    def read(self, item: bytes) -> Sequence[Record]:
        """The record of one row; none for a header, a blank line, a remark, or what does not fit the header."""
        return [record for piece in item.split(b"\r") for record in self._line(piece)]

    def _line(self, piece: bytes) -> Sequence[Record]:
        text = piece.decode("utf-8", "replace").strip("\x00\ufeff \n")
        bare = text.lstrip("#% ")
        if not bare.strip("\t") or (bare != text and (self.tables or not self._names(bare))):
            return NOTHING
        self._tally.lines += 1
        record, understood = self._row(bare)
        if understood:
            self._tally.understood += 1
        else:
            self._tally.miss(strip_escapes(text[:800]))
        return (record,) if record is not None and self._again.is_new(record) else NOTHING

    def _names(self, text: str) -> bool:
        cells = cells_of(text, delimiter_of(text))
        return is_header(cells) and is_told(columns_of(cells))

    def _row(self, text: str) -> tuple[Record | None, bool]:
        if not self.tables and text.lower().startswith("sep=") and len(text) == 5:
            self.delimiter = text[4]
            return None, True
        delimiter = self.delimiter or delimiter_of(text)
        cells = cells_of(text, delimiter)
        if not cells:
            return None, False
        table = self._table(cells)
        if self._is_new_header(cells, table, delimiter):
            self.delimiter = delimiter
            names = names_of(cells)
            self._add(Table(names))
            return None, True
        if not self.tables and (names := headless(cells)):
            self.delimiter = delimiter
            table = self._add(Table(names, has_header=False))
        if table is None:
            return None, False
        record = self._record(table, cells)
        if record is None:
            return None, False
        return (record if record.metrics else None), True

    def _table(self, cells: list[str]) -> Table | None:
        """The table a row belongs to; a delimiter at the row's end makes no cell."""
        for count in (len(cells), len(cells) - (not cells[-1])):
            for table in reversed(self.tables):
                if len(table.header) == count:
                    return table
        return None

    def _is_new_header(self, cells: list[str], table: Table | None, delimiter: str) -> bool:
        """Whether a row names columns; words with blanks between them may be prose, unless they speak of a training."""
        names = cells[:-1] if not cells[-1] else cells
        if not is_header(names) or not all(one.has_header for one in self.tables):
            return False
        is_fresh = table is None and delimiter != BLANKS
        return is_fresh or self._is_known(names) or is_told(columns_of(names))

    def _is_known(self, names: list[str]) -> bool:
        return any(names == one.header for one in self.tables)

    def _add(self, table: Table) -> Table:
        kept = [one for one in self.tables if len(one.header) != len(table.header)][-MAX_TABLES + 1 :]
        while kept and sum(one.size for one in (*kept, table)) > MAX_SIZE:
            del kept[0]
        self.tables = [*kept, table]
        return table

    def _record(self, table: Table, cells: list[str]) -> Record | None:
        """The record of a row, without metrics where no number is in it; None for a summary."""
        metrics: dict[str, float] = {}
        rest: dict[str, Any] = {}
        counted = episode = None
        part = key = ""
        for place, (column, cell) in enumerate(zip(table.columns, cells, strict=False)):
            role = column.role
            if not role or is_empty(cell):
                continue
            if role in ("metric", "value"):
                if (value := table.number(place, cell, has_commas=self.delimiter == ";")) is not None:
                    metrics[column.name] = value
            elif role in ("step", "within", "epoch", "episode"):
                at, of = place_of(cell)
                if role == "epoch" and at is not None and EARLIEST < at <= LATEST:
                    rest["at"] = at  # Unix seconds are called so too
                elif role == "epoch":
                    rest["epoch"], rest["total_epochs"] = at, of
                elif role == "episode":
                    episode = at
                else:
                    counted = at
                    rest["total_steps"] = of if role == "step" else None
            elif role in ("total_steps", "total_epochs"):
                rest[role] = place_of(cell)[0]
            elif role == "time":
                if (at := _moment(cell)) is not None:
                    rest["at"] = at
                elif (value := table.number(place, cell, has_commas=False)) is not None:
                    metrics[column.name] = value
            elif role == "part":
                part = PHASES.get(cell.lower(), "")
            elif role == "key":
                key = clean_name(cell)
        if not table.has_header and not any(metrics.values()):
            return Record()  # a row of zeros is one that a program has yet to fill in
        if self._leaps(rest.get("epoch") if counted is None else None):
            return None
        if counted is not None:
            rest["step"] = self._step(table, counted, rest.get("epoch", episode))
        return _made(metrics, rest, part, key)

    def _step(self, table: Table, counted: float | int, lap: float | int | None) -> float | int:
        if lap is None:
            return counted
        return self._laps.step_of(counted, lap, may_stand=any(one.role == "within" for one in table.columns))

    def _leaps(self, epoch: float | None) -> bool:
        """Whether an epoch lies beyond all that is plausible, and the next row does not go on from there."""
        if epoch is None:
            return False
        last, self._rows = self._last, self._rows + 1
        far = LEAP * (self._stride or 1)
        if last is not None and self._rows > SETTLED and epoch - last > far:
            goes_on = self._leapt is not None and 0 <= epoch - self._leapt <= far
            if not goes_on:
                self._leapt = epoch
                return True
        elif last is not None:
            self._stride = max(self._stride, epoch - last)
        self._last = epoch
        return False


def _moment(cell: str) -> float | None:
    value = value_of(cell)
    return time_of(cell if value is None else value)


def _made(metrics: dict[str, float], rest: dict[str, Any], part: str, key: str) -> Record:
    if key:
        metrics = dict.fromkeys([key], *metrics.values()) if len(metrics) == 1 else {}
    if part:
        metrics = {name if is_phased(name) else f"{part}/{name}": value for name, value in metrics.items()}
    known = {name: value for name, value in rest.items() if value is not None}
    if "epoch" in known:
        known["epoch"] = float(known["epoch"])
    return Record(metrics=metrics, **known)
