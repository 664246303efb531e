"""The dashboard under a person's fingers: every key does what its line says."""

import pytest
from conftest import settle, until
from msgspec.structs import replace
from story import JOBS, NOW, Story, run
from textual.command import CommandPalette

from trainui.core.errors import StoreError, UserError
from trainui.core.run import Status
from trainui.ui import keys
from trainui.ui.present.ink import plain
from trainui.ui.screens.confirm import Confirm
from trainui.ui.screens.help import Help, help_lines
from trainui.ui.screens.overview import Overview
from trainui.ui.screens.run import RunScreen
from trainui.ui.screens.start import Start

SIZES = [(80, 24), (120, 36), (200, 55)]


def text_of(app) -> str:
    """What stands on the screen, as text."""
    return "\n".join(
        "".join(segment.text for segment in strip) for strip in app.screen._compositor.render_strips()
    )


def toasts(app) -> str:
    return " ".join(note.message for note in app._notifications)


async def press(pilot, *names):
    for name in names:
        await pilot.press(name)
    await settle(pilot)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: "x".join(map(str, size)))
async def test_the_first_look_tells_runs_money_curves_and_events(dashboard, size):
    app = dashboard()
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        shown = text_of(app)
        for word in ("a100", "4.12 of 10.00 $", "transformer-3", "mlp-2", "contrastive-1", "88.1", "q leave"):
            assert word in shown
        assert "val/mae" in shown
        assert any("⠀" < char <= "⣿" for char in shown)


async def test_no_runs_yet_teaches_what_to_press(dashboard):
    app = dashboard(Story(runs=[]))
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert "no runs yet: press s" in text_of(app)


async def test_moving_and_marking_chooses_what_is_drawn(dashboard):
    app = dashboard()
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await press(pilot, "down", "space")
        assert set(app.snapshot.shown) >= {"mlp-2"}
        assert "transformer-3" not in app.snapshot.shown
        await press(pilot, "a")
        assert set(app.snapshot.shown) >= {"transformer-3", "mlp-2", "contrastive-1"}
        await press(pilot, "k", "j", "G", "home", "end", "up", "home")
        assert app.snapshot.look.cursor == app.snapshot.runs[0].run


async def test_m_turns_through_the_metrics_and_y_and_u_turn_the_axes(dashboard):
    app = dashboard()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        first = app.snapshot.look.metric or app.snapshot.metric_names[0]
        await press(pilot, "m")
        assert app.snapshot.look.metric not in (None, first)
        await press(pilot, "M")
        assert app.snapshot.look.metric == first
        before = text_of(app)
        await press(pilot, "y")
        assert text_of(app) != before
        before = text_of(app)
        await press(pilot, "u")
        assert "x step" in text_of(app)
        assert text_of(app) != before


@pytest.mark.parametrize(
    ("pressed", "call"),
    [
        (("x", "y"), ("stop", "transformer-3", False)),
        (("x", "X"), ("stop", "transformer-3", True)),
        (("X", "y"), ("stop", "transformer-3", True)),
        (("e", "enter"), ("write_out", "transformer-3", "", "exports/transformer-3", "md")),
        (("end", "r"), ("retry", "transformer-1")),
        (("s", "enter"), ("start", "boundary", {}, "", False, False, 0)),
        (("s", "p", "a", "enter"), ("start", "boundary", {}, "full", True, False, 0)),
    ],
)
async def test_a_key_becomes_a_wish(dashboard, story, pressed, call):
    app = dashboard()
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        for key in pressed:
            await press(pilot, key)
            if key == "s":
                await until(pilot, lambda: isinstance(app.screen, Start) and ("jobs",) in story.calls)
                await pilot.pause()
            if key == "e":
                await until(pilot, lambda: "exports/transformer-3" in text_of(app))
        await until(pilot, lambda: call in story.calls)


@pytest.mark.parametrize("key", ["n", "escape"])
async def test_no_means_it_goes_on(dashboard, story, key):
    app = dashboard()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "x")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        await press(pilot, key)
        await until(pilot, lambda: isinstance(app.screen, Overview))
        assert not [call for call in story.calls if call[0] == "stop"]


