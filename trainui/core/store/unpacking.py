"""Lines of an archive as rows of runs.db. They may come from anybody: each is looked at before it is written.

What is read back is history: it belongs to no boot of this machine, asks for nothing, and costs this project nothing.
"""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Mapping, Sequence
from itertools import count, repeat
from pathlib import Path
from typing import Any

import msgspec

from trainui.core.errors import SpecError, UserError
from trainui.core.gates import State
from trainui.core.gates.drawing import drawing_of
from trainui.core.run import Result, Status
from trainui.core.spec import spec_from_json
from trainui.core.spec.study import study_of
from trainui.core.store.actions import TO_DO
from trainui.core.store.envelopes import new_rows
from trainui.core.store.migrations import MIGRATIONS
from trainui.core.store.money import CORRECTION, ELSEWHERE, RUN
from trainui.core.store.packing import CHUNK, COLUMNS, MARK, OF_A_RUN, OF_A_SUBJECT
from trainui.core.store.segments import Track, cut, keep_cuts
from trainui.core.store.streams import BUCKET, POINT
from trainui.core.store.subjects import PREFIX

IMPORTED = "imported"
"""Status of a study that came out of an archive: nobody judges it any more."""
WAS_TO_DO = "was to be done when it was packed"
_LARGEST = 2**63
_FIRST, _LAST = -(2.0**31), 253_402_000_000.0
"""Unix seconds of any time here: from 1901 to 9999, whatever the place."""
_NONSENSE = (
    sqlite3.Error, ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError, SpecError,
)  # fmt: skip
"""What reading a row raises that nobody of us wrote."""
_GONE = {
    "boot_id": None, "started_boot": None, "ended_boot": None, "start_after": None, "stop_at": None, "held": 0,
    "was_launched": 0, "place": None,
}  # fmt: skip
"""Columns of a run that would tie it to a machine, its queue or its clock."""


class UnreadableError(ValueError):
    """A line that cannot have been written by an archive's writer; the message says which and why."""


def decoded(line: bytes) -> tuple[str, dict[str, Any]]:
    """(table, row) of one line. Raises UnreadableError."""
    try:
        return msgspec.json.decode(line, type=tuple[str, dict[str, Any]])
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise UnreadableError(f"a line makes no sense: {error}") from error


class Taker:
    """Writes the lines of one subject. Call inside one transaction; raises UnreadableError."""

    def __init__(
        self, db: sqlite3.Connection, subject: str, own: Mapping[str, Any], *, names: Mapping[str, str]
    ) -> None:
        """`own`: columns of its row that this store decides; `names`: run as it was called → as it is called here."""
        self.points = 0
        self.metrics = 0
        self._db = db
        self._subject = subject
        self._own = dict(own)
        self._names = names
        self._is_study = subject.startswith(PREFIX)
        self._columns: dict[str, dict[str, str]] = {}
        """Table → its columns and their types."""
        self._verdicts: dict[int, int] = {}
        self._has_row = False
        self._metric: tuple[int, int] = (0, 0)
        """(its row, the points it says it has)."""
        self._n = 0
        self._track = Track()

    def take(self, table: str, row: Mapping[str, Any]) -> None:
        """Write one line."""
        try:
            self._take(table, dict(row))
        except UnreadableError:
            raise
        except _NONSENSE as error:
            raise UnreadableError(f"a row of {table} makes no sense: {error}") from error

    def close(self) -> None:
        """All lines were told."""
        self._close_metric()
        if not self._has_row and not self._is_study:
            raise UnreadableError("a run without its own row")

    def _take(self, table: str, row: dict[str, Any]) -> None:
        if table == ("studies" if self._is_study else "runs") and not self._has_row:
            self._has_row = True
            self._take_own(table, row)
        elif not self._has_row and not self._is_study:
            raise UnreadableError("the row of the run does not come first")
        elif table == "metrics" and not self._is_study:
            self._close_metric()
            self._metric = self._insert(table, row | {"run": self._subject}), int(row["points"])
            self.metrics += 1
        elif table == "points" and not self._is_study:
            self._take_points(row)
        elif table == "ledger" and not self._is_study:
            self._take_money(row)
        elif table in (OF_A_SUBJECT if self._is_study else OF_A_RUN):
            self._take_row(table, row)
        else:
            raise UnreadableError(f"it has a line of {table!a:.40}")

    def _take_own(self, table: str, row: dict[str, Any]) -> None:
        if table == "runs":
            if Status(row["status"]) is not Status.ENDED:
                raise UnreadableError("a run that has not ended")
            Result(row["result"])
            spec_from_json(row["spec"])
            for name in ("gpus", "evidence"):
                if not all(isinstance(one, str) for one in _list(row[name])):
                    raise UnreadableError(f"{name} of a run is no list of words")
            row |= _GONE
        else:
            study_of(row["text"])
        self._insert(table, row | self._own)

    def _take_row(self, table: str, row: dict[str, Any]) -> None:
        row["run"] = self._subject
        if table == "gates":
            State(row["verdict"])
            drawing_of(row["text"], row["metric"])
        elif table == "verdicts":
            State(row["verdict"])
            _list(row["window"])
            number = row.pop("id")
            self._verdicts[number] = self._insert(table, row)
            return
        elif table == "actions":
            row["verdict"] = self._verdicts[row["verdict"]]
            if row["outcome"] == TO_DO:
                row["outcome"] = WAS_TO_DO
        elif table == "readings" and self._is_study:
            row["name"] = self._names.get(row["name"], row["name"])
        self._insert(table, row)

    def _take_points(self, told: Mapping[str, Any]) -> None:
        """A chunk of the metric that was told last."""
        if not self._metric[0] or set(told) != set(COLUMNS):
            raise UnreadableError("points of no metric")
        lists = [told[name] for name in COLUMNS]
        size = len(lists[0])
        if not 0 < size <= CHUNK or any(not isinstance(one, list) or len(one) != size for one in lists):
            raise UnreadableError("a chunk of points of unequal columns")
        steps, values, epochs, ats = (
            _numbers(one, name) for one, name in zip(lists[:4], COLUMNS, strict=False)
        )
        if None in steps or None in ats or set(map(type, lists[4])) != {int}:
            raise UnreadableError("a point without its step, its time or its number")
        if not (min(ats) >= _FIRST and max(ats) < _LAST):  # type: ignore[type-var,operator]
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

    def _close_metric(self) -> None:
        metric, points = self._metric
        if metric and points != self._n:
            raise UnreadableError(f"a metric says it has {points} points and has {self._n}")
        self._metric, self._n, self._track = (0, 0), 0, Track()

    def _take_money(self, row: dict[str, Any]) -> None:
        """A line of what it cost elsewhere, and one that takes the same off again: this project paid none of it."""
        if row["kind"] not in (RUN, CORRECTION) or (row["kind"] == RUN and row["micro_usd"] < 0):
            raise UnreadableError("a line of the ledger that no run is charged by")
        row |= {"boot_id": "", "lease": None}
        self._insert("ledger", row | {"run": self._subject})
        less = {
            "micro_usd": -row["micro_usd"],
            "gpu_ms": -row["gpu_ms"],
            "kind": ELSEWHERE,
            "owed": 0,
            "owed_ms": 0,
        }
        self._insert("ledger", row | less | {"run": "", "text": f"{self._subject} was paid elsewhere"})

    def _insert(self, table: str, row: Mapping[str, Any]) -> int:
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
    found = _as_number(value, where)
    if kind == "INTEGER" and not isinstance(found, int):
        raise UnreadableError(f"{where} is no whole number")
    if where.endswith((".at", "_at")) and not _FIRST <= found < _LAST:
        raise UnreadableError(f"{where} is a time that no calendar has")
    return found


