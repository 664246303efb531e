"""Each setting does something; files say them, and what is wrong with a file is a sentence with its line."""

import os
import re
from pathlib import Path

import pytest
from conftest import settle, until
from msgspec.structs import replace
from rich.color import ColorType
from story import NOW, Story
from test_dashboard import press, text_of

from trainui.core.errors import UserError
from trainui.core.store.outbox import Message
from trainui.ui.app import Dashboard, run_dashboard
from trainui.ui.preferences import (
    ENVIRONMENT,
    PROJECTS,
    USUAL,
    YOURS,
    load_preferences,
    preferences_path,
    with_setting,
    write_key,
    write_setting,
)
from trainui.ui.screens.log import LogScreen
from trainui.ui.settings import NAMES, SETTINGS, Settings, as_held, checked, written


@pytest.fixture
def env(tmp_path):
    return {"XDG_CONFIG_HOME": str(tmp_path / "config"), "HOME": str(tmp_path)}


@pytest.fixture
def mine(env):
    """Writes the person's file."""

    def write(text):
        path = preferences_path(env)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    return write


@pytest.fixture
def project(tmp_path):
    """A project folder; its trainui.toml is written by the test."""
    folder = tmp_path / "project"
    folder.mkdir()
    return folder


# ---------------------------------------------------------------- what each does


def _columns(app, pilot):
    return text_of(app).count("eta")


async def _wraps(app, pilot):
    await press(pilot, "V")
    await until(pilot, lambda: isinstance(app.screen, LogScreen))
    return app.screen._wraps


async def _asks(app, pilot):
    rows = [view.run for view in app.snapshot.runs]
    await press(pilot, "home", *(["down"] * rows.index("evaluate-1")), "x")
    return len(app.screen_stack)


async def _blinks(app, pilot):
    await press(pilot, "slash")
    return (app.animation_level, app.screen.sieve.field.cursor_blink, app.bridge._calm())


async def _toast(app, pilot):
    app.bridge.tell("hear")
    await until(pilot, lambda: app._notifications)
    return next(iter(app._notifications)).timeout


async def _rings(app, pilot):
    rung = []
    app.bell = lambda: rung.append(1)
    told = Message(id=1, subject="mlp-2", kind="gate", text="look", at=NOW, shown=("toast", "bell"))
    app.bridge._deliver(replace(app.snapshot, told=(told,)))
    return rung


EFFECTS = {
    "theme": ("light", lambda app, _: app.current_theme.name),
    "ascii": (True, lambda app, _: "⠀" < max(text_of(app)) <= "⣿"),
    "motion": ("reduced", _blinks),
    "redraw_seconds": (5.0, lambda app, _: app.bridge._calm()),
    "columns": (("state", "metric"), _columns),
    "x_axis": ("step", lambda app, _: app.charts.axis),
    "log_x": (True, lambda app, _: app.charts.log_x),
    "log_y": (True, lambda app, _: app.charts.log),
    "smoothing": (0.9, lambda app, _: app.charts.smooth),
    "clip": (True, lambda app, _: app.charts.clip),
    "outlook": (False, lambda app, _: app.charts.looks_ahead),
    "log_wrap": (False, _wraps),
    "confirm": ("started", _asks),
    "bell": (False, _rings),
    "toast_seconds": (30.0, _toast),
    "footer": (False, lambda app, _: "q leave" in text_of(app)),
    "mouse": (False, lambda app, _: app.held.mouse),
    "remember": (False, lambda app, _: app.held.remember),
}
"""Setting → another value, and how it is seen that it holds."""


@pytest.mark.parametrize("name", NAMES)
async def test_every_setting_does_something(name):
    value, look = EFFECTS[name]
    seen = []
    for values in ({}, {name: checked(name, list(value) if isinstance(value, tuple) else value)}):
        app = Dashboard(Story(), title="boundary", settings=as_held(values, {}), clock=lambda: NOW)
        async with app.run_test(size=(120, 36)) as pilot:
            await settle(pilot)
            found = look(app, pilot)
            seen.append(await found if hasattr(found, "__await__") else found)
    assert seen[0] != seen[1]


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("mouse", "remember", "log_wrap")])
async def test_a_setting_that_is_changed_holds_at_once(name):
    """`confirm`, `bell` and `toast_seconds` are looked up when they matter; the others change what is there."""
    value, look = EFFECTS[name]
    app = Dashboard(Story(), title="boundary", clock=lambda: NOW)
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        app.change(with_setting(app.preferences, name, value))
        await settle(pilot)
        found = look(app, pilot)
        after = await found if hasattr(found, "__await__") else found
    other = Dashboard(Story(), title="boundary", settings=as_held({name: value}, {}), clock=lambda: NOW)
    async with other.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        found = look(other, pilot)
        assert after == (await found if hasattr(found, "__await__") else found)


