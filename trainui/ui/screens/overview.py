"""The overview: money, machine, runs, curves of the marked ones, what happened and what was printed."""

from __future__ import annotations

from contextlib import suppress

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.getters import query_one

from trainui.core.filter import Filter, FilterError, parse_filter
from trainui.core.filter.runs import run_filter, values_of
from trainui.core.store.views import RunView
from trainui.ui import keys
from trainui.ui.bridge import Bridge
from trainui.ui.keymap import offered
from trainui.ui.memory import Memory
from trainui.ui.present.ink import Line, safe
from trainui.ui.present.rows import ranks
from trainui.ui.present.sieve import RUN_WORDS
from trainui.ui.present.standing import saving
from trainui.ui.screens.onward import Onward
from trainui.ui.screens.room import ChartSettings, digits, with_charts
from trainui.ui.screens.sifting import Sifting
from trainui.ui.source import Look, Snapshot
from trainui.ui.widgets.banner import Banner
from trainui.ui.widgets.curve import Curves
from trainui.ui.widgets.key_line import KeyLine
from trainui.ui.widgets.run_table import READING, RunTable, empty, none_left
from trainui.ui.widgets.sieve import Sieve
from trainui.ui.widgets.strips import MachineStrip, MoneyStrip
from trainui.ui.widgets.tails import EventTail, LogTail

ROOMY = 90
"""Cells from which the footer has room for the palette's key."""


