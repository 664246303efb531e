"""Gates, one line each, with a cursor that passes over titles. Alone: `python -m trainui.ui.widgets.gate_table`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rich.style import Style
from textual import events
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip

from trainui.core.store.views import GateView
from trainui.ui.bench import Bench
from trainui.ui.keymap import offered
from trainui.ui.present.bench import Row, bench_lines
from trainui.ui.present.ink import Line, Span, line
from trainui.ui.widgets.paper import Paper

Key = tuple[str, str]
"""(run or `study:NAME`, gate)."""
READING = (line(), line("   ", Span("reading…", "dim")))


class GateTable(Paper):
    """The gates of some runs. It is given rows and says where the cursor is."""

    COMPONENT_CLASSES = {"gate-table--cursor"}  # noqa: RUF012 (Textual's own annotation)
    DEFAULT_CSS = "GateTable > .gate-table--cursor { background: $cursor; }"
    FROZEN = 1
    cursor: reactive[int] = reactive(0, repaint=False)
    """The row under the cursor, from 0; it is never one of a title."""

    class Moved(Message):
        """The cursor is on another gate."""

    class Opened(Message):
        """A gate was clicked twice."""

    def __init__(self, **widget: Any) -> None:
        super().__init__(**widget)
        self._rows: tuple[Row, ...] = ()
        self._bench = Bench()
        self._colours: Mapping[str, int] = {}
        self._now = 0.0
        self._empty: tuple[Line, ...] = READING

    @property
    def gate(self) -> GateView | None:
        """The one under the cursor."""
        return self._rows[self.cursor].gate if self.cursor < len(self._rows) else None

    @property
    def key(self) -> Key | None:
        """Which one that is."""
        return (self.gate.run, self.gate.gate) if self.gate is not None else None

    def fill(
        self,
        rows: Sequence[Row],
        bench: Bench,
        *,
        colours: Mapping[str, int],
        now: float,
        empty: tuple[Line, ...],
        keeps: Key | None,
    ) -> None:
        """Show these rows, or `empty` when there is none; the cursor goes to the gate it keeps, if that is there."""
        self._rows, self._bench, self._colours, self._now = tuple(rows), bench, colours, now
        self._empty = empty
        places = {(row.gate.run, row.gate.gate): n for n, row in enumerate(self._rows) if row.gate}
        place = places.get(keeps) if keeps is not None else None
        self.set_reactive(GateTable.cursor, self._settled(0 if place is None else place, 1))
        self._redraw()
        self._keep_in_sight()

    def move(self, by: int) -> None:
        """Put the cursor so many rows further down."""
        wanted = max(0, min(self.cursor + by, len(self._rows) - 1))
        self.cursor = self._settled(wanted, 1 if by > 0 else -1)

    def _settled(self, wanted: int, step: int) -> int:
        """The nearest row with a gate, first that way."""
        gates = [n for n, row in enumerate(self._rows) if row.gate is not None]
        onward = [n for n in gates if (n - wanted) * step >= 0]
        return min(onward or gates, key=lambda n: abs(n - wanted), default=0)

    def watch_cursor(self, old: int, new: int) -> None:
        """Repaint the two rows and keep the new one in sight."""
        for row in (old, new):
            self.repaint_row(row + self.FROZEN)
        self._keep_in_sight()
        self.post_message(self.Moved())

    def _keep_in_sight(self) -> None:
        room, top = max(1, self.size.height - self.FROZEN), self.scroll_offset.y
        if self.cursor < top or self.cursor >= top + room:
            to = self.cursor if self.cursor < top else self.cursor - room + 1
            self.scroll_to(y=to, animate=False, immediate=True)

    def on_resize(self) -> None:
        """Other columns may fit now."""
        self._redraw()
        self._keep_in_sight()

    def _redraw(self) -> None:
        if not self._rows:
            self.show(self._empty)
            return
        key = offered(self.app, "gates.answer")
        told = bench_lines(
            self._rows, self._bench, self.cells or 80, now=self._now, colours=self._colours, answers=key
        )
        self.show(told)

    def strip(self, spans: Line, row: int) -> Strip:
        """The row under the cursor lies on another ground."""
        drawn = super().strip(spans, row)
        if not self._rows or row - self.FROZEN != self.cursor:
            return drawn
        ground = Style(bgcolor=self.get_component_rich_style("gate-table--cursor").bgcolor)
        return Strip([s._replace(style=(s.style or Style()) + ground) for s in drawn], drawn.cell_length)

    def on_click(self, event: events.Click) -> None:
        """One click moves the cursor, a second opens the run of the gate."""
        row = event.y - self.FROZEN + self.scroll_offset.y
        if event.y < self.FROZEN or not 0 <= row < len(self._rows) or self._rows[row].gate is None:
            return
        self.cursor = row
        if event.chain == 2:
            self.post_message(self.Opened())


class Terms(Paper):
    """What is told of one gate, wrapped for the width there is."""

    def __init__(self, **widget: Any) -> None:
        super().__init__(**widget)
        self._draw: Callable[[int], Sequence[Line]] = lambda _: ()

    def fill(self, draw: Callable[[int], Sequence[Line]]) -> None:
        """Show what `draw` makes of so many cells."""
        self._draw = draw
        self.on_resize()

    def on_resize(self) -> None:
        """Draw for the width there is."""
        self.show(self._draw(self.cells or 80))


def _demo() -> None:
    from textual.app import App, ComposeResult

    class Demo(App[None]):
        def compose(self) -> ComposeResult:
            yield GateTable()

        def on_mount(self) -> None:
            gate = GateView(
                gate="mae-100",
                role="criterion",
                run="mlp-2",
                verdict="passed",
                at_epoch=29,
                value=86.4,
                rule="best(val/mae) < 100",
                quote="Best model achieves <100ms MAE?",
            )
            rows = (Row(gate=gate),)
            self.query_one(GateTable).fill(
                rows, Bench(gates=(gate,)), colours={}, now=0, empty=(), keeps=None
            )

    Demo().run()


if __name__ == "__main__":
    _demo()
