"""Every key of the table is pressed where it belongs: nothing raises, and each shows something or says why not."""

from collections.abc import Iterator
from contextlib import asynccontextmanager

import pytest
from conftest import settle, until
from msgspec.structs import replace
from rooms import ROOMS, full, go
from story import NOW, RUNS, SUPERVISED, Story

from trainui.core.store.moneyviews import CountdownView
from trainui.ui import keys
from trainui.ui.app import Dashboard
from trainui.ui.bridge import ONLY_LOOKS
from trainui.ui.key import Key
from trainui.ui.preferences import load_preferences
from trainui.ui.settings import Settings
from trainui.ui.widgets.key_line import KeyLine

KINDS = [RUNS[0], SUPERVISED[1], SUPERVISED[2], SUPERVISED[4], SUPERVISED[5], RUNS[5]]
"""A run of every kind: running, paused, stopping, queued, held, ended."""
WHERE: dict[str, tuple[tuple[str, ...], ...]] = {
    "overview": (("down", "down", "left", "i", "w"), (), ("slash", "m", "enter", "space", "c")),
    "run": (("enter", "left", "i", "w"), ("enter", "shift+tab", "pageup"), ("enter", "tab")),
    "compare": (("a", "v", "2", "left", "i", "w"), ("a", "v", "2", "j", "j")),
    "gates": (("g", "j", "j", "tab", "left", "i"), ("g", "J"), ("g", "G", "tab")),
    "export": (("e",), ("e", "down", "down")),
    "settings": (("comma",), ("comma", "j", "j"), ("comma", "tab"), ("comma", "e", "1")),
    "setting": (("comma", "e", "1"),),
    "filter": (("slash", "m", "l", "p"), ("down", "slash")),
    "budget": (("b",), ("b", "8", "pagedown"), ("b", "8")),
    "log": (("V", "home", "down"), ("V", "w", "right"), ("V", "slash", "5"), ("V", "slash", "5", "enter", "pageup")),
    "events": (("N", "k"), ("N", "home"), ("N",)),
    "note, tags": (("n",), ("number_sign", "a")),
    "start": (("s",), ("s", "down", "down")),
    "relaunch": (("end", "R"), ("end", "R", "down", "down")),
    "stop?": (("x",),),
    "pause?": (("p",),),
    "answer": (("A",), ("A", "y")),
    "edit": (("down", "down", "down", "E"),),
    "teach": (("T", "k", "k"), ("T", "home"), ("T", "enter"), ("T", "enter", "enter")),
    "keep?": (ROOMS["keep?"],),
    "help": (("question_mark",), ("question_mark", "pagedown")),
    "everywhere": ((),),
}  # fmt: skip
"""Place → the ways into situations in which its keys are pressed."""
ON_A_RUN = [one for one in keys.OVERVIEW if one.id.split(".")[0] in ("run", "queue", "log", "events")]
ON_A_RUN += [
    one
    for one in keys.OVERVIEW
    if one.id in ("overview.open", "overview.mark", "overview.compare", "gates.open")
]
mode = pytest.mark.parametrize("only_looks", [False, True], ids=["normal", "readonly"])


def sight(app) -> object:
    """All that can be seen: the screens, what stands on the uppermost in which style, and what was said."""
    strips = app.screen._compositor.render_strips()
    drawn = tuple(tuple((part.text, str(part.style)) for part in strip) for strip in strips)
    said = tuple(note.message for note in app._notifications)
    return [type(one) for one in app.screen_stack], drawn, said, app.theme, app.has_left


@pytest.fixture(autouse=True)
def nobodys_files(tmp_path, monkeypatch):
    """What a key may write lies where the test ends."""
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))


class Watched(Dashboard):
    """A dashboard that only remembers that it was left."""

    has_left = False

    def exit(self, *_: object, **__: object) -> None:
        self.has_left = True


@asynccontextmanager
async def opened(story: Story, *, only_looks: bool, size=(80, 24)) -> Iterator:
    settings, found = Settings(), load_preferences(None)
    app = Watched(
        story,
        title="boundary",
        settings=settings,
        preferences=found,
        clock=lambda: NOW,
        only_looks=only_looks,
    )
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        yield pilot


async def home(pilot) -> None:
    """Back to the overview, as it was first, with nothing said."""
    app = pilot.app
    while len(app.screen_stack) > 1:
        app.pop_screen()
        await pilot.pause()
    app.clear_notifications()
    app.has_left = False
    overview = app.screen
    if overview.kept or overview.sieve.is_open:
        overview.action_clear_filter()
    overview.put_away()
    if overview.chosen[1:]:
        overview._remark(frozenset())
    overview.action_move(-1000)
    await until(pilot, lambda: app.bridge.snapshot.look == app.bridge.wanted)
    await pilot.pause()


async def shows(pilot, key: str) -> bool:
    """Press a key; whether anything came of it."""
    bridge, before = pilot.app.bridge, sight(pilot.app)
    await pilot.press(key)
    if sight(pilot.app) == before:
        await until(pilot, lambda: bridge.snapshot.look == bridge.wanted)
        await pilot.pause()
    return sight(pilot.app) != before


def stance(app) -> tuple[int, type, bool]:
    """Which keys are heard."""
    return len(app.screen_stack), type(app.screen), app.screen.has_class("-typing")


