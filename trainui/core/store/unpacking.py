"""Lines of an archive as rows of runs.db. They may come from anybody: each is looked at before it is written.

What is read back is history: it belongs to no boot of this machine, asks for nothing, and costs this project nothing.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from trainui.core.errors import UserError
from trainui.core.gates import State
from trainui.core.gates.drawing import drawing_of
from trainui.core.run import Result, Status
from trainui.core.spec import spec_from_json
from trainui.core.spec.study import study_of
from trainui.core.store.actions import TO_DO
from trainui.core.store.lines import NONSENSE, PointTaker, RowTaker, UnreadableError
from trainui.core.store.migrations import MIGRATIONS
from trainui.core.store.money import CORRECTION, ELSEWHERE, RUN
from trainui.core.store.packing import MARK, OF_A_RUN, OF_A_SUBJECT
from trainui.core.store.subjects import PREFIX

IMPORTED = "imported"
"""Status of a study that came out of an archive: nobody judges it any more."""
WAS_TO_DO = "was to be done when it was packed"
_GONE = {
    "boot_id": None, "started_boot": None, "ended_boot": None, "start_after": None, "stop_at": None, "held": 0,
    "was_launched": 0, "place": None,
}  # fmt: skip
"""Columns of a run that would tie it to a machine, its queue or its clock."""


class Taker:
    """Writes the lines of one subject. Call inside one transaction; raises UnreadableError."""

    def __init__(
        self, db: sqlite3.Connection, subject: str, own: Mapping[str, Any], *, names: Mapping[str, str],
        landed: Iterator[int] | None = None,
    ) -> None:  # fmt: skip
        """`own`: columns of its row that this store decides; `names`: run as it was called → as it is called here;
        `landed`: the number of each metric, where their points were written before."""
        self.metrics = 0
        self._db = db
        self._subject = subject
        self._own = dict(own)
        self._names = names
        self._is_study = subject.startswith(PREFIX)
        self._verdicts: dict[int, int] = {}
        self._has_row = False
        self._landed = landed
        self._points = PointTaker(db)
        self._insert = RowTaker(db).insert

    def take(self, table: str, row: Mapping[str, Any]) -> None:
        """Write one line."""
        try:
            self._take(table, dict(row))
        except UnreadableError:
            raise
        except NONSENSE as error:
            raise UnreadableError(f"a row of {table} makes no sense: {error}") from error

    def close(self) -> None:
        """All lines were told."""
        self._points.close()
        if not self._has_row and not self._is_study:
            raise UnreadableError("a run without its own row")

    def _take(self, table: str, row: dict[str, Any]) -> None:
        if table == ("studies" if self._is_study else "runs") and not self._has_row:
            self._has_row = True
            self._take_own(table, row)
        elif not self._has_row and not self._is_study:
            raise UnreadableError("the row of the run does not come first")
        elif table == "metrics" and not self._is_study:
            self._take_metric(row)
        elif table == "points" and not self._is_study and self._landed is None:
            self._points.take(row)
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

    def _take_metric(self, row: dict[str, Any]) -> None:
        self.metrics += 1
        row["run"] = self._subject
        if self._landed is not None:
            self._insert("metrics", row | {"id": next(self._landed)})
        else:
            self._points.begin(self._insert("metrics", row), int(row["points"]))

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
