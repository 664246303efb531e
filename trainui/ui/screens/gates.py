"""Every gate of some runs and of their studies; below them the one under the cursor, with its curve and its terms."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.getters import query_one

from trainui.core.store.subjects import PREFIX as STUDY
from trainui.core.store.views import GateView, RunView
from trainui.ui import keys
from trainui.ui.bench import GateLook, newest_runs
from trainui.ui.bridge import Bridge
from trainui.ui.plot.axis import EPOCH, STEP
from trainui.ui.plot.figure import Chart
from trainui.ui.present.bench import bench_head, bench_rows, picked, states_of
from trainui.ui.present.ink import Line, Span, line, safe
from trainui.ui.present.near import gate_chart, near_lines
from trainui.ui.present.rows import ranks
from trainui.ui.screens.answer import Answer
from trainui.ui.screens.onward import Onward
from trainui.ui.screens.room import ChartSettings, digits, with_charts
from trainui.ui.screens.run import RunScreen
from trainui.ui.source import Look, Snapshot
from trainui.ui.widgets.banner import Banner
from trainui.ui.widgets.curve import Curves
from trainui.ui.widgets.gate_table import READING, GateTable, Terms
from trainui.ui.widgets.key_line import KeyLine
from trainui.ui.widgets.paper import Paper

RUN, MARKED, STUDY_OF, ALL = "run", "marked", "study", "all"


class GatesScreen(Onward):
    """Gates. The keys of curves move the one below the table."""

    CSS_PATH = "gates.tcss"
    PLACE = "gates"
    BINDINGS = keys.bindings(keys.GATES)
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide")]  # noqa: RUF012 (Textual's own annotation)

    head = query_one("#head", Paper)
    banner = query_one(Banner)
    table = query_one(GateTable)
    curves = query_one(Curves)
    terms = query_one("#terms", Terms)

    def __init__(self, bridge: Bridge, settings: ChartSettings, *, runs: Sequence[str], run: str) -> None:
        """`runs`: those that are marked, may be none. `run`: the one under the cursor; '' for none."""
        super().__init__(bridge, settings)
        self._marked, self._run = tuple(runs), run
        self._whose = MARKED if len(self._marked) > 1 else RUN if run else ALL
        self._state = ""
        self._wholly = False
        """Whether the whole curve is drawn, not only the part around the verdict."""
        self._kept: tuple[str, str] | None = None
        """The gate under the cursor, wherever it goes."""

    def compose(self) -> ComposeResult:
        """The head, the gates, the one under the cursor, the keys."""
        yield Paper(id="head")
        yield Banner(self.bridge.now)
        yield GateTable()
        with Horizontal(id="near"):
            yield Curves(id="curves", most=(1, 1))
            yield Terms(id="terms")
        yield KeyLine(show_command_palette=False)

    # ---------------------------------------------------------------- whose gates

    @property
    def _study(self) -> str:
        view = self.snapshot.run(self._run)
        return view.study if view is not None else ""

    def _runs(self) -> tuple[str, ...]:
        """The runs whose gates are looked at."""
        views = self.snapshot.runs
        if self._whose == RUN:
            return (self._run,)
        if self._whose == MARKED:
            return self._marked
        if self._whose == STUDY_OF:
            views = tuple(view for view in views if view.study == self._study)
        return newest_runs(views)

    def _choices(self) -> list[str]:
        """Whose gates may be looked at here."""
        found = [MARKED] if len(self._marked) > 1 else []
        found += [RUN] if self._run else []
        return [*found, *([STUDY_OF] if self._study else []), ALL]

    @property
    def _told(self) -> str:
        """Whose they are, for the head."""
        names = {RUN: self._run, MARKED: f"{len(self._marked)} marked runs", STUDY_OF: f"study {self._study}"}
        return names.get(self._whose, "the newest run of each job")

    @property
    def subject(self) -> str:
        """Each gate's curve is looked at in its own way."""
        return "gate " + " ".join(self._kept or ())

    @property
    def gate(self) -> GateView | None:
        """The one under the cursor."""
        return self.table.gate

    @property
    def current(self) -> RunView | None:
        """The run of the gate under the cursor; of a study's gate, the run one came from."""
        gate = self.gate
        name = self._run if gate is None or gate.run.startswith(STUDY) else gate.run
        return self.snapshot.run(name)

    @property
    def chosen(self) -> tuple[str, ...]:
        """An export takes the marked runs, or the one of the gate."""
        return self._marked if self._whose == MARKED else super().chosen

    def wanted(self) -> Look:
        """These gates, and the one under the cursor from near."""
        look = Look(bench=GateLook(runs=self._runs(), chosen=self._kept))
        return with_charts(look, self.curves, self.settings)

    # ---------------------------------------------------------------- drawing

    def tell(self, snapshot: Snapshot) -> None:
        """Show the gates. A snapshot taken for another screen has none."""
        self.banner.fill(snapshot.budget)
        bench = snapshot.bench
        if bench is None or snapshot.look.bench is None:
            return
        states = states_of(bench.gates, bench.mended)
        shown = picked(bench.gates, self._state, bench.mended) if self._state in states else bench.gates
        self._state = self._state if self._state in states else ""
        rows = bench_rows(shown, bench.mended)
        colours = ranks(snapshot.runs)
        self.table.fill(
            rows, bench, colours=colours, now=snapshot.at, keeps=self._kept, empty=self._empty(snapshot)
        )
        left = 0 if self._whose in (RUN, MARKED) else self._left_out(snapshot)
        head = bench_head(
            bench.gates,
            self.size.width,
            whose=self._told,
            state=self._state,
            shown=len(shown),
            others=left,
            mended=bench.mended,
        )
        self.head.show([head])
        if self.table.key != self._kept:
            self._kept = self.table.key
            self.ask_again()
        self._tell_near(snapshot)

    def _left_out(self, snapshot: Snapshot) -> int:
        of = [v for v in snapshot.runs if self._whose == ALL or v.study == self._study]
        return len(of) - len(self._runs())

    def _empty(self, snapshot: Snapshot) -> tuple[Line, ...]:
        if not snapshot.ready:
            return READING
        return (
            line(),
            line("   ", Span(f"no gates are written down for {safe(self._told)}", "dim")),
            line(
                "   ", Span("a [[gate]] table in a job's TOML says, before the run, what should hold;", "dim")
            ),
            line("   ", Span("trainui gates suggest RUN proposes some from runs of the past", "dim")),
        )

    def _tell_near(self, snapshot: Snapshot) -> None:
        bench, gate = snapshot.bench, self.gate
        if bench is None or gate is None:
            self.terms.fill(lambda _: ())
            self.curves.plot([])
            return
        if bench.near is None or (bench.near.run, bench.near.gate) != (gate.run, gate.gate):
            return  # it is on its way
        self.terms.entitle(f"{safe(gate.gate)} of {safe(gate.run)}")
        is_blind = not snapshot.traces
        if self.has_class("-blind") != is_blind:
            self.set_class(is_blind, "-blind")
            self.call_after_refresh(self._again)
        view = snapshot.run(gate.run)
        outcomes = bench.outcomes[gate.run]
        near, currency = bench.near, snapshot.budget.currency
        self.terms.fill(
            lambda cells: near_lines(gate, near, outcomes, view, cells, now=snapshot.at, currency=currency)
        )
        self.plot(self.curves, digits(snapshot.shown) if len(snapshot.shown) > 1 else {})

    def shaped(self, drawn: tuple[Chart, ...]) -> tuple[Chart, ...]:
        """The curve around the verdict, until somebody zooms it."""
        bench, gate = self.snapshot.bench, self.gate
        if bench is None or bench.near is None or gate is None:
            return drawn
        return tuple(gate_chart(one, gate, bench.near, wholly=self._wholly) for one in drawn)

    def _again(self) -> None:
        if self.is_mounted:
            self.tell(self.snapshot)
            self.ask_again()

    def on_resize(self) -> None:
        """Another width, other words."""
        self.call_after_refresh(self._again)

    # ---------------------------------------------------------------- keys and mouse

    def on_gate_table_moved(self, message: GateTable.Moved) -> None:
        """Look at the gate that is under the cursor now."""
        message.stop()
        self._kept = self.table.key
        self._tell_near(self.snapshot)
        self.ask_again()

    def on_gate_table_opened(self, message: GateTable.Opened) -> None:
        """Open the run of a gate that was clicked twice."""
        message.stop()
        self.action_open()

    def action_move(self, by: int) -> None:
        """Another gate."""
        self.table.move(by)

    def action_roll(self, by: int) -> None:
        """Scroll what is told of the gate."""
        self.terms.scroll_relative(y=by, animate=False)

    def action_whose(self) -> None:
        """The gates of this run, of its study, of all."""
        choices = self._choices()
        at = choices.index(self._whose) if self._whose in choices else -1
        self._whose = choices[(at + 1) % len(choices)]
        self._again()

    def action_state(self, by: int) -> None:
        """Only gates of the next state that some gate is in."""
        bench = self.snapshot.bench
        states = states_of(bench.gates, bench.mended) if bench is not None else ("",)
        self._state = states[(states.index(self._state) + by) % len(states)] if self._state in states else ""
        self._again()

    def action_picture(self) -> None:
        """Where only one fits: the words or the curve."""
        self.toggle_class("-picture")
        self.call_after_refresh(self._again)

    def action_zoom(self) -> None:
        """The gate alone, or below the table."""
        self.toggle_class("-zoom")
        self.call_after_refresh(self._again)

    def action_open(self) -> None:
        """The run of the gate."""
        if self.current is not None:
            self.app.push_screen(RunScreen(self.bridge, self.settings, run=self.current.run))

    def action_questions(self) -> None:
        """Answer what is asked here, the question under the cursor first."""
        if not self.bridge.may_ask():
            return
        bench = self.snapshot.bench
        asked = [gate for gate in (bench.gates if bench else ()) if gate.is_open_question]
        asked.sort(key=lambda gate: (gate.run, gate.gate) != self._kept)
        if asked:
            self.app.push_screen(Answer(self.bridge, asked))
        else:
            self.bridge.tell("nothing is asked here now", severity="warning")

    def action_axis(self, by: int) -> None:
        """Epochs or steps: a gate is judged by these."""
        del by
        self.settings.axis = STEP if self.settings.axis == EPOCH else EPOCH
        self._look_again()

    def action_whole(self) -> None:
        """The whole curve, or again the part around the verdict."""
        self._wholly = not self._wholly
        super().action_whole()

    def action_back(self) -> None:
        """The cursor of the curve goes away; without one, back."""
        if not self.put_away():
            self.app.pop_screen()
