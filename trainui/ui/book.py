"""What the budget screen shows beside the strip: who spent what, the burn-down, plans, leases, the ledger."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from trainui.core.config.model import Ladder
from trainui.core.costing import Planned
from trainui.core.store.moneyviews import BurnPoint, LeaseView, LedgerLine, Spent

BY = ("study", "job", "day", "machine", "run")
"""What sums are taken over."""
LINES = 200
"""The newest lines of the ledger that are read."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Book:
    """Everything on the pages of the budget screen."""

    spent: Mapping[str, tuple[Spent, ...]] = field(default_factory=dict)
    """One of `BY` → the sums."""
    before: float = 0.0
    """What trainui.toml says was spent before; in none of the sums."""
    burn: tuple[BurnPoint, ...] = ()
    plans: tuple[Planned, ...] = ()
    leases: tuple[LeaseView, ...] = ()
    lines: tuple[LedgerLine, ...] = ()
    """The newest first."""
    ladder: Ladder = field(default_factory=Ladder)
