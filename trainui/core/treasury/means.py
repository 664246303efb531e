"""The means: what may be spent, in all, by a study, by a run, and how far that reaches. Reads, and writes nothing."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from trainui.core.clock import Clock
from trainui.core.config import Config
from trainui.core.money.amounts import micro_usd, shown
from trainui.core.money.ladder import STEPS, Funds
from trainui.core.money.lease import Lease, reaches
from trainui.core.store.caps import corrected, cost_of_study, live_in
from trainui.core.store.runs import RunRow
from trainui.core.treasury.accounts import Accounts


@dataclass(frozen=True, kw_only=True, slots=True)
class Cap:
    """What one run, or the runs of its study together, may cost."""

    left: int
    """Micro-dollars."""
    text: str
    """`budget of study mlp: 4.10 $ of 5.00 $ spent (trainui.toml [budget.studies])`."""
    nearly: str
    """What is told when it is nearly used up."""


class Means:
    """What there is to spend, by the accounts and trainui.toml as they are now."""

    def __init__(self, db: sqlite3.Connection, accounts: Accounts) -> None:
        self._db = db
        self.accounts = accounts
        self._looked: tuple[Clock, Config, int | None, Lease] | None = None

    @property
    def percents(self) -> dict[str, float | None]:
        """Step of the ladder → per cent."""
        ladder = self.accounts.config.budget.ladder
        return {step: getattr(ladder, step) for step in STEPS}

    @property
    def total(self) -> int:
        """Micro-dollars of the whole budget; 0 without one."""
        return micro_usd(self.accounts.config.budget.total_usd or 0)

    @property
    def may(self) -> int:
        """Micro-dollars that may be spent: the total less the reserve; only where there is a total."""
        return self.total - self.accounts.reserve

    @property
    def terms(self) -> str:
        """All that people decide about the budget: while it is the same, the ladder never goes back."""
        budget, machine = self.accounts.config.budget, self.accounts.config.here
        sums = (budget.currency, budget.total_usd, budget.spent_usd, budget.reserve_usd)
        told = (*sums, self.percents, machine.rate, machine.billing, corrected(self._db))
        return msgspec.json.encode(told).decode()

    def funds(self, now: Clock) -> Funds | None:
        """What may be spent, and what was; None without a budget, or where nothing costs anything."""
        left, lease = self._there(now)
        if left is None or lease.rate <= 0:
            return None
        reachable = max(left, 0)
        if lease.billing != "second":
            affordable = lease.rate * (reaches(lease, now.boot, left) - now.boot) / 3600
            reachable = min(reachable, round(affordable))
        return Funds(may=self.may, spent=self.may - left, reachable=reachable)

    def seconds(self, now: Clock) -> float:
        """Seconds that runs can be paid from now on; infinite without a budget."""
        left = self.left_for_runs(now)
        return math.inf if left is None else reaches(self._there(now)[1], now.boot, left) - now.boot

    def left_for_runs(self, now: Clock) -> int | None:
        """Micro-dollars runs may be paid from: as far as `stop_all` allows, which may be less than everything."""
        left = self._there(now)[0]
        if left is None:
            return None
        return left - round(self.may * max(0.0, 100 - self.accounts.config.budget.ladder.stop_all) / 100)

    def _there(self, now: Clock) -> tuple[int | None, Lease]:
        """(what is left, the lease); asked once in a moment, though many runs wait for an answer."""
        config = self.accounts.config
        if self._looked is None or self._looked[0] != now or self._looked[1] is not config:
            self._looked = now, config, self.accounts.left(now), self.accounts.lease(now)
        return self._looked[2], self._looked[3]

    def caps(self, run: RunRow, now: Clock) -> Iterator[Cap]:
        """The caps that are a run's own, or its study's."""
        budget, limit = self.accounts.config.budget, run.spec.limits.usd
        own, where = (
            (limit, "[limits] usd") if limit is not None else (budget.per_run_usd, "[budget] per_run")
        )
        if own is not None:
            cost = self.accounts.cost_of(run.name, now)
            cap = micro_usd(own)
            yield Cap(
                left=cap - cost,
                text=f"its limit: {self._of(cost, cap)} spent ({where})",
                nearly=f"its limit of {self.sum(cap)} is nearly spent ({where}): it is stopped in time",
            )
        together = budget.studies.get(run.study)
        if together is not None:
            live = live_in(self._db, run.study)
            cost = cost_of_study(self._db, run.study) + self.accounts.accrued_of(live, now)
            cap = micro_usd(together)
            where = "trainui.toml [budget.studies]"
            yield Cap(
                left=cap - cost,
                text=f"budget of study {run.study}: {self._of(cost, cap)} spent ({where})",
                nearly=f"the {self.sum(cap)} of study {run.study} are nearly spent ({where}): it is stopped in time",
            )

    # ---------------------------------------------------------------- words

    def sum(self, micro: int) -> str:
        """`20.00 $`."""
        return shown(micro, self.accounts.config.budget.currency)

    def _of(self, cost: int, cap: int) -> str:
        return f"{self.sum(cost)} of {self.sum(cap)}"

    def spent(self, funds: Funds) -> str:
        """`76 % of 20.00 $ spent`; where whole hours are billed, of the part that these can spend."""
        percent = math.floor(funds.used * 100 + 1e-9)
        there = f"{self.sum(funds.may)}{', the reserve kept back,' if self.accounts.reserve else ''}"
        billing = self.accounts.config.here.billing
        if billing == "second" or 0 < funds.may <= funds.whole * 1.001:
            return f"{percent} % of {there} spent"
        return f"{percent} % of {self.sum(funds.whole)} spent ({there} pay no further {billing})"