def _numbers(values: Sequence[Any], where: str) -> Sequence[float | int | None]:
    kinds = set(map(type, values))
    if kinds <= {float, type(None)}:  # nearly all there are: an archive has millions
        return values
    if kinds == {int} and min(values) >= -_LARGEST and max(values) < _LARGEST:
        return values
    return [None if one is None else _as_number(one, where) for one in values]


def _as_number(value: Any, where: str) -> float | int:
    if value in ("inf", "-inf"):
        return float(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise UnreadableError(f"{where} is no number")
    if isinstance(value, int) and not -_LARGEST <= value < _LARGEST:
        raise UnreadableError(f"{where} is beyond all numbers")
    return value


def _list(text: str) -> list[Any]:
    found = json.loads(text)
    if not isinstance(found, list):
        raise UnreadableError("what should be a list is none")
    return found


def check_schema(schema: int, path: Path) -> None:
    """Raise UserError for rows that a newer trainui wrote; what older ones did not know has its defaults."""
    if schema > len(MIGRATIONS):
        told = f"{path} was written by a newer trainui (schema {schema}; this one knows {len(MIGRATIONS)})"
        raise UserError(told, hint="update trainui")


def known_as(db: sqlite3.Connection, identity: str, name: str, queued_at: float) -> str | None:
    """The run of this store that is the same as one of an archive: it came from there before, or went there."""
    row = db.execute(
        "SELECT name FROM runs WHERE imported=?1 OR (name=?2 AND queued_at=?3 AND imported='')",
        (MARK + identity, name, queued_at),
    ).fetchone()
    return None if row is None else str(row[0])


def taken_names(db: sqlite3.Connection) -> set[str]:
    """Names that runs have, or were promised."""
    rows = db.execute("SELECT name FROM runs UNION SELECT run FROM intents WHERE verb='start'")
    return {str(row[0]) for row in rows}


def taken_studies(db: sqlite3.Connection) -> set[str]:
    """Names that studies have."""
    rows = db.execute(
        "SELECT name FROM studies UNION SELECT study FROM runs UNION"
        " SELECT substr(run, ?1) FROM gates WHERE substr(run, 1, ?1 - 1)=?2",
        (len(PREFIX) + 1, PREFIX),
    )
    return {str(row[0]) for row in rows}


def is_charged(db: sqlite3.Connection, run: str) -> bool:
    """Whether the ledger has a line of a run."""
    return bool(db.execute("SELECT EXISTS (SELECT 1 FROM ledger WHERE run=?)", (run,)).fetchone()[0])
