"""The screen that teaches: choose a line, name its numbers, see what the pattern finds, keep it."""

import tomllib

import pytest
from conftest import settle, until
from story import Story
from test_acting import go_to
from test_dashboard import press, text_of, toasts
from textual import events

from trainui.core.errors import SpecError
from trainui.core.ingest.printed import Printed
from trainui.core.run import Status
from trainui.ui.app import Dashboard
from trainui.ui.screens.help import Help
from trainui.ui.screens.keep import Keep
from trainui.ui.screens.run import RunScreen
from trainui.ui.screens.teach import Teach
from trainui.ui.store_source import StoreSource

SIZES = [(80, 24), (120, 36)]


def output() -> Printed:
    """Forty-four lines nobody understands, some alike, four that are understood, one that looks like markup."""
    lines, known = ["loading [bold red]data[/] from set_3", "\ttabs and [/unclosed"], [False, False]
    for n in range(1, 41):
        lines.append(f"## it {n} of 40 ~ err {2 / n:.4f} ~ q={60 + n / 10:.1f}%")
        known.append(False)
        if n % 10 == 0:
            lines += [f"step {n} loss {1 / n:.3f}", lines[-1] + " *best*"]
            known += [True, False]
    lines.append("done, nothing more to say")
    return Printed(lines=tuple(lines), understood=(*known, False))


@pytest.fixture
def story():
    """A store whose runs printed that."""
    made = Story()
    made.output = output()
    return made


async def open_teach(pilot) -> Teach:
    """From the run's screen to the lesson, its output read."""
    await settle(pilot)
    await press(pilot, "enter")
    await press(pilot, "T")
    screen = pilot.app.screen
    assert isinstance(screen, Teach)
    await until(pilot, lambda: screen.lines.lines)
    await pilot.pause()
    return screen


@pytest.mark.parametrize("size", SIZES, ids=lambda size: "x".join(map(str, size)))
async def test_a_line_is_chosen_named_and_its_pattern_written(dashboard, story, size):
    app = dashboard()
    async with app.run_test(size=size) as pilot:
        screen = await open_teach(pilot)
        shown = text_of(app)
        assert "47 of the 51 lines not understood" in shown
        assert "? ## it 40 of 40 ~ err 0.0500 ~ q=64.0%" in shown
        assert screen.text.endswith("*best*")  # the last that has numbers and was not understood
        await press(pilot, "up", "k")
        assert screen.text == "## it 40 of 40 ~ err 0.0500 ~ q=64.0%"
        await press(pilot, "enter")
        shown = text_of(app)
        for word in (
            "step",
            "total_steps",
            "err",
            "matches 40 of 51 lines; 4 look alike",
            "(?P<err>",
            "^s keep",
        ):
            assert word in shown
        row = next(row for row in shown.splitlines() if "err  " in row and "40" in row)
        assert row.split()[-5:] == ["40", "2", "0.05", "0.05", "2"]
        await press(pilot, "enter", "backspace", "enter", *"val/err")
        assert "not kept" in text_of(app)
        assert "(?P<val_err>" in text_of(app)
        await press(pilot, "enter", "enter")
        assert isinstance(app.screen, Keep)
        assert "jobs/boundary/boundary.toml" in text_of(app)
        await press(pilot, "y")
        await until(pilot, lambda: isinstance(app.screen, RunScreen))
        assert "counts from the next start" in toasts(app)
        (call,) = [call for call in story.calls if call[0] == "teach"]
        (table,) = tomllib.loads(call[2])["metrics"]["pattern"]
        assert call[1] == "transformer-3"
        assert table["rename"] == {"val_err": "val/err"}
        assert "(?P<step>" in table["regex"]
        assert "total_steps" not in table["regex"]


async def test_what_a_log_holds_is_text_and_never_markup(dashboard):
    app = dashboard()
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await open_teach(pilot)
        await press(pilot, "home", "pageup", "pageup", "pageup", "pageup")
        assert screen.lines.cursor == 0
        shown = text_of(app)
        assert "loading [bold red]data[/] from set_3" in shown
        assert "[/unclosed" in shown
        assert "no number in it" in shown
        await press(pilot, "enter")
        assert "there is no number in this line" in toasts(app)


async def test_n_goes_to_the_lines_that_were_not_understood(dashboard):
    app = dashboard()
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await open_teach(pilot)
        here = screen.lines.cursor
        await press(pilot, "up")
        assert screen.text.startswith("step 40 loss")
        await press(pilot, "n")
        assert screen.lines.cursor == here
        await press(pilot, "N")
        assert screen.text == "## it 40 of 40 ~ err 0.0500 ~ q=64.0%"


async def test_two_numbers_of_one_name_are_refused_until_they_differ(dashboard, story):
    app = dashboard()
    async with app.run_test(size=(80, 24)) as pilot:
        await open_teach(pilot)
        await press(pilot, "enter", "down", *"step")
        assert "two numbers are called step" in text_of(app)
        await press(pilot, "ctrl+s")
        assert "two numbers are called step" in toasts(app)
        assert not isinstance(app.screen, Keep)
        await press(pilot, "up", "down", *"steps")
        assert "matches 4 of 51 lines" in text_of(app)
        await press(pilot, "ctrl+s", "n")
        assert isinstance(app.screen, Teach)
        await press(pilot, "escape")
        assert "-naming" not in app.screen.classes
        await press(pilot, "escape")
        assert isinstance(app.screen, RunScreen)
        assert [call for call in story.calls if call[0] == "teach"] == []


async def test_letters_of_a_name_are_no_commands(dashboard):
    """q leaves, t turns the colours, n goes on: not while a name is typed."""
    app = dashboard()
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await open_teach(pilot)
        theme = app.theme
        await press(pilot, "enter", *"qtnNrk")
        assert screen.field.value == "qtnNrk"
        assert app.theme == theme
        assert app.is_running
        assert "(?P<qtnNrk>" in text_of(app)


