"""What is sent to the terminal: only the cells that changed, and the same picture as Textual's own update makes."""

import re

from conftest import settle
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from story import Story
from textual._compositor import ChopsUpdate
from textual.geometry import Region

from trainui.ui.present.ink import Span, changed, plain, width
from trainui.ui.sparing import SparingUpdate, sparing

CONSOLE = Console(color_system="truecolor", force_terminal=True)
SIZE = (120, 36)
PARTS = [
    Region(30, 4, 5, 1),
    Region(70, 4, 9, 1),
    Region(0, 14, 3, 1),
    Region(52, 16, 20, 1),
    Region(119, 20, 1, 1),
]


class Terminal:
    """As much of a terminal as an update needs: a grid of (character, colours and attributes)."""

    def __init__(self) -> None:
        self.cells: dict[tuple[int, int], tuple[str, frozenset[tuple[str, str]]]] = {}

    def write(self, text: str) -> None:
        x = y = 0
        style: dict[str, str] = {}
        for move, codes, char in re.findall(r"\x1b\[(\d+;\d+)H|\x1b\[([\d;]*)m|([^\x1b])", text):
            if move:
                y, x = (int(part) - 1 for part in move.split(";"))
            elif char and char != "\n":
                seen = {key: value for key, value in style.items() if key == "48" or char != " "}
                self.cells[x, y] = (char, frozenset(seen.items()))
                x += 1
            elif not char:
                style = turned(style, codes.split(";"))


def turned(style: dict[str, str], codes: list[str]) -> dict[str, str]:
    """The style after an SGR sequence."""
    style, codes = dict(style), list(codes)
    while codes:
        code = codes.pop(0)
        if code in ("", "0"):
            style.clear()
        elif code in ("38", "48"):
            style[code] = " ".join(codes[:4])
            del codes[:4]
        else:
            style[code] = "on"
    return style


async def test_few_bytes_draw_the_same_picture(dashboard):
    app = dashboard()
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        compositor, told = app.screen._compositor, []
        compositor._dirty_regions.update([Region(0, 0, *SIZE)])
        everything = compositor.render_partial_update().render_segments(CONSOLE)
        compositor._dirty_regions.update(PARTS)
        update = compositor.render_partial_update()
        for one in (update, sparing(update)):
            terminal = Terminal()
            terminal.write(everything)
            for part in PARTS:  # what was there before is to be drawn over
                terminal.cells |= {(x, part.y): ("#", frozenset()) for x in range(part.x, part.right)}
            terminal.write(one.render_segments(CONSOLE))
            told.append((terminal.cells, len(one.render_segments(CONSOLE))))
        assert type(update) is ChopsUpdate
        assert isinstance(sparing(update), SparingUpdate)
        assert told[1][0] == told[0][0]
        assert told[1][1] < told[0][1] / 3


async def test_the_dashboard_sends_that(dashboard, monkeypatch):
    """The way an update takes through Textual is not public: another version of it may go another way."""
    sent = []
    app = dashboard(Story())
    monkeypatch.setattr("textual.app.App._display", lambda self, screen, update: sent.append(update))
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("j")
        await settle(pilot)
    assert any(isinstance(one, SparingUpdate) for one in sent)
    assert not any(type(one) is ChopsUpdate for one in sent)


LINES = st.lists(
    st.builds(Span, st.text("ab 漢é", max_size=6), st.sampled_from(["", "dim", "run1"])), max_size=6
)


@given(LINES, LINES)
def test_what_did_not_change_is_not_told_of(old, new):
    def cells(spans):
        return [
            (c, span.tone) for span in spans for char in span.text for c in [char, ""][: width((Span(char),))]
        ]

    before, after = cells(old), cells(new)
    told = {at for start, stop in changed(tuple(old), tuple(new)) for at in range(start, stop)}
    assert all(before[at] == after[at] for at in range(min(len(before), len(after))) if at not in told)
    if plain(old) == plain(new) and before == after:
        assert not told


def test_parts_far_from_each_other_are_told_apart():
    old, new = (Span("eta 12 min" + " " * 20 + "1.38 $"),), (Span("eta 11 min" + " " * 20 + "1.39 $"),)
    assert changed(old, new) == ((5, 6), (33, 34))
