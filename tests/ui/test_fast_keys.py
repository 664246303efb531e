"""Keys that come faster than screens do: none finds a screen that is gone, or a list that is not drawn."""

import random
import threading

import pytest
from conftest import settle, until
from rooms import full, go
from story import NOW
from test_away_screen import returned, story

from trainui.core.away.model import Away
from trainui.ui import keys
from trainui.ui.app import Dashboard
from trainui.ui.palette import Palette
from trainui.ui.screens.away import AwayScreen
from trainui.ui.screens.dialog import Dialog
from trainui.ui.settings import Settings
from trainui.ui.widgets.sieve import Sieve

KEYS = sorted(
    {name for table in keys.PLACES.values() for key in table for name in key.key.split(",")} - {"q"}
)


async def test_two_keys_at_once_put_away_what_happened_once(dashboard):
    source, _ = story()
    app = returned(source)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, AwayScreen))
        for _ in range(3):
            app.simulate_key("full_stop")
        await until(pilot, lambda: not isinstance(app.screen, AwayScreen))
        await settle(pilot)
        assert len(app.screen_stack) == 1


async def test_the_palette_puts_up_with_keys_before_it_is_drawn_and_while_it_goes(dashboard):
    app = dashboard()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        for _ in range(3):
            for name in ("ctrl+p", "r", "pagedown", "pageup", "escape"):
                app.simulate_key(name)
            await pilot.pause()
            app.simulate_key("ctrl+p")
            await pilot.press("pagedown", "pagedown")
        await until(pilot, lambda: isinstance(app.screen, Palette))
        await pilot.press("escape")
        await settle(pilot)
        assert len(app.screen_stack) == 1


async def test_a_key_waits_for_the_screen_it_is_meant_for(dashboard):
    app = dashboard()
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        app.screen.open_run(app.snapshot.runs[0].run)
        app.simulate_key("slash")  # it is not drawn yet
        await until(pilot, lambda: any(field.is_open for field in app.screen.query(Sieve)))


@pytest.mark.parametrize("key", ["v", "b", "g", "L", "e", "s", "N", "question_mark", "ctrl+p"])
async def test_a_screen_that_is_put_away_while_it_is_made_is_not_missed(dashboard, key):
    app = dashboard()
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        for size in ((80, 24), (120, 36)):
            app.simulate_key(key)
            app.simulate_key("escape")
            await pilot.resize_terminal(*size)
            await settle(pilot)
        assert len(app.screen_stack) == 1


@pytest.mark.parametrize("seed", range(3))
async def test_keys_at_random_and_sizes_at_random_break_nothing(dashboard, seed):
    chosen, app = random.Random(seed), dashboard()
    async with app.run_test(size=(120, 36)) as pilot:
        for _ in range(60):
            for _ in range(chosen.randint(1, 6)):
                app.simulate_key(chosen.choice(KEYS))
            await pilot.pause()
            if chosen.random() < 0.1:
                await pilot.resize_terminal(chosen.randint(1, 200), chosen.randint(1, 60))
        await settle(pilot)
        assert app.is_running


@pytest.mark.parametrize(
    ("ways", "asks"),
    [
        (("n", "o", "k", "enter"), "note"),
        (("number_sign", "o", "k", "enter"), "tag"),
        (("s", "enter"), "start"),
        (("end", "R", "enter"), "retry"),
        (("down", "down", "down", "E", *"epochs=9", "enter"), "edit"),
        (("A", "y", "enter"), "answer"),
    ],
    ids=["note", "tag", "start", "relaunch", "edit", "answer"],
)
async def test_a_dialog_that_is_done_closes_itself_and_not_what_was_opened_over_it(tmp_path, ways, asks):
    source = full(tmp_path)
    may_end, answered = threading.Event(), getattr(source, asks)

    def late(*given, **more):
        may_end.wait(60)
        return answered(*given, **more)

    setattr(source, asks, late)
    app = Dashboard(source, title="boundary", settings=Settings(), clock=lambda: NOW)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await go(pilot, *ways)
        dialog, above = app.screen, AwayScreen(Away(since=NOW - 9000, until=NOW))
        assert isinstance(dialog, Dialog)
        app.push_screen(above)
        await until(pilot, lambda: app.screen is above)
        may_end.set()
        await until(pilot, lambda: any(call[0] == asks for call in source.calls) and app._notifications)
        await settle(pilot)
        assert app.screen is above
        await pilot.press("escape")
        await settle(pilot)
        assert dialog not in app.screen_stack
        assert len(app.screen_stack) == 1
