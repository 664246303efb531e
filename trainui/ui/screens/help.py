"""Every key of the screen below, and what the lights mean."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.getters import query_one
from textual.message import Message

from trainui.core.filter.runs import ABOUT
from trainui.ui import keys
from trainui.ui.key import in_words
from trainui.ui.keymap import DEFAULT, Keymap, is_offered, keymap_of
from trainui.ui.present.ink import Line, Span, line, wrap
from trainui.ui.present.lights import VERDICTS
from trainui.ui.screens.dialog import Dialog
from trainui.ui.widgets.paper import Paper

INDENT = 16
"""Where what a key does begins."""


def help_lines(
    place: str,
    cells: int = 80,
    keymap: Keymap = DEFAULT,
    *,
    only_ascii: bool = False,
    offers: Callable[[str], bool] = lambda _: True,
) -> list[Line]:
    """The keys of a place, those that work everywhere, names in a filter, and the lights, in `cells` cells.

    `offers`: whether the key of an ID is offered here.
    """
    lines: list[Line] = []
    for title, table in ((place, keys.PLACES[place]), ("everywhere", keys.EVERYWHERE)):
        lines.append(line(Span(title, "head")))
        for key in (one for one in table if offers(one.id)):
            first, *rest = wrap(line(key.about), cells - INDENT)
            written = keymap.written(key.id)
            written = in_words(written) if only_ascii else written
            lines.append(line("  ", Span(f"{written:{INDENT - 3}} ", "bold accent"), first))
            lines += [line(" " * INDENT, row) for row in rest]
        lines.append(line())
    if place == "overview":
        lines.append(line(Span("filter", "head")))
        lines += wrap(line(Span(" ".join(ABOUT)), "and every param"), cells - 4, 2)
        lines.append(line())
    lines.append(line(Span("gates", "head")))
    lights = [part for verdict, light in VERDICTS.items() for part in (light, Span(f" {verdict}  "))]
    lines.append(line("  ", *lights))
    lines.append(line(Span("  red is only for what needs a person", "dim")))
    lines.append(line(Span("  a digit at the end of a curve is the digit of its run in the table", "dim")))
    return lines


class HelpPaper(Paper):
    """The lines of the help."""

    class Resized(Message):
        """Another part of it is in sight: its height follows its lines, late."""

    def on_resize(self) -> None:
        """Say so."""
        self.post_message(self.Resized())


class Help(Dialog[None]):
    """The help, over the screen it explains."""

    CSS_PATH = "dialog.tcss"
    BINDINGS = keys.bindings(keys.HELP)

    paper = query_one("#help", Paper)
    more = query_one("#more", Paper)

    def __init__(self, place: str) -> None:
        super().__init__()
        self._place = place

    def compose(self) -> ComposeResult:
        """One box."""
        with Vertical(classes="box tall"):
            yield HelpPaper(id="help")
            yield Paper(id="more")

    def on_mount(self) -> None:
        """Show the keys."""
        self._fill()
        self.watch(self.paper, "scroll_y", self._tell_more, init=False)
        self.call_after_refresh(self._tell_more)

    def on_resize(self) -> None:
        """Another width, other lines; another height, another rest."""
        self._fill()
        self.call_after_refresh(self._tell_more)

    def _fill(self) -> None:
        """Fold the lines for the box, as dialog.tcss has it: its width is needed before it is laid out."""
        cells = min(78, self.app.size.width * 96 // 100) - 7
        self.paper.show(
            help_lines(
                self._place,
                cells,
                keymap_of(self.app),
                only_ascii=self.paper.is_ascii,
                offers=partial(is_offered, self.app),
            )
        )

    def on_help_paper_resized(self) -> None:
        """More or less of it fits."""
        self._tell_more()

    def _tell_more(self) -> None:
        """The last line, where not everything fits: that there is more below, or above."""
        is_long = self.paper.max_scroll_y > 0
        at_end = self.paper.scroll_offset.y >= self.paper.max_scroll_y
        arrow = "↑" if at_end else "↓"
        told = f"{arrow} more · {keymap_of(self.app).first('help.close')} closes"
        self.more.show([line(Span(told, "dim"))] if is_long else [])

    def action_roll(self, by: int) -> None:
        """Scroll."""
        self.paper.scroll_relative(y=by, animate=False)

    def action_page(self, by: int) -> None:
        """Scroll by what is in sight, less a line to read on from."""
        self.action_roll(by * max(1, self.paper.size.height - 1))

    def action_close(self) -> None:
        """Back to where one came from."""
        self.dismiss()
