"""What the overview and a run's screen share: the news and the chart settings."""

from __future__ import annotations

from dataclasses import dataclass, replace

from trainui.ui.bridge import Bridge
from trainui.ui.plot.series import EPOCH, STEP
from trainui.ui.present.charts import charts
from trainui.ui.present.rows import ranks
from trainui.ui.screens.acting import Acting
from trainui.ui.source import Look, Snapshot
from trainui.ui.widgets.curve import Curves


@dataclass(kw_only=True, slots=True)
class ChartSettings:
    """How curves are drawn; shared by all screens, so that a choice is kept."""

    metric: str | None = None
    axis: str = EPOCH
    log: bool = False
    looks_ahead: bool = True


class Room(Acting):
    """A screen that shows snapshots. A subclass says what it looks at and how it shows it."""

    def __init__(self, bridge: Bridge, settings: ChartSettings) -> None:
        super().__init__(bridge)
        self.settings = settings

    def wanted(self) -> Look:
        """What this screen wants to see."""
        raise NotImplementedError

    def tell(self, snapshot: Snapshot) -> None:
        """Show a snapshot."""
        raise NotImplementedError

    def on_mount(self) -> None:
        """Hear of every snapshot, also while another screen lies on top."""
        self.bridge.seen.subscribe(self, self._hear)
        self.call_after_refresh(lambda: self._hear(self.snapshot))  # the newest then, not the one of now

    def on_screen_resume(self) -> None:
        """Look again with this screen's eyes."""
        self.ask_again()
        self._hear(self.snapshot)

    def on_resize(self) -> None:
        """More or fewer charts may fit."""
        self.call_after_refresh(self.ask_again)

    def ask_again(self) -> None:
        """Tell the bridge what this screen wants to see now, if no other room lies on it.

        Textual also calls a screen current that shines through one whose style is not known yet.
        """
        rooms = [screen for screen in self.app.screen_stack if isinstance(screen, Room)]
        if rooms and rooms[-1] is self:
            self.bridge.look(self.wanted())

    def _hear(self, snapshot: Snapshot) -> None:
        if self.is_mounted:
            self.tell(snapshot)
            self.ask_again()

    def plot(self, curves: Curves, tags: dict[str, str]) -> None:
        """Draw the charts of the newest snapshot."""
        drawn = charts(
            self.snapshot,
            colours=ranks(self.snapshot.runs),
            tags=tags,
            first=self.settings.metric,
            axis=self.settings.axis,
            log=self.settings.log,
            looks_ahead=self.settings.looks_ahead,
        )
        curves.plot(drawn)

    def action_metric(self, by: int) -> None:
        """The next or previous metric becomes the first chart."""
        names = self.snapshot.metric_names
        if not names:
            return
        at = names.index(self.settings.metric) if self.settings.metric in names else 0
        self.settings.metric = names[(at + by) % len(names)]
        self._hear(self.snapshot)

    def action_log_y(self) -> None:
        """Logarithmic or linear."""
        self.settings.log = not self.settings.log
        self._hear(self.snapshot)

    def action_axis(self) -> None:
        """Epochs or steps."""
        self.settings.axis = STEP if self.settings.axis == EPOCH else EPOCH
        self._hear(self.snapshot)

    def action_look_ahead(self) -> None:
        """What is expected of the curves, or only what was."""
        self.settings.looks_ahead = not self.settings.looks_ahead
        self._hear(self.snapshot)


def with_charts(look: Look, curves: Curves, settings: ChartSettings) -> Look:
    """The look with as many charts, as finely read, as there is room for."""
    buckets = max(100, min(600, curves.size.width * 2))
    return replace(look, metric=settings.metric, charts=max(1, curves.room), buckets=buckets)


def digits(runs: tuple[str, ...]) -> dict[str, str]:
    """Run → the digit at the end of its curve."""
    return {run: str(n) for n, run in enumerate(runs, 1)}
