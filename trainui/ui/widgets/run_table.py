"""The runs, one line each, with a cursor. Alone: `python -m trainui.ui.widgets.run_table`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rich.style import Style
from textual import events
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip

from trainui.core.store.views import RunView
from trainui.ui.present.ink import Span, line
from trainui.ui.present.rows import table
from trainui.ui.widgets.paper import Paper

if TYPE_CHECKING:
    from trainui.core.costing import RunCost
    from trainui.ui.present.ink import Line

READING = (line(), line("   ", Span("reading…", "dim")))


def empty(start: str, helps: str) -> tuple[Line, ...]:
    """What stands there while there is no run: the keys that start one, where one may, and that explain."""
    presses = (
        (Span(": press ", "dim"), Span(start, "bold accent"), Span(" to start a job", "dim")) if start else ()
    )
    return (
        line(),
        line("   ", Span("no runs yet", "dim"), *presses),
        line(
            "   ",
            Span("or type `trainui start JOB` in another terminal; ", "dim"),
            Span(helps, "bold accent"),
            Span(" shows every key", "dim"),
        ),
    )


def none_left(key: str) -> tuple[Line, ...]:
    """What stands there while the filter leaves no run: the key that takes it away."""
    told = Span("no run is left by the filter: ", "dim")
    return (line(), line("   ", told, Span(key, "bold accent"), Span(" shows all again", "dim")))


class RunTable(Paper):
    """The runs table. It is given runs and says where the cursor is."""

    DEFAULT_CSS = "RunTable { height: auto; }"
    COMPONENT_CLASSES = {"run-table--cursor"}  # noqa: RUF012 (Textual's own annotation)
    FROZEN = 1
    cursor: reactive[int] = reactive(0, repaint=False)
    """The row under the cursor, from 0."""

    class Moved(Message):
        """The cursor is on another run: somebody put it there, or its row has gone."""

        def __init__(self, run: str | None, *, by_hand: bool = True) -> None:
            super().__init__()
            self.run, self.by_hand = run, by_hand

    class Opened(Message):
        """A run was asked for with the mouse."""

        def __init__(self, run: str) -> None:
            super().__init__()
            self.run = run

    def __init__(self, **widget: Any) -> None:
        super().__init__(**widget)
        self.runs: tuple[RunView, ...] = ()
        self._tags: Mapping[str, str] = {}
        self._colours: Mapping[str, int] = {}
        self._marked: frozenset[str] = frozenset()
        self._saving: frozenset[str] = frozenset()
        self._unseen: frozenset[str] = frozenset()
        self._costs: Mapping[str, RunCost] = {}
        self._currency = "USD"
        self._now = 0.0
        self._empty: tuple[Line, ...] = READING
        self._chosen: tuple[str, ...] = ()
        self.wanted: str | None = None
        """A run that is to have the cursor as soon as it is in the table."""
        self._recalled: str | None = None

    @property
    def current(self) -> RunView | None:
        """The run under the cursor."""
        return self.runs[self.cursor] if 0 <= self.cursor < len(self.runs) else None

    def fill(
        self,
        runs: tuple[RunView, ...],
        *,
        tags: Mapping[str, str],
        colours: Mapping[str, int],
        marked: frozenset[str],
        saving: frozenset[str] = frozenset(),
        unseen: frozenset[str] = frozenset(),
        costs: Mapping[str, RunCost] | None = None,
        currency: str = "USD",
        now: float,
        empty: tuple[Line, ...] = (),
        chosen: tuple[str, ...] = (),
    ) -> None:
        """Show these runs, or `empty` when there is none, in the `chosen` columns.

        The cursor stays on its run, wherever that went.
        """
        self._empty, self._saving, self._unseen, self._chosen = empty, saving, unseen, chosen
        self._costs, self._currency = costs or {}, currency
        before = self.current.run if self.current else None
        self.runs, self._tags, self._colours, self._marked, self._now = runs, tags, colours, marked, now
        if self.wanted in {view.run for view in runs}:
            before, self.wanted = self.wanted, None
            self.call_after_refresh(self._settle)
        place = next((n for n, view in enumerate(runs) if view.run == before), None)
        if place is None:
            place = max(0, min(self.cursor, len(runs) - 1))
        self.set_reactive(RunTable.cursor, place)
        self._redraw()
        if (self.current.run if self.current else None) != before:
            self.post_message(self.Moved(self.current.run if self.current else None, by_hand=False))

    def move(self, by: int) -> None:
        """Put the cursor so many rows further down."""
        self.cursor = max(0, min(self.cursor + by, len(self.runs) - 1))

    def watch_cursor(self, old: int, new: int) -> None:
        """Repaint the two rows and keep the new one in sight."""
        for row in (old, new):
            self.repaint_row(row + self.FROZEN)
        self._keep_in_sight()
        self.post_message(self.Moved(self.current.run if self.current else None))

    def recall(self, run: str) -> None:
        """Give a run the cursor as `wanted` does, unless live runs would be scrolled away for one that ended."""
        self.wanted = self._recalled = run or None

    def _settle(self) -> None:
        """What got the cursor comes into sight, also where no other height of the table brings it there."""
        self._keep_in_sight()
        self._recalled = None

    def _keep_in_sight(self) -> None:
        room = max(1, self.size.height - self.FROZEN)
        top = self.scroll_offset.y
        view = self.current
        if (
            view
            and view.run == self._recalled
            and self.cursor >= room
            and self.runs[0].is_live > view.is_live
        ):
            for row in (self.cursor, 0):
                self.repaint_row(row + self.FROZEN)
            self.set_reactive(RunTable.cursor, 0)
            self.post_message(self.Moved(self.runs[0].run, by_hand=False))
        if self.cursor < top:
            self.scroll_to(y=self.cursor, animate=False, immediate=True)
        elif self.cursor >= top + room:
            self.scroll_to(y=self.cursor - room + 1, animate=False, immediate=True)

    def _redraw(self) -> None:
        if not self.runs:
            self.show(self._empty)
            return
        drawn = table(
            self.runs,
            self.cells or 80,
            tags=self._tags,
            colours=self._colours,
            marked=self._marked,
            saving=self._saving,
            unseen=self._unseen,
            costs=self._costs,
            currency=self._currency,
            now=self._now,
            chosen=self._chosen,
        )
        self.show((drawn.head, *drawn.rows))

    def on_resize(self) -> None:
        """Other columns may fit now."""
        self._redraw()
        self._keep_in_sight()

    def strip(self, spans: Line, row: int) -> Strip:
        """The row under the cursor lies on another ground."""
        drawn = super().strip(spans, row)
        if not self.runs or row - self.FROZEN != self.cursor:
            return drawn
        ground = Style(bgcolor=self.get_component_rich_style("run-table--cursor").bgcolor)
        return Strip([s._replace(style=(s.style or Style()) + ground) for s in drawn], drawn.cell_length)

    def on_click(self, event: events.Click) -> None:
        """One click moves the cursor, a second opens the run."""
        row = event.y - self.FROZEN + self.scroll_offset.y
        if event.y < self.FROZEN or not 0 <= row < len(self.runs):
            return
        self.cursor = row
        if event.chain == 2:
            self.post_message(self.Opened(self.runs[row].run))


def _demo() -> None:
    from textual.app import App, ComposeResult

    from trainui.core.run import Status

    class Demo(App[None]):
        def compose(self) -> ComposeResult:
            yield RunTable()

        def on_mount(self) -> None:
            runs = tuple(
                RunView(run=f"run-{n}", job="run", study="", status=status, queued_at=n, directory="")
                for n, status in enumerate((Status.RUNNING, Status.QUEUED))
            )
            colours = {view.run: n for n, view in enumerate(runs)}
            self.query_one(RunTable).fill(runs, tags={}, colours=colours, marked=frozenset(), now=0)

    Demo().run()


if __name__ == "__main__":
    _demo()
