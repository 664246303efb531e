"""The money: what is left, how it burnt down, who spent it, what was planned, leases and the ledger."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Grid
from textual.getters import query_one

from trainui.core.store.views import RunView
from trainui.ui import keys
from trainui.ui.book import BY, Book
from trainui.ui.bridge import Bridge
from trainui.ui.present.burning import burndown, ends_line, picture_title
from trainui.ui.present.ink import Line
from trainui.ui.present.money import budget_lines
from trainui.ui.present.spending import lease_page, ledger_page, plan_page, spent_page
from trainui.ui.screens.room import ChartSettings, Room
from trainui.ui.source import Look, Snapshot
from trainui.ui.widgets.banner import Banner
from trainui.ui.widgets.burndown import BurndownPaper
from trainui.ui.widgets.key_line import KeyLine
from trainui.ui.widgets.paper import Paper

PAGES = (*BY, "plan", "leases", "ledger")
"""The pages, in the order of their keys 1 to 8. The sums stand on the left, where there is room for two."""


class Page(Paper):
    """Lines that scroll below their head."""

    FROZEN = 1


class BudgetScreen(Room):
    """Everything about the money. One page is the current one: keys scroll it, and it can stand alone."""

    CSS_PATH = "budget.tcss"
    PLACE = "budget"
    BINDINGS = keys.bindings(keys.BUDGET)
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide")]  # noqa: RUF012 (Textual's own annotation)

    head = query_one("#head", Paper)
    banner = query_one(Banner)
    picture = query_one(BurndownPaper)
    spent = query_one("#spent", Page)
    more = query_one("#more", Page)

    def __init__(self, bridge: Bridge, settings: ChartSettings) -> None:
        super().__init__(bridge, settings)
        self._pages = [0, len(BY)]
        """The page on the left, and the one on the right."""
        self._side = 0

    def compose(self) -> ComposeResult:
        """The head, the banner, the picture, two pages, the keys."""
        yield Paper(id="head")
        yield Banner(self.bridge.now)
        with Grid(id="panes"):
            yield BurndownPaper(id="picture")
            yield Page(id="spent", classes="page")
            yield Page(id="more", classes="page")
        yield KeyLine(show_command_palette=False)

    def on_mount(self) -> None:
        """Name the panes and choose the first page."""
        self._turn_to(self._pages[0])

    @property
    def current(self) -> RunView | None:
        """No run is current here."""
        return None

    @property
    def page(self) -> str:
        """The current page."""
        return PAGES[self._pages[self._side]]

    def wanted(self) -> Look:
        """The book."""
        return Look(money=True)

    def tell(self, snapshot: Snapshot) -> None:
        """Give every pane its part. A snapshot taken for another screen has no book."""
        budget, cells, now = snapshot.budget, self.size.width, snapshot.at
        self.banner.fill(budget)
        self.picture.entitle(picture_title(budget))
        book = snapshot.book
        ladder = (book or Book()).ladder
        head = budget_lines(budget, ladder, snapshot.runs, cells, now=now)
        ends = ends_line(budget, snapshot.runs, snapshot.costs, cells, now=now)
        self.head.show([*head, *([ends] if ends else [])])
        if book is None:
            return
        self.picture.fill(burndown(budget, book, snapshot.runs, snapshot.costs, now=now))
        for pane, page in zip((self.spent, self.more), self._pages, strict=True):
            pane.show(self._lines(PAGES[page], book, snapshot, pane.cells or cells))

    def _lines(self, page: str, book: Book, snapshot: Snapshot, cells: int) -> tuple[Line, ...]:
        budget, now = snapshot.budget, snapshot.at
        if page == "plan":
            return plan_page(book.plans, cells, budget=budget)
        if page == "leases":
            return lease_page(book.leases, cells, budget=budget, now=now)
        if page == "ledger":
            return ledger_page(book.lines, cells, budget=budget, now=now)
        runs = {view.run: view for view in snapshot.runs}
        return spent_page(
            page,
            book.spent.get(page, ()),
            cells,
            budget=budget,
            now=now,
            runs=runs,
            costs=snapshot.costs,
            before=book.before,
            caps=book.caps,
        )

    def _turn_to(self, page: int) -> None:
        """Make a page the current one, on its side."""
        self._side = int(page >= len(BY))
        if self._pages[self._side] != page:
            self._pages[self._side] = page
            (self.spent, self.more)[self._side].scroll_to(y=0, animate=False)
        self._again()
        self.call_after_refresh(self._again)  # a page that was hidden has a width now

    def _entitle(self) -> None:
        """The pages there are on the border of the one in sight, each with its key."""
        alone = self.has_class("-narrow") or self.has_class("-zoom")
        for side, pane in enumerate((self.spent, self.more)):
            pane.set_class(side == self._side, "-current")
            names = PAGES if alone else PAGES[: len(BY)] if side == 0 else PAGES[len(BY) :]
            marked = [f"{PAGES.index(name) + 1} {name}" for name in names]
            at = names.index(PAGES[self._pages[side]])
            marked[at] = f"‹{marked[at]}›"
            pane.entitle("  ".join(marked))

    def on_resize(self) -> None:
        """Another width, other columns."""
        self.call_after_refresh(self._again)

    def _again(self) -> None:
        self._entitle()
        self.tell(self.snapshot)

    def action_page(self, by: int) -> None:
        """The next or previous page."""
        self._turn_to((self._pages[self._side] + by) % len(PAGES))

    def action_turn_to(self, page: int) -> None:
        """The page of a digit."""
        self._turn_to(page - 1)

    def action_roll(self, by: int) -> None:
        """Scroll the current page."""
        (self.spent, self.more)[self._side].scroll_relative(y=by, animate=False)

    def action_zoom(self) -> None:
        """The current page alone, or all."""
        self.toggle_class("-zoom")
        self.call_after_refresh(self._again)

    def action_back(self) -> None:
        """Back to where one came from."""
        self.app.pop_screen()
