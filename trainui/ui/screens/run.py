"""One run: its curves as small multiples, gates, what was run, what happened, what it printed."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from textual.app import ComposeResult
from textual.binding import ActiveBinding
from textual.containers import Grid
from textual.getters import query_one

from trainui.core.prospects import hints
from trainui.core.run import Status
from trainui.core.store.views import RunDetail, RunView
from trainui.ui import keys
from trainui.ui.bridge import Bridge
from trainui.ui.keymap import offered
from trainui.ui.present.gates import Group, Known
from trainui.ui.present.money import run_money
from trainui.ui.present.rows import ranks
from trainui.ui.present.standing import death, saving
from trainui.ui.present.story import run_head
from trainui.ui.present.usage import usage_line
from trainui.ui.screens.onward import Onward
from trainui.ui.screens.room import ChartSettings, with_charts
from trainui.ui.screens.sifting import Sifting
from trainui.ui.source import Look, Snapshot
from trainui.ui.widgets.banner import Banner
from trainui.ui.widgets.curve import Curves
from trainui.ui.widgets.gate_list import Facts, GateList
from trainui.ui.widgets.key_line import KeyLine
from trainui.ui.widgets.paper import Paper
from trainui.ui.widgets.sieve import Sieve
from trainui.ui.widgets.tails import EventTail, LogTail

PANES = ("curves", "gates", "spec", "events", "log")
LOG_LINES = 500


class RunScreen(Sifting, Onward):
    """Everything about one run. One pane is the current one: keys scroll it, and it can stand alone."""

    CSS_PATH = "run.tcss"
    PLACE = "run"
    BINDINGS = keys.bindings(keys.RUN)
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide")]  # noqa: RUF012 (Textual's own annotation)
    VERTICAL_BREAKPOINTS = [(0, "-low"), (30, "-high")]  # noqa: RUF012 (Textual's own annotation)

    head = query_one("#head", Paper)
    banner = query_one(Banner)
    usage = query_one("#usage", Paper)
    money = query_one("#money", Paper)
    death = query_one("#death", Paper)
    curves = query_one(Curves)
    gates = query_one(GateList)
    facts = query_one(Facts)
    events = query_one(EventTail)
    log_tail = query_one(LogTail)

    def __init__(
        self,
        bridge: Bridge,
        settings: ChartSettings,
        *,
        run: str,
        pane: str = PANES[0],
        is_zoomed: bool = False,
    ) -> None:
        """`pane`: the one that is current first. `is_zoomed`: it alone."""
        super().__init__(bridge, settings)
        self.run_name = run
        self._pane = PANES.index(pane) if pane in PANES else 0
        self._is_ended = False
        """Whether the keys in the last line are those of a run that has ended."""
        self.set_class(is_zoomed, "-zoom")

    def compose(self) -> ComposeResult:
        """The head, what it uses, how it died, five panes, the keys."""
        yield Paper(id="head")
        yield Banner(self.bridge.now)
        yield Paper(id="usage")
        yield Paper(id="money")
        yield Paper(id="death")
        with Grid(id="panes"):
            yield Curves(id="curves", most=(3, 4), least=(34, 8))
            yield GateList(id="gates", classes="pane")
            yield Facts(id="spec", classes="pane")
            yield EventTail(id="events", classes="pane", names=False)
            yield LogTail(id="log", classes="pane")
        yield Sieve(self.action_of)
        yield KeyLine(show_command_palette=False)

    def on_mount(self) -> None:
        """Name the panes and choose the first."""
        self._choose(self._pane)

    @property
    def active_bindings(self) -> dict[str, ActiveBinding]:
        """A run that has ended is tried again, not stopped: the line of keys says so. `x` still tells why not."""
        found = super().active_bindings
        if self.current is None or self.current.status is not Status.ENDED:
            return found
        shown = {"stop": False, "relaunch": True}
        return {
            key: one._replace(
                binding=replace(one.binding, show=shown.get(one.binding.action, one.binding.show))
            )
            for key, one in found.items()
        }

    @property
    def pane(self) -> str:
        """The current one."""
        return PANES[self._pane]

    @property
    def subject(self) -> str:
        """The run: its curves are looked at in their own way."""
        return self.run_name

    @property
    def current(self) -> RunView | None:
        """The run this screen is about."""
        return self.snapshot.run(self.run_name)

    def wanted(self) -> Look:
        """This run alone, with a long log."""
        look = Look(cursor=self.run_name, opened=self.run_name, log_lines=LOG_LINES, metrics=self.kept)
        return with_charts(look, self.curves, self.settings)

    def tell(self, snapshot: Snapshot) -> None:
        """Give every pane its part. A snapshot taken for another screen has no detail of this run."""
        detail, colours = snapshot.detail, ranks(snapshot.runs)
        view = self.current
        if view is not None:
            colour = colours.get(view.run, 0)
            self._tell_head(view, snapshot, colour)
            if self._is_ended != (view.status is Status.ENDED):
                self._is_ended = not self._is_ended
                self.refresh_bindings()
        if detail is None or detail.view.run != self.run_name:
            return
        self._entitle()
        self.plot(self.curves, {})
        self.gates.fill(*self._groups(detail, snapshot))
        self.facts.fill(detail, opened=snapshot.opened, now=snapshot.at)
        self.events.fill(detail.events, colours=colours, now=snapshot.at)
        self.log_tail.fill(snapshot.log)

    def _groups(self, detail: RunDetail, snapshot: Snapshot) -> tuple[Group, Group]:
        """The run's own gates, and those of its study."""
        expected = [trace.prospect for trace in snapshot.traces if trace.prospect is not None]
        cash = snapshot.budget.currency
        known = partial(Known, now=snapshot.at, currency=cash, answers=offered(self.app, "run.answer"))
        own = known(outcomes=snapshot.outcomes, hints=hints(expected))
        across = known(outcomes=snapshot.across_outcomes)
        return (
            Group(gates=detail.gates, known=own),
            Group(gates=snapshot.across, title=f"across {detail.view.study}", known=across),
        )

    def _tell_head(self, view: RunView, snapshot: Snapshot, colour: int) -> None:
        """The lines on top: where it stands, what it uses, how it died. An ended run keeps its log in sight."""
        is_saving = view.run in saving(snapshot.events)
        cells, now, cash = self.size.width, snapshot.at, snapshot.budget.currency
        self.head.show([run_head(view, cells, colour=colour, now=now, is_saving=is_saving, currency=cash)])
        detail = snapshot.detail
        sample = detail.usage if detail is not None and detail.view.run == view.run else None
        no_gpu = snapshot.machine.no_gpu_reason if snapshot.machine else ""
        used = usage_line(view, sample, cells, no_gpu=no_gpu)
        self.usage.show([used] if used else [])
        self.banner.fill(snapshot.budget)
        paid = run_money(view, snapshot.costs.get(view.run), snapshot.budget, cells, now=now)
        self.money.show([paid] if paid else [])
        self.death.show(death(view, self.death.cells))
        self.set_class(view.status is Status.ENDED and not self.has_class("-zoom"), "-with-log")

    def _choose(self, place: int) -> None:
        self._pane = place % len(PANES)
        self._entitle()
        self.call_after_refresh(self.ask_again)

    def _entitle(self) -> None:
        for index, name in enumerate(PANES):
            pane = self.query_one(f"#{name}", Paper)
            pane.set_class(index == self._pane, "-current")
            follows = ", follows" if name == "log" and self.log_tail.follow else ""
            here = f"  pane {index + 1} of {len(PANES)}" if index == self._pane else ""
            key = offered(self.app, "run.teach")
            teaches = f"  {key} teaches a line" if name == "log" and here and key else ""
            sieved = self._metrics_title() if name == "curves" else ""
            pane.entitle(f"{name}{follows}{here}{teaches}{sieved}")

    def _metrics_title(self) -> str:
        """Which metrics are in sight, where that is not all of them."""
        if self.kept:
            return f"  {self.filter_title()}"
        there, seen = len(self.snapshot.metric_names), self.curves.room
        return f"  {seen} of {there} metrics ({self.keymap.first('chart.next')})" if seen < there else ""

    def action_pane(self, by: int) -> None:
        """The next or previous pane."""
        self._choose(self._pane + by)

    def action_roll(self, by: int) -> None:
        """Scroll the current pane; scrolling the log up ends the following."""
        pane = self.query_one(f"#{PANES[self._pane]}", Paper)
        if pane is self.log_tail and by < 0:
            self.log_tail.follow = False
        pane.scroll_relative(y=by, animate=False)
        self._choose(self._pane)

    def action_follow(self) -> None:
        """The log stays at its end, or where it is."""
        self.log_tail.follow = not self.log_tail.follow
        if self.log_tail.follow:
            self.log_tail.to_end()
        self._choose(PANES.index("log"))

    def action_zoom(self) -> None:
        """The current pane alone, or all of them."""
        view = self.current
        if (self.has_class("-narrow") or self.has_class("-low")) and not (
            view and view.status is Status.ENDED
        ):
            tab = self.keymap.first("run.pane")
            self.bridge.tell(f"each pane stands alone on so small a terminal; {tab} goes on to the next")
            return
        self.toggle_class("-zoom")
        self.tell(self.snapshot)
        self.call_after_refresh(self.ask_again)

    def retried(self, run: str) -> None:
        """The screen goes to the new run."""
        self.run_name = run
        self.ask_again()
        self.tell(self.snapshot)

    def action_compare(self) -> None:
        """The run beside the marked ones, or beside those of its study."""
        overview = self.app.screen_stack[0]
        marked = overview.chosen if isinstance(overview, Onward) and overview.has_marks else ()
        key = self.keymap.first("overview.mark")
        alone = f"there is no other run of its study or job: mark two with {key}"
        self.compare(self.snapshot.runs, {*marked, self.run_name} if marked else (), alone=alone)

    def action_turn(self, by: int) -> None:
        """The neighbour in the table."""
        hidden = self.settings.hidden - {self.run_name}
        names = [view.run for view in self.snapshot.runs if view.run not in hidden]
        if self.run_name in names:
            self.run_name = names[(names.index(self.run_name) + by) % len(names)]
            self.ask_again()
            self.tell(self.snapshot)

    def action_back(self) -> None:
        """The cursor of the curves goes away; without one, back to the overview."""
        if not self.put_away():
            self.app.pop_screen()
