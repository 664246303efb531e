"""The purse: how far each run is paid ahead, and whether one may start. Nothing is spent that was not left."""

from __future__ import annotations

import sqlite3

from trainui.core.clock import Clock
from trainui.core.money.amounts import MICRO, micro_usd
from trainui.core.money.cap import own_until, paid_until
from trainui.core.process.order import Allowance
from trainui.core.store.money import Ledger
from trainui.core.store.runs import RunRow
from trainui.core.treasury.accounts import Accounts


class Purse:
    """Pays runs their seconds in advance."""

    AHEAD = 60.0
    """Seconds a run is paid in advance, beside its grace."""

    def __init__(self, db: sqlite3.Connection, accounts: Accounts) -> None:
        self._ledger = Ledger(db)
        self._accounts = accounts
        self._allowed: dict[str, Allowance] = {}

    def allowance(self, run: RunRow, now: Clock) -> Allowance:
        """How long `run` may go on, its grace included, and what ends it: the budget or its own limits."""
        grace = run.spec.ending_seconds
        ends: list[tuple[float, str]] = []
        lease = self._accounts.lease(now)
        paid = paid_until(lease, now=now.boot, left=self._accounts.left(now), want=self.AHEAD + grace)
        if paid is not None:
            ends.append((paid, "budget"))
        limits = run.spec.limits
        if limits.usd is not None and self._accounts.rate:
            own = micro_usd(limits.usd) - self._accounts.cost_of(run.name, now)
            paid = own_until(now=now.boot, left=own, rate=self._accounts.rate, want=self.AHEAD + grace)
            ends.append((paid, "budget"))
        if limits.hours is not None:
            ends.append(((run.started_boot or now.boot) + limits.hours * 3600 + grace, "time limit"))
        until, reason = min(ends, default=(None, ""))
        return Allowance(until=until, boot_id=now.boot_id, reason=reason)

    def can_start(self, grace: float, now: Clock) -> str:
        """Why no run may start now; '' when the money reaches for at least its grace."""
        if self._accounts.trouble:
            return f"trainui.toml to be mended: {self._accounts.trouble}"
        left = self._accounts.left(now)
        if left is None or self._accounts.rate <= 0 or left * 3600 / self._accounts.rate > grace:
            return ""
        return f"budget: {max(left, 0) / MICRO:.2f} $ left"

    def is_worth_writing(self, run: str, new: Allowance) -> bool:
        """Whether an allowance differs enough from the one in force to be written again.

        A shorter one always is; a longer one when a quarter of what is paid ahead was used up, or when it
        is the last that the budget gives.
        """
        old = self._allowed.get(run)
        if old is None or old.until is None or new.until is None:
            return old is None or old.until != new.until
        longer = new.until - old.until
        is_last = new.reason == "budget" and longer > 0.5 and longer < self.AHEAD / 8
        return longer <= -1 or longer >= self.AHEAD / 4 or is_last

    def note_allowance(self, run: str, allowance: Allowance) -> None:
        """Remember what was paid ahead, before the run is told. Call inside a transaction."""
        self._allowed[run] = allowance
        if allowance.until is not None:
            self._ledger.note_allowed(allowance.until, allowance.boot_id)
