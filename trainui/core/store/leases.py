"""The leases: which machine was rented at which rate, from when to when, and what was charged for it."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, replace

from trainui.core.money.lease import Lease, accrued, committed


@dataclass(frozen=True, kw_only=True, slots=True)
class Terms:
    """What a machine is rented on. When any of it changes, one lease ends and another begins."""

    machine: str
    host: str = ""
    """Who the machine is, whatever it is called."""
    rate: int = 0
    """Micro-units of the currency an hour, of the whole machine."""
    billing: str = "second"
    share: str = "time"
    currency: str = "USD"
    gpus: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class LeaseRow:
    """A row of `leases`. Times without `_at` are seconds of its boot."""

    id: int
    terms: Terms
    boot_id: str
    start: float
    start_at: float
    end: float | None = None
    end_at: float | None = None
    steps_from: float
    """Since when its minutes or hours are counted: a lease that only shares differently goes on with those begun."""
    settled: float
    """Up to when its cost was written down."""
    charged: int = 0
    """Micro-dollars of the lines of what it accrued: runs, idle time, and what went over."""
    charged_ms: int = 0
    """GPU-milliseconds of them."""
    text: str = ""

    @property
    def lease(self) -> Lease:
        """As the rules take it: its cost is the difference between two moments since `steps_from`."""
        terms = self.terms
        return Lease(
            id=self.id, machine=terms.machine, rate=terms.rate, billing=terms.billing, share=terms.share,
            gpus=terms.gpus, boot_id=self.boot_id, start=self.steps_from, end=self.end,
        )  # fmt: skip

    def uncharged(self, at: float) -> int:
        """Micro-dollars it has cost until `at`, by the second, of which no line tells."""
        return accrued(self.lease, max(at, self.settled)) - accrued(self.lease, self.start) - self.charged

    def begun(self, at: float) -> int:
        """Micro-dollars that a started minute or hour owes beyond `at`."""
        return committed(self.lease, at, at)


class Leases:
    """Reads and writes leases. Their lines are the ledger's."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def last(self) -> LeaseRow | None:
        """The newest lease, open or not; None before the first."""
        row = self._db.execute(
            "SELECT * FROM leases ORDER BY to_boot IS NULL DESC, from_at DESC, id DESC LIMIT 1"
        ).fetchone()
        return _row(row) if row else None

    def get(self, number: int) -> LeaseRow:
        """The lease of this number, which there is."""
        return _row(self._db.execute("SELECT * FROM leases WHERE id=?", (number,)).fetchone())

    def open(self) -> LeaseRow | None:
        """The lease that has not ended, if there is one."""
        row = self._db.execute(
            "SELECT * FROM leases WHERE to_boot IS NULL ORDER BY from_at DESC, id DESC LIMIT 1"
        ).fetchone()
        return _row(row) if row else None

    def of_boot(self, boot_id: str) -> list[LeaseRow]:
        """Every lease of a boot, in the order of their beginnings."""
        rows = self._db.execute("SELECT * FROM leases WHERE boot_id=? ORDER BY from_boot, id", (boot_id,))
        return [_row(row) for row in rows]

    def begin(
        self, terms: Terms, *, boot_id: str, start: float, at: float, steps_from: float | None = None,
        end: float | None = None, end_at: float | None = None, text: str = "", number: int | None = None,
    ) -> LeaseRow:  # fmt: skip
        """Open a lease at boot second `start`, Unix second `at`; or tell one that has ended.

        Call inside a transaction.
        """
        cursor = self._db.execute(
            "INSERT INTO leases (id, machine, host, micro_per_hour, billing, share, currency, gpus, boot_id, from_boot,"
            " from_at, steps_from, to_boot, to_at, text) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (number, terms.machine, terms.host, terms.rate, terms.billing, terms.share, terms.currency, terms.gpus,
             boot_id, start, at, start if steps_from is None else steps_from, end, end_at, text),
        )  # fmt: skip
        return self.get(cursor.lastrowid or 0)

    def end(self, row: LeaseRow, *, at: float, end: float, text: str) -> LeaseRow:
        """Close a lease at boot second `end`, Unix second `at`. Call inside a transaction."""
        self._db.execute("UPDATE leases SET to_boot=?, to_at=?, text=? WHERE id=?", (end, at, text, row.id))
        return replace(row, end=end, end_at=at, text=text)


def _row(row: sqlite3.Row) -> LeaseRow:
    return LeaseRow(
        id=row["id"],
        terms=Terms(
            machine=row["machine"],
            host=row["host"],
            rate=row["micro_per_hour"],
            billing=row["billing"],
            share=row["share"],
            currency=row["currency"],
            gpus=row["gpus"],
        ),
        boot_id=row["boot_id"],
        start=row["from_boot"],
        start_at=row["from_at"],
        end=row["to_boot"],
        end_at=row["to_at"],
        steps_from=row["from_boot"] if row["steps_from"] is None else row["steps_from"],
        settled=row["from_boot"] if row["settled_boot"] is None else row["settled_boot"],
        charged=row["micro_usd"],
        charged_ms=row["gpu_ms"],
        text=row["text"],
    )
