"""Reading all that verdicts brought: what was done or withheld, who answered, and when a gate tripped."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from trainui.core.store.doings import ActionView, AnswerView


class TurnView(Struct, frozen=True, kw_only=True):
    """A change of a gate's verdict."""

    run: str
    """A run, or `study:NAME`."""
    gate: str
    verdict: str
    step: float | None = None
    epoch: float | None = None
    at: float = 0.0
    """Unix seconds."""


class Outcomes(Struct, frozen=True, kw_only=True):
    """All that the gates of a run, or of a study across its runs, brought; each oldest first."""

    actions: tuple[ActionView, ...] = ()
    answers: tuple[AnswerView, ...] = ()
    alarms: tuple[TurnView, ...] = ()
    """Each time a gate tripped or failed."""


def alarms_of(db: sqlite3.Connection, subject: str) -> tuple[TurnView, ...]:
    """Each time a gate of a run, or of `study:NAME`, tripped or failed."""
    rows = db.execute(
        "SELECT run, gate, verdict, step, epoch, at FROM verdicts"
        " WHERE run=? AND verdict IN ('tripped', 'failed') ORDER BY id",
        (subject,),
    )
    return tuple(TurnView(**dict(row)) for row in rows)