async def test_params_are_typed_into_the_start_screen(dashboard, story):
    app = dashboard()
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await press(pilot, "s")
        await until(pilot, lambda: ("jobs",) in story.calls)
        await pilot.pause()
        await press(pilot, "tab", *"epochs=3", "enter")
        await until(pilot, lambda: ("start", "boundary", {"epochs": "3"}, "", False, False, 0) in story.calls)


async def test_a_broken_job_says_what_is_wrong_and_starts_nothing(dashboard, story):
    app = dashboard()
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await press(pilot, "s")
        await until(pilot, lambda: ("jobs",) in story.calls)
        await pilot.pause()
        await press(pilot, "down")
        assert "comand" in text_of(app)
        await press(pilot, "enter")
        assert not [call for call in story.calls if call[0] == "start"]
        await press(pilot, "escape")
        await until(pilot, lambda: isinstance(app.screen, Overview))


async def test_the_whole_reason_why_a_job_cannot_run_is_read_at_80_cells(dashboard, story, monkeypatch):
    reason = f"jobs/broken.toml:3: {'long ' * 20}{'x' * 150} the end"
    job = replace(next(job for job in JOBS if job.problem), problem=reason)
    monkeypatch.setattr(story, "jobs", lambda: [*(job for job in JOBS if not job.problem), *30 * [job]])
    app = dashboard()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "s")
        await until(pilot, lambda: "Score the best" in text_of(app))
        for _ in range(31):
            await press(pilot, "down")
        await until(pilot, lambda: "the end" in text_of(app))
        shown = "".join(plain(one) for one in app.screen.how.lines)
        assert shown.replace(" ", "") == reason.replace(" ", "")
        assert "▶ broken" in text_of(app)  # a long list scrolls with the cursor


async def test_a_refusal_is_a_toast_not_a_crash(dashboard, story):
    app = dashboard()
    story.refusal = UserError("transformer-3 has ended already", hint="retry it")
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "x", "y")
        await until(pilot, lambda: "has ended already" in toasts(app))


async def test_a_store_in_trouble_is_said_and_comes_back(dashboard, story):
    app = dashboard()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        story.trouble = StoreError("runs.db cannot be used: disk I/O error")
        await until(pilot, lambda: "cannot be used" in app.snapshot.problem)
        await until(pilot, lambda: "cannot be used" in text_of(app))
        assert "transformer-3" in text_of(app)  # what was known stays
        story.trouble = None
        await until(pilot, lambda: not app.snapshot.problem and "GPU0" in text_of(app))


async def test_the_run_screen_has_gates_with_their_words_and_every_pane(dashboard):
    app = dashboard()
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await press(pilot, "enter")
        await until(pilot, lambda: isinstance(app.screen, RunScreen) and app.snapshot.detail is not None)
        await settle(pilot)
        shown = text_of(app)
        for word in (
            "Best model achieves",
            "best(val/mae) < 100",
            "mae-improving",
            "learning_rate",
            "epoch 34",
        ):
            assert word in shown
        for key in (
            "tab",
            "tab",
            "shift+tab",
            "z",
            "down",
            "up",
            "pagedown",
            "pageup",
            "z",
            "f",
            "j",
            "k",
            "m",
        ):
            await press(pilot, key)
        await press(pilot, "right_square_bracket")
        assert app.snapshot.look.opened == "mlp-2"
        await press(pilot, "left_square_bracket")
        assert app.snapshot.look.opened == "transformer-3"
        await press(pilot, "escape")
        await until(pilot, lambda: isinstance(app.screen, Overview))


async def test_a_resumed_run_is_drawn_behind_what_its_parent_had_reached(dashboard):
    """The parent wrote steps 0 to 270, the child took over at 180: one curve, each step once."""
    story = Story(
        runs=[
            run("mlp-4", started_at=NOW, parent="mlp-3"),
            run("mlp-3", status=Status.ENDED, queued_at=NOW - 9999, ended_at=NOW),
        ]
    )
    whole = story.points["mlp-2", "val/mae"]
    story.points = {("mlp-3", "val/mae"): whole[:4], ("mlp-4", "val/mae"): whole[2:9]}
    app = dashboard(story)
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        (trace,) = [one for one in app.snapshot.traces if one.run == "mlp-4"]
        assert [point.step for point in trace.points] == [90.0 * n for n in range(9)]


