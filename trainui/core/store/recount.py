"""Writing the money of a rebuilt runs.db: leases and lines as far as they are known, and where they have gaps."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Any

from trainui.core.store.leases import LeaseRow
from trainui.core.store.money import CORRECTION, ELSEWHERE, GAP, IDLE, OVER, ROUNDING, RUN
from trainui.core.store.rebuild import insert
from trainui.core.store.salvage import Row

LITTLE = 0.002
"""Seconds between two ledger lines that are no gap."""

COUNTED_ANEW = {"settled_boot": None, "micro_usd": 0, "gpu_ms": 0}
"""Columns of a lease that its lines fill."""


def insert_lease(db: sqlite3.Connection, row: Row, *, keep_id: bool) -> int:
    """Write a lease as it was known, without the sums of its lines; returns its number. Call inside a transaction."""
    return insert(db, "leases", row | COUNTED_ANEW, keep_id=keep_id)


def insert_line(db: sqlite3.Connection, row: Row) -> None:
    """Write a line as it was. Call inside a transaction."""
    insert(db, "ledger", row)


def noted(row: LeaseRow) -> dict[str, Any]:
    """A lease as it is noted in run directories: the columns of its row that say what it is."""
    terms = row.terms
    return {
        "id": row.id, "machine": terms.machine, "host": terms.host, "micro_per_hour": terms.rate,
        "billing": terms.billing, "share": terms.share, "currency": terms.currency, "gpus": terms.gpus,
        "boot_id": row.boot_id, "from_boot": row.start, "from_at": row.start_at, "steps_from": row.steps_from,
    }  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Boot:
    """What the runs of a boot tell of it. Times are its seconds, `first_at` is Unix."""

    boot_id: str
    first: float
    """The first start."""
    first_at: float
    last: float
    """The last start or end."""


def boots(db: sqlite3.Connection) -> list[Boot]:
    """Each boot in which a run started, oldest first."""
    rows = db.execute(
        "SELECT boot_id, min(started_boot) AS first, coalesce(min(started_at), 0) AS first_at,"
        " max(coalesce(ended_boot, started_boot)) AS last FROM runs WHERE started_boot IS NOT NULL"
        " GROUP BY boot_id ORDER BY 3"
    )
    return [Boot(**dict(row)) for row in rows]


def uncovered(db: sqlite3.Connection, boot_id: str, start: float, end: float) -> list[tuple[float, float]]:
    """The stretches from `start` to `end` (seconds of that boot) that no ledger line charges."""
    rows = db.execute(
        "SELECT from_boot, to_boot FROM ledger WHERE boot_id=? AND to_boot > from_boot AND kind IN (?, ?)"
        " ORDER BY from_boot",
        (boot_id, RUN, IDLE),
    ).fetchall()
    gaps, at = [], start
    for row in rows:
        if row["from_boot"] - at > LITTLE:
            gaps.append((at, min(float(row["from_boot"]), end)))
        at = max(at, float(row["to_boot"]))
    if end - at > LITTLE:
        gaps.append((at, end))
    return [(left, right) for left, right in gaps if right > left]


def is_sound_line(row: Row) -> bool:
    """Whether a ledger line from a damaged file can be what was written."""
    numbers = (row.get("at"), row.get("from_boot"), row.get("to_boot"))
    return (
        row.get("kind") in (RUN, IDLE, ROUNDING, GAP, OVER, CORRECTION, ELSEWHERE)
        and isinstance(row.get("micro_usd"), int)
        and (row["micro_usd"] >= 0 or row["kind"] in (CORRECTION, ELSEWHERE))
        and isinstance(row.get("run"), str)
        and isinstance(row.get("boot_id"), str)
        and isinstance(row.get("lease"), int | None)
        and all(isinstance(one, float | int) for one in numbers)
    )


def is_sound_lease(row: Row) -> bool:
    """Whether a lease, from a damaged file or a run directory, can be what was written."""
    texts = ("machine", "host", "billing", "share", "currency", "boot_id")
    numbers = (row.get("from_boot"), row.get("from_at"), row.get("steps_from"))
    return (
        all(isinstance(row.get(key), str) for key in texts)
        and all(isinstance(one, float | int) for one in numbers)
        and all(isinstance(row.get(key), int) for key in ("id", "micro_per_hour", "gpus"))
        and row["billing"] in ("second", "minute", "hour")
        and row["micro_per_hour"] >= 0
        and isinstance(row.get("to_boot"), float | int | None)
    )
