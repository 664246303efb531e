"""What was charged since a moment: lines that reach over it are told in proportion."""

from __future__ import annotations

import json
import sqlite3

from trainui.core.store.moneyviews import SpentLately


def spent_since(db: sqlite3.Connection, since: float, now: float) -> SpentLately:
    """What runs and idle time cost since a Unix second, with what accrued since the last lines.

    A line counts that was written after the first one since then, though the clock was set back meanwhile.
    """
    usd = idle = over = 0.0
    seconds: float | None = None
    for row in db.execute(
        "SELECT ledger.at, ledger.kind, ledger.micro_usd AS micro, leases.micro_per_hour AS rate,"
        " ledger.to_boot - ledger.from_boot AS long"
        " FROM ledger LEFT JOIN leases ON leases.id = ledger.lease"
        " WHERE ledger.id >= (SELECT min(id) FROM ledger WHERE at > ? AND at <= ?)",
        (since, now),
    ):
        after = row["at"] - since
        part = min(1.0, after / row["long"]) if row["long"] > 0 and after > 0 else 1.0
        micro = row["micro"] * part
        if row["kind"] == "over":
            over += micro
            continue
        usd += micro
        if row["kind"] in ("idle", "gap"):
            idle += micro
            seconds = _with(seconds, micro, row["rate"])
    newest = db.execute("SELECT micro_per_hour AS rate FROM leases ORDER BY id DESC LIMIT 1").fetchone()
    accrued = db.execute("SELECT value FROM facts WHERE name='accrued'").fetchone()
    for run, micro in json.loads(accrued["value"] if accrued and accrued["value"] else "{}").items():
        usd += micro
        if not run:
            idle += micro
            seconds = _with(seconds, micro, newest["rate"] if newest else None)
    return SpentLately(usd=usd / 1e6, idle_usd=idle / 1e6, idle_seconds=seconds, over_usd=over / 1e6)


def _with(seconds: float | None, micro: float, rate: int | None) -> float | None:
    """The time of an idle machine is what it cost at its rate."""
    return seconds if not rate else (seconds or 0.0) + micro * 3600.0 / rate
