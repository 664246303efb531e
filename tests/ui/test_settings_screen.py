"""The settings screen: every change by keys holds at once, and a person's file says it."""

import os

import pytest
from conftest import settle, until
from story import NOW, Story
from test_dashboard import press, text_of

from trainui.ui.app import Dashboard
from trainui.ui.preferences import load_preferences, preferences_path
from trainui.ui.screens.confirm import Confirm
from trainui.ui.screens.overview import Overview
from trainui.ui.screens.settings import SettingsScreen
from trainui.ui.settings import SETTINGS

NAMES = [one.name for one in SETTINGS]


@pytest.fixture
def path(tmp_path, monkeypatch):
    """The person's file."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return preferences_path(os.environ)


@pytest.fixture
def opening(path):
    def make(project=None, **more) -> Dashboard:
        found = load_preferences(project)
        return Dashboard(
            Story(), title="boundary", preferences=found, project=project, clock=lambda: NOW, **more
        )

    return make


def says(path, text):
    return lambda: path.exists() and text in path.read_text()


async def on(pilot, name):
    """Open the screen with the cursor on a setting."""
    await settle(pilot)
    await press(pilot, "comma")
    await until(pilot, lambda: isinstance(pilot.app.screen, SettingsScreen))
    await press(pilot, *(["down"] * NAMES.index(name)))


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (200, 55)], ids=str)
async def test_every_setting_and_its_value_is_in_sight_with_what_the_one_under_the_cursor_does(opening, size):
    app = opening()
    async with app.run_test(size=size) as pilot:
        await on(pilot, "theme")
        shown = text_of(app)
        assert [name for name in NAMES[:16] if name not in shown] == []
        assert "auto: dark" in shown
        assert "one of auto dark light ansi" in shown
        assert "settings.toml" in shown


async def test_a_value_is_turned_holds_at_once_and_is_written(opening, path):
    app = opening()
    async with app.run_test(size=(80, 24)) as pilot:
        await on(pilot, "theme")
        await press(pilot, "enter", "enter")
        assert not app.current_theme.dark
        await until(pilot, says(path, 'theme = "light"'))
        await press(pilot, "left")
        assert app.current_theme.dark
        await until(pilot, says(path, 'theme = "dark"'))
        await press(pilot, "backspace")
        await until(pilot, lambda: "theme" not in path.read_text())
        assert app.preferences.said["theme"].value == "auto"


async def test_keys_pressed_faster_than_the_file_is_written_all_count(opening, path):
    app = opening()
    async with app.run_test(size=(80, 24)) as pilot:
        await on(pilot, "log_x")
        await pilot.press("enter", "down", "enter", "down", "enter", "enter", "down", "enter")
        await until(pilot, says(path, "clip = true"))
        text = path.read_text()
        for line in ("log_x = true", "log_y = true", "smoothing = 0.9"):
            assert line in text


async def test_a_number_and_a_list_are_typed_and_a_wrong_one_stays_to_be_mended(opening, path):
    app = opening()
    async with app.run_test(size=(80, 24)) as pilot:
        await on(pilot, "redraw_seconds")
        await press(pilot, "e", "backspace", *"99", "enter")
        assert "from 0.2 to 60" in text_of(app)
        await press(pilot, "backspace", "enter")
        await until(pilot, says(path, "redraw_seconds = 9"))
        assert app.bridge.held.redraw_seconds == 9.0
        await press(pilot, "down", "enter", *"run sate", "enter")
        assert "did you mean 'state'" in text_of(app)
        await press(pilot, *(["backspace"] * 3), *"tate", "enter")
        await until(pilot, says(path, 'columns = ["run", "state"]'))
        await press(pilot, "escape")
        assert "eta" not in text_of(app).partition("val/mae")[0]


async def test_esc_leaves_what_was_typed(opening, path):
    app = opening()
    async with app.run_test(size=(80, 24)) as pilot:
        await on(pilot, "redraw_seconds")
        await press(pilot, "e", "5", "escape")
        assert isinstance(app.screen, SettingsScreen)
        assert not path.exists()
        await press(pilot, "escape")
        assert isinstance(app.screen, Overview)


async def test_the_project_goes_before_the_person_and_says_so(opening, path, tmp_path):
    (tmp_path / "trainui.toml").write_text('[ui]\ntheme = "light"\n')
    app = opening(tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await on(pilot, "theme")
        assert "trainui.toml:2 says so" in text_of(app)
        await press(pilot, "enter")
        await until(pilot, says(path, 'theme = "dark"'))
        assert "goes before it" in text_of(app)
        assert not app.current_theme.dark
        assert (tmp_path / "trainui.toml").read_text() == '[ui]\ntheme = "light"\n'


async def test_a_key_is_pressed_for_what_it_shall_do(opening, path):
    app = opening()
    async with app.run_test(size=(80, 24)) as pilot:
        await on(pilot, "theme")
        await press(pilot, "tab", "down", "enter")
        assert "press the key that run.stop shall have" in text_of(app)
        await press(pilot, "f8")
        await until(pilot, says(path, '"run.stop" = "f8"'))
        await press(pilot, "a", "ctrl+x")
        await until(pilot, says(path, '"run.stop" = "f8,ctrl+x"'))
        await press(pilot, "escape", "ctrl+x")
        assert isinstance(app.screen, Confirm)


async def test_a_key_that_is_anothers_is_refused_with_a_sentence(opening, path):
    app = opening()
    async with app.run_test(size=(80, 24)) as pilot:
        await on(pilot, "theme")
        await press(pilot, "tab", "down", "enter", "q")
        assert "q is the key of app.leave already" in text_of(app)
        await press(pilot, "enter", "ctrl+c")
        assert "the terminal's own" in text_of(app)
        await press(pilot, "enter", "escape")
        assert app.keymap.chosen == {}
        assert not path.exists()


async def test_a_key_is_taken_away_and_given_back(opening, path):
    app = opening()
    async with app.run_test(size=(80, 24)) as pilot:
        await on(pilot, "theme")
        await press(pilot, "tab", "down", "minus")
        await until(pilot, says(path, '"run.stop" = ""'))
        await press(pilot, "backspace")
        await until(pilot, lambda: "run.stop" not in path.read_text())
        await press(pilot, "escape", "x")
        assert isinstance(app.screen, Confirm)


async def test_keys_may_be_typed_too(opening, path):
    app = opening()
    async with app.run_test(size=(80, 24)) as pilot:
        await on(pilot, "theme")
        await press(pilot, "tab", "down", "e", "comma", *"spaec", "enter")
        assert "did you mean 'space'" in text_of(app)
        await press(pilot, *(["backspace"] * 5), *"f9", "enter")
        await until(pilot, says(path, '"run.stop" = "x,f9"'))


async def test_a_file_that_is_broken_is_told_and_nothing_is_changed(opening, path):
    path.parent.mkdir(parents=True)
    path.write_text("[ui\n")
    app = opening()
    async with app.run_test(size=(120, 36)) as pilot:
        await on(pilot, "theme")
        assert "not valid TOML" in " ".join(text_of(app).split())  # where the line breaks is the path's affair
        await press(pilot, "enter")
        assert "mend the file first" in text_of(app)
        assert app.current_theme.dark
        assert path.read_text() == "[ui\n"
        path.write_text('[ui]\ntheme = "light"\n')
        await press(pilot, "escape", "comma")
        await until(pilot, lambda: not app.current_theme.dark)
        assert "not valid TOML" not in text_of(app)


async def test_a_change_that_cannot_be_written_is_taken_back_with_a_sentence(opening, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", "/proc/self/nowhere")
    app = opening()
    async with app.run_test(size=(120, 36)) as pilot:
        await on(pilot, "bell")
        await press(pilot, "enter", "down", "enter")
        await until(pilot, lambda: app.held.bell and "could not be written" in text_of(app))
        assert app.held.toast_seconds == 6.0


async def test_without_a_place_for_a_file_nothing_is_changed(opening, path):
    path.parent.parent.mkdir()
    path.parent.write_text("")
    app = opening()
    async with app.run_test(size=(120, 36)) as pilot:
        await on(pilot, "bell")
        await press(pilot, "enter")
        assert "nothing was changed" in text_of(app)
        assert app.held.bell


async def test_who_only_looks_may_still_change_settings_of_their_own(opening, path):
    app = opening(only_looks=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await on(pilot, "theme")
        await press(pilot, "enter", "enter")
        await until(pilot, says(path, 'theme = "light"'))
        assert not app.current_theme.dark
