"""What the budget screen shows beside the strip: who spent what, the burn-down, plans, leases, the ledger."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from trainui.core.config.model import Ladder
from trainui.core.store.moneyviews import BurnPoint, LeaseView, LedgerLine, Spent

BY = ("study", "job", "day", "machine", "run")
"""What sums are taken over."""
LINES = 200
"""The newest lines of the ledger that are read."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What was planned for a study or job, and what it took; each planned amount is a range."""

    name: str
    planned: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """`usd`, `gpu_hours`, `wall_hours`, `decision_points` → (low, high)."""
    actual: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class RunCost:
    """What a run is expected to cost, beside what it cost so far. Sums are in the project's currency."""

    run: str
    usd_to_end: float | None = None
    """From now on."""
    ends_at: float | None = None
    usd_to_target: float | None = None
    usd_per_percent: float | None = None
    """For 1 % of improvement of its primary metric."""
    why_not: str = ""
    """Why there is no forecast."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Fit:
    """What a run would cost, before it is started."""

    basis: str
    """Where that is known from: `3 past runs of boundary`; or why it is not known."""
    seconds: float | None = None
    usd: float | None = None
    ends_at: float | None = None
    lasts_until: float | None = None
    """When the budget would be gone."""
    fits: bool | None = None
    """None: nobody can tell."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Book:
    """Everything on the pages of the budget screen."""

    spent: Mapping[str, tuple[Spent, ...]] = field(default_factory=dict)
    """One of `BY` → the sums."""
    burn: tuple[BurnPoint, ...] = ()
    plans: tuple[Plan, ...] = ()
    leases: tuple[LeaseView, ...] = ()
    lines: tuple[LedgerLine, ...] = ()
    """The newest first."""
    ladder: Ladder = field(default_factory=Ladder)
