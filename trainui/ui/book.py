"""What is read of the money, and the pages of the budget screen: sums, burn-down, plans, leases, the ledger."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from trainui.core.config.model import Ladder

if TYPE_CHECKING:
    from trainui.core.config import Config
    from trainui.core.costing import Planned, RunCost
    from trainui.core.store.moneyviews import BudgetView, BurnPoint, LeaseView, LedgerLine, Spent
    from trainui.core.store.views import RunView

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
    caps: Mapping[str, float] = field(default_factory=dict)
    """Study → the most that it may cost."""


class MoneyReader(Protocol):
    """What is read of the money. Every method may raise TrainuiError."""

    def budget(self) -> BudgetView:
        """The money."""

    def config(self) -> Config:
        """The trainui.toml that is in force."""

    def spent(self, by: str) -> list[Spent]:
        """What each study, job, day, machine or run took."""

    def burn(self, *, points: int = 400) -> list[BurnPoint]:
        """How much had been spent when."""

    def leases(self) -> list[LeaseView]:
        """Every lease, the newest first."""

    def ledger_lines(self, *, last: int = 200) -> list[LedgerLine]:
        """The newest lines of the ledger, the oldest of them first."""

    def plans(self, views: Sequence[RunView]) -> list[Planned]:
        """What was estimated, and what it took. `views` are all runs."""

    def costs(self, views: Sequence[RunView], only: Collection[str]) -> dict[str, RunCost]:
        """What each run in `only` costs and will cost, as far as that is known. `views` are all runs."""
