"""What the overview and a run's screen share: the news, the chart settings, and the sight of the curves."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field
from msgspec.structs import replace

from trainui.ui.breadth import wear_breadth
from trainui.ui.bridge import is_open, is_seen
from trainui.ui.plot.axis import AXES, BY_TIME, EPOCH, STEP, axis_name
from trainui.ui.plot.smooth import WEIGHTS
from trainui.ui.present.charts import charts
from trainui.ui.present.curves import closes
from trainui.ui.present.rows import ranks
from trainui.ui.screens.acting import Acting
from trainui.ui.screens.sight import Sight

if TYPE_CHECKING:
    from trainui.ui.bridge import Bridge
    from trainui.ui.plot.figure import Chart
    from trainui.ui.settings import Settings
    from trainui.ui.source import Look, Snapshot
    from trainui.ui.trace import Close
    from trainui.ui.widgets.curve import Curves


class ChartSettings(Struct, kw_only=True):
    """How curves are drawn; shared by all screens, so that a choice is kept."""

    metric: str | None = None
    axis: str = EPOCH
    log: bool = False
    log_x: bool = False
    smooth: float = 0.0
    clip: bool = False
    looks_ahead: bool = True
    metrics: str = ""
    """A filter for the metrics of runs and of compared runs."""
    hidden: frozenset[str] = frozenset()
    """The runs that the filter of the overview leaves out."""
    sights: dict[str, Sight] = field(default_factory=dict)
    """Run, or `` for the overview → how its curves are looked at."""


_DIGITS = "123456789abcdefghijklmnopqrstuvwxyz"
_OF_SETTINGS = {
    "axis": "x_axis", "log": "log_y", "log_x": "log_x", "smooth": "smoothing", "clip": "clip",
    "looks_ahead": "outlook",
}  # fmt: skip
"""How curves are drawn → the setting that says how at first."""


def charts_of(held: Settings) -> ChartSettings:
    """How curves are drawn at first."""
    return ChartSettings(**{name: getattr(held, setting) for name, setting in _OF_SETTINGS.items()})


def follow(charts: ChartSettings, before: Settings, now: Settings) -> None:
    """Draw curves as a setting says that has changed; what a key chose stays where no setting has."""
    for name, setting in _OF_SETTINGS.items():
        if getattr(before, setting) != getattr(now, setting):
            setattr(charts, name, getattr(now, setting))


class Room(Acting):
    """A screen that shows snapshots. A subclass says what it looks at and how it shows it."""

    def __init__(self, bridge: Bridge, settings: ChartSettings) -> None:
        super().__init__(bridge)
        self.settings = settings
        self._drawn: tuple[Chart, ...] = ()
        self._made: tuple[Snapshot, object, tuple[Chart, ...]] | None = None
        """The charts as they are before they are zoomed, of which snapshot, and how they were asked for."""
        self._plotted: tuple[Curves, dict[str, str]] | None = None
        self._heard: Snapshot | None = None

    @property
    def subject(self) -> str:
        """The run this screen is about; empty for all of them."""
        return ""

    @property
    def sight(self) -> Sight:
        """How the curves of this screen are looked at."""
        return self.settings.sights.setdefault(self.subject, Sight())

    def wanted(self) -> Look:
        """What this screen wants to see."""
        raise NotImplementedError

    def tell(self, snapshot: Snapshot) -> None:
        """Show a snapshot."""
        raise NotImplementedError

    def on_compose(self) -> None:
        """Be as broad as it is. Textual calls this before it asks for the parts."""
        wear_breadth(self)

    def on_mount(self) -> None:
        """Hear of every snapshot. Textual calls this one, and `on_resize`, beside those of a subclass."""
        self.bridge.seen.subscribe(self, self._hear)
        self.call_after_refresh(self._hear_the_newest)  # of then, not of now

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
            is_paid = self.settings.axis in BY_TIME or any(one.cursor is not None for one in self._drawn)
            self.bridge.look(replace(self.wanted(), close=self._closes(), paid=is_paid))

    def _hear_the_newest(self) -> None:
        if self._heard is not self.snapshot:
            self._hear(self.snapshot)

    def _hear(self, snapshot: Snapshot) -> None:
        if is_open(self) and is_seen(self):
            self._heard = snapshot
            self.tell(snapshot)
            self.ask_again()

    def plot(self, curves: Curves, tags: dict[str, str]) -> None:
        """Draw the charts of the newest snapshot."""
        how = self.settings
        asked = (tags, how.metric, how.axis, how.log, how.looks_ahead)
        if self._made is None or self._made[0] is not self.snapshot or self._made[1] != asked:
            made = charts(
                self.snapshot,
                colours=ranks(self.snapshot.runs),
                tags=tags,
                first=how.metric,
                axis=how.axis,
                log=how.log,
                looks_ahead=how.looks_ahead,
            )
            self._made = (self.snapshot, asked, made)
        drawn = self._made[2]
        drawn = tuple(replace(one, log_x=how.log_x, smooth=how.smooth, clip=how.clip) for one in drawn)
        self._drawn, self._plotted = self.shaped(self.sight.over(drawn)), (curves, tags)
        is_sifted = bool(self.snapshot.look.metrics and self.snapshot.metrics_known)
        curves.plot(self._drawn, is_known=self.snapshot.ready, is_sifted=is_sifted)

    def shaped(self, drawn: tuple[Chart, ...]) -> tuple[Chart, ...]:
        """The charts as this screen wants them."""
        return drawn

    def _closes(self) -> tuple[Close, ...]:
        """What is seen from near."""
        found: list[Close] = []
        for chart in self._drawn:
            if chart.window is not None:
                traces = [one for one in self.snapshot.traces if one.metric == chart.metric]
                found += closes(traces, chart.axis, chart.window, self.snapshot.courses)
        return tuple(found)

    def _look_again(self) -> None:
        """Draw the curves again, and read more finely what is seen from near."""
        if self._plotted is not None:
            self.plot(*self._plotted)
            self.ask_again()

    @property
    def _main(self) -> Chart | None:
        """The chart whose axis the keys move along."""
        return next((chart for chart in self._drawn if chart.has_points), None)

    def _see(self, change: Callable[[Chart], None], nothing: str) -> None:
        """Draw the curves in another way; where nothing comes of it, `nothing` is said."""
        if (chart := self._main) is None:
            self.bridge.tell("no curve is drawn here", severity="warning")
            return
        before = self._plotted[0].lines if self._plotted else ()
        change(chart)
        self._look_again()
        if self._plotted and self._plotted[0].lines == before:
            self.bridge.tell(nothing)

    def action_metric(self, by: int) -> None:
        """The next or previous metric becomes the first chart."""
        names = self.snapshot.metric_names
        if len(names) < 2:
            self.bridge.tell(
                "there is no other metric" if names else "no curve is drawn here", severity="warning"
            )
            return
        at = names.index(self.settings.metric) if self.settings.metric in names else 0
        self.settings.metric = names[(at + by) % len(names)]
        self._hear(self.snapshot)

    def action_log_y(self) -> None:
        """Logarithmic or linear."""
        self._set(log=not self.settings.log)

    def action_axis(self, by: int) -> None:
        """The next or previous x axis."""
        axis = AXES[(AXES.index(self.settings.axis) + by) % len(AXES)]
        name = axis_name(axis, self.snapshot.budget.currency)
        nothing = "it is steps already" if axis == STEP else "not known of these runs, so it is steps"
        self._set(f"x {name}: {nothing}", axis=axis)

    def action_log_x(self) -> None:
        """A logarithmic or linear x axis."""
        self._set(log_x=not self.settings.log_x)

    def action_smooth(self, by: int) -> None:
        """A smoother or a rougher line."""
        place = max(0, min(len(WEIGHTS) - 1, WEIGHTS.index(self.settings.smooth) + by))
        self._set(
            "it is as smooth as it gets" if place else "it is as it was measured", smooth=WEIGHTS[place]
        )

    def action_clip(self) -> None:
        """What lies far out is cut off and marked, or not."""
        self._set(clip=not self.settings.clip)

    def action_look_ahead(self) -> None:
        """What is expected of the curves, or only what was."""
        self._set("nothing is expected of these curves yet", looks_ahead=not self.settings.looks_ahead)

    def _set(self, nothing: str = "nothing looks different", **chosen: Any) -> None:
        """Change settings of the charts."""

        def change(_: Chart) -> None:
            for name, value in chosen.items():
                setattr(self.settings, name, value)

        self._see(change, nothing)

    def action_near(self, times: float) -> None:
        """Zoom in, or out with `times` below 1."""
        told = "nearer is not possible" if times > 1 else "all of it is in sight"
        self._see(lambda chart: self.sight.zoom(chart, times), told)

    def action_along(self, parts: float) -> None:
        """Pan by parts of what is seen."""
        told = f"there is nothing beyond; {self.keymap.first('chart.in')} goes nearer"
        self._see(lambda chart: self.sight.pan(chart, parts), told)

    def action_newest(self) -> None:
        """To the newest point, and with it from now on."""
        self._see(self.sight.follow, "the newest point is in sight, and stays so")

    def action_whole(self) -> None:
        """The whole curve again, without a cursor."""
        self._see(self.sight.reset, "all of it is in sight")

    def action_point(self, by: int) -> None:
        """Move the cursor by columns."""

        def move(chart: Chart) -> None:
            frame = self._plotted[0].frame_of(chart) if self._plotted is not None else None
            if frame is not None:
                self.sight.point(chart, frame, by)

        self._see(move, "the cursor is at the end")

    def put_away(self) -> bool:
        """Put the cursor away; whether there was one."""
        chart = self._main
        if chart is None or chart.cursor is None:
            return False
        self.sight.put(chart.axis, None)
        self._look_again()
        return True

    def on_curves_wheeled(self, message: Curves.Wheeled) -> None:
        """The wheel zooms around where the mouse is."""
        self.sight.zoom(message.chart, message.times, at=message.x)
        self._look_again()

    def on_curves_pointed(self, message: Curves.Pointed) -> None:
        """A click puts the cursor there; one on the cursor puts it away."""
        self.sight.put(message.chart.axis, message.x)
        self._look_again()


def with_charts(look: Look, curves: Curves, settings: ChartSettings) -> Look:
    """The look with as many charts, as finely read, as there is room for."""
    buckets = max(100, min(600, curves.size.width * 2))
    return replace(look, metric=settings.metric, charts=max(1, curves.room), buckets=buckets)


def digits(runs: tuple[str, ...]) -> dict[str, str]:
    """Run → the digit at the end of its curve; a letter from the tenth on, for a column has one cell."""
    return {run: _DIGITS[n % len(_DIGITS)] for n, run in enumerate(runs)}
