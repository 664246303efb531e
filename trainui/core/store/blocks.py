"""What holds the queue: one job or all of it, by a gate."""

from __future__ import annotations

import sqlite3

from msgspec import Struct


class Block(Struct, frozen=True, kw_only=True):
    """What a gate holds the queue by: one job, or all of it."""

    id: int
    job: str
    """A glob of job names; `*` is the whole queue."""
    subject: str
    gate: str
    reason: str
    at: float


def blocks(db: sqlite3.Connection) -> list[Block]:
    """What holds the queue now, oldest first."""
    rows = db.execute("SELECT * FROM blocks WHERE released_at IS NULL ORDER BY id").fetchall()
    return [
        Block(
            id=row["id"],
            job=row["job"],
            subject=row["run"],
            gate=row["gate"],
            reason=row["reason"],
            at=row["at"],
        )
        for row in rows
    ]
