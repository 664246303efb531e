"""The accounts: charges the ledger, reckons what is left, and publishes the reckoning."""

from __future__ import annotations

import contextlib
import math
import sqlite3

import msgspec

from trainui.core.clock import Clock
from trainui.core.config import Config
from trainui.core.money.amounts import MICRO, micro_usd
from trainui.core.money.old import Span, charges, cost, lasts_until
from trainui.core.store.money import Ledger
from trainui.core.store.moneyviews import BudgetView
from trainui.core.store.schema import atomic


class Accounts:
    """The ledger as the manager keeps it: what was charged, what is left, and what front ends are told of it."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._ledger = Ledger(db)
        kept = self._ledger.fact("config")
        self.config, self._is_known = Config(), False
        with contextlib.suppress(msgspec.ValidationError):  # kept by a trainui that allowed other keys
            if kept:
                self.config, self._is_known = msgspec.json.decode(kept, type=Config), True
        self.trouble = ""
        """Why there is no telling what may be spent; '' when there is."""

    def use(self, config: Config, now: Clock) -> None:
        """From now on, this is the machine and the budget; what was until now is charged as it was."""
        if self._is_known and config != self.config:
            self.settle(now)
        self.config, self._is_known, self.trouble = config, True, ""
        with atomic(self._db):
            self._ledger.set_fact("config", msgspec.json.encode(config).decode())
            self._publish(now)

    def distrust(self, why: str) -> None:
        """The file is broken. Without a last good one nothing may start, and nothing is paid further."""
        self.trouble = "" if self._is_known else why

    @property
    def slots(self) -> int | None:
        """How many runs may be live at once, as far as trainui.toml says."""
        return self.config.queue.slots

    @property
    def rate(self) -> int:
        """Micro-dollars an hour of the machine."""
        return self.config.here.rate

    def left(self, now: Clock) -> int | None:
        """Micro-dollars that may still be spent, the reserve kept back; None without a budget.

        What was used since the last charge is gone too, though no line says so yet.
        """
        budget = self.config.budget
        if budget.total_usd is None:
            return None
        return (
            micro_usd(budget.total_usd - budget.spent_usd - budget.reserve_usd)
            - self._ledger.total()
            - self.uncharged(now)
        )

    def uncharged(self, now: Clock, *, since: float = -math.inf) -> int:
        """Micro-dollars the machine cost since its last charge, or since boot second `since` if that is later."""
        settled = self._ledger.settled()
        if settled is None or settled.boot_id != now.boot_id:
            return 0
        start = max(settled.until, since)
        return cost(self.rate, now.boot) - cost(self.rate, start) if now.boot > start else 0

    def settle(self, now: Clock) -> None:
        """Charge the machine up to now, to whoever held it, and publish the reckoning."""
        settled = self._ledger.settled()
        start = settled.until if settled and settled.boot_id == now.boot_id else now.boot
        if settled is None:
            start = min(start, self._ledger.first_start(now.boot_id) or start)
        with atomic(self._db):
            spans = self._ledger.spans(now.boot_id, since=start)
            parts = charges(spans, rate=self.rate, start=start, end=now.boot)
            if settled is None or now.boot > start:
                gpu_ms = {span.run: _gpu_ms(span, start, now.boot) for span in spans}
                for run, micro in (parts or {None: 0}).items():
                    self._ledger.append(
                        at=now.unix,
                        kind="run" if run else "idle",
                        run=run or "",
                        machine=self.config.here.name,
                        micro=micro,
                        gpu_ms=gpu_ms.get(run or "", 0),
                        boot_id=now.boot_id,
                        start=start,
                        end=now.boot,
                    )
            self._publish(now)

    def _publish(self, now: Clock) -> None:
        view = self.view(now)
        self._ledger.set_fact("usd_per_hour", str(self.rate / MICRO))
        self._ledger.set_fact("budget", msgspec.json.encode(view).decode())

    def view(self, now: Clock) -> BudgetView:
        """The reckoning as of now."""
        budget = self.config.budget
        left = self.left(now)
        until = lasts_until(now=now.unix, left=left, rate=self.rate)
        return BudgetView(
            machine=self.config.here.name,
            usd_per_hour=self.rate / MICRO,
            total_usd=budget.total_usd,
            spent_usd=budget.spent_usd + self._ledger.total() / MICRO,
            idle_usd=self._ledger.idle() / MICRO,
            held_usd=self._held(now),
            reserve_usd=budget.reserve_usd,
            left_usd=None if left is None else left / MICRO,
            lasts_until=until,
            gpu_hours=self._ledger.gpu_ms() / 3_600_000,
        )

    def _held(self, now: Clock) -> float:
        """Dollars prepaid beyond now: the machine until the last allowance ends."""
        until = self._ledger.allowed_until(now.boot_id) if self._ledger.has_live() else 0.0
        return self.rate * max(0.0, until - now.boot) / 3600 / MICRO


def _gpu_ms(span: Span, start: float, end: float) -> int:
    """GPU-milliseconds a run held between `start` and `end`."""
    return round(1000 * span.gpus * max(0.0, min(span.end or end, end) - max(span.start, start)))
