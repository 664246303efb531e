"""How the curves of a screen are looked at: where it is zoomed to, where the cursor stands; kept on every axis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from trainui.ui.plot.figure import extent
from trainui.ui.plot.viewport import Viewport

if TYPE_CHECKING:
    from trainui.ui.plot.figure import Chart, Frame


class Sight(Struct, kw_only=True):
    """The viewport and the cursor of one screen, by axis; all its charts share them."""

    ports: dict[str, Viewport] = field(default_factory=dict)
    cursors: dict[str, float] = field(default_factory=dict)

    def over(self, charts: Sequence[Chart]) -> tuple[Chart, ...]:
        """The charts as they are seen: a window of the first is the window of all on its axis."""
        out = []
        windows: dict[str, tuple[float, float] | None] = {}
        for chart in charts:
            if chart.axis not in windows and chart.has_points:
                windows[chart.axis] = self.port(chart).window(extent(chart))
            out.append(replace(chart, window=windows.get(chart.axis), cursor=self.cursors.get(chart.axis)))
        return tuple(out)

    def port(self, chart: Chart) -> Viewport:
        """The viewport on the chart's axis."""
        return self.ports.get(chart.axis, Viewport())

    def zoom(self, chart: Chart, times: float, at: float | None = None) -> None:
        """Nearer or farther, around `at`, else around the cursor, else where the newest point is."""
        at = self.cursors.get(chart.axis) if at is None else at
        self.ports[chart.axis] = self.port(chart).zoom(extent(chart), times, at=at)

    def pan(self, chart: Chart, parts: float) -> None:
        """So many widths to the right; the cursor stays in sight."""
        whole = extent(chart)
        self.ports[chart.axis] = self.port(chart).pan(whole, parts)
        self._keep_cursor(chart)

    def follow(self, chart: Chart) -> None:
        """To the newest point, and with it from now on."""
        self.ports[chart.axis] = self.port(chart).newest(extent(chart))
        self._keep_cursor(chart)

    def reset(self, chart: Chart) -> None:
        """The whole again, without a cursor."""
        self.ports.pop(chart.axis, None)
        self.cursors.pop(chart.axis, None)

    def point(self, chart: Chart, frame: Frame, by: int) -> None:
        """Move the cursor by so many columns; the first move puts it at the newest point that is seen."""
        now = self.cursors.get(chart.axis)
        if now is None:
            self.cursors[chart.axis] = min(frame.x.high, max(frame.x.low, extent(chart).newest))
            return
        column = frame.x.place(now) * frame.columns - 0.5
        moved = round(column) + by
        edge = max(0, min(frame.columns - 1, moved))
        if moved != edge:
            self.pan(chart, (moved - edge) / frame.columns)
        window = self.port(chart).window(extent(chart)) if moved != edge else None
        seen = frame.x if window is None else replace(frame.x, low=window[0], high=window[1])
        self.cursors[chart.axis] = seen.value((edge + 0.5) / frame.columns)

    def put(self, axis: str, x: float | None) -> None:
        """Put the cursor at x, or away."""
        if x is None:
            self.cursors.pop(axis, None)
        else:
            self.cursors[axis] = x

    def _keep_cursor(self, chart: Chart) -> None:
        window, at = self.port(chart).window(extent(chart)), self.cursors.get(chart.axis)
        if window is not None and at is not None:
            self.cursors[chart.axis] = min(window[1], max(window[0], at))
