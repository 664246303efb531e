"""What a front end is shown of the money. Sums are in the project's currency, times Unix seconds."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from msgspec import Struct
from msgspec.structs import replace


class CountdownView(Struct, frozen=True, kw_only=True):
    """A command of the user's that is about to be run."""

    kind: str
    """`idle` or `cap`."""
    reason: str
    command: tuple[str, ...]
    at: float
    """When it is run."""
    dry_run: bool = False


class BudgetView(Struct, frozen=True, kw_only=True):
    """The money strip."""

    machine: str = ""
    usd_per_hour: float = 0.0
    currency: str = "USD"
    billing: str = "second"
    share: str = "time"
    """How runs share what the machine costs: `time`, `equal` or `use`."""
    gpus: int = 0
    total_usd: float | None = None
    """None: no budget was set."""
    spent_usd: float = 0.0
    """Runs, idle time, corrections and what trainui.toml says was spent before."""
    idle_usd: float = 0.0
    held_usd: float = 0.0
    """Leased: committed beyond now, in allowances that are still running and in steps that were begun."""
    reserve_usd: float = 0.0
    left_usd: float | None = None
    over_usd: float = 0.0
    """What the idle machine cost after the budget was used up; in no other sum."""
    used: float | None = None
    """Part of what may be spent (total less reserve) that was spent, 0 to 1; None without a budget."""
    step: str = ""
    """The step of the ladder that was reached: `tell`, `admit_no_more`, `stop_least`, `stop_all`."""
    lasts_until: float | None = None
    """Unix seconds at the present rate; None when it does not end."""
    gpu_hours: float = 0.0
    problem: str = ""
    """What is wrong with trainui.toml, while the last good one is in force."""
    idle_since: float | None = None
    """Since when the machine costs and no run makes progress; None while one does."""
    countdown: CountdownView | None = None


def budget_view(fact: Callable[[str], str]) -> BudgetView:
    """The money strip as the manager's facts tell it; `fact` gives one by its name, or ''."""
    known, idle, countdown = fact("budget"), fact("idle"), fact("countdown")
    return replace(
        msgspec.json.decode(known, type=BudgetView) if known else BudgetView(),
        idle_since=msgspec.json.decode(idle)["since"] if idle else None,
        countdown=msgspec.json.decode(countdown, type=CountdownView) if countdown else None,
    )


class Spent(Struct, frozen=True, kw_only=True):
    """What one study, job, day, machine or run took."""

    name: str
    usd: float
    gpu_hours: float
    seconds: float = 0.0
    """Of all its runs together."""
    runs: int = 0


class LeaseView(Struct, frozen=True, kw_only=True):
    """A machine that was or is rented."""

    id: int
    machine: str
    usd_per_hour: float
    billing: str
    share: str
    gpus: int
    start: float
    end: float | None
    """None: still."""
    usd: float
    """Charged so far."""
    text: str = ""
    """Why it ended."""


class LedgerLine(Struct, frozen=True, kw_only=True):
    """One line of the ledger; `start` and `end` are boot seconds."""

    id: int
    at: float
    kind: str
    """`run`, `idle`, `gap`, `rounding`, `over`, `correction` or `elsewhere`."""
    run: str
    machine: str
    usd: float
    gpu_hours: float
    start: float
    end: float
    share: str
    text: str


class BurnPoint(Struct, frozen=True, kw_only=True):
    """How much had been spent by then."""

    at: float
    usd: float


class SpentLately(Struct, frozen=True, kw_only=True):
    """What was charged since a moment."""

    usd: float = 0.0
    """Runs and idle time; what the machine cost beyond the cap is in `over_usd`."""
    idle_usd: float = 0.0
    idle_seconds: float | None = None
    """None where the machine was free, or nobody knows its rate."""
    over_usd: float = 0.0
