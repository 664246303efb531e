"""Money in motion: charges the ledger, keeps allowances paid ahead, and reckons what is left."""

from __future__ import annotations

import contextlib
import math
import sqlite3
from dataclasses import dataclass

import msgspec

from trainui.core.budget import MICRO, Span, charges, cost, horizon, lasts_until, micro_usd
from trainui.core.process.order import Allowance
from trainui.core.project import Config
from trainui.core.store.money import Ledger
from trainui.core.store.runs import RunRow
from trainui.core.store.schema import atomic
from trainui.core.store.views import BudgetView


@dataclass(frozen=True, kw_only=True, slots=True)
class Clock:
    """Now, on both clocks. Durations come from the boot clock: the wall clock may be set."""

    unix: float
    boot: float
    boot_id: str


class Treasury:
    """The manager's purse. Nothing is spent that was not left."""

    AHEAD = 60.0
    """Seconds a run is paid in advance, beside its grace."""

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
        self._allowed: dict[str, Allowance] = {}

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
        return micro_usd(self.config.here.usd_per_hour)

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
            - self._uncharged(now)
        )

    def _uncharged(self, now: Clock, *, since: float = -math.inf) -> int:
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
        self._ledger.set_fact("usd_per_hour", str(self.config.here.usd_per_hour))
        self._ledger.set_fact("budget", msgspec.json.encode(view).decode())

    def view(self, now: Clock) -> BudgetView:
        """The reckoning as of now."""
        budget = self.config.budget
        left = self.left(now)
        until = lasts_until(now=now.unix, left=left, rate=self.rate)
        return BudgetView(
            machine=self.config.here.name,
            usd_per_hour=self.config.here.usd_per_hour,
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
        until = self._allowed_until(now.boot_id) if self._ledger.has_live() else 0.0
        return self.rate * max(0.0, until - now.boot) / 3600 / MICRO

    def allowance(self, run: RunRow, now: Clock) -> Allowance:
        """How long `run` may go on, its grace included, and what ends it: the budget or its own limits."""
        grace = run.spec.ending_seconds
        ends: list[tuple[float, str]] = []
        paid = horizon(now=now.boot, left=self.left(now), rate=self.rate, want=self.AHEAD + grace)
        if paid is not None:
            ends.append((paid, "budget"))
        limits = run.spec.limits
        if limits.usd is not None and self.rate:
            began = now.boot if run.started_boot is None else run.started_boot
            own = micro_usd(limits.usd) - self._ledger.total_of(run.name) - self._uncharged(now, since=began)
            paid = horizon(now=now.boot, left=own, rate=self.rate, want=self.AHEAD + grace)
            assert paid is not None
            ends.append((paid, "budget"))
        if limits.hours is not None:
            ends.append(((run.started_boot or now.boot) + limits.hours * 3600 + grace, "time limit"))
        until, reason = min(ends, default=(None, ""))
        return Allowance(until=until, boot_id=now.boot_id, reason=reason)

    def can_start(self, grace: float, now: Clock) -> str:
        """Why no run may start now; '' when the money reaches for at least its grace."""
        if self.trouble:
            return f"trainui.toml to be mended: {self.trouble}"
        left = self.left(now)
        if left is None or self.rate <= 0 or left * 3600 / self.rate > grace:
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
            farthest = max(allowance.until, self._allowed_until(allowance.boot_id))
            fact = {"until": farthest, "boot_id": allowance.boot_id}
            self._ledger.set_fact("allowed_until", msgspec.json.encode(fact).decode())

    def _allowed_until(self, boot_id: str) -> float:
        """Boot second at which the last allowance of this boot ends; those of another boot ended with it."""
        kept = msgspec.json.decode(self._ledger.fact("allowed_until") or "{}")
        is_ours = isinstance(kept, dict) and kept.get("boot_id") == boot_id
        return float(kept["until"]) if is_ours else 0.0


def _gpu_ms(span: Span, start: float, end: float) -> int:
    """GPU-milliseconds a run held between `start` and `end`."""
    return round(1000 * span.gpus * max(0.0, min(span.end or end, end) - max(span.start, start)))