def test_the_mouse_is_left_to_the_terminal_by_who_wants_that(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(Dashboard, "run", lambda self, **how: asked.append(how))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    write_setting(preferences_path(os.environ), "mouse", False)
    run_dashboard(tmp_path, tmp_path / "runs.db")
    assert asked == [{"mouse": False}]


# ---------------------------------------------------------------- who says what


def test_without_files_all_is_as_usual(env, project):
    found = load_preferences(project, env)
    assert found.problems == ()
    assert {said.origin for said in found.said.values()} == {USUAL}
    assert found.settings({}) == Settings()


def test_the_project_goes_before_the_person_and_the_environment_before_both(env, mine, project):
    path = mine('[ui]\ntheme = "light"\nsmoothing = 0.6\nmotion = "full"\n')
    (project / "trainui.toml").write_text('[ui]\ntheme = "dark"\nmotion = "full"\n')
    found = load_preferences(project, {**env, "TRAINUI_REDUCED_MOTION": "1"})
    theme, smoothing, motion = (found.said[name] for name in ("theme", "smoothing", "motion"))
    assert (theme.value, theme.origin, theme.yours) == ("dark", PROJECTS, "light")
    assert theme.told == f"{project / 'trainui.toml'}:2"
    assert (smoothing.value, smoothing.origin, smoothing.told) == (0.6, YOURS, f"{path}:3")
    assert (motion.value, motion.origin, motion.told) == ("reduced", ENVIRONMENT, "TRAINUI_REDUCED_MOTION=1")


@pytest.mark.parametrize(
    ("variables", "is_reduced"),
    [
        ({}, False),
        ({"TRAINUI_REDUCED_MOTION": "1"}, True),
        ({"TRAINUI_REDUCED_MOTION": "0"}, False),
        ({"NO_MOTION": "yes"}, True),
        ({"TEXTUAL_ANIMATIONS": "none"}, True),
        ({"TEXTUAL_ANIMATIONS": "full"}, False),
    ],
)
def test_the_environment_can_ask_for_reduced_motion(env, variables, is_reduced):
    assert load_preferences(None, {**env, **variables}).settings({}).is_reduced == is_reduced


@pytest.mark.parametrize(
    ("variables", "ascii_", "dark"),
    [
        ({}, False, True),
        ({"TERM": "linux"}, True, True),
        ({"LANG": "de_DE.ISO-8859-1"}, True, True),
        ({"LANG": "C.UTF-8"}, False, True),
        ({"LANG": "en_US.UTF-8", "LC_ALL": "C"}, True, True),
        ({"LANG": "POSIX"}, True, True),
        ({"LANG": "en_US"}, False, True),
        ({"COLORFGBG": "0;15"}, False, False),
        ({"COLORFGBG": "15;0"}, False, True),
    ],
)
def test_auto_is_what_the_terminal_tells(variables, ascii_, dark):
    held = as_held({}, variables)
    assert (held.ascii, held.dark) == (ascii_, dark)


def test_a_relative_folder_for_settings_is_not_meant(tmp_path):
    env = {"XDG_CONFIG_HOME": "config", "HOME": str(tmp_path)}
    assert preferences_path(env) == tmp_path / ".config" / "trainui" / "settings.toml"


# ---------------------------------------------------------------- what is wrong


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        ('[ui]\ntheme = "drak"\n', 2, "did you mean 'dark'"),
        ("[ui]\n\nsmooting = 0.6\n", 3, "did you mean 'smoothing'"),
        ("[ui]\nsmoothing = 0.61\n", 2, "one of 0, 0.6"),
        ('[ui]\nsmoothing = "0.6"\n', 2, "should be a number"),
        ("[ui]\nsmoothing = true\n", 2, "should be a number"),
        ("[ui]\nredraw_seconds = 0\n", 2, "from 0.2 to 60"),
        ("[ui]\nredraw_seconds = nan\n", 2, "from 0.2 to 60"),
        ('[ui]\nbell = "yes"\n', 2, "one of true, false"),
        ("[ui]\nbell = 1\n", 2, "one of true, false"),
        ('[ui]\ncolumns = ["run", "sate"]\n', 2, "did you mean 'state'"),
        ('[ui]\ncolumns = ["run", "run"]\n', 2, "twice"),
        ('[ui]\ncolumns = "run"\n', 2, "a list of names"),
        ("[ui]\ncolumns = [1]\n", 2, "a list of names"),
        ("[ui]\ntheme = 1979-05-27\n", 2, "one of"),
        ("ui = 3\n", 1, "write [ui]"),
        ("[kyes]\n", 1, "did you mean 'keys'"),
        ('[keys]\n"run.sotp" = "f8"\n', 2, "did you mean 'run.stop'"),
        ('[keys]\n"run.stop" = "spaec"\n', 2, "did you mean 'space'"),
        ('[keys]\nrun.stop = "ctlr+x"\n', 2, "did you mean 'ctrl'"),
        ('[keys]\n"run.stop" = 8\n', 2, "keys in quotes"),
        ('[keys]\n"run.stop" = "q"\n', 2, "is the key of app.leave (overview)"),
        ('[keys]\n"run.stop" = "f8"\n"run.kill" = "f8"\n', 3, "is the key of run.stop (overview)"),
        ('[keys]\n"run.back" = ""\n', 2, "no way back"),
        ('[keys]\n"filter.keep" = "z"\n', 2, "letters are typed there"),
        ('[keys]\n"run.stop" = "ctrl+i"\n', 2, "a terminal sends tab"),
        ('[keys]\n"run.stop" = "ctrl+q"\n', 2, "leaving at once"),
        ("[ui\n", 1, "not valid TOML"),
    ],
)
def test_what_is_wrong_is_one_sentence_with_its_line_and_the_usual_holds(env, mine, text, line, told):
    path = mine(text)
    found = load_preferences(None, env)
    (problem,) = found.problems
    assert problem.startswith(f"{path}:{line}: ")
    assert told in problem
    assert "\n" not in problem
    assert found.settings({}) == Settings()
    assert not set(found.keymap.chosen) - {"run.stop"}


