"""What programs and people write is data on every screen: it drives nothing, breaks no column, raises nothing."""

import re
import unicodedata

import pytest
from conftest import settle
from nasty import NASTY, nasty
from rich.cells import cell_len
from rooms import ROOMS, go
from test_dashboard import text_of

from trainui.ui.present.ink import ascii_only, line, safe, width

UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]")
VISITED = ("overview", "marked", "run", "run-gates", "run-spec", "run-log", "compare", "compare-gates", "budget", "budget-ledger",
           "log", "events", "start", "stop?", "answer-note", "teach-naming", "note", "tags", "filter")  # fmt: skip


@pytest.mark.parametrize("text", NASTY)
def test_ascii_takes_as_many_cells_as_what_it_stands_for(text):
    assert cell_len(ascii_only(safe(text))) == cell_len(safe(text))
    assert ascii_only(safe(text)).isascii()


@pytest.mark.parametrize("text", NASTY)
def test_nothing_unseen_and_nothing_that_a_terminal_obeys_is_left(text):
    kinds = {unicodedata.category(char) for char in safe(text)}
    assert not kinds & {"Cc", "Cf", "Cs", "Zl", "Zp"}
    assert width(line(safe(text))) <= 2 * len(text)


@pytest.mark.parametrize(
    ("size", "settings"), [((80, 24), {}), ((120, 36), {"ascii": True})], ids=["80x24", "120x36-ascii"]
)  # fmt: skip
async def test_on_every_screen_it_is_only_text(dashboard, tmp_path, size, settings):
    app = dashboard(nasty(tmp_path), **settings)
    async with app.run_test(size=size) as pilot:
        for name, pressed in ((name, ROOMS[name]) for name in VISITED):
            while len(app.screen_stack) > 1:
                app.pop_screen()
                await pilot.pause()
            app.screen._remark(frozenset())
            app.screen.action_move(-1000)
            await settle(pilot)
            await go(pilot, *pressed)
            for strip in app.screen._compositor.render_strips():
                told = "".join(segment.text for segment in strip)
                assert cell_len(told) == size[0], (name, told)
                assert not UNSEEN.search(told), (name, told)
            assert text_of(app).isascii() or not settings.get("ascii"), name
            if name not in ("overview", "marked", "filter"):
                assert len(app.screen_stack) == 2, name


async def test_columns_stand_under_their_heads_whatever_a_run_is_called(dashboard, tmp_path):
    app = dashboard(nasty(tmp_path))
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        head, *rows = ["".join(span.text for span in one) for one in app.screen.table.lines]
        at = cell_len(head[: head.index("state")])
        states = {cut(row, at).split()[0] for row in rows}
        assert states <= {"running", "queued", "stopped", "failed"}


def cut(row: str, cells: int) -> str:
    """The row from a cell on."""
    while cells > 0:
        cells -= cell_len(row[0])
        row = row[1:]
    return row
