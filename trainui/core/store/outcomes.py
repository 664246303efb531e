"""Reading what verdicts brought: what was done or withheld, who answered, and when a gate changed its mind."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class ActionView:
    """One action of one verdict: done, or withheld and why."""

    gate: str
    action: str
    """`stop`, `notify`, `block:JOBS`…"""
    outcome: str
    is_done: bool
    would_save_seconds: float | None = None
    would_save_usd: float | None = None
    at: float = 0.0
    """Unix seconds."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AnswerView:
    """What a person said to an ask gate."""

    gate: str
    is_yes: bool
    who: str
    note: str
    at: float
    """Unix seconds."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TurnView:
    """A change of a gate's verdict."""

    run: str
    gate: str
    verdict: str
    step: float | None = None
    epoch: float | None = None
    at: float = 0.0
    """Unix seconds."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcomes:
    """All that the gates of a run, or of a study across its runs, brought; each oldest first."""

    actions: tuple[ActionView, ...] = ()
    answers: tuple[AnswerView, ...] = ()
    alarms: tuple[TurnView, ...] = ()
    """Each time a gate tripped or failed."""


def outcomes_of(db: sqlite3.Connection, subject: str) -> Outcomes:
    """What came of the gates of a run, or of `study:NAME`."""
    return Outcomes(
        actions=tuple(_actions(db, subject)),
        answers=tuple(_answers(db, subject)),
        alarms=tuple(_alarms(db, subject)),
    )


def _actions(db: sqlite3.Connection, subject: str) -> list[ActionView]:
    rows = db.execute(
        "SELECT gate, action, outcome, is_done, would_save_seconds, would_save_micro, at FROM actions"
        " WHERE run=? ORDER BY id",
        (subject,),
    )
    return [
        ActionView(
            gate=row["gate"],
            action=row["action"],
            outcome=row["outcome"],
            is_done=bool(row["is_done"]),
            would_save_seconds=row["would_save_seconds"],
            would_save_usd=None if row["would_save_micro"] is None else row["would_save_micro"] / 1e6,
            at=row["at"],
        )
        for row in rows
    ]


def _answers(db: sqlite3.Connection, subject: str) -> list[AnswerView]:
    rows = db.execute("SELECT gate, is_yes, who, note, at FROM answers WHERE run=? ORDER BY id", (subject,))
    return [AnswerView(**dict(row) | {"is_yes": bool(row["is_yes"])}) for row in rows]


def _alarms(db: sqlite3.Connection, subject: str) -> list[TurnView]:
    rows = db.execute(
        "SELECT run, gate, verdict, step, epoch, at FROM verdicts"
        " WHERE run=? AND verdict IN ('tripped', 'failed') ORDER BY id",
        (subject,),
    )
    return [TurnView(**dict(row)) for row in rows]
