"""Lines of an archive, looked at before anything is written: they may come from anybody. And their points as rows."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Mapping, Sequence
from itertools import count, repeat
from typing import Any

import msgspec

from trainui.core.errors import SpecError
from trainui.core.store.envelopes import new_rows
from trainui.core.store.packing import CHUNK, COLUMNS
from trainui.core.store.segments import Track, cut, keep_cuts
from trainui.core.store.streams import BUCKET, POINT

NONSENSE = (
    sqlite3.Error, ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError, SpecError,
)  # fmt: skip
"""What reading a row raises that nobody of us wrote."""
LARGEST = 2**63
FIRST, LAST = -(2.0**31), 253_402_000_000.0
"""Unix seconds of any time here: from 1901 to 9999, whatever the place."""


class UnreadableError(ValueError):
    """A line that cannot have been written by an archive's writer; the message says which and why."""


def decoded(line: bytes) -> tuple[str, dict[str, Any]]:
    """(table, row) of one line. Raises UnreadableError."""
    try:
        return msgspec.json.decode(line, type=tuple[str, dict[str, Any]])
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise UnreadableError(f"a line makes no sense: {error}") from error


class RowTaker:
    """Writes rows. Call inside transactions."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._columns: dict[str, dict[str, str]] = {}
        """Table → its columns and their types."""

    def insert(self, table: str, row: Mapping[str, Any]) -> int:
        """Write the columns of `row`, each of which must be one of the table and of its type; returns its number."""
        known = self._columns.get(table)
        if known is None:
            info = self._db.execute(f"PRAGMA table_info({table})")
            known = self._columns[table] = {str(one["name"]): str(one["type"]) for one in info}
        if unknown := row.keys() - known.keys():
            raise UnreadableError(f"a row of {table} with a {min(unknown)!a:.40}")
        values = [_checked(row[name], known[name], f"{table}.{name}") for name in row]
        marks = ", ".join("?" * len(values))
        cursor = self._db.execute(
            f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})",  # noqa: S608
            values,
        )
        return int(cursor.lastrowid or 0)


def _checked(value: Any, kind: str, where: str) -> Any:
    """A value as the column takes it; text where text belongs, numbers where numbers do."""
    if value is None:
        return None
    if kind == "TEXT":
        if not isinstance(value, str):
            raise UnreadableError(f"{where} is no text")
        return value
    found = as_number(value, where)
    if kind == "INTEGER" and not isinstance(found, int):
        raise UnreadableError(f"{where} is no whole number")
    if where.endswith((".at", "_at")) and not FIRST <= found < LAST:
        raise UnreadableError(f"{where} is a time that no calendar has")
    return found


class PointTaker:
    """Writes chunks of points, one metric after the other. Call inside transactions; raises UnreadableError."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self.points = 0
        self._db = db
        self._metric: tuple[int, int] = (0, 0)
        """(its row, the points it says it has)."""
        self._n = 0
        self._track = Track()

    def begin(self, metric: int, points: int) -> None:
        """The chunks that follow are of the metric with this number, which says that it has so many points."""
        self.close()
        self._metric = metric, points

    def take(self, told: Mapping[str, Any]) -> None:
        """Write a chunk."""
        if not self._metric[0] or set(told) != set(COLUMNS):
            raise UnreadableError("points of no metric")
        lists = [told[name] for name in COLUMNS]
        size = len(lists[0])
        if not 0 < size <= CHUNK or any(not isinstance(one, list) or len(one) != size for one in lists):
            raise UnreadableError("a chunk of points of unequal columns")
        steps, values, epochs, ats = (
            numbers(one, name) for one, name in zip(lists[:4], COLUMNS, strict=False)
        )
        if None in steps or None in ats or set(map(type, lists[4])) != {int}:
            raise UnreadableError("a point without its step, its time or its number")
        if not (min(ats) >= FIRST and max(ats) < LAST):  # type: ignore[type-var,operator]
            raise UnreadableError("a point at a time that no calendar has")
        known = [math.nan if one is None else float(one) for one in values]
        metric, n = self._metric[0], self._n
        self._db.executemany(
            POINT, zip(repeat(metric), count(n), steps, known, epochs, ats, lists[4], strict=False)
        )
        self._db.executemany(BUCKET, new_rows(self._db, metric, n, steps, known))  # type: ignore[arg-type]
        keep_cuts(self._db, metric, cut(self._track, steps, n))  # type: ignore[arg-type]
        self._n += size
        self.points += size

    def close(self) -> None:
        """All chunks of the metric were told."""
        metric, points = self._metric
        if metric and points != self._n:
            raise UnreadableError(f"a metric says it has {points} points and has {self._n}")
        self._metric, self._n, self._track = (0, 0), 0, Track()


def numbers(values: Sequence[Any], where: str) -> Sequence[float | int | None]:
    """A column of a chunk. Raises UnreadableError."""
    kinds = set(map(type, values))
    if kinds <= {float, type(None)}:  # nearly all there are: an archive has millions
        return values
    if kinds == {int} and min(values) >= -LARGEST and max(values) < LARGEST:
        return values
    return [None if one is None else as_number(one, where) for one in values]


def as_number(value: Any, where: str) -> float | int:
    """A number that SQLite keeps. Raises UnreadableError."""
    if value in ("inf", "-inf"):
        return float(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise UnreadableError(f"{where} is no number")
    if isinstance(value, int) and not -LARGEST <= value < LARGEST:
        raise UnreadableError(f"{where} is beyond all numbers")
    return value
