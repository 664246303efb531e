"""What the gates of a run were told beside its points: meters, printed lines, files, wishes to stop, answers.

None of it can be told again from the files of the run, so a judge that is made anew is told from here.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """One thing a judge was told, in the order of telling."""

    kind: str
    """`meter`, `answer`, or the kind of a notice."""
    seq: int
    """The number of the newest point of the run that had been written before; -1 before the first."""
    name: str = ""
    value: float | None = None
    text: str = ""
    step: float | None = None
    """How far the run was."""
    epoch: float | None = None
    at: float
    """Unix seconds."""


def write_reading(db: sqlite3.Connection, run: str, reading: Reading) -> None:
    """Keep what the judge is about to be told. Call inside the transaction that keeps what it says."""
    db.execute(
        "INSERT INTO readings (run, seq, kind, name, value, text, step, epoch, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            run, reading.seq, reading.kind, reading.name, reading.value, reading.text, reading.step, reading.epoch,
            reading.at,
        ),
    )  # fmt: skip


def readings_of(db: sqlite3.Connection, run: str) -> Iterator[Reading]:
    """Everything the judge of a run was told beside its points, in order."""
    rows = db.execute(
        "SELECT kind, seq, name, value, text, step, epoch, at FROM readings WHERE run=? ORDER BY id", (run,)
    )
    for kind, seq, name, value, text, step, epoch, at in rows:
        yield Reading(kind=kind, seq=seq, name=name, value=value, text=text, step=step, epoch=epoch, at=at)