async def test_keys_that_arrive_all_at_once_act_in_their_order(dashboard):
    """Over a slow line a whole name may come in one packet with the key that begins it."""
    app = dashboard()
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await open_teach(pilot)
        theme = app.theme
        for key in (
            "up",
            "up",
            "enter",
            *"stqpx",
            "enter",
            "backspace",
            "enter",
            *"tq",
            "backspace",
            "x",
            "enter",
        ):
            app.post_message(events.Key(key, key if len(key) == 1 else None))
        await until(pilot, lambda: screen.field.value == "q" and "(?P<tx>" in text_of(app))
        assert "(?P<stqpx>" in text_of(app)
        assert "total_steps" not in text_of(app)
        assert app.theme == theme
        assert screen.text == "## it 40 of 40 ~ err 0.0500 ~ q=64.0%"


async def test_without_a_spec_file_the_toml_is_shown_to_be_pasted(dashboard, story):
    story.spec_at = None
    app = dashboard()
    async with app.run_test(size=(80, 24)) as pilot:
        await open_teach(pilot)
        await press(pilot, "enter", "ctrl+s")
        shown = text_of(app)
        assert "No spec file here is of this job: paste this into its spec." in shown
        assert "[[metrics.pattern]]" in shown
        await pilot.resize_terminal(90, 30)
        await settle(pilot)
        assert text_of(app).count("paste this into its spec.") == 1
        await press(pilot, "y")
        assert isinstance(app.screen, Keep)
        await press(pilot, "c")
        assert "[[metrics.pattern]]" in app.clipboard
        await press(pilot, "n")
        assert isinstance(app.screen, Teach)


async def test_a_refusal_is_said_and_the_names_stay(dashboard, story):
    app = dashboard()
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await open_teach(pilot)
        await press(pilot, "enter", "ctrl+s")
        story.refusal = SpecError("jobs/x.toml: cannot be written: Permission denied", hint="paste it")
        await press(pilot, "y")
        await until(pilot, lambda: "Permission denied" in toasts(app))
        assert app.screen is screen
        assert "matches" in text_of(app)


async def test_a_run_that_waits_has_nothing_to_teach(dashboard):
    app = dashboard()
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        waiting = next(view.run for view in app.snapshot.runs if view.status is Status.QUEUED)
        await go_to(pilot, waiting)
        await press(pilot, "T")
        assert "only a run that has started has lines to teach" in toasts(app)
        assert not isinstance(app.screen, Teach)


async def test_the_help_and_the_palette_know_the_keys_of_the_screen(dashboard):
    app = dashboard()
    async with app.run_test(size=(120, 36)) as pilot:
        screen = await open_teach(pilot)
        assert "keep  (^s)" in [command.title for command in app.get_system_commands(screen)]
        await press(pilot, "question_mark")
        assert isinstance(app.screen, Help)
        assert "the next line that was not understood" in text_of(app)


async def test_a_line_with_very_many_numbers_fits_on_a_small_screen(dashboard, story):
    text = "row " + " ".join(f"{n}.5" for n in range(300))
    story.output = Printed(lines=(text,), understood=(False,))
    app = dashboard()
    async with app.run_test(size=(80, 24)) as pilot:
        await open_teach(pilot)
        await press(pilot, "enter", *["down"] * 30, *"loss")
        shown = text_of(app)
        assert "30.5" in shown
        assert "matches 1 of 1 lines" in shown
        assert "rows more" in shown
        assert "^s keep" in shown
        await press(pilot, "ctrl+s")
        assert " y write it" in text_of(app)


async def test_nothing_printed_yet_is_said(dashboard, story):
    story.output = Printed()
    app = dashboard()
    async with app.run_test(size=(80, 24)) as pilot:
        await open_teach(pilot)
        assert "nothing was printed yet" in text_of(app)
        await press(pilot, "enter", "n", "N", "up", "pagedown", "ctrl+s")
        assert isinstance(app.screen, Teach)
        story.output = output()
        await press(pilot, "r")
        await until(pilot, lambda: "## it 40" in text_of(app))


ODD = """# odd lines
[job]
name = "odd"
command = ["{python}", "odd.py"]

# what it is given
[params]
steps = 3
"""
SCRIPT = "for n in range(1, 4):\n    print(f'\\x1b[31m## it {n} ~ {1 / n:.2f}\\x1b[0m')\n"


async def test_what_was_taught_is_read_from_the_next_run_on(cockpit):
    """A real run nobody understands, taught in the dashboard; the next run of the job has the curve."""
    spec_file = cockpit.project / "jobs" / "odd.toml"
    spec_file.write_text(ODD)
    (cockpit.project / "odd.py").write_text(SCRIPT)
    cockpit("start", "odd", "--wait")
    app = Dashboard(StoreSource(cockpit.project, cockpit.db), title="odd")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.snapshot.runs)
        await settle(pilot)
        await press(pilot, "T")
        await until(pilot, lambda: isinstance(app.screen, Teach) and app.screen.text == "## it 3 ~ 0.33")
        await press(pilot, "enter", "enter", *"val/mae", "enter")
        assert "jobs/odd.toml" in text_of(app)
        await press(pilot, "y")
        await until(pilot, lambda: "written into odd.toml" in toasts(app))
    assert spec_file.read_text().startswith(ODD)
    cockpit("start", "odd", "--wait")
    assert [point[:2] for point in cockpit.json("curve", "odd-2", "val/mae")["points"]] == [
        [1, 1.0], [2, 0.5], [3, 0.33],
    ]  # fmt: skip