async def test_help_lists_every_key_of_the_screen(dashboard):
    app = dashboard()
    async with app.run_test(size=(120, 140)) as pilot:
        await settle(pilot)
        await press(pilot, "question_mark")
        await until(pilot, lambda: isinstance(app.screen, Help))
        shown = text_of(app)
        for key in keys.OVERVIEW:
            assert key.about[:30] in shown  # long lines are folded
        await until(pilot, lambda: "more ·" not in text_of(app))
        await press(pilot, "escape")
        await until(pilot, lambda: isinstance(app.screen, Overview))


@pytest.mark.parametrize("place", keys.PLACES)
@pytest.mark.parametrize("cells", [60, 70, 100])
def test_no_word_of_the_help_is_cut(place, cells):
    lines = [plain(row) for row in help_lines(place, cells)]
    told = " ".join(" ".join(lines).split())
    assert [one for one in lines[:-3] if len(one) > cells] == []  # after these come the lights
    assert [key.about for key in keys.PLACES[place] if key.about not in told] == []


@pytest.mark.parametrize("size", [(80, 24), (80, 16)], ids=["80x24", "80x16"])
async def test_a_help_that_does_not_fit_is_turned_by_pages_and_says_so(dashboard, size):
    last = "a digit at the end of a curve"
    app = dashboard()
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        await press(pilot, "question_mark")
        await until(pilot, lambda: "↓ more · esc closes" in text_of(app))
        assert "start a job" in text_of(app)
        assert last not in text_of(app)
        for _ in range(8):
            await press(pilot, "pagedown")
        await until(pilot, lambda: last in text_of(app) and "↑ more" in text_of(app))
        assert "start a job" not in text_of(app)
        for _ in range(8):
            await press(pilot, "pageup")
        await until(pilot, lambda: "start a job" in text_of(app))


async def test_t_changes_between_dark_and_light(dashboard):
    app = dashboard(dark=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert app.current_theme.dark
        await press(pilot, "t")
        assert not app.current_theme.dark


async def test_the_palette_opens(dashboard):
    app = dashboard()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("ctrl+p")
        await until(pilot, lambda: isinstance(app.screen, CommandPalette))


async def test_q_leaves(dashboard):
    app = dashboard()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("q")
        await until(pilot, lambda: not app.is_running)


async def test_names_and_logs_cannot_style_or_drive_anything(dashboard):
    hostile = "[bold red]x\x1b[2J"
    story = Story(
        runs=[run(hostile, status=Status.RUNNING, started_at=NOW)], log=("\x1b]0;owned\x07[reverse]y",)
    )
    app = dashboard(story)
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        shown = text_of(app)
        assert "\x1b" not in shown
        assert "\x07" not in shown
        assert "[bold red]x" in shown
        assert "[reverse]y" in shown


async def test_a_resize_never_breaks(dashboard):
    app = dashboard()
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        for size in ((20, 6), (200, 55), (80, 24), (1, 1), (120, 36)):
            await pilot.resize_terminal(*size)
            await settle(pilot)
        assert "transformer-3" in text_of(app)


async def test_ascii_is_ascii(dashboard):
    """On every screen of ours; Textual's own palette is the one exception."""
    app = dashboard(ascii=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        for key in (
            "home",
            "x",
            "n",
            "s",
            "escape",
            "question_mark",
            "escape",
            "enter",
            "tab",
            "z",
            "escape",
        ):
            await press(pilot, key)
            assert text_of(app).isascii(), key


@pytest.mark.parametrize(
    ("size", "settings"),
    [
        ((80, 24), {}),
        ((120, 36), {}),
        ((120, 36), {"dark": False}),
        ((200, 55), {}),
        ((80, 24), {"ascii": True}),
    ],
    ids=["80x24", "120x36", "120x36-light", "200x55", "80x24-ascii"],
)
def test_the_overview_looks_as_it_did(dashboard, snap_compare, size, settings):
    """Three runs train, one waits, two have ended; money, curves with the gate's line, events, log."""
    assert snap_compare(dashboard(**settings), terminal_size=size, run_before=settle)


def test_the_run_screen_looks_as_it_did(dashboard, snap_compare):
    """Curves, gates in the researcher's words, spec, events and log of one run."""

    async def opened(pilot):
        await settle(pilot)
        await pilot.press("enter")
        await settle(pilot)

    assert snap_compare(dashboard(), terminal_size=(120, 36), run_before=opened)
