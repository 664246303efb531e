"""How a project is looked at, brought to mind at the start and kept while the dashboard is used."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from textual.screen import Screen

from trainui.core.errors import TrainuiError
from trainui.ui.memory import Charts, Memory, Part, keep, recall
from trainui.ui.plot.axis import AXES
from trainui.ui.plot.viewport import Viewport
from trainui.ui.screens.overview import Overview
from trainui.ui.screens.room import charts_of
from trainui.ui.screens.sight import Sight

if TYPE_CHECKING:
    from trainui.ui.screens.room import ChartSettings
    from trainui.ui.screens.run import RunScreen
    from trainui.ui.settings import Settings

EVERY_SECONDS = 3.0
"""How often it is kept at most, when it has changed."""
_CHOICES = {
    "metric": "metric", "axis": "axis", "log": "log_y", "log_x": "log_x", "smooth": "smooth", "clip": "clip",
    "looks_ahead": "outlook",
}  # fmt: skip
"""How curves are drawn → the same in a memory."""


class Remembering:
    """The memory of one project, for one dashboard."""

    def __init__(
        self,
        project: Path,
        path: Path | None,
        *,
        fresh: bool = False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`path`: where it is kept, None for nowhere. `fresh`: begin without what was left."""
        self._path, self._clock = path, clock
        found, self.problem = recall(path)
        self.left_at = found.left_at
        """Unix seconds when the dashboard was left last; None when nobody knows."""
        self.recalled = msgspec.structs.replace(Memory() if fresh else found, project=str(project.resolve()))
        self._lock = threading.Lock()
        self._kept: Memory | None = self.recalled
        self._has_failed = False

    def is_new(self, memory: Memory) -> bool:
        """Whether there is something to keep."""
        return memory != self._kept

    def keep(self, memory: Memory, *, is_last: bool = False) -> None:
        """Keep what is new, or in any case when it is the last. Raises TrainuiError, and then does no more."""
        with self._lock:
            if self._path is None or self._has_failed or (memory == self._kept and not is_last):
                return
            try:
                keep(self._path, msgspec.structs.replace(memory, left_at=self._clock()))
            except OSError as error:
                self._has_failed = True
                raise TrainuiError(f"how you look at this is not remembered: {error}") from error
            self._kept = memory


def recalled_charts(memory: Memory, held: Settings) -> ChartSettings:
    """How curves are drawn: as they were, else as the settings say."""
    charts, usual = charts_of(held), charts_of(held)
    for name, word in _CHOICES.items():
        if (value := getattr(memory.charts, word)) is not None:
            setattr(charts, name, value)
    charts.axis = charts.axis if charts.axis in AXES else usual.axis
    charts.smooth = charts.smooth if 0 <= charts.smooth < 1 else usual.smooth
    charts.metrics = memory.metrics
    for subject, parts in memory.charts.parts.items():
        ports = {
            axis: Viewport(low=one.low, high=one.high, follows=one.follows) for axis, one in parts.items()
        }
        charts.sights[subject] = Sight(ports=ports)
    return charts


def remembered_charts(charts: ChartSettings, held: Settings, runs: Collection[str]) -> Charts:
    """What was chosen beside the settings, and what is seen of the curves of runs that there are."""
    usual = charts_of(held)
    chosen: dict[str, Any] = {
        word: getattr(charts, name)
        for name, word in _CHOICES.items()
        if getattr(charts, name) != getattr(usual, name)
    }
    parts: dict[str, dict[str, Part]] = {}
    for subject, sight in charts.sights.items():
        seen = {
            axis: Part(low=port.low, high=port.high, follows=port.follows)
            for axis, port in sight.ports.items()
            if port.low is not None and port.high is not None
        }
        if seen and all(run in runs for run in subject.split()):
            parts[subject] = seen
    return Charts(**chosen, parts=parts)


def _opened(screens: Sequence[Screen[Any]]) -> RunScreen | None:
    """The uppermost screen of a run."""
    if not screens:
        return None
    from trainui.ui.screens.run import RunScreen

    return next((screen for screen in reversed(screens) if isinstance(screen, RunScreen)), None)


def remembered(before: Memory, screens: Sequence[Screen[Any]], held: Settings, theme: str) -> Memory:
    """What there is to remember of these screens, the lowest first; what was, before they show anything."""
    overview = screens[0] if screens else None
    if not held.remember:
        return Memory(project=before.project)
    if not isinstance(overview, Overview) or not overview.snapshot.ready:
        return before
    opened = _opened(screens[1:])
    charts, runs = overview.settings, {view.run for view in overview.snapshot.runs}
    return Memory(
        project=before.project,
        theme=theme,
        marked=overview.marked,
        filter=overview.kept,
        metrics=charts.metrics,
        cursor=overview.current.run if overview.current else "",
        tail="log" if overview.has_class("-log") else "",
        opened=opened.run_name if opened is not None else "",
        pane=opened.pane if opened is not None else "",
        is_zoomed=opened is not None and opened.has_class("-zoom"),
        charts=remembered_charts(charts, held, runs),
    )
