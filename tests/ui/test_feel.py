"""A dashboard that is open all day: keys that come faster than screens, and nothing that grows."""

import gc

from conftest import settle, until
from textual import events
from textual._styles_cache import StylesCache
from textual.command import CommandPalette

from trainui.ui import pauses
from trainui.ui.screens.help import Help
from trainui.ui.screens.overview import Overview
from trainui.ui.screens.run import RunScreen
from trainui.ui.widgets.key_line import KeyLine


async def test_keys_that_come_faster_than_a_screen_closes_go_to_the_next_one(dashboard):
    app = dashboard()
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        for way in ("v", "enter", "b", "V"):
            await pilot.press(way)
            await settle(pilot)
            assert not isinstance(app.screen, Overview), way
            for _ in range(4):
                app.post_message(events.Key("escape", None))
            await until(pilot, lambda: isinstance(app.screen, Overview))
            await settle(pilot)
            assert app._exception is None
        app.post_message(events.Key("escape", None))
        app.post_message(events.Key("j", "j"))
        await settle(pilot)
        assert app.screen.table.cursor == 1


async def test_a_screen_that_is_covered_is_told_when_it_is_back_and_not_before(dashboard, story, monkeypatch):
    told = []
    app = dashboard()
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        tell = Overview.tell
        monkeypatch.setattr(
            Overview, "tell", lambda self, snapshot: (told.append(snapshot), tell(self, snapshot))
        )
        await pilot.press("enter")
        await settle(pilot)
        assert isinstance(app.screen, RunScreen)
        told.clear()
        app.bridge.seen.publish(app.snapshot)
        await settle(pilot)
        assert told == []
        await pilot.press("escape")
        await settle(pilot)
        assert told
        assert told[-1] is app.snapshot
        await pilot.press("question_mark")
        await settle(pilot)
        told.clear()
        app.bridge.seen.publish(app.snapshot)
        await settle(pilot)
        assert told, "it shines through a dialog"


async def test_what_is_gone_is_let_go(dashboard):
    app = dashboard()
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        for _ in range(5):
            await pilot.press("enter")
            await settle(pilot)
            await pilot.press("escape")
            await settle(pilot)
        pauses.forget_the_gone(app.screen)
        assert StylesCache.get_inner_outer.cache_info().currsize == 0

        def is_gone() -> bool:
            gc.collect()
            return not any(isinstance(one, RunScreen) for one in gc.get_objects())

        await until(pilot, is_gone)


def place_of(line, word):
    """Where a word stands on the line of keys."""
    return line.render_line(0).text.index(word), 0


async def test_a_click_on_the_line_of_keys_is_the_key(dashboard):
    app = dashboard()
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        line = app.screen.query_one(KeyLine)
        await pilot.click(KeyLine, offset=place_of(line, "help"))
        await until(pilot, lambda: isinstance(app.screen, Help))
        await pilot.press("escape")
        await settle(pilot)
        await pilot.click(KeyLine, offset=place_of(line, "palette"))
        await until(pilot, lambda: isinstance(app.screen, CommandPalette))
        await pilot.press("escape")
        await settle(pilot)
        await pilot.hover(KeyLine, offset=place_of(line, "leave"))
        assert line.tooltip == "leave; runs go on"
        await pilot.click(KeyLine, offset=(line.render_line(0).text.index("▏") - 2, 0))
        await settle(pilot)
        assert isinstance(app.screen, Overview), "between the keys there is none"


async def test_the_line_of_keys_is_drawn_anew_only_where_the_keys_are_others(dashboard, monkeypatch):
    drawn = []
    render = KeyLine.render_line
    monkeypatch.setattr(KeyLine, "render_line", lambda line, y: (drawn.append(line), render(line, y))[1])
    app = dashboard()
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        drawn.clear()
        await pilot.press("j", "k", "m")
        await settle(pilot)
        assert drawn == []
        await pilot.press("enter")
        await until(pilot, lambda: drawn)


async def test_a_tail_stands_at_its_end_at_every_size(dashboard):
    app = dashboard()
    async with app.run_test(size=(200, 55)) as pilot:
        await settle(pilot)
        tail = app.screen.events
        for size in ((80, 24), (120, 36), (80, 24), (200, 55), (100, 20)):
            await pilot.resize_terminal(*size)
            await until(pilot, lambda size=size: app.size == size)
            await until(pilot, lambda: tail.scroll_offset.y == tail.max_scroll_y)
            await settle(pilot)
            assert tail.scroll_offset.y == tail.max_scroll_y
        assert tail.max_scroll_y > 0