async def again(pilot, way: tuple[str, ...], there: tuple[int, type, bool]) -> None:
    """What a key opened is left; where it led away, the whole way is gone once more."""
    app = pilot.app
    while stance(app) != there and len(app.screen_stack) > there[0]:
        app.pop_screen()
        await pilot.pause()
    if stance(app) != there:
        await home(pilot)
        await go(pilot, *way)


def reached(table: tuple[Key, ...]) -> dict[str, str]:
    """Each way to write a key → its ID."""
    return {one.strip(): key.id for key in table for one in key.key.split(",")}


@pytest.mark.parametrize("place", keys.PLACES)
async def test_every_key_of_a_place_shows_something_in_one_situation_or_another(tmp_path, place):
    silent = reached(keys.PLACES[place])
    async with opened(full(tmp_path), only_looks=False) as pilot:
        app = pilot.app
        for way in WHERE[place] * 3:
            if not silent:
                break
            await home(pilot)
            await go(pilot, *way)
            there = stance(app)
            for key in list(silent):
                await again(pilot, way, there)
                app.clear_notifications()
                if await shows(pilot, key):
                    del silent[key]
    assert not silent


@pytest.mark.parametrize("place", ["overview", "run", "gates", "compare"])
async def test_where_one_only_looks_every_key_is_pressed_and_asks_for_nothing(tmp_path, place):
    story = full(tmp_path)
    way = WHERE[place][0]
    async with opened(story, only_looks=True) as pilot:
        app = pilot.app
        await go(pilot, *way)
        there = stance(app)
        for key in keys.PLACES[place]:
            await again(pilot, way, there)
            app.clear_notifications()
            await pilot.press(key.key.split(",")[0])
            is_refused = ONLY_LOOKS in [note.message for note in app._notifications]
            assert is_refused == key.acts, f"{key.id}: what is refused, and only that, is marked in the table"
    asked = {call[0] for call in story.calls}
    assert not asked & {
        "start",
        "stop",
        "pause",
        "retry",
        "edit",
        "answer",
        "teach",
        "note",
        "tag",
        "toggle_hold",
        "nudge",
        "shift",
    }
    assert "export" not in asked


@pytest.mark.parametrize("place", ["overview", "run", "gates", "compare"])
async def test_where_one_only_looks_what_would_be_refused_is_not_offered(tmp_path, place):
    refused = {key.id: key for key in (*keys.PLACES[place], *keys.EVERYWHERE) if key.acts}
    async with opened(full(tmp_path), only_looks=True, size=(200, 55)) as pilot:
        app = pilot.app
        await go(pilot, *WHERE[place][0])
        line = [key.word for key in app.screen.query_one(KeyLine)._keys]
        palette = [command.help for command in app.get_system_commands(app.screen)]
        assert line
        assert palette
        assert not {key.label for key in refused.values() if key.show} & set(line)
        assert not {key.about for key in refused.values()} & set(palette)
        await pilot.press("question_mark")
        told = "\n".join("".join(span.text for span in row) for row in app.screen.paper.lines)
        assert keys.EVERYWHERE[0].about in told
        assert not [key.id for key in refused.values() if key.about[:40] in told]


async def test_where_one_only_looks_no_sentence_names_a_key_that_would_be_refused(tmp_path):
    async with opened(Story(runs=[]), only_looks=True) as pilot:
        told = "\n".join("".join(span.text for span in row) for row in pilot.app.screen.table.lines)
        assert "no runs yet" in told
        assert "press s" not in told
    story = full(tmp_path)
    countdown = CountdownView(kind="idle", reason="idle", command=("poweroff",), at=NOW + 90)
    story.budget_view = replace(story.budget_view, countdown=countdown)
    async with opened(story, only_looks=True, size=(200, 55)) as pilot:
        told = "\n".join("".join(span.text for span in row) for row in pilot.app.screen.banner.lines)
        assert "runs in" in told
        assert "calls it off" not in told
        await go(pilot, "g")
        told = "\n".join("".join(span.text for span in row) for row in pilot.app.screen.table.lines)
        assert "asks" in told
        assert "A answers" not in told


@mode
async def test_what_is_done_to_a_run_shows_or_says_why_not_on_a_run_of_every_kind(tmp_path, only_looks):
    story = full(tmp_path)
    story.run_views = [story.run_views[0], *KINDS[1:]]
    seen = {"transformer-3", "evaluate-1"} if only_looks else {view.run for view in KINDS}
    silent = []
    async with opened(story, only_looks=only_looks) as pilot:
        app = pilot.app
        for at, view in enumerate(app.snapshot.runs):
            for key in ON_A_RUN if view.run in seen else ():
                await home(pilot)
                app.screen.action_move(at)
                await settle(pilot)
                assert app.screen.current.run == view.run
                asked = len(story.calls)
                shown = await shows(pilot, key.key.split(",")[0])
                # A place in the queue is shown by the table itself, which the store of the story does not change.
                if not shown and {"nudge", "shift"}.isdisjoint(call[0] for call in story.calls[asked:]):
                    silent.append((view.run, key.id))
    assert not silent


@mode
async def test_every_key_is_pressed_where_there_is_no_run_at_all(only_looks):
    silent = []
    async with opened(Story(runs=[]), only_looks=only_looks, size=(80, 24)) as pilot:
        for key in (*keys.OVERVIEW, *keys.EVERYWHERE):
            await home(pilot)
            if not await shows(pilot, key.key.split(",")[0]) and key in ON_A_RUN:
                silent.append(key.id)
    assert not silent


def test_every_place_of_the_table_has_a_way_in():
    assert set(WHERE) == set(keys.PLACES)
