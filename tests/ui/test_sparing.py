"""What is sent to the terminal: only the cells that changed, and the same picture as Textual's own update makes."""

import re

from conftest import settle
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from story import Story
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.geometry import Region, Size
from textual.strip import Strip

from trainui.ui.present.ink import Span, changed, plain, width
from trainui.ui.sparing import Shown, SparingUpdate, fitting, sparing

CONSOLE = Console(color_system="truecolor", force_terminal=True)
SIZE = (120, 36)


class Terminal:
    """As much of a terminal as an update needs: a grid of (character, colours and attributes)."""

    def __init__(self) -> None:
        self.cells: dict[tuple[int, int], tuple[str, frozenset[tuple[str, str]]]] = {}

    def write(self, text: str) -> None:
        x = y = 0
        style: dict[str, str] = {}
        for move, column, codes, char in re.findall(
            r"\x1b\[(\d+;\d+)H|\x1b\[(\d+)G|\x1b\[([\d;]*)m|([^\x1b])", text
        ):
            if move:
                y, x = (int(part) - 1 for part in move.split(";"))
            elif column:
                x = int(column) - 1
            elif char and char != "\n":
                seen = {key: value for key, value in style.items() if key == "48" or char != " "}
                self.cells[x, y] = (char, frozenset(seen.items()))
                for beyond in range(1, cell_len(char)):
                    self.cells[x + beyond, y] = ("", frozenset(seen.items()))
                x += max(1, cell_len(char))
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


def picture(update) -> dict:
    """What a terminal shows of an update."""
    terminal = Terminal()
    terminal.write(update.render_segments(CONSOLE))
    return terminal.cells


async def test_few_bytes_draw_the_same_picture(dashboard):
    app = dashboard()
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        shown, terminal = Shown(), Terminal()
        for keys in ("", "j", "space", "m", "enter", "z", "escape", "v", "escape", "question_mark", "escape"):
            if keys:
                await pilot.press(keys)
                await settle(pilot)
            whole = app.screen._compositor.render_full_update()
            if keys != "j":
                update = app.screen._compositor.render_full_update()
            else:
                app.screen._compositor._dirty_regions.update([Region(0, 0, SIZE[0], SIZE[1] - 1)])
                update = app.screen._compositor.render_partial_update()
                assert type(update) is ChopsUpdate
            text = sparing(update, shown, app.size).render_segments(CONSOLE)
            terminal.write(text)
            assert terminal.cells == picture(whole), keys
            again = sparing(whole, shown, app.size).render_segments(CONSOLE)
            assert again == "", "what stands there is not sent again"
        assert len(text) < len(whole.render_segments(CONSOLE)) / 2


def test_after_it_forgot_all_of_the_picture_is_sent_and_another_size_is_another_picture():
    shown, size = Shown(), Size(10, 2)
    update = LayoutUpdate([[Strip([Segment("abcdefghij")])], [Strip([Segment("0123456789")])]], size.region)
    first = sparing(update, shown, size).render_segments(CONSOLE)
    assert sparing(update, shown, size).render_segments(CONSOLE) == ""
    shown.forget()
    assert sparing(update, shown, size).render_segments(CONSOLE) == first
    assert sparing(update, shown, Size(8, 1)).render_segments(CONSOLE).endswith("abcdefgh")
    assert sparing(update, shown, size).render_segments(CONSOLE) == first


RED, BLUE, GREEN = "#ff0000", "#0000ff", "#00ff00"
STYLES = st.sampled_from(
    ["", f"{RED} on {BLUE}", f"{RED} on {GREEN}", f"bold {RED} on {BLUE}", f"on {BLUE}", "underline", GREEN]
)
ROWS = st.lists(st.builds(lambda text, style: Segment(text, Style.parse(style)), st.text("ab 漢é", max_size=6), STYLES), max_size=6)  # fmt: skip


@given(st.lists(ROWS, min_size=1, max_size=4))
def test_every_row_stands_as_it_was_drawn_whatever_stood_there_before(rows):
    shown, size, terminal = Shown(), Size(24, 1), Terminal()
    ground = Style.parse("#ffffff on #000000")
    for row in rows:
        strip = Strip(Segment.apply_style(row, ground)).adjust_cell_length(size.width, ground)
        update = LayoutUpdate([[strip]], size.region)
        terminal.write(sparing(update, shown, size).render_segments(CONSOLE))
        assert terminal.cells == picture(update)


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
    assert not any(type(one) in (ChopsUpdate, LayoutUpdate) for one in sent)


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


def test_a_terminal_that_is_too_small_says_once_what_it_needs():
    shown, console = Shown(), Console()
    small = fitting(None, shown, Size(40, 10))
    told = small.render_segments(console)
    assert "trainui needs 50x14; this is 40x10" in told
    assert small.render_segments(console) == "", "it stands there already"
    assert fitting(None, shown, Size(12, 5)).render_segments(console).endswith("trainui need")
    shown.forget()
    assert small.render_segments(console) == told
    assert fitting(None, shown, Size(50, 14)) is None, "there is room"
