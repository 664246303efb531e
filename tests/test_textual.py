"""What we use of Textual beside what it promises: a newer one that has it no more fails here, with what to look after.

The sentence of a row says what it means and which module leans on it.
"""

import asyncio
import inspect
import re
import threading
from importlib import import_module

import pytest
from textual import constants
from textual._compositor import ChopsUpdate, Compositor, LayoutUpdate
from textual._styles_cache import StylesCache
from textual.app import App
from textual.command import CommandPalette
from textual.css.stylesheet import Stylesheet
from textual.drivers import linux_driver
from textual.geometry import Region, Size
from textual.screen import Screen
from textual.strip import Strip
from textual.widgets import Input
from textual.worker import Worker

METHODS = [
    (
        App,
        "_display",
        ("screen", "renderable"),
        "sends a picture to the terminal (ui/app: only what changed)",
    ),
    (
        App,
        "_handle_exception",
        ("error",),
        "hears of an error that nobody caught (ui/steady: not of the gone)",
    ),
    (App, "_check_resize", (), "lays out anew after a resize, late (tests/ui/conftest: at once)"),
    (App, "_unnotify", ("notification",), "takes a toast away (ui/bridge: one that is told again)"),
    (Screen, "_on_timer_update", (), "draws what waits for the next frame (tests/ui/conftest: at once)"),
    (CommandPalette, "_action_command_list", ("action",), "moves in the list of the palette (ui/palette)"),
    (Input, "_on_key", ("event",), "hears a key in a field before its bindings do (ui/widgets/field)"),
    (Compositor, "reflow", ("parent", "size"), "finds where everything lies (ui/sparing.Laying)"),
    (Compositor, "render_strips", (), "what is drawn, as the tests of the dashboard look at it"),
    (LayoutUpdate, "render_segments", ("console",), "what is sent to the terminal (ui/sparing)"),
    (ChopsUpdate, "render_segments", ("console",), "what is sent to the terminal (ui/sparing)"),
    (StylesCache, "get_inner_outer", None, "remembers colours with their widgets (ui/pauses lets them go)"),
    (Stylesheet, "_parse_rules", None, "reads a style sheet (tests/ui/conftest: each once)"),
]


@pytest.mark.parametrize(
    ("owner", "name", "given", "meaning"), METHODS, ids=[f"{m[0].__name__}.{m[1]}" for m in METHODS]
)
def test_a_method_that_is_none_of_textuals_promises_is_there(owner, name, given, meaning):
    method = getattr(owner, name, None)
    assert callable(method), f"{owner.__name__}.{name} is gone: it {meaning}"
    if given is not None:
        parameters = [one for one in inspect.signature(method).parameters.values() if one.name != "self"]
        assert tuple(one.name for one in parameters if one.default is one.empty) == given, meaning


@pytest.mark.parametrize(
    ("module", "name", "meaning"),
    [
        ("textual.screen", "Compositor", "what each screen makes its compositor of (ui/steady puts its own there)"),
        ("textual.app", "wait_for_idle", "how a test waits for an app (tests/ui/conftest puts its own there)"),
        ("textual.pilot", "wait_for_idle", "how a test waits for an app (tests/ui/conftest puts its own there)"),
        ("textual._wait", "SLEEP_GRANULARITY", "seconds between two looks at whether an app works"),
        ("textual._wait", "SLEEP_IDLE", "seconds of processor time meanwhile that are no work"),
        ("textual._context", "active_app", "the app of the running code, for how a test waits"),
        ("textual.drivers.linux_driver", "selectors", "what waits for input (ui/promptly puts its own there)"),
        ("textual.constants", "ESCAPE_DELAY", "seconds after which a lone esc is one (ui/promptly)"),
    ],
)  # fmt: skip
def test_a_name_that_is_put_in_the_place_of_textuals_own_is_there(module, name, meaning):
    assert hasattr(import_module(module), name), f"{module}.{name} is gone: {meaning}"


def test_the_cache_of_colours_can_be_cleared():
    assert StylesCache.get_inner_outer.cache_info().maxsize > 0
    StylesCache.get_inner_outer.cache_clear()


def test_an_update_of_the_whole_screen_holds_its_rows_and_where_they_begin():
    update = LayoutUpdate([[Strip.blank(3)]], Region(1, 2, 3, 1))
    assert (len(update.strips), update.region.x, update.region.y) == (1, 1, 2)


def test_an_update_of_parts_holds_where_they_are_and_what_is_cut_out_of_which_strips():
    update = ChopsUpdate([{0: Strip.blank(3)}], [(0, 1, 2)], [[3]])
    assert (update.spans, update.chop_ends, set(update.chops[0])) == ([(0, 1, 2)], [[3]], {0})


def test_the_driver_waits_by_a_select_selector_and_a_parser_asks_how_long_esc_is_one_when_it_waits():
    source = inspect.getsource(linux_driver)
    assert "selectors.SelectSelector()" in source, "ui/promptly answers to that name"
    names = set(re.findall(r"selectors\.(\w+)", source))
    assert names <= {"SelectSelector", "EVENT_READ", "SelectorKey"}, "ui/promptly has no others of the module"
    parser = inspect.getsource(import_module("textual._xterm_parser"))
    assert "(constants.ESCAPE_DELAY)" in parser, "a value taken at import could not be changed"
    assert constants.ESCAPE_DELAY < 1


async def test_an_app_at_work_has_what_the_dashboard_and_its_tests_look_at():
    class Small(App[None]):
        def compose(self):
            yield Input()

    app = Small()
    async with app.run_test(size=(30, 5)) as pilot:
        screen, field = app.screen, app.screen.query_one(Input)
        assert isinstance(screen._mounted_event, asyncio.Event), "a key waits for it (ui/steady)"
        assert screen._mounted_event.is_set()
        assert app._driver.write, "what rings the terminal writes there (ui/ringing)"
        assert app._screen_stack == [screen], "the screens, not a copy (tests/ui/conftest)"
        assert isinstance(screen._update_timer._active, asyncio.Event), (
            "set while a frame waits (tests/ui/conftest)"
        )
        assert app._resize_timer is None, "there while a resize waits (tests/ui/conftest)"
        assert "enter" in field._bindings.key_to_bindings, "key → its bindings (ui/widgets/field)"
        assert app.stylesheet._variables, "what a style sheet is read with (tests/ui/conftest)"
        before = screen._compositor._full_map
        assert field in before, "where each widget lies (ui/sparing.Laying)"
        screen._compositor.reflow(screen, Size(30, 5))
        assert screen._compositor._full_map is not before, (
            "a layout makes it anew, from what it was (ui/sparing.Laying)"
        )
        app.notify("said")
        await pilot.pause()
        assert [one.message for one in app._notifications] == ["said"], "what was said (tests/ui)"
        worker = app.run_worker(asyncio.sleep(0), exit_on_error=False)
        assert isinstance(worker, Worker)
        assert isinstance(worker._task, asyncio.Task), "what a thread still does (tests/ui/conftest)"


async def test_the_loop_and_an_event_tell_who_waits():
    """Python's own, as tests/ui/conftest looks at them."""
    assert hasattr(asyncio.get_running_loop(), "_ready"), "what is to run at once"
    assert len(threading.Event()._cond._waiters) == 0, "who waits for an event"
