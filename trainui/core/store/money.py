"""The ledger: append-only lines of integer micro-dollars, and the facts the budget is reckoned from."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

import msgspec

from trainui.core.money.old import Span
from trainui.core.run import LIVE


@dataclass(frozen=True, kw_only=True, slots=True)
class Settled:
    """Up to when the machine was charged, on the boot clock of `boot_id`."""

    boot_id: str
    until: float


class Ledger:
    """Reads and appends ledger lines. Lines are never changed."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def settled(self) -> Settled | None:
        """Where charging stopped last; None before the first charge."""
        row = self._db.execute("SELECT boot_id, to_boot FROM ledger ORDER BY id DESC LIMIT 1").fetchone()
        return Settled(boot_id=row["boot_id"], until=row["to_boot"]) if row else None

    def total(self) -> int:
        """Micro-dollars charged so far."""
        return int(self._db.execute("SELECT coalesce(sum(micro_usd), 0) FROM ledger").fetchone()[0])

    def total_of(self, run: str) -> int:
        """Micro-dollars charged to a run."""
        row = self._db.execute(
            "SELECT coalesce(sum(micro_usd), 0) FROM ledger WHERE run=?", (run,)
        ).fetchone()
        return int(row[0])

    def idle(self) -> int:
        """Micro-dollars the machine cost while no run was live."""
        row = self._db.execute("SELECT coalesce(sum(micro_usd), 0) FROM ledger WHERE kind='idle'").fetchone()
        return int(row[0])

    def gpu_ms(self) -> int:
        """GPU-milliseconds held so far."""
        return int(self._db.execute("SELECT coalesce(sum(gpu_ms), 0) FROM ledger").fetchone()[0])

    def append(
        self, *, at: float, kind: str, run: str, machine: str, micro: int, gpu_ms: int, boot_id: str,
        start: float, end: float, text: str = "",
    ) -> None:  # fmt: skip
        """Write one line. Call inside a transaction."""
        self._db.execute(
            "INSERT INTO ledger (at, kind, run, machine, micro_usd, gpu_ms, boot_id, from_boot, to_boot, text)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (at, kind, run, machine, micro, gpu_ms, boot_id, start, end, text),
        )

    def first_start(self, boot_id: str) -> float | None:
        """Boot second at which the first run of this boot began."""
        row = self._db.execute("SELECT min(started_boot) FROM runs WHERE boot_id=?", (boot_id,)).fetchone()
        return None if row[0] is None else float(row[0])

    def spans(self, boot_id: str, *, since: float) -> list[Span]:
        """Who held the machine since `since` (boot clock)."""
        rows = self._db.execute(
            "SELECT name, started_boot, ended_boot, json_array_length(gpus) AS gpus FROM runs"
            " WHERE boot_id=? AND started_boot IS NOT NULL"
            " AND (ended_boot IS NULL OR ended_boot > ?) ORDER BY id",
            (boot_id, since),
        ).fetchall()
        return [
            Span(run=row["name"], start=row["started_boot"], end=row["ended_boot"], gpus=row["gpus"])
            for row in rows
        ]

    def has_live(self) -> bool:
        """Whether any run may have a process."""
        marks = ", ".join("?" * len(LIVE))
        query = f"SELECT EXISTS (SELECT 1 FROM runs WHERE status IN ({marks}))"  # noqa: S608
        return bool(self._db.execute(query, tuple(LIVE)).fetchone()[0])

    def fact(self, name: str) -> str:
        """A fact the manager keeps for the front ends, or ''."""
        row = self._db.execute("SELECT value FROM facts WHERE name=?", (name,)).fetchone()
        return str(row["value"]) if row else ""

    def set_fact(self, name: str, value: str) -> None:
        """Keep a fact. Call inside a transaction."""
        self._db.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, value))

    def allowed_until(self, boot_id: str) -> float:
        """Boot second at which the last allowance of this boot ends; those of another boot ended with it."""
        kept = msgspec.json.decode(self.fact("allowed_until") or "{}")
        is_ours = isinstance(kept, dict) and kept.get("boot_id") == boot_id
        return float(kept["until"]) if is_ours else 0.0

    def note_allowed(self, until: float, boot_id: str) -> None:
        """Remember how far somebody is paid ahead. Call inside a transaction."""
        farthest = {"until": max(until, self.allowed_until(boot_id)), "boot_id": boot_id}
        self.set_fact("allowed_until", msgspec.json.encode(farthest).decode())
