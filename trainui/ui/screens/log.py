"""The whole log of a run: leafed through where it lies, searched, followed; or opened where an event happened."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.getters import query_one

from trainui.core.ingest.pages import Pages
from trainui.core.store.views import EventView, RunView
from trainui.ui import keys
from trainui.ui.bridge import Bridge, is_open
from trainui.ui.leafing import Leafing, Spot
from trainui.ui.present.ink import Line, Span, line, safe
from trainui.ui.present.log import log_head, row_heights, row_lines, signs_of
from trainui.ui.present.rows import ranks
from trainui.ui.present.text import percent
from trainui.ui.reader import Reader
from trainui.ui.screens.room import ChartSettings, Room
from trainui.ui.seeking import Search
from trainui.ui.source import Look, Snapshot
from trainui.ui.widgets.field import SteadyField
from trainui.ui.widgets.key_line import KeyLine
from trainui.ui.widgets.log_paper import LogPaper
from trainui.ui.widgets.paper import Paper

SHIFT = 20
"""Columns that a cut log moves to the side."""
TELLS = 0.5
"""Seconds between two looks at whether the log has grown, and at how far a search is."""
_WHILE_TYPED = ("log.go", "log.back")
"""The keys that do something while words are typed; all others are of the field."""


class WordsField(SteadyField):
    """What is looked for."""

    BINDINGS = keys.bindings(keys.WORDS)


class LogScreen(Room):
    """Reads only the page that is shown; a search goes on in a thread until it finds, ends or is ended."""

    CSS_PATH = "log.tcss"
    PLACE = "log"
    BINDINGS = keys.bindings(keys.LOG)
    AUTO_FOCUS = "#words"

    head = query_one("#head", Paper)
    page = query_one("#page", LogPaper)
    words_field = query_one("#words", WordsField)

    def __init__(
        self, bridge: Bridge, settings: ChartSettings, *, view: RunView, event: EventView | None = None
    ) -> None:
        """`event`: begin where that happened."""
        super().__init__(bridge, settings)
        self.run_name = view.run
        self._pages = Pages(Path(view.directory) / "output.log")
        self._leafing = Leafing(self._pages, lambda row: self._height_of(row.text))
        self._event = event
        self._follows = event is None
        self._wraps, self._shift = bridge.held.log_wrap, 0
        self._words, self._said = "", ""
        self._hit: int | None = None
        """Where the row begins that was found last."""
        self._size_drawn = 0
        """Bytes there were when it was drawn last."""
        self._types = False
        self._search: Search | None = None
        """What is going on."""

    def compose(self) -> ComposeResult:
        """The head, a page, the words to look for, the keys."""
        yield Paper(id="head")
        yield LogPaper(id="page")
        with Horizontal(id="asking"):
            yield Paper(id="asked")
            yield WordsField(self.action_of, id="words", compact=True)
        yield KeyLine(show_command_palette=False)

    def on_mount(self) -> None:
        """Go where it was asked to."""
        self.query_one("#asked", Paper).show([line(Span(" look for ", "accent"))])
        self.set_interval(TELLS, self._tell_news)
        if self._event is not None:
            self._go_to(self._event)

    def on_unmount(self) -> None:
        """End a search that goes on."""
        self._end_search()

    def action_of(self, key: str) -> str | None:
        """What a key does now; "" for a letter of the words, None when it is not ours."""
        if self._types:
            return self.keymap.typed(_WHILE_TYPED).get(key, "")
        return self.keymap.action(self.PLACE, key)

    @property
    def current(self) -> RunView | None:
        """The run whose log it is."""
        return self.snapshot.run(self.run_name)

    def wanted(self) -> Look:
        """Little: the log itself is read here."""
        return Look(cursor=self.run_name, log_lines=1)

    def tell(self, snapshot: Snapshot) -> None:
        """What came meanwhile."""
        del snapshot
        self._redraw()

    def on_resize(self) -> None:
        """Another width, another height."""
        self.call_after_refresh(self._redraw)

    @property
    def _room(self) -> int:
        return max(1, self.page.size.height)

    def _height_of(self, text: str) -> int:
        return row_heights(text, self.page.size.width) if self._wraps else 1

    def _redraw(self) -> None:
        if not is_open(self) or not self.page.size.height:
            return
        lines, cells = self._room, self.page.size.width
        if self._follows:
            self._leafing.top = self._leafing.end(lines)
        self._leafing.keep_within(lines)
        drawn: list[Line] = []
        end = self._leafing.top.start
        for row, above in self._leafing.rows(lines):
            of_row = row_lines(row.text, cells, wraps=self._wraps, shift=self._shift, words=self._words)
            drawn += (
                [_underlined(one) for one in of_row[above:]] if row.start == self._hit else of_row[above:]
            )
            end = row.end
        self.page.show(drawn[:lines] or [line(Span(" nothing was printed yet", "dim"))])
        size = self._size_drawn = self._pages.size()
        name = Span(safe(self.run_name), f"run{ranks(self.snapshot.runs).get(self.run_name, 0)} bold")
        said = (
            f"{percent(self._search.share)} searched, {self.keymap.first('log.back')} ends it"
            if self._search
            else self._said
        )
        self.head.show(
            [
                log_head(
                    name,
                    self.size.width,
                    size=size,
                    share=end / size if size else 1.0,
                    follows=self._follows,
                    wraps=self._wraps,
                    words=self._words,
                    said=said,
                )
            ]
        )

    # ---------------------------------------------------------------- moving

    def action_roll(self, by: int) -> None:
        """So many lines down; upwards ends the following."""
        self._follows &= by > 0
        self._leafing.roll(by, self._room)
        self._redraw()

    def on_log_paper_wheeled(self, message: LogPaper.Wheeled) -> None:
        """As the arrows."""
        self.action_roll(message.by)

    def action_page(self, by: int) -> None:
        """By what is in sight, less a line to read on from."""
        self.action_roll(by * max(1, self._room - 1))

    def action_first(self) -> None:
        """The first line."""
        self._follows = False
        self._leafing.top = Spot()
        self._redraw()

    def action_last(self) -> None:
        """The last line."""
        self._leafing.top = self._leafing.end(self._room)
        self._redraw()

    def action_follow(self) -> None:
        """Stay at the end as it grows, or where it is."""
        self._follows = not self._follows
        self._redraw()

    def action_wrap(self) -> None:
        """Long lines on several rows, or cut."""
        self._wraps, self._shift = not self._wraps, 0
        self._redraw()

    def action_shift(self, by: int) -> None:
        """Cut lines move to the side."""
        if not self._wraps:
            self._shift = max(0, self._shift + by * SHIFT)
            self._redraw()

    # ---------------------------------------------------------------- looking for something

    def action_look_for(self) -> None:
        """Ask for words."""
        self._type(is_typing=True)
        self.words_field.value = ""

    def _type(self, *, is_typing: bool) -> None:
        self._types = is_typing
        self.set_class(is_typing, "-typing")
        self.refresh_bindings()

    def action_go(self) -> None:
        """Look for the words that were typed."""
        self._type(is_typing=False)
        self._words = self.words_field.value
        self._hit = None
        self.action_next(1)

    def action_next(self, by: int) -> None:
        """The next row with the words, or the one before."""
        if not self._words:
            self._said = f"{self.keymap.first('log.search')} looks for words"
            self._redraw()
            return
        top = self._leafing.top.start
        if self._hit is None:
            start = top
        else:
            start = self._hit if by < 0 else next((one.end for one in self._pages.forward(self._hit, 1)), 0)
        self._seek([self._words], start, backwards=by < 0, nowhere=f"no more {safe(self._words)!r}")

    def _go_to(self, event: EventView) -> None:
        """Find where an event happened."""
        run, at = self.run_name, event.at

        def place(reader: Reader) -> tuple[float | None, float | None]:
            return reader.place_at(run, at)

        def found(place: tuple[float | None, float | None]) -> None:
            if is_open(self):
                nowhere = f"no line tells of: {safe(event.text)[:40]}"
                self._seek(signs_of(event, *place), 0, backwards=False, nowhere=nowhere)

        self.bridge.read(place, found)

    def _seek(
        self, signs: Sequence[str | re.Pattern[bytes]], start: int, *, backwards: bool, nowhere: str
    ) -> None:
        """Look for each of the signs until one is found, in a thread."""
        self._end_search()
        self._search = search = Search()
        self._follows, self._said = False, ""

        def told(place: int | None) -> None:
            if search.is_ended or not is_open(self):
                return
            self._search = None
            if place is None:
                self._said = nowhere
            else:
                self._hit = place
                self._leafing.show(place, self._room)
            self._redraw()

        self.bridge.work(lambda: search.run(self._pages, signs, start, backwards=backwards), told)

    def _tell_news(self) -> None:
        if self._search is not None or self._pages.size() != self._size_drawn:
            self._redraw()

    def _end_search(self) -> None:
        if self._search is not None:
            self._search.is_ended = True
            self._search = None

    def action_back(self) -> None:
        """From the words to the log; from a search that goes on; from the log to where one came from."""
        if self._types:
            self._type(is_typing=False)
        elif self._search is not None:
            self._end_search()
            self._said = "the search was ended"
            self._redraw()
        else:
            self.app.pop_screen()


def _underlined(spans: Line) -> Line:
    return tuple(Span(span.text, f"{span.tone} bold") for span in spans)
