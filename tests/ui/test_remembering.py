"""The dashboard comes back as it was left, and what is gone by then is not missed."""

import pytest
from conftest import settle, until
from story import NOW, RUNS, Story, run
from test_dashboard import press, text_of

from trainui.core.run import Result, Status
from trainui.ui.app import Dashboard
from trainui.ui.memory import Charts, Memory, keep, memory_path, recall
from trainui.ui.preferences import Preferences, Said
from trainui.ui.remembering import Remembering
from trainui.ui.screens.overview import Overview
from trainui.ui.screens.run import RunScreen
from trainui.ui.settings import Settings


@pytest.fixture
def path(tmp_path):
    return tmp_path / "state" / "view.json"


@pytest.fixture
def opening(tmp_path, path):
    """Makes a dashboard that remembers in `path`."""

    def make(story=None, *, fresh=False, **settings) -> Dashboard:
        return Dashboard(
            story or Story(),
            title="boundary",
            settings=Settings(**settings),
            clock=lambda: NOW,
            remembering=Remembering(tmp_path, path, fresh=fresh, clock=lambda: NOW),
        )

    return make


async def leave(app, pilot):
    await pilot.press("q")
    await until(pilot, lambda: app._exit)


async def test_it_comes_back_as_it_was_left(opening, path):
    app = opening()
    async with app.run_test(size=(100, 36)) as pilot:
        await settle(pilot)
        await press(pilot, "down", "space", "t", "u", "y", "Y", "w", "O", "o", "m", "l", "i")
        looked, left = app.snapshot.look, app.charts
        await leave(app, pilot)
    memory, told = recall(path)
    assert (told, memory.left_at, memory.theme) == ("", NOW, "light")
    again = opening()
    async with again.run_test(size=(100, 36)) as pilot:
        await settle(pilot)
        assert again.snapshot.look.marked == looked.marked == {"mlp-2"}
        assert again.snapshot.look.cursor == looked.cursor
        for name in ("metric", "axis", "log", "log_x", "smooth", "clip", "looks_ahead"):
            assert getattr(again.charts, name) == getattr(left, name), name
        assert again.charts.sights[""].ports == left.sights[""].ports != {}
        assert not again.current_theme.dark
        assert again.screen.has_class("-log")
        assert again.left_at == NOW


async def test_the_filters_come_back_and_esc_takes_them_away(opening):
    app = opening()
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await press(pilot, "slash", *"mlp", "enter")
        await leave(app, pilot)
    again = opening()
    async with again.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        assert [view.run for view in again.screen.table.runs] == ["mlp-2"]
        await press(pilot, "escape")
        assert len(again.screen.table.runs) == len(again.snapshot.runs)


async def test_z_takes_the_marks_from_before_away(opening):
    app = opening()
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await press(pilot, "space")
        await leave(app, pilot)
    again = opening()
    async with again.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        assert again.screen.marked
        await press(pilot, "Z")
        assert again.screen.marked == ()


async def test_the_run_that_was_open_is_open_again_on_its_pane_and_esc_leads_to_the_overview(opening):
    app = opening()
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await press(pilot, "down", "enter")
        await until(pilot, lambda: isinstance(app.screen, RunScreen))
        await press(pilot, "tab", "z")
        run = app.screen.run_name
        await leave(app, pilot)
    again = opening()
    async with again.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: isinstance(again.screen, RunScreen))
        await settle(pilot)
        assert (again.screen.run_name, again.screen.pane) == (run, "gates")
        assert again.screen.has_class("-zoom")
        await press(pilot, "escape")
        assert isinstance(again.screen, Overview)


async def test_runs_that_are_gone_are_forgotten_without_a_word(opening, path):
    keep(path, Memory(marked=("gone-1", "mlp-2"), cursor="gone-1", opened="gone-1", pane="log"))
    app = opening()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await until(pilot, lambda: isinstance(app.screen, Overview))
        await settle(pilot)
        assert app.screen.marked == ("mlp-2",)
        assert app.screen.current is not None
        assert not app._notifications
        await leave(app, pilot)
    assert "gone-1" not in path.read_text()