class Overview(Sifting, Onward):
    """Everything at a glance."""

    NOUN, WORDS = "run", RUN_WORDS
    PLACE = "overview"
    BINDINGS = keys.bindings(keys.OVERVIEW)
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide")]  # noqa: RUF012 (Textual's own annotation)

    money = query_one(MoneyStrip)
    machine = query_one(MachineStrip)
    banner = query_one(Banner)
    table = query_one(RunTable)
    curves = query_one(Curves)
    events = query_one(EventTail)
    log_tail = query_one(LogTail)

    def __init__(
        self, bridge: Bridge, settings: ChartSettings, *, title: str, recalled: Memory | None = None
    ) -> None:
        """`recalled`: how it was left."""
        super().__init__(bridge, settings)
        self._title, self._recalled = title, recalled or Memory()
        self._marked: frozenset[str] = frozenset()
        self._filter: tuple[str, Filter] = ("", parse_filter(""))
        self._sifted: tuple[Snapshot, str, tuple[RunView, ...]] = (Snapshot(), "", ())
        """What the filter left of a snapshot."""
        self._anchor: str | None = None
        """The run that had the cursor when the filter was begun; it has it again as soon as it is back."""

    def compose(self) -> ComposeResult:
        """Strips, table, curves, tails, keys."""
        yield MoneyStrip(self._title, only_looks=self.bridge.only_looks)
        yield MachineStrip()
        yield Banner(self.bridge.now)
        yield RunTable()
        yield Curves()
        with Horizontal(id="tails"):
            yield EventTail(classes="tail")
            yield LogTail(classes="tail")
        yield Sieve(self.action_of)
        yield KeyLine()

    def on_mount(self) -> None:
        """As it was left; a run that is gone since is not missed."""
        was = self._recalled
        if was.marked:
            self._marked = frozenset(was.marked)
            self.undo.keep("the marks from before", lambda: self._remark(frozenset()))
        with suppress(FilterError):  # a filter of another version
            self.keep(was.filter)
        self.table.recall(was.cursor)
        self.set_class(was.tail == "log", "-log")

    def on_resize(self) -> None:
        """The palette's key gives way where the others need the room; the help names it."""
        self.query_one(KeyLine).show_command_palette = self.size.width >= ROOMY

    @property
    def current(self) -> RunView | None:
        """The run under the cursor."""
        return self.table.current

    @property
    def has_marks(self) -> bool:
        """Whether runs are marked."""
        return bool(self._marked)

    @property
    def marked(self) -> tuple[str, ...]:
        """The marked runs, by name."""
        return tuple(sorted(self._marked))

    @property
    def chosen(self) -> tuple[str, ...]:
        """The marked runs, or the one under the cursor."""
        return tuple(view.run for view in self.snapshot.runs if view.run in self._marked) or super().chosen

    def wanted(self) -> Look:
        """The log of the run under the cursor, and as many charts as fit."""
        cursor = self.current.run if self.current else None
        is_read = self.sieve.is_open or bool(self.kept)
        look = Look(cursor=cursor, marked=self._marked, hidden=self.settings.hidden, params=is_read)
        return with_charts(look, self.curves, self.settings)

    def tell(self, snapshot: Snapshot) -> None:
        """Give every widget its part."""
        colours, tags = ranks(snapshot.runs), digits(snapshot.shown)
        if snapshot.ready or snapshot.problem:
            self.machine.fill(snapshot.machine, problem=snapshot.problem)
        if snapshot.ready:  # what nobody has read yet is not told as if it were nothing
            self.money.fill(snapshot.budget, now=snapshot.at)
            self.events.fill(snapshot.events, colours=colours, now=snapshot.at)
            self.log_tail.fill(snapshot.log)
        self.banner.fill(snapshot.budget)
        self._marked &= {view.run for view in snapshot.runs} if snapshot.ready else self._marked
        runs = self._sift(snapshot)
        self.table.wanted = self._anchor if self.sieve.is_open else self.table.wanted
        self.table.entitle(self.filter_title(len(self._marked & self.settings.hidden)))
        self.table.fill(
            runs,
            tags=tags,
            colours=colours,
            marked=self._marked,
            saving=saving(snapshot.events),
            unseen=self.bridge.unseen,
            costs=snapshot.costs,
            currency=snapshot.budget.currency,
            now=snapshot.at,
            empty=self._told_instead(snapshot),
            chosen=self.bridge.held.columns,
        )
        self.plot(self.curves, tags)
        self.events.entitle("events")
        self.log_tail.entitle(f"log of {safe(snapshot.log_run)}" if snapshot.log_run else "log")

    def _told_instead(self, snapshot: Snapshot) -> tuple[Line, ...]:
        """What stands in a table without runs."""
        if not snapshot.ready:
            return READING
        if snapshot.runs:
            return none_left(self.keymap.first("overview.all"))
        return empty(offered(self.app, "overview.start"), self.keymap.first("app.help"))

    @property
    def kept(self) -> str:
        """The filter of the runs."""
        return self._filter[0]

    def keep(self, text: str) -> None:
        """Let a filter hold. Raises FilterError, also for a name that is no param of any run."""
        params = {name for one in self.snapshot.params.values() for name in one}
        is_known = self.snapshot.look.params or not text.strip()
        self._filter = (text, run_filter(text, params) if is_known else parse_filter(text))
        self._sift(self.snapshot)

    @property
    def left(self) -> tuple[int, int]:
        """How many runs are in the table, of how many."""
        of = len(self.snapshot.runs)
        return of - len(self.settings.hidden), of

    def _sift(self, snapshot: Snapshot) -> tuple[RunView, ...]:
        """The runs that the filter leaves; the others are hidden."""
        if not self.kept.strip():
            self.settings.hidden = frozenset()
            return snapshot.runs
        known, text, runs = self._sifted
        if known is not snapshot or text != self.kept:
            holds = self._filter[1]
            runs = tuple(one for one in snapshot.runs if holds(values_of(one, snapshot.params.get(one.run))))
            self._sifted = (snapshot, self.kept, runs)
        self.settings.hidden = frozenset(view.run for view in snapshot.runs) - {view.run for view in runs}
        return runs

    def action_filter(self) -> None:
        """Begin to type; the cursor comes back to its run."""
        self._anchor = self.current.run if self.current else None
        super().action_filter()

    def action_keep_filter(self) -> None:
        """The cursor stays where it is now."""
        super().action_keep_filter()
        self.table.wanted = self.table.wanted if self.sieve.is_open else None

    def action_beside(self, by: int) -> None:
        """Move the cursor while the filter is typed."""
        self.table.move(by)
        self._anchor = self.current.run if self.current else self._anchor

    def action_back(self) -> None:
        """The cursor of the curves goes away; without one, the filter."""
        if not self.put_away() and self.kept:
            self.action_clear_filter()

    # ---------------------------------------------------------------- cursor and marks

    def retried(self, run: str) -> None:
        """The cursor goes to what was just asked for."""
        self.table.wanted = run

    def moved(self, text: str) -> None:
        """The table shows it."""

    def on_run_table_moved(self, message: RunTable.Moved) -> None:
        """Read the log and the curve of the run the cursor is on; where a person put it, the run is seen."""
        message.stop()
        if message.by_hand and message.run in self.bridge.unseen and self.is_current:
            self.bridge.unseen -= {message.run}
            self.tell(self.snapshot)
        self.ask_again()

    def on_run_table_opened(self, message: RunTable.Opened) -> None:
        """Open what was clicked twice."""
        message.stop()
        self.open_run(message.run)

    def action_move(self, by: int) -> None:
        """Move the cursor."""
        self.table.move(by)

    def action_mark(self) -> None:
        """Mark the run, or take its mark away."""
        if self.current is None:
            return self.bridge.tell("there is no run to mark")
        return self._mark(self._marked ^ {self.current.run})

    def action_mark_live(self) -> None:
        """Mark what is live; when just that is marked, mark nothing."""
        live = frozenset(view.run for view in self.table.runs if view.is_live)
        self._mark(frozenset() if self._marked == live else live)

    def _mark(self, marked: frozenset[str]) -> None:
        before = self._marked
        self.undo.keep("a mark", lambda: self._remark(before))
        self._remark(marked)

    def _remark(self, marked: frozenset[str]) -> None:
        self._marked = marked
        self.tell(self.snapshot)
        self.ask_again()

    def action_open(self) -> None:
        """Everything about the run."""
        if self.current is None:
            return self.bridge.tell("there is no run to open")
        return self.open_run(self.current.run)

    def open_run(self, run: str) -> None:
        """Put a run's screen on top; it is seen."""
        self.bridge.unseen -= {run}
        from trainui.ui.screens.run import RunScreen

        self.app.push_screen(RunScreen(self.bridge, self.settings, run=run))

    def action_compare(self) -> None:
        """Runs side by side."""
        among = self.snapshot.runs if self._marked else self.table.runs
        key = self.keymap.first("overview.mark")
        self.compare(among, self._marked, alone=f"one run cannot be compared: mark two or more with {key}")

    def action_tail(self) -> None:
        """Where only one fits: events or log."""
        if self.has_class("-narrow"):
            self.toggle_class("-log")
        else:
            self.bridge.tell("events and log both stand below already")
