"""All events, of every run: filtered by kind or run, and the way from one to its run and its line of the log."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.getters import query_one

from trainui.core.store.views import EventView, RunView
from trainui.ui import keys
from trainui.ui.bridge import Bridge
from trainui.ui.history import HISTORY
from trainui.ui.present.ink import Line, Span, fold, line, safe, wrap
from trainui.ui.present.rows import ranks
from trainui.ui.present.story import event_lines
from trainui.ui.present.text import plural
from trainui.ui.screens.log import LogScreen
from trainui.ui.screens.room import ChartSettings, Room
from trainui.ui.source import Look, Snapshot
from trainui.ui.widgets.key_line import KeyLine
from trainui.ui.widgets.line_list import LineList
from trainui.ui.widgets.paper import Paper

ALL = ""
"""The kind that every event is of."""


class EventsScreen(Room):
    """The newest event is the last; the cursor stays with it until it is moved up."""

    CSS_PATH = "events.tcss"
    PLACE = "events"
    BINDINGS = keys.bindings(keys.EVENTS)

    head = query_one("#head", Paper)
    rows = query_one("#list", LineList)
    whole = query_one("#whole", Paper)

    def __init__(self, bridge: Bridge, settings: ChartSettings, *, run: str = "") -> None:
        """`run`: begin with the events of that run alone."""
        super().__init__(bridge, settings)
        self._run = run
        self._kind = ALL
        self._shown: tuple[EventView, ...] = ()

    def compose(self) -> ComposeResult:
        """The head, the events, the one under the cursor in full, the keys."""
        yield Paper(id="head")
        yield LineList(id="list")
        yield Paper(id="whole")
        yield KeyLine(show_command_palette=False)

    @property
    def event(self) -> EventView | None:
        """The one under the cursor."""
        return self._shown[self.rows.cursor] if self.rows.cursor < len(self._shown) else None

    @property
    def current(self) -> RunView | None:
        """The run that it is of."""
        return self.snapshot.run(self.event.run) if self.event else None

    def wanted(self) -> Look:
        """Every event."""
        return Look(history=True)

    def tell(self, snapshot: Snapshot) -> None:
        """Show the events that are chosen, the cursor on the one it was on."""
        if not snapshot.look.history:
            return
        was, at_end = self.event, self.rows.cursor >= len(self._shown) - 1
        self._shown = tuple(
            one for one in snapshot.history if self._kind in (ALL, one.kind) and self._run in ("", one.run)
        )
        self._draw(snapshot)
        if at_end or was is None:
            self.rows.cursor = max(0, len(self._shown) - 1)
        elif (place := next((n for n, one in enumerate(self._shown) if one.id >= was.id), None)) is not None:
            self.rows.cursor = place
        self._tell_whole()

    def _draw(self, snapshot: Snapshot) -> None:
        colours, cells = ranks(snapshot.runs), self.rows.cells or self.size.width
        lines: tuple[Line, ...] = event_lines(
            self._shown, cells, now=snapshot.at, colours=colours, kinds=self._kind == ALL
        )
        none = line(Span(" nothing of the kind has happened", "dim"))
        self.rows.fill(lines or [none], count=len(self._shown))
        count = plural(len(self._shown), "event")
        kept = f"the newest {HISTORY} are kept here" if len(snapshot.history) >= HISTORY else ""
        of = (
            Span(safe(self._run), f"run{colours.get(self._run, 0)}")
            if self._run
            else Span("every run", "accent")
        )
        parts: list[tuple[int, Line]] = [
            (0, line(Span(f" {count}", "bold"))),
            (1, line(Span("kind ", "dim"), Span(safe(self._kind) or "all", "accent"))),
            (2, line(Span("of ", "dim"), of)),
            (3, line(Span(kept, "dim"))),
        ]
        self.head.show([fold(parts, self.size.width)])

    def _tell_whole(self) -> None:
        """The event under the cursor, all of it."""
        cells = self.whole.cells or self.size.width
        event = self.event
        self.whole.show(wrap(line(safe(event.text)), cells, 1)[:3] if event else [])

    def on_resize(self) -> None:
        """Another width, other lines."""
        self.call_after_refresh(lambda: self.tell(self.snapshot))

    def on_line_list_moved(self) -> None:
        """Tell the one under the cursor in full."""
        self._tell_whole()

    def action_roll(self, by: int) -> None:
        """Move the cursor."""
        self.rows.move(by)

    def action_page(self, by: int) -> None:
        """By what is in sight."""
        self.rows.move(by * max(1, self.rows.size.height - 1))

    def action_first(self) -> None:
        """The oldest."""
        self.rows.move(-len(self._shown))

    def action_last(self) -> None:
        """The newest."""
        self.rows.move(len(self._shown))

    def action_kind(self, by: int) -> None:
        """Only events of the next kind that there is."""
        kinds = [ALL, *sorted({one.kind for one in self.snapshot.history if self._run in ("", one.run)})]
        at = kinds.index(self._kind) if self._kind in kinds else 0
        self._kind = kinds[(at + by) % len(kinds)]
        self.tell(self.snapshot)

    def action_only(self) -> None:
        """Only the events of the run under the cursor, or of all."""
        self._run = "" if self._run else (self.event.run if self.event else "")
        self._kind = ALL
        self.tell(self.snapshot)

    def action_open(self) -> None:
        """The screen of the run."""
        view = self.current
        if view is None:
            self.bridge.tell("this event is of no run", severity="warning")
            return
        from trainui.ui.screens.run import RunScreen  # that screen leads here, too

        self.app.push_screen(RunScreen(self.bridge, self.settings, run=view.run))

    def action_log(self) -> None:
        """The log where the event happened."""
        view, event = self.current, self.event
        if view is None or event is None:
            self.bridge.tell("this event is of no run", severity="warning")
            return
        self.app.push_screen(LogScreen(self.bridge, self.settings, view=view, event=event))

    def action_back(self) -> None:
        """Back to where one came from."""
        self.app.pop_screen()
