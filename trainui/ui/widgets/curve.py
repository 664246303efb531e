"""Curves: one chart or a grid of them. Alone: `python -m trainui.ui.widgets.curve`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from textual import events
from textual.message import Message

from trainui.core.store.views import CurvePoint
from trainui.ui.keymap import offered
from trainui.ui.plot.figure import Chart, draw, frame, side_by_side
from trainui.ui.plot.series import Series, Threshold, from_points
from trainui.ui.present.ink import Span, line, wrap
from trainui.ui.widgets.paper import Paper

if TYPE_CHECKING:
    from trainui.ui.plot.figure import Frame
    from trainui.ui.present.ink import Line

LEAST = (52, 10)
"""Cells and rows of the smallest chart worth reading when there may be several runs in it."""
DIVIDER = line(Span("│", "dim"))
NOTHING = "nothing to draw yet: curves come with the first numbers that are written or printed"


def grid(cells: int, rows: int, *, most: tuple[int, int], least: tuple[int, int]) -> tuple[int, int]:
    """How many charts fit beside and above each other."""
    return max(1, min(most[0], cells // least[0])), max(1, min(most[1], rows // least[1]))


class Curves(Paper):
    """Charts in a grid that follows the room there is."""

    DEFAULT_CSS = "Curves { overflow-y: hidden; }"

    class Wheeled(Message):
        """The wheel was turned over a chart."""

        def __init__(self, chart: Chart, x: float, times: float) -> None:
            super().__init__()
            self.chart, self.x, self.times = chart, x, times

    class Pointed(Message):
        """A place of a chart was clicked; x is None where the cursor stood already."""

        def __init__(self, chart: Chart, x: float | None) -> None:
            super().__init__()
            self.chart, self.x = chart, x

    def __init__(
        self, *, most: tuple[int, int] = (3, 2), least: tuple[int, int] = LEAST, **widget: Any
    ) -> None:
        super().__init__(**widget)
        self._most, self._least = most, least
        self._charts: tuple[Chart, ...] = ()
        self._is_known = self._is_sifted = False
        self._places: list[tuple[int, int, int, int, Chart]] = []
        """Left, top, cells, rows of every chart that is drawn."""
        self._known: dict[str, tuple[object, tuple[Line, ...]]] = {}
        """Metric → (its chart, size and letters, its lines): a chart that is the same is not drawn again."""

    @property
    def room(self) -> int:
        """How many charts fit."""
        columns, rows = self._grid()
        return columns * rows

    def plot(self, charts: Sequence[Chart], *, is_known: bool = True, is_sifted: bool = False) -> None:
        """Draw these charts, as many as fit. `is_known`: where there is none, it is said how one comes to be, or
        that the filter left none if `is_sifted`."""
        self._charts, self._is_known, self._is_sifted = tuple(charts), is_known, is_sifted
        self._redraw()

    def _empty(self) -> tuple[Line, ...]:
        """How a curve comes to be."""
        if self._is_sifted:
            return line(), line(Span("no metric is left by the filter", "dim"))
        nothing, key = (line(), line(Span(NOTHING, "dim"))), offered(self.app, "run.teach")
        if not key:
            return nothing
        told = Span("a log that is not understood? press", "dim")
        return *nothing, line(told, Span(key, "bold accent"), Span("on its run", "dim"))

    def frame_of(self, chart: Chart) -> Frame | None:
        """Where the parts of a chart lie that is drawn here."""
        for _, _, cells, rows, one in self._places:
            if one.metric == chart.metric:
                return frame(one, cells, rows)
        return None

    def _under(self, x: int, y: int) -> tuple[Chart, Frame, int] | None:
        """The chart under the mouse, its frame, and the column of its body."""
        for left, top, cells, rows, chart in self._places:
            if left <= x < left + cells and top <= y < top + rows:
                place = frame(chart, cells, rows)
                if place is not None and 0 <= x - left - place.left < place.columns:
                    return chart, place, x - left - place.left
        return None

    def _wheel(self, event: events.MouseEvent, times: float) -> None:
        found = self._under(event.x, event.y)
        if found is not None:
            event.stop()
            chart, place, column = found
            self.post_message(self.Wheeled(chart, place.x_at(column), times))

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Nearer."""
        self._wheel(event, 1.25)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Farther."""
        self._wheel(event, 0.8)

    def on_click(self, event: events.Click) -> None:
        """The cursor comes here."""
        found = self._under(event.x, event.y)
        if found is not None:
            chart, place, column = found
            there = (
                chart.cursor is not None
                and place.x.holds(chart.cursor)
                and (int(place.x.place(chart.cursor) * place.columns) == column)
            )
            self.post_message(self.Pointed(chart, None if there else place.x_at(column)))

    def on_resize(self) -> None:
        """The grid may have other columns now."""
        self._redraw()

    def _grid(self) -> tuple[int, int]:
        return grid(self.size.width, self.size.height, most=self._most, least=self._least)

    def _redraw(self) -> None:
        cells, height = self.size.width, self.size.height
        if not cells or not height:
            return
        charts = self._charts[: self.room]
        if not charts:
            self._places = []
            self.show(
                [each for one in self._empty() for each in wrap(one, cells, 1)] if self._is_known else ()
            )
            return
        columns = min(self._grid()[0], len(charts))
        bands = [charts[n : n + columns] for n in range(0, len(charts), columns)]
        lines: list[Line] = []
        self._places = []
        for index, band in enumerate(bands):
            rows = height // len(bands) + (1 if index < height % len(bands) else 0)
            wide = (cells - columns + 1) // columns
            for at, chart in enumerate(band):
                self._places.append((at * (wide + 1), len(lines), wide, rows, chart))
            lines += side_by_side([self._lines_of(chart, wide, rows) for chart in band], DIVIDER)
        self._known = {chart.metric: known for chart in charts if (known := self._known.get(chart.metric))}
        self.show(lines)

    def _lines_of(self, chart: Chart, cells: int, rows: int) -> tuple[Line, ...]:
        how = (chart, cells, rows, self.is_ascii)
        known = self._known.get(chart.metric)
        if known is None or known[0] != how:
            known = self._known[chart.metric] = (how, draw(chart, cells, rows, only_ascii=self.is_ascii))
        return known[1]


def _demo() -> None:
    from textual.app import App, ComposeResult

    def points(scale: float, spike: int) -> tuple[CurvePoint, ...]:
        values = [math.nan if n == spike else 80 + scale * math.exp(-n / 7) for n in range(40)]
        return tuple(CurvePoint(step=n * 90, epoch=float(n), value=v, at=0) for n, v in enumerate(values))

    class Demo(App[None]):
        def compose(self) -> ComposeResult:
            yield Curves()

        def on_mount(self) -> None:
            pair = enumerate((points(520, 21), points(400, -1)))
            series = [
                Series(name=f"run-{n}", tag=str(n), ink=n, stretches=from_points(p, axis="epoch"))
                for n, p in pair
            ]
            gate = Threshold(value=100, label="gate mae-100 < 100")
            chart = Chart(metric="val/mae", series=tuple(series), thresholds=(gate,))
            self.query_one(Curves).plot([chart, Chart(metric="val/mae", series=tuple(series), log=True)])

    Demo().run()


if __name__ == "__main__":
    _demo()