def test_a_wrong_line_takes_no_other_with_it(env, mine):
    mine('[ui]\ntheme = "drak"\nbell = false\n[keys]\n"run.kill" = "f9"\n"nobody" = "x"\n')
    found = load_preferences(None, env)
    assert len(found.problems) == 2
    assert not found.settings({}).bell
    assert found.keymap.chosen == {"run.kill": "f9"}


def test_what_is_wrong_in_the_projects_file_is_told_too_and_a_broken_one_is_the_cores_to_tell(env, project):
    (project / "trainui.toml").write_text("[budget]\ntotal_usd = 3\n[ui]\nbell = 3\n")
    (problem,) = load_preferences(project, env).problems
    assert problem.startswith(f"{project / 'trainui.toml'}:4: ")
    (project / "trainui.toml").write_text("[ui\n")
    assert load_preferences(project, env).problems == ()


def test_a_project_has_no_say_in_the_keys(env, project):
    (project / "trainui.toml").write_text('[keys]\n"run.stop" = "f8"\n')
    assert load_preferences(project, env).keymap.chosen == {}


@pytest.mark.parametrize("kind", ["folder", "pipe", "binary", "huge", "forbidden"])
def test_a_file_that_is_none_is_a_sentence(env, mine, kind):
    path = mine("")
    path.unlink()
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "binary":
        path.write_bytes(b"\xff\xfe\x00")
    elif kind == "huge":
        path.write_bytes(b"#" * 2_000_000)
    else:
        path.symlink_to(path)
    found = load_preferences(None, env)
    assert len(found.problems) == 1
    assert found.is_broken
    assert found.settings({}) == Settings()


