"""What the caps of the budget are held against: corrections, the cost of a study, whom the budget stopped."""

from __future__ import annotations

import sqlite3


def corrected(db: sqlite3.Connection) -> int:
    """Micro-dollars that people have corrected the ledger by, up or down."""
    row = db.execute("SELECT coalesce(sum(micro_usd), 0) FROM balances WHERE kind = 'correction'").fetchone()
    return int(row[0])


def cost_of_study(db: sqlite3.Connection, study: str) -> int:
    """Micro-dollars of the lines of all runs of a study, their corrections included."""
    row = db.execute(
        "SELECT coalesce(sum(balances.micro_usd), 0) FROM runs JOIN balances ON balances.run = runs.name"
        " WHERE balances.kind IN ('run', 'correction') AND runs.study = ?",
        (study,),
    ).fetchone()
    return int(row[0])


def live_in(db: sqlite3.Connection, study: str) -> list[str]:
    """The runs of a study that may have accrued something: those that have begun and not ended."""
    rows = db.execute(
        "SELECT name FROM runs WHERE study = ? AND started_boot IS NOT NULL AND status != 'ended'", (study,)
    ).fetchall()
    return [row["name"] for row in rows]


def verdicts_of(db: sqlite3.Connection, run: str) -> dict[str, int]:
    """Verdict → how many gates of a run stand there."""
    rows = db.execute("SELECT verdict, count(*) FROM gates WHERE run = ? GROUP BY verdict", (run,)).fetchall()
    return {row[0]: row[1] for row in rows}


def stopped_by_budget(db: sqlite3.Connection, *, since: float) -> list[tuple[str, str]]:
    """(run, study) of all that the budget has stopped since Unix second `since`, oldest first."""
    rows = db.execute(
        "SELECT name, study FROM runs WHERE cause = 'budget' AND ended_at >= ? ORDER BY id", (since,)
    ).fetchall()
    return [(row["name"], row["study"]) for row in rows]
