"""A dashboard that is open all day: keys that come faster than screens, and nothing that grows."""

import gc

from conftest import settle, until
from textual import events
from textual._styles_cache import StylesCache
from textual.widgets import Footer
from textual.widgets._footer import FooterKey

from trainui.ui import pauses
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
        footer = app.screen.query_one(Footer)
        watched = [one for some in getattr(footer, "__watchers").values() for one, _ in some]
        assert all(isinstance(one, Footer | FooterKey) for one in watched)
        assert all(one.is_attached for one in watched)
        assert StylesCache.get_inner_outer.cache_info().currsize == 0
        del watched

        def is_gone() -> bool:
            gc.collect()
            return not any(isinstance(one, RunScreen) for one in gc.get_objects())

        await until(pilot, is_gone)


async def test_the_line_of_keys_is_made_once_for_each_screen(dashboard, monkeypatch):
    made = []
    compose = KeyLine.compose
    monkeypatch.setattr(KeyLine, "compose", lambda line: (made.append(line), compose(line))[1])
    app = dashboard()
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        made.clear()
        await pilot.press("enter")
        await settle(pilot)
        assert made == [app.screen.query_one(KeyLine)]
        assert app.screen.query(FooterKey)
        gone = made[0]
        await pilot.press("escape")
        await settle(pilot)
        assert made == [gone], "what was below stands as it was"
        await gone.recompose()
        await pilot.press("j", "k")
        await settle(pilot)
        assert made == [gone]