async def test_the_dashboard_tells_what_is_wrong(env, mine):
    mine('[ui]\ntheme = "drak"\n')
    app = Dashboard(Story(), preferences=load_preferences(None, env), clock=lambda: NOW)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await until(pilot, lambda: any("drak" in note.message for note in app._notifications))


# ---------------------------------------------------------------- writing

COMMENTED = """\
# mine, since 2024

[ui]
theme = "light"   # the terrace

[keys]
# far from x
"run.stop" = "f8"
run.kill = "f9"
"""


def test_a_change_leaves_everything_else_as_it_stands(env, mine):
    path = mine(COMMENTED)
    write_setting(path, "theme", "dark")
    assert path.read_text() == COMMENTED.replace('"light"', '"dark"')
    write_setting(path, "bell", False)
    write_key(path, "run.stop", "ctrl+x")
    write_key(path, "run.kill", None)
    text = path.read_text()
    for kept in ("# mine, since 2024", "# the terrace", "# far from x"):
        assert kept in text
    found = load_preferences(None, env)
    assert (found.problems, found.said["bell"].value) == ((), False)
    assert found.keymap.chosen == {"run.stop": "ctrl+x"}


def test_keys_without_quotes_are_changed_where_they_stand(env, mine):
    path = mine("[keys]\nrun.kill = 'f9'\n")
    write_key(path, "run.kill", "f7")
    assert path.read_text() == '[keys]\nrun.kill = "f7"\n'


def test_a_first_change_makes_the_file_and_its_folder(env):
    path = preferences_path(env)
    write_setting(path, "columns", ("run", "state"))
    assert load_preferences(None, env).said["columns"].value == ("run", "state")
    assert path.read_text().startswith("#")
    assert sorted(one.name for one in path.parent.iterdir()) == ["settings.toml"]


def test_a_link_stays_a_link(env, mine, tmp_path):
    real = tmp_path / "dotfiles.toml"
    real.write_text(COMMENTED)
    path = mine("")
    path.unlink()
    path.symlink_to(real)
    write_setting(path, "bell", False)
    assert path.is_symlink()
    assert "bell = false" in real.read_text()


@pytest.mark.parametrize("text", ["[ui\n", "ui = 3\n", "theme = \n"])
def test_a_file_that_somebody_broke_is_not_written_over(env, mine, text):
    path = mine(text)
    with pytest.raises(UserError):
        write_setting(path, "bell", False)
    assert path.read_text() == text


def test_taking_away_what_is_not_there_changes_nothing(env, mine):
    path = mine(COMMENTED)
    write_setting(path, "smoothing", None)
    write_key(path, "run.retry", None)
    assert path.read_text() == COMMENTED


# ---------------------------------------------------------------- sixteen colours


@pytest.mark.parametrize("colorfgbg", ["15;0", "0;15"])
async def test_the_ansi_theme_uses_the_terminals_own_colours_alone(colorfgbg):
    held = as_held({"theme": "ansi"}, {"COLORFGBG": colorfgbg})
    app = Dashboard(Story(), title="boundary", settings=held, clock=lambda: NOW)
    async with app.run_test(size=(120, 36)) as pilot:
        for keys in ((), ("enter",), ("escape", "b"), ("escape", "comma"), ("escape", "question_mark")):
            await press(pilot, *keys)
            await settle(pilot)
            for strip in app.screen._compositor.render_strips():
                for segment in strip:
                    for colour in (segment.style.color, segment.style.bgcolor) if segment.style else ():
                        assert colour is None or colour.type in (ColorType.DEFAULT, ColorType.STANDARD), (
                            segment
                        )
        assert app.current_theme.dark == (colorfgbg == "15;0")


# ---------------------------------------------------------------- the page about it


def test_the_page_about_the_dashboard_names_every_setting_with_its_default_and_its_example_is_right(
    env, mine
):
    page = (Path(__file__).parents[2] / "docs" / "dashboard.md").read_text(encoding="utf-8")
    for setting in SETTINGS:
        assert f"| `{setting.name}` | `{written(setting.default)}` | " in page, setting.name
        assert setting.about in page, setting.name
    (example,) = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    mine(example)
    found = load_preferences(None, env)
    assert found.problems == ()
    assert found.keymap.chosen == {"run.stop": "f8", "overview.start": "s,f4", "run.kill": ""}
