"""Runs side by side: their curves in one picture, what differs, what they reached, how their gates stand."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from textual.app import ComposeResult
from textual.containers import Grid
from textual.getters import query_one

from trainui.core.store.views import RunView
from trainui.ui import keys
from trainui.ui.bridge import Bridge
from trainui.ui.choice import MOST_DRAWN
from trainui.ui.present.beside import Heads, compared_head, differences_page, gates_page, metrics_page
from trainui.ui.present.ink import Line, Span, line
from trainui.ui.present.rows import ranks
from trainui.ui.screens.room import ChartSettings, digits, with_charts
from trainui.ui.screens.sifting import Sifting
from trainui.ui.source import Look, Snapshot
from trainui.ui.widgets.banner import Banner
from trainui.ui.widgets.curve import Curves
from trainui.ui.widgets.key_line import KeyLine
from trainui.ui.widgets.paper import Paper
from trainui.ui.widgets.sieve import Sieve

PAGES = ("differences", "metrics", "gates")
"""The pages, in the order of their keys 1 to 3."""
ZOOMS = ("", "-zoom", "-picture")
"""Everything, the page alone, the curves alone."""
READING = (line(Span("reading…", "dim")),)


def compared_runs(
    runs: Sequence[RunView], marked: Collection[str], current: RunView | None
) -> tuple[str, ...]:
    """The marked runs; with one marked, it and the current one; else those of the current one's study or job.

    All of them, in the order of the table; where they are too many for one picture, the current one's
    neighbours that have begun.
    """
    chosen = [view.run for view in runs if view.run in marked]
    if len(chosen) > 1 or current is None:
        return tuple(chosen)
    if chosen and current.run not in marked:
        return tuple(view.run for view in runs if view.run in (*chosen, current.run))
    kind = kin(runs, current)
    at = kind.index(current.run)
    first = max(0, min(at - MOST_DRAWN // 2, len(kind) - MOST_DRAWN))
    return tuple(kind[first : first + MOST_DRAWN])


def kin(runs: Sequence[RunView], current: RunView) -> list[str]:
    """The runs of its study, or of its job where it is of none, that have begun; itself in any case."""
    return [
        view.run
        for view in runs
        if (view.study == current.study if current.study else view.job == current.job)
        and (view.started_at is not None or view.metric is not None or view.run == current.run)
    ]


class Page(Paper):
    """Lines that scroll below their head."""

    FROZEN = 1


class CompareScreen(Sifting):
    """Up to eight runs. One page is the current one: keys scroll it, and it can stand alone."""

    CSS_PATH = "compare.tcss"
    PLACE = "compare"
    BINDINGS = keys.bindings(keys.COMPARE)
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (160, "-wide")]  # noqa: RUF012 (Textual's own annotation)
    VERTICAL_BREAKPOINTS = [(0, "-low"), (30, "-high")]  # noqa: RUF012 (Textual's own annotation)

    head = query_one("#head", Paper)
    banner = query_one(Banner)
    curves = query_one(Curves)

    def __init__(self, bridge: Bridge, settings: ChartSettings, *, runs: Sequence[str]) -> None:
        super().__init__(bridge, settings)
        self._runs = tuple(runs[:MOST_DRAWN])
        self._page = 0

    def compose(self) -> ComposeResult:
        """The head, the curves, the pages, the keys."""
        yield Paper(id="head")
        yield Banner(self.bridge.now)
        with Grid(id="panes"):
            yield Curves(id="curves")
            for name in PAGES:
                yield Page(id=name, classes="page")
        yield Sieve(self.action_of)
        yield KeyLine(show_command_palette=False)

    def on_mount(self) -> None:
        """Choose the first page."""
        for name in PAGES:
            self._paper(name).show(READING)
        self.action_turn_to(1)

    @property
    def subject(self) -> str:
        """Compared runs are looked at in their own way."""
        return " ".join(self._runs)

    @property
    def current(self) -> RunView | None:
        """No run is current here."""
        return None

    @property
    def chosen(self) -> tuple[str, ...]:
        """All of them are exported."""
        return self._runs

    def wanted(self) -> Look:
        """These runs, side by side."""
        return with_charts(Look(beside=self._runs, metrics=self.kept), self.curves, self.settings)

    def tell(self, snapshot: Snapshot) -> None:
        """Give every pane its part. A snapshot taken for another screen compares nothing."""
        self.banner.fill(snapshot.budget)
        found = snapshot.comparison
        if found is None or snapshot.look.beside != self._runs:
            return
        tags = digits(found.runs)
        heads = Heads(runs=found.runs, tags=tags, colours=ranks(snapshot.runs))
        views = [view for view in map(snapshot.run, found.runs) if view is not None]
        self.head.show(compared_head(views, heads, self.size.width))
        self._entitle()
        self.plot(self.curves, tags)
        for name in PAGES:
            paper = self._paper(name)
            cells = paper.cells or self.size.width - 1
            paper.show(self._lines(name, snapshot, heads, cells))

    def _lines(self, page: str, snapshot: Snapshot, heads: Heads, cells: int) -> tuple[Line, ...]:
        found = snapshot.comparison
        if found is None:
            return READING
        if page == "differences":
            return differences_page(found, heads, cells, currency=snapshot.budget.currency)
        if page == "metrics":
            return metrics_page(found, heads, cells, kept=snapshot.metric_names)
        return gates_page(found, heads, cells)

    def _paper(self, name: str) -> Page:
        return self.query_one(f"#{name}", Page)

    def _entitle(self) -> None:
        """The pages there are on the border of the one in sight, each with its key."""
        is_one = self.has_class("-narrow") or self.has_class("-zoom")
        for place, name in enumerate(PAGES):
            paper = self._paper(name)
            paper.set_class(place == self._page, "-current")
            names = [f"{n} {each}" for n, each in enumerate(PAGES, 1)] if is_one else [f"{place + 1} {name}"]
            if place == self._page:
                at = place if is_one else 0
                names[at] = f"‹{names[at]}›"
            paper.entitle("  ".join(names))
        self.curves.entitle(self.filter_title())

    def on_resize(self) -> None:
        """Another width, other columns."""
        self.call_after_refresh(self._again)

    def _again(self) -> None:
        if self.is_mounted:
            self._entitle()
            self.tell(self.snapshot)
            self.ask_again()

    def action_page(self, by: int) -> None:
        """The next or previous page."""
        self.action_turn_to((self._page + by) % len(PAGES) + 1)

    def action_turn_to(self, page: int) -> None:
        """The page of a digit; where the curves stand alone, they make room for it."""
        self._page = page - 1
        self.set_class(False, "-picture")
        self._entitle()
        self.call_after_refresh(self._again)  # a page that was hidden has a width now

    def action_roll(self, by: int) -> None:
        """Scroll the current page."""
        self._paper(PAGES[self._page]).scroll_relative(y=by, animate=False)

    def action_zoom(self) -> None:
        """The current page alone, the curves alone, or all."""
        now = next((name for name in ZOOMS[1:] if self.has_class(name)), "")
        then = ZOOMS[(ZOOMS.index(now) + 1) % len(ZOOMS)]
        for name in ZOOMS[1:]:
            self.set_class(name == then, name)
        self.call_after_refresh(self._again)

    def action_back(self) -> None:
        """The cursor of the curves goes away; without one, back to where one came from."""
        if not self.put_away():
            self.app.pop_screen()
