"""Reading what was done about verdicts: actions, what holds the queue, open questions, where a next try begins."""

from __future__ import annotations

import json
import re
import sqlite3
from typing import TYPE_CHECKING

from msgspec import Struct

from trainui.core.gates.drawing import NOT_ASKED
from trainui.core.store.blocks import blocks
from trainui.core.store.lineage import beginning, family_tries, newest_checkpoint
from trainui.core.store.subjects import REPLACED

if TYPE_CHECKING:
    from trainui.core.spec import Spec
    from trainui.core.store.blocks import Block

USED_UP = re.compile(r"tried (\d+) of \1 times")
"""In the offer of a remedy: it cannot be tried any more."""
ASKED = ("warn", "unknown")
"""Verdicts of an ask gate that still wants an answer."""


class ActionView(Struct, frozen=True, kw_only=True):
    """An action that a verdict brought, done or withheld."""

    run: str
    """A run, or `study:NAME`."""
    gate: str
    verdict: str
    action: str
    outcome: str
    is_done: bool
    would_save_seconds: float | None = None
    would_save_usd: float | None = None
    at: float
    """Unix seconds."""


class QuestionView(Struct, frozen=True, kw_only=True):
    """A question of an ask gate that nobody has answered."""

    run: str
    """A run, or `study:NAME`."""
    gate: str
    question: str


class AnswerView(Struct, frozen=True, kw_only=True):
    """What a person said to an ask gate."""

    run: str
    gate: str
    is_yes: bool
    who: str
    note: str
    at: float
    """Unix seconds."""


class TurnedView(Struct, frozen=True, kw_only=True):
    """A change of a gate's verdict, with what decided it."""

    verdict: str
    value: float | None
    reason: str
    step: float | None
    epoch: float | None
    at: float
    """Unix seconds."""
    window: tuple[float, ...] = ()
    """The newest values that decided, at most eight, oldest first."""


class DoingsReader:
    """The part of a Reader that tells what was done, and what waits for a person."""

    _db: sqlite3.Connection

    def actions(self, run: str | None = None) -> list[ActionView]:
        """What was done or withheld about the gates of a run or study, or of all; oldest first."""
        rows = self._db.execute(
            "SELECT actions.*, verdicts.verdict AS state FROM actions JOIN verdicts ON verdicts.id = actions.verdict"
            " WHERE ?1 IS NULL OR actions.run=?1 ORDER BY actions.id",
            (run,),
        ).fetchall()
        return [
            ActionView(
                run=row["run"],
                gate=row["gate"],
                verdict=row["state"],
                action=row["action"],
                outcome=row["outcome"],
                is_done=bool(row["is_done"]),
                would_save_seconds=row["would_save_seconds"],
                would_save_usd=None if row["would_save_micro"] is None else row["would_save_micro"] / 1e6,
                at=row["at"],
            )
            for row in rows
        ]

    def blocks(self) -> list[Block]:
        """What gates hold the queue by, oldest first."""
        return blocks(self._db)

    def questions(self, run: str | None = None) -> list[QuestionView]:
        """What people are asked now, of a run or study, or of all: its time has come, and nobody has answered. What
        runs ask is asked of them, not of their study once more."""
        rows = self._db.execute(
            "SELECT run, gate, rule, verdict FROM gates WHERE role='ask' AND verdict IN (?2, ?3)"
            " AND NOT instr(reason, ?5)"
            " AND (?1 IS NULL OR run=?1) AND NOT (run LIKE 'study:%' AND (instr(gate, ?4) OR EXISTS"
            " (SELECT 1 FROM gates AS own WHERE own.gate=gates.gate AND own.run NOT LIKE 'study:%')))"
            " ORDER BY run, place",
            (run, *ASKED, REPLACED, NOT_ASKED),
        ).fetchall()
        return [
            QuestionView(run=row["run"], gate=row["gate"], question=row["rule"].removeprefix("asks: "))
            for row in rows
        ]

    def offers(self, run: str) -> list[str]:
        """The remedies that a person may try after a run, `remedy nan: trainui retry RUN --remedy nan…`; none that
        was tried after it, or as often as it may be."""
        rows = self._db.execute(
            "SELECT text FROM events WHERE run=? AND kind='remedy' AND text LIKE 'remedy %: trainui retry %'"
            " ORDER BY id",
            (run,),
        )
        offered = {text.partition(":")[0]: text for (text,) in rows}
        tried = {
            row[0]
            for row in self._db.execute(
                "SELECT json_extract(payload, '$.retried_for') FROM intents WHERE verb='start'"
                " AND json_extract(payload, '$.parent')=?1 UNION SELECT retried_for FROM runs WHERE parent=?1",
                (run,),
            )
        }
        return [text for name, text in offered.items() if name not in tried and not USED_UP.search(text)]

    def answers(self, run: str) -> list[AnswerView]:
        """What people said to the ask gates of a run or study, oldest first."""
        rows = self._db.execute(
            "SELECT run, gate, is_yes, who, note, at FROM answers WHERE run=? ORDER BY id", (run,)
        ).fetchall()
        return [AnswerView(**{**dict(row), "is_yes": bool(row["is_yes"])}) for row in rows]

    def gate_text(self, run: str, gate: str) -> str:
        """The canonical text of a gate of a run or study, as it was written down; '' when there is no such gate."""
        row = self._db.execute("SELECT text FROM gates WHERE run=? AND gate=?", (run, gate)).fetchone()
        return str(row["text"]) if row else ""

    def turns(self, run: str, gate: str) -> list[TurnedView]:
        """Each change of the verdict of a gate of a run or study, oldest first."""
        rows = self._db.execute(
            "SELECT verdict, value, reason, step, epoch, at, window FROM verdicts WHERE run=? AND gate=?"
            " ORDER BY id",
            (run, gate),
        ).fetchall()
        return [
            TurnedView(**{**dict(row), "window": tuple(float(one) for one in json.loads(row["window"]))})
            for row in rows
        ]

    def study_names(self) -> list[str]:
        """The studies that were written down here; none that came out of an archive."""
        rows = self._db.execute("SELECT name FROM studies WHERE status != 'imported' ORDER BY name")
        return [str(row[0]) for row in rows]

    def is_asking(self, run: str, gate: str) -> bool | None:
        """Whether a gate is a question; None when there is no such gate."""
        row = self._db.execute("SELECT role FROM gates WHERE run=? AND gate=?", (run, gate)).fetchone()
        return None if row is None else row["role"] == "ask"

    def newest_checkpoint(self, run: str) -> tuple[str, str] | None:
        """(absolute path, the run that saved it): where a child of `run` would go on; None: nowhere."""
        return newest_checkpoint(self._db, run)

    def tries_of(self, run: str, kind: str) -> int:
        """How often any run of this one's family was queued for `kind`."""
        return family_tries(self._db, run, kind)

    def beginning(self, run: str, how: str, spec: Spec) -> str:
        """The checkpoint a next try of `run` begins from: `last`, `best`; '' for none, or from scratch."""
        return beginning(self._db, run, how, spec.metrics.primary, spec.metrics.goal)
