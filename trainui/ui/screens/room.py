"""What the overview and a run's screen share: the news, the chart settings, and what can be done to a run."""

from __future__ import annotations

from dataclasses import dataclass, replace

from textual.screen import Screen

from trainui.core.store.views import RunView
from trainui.ui.bridge import Bridge
from trainui.ui.plot.series import EPOCH, STEP
from trainui.ui.present.charts import charts
from trainui.ui.present.rows import ranks
from trainui.ui.screens.confirm import Confirm
from trainui.ui.source import Look, Snapshot
from trainui.ui.widgets.curve import Curves


@dataclass(kw_only=True, slots=True)
class ChartSettings:
    """How curves are drawn; shared by all screens, so that a choice is kept."""

    metric: str | None = None
    axis: str = EPOCH
    log: bool = False


class Room(Screen[None]):
    """A screen that shows snapshots. A subclass says what it looks at and how it shows it."""

    def __init__(self, bridge: Bridge, settings: ChartSettings) -> None:
        super().__init__()
        self.bridge = bridge
        self.settings = settings

    @property
    def snapshot(self) -> Snapshot:
        """The newest."""
        return self.bridge.snapshot

    @property
    def current(self) -> RunView | None:
        """The run that keys act on."""
        raise NotImplementedError

    @property
    def chosen(self) -> tuple[str, ...]:
        """The runs an export takes."""
        return (self.current.run,) if self.current else ()

    def wanted(self) -> Look:
        """What this screen wants to see."""
        raise NotImplementedError

    def tell(self, snapshot: Snapshot) -> None:
        """Show a snapshot."""
        raise NotImplementedError

    def on_mount(self) -> None:
        """Hear of every snapshot, also while another screen lies on top."""
        self.bridge.seen.subscribe(self, self._hear)
        self.call_after_refresh(self._hear, self.snapshot)

    def on_screen_resume(self) -> None:
        """Look again with this screen's eyes."""
        self.bridge.look(self.wanted())
        self._hear(self.snapshot)

    def on_resize(self) -> None:
        """More or fewer charts may fit."""
        self.call_after_refresh(self.ask_again)

    def ask_again(self) -> None:
        """Tell the bridge what this screen wants to see now."""
        if self.is_current:
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

    def action_stop(self) -> None:
        """Ask, then stop the run."""
        self._stop(now=False)

    def action_stop_now(self) -> None:
        """Ask, then stop the run without grace."""
        self._stop(now=True)

    def _stop(self, *, now: bool) -> None:
        view = self.current
        if view is None or view.status == "ended":
            self.bridge.tell(
                f"{view.run} has ended already" if view else "no run to stop", severity="warning"
            )
            return
        run = view.run

        def decide(answer: str | None) -> None:
            if answer:
                kill = answer == "now"
                self.bridge.ask(
                    lambda actions: actions.stop(run, now=kill),
                    lambda _: self.bridge.tell(f"{run} is being {'killed' if kill else 'stopped'}"),
                )

        self.app.push_screen(Confirm(view, now=now), decide)

    def action_retry(self) -> None:
        """Queue the run again."""
        view = self.current
        if view is None or view.status != "ended":
            self.bridge.tell("only a run that has ended can be retried", severity="warning")
            return
        run = view.run

        def told(new: str) -> None:
            self.bridge.tell(f"{new} is queued, after {run}")
            self.retried(new)

        self.bridge.ask(lambda a: a.retry(run), told)

    def retried(self, run: str) -> None:
        """A run was queued after another; a screen with a table goes there."""

    def action_export(self) -> None:
        """Write the chosen runs to files."""
        runs = self.chosen
        if not runs:
            self.bridge.tell("no run to export", severity="warning")
            return
        self.bridge.tell(f"exporting {', '.join(runs)}")
        self.bridge.ask(lambda a: a.export(runs), lambda path: self.bridge.tell(f"exported to {path}"))


def with_charts(look: Look, curves: Curves, settings: ChartSettings) -> Look:
    """The look with as many charts, as finely read, as there is room for."""
    buckets = max(100, min(600, curves.size.width * 2))
    return replace(look, metric=settings.metric, charts=max(1, curves.room), buckets=buckets)


def digits(runs: tuple[str, ...]) -> dict[str, str]:
    """Run → the digit at the end of its curve."""
    return {run: str(n) for n, run in enumerate(runs, 1)}
