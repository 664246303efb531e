"""The accounts: the machine as it is rented, what was charged, what is left, and the reckoning that is published."""

from __future__ import annotations

import contextlib
import math
import sqlite3
from collections.abc import Collection, Mapping
from pathlib import Path

import msgspec

from trainui.core.clock import Clock
from trainui.core.config import Config
from trainui.core.money.amounts import MICRO, micro_usd
from trainui.core.money.cap import lasts_until
from trainui.core.money.lease import Lease, committed
from trainui.core.money.shares import Bearer, Part, rates
from trainui.core.store.leases import LeaseRow, Leases, Terms
from trainui.core.store.money import Ledger, Seen
from trainui.core.store.moneyviews import BudgetView
from trainui.core.store.schema import atomic
from trainui.core.treasury.fitting import check_fits
from trainui.core.treasury.host import host_identity
from trainui.core.treasury.leasing import Leasing
from trainui.core.treasury.settling import Settling

EVERY = 60.0
"""Seconds after which lines are written though the same runs are live: what accrued since is published."""


class Accounts:
    """The ledger as the manager keeps it: what was charged, what is left, and what front ends are told of it."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._ledger = Ledger(db)
        self._leases = Leases(db)
        kept = self._ledger.fact("config")
        self.config, self._is_known = Config(), False
        with contextlib.suppress(
            msgspec.MsgspecError
        ):  # kept by a trainui that allowed other keys, or damaged
            if kept:
                self.config, self._is_known = msgspec.json.decode(kept, type=Config), True
        self.trouble = ""
        """Why there is no telling what may be spent; '' when there is."""
        self.problem = ""
        """What is wrong with trainui.toml; the last good one is in force, if there was one."""
        self.step = ""
        """The step of the ladder that was reached, as front ends are told."""
        self._settling = Settling(db, self.cap)
        self._leasing = Leasing(db, self._settling)
        self._gpus = 0

    # ---------------------------------------------------------------- trainui.toml

    def use(self, config: Config, now: Clock, *, file: Path | None = None) -> None:
        """From now on, this is the machine and the budget; what was until now is charged as it was.

        Raises SpecError, and all stays as it is, when it does not fit what was charged already.
        """
        if not self._is_known or config.budget != self.config.budget:
            check_fits(config, settled=self.spent(now), currency=self._currency(), file=file)
        with atomic(self._db):
            if self._is_known and config != self.config:
                self._settle(now)
            self.config, self._is_known, self.trouble, self.problem = config, True, "", ""
            kept = msgspec.structs.replace(config, notify=config.notify.without_secrets())
            self._ledger.set_fact("config", msgspec.json.encode(kept).decode())
            self._settling.cover(self._leasing.follow(self._terms(now), now), now.unix)
            self._publish(now)

    @property
    def costs(self) -> bool:
        """Whether the trainui.toml in force has a budget or a machine that costs: nobody takes that back by mishap."""
        return self._is_known and (self.rate > 0 or self.config.budget.total_usd is not None)

    def distrust(self, why: str, now: Clock) -> None:
        """The file is broken. Without a last good one nothing may start, and nothing is paid further; nor with one
        by which all is free: who writes the first rate, or the first budget, does not mean that."""
        self.trouble = "" if self.costs else why
        self.problem = why
        with atomic(self._db):
            self._publish(now)

    def _currency(self) -> str:
        """What the lines are in; '' while there is none that charges anything."""
        if not self._ledger.sums().lines:
            return ""
        last = self._leases.last()
        return last.terms.currency if last else "USD"

    @property
    def slots(self) -> int | None:
        """How many runs may be live at once, as far as trainui.toml says."""
        return self.config.queue.slots

    # ---------------------------------------------------------------- the machine

    def sees(self, gpus: int) -> None:
        """So many GPUs the machine shows. One that falls off the bus is paid on."""
        self._gpus = max(self._gpus, gpus)

    def _terms(self, now: Clock) -> Terms:
        here = self.config.here
        seen = self._ledger.seen()
        if seen is not None and seen.boot_id == now.boot_id:
            self.sees(seen.gpus)
        return Terms(
            machine=here.name, host=host_identity(), rate=here.rate, billing=here.billing, share=here.share,
            currency=self.config.budget.currency, gpus=here.gpus if here.gpus is not None else self._gpus,
        )  # fmt: skip

    @property
    def rate(self) -> int:
        """Micro-dollars an hour of the machine."""
        return self.config.here.rate

    def lease(self, now: Clock) -> Lease:
        """The lease that runs, for the rules; one that begins now while none is known."""
        row = self.row(now)
        if row is not None:
            return row.lease
        terms = self._terms(now)
        return Lease(
            machine=terms.machine, rate=terms.rate, billing=terms.billing, share=terms.share, gpus=terms.gpus,
            boot_id=now.boot_id, start=now.boot,
        )  # fmt: skip

    def row(self, now: Clock) -> LeaseRow | None:
        """The open lease of this boot."""
        row = self._leases.open()
        return row if row is not None and row.boot_id == now.boot_id else None

    # ---------------------------------------------------------------- what is left

    def cap(self) -> int | None:
        """Micro-dollars that the ledger may hold: the total without what was spent before; None without a budget."""
        budget = self.config.budget
        return None if budget.total_usd is None else micro_usd(budget.total_usd) - micro_usd(budget.spent_usd)

    @property
    def reserve(self) -> int:
        """Micro-dollars kept back for the end: no run is paid from them, idle time may be."""
        return micro_usd(self.config.budget.reserve_usd)

    def spent(self, now: Clock) -> int:
        """Micro-dollars charged, and accrued since: all but what went over the cap and what was spent before."""
        settled, cap = self._ledger.total(), self.cap()
        spent = settled + self._accrued(now)
        return spent if cap is None else min(spent, max(settled, cap))

    def left(self, now: Clock) -> int | None:
        """Micro-dollars that may still be spent on runs, the reserve kept back; None without a budget.

        What accrued since the last lines is gone too. What a begun minute or hour owes beyond now is not: how far
        the money reaches with those, `money.lease.reaches` knows.
        """
        cap = self.cap()
        return None if cap is None else cap - self.reserve - self.spent(now)

    def cost_of(self, run: str, now: Clock) -> int:
        """Micro-dollars a run cost until now."""
        return self._ledger.total_of(run) + self.accrued_of([run], now)

    def accrued_of(self, runs: Collection[str], now: Clock) -> int:
        """Micro-dollars that these runs cost together since their last lines."""
        parts = self._parts(now) if runs else {}
        return sum(parts[run].micro for run in runs if run in parts)

    def _over(self, now: Clock) -> int:
        """Micro-dollars of what accrued since the last lines for which the budget has no room."""
        return self._ledger.total() + self._accrued(now) - self.spent(now)

    def _accrued(self, now: Clock) -> int:
        row = self.row(now)
        return row.uncharged(now.boot) if row else 0

    # ---------------------------------------------------------------- charging

    def settle(self, now: Clock) -> None:
        """Write lines up to now: who sees that a run ended also sees what it cost.

        While the machine's lease is not known in this boot, nothing: it will be when all runs were looked at.
        """
        if self.row(now) is not None:
            with atomic(self._db):
                self._settle(now)
                self._publish(now)

    def reckon(self, now: Clock) -> None:
        """Follow the machine, write lines when they are due, and publish the reckoning."""
        with atomic(self._db):
            if self._is_known:
                row = self._leasing.follow(self._terms(now), now)
                if now.boot - row.settled >= EVERY or self._settling.is_due(row, now.boot):
                    self._settle(now)
                self._ledger.note_seen(
                    Seen(boot_id=now.boot_id, boot=now.boot, unix=now.unix, gpus=self._gpus)
                )
            self._publish(now)

    def _settle(self, now: Clock) -> None:
        row = self.row(now)
        if row is not None:
            self._settling.settle(row, now.boot, now.unix)

    # ---------------------------------------------------------------- publishing

    def _publish(self, now: Clock) -> None:
        parts = self._parts(now)
        over = self._over(now)
        micro = {run or "": part.micro for run, part in parts.items()}
        rest = self._accrued(now) - sum(micro.values())
        if rest:  # the fractions of what each owes: all sums are to agree
            micro[""] = micro.get("", 0) + rest
        for run in sorted(micro, key=lambda one: (not one, one), reverse=True):  # idle time goes over first
            fits = max(0, micro[run] - over)
            micro[run], over = fits, over - (micro[run] - fits)
        self._ledger.note_accrued(
            micro,
            {run or "": part.gpu_ms for run, part in parts.items()},
        )
        view = self._view(now, parts)
        live = [span for span in self._ledger.spans(now.boot_id, since=now.boot) if span.end is None]
        each = {run: float(rate) / MICRO for run, rate in rates(live, self.lease(now)).items()}
        self._ledger.set_fact("rates", msgspec.json.encode(each).decode())
        self._ledger.set_fact("budget", msgspec.json.encode(view).decode())

    def view(self, now: Clock) -> BudgetView:
        """The reckoning as of now."""
        return self._view(now, self._parts(now))

    def _parts(self, now: Clock) -> Mapping[Bearer, Part]:
        """Who bears what of what accrued since the last lines."""
        row = self.row(now)
        return self._settling.measure(row, now.boot, now.unix).parts if row else {}

    def _view(self, now: Clock, parts: Mapping[Bearer, Part]) -> BudgetView:
        budget, sums, lease, terms = (
            self.config.budget,
            self._ledger.sums(),
            self.lease(now),
            self._terms(now),
        )
        spent, left = self.spent(now), self.left(now)
        over = self._over(now)
        until = lasts_until(lease, now=now.boot, left=left)
        idle = parts[None].micro if None in parts else 0
        gpu_ms = sum(part.gpu_ms for run, part in parts.items() if run is not None)
        return BudgetView(
            machine=terms.machine,
            usd_per_hour=self.rate / MICRO,
            currency=budget.currency,
            billing=terms.billing,
            share=terms.share,
            gpus=terms.gpus,
            total_usd=budget.total_usd,
            spent_usd=budget.spent_usd + spent / MICRO,
            idle_usd=(sums.idle + max(0, idle - over)) / MICRO,
            held_usd=self.held(now) / MICRO,
            reserve_usd=budget.reserve_usd,
            left_usd=None if left is None else max(0, left) / MICRO,
            over_usd=(sums.over + over) / MICRO,
            used=self._used(spent),
            step=self.step,
            lasts_until=None if until is None or math.isinf(until) else now.unix + until - now.boot,
            gpu_hours=(sums.gpu_ms + gpu_ms) / 3_600_000,
            problem=self.problem,
        )

    def _used(self, spent: int) -> float | None:
        budget = self.config.budget
        if budget.total_usd is None:
            return None
        there = micro_usd(budget.total_usd) - self.reserve
        return min(1.0, (micro_usd(budget.spent_usd) + spent) / there) if there > 0 else 1.0

    def held(self, now: Clock) -> int:
        """Micro-dollars leased: committed beyond now, in allowances that still run and in steps that were begun.

        What nobody can keep an idle machine from costing is no promise: it is held as far as the cap has room.
        """
        until = self._ledger.allowed_until(now.boot_id) if self._ledger.has_live() else 0.0
        micro, cap = committed(self.lease(now), now.boot, max(until, now.boot)), self.cap()
        return micro if cap is None else min(micro, max(0, cap - self.spent(now)))
