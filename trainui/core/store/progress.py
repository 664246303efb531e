"""How far live runs have come, and when the last one ended: what tells an idle machine from one that works."""

from __future__ import annotations

import sqlite3

from trainui.core.money.idle import Mark
from trainui.core.run import Status
from trainui.core.store.runs import RunRow


def mark_of(db: sqlite3.Connection, run: RunRow) -> Mark:
    """How far a run has come: its points, its step, its checkpoints, and what was read of its output."""
    row = db.execute(
        "SELECT (SELECT coalesce(sum(points), 0) FROM metrics WHERE run=?1) AS points,"
        " (SELECT count(*) FROM checkpoints WHERE run=?1) AS checkpoints,"
        " (SELECT coalesce(sum(offset), 0) FROM sources WHERE run=?1) AS output",
        (run.name,),
    ).fetchone()
    return Mark(
        points=row["points"],
        step=run.step,
        checkpoints=row["checkpoints"],
        output=row["output"] + _unread(run),
        is_paused=run.status is Status.PAUSED,
    )


def _unread(run: RunRow) -> int:
    """Bytes of its console; a line that is not ended yet was not read."""
    try:
        return (run.directory / "output.log").stat().st_size
    except OSError:
        return 0


def last_end(db: sqlite3.Connection, boot_id: str) -> float | None:
    """Boot second at which a run last ended that ended by itself, or that a person stopped; None: none did."""
    row = db.execute(
        "SELECT max(ended_boot) FROM runs WHERE boot_id=? AND stop_reason IN ('', 'user')", (boot_id,)
    ).fetchone()
    return None if row[0] is None else float(row[0])
