"""The dashboard in terminals as they are: few colours, odd names, sizes that change while something is open."""

import itertools

import pytest
from conftest import settle
from rich.color import ColorSystem

from trainui.ui import tones
from trainui.ui.settings import AUTO, as_held

TERMS = [
    ({"TERM": "xterm-256color", "COLORTERM": "truecolor"}, False, False),
    ({"TERM": "xterm-256color"}, False, False),
    ({"TERM": "screen-256color"}, False, False),
    ({"TERM": "tmux-256color"}, False, False),
    ({"TERM": "xterm", "COLORTERM": "truecolor"}, False, False),
    ({"TERM": "xterm-kitty"}, False, False),
    ({"TERM": "alacritty"}, False, False),
    ({"TERM": "xterm"}, True, False),
    ({"TERM": "xterm", "TEXTUAL_COLOR_SYSTEM": "truecolor"}, False, False),
    ({"TERM": "xterm-16color"}, True, False),
    ({"TERM": "screen"}, True, False),
    ({"TERM": "linux"}, True, True),
    ({"TERM": "vt100"}, True, True),
]


@pytest.mark.parametrize(("env", "is_ansi", "is_ascii"), TERMS, ids=lambda one: "-".join(one.values()) if isinstance(one, dict) else "")  # fmt: skip
def test_a_terminal_gets_the_colours_and_letters_that_it_has(env, is_ansi, is_ascii):
    held = as_held({}, env)
    assert (held.ansi, held.ascii) == (is_ansi, is_ascii)
    assert as_held({"theme": "dark"}, env).ansi is False, "what somebody chose holds"
    assert AUTO == "auto"


def test_in_sixteen_colours_the_curves_of_eight_runs_have_eight_colours():
    """Our own would fall together there: three of them become white."""
    own = {tones.style(f"run{n}", dark=True, ansi=True).color.name for n in range(8)}
    usual = [tones.style(f"run{n}", dark=True).color.downgrade(ColorSystem.STANDARD).number for n in range(8)]
    assert len(own) == 8
    assert len(set(usual)) < 8


STORM = [(20, 5), (300, 100), (1, 1), (40, 10), (80, 24), (200, 55), (40, 60), (250, 6), (120, 36)]


@pytest.mark.parametrize("way", ["", "enter", "v", "b", "question_mark", "s", "slash", "V", "Q"])
async def test_a_storm_of_sizes_breaks_no_screen_and_no_dialog(dashboard, way):
    app = dashboard()
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        if way:
            await pilot.press(way)
        screens = [type(screen) for screen in app.screen_stack]
        for size in itertools.chain(STORM, reversed(STORM)):
            await pilot.resize_terminal(*size)
        await settle(pilot)
        assert app.size == STORM[0]
        await pilot.resize_terminal(120, 36)
        await settle(pilot)
        assert [type(screen) for screen in app.screen_stack] == screens
        assert app.screen.size == (120, 36)
        strips = app.screen._compositor.render_strips()
        assert {strip.cell_length for strip in strips} == {120}
