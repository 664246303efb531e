"""What the screens want to see, and what they show: a look at the store, and a snapshot of it, as values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from msgspec import Struct, field

from trainui.core.store.moneyviews import BudgetView
from trainui.core.store.outcomes import Outcomes

if TYPE_CHECKING:
    from trainui.core.comparing import Comparison
    from trainui.core.costing import RunCost
    from trainui.core.store.outbox import Message
    from trainui.core.store.outcomes import TurnView
    from trainui.core.store.views import (
        EventView,
        GateView,
        MachineView,
        RunDetail,
        RunView,
    )
    from trainui.ui.bench import Bench, GateLook
    from trainui.ui.book import Book
    from trainui.ui.opened import Opened
    from trainui.ui.trace import Close, Taken, Trace


class Look(Struct, frozen=True, kw_only=True):
    """What the screens want to see; a new look makes the bridge read at once."""

    cursor: str | None = None
    """The run under the cursor: its log is read."""
    marked: frozenset[str] = frozenset()
    opened: str | None = None
    """The run whose screen is open."""
    metric: str | None = None
    """The metric of the first chart; None for the primary one."""
    charts: int = 1
    log_lines: int = 40
    buckets: int = 200
    history: bool = False
    """Whether all events are read, not only the newest few."""
    money: bool = False
    """Whether the budget screen is open: its book is read."""
    close: tuple[Close, ...] = ()
    hidden: frozenset[str] = frozenset()
    """The runs that the filter leaves out: they are drawn only where they are marked."""
    params: bool = False
    """Whether the params of all runs are read, for the filter."""
    metrics: str = ""
    """A filter that leaves these metrics to be drawn; a good one."""
    beside: tuple[str, ...] = ()
    """The runs that are compared: they are drawn, and read side by side."""
    bench: GateLook | None = None
    """What the screen of gates looks at, while it is open."""
    paid: bool = False
    """Whether what the drawn runs took is read from their lines in the ledger, not only reckoned from their sums."""


class Snapshot(Struct, frozen=True, kw_only=True):
    """Everything on the screens at one moment."""

    at: float = 0.0
    """Unix seconds of the look."""
    look: Look = Look()
    runs: tuple[RunView, ...] = ()
    shown: tuple[str, ...] = ()
    """The runs whose curves are drawn."""
    budget: BudgetView = field(default_factory=BudgetView)
    book: Book | None = None
    """What the budget screen shows; None while it is not open."""
    costs: Mapping[str, RunCost] = field(default_factory=dict)
    """Run → what it costs and will cost: live runs, the opened one, and on the budget screen those that cost most."""
    machine: MachineView | None = None
    events: tuple[EventView, ...] = ()
    """The newest few."""
    told: tuple[Message, ...] = ()
    """Messages for people that are new since the last look."""
    history: tuple[EventView, ...] = ()
    """All of them, as far as they are kept; empty unless the look asks."""
    metric_names: tuple[str, ...] = ()
    """The metrics of the shown runs, the primary one first."""
    metrics_known: int = 0
    """How many there are, with those that a filter leaves out."""
    params: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    """Run → the params of its spec; empty unless they were looked for."""
    comparison: Comparison | None = None
    """The compared runs side by side."""
    traces: tuple[Trace, ...] = ()
    courses: Mapping[str, tuple[Taken, ...]] = field(default_factory=dict)
    """Shown run → what it had taken, over time."""
    gates: tuple[GateView, ...] = ()
    """Those of the shown runs."""
    across: tuple[GateView, ...] = ()
    """Those that judge the shown runs' studies, across runs."""
    outcomes: Outcomes = field(default_factory=Outcomes)
    """What came of the gates of the opened run."""
    across_outcomes: Outcomes = field(default_factory=Outcomes)
    """And of those of its study."""
    bench: Bench | None = None
    """What the screen of gates shows; None while it is not open."""
    alarms: tuple[TurnView, ...] = ()
    """Where gates of the shown runs tripped."""
    log_run: str = ""
    log: tuple[str, ...] = ()
    detail: RunDetail | None = None
    opened: Opened | None = None
    """What is told of the opened run beside its detail."""
    problem: str = ""
    """Why the store could not be read; the rest is then what was known before."""
    ready: bool = False
    """False until the store was read once."""

    def run(self, name: str | None) -> RunView | None:
        """The run of that name, if there is one."""
        return next((view for view in self.runs if view.run == name), None)