async def test_a_fresh_start_shows_the_plain_view_and_still_knows_when_it_was_left(opening, path):
    keep(path, Memory(marked=("mlp-2",), theme="light", left_at=17.0))
    app = opening(fresh=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert app.screen.marked == ()
        assert app.current_theme.dark
        assert app.left_at == 17.0


async def test_what_the_settings_say_is_not_remembered_as_a_choice(opening, path):
    app = opening(smoothing=0.9, log_y=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert (app.charts.smooth, app.charts.log) == (0.9, True)
        await leave(app, pilot)
    assert recall(path)[0].charts.smooth is None
    again = opening(smoothing=0.6)
    async with again.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert (again.charts.smooth, again.charts.log) == (0.6, False)


@pytest.mark.parametrize("smooth", [0.5, -1.0, 1.0])
async def test_a_smoothness_that_no_key_turns_to_is_not_taken_up(opening, path, smooth):
    keep(path, Memory(charts=Charts(smooth=smooth)))
    app = opening()
    async with app.run_test(size=(100, 36)) as pilot:
        await settle(pilot)
        await press(pilot, "w")
        await until(pilot, lambda: app.charts.smooth == 0.6)


async def test_who_wants_nothing_remembered_leaves_only_when_they_left(opening, path):
    app = opening(remember=False)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "space", "t")
        await leave(app, pilot)
    memory, _ = recall(path)
    assert memory == Memory(project=memory.project, left_at=NOW)


async def test_a_change_is_kept_before_the_dashboard_is_left(opening, path):
    app = opening()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "space")
        await until(pilot, lambda: path.exists() and recall(path)[0].marked)
        assert recall(path)[0].marked == app.screen.marked


async def test_a_broken_memory_is_told_once_and_begins_anew(opening, path):
    path.parent.mkdir()
    path.write_text("{")
    app = opening()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await until(pilot, lambda: any("put aside" in note.message for note in app._notifications))
        assert app.screen.marked == ()


async def test_a_place_that_cannot_be_written_is_told_once(tmp_path, path):
    path.parent.write_text("a file where the folder should be")
    remembering = Remembering(tmp_path, path, clock=lambda: NOW)
    app = Dashboard(Story(), clock=lambda: NOW, remembering=remembering)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        app._remember()
        await until(pilot, lambda: any("not remembered" in note.message for note in app._notifications))
        told = len(app._notifications)
        await press(pilot, "space")
        app._remember()
        await settle(pilot)
        assert len(app._notifications) == told


async def test_of_two_dashboards_the_one_that_is_left_last_wins_and_the_file_stays_whole(opening, path):
    one, two = opening(), opening()
    async with one.run_test(size=(80, 24)) as first:
        await settle(first)
        await press(first, "space")
        async with two.run_test(size=(80, 24)) as second:
            await settle(second)
            await press(second, "down", "space")
            await leave(one, first)
            await leave(two, second)
            assert recall(path) == (recall(path)[0], "")
            assert recall(path)[0].marked == two.screen.marked


def test_each_project_is_remembered_in_a_file_of_its_own(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    one = Remembering(tmp_path / "one", memory_path(tmp_path / "one"))
    one.keep(Memory(marked=("a",)), is_last=True)
    assert Remembering(tmp_path / "two", memory_path(tmp_path / "two")).recalled.marked == ()
    assert Remembering(tmp_path / "one", memory_path(tmp_path / "one")).recalled.marked == ("a",)


async def test_a_theme_that_a_setting_chose_later_ends_the_one_of_the_key(opening):
    app = opening()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "t")
        assert not app.current_theme.dark
        said = dict(Preferences().said) | {"theme": Said(value="dark")}
        app.change(Preferences(said=said))
        assert app.current_theme.dark
        assert text_of(app)


def in_sight(table) -> list[str]:
    """The runs whose rows are on the screen."""
    top, rows = table.scroll_offset.y, table.size.height - table.FROZEN
    return [view.run for view in table.runs[top : top + rows]]


ENDED = [run(f"old-{n}", status=Status.ENDED, result=Result.FINISHED, queued_at=NOW - n) for n in range(30)]


@pytest.mark.parametrize("size", [(80, 24), (60, 14)], ids=["80x24", "60x14"])
async def test_live_runs_are_in_sight_at_the_start_whichever_run_had_the_cursor(opening, path, size):
    keep(path, Memory(cursor="old-29"))
    app = opening(Story(runs=[*RUNS[:2], *ENDED]))
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        table = app.screen.table
        assert in_sight(table)[:2] == ["transformer-3", "mlp-2"]
        assert app.screen.current.run == app.snapshot.look.cursor == "transformer-3"
        await press(pilot, "end")
        assert table.current.run == "old-29"
        assert "old-29" in in_sight(table)


@pytest.mark.parametrize(
    ("runs", "cursor", "size"),
    [
        ([*RUNS[:2], *ENDED], "old-2", (80, 24)),
        ([*RUNS[:2], *ENDED], "old-10", (200, 55)),
        (ENDED, "old-29", (80, 24)),
        ([*RUNS[:2], *ENDED], "mlp-2", (60, 14)),
    ],
    ids=["among-the-first", "on-a-large-screen", "nothing-lives", "it-lives"],
)
async def test_a_run_that_had_the_cursor_has_it_again_where_no_live_run_gives_way(
    opening, path, runs, cursor, size
):
    keep(path, Memory(cursor=cursor))
    app = opening(Story(runs=list(runs)))
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        assert app.screen.current.run == cursor
        assert cursor in in_sight(app.screen.table)
