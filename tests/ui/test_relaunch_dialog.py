"""Dialogs that queue runs: what is chosen, what is wrong with it at once, and that nothing typed is lost by one key."""

import dataclasses

import pytest
from conftest import settle, until
from msgspec.structs import replace
from story import RUNS, Job, Story
from test_acting import go_to
from test_dashboard import press, text_of, toasts

from trainui.core.errors import UserError
from trainui.core.judging.near import RemedyView
from trainui.core.retrying import Beginning, RetryChoices
from trainui.ui.exporting import ExportChoices, FormatChoice
from trainui.ui.params import checked, kind_of
from trainui.ui.present.ink import plain, width
from trainui.ui.present.params import param_lines
from trainui.ui.present.remedies import in_order, remedy_lines
from trainui.ui.screens.export import Export
from trainui.ui.screens.overview import Overview
from trainui.ui.screens.relaunch import Relaunch
from trainui.ui.screens.run import RunScreen
from trainui.ui.screens.start import Start
from trainui.ui.widgets.field import Field

LOWER = RemedyView(
    id="lower", on="no-nan", sets=(("learning_rate", 1e-4),), most=2, tried=1, begins="scratch"
)
USED = RemedyView(id="oom", on="out-of-gpu-memory", sets=(("batch_size", 4),), tried=1, most=1)
ADVICE = RemedyView(id="read", on="no-nan", advice="look at the gradients")
CHOICES = RetryChoices(
    run="transformer-2",
    job="transformer",
    params={"learning_rate": 3e-4, "epochs": 50, "shuffle": True},
    remedies=(USED, ADVICE, LOWER),
    beginnings=(
        Beginning(begins=None, label="the newest checkpoint: last.pt"),
        Beginning(begins="/r/best.pt", label="the best one: best.pt"),
        Beginning(begins="", label="the beginning"),
    ),
)
DEAD = RUNS[4]
"""Stopped by the gate no-nan."""


@pytest.fixture
def story() -> Story:
    one = Story()
    one.choices = CHOICES
    return one


async def relaunching(pilot, run: str) -> Relaunch:
    await go_to(pilot, run)
    await press(pilot, "R")
    await until(pilot, lambda: isinstance(pilot.app.screen, Relaunch) and "remedy" in text_of(pilot.app))
    return pilot.app.screen


def retried(story) -> list[tuple]:
    return [call for call in story.calls if call[0] == "retry"]


def test_remedies_for_how_a_run_ended_come_first_and_each_says_why_it_cannot_be_tried():
    assert [one.id for one in in_order(CHOICES.remedies, DEAD)] == ["lower", "read", "oom"]
    lines = [plain(one) for one in remedy_lines(CHOICES.remedies, "lower", DEAD, 120)]
    assert "tried 1 of 1 times" in lines[1]
    assert "it is advice" in lines[2]
    assert "▶ lower" in lines[3]
    assert "learning_rate=0.0001 for how it ended" in lines[3]


def test_a_value_of_the_wrong_type_is_one_sentence_and_a_new_name_is_passed_on():
    params = {"epochs": 50, "shuffle": True, "sizes": [1]}
    assert checked("mlp", "epochs=3 brand_new=x", params) == {"epochs": "3", "brand_new": "x"}
    with pytest.raises(UserError, match="epochs='many' is not a number, as the default 50 is"):
        checked("mlp", "epochs=many", params)
    with pytest.raises(UserError, match="no param 'epoch'"):
        checked("mlp", "epoch=3", params)
    assert [kind_of(one) for one in (True, 1, 1.5, [1], "x")] == [
        "true or false", "whole number", "number", "list, with commas", "text"]  # fmt: skip


@pytest.mark.parametrize("cells", [40, 80, 160])
def test_of_many_params_those_that_are_changed_are_shown(cells):
    params = {f"p{n}": n for n in range(40)}
    lines = param_lines(params, {"p39": "7"}, cells, preset={"p30": 1}, most=6)
    shown = " ".join(map(plain, lines))
    assert len(lines) == 6
    assert "p39" in shown
    assert "p30" in shown
    assert "and 35 more" in shown
    assert all(width(one) <= cells for one in lines)


async def test_a_remedy_and_a_beginning_are_chosen_and_params_typed(dashboard, story):
    app = dashboard()
    async with app.run_test(size=(120, 36)) as pilot:
        dialog = await relaunching(pilot, "transformer-2")
        await press(pilot, "down", "down", "down")
        assert dialog.remedy.id == "lower"  # the others cannot be tried
        assert "the beginning, as the remedy says" in text_of(app)
        await press(pilot, "f", "tab", *"epochs=x")
        assert "epochs='x' is not a number" in text_of(app)
        await press(pilot, "enter")
        assert retried(story) == []
        await press(pilot, "backspace", "7", "enter")
        call = ("retry", "transformer-2", {"params": {"epochs": "7"}, "remedy": "lower", "begins": "/r/best.pt", "stops": False})  # fmt: skip
        await until(pilot, lambda: retried(story) == [call])
        await until(pilot, lambda: isinstance(app.screen, Overview))
        assert app.screen.table.wanted == "transformer-2-again"
        assert "with remedy lower" in toasts(app)


@pytest.mark.parametrize(
    ("run", "called_for", "first"),
    [
        ("transformer-2", (), "lower"),  # its gate stopped it
        ("mlp-2", ("lower",), "lower"),  # it lives, and a gate of it tripped
        ("mlp-2", ("oom",), ""),  # it was tried as often as it may be
        ("mlp-2", (), ""),
    ],
)
async def test_the_choice_begins_at_the_remedy_that_is_called_for(dashboard, story, run, called_for, first):
    story.choices = dataclasses.replace(CHOICES, called_for=frozenset(called_for))
    app = dashboard()
    async with app.run_test(size=(120, 36)) as pilot:
        dialog = await relaunching(pilot, run)
        assert (dialog.remedy.id if dialog.remedy else "") == first
        assert ("no-nan calls for it" in text_of(app)) == (called_for == ("lower",))
        await press(pilot, "up")
        assert dialog.remedy is None, "none is above it"


async def test_a_live_run_is_stopped_only_by_a_second_enter(dashboard, story):
    app = dashboard()
    async with app.run_test(size=(80, 24)) as pilot:
        await relaunching(pilot, "mlp-2")
        assert "stop and relaunch mlp-2" in text_of(app)
        await press(pilot, "enter")
        assert "enter again stops it" in " ".join(map(plain, app.screen.said.lines))
        assert retried(story) == []
        await press(pilot, "f")  # another choice asks anew
        await press(pilot, "enter")
        assert retried(story) == []
        await press(pilot, "enter")
        await until(pilot, lambda: retried(story) and retried(story)[0][2]["stops"])
        assert retried(story)[0][2]["begins"] == "/r/best.pt"


async def test_a_refusal_is_read_in_the_dialog_which_keeps_what_was_typed(dashboard, story):
    app = dashboard()
    async with app.run_test(size=(80, 24)) as pilot:
        dialog = await relaunching(pilot, "transformer-2")
        await press(pilot, "tab", *"epochs=3")
        story.refusal = UserError("job 'transformer' cannot start: its command is gone")
        await press(pilot, "enter")
        await until(pilot, lambda: "its command is gone" in text_of(app))
        assert dialog.params.value == "epochs=3"


@pytest.mark.parametrize("which", ["start", "relaunch"])
async def test_escape_asks_once_before_it_throws_away_what_was_typed(dashboard, story, which):
    app = dashboard()
    async with app.run_test(size=(80, 24)) as pilot:
        if which == "relaunch":
            await relaunching(pilot, "transformer-2")
        else:
            await settle(pilot)
            await press(pilot, "s")
            await until(pilot, lambda: isinstance(app.screen, Start) and "boundary" in text_of(app))
        dialog = app.screen
        await press(pilot, "tab", *"epochs=3", "escape")
        assert app.screen is dialog
        assert "what was typed would be lost" in text_of(app)
        assert app.screen.query_one(Field).value == "epochs=3"
        await press(pilot, "escape")
        await until(pilot, lambda: isinstance(app.screen, Overview))
        assert not [call for call in story.calls if call[0] in ("start", "retry")]


async def test_the_screen_of_a_run_goes_to_the_next_try(dashboard, story):
    app = dashboard()
    async with app.run_test(size=(120, 36)) as pilot:
        await go_to(pilot, "transformer-2")
        await press(pilot, "enter")
        await until(pilot, lambda: isinstance(app.screen, RunScreen))
        await press(pilot, "r")
        await until(pilot, lambda: app.screen.run_name == "transformer-2-again")
        story.run_views.insert(0, replace(RUNS[3], run="transformer-2-again"))
        story.changes += 1
        await until(pilot, lambda: app.screen.current is not None and "transformer-2-again" in text_of(app))


async def test_several_jobs_are_started_each_as_it_was_chosen(dashboard, story, monkeypatch):
    jobs = [
        Job(name="mlp", study="sizes", params={"epochs": 5}, presets=("quick",), preset_params={"quick": {"epochs": 1}}),
        Job(name="broken", study="other", problem="jobs/broken.toml:3: unknown key"),
        Job(name="transformer", study="sizes", params={"epochs": 50}),
    ]  # fmt: skip
    monkeypatch.setattr(story, "jobs", lambda: jobs)
    app = dashboard()
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await press(pilot, "s")
        await until(pilot, lambda: "study sizes" in text_of(app) and "study other" in text_of(app))
        await press(pilot, "space", "p", "a")
        assert "of the preset" in text_of(app)
        await press(pilot, "down", "space", "tab", *"epochs=7", "tab")
        await until(pilot, lambda: any(call[0] == "before_several" for call in story.calls))
        await press(pilot, "up")
        assert app.screen.params.value == ""
        await press(pilot, "down")
        assert app.screen.params.value == "epochs=7"
        await press(pilot, "enter")
        started = [
            ("start", "mlp", {}, "quick", True, False, 0),
            ("start", "transformer", {"epochs": "7"}, "", False, False, 0),
        ]
        await until(pilot, lambda: [call for call in story.calls if call[0] == "start"] == started)
        await until(pilot, lambda: "mlp-1, transformer-1 are queued" in toasts(app))


async def test_an_export_is_chosen_shown_and_can_be_called_off(dashboard, story):
    import threading

    going = threading.Event()

    class Slow(Story):
        def write_out(self, names, *, study, to, formats, tell):
            from pathlib import Path

            for one in formats:
                assert going.wait(30)
                tell(Path(to) / one)
            return super().write_out(names, study=study, to=to, formats=formats, tell=tell)

    slow = Slow()
    app = dashboard(slow)
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await press(pilot, "e")
        await until(pilot, lambda: isinstance(app.screen, Export) and "Markdown" in text_of(app))
        await press(pilot, "down", "space", "s")
        await until(pilot, lambda: "exports/phase 3" in text_of(app))
        await press(pilot, "enter")
        await until(pilot, lambda: "writing" in text_of(app))
        await press(pilot, "escape")
        assert isinstance(app.screen, Export)
        going.set()
        await until(pilot, lambda: "cancelled: 1 written before that stay" in text_of(app))
        await press(pilot, "enter")
        await until(pilot, lambda: "2 files written" in text_of(app))
        assert ("write_out", "transformer-3", "phase 3", "exports/phase 3", "md", "csv") in slow.calls
        await press(pilot, "space", "enter")  # another choice is written, not passed over
        await until(pilot, lambda: "1 file written" in text_of(app))
        assert slow.calls[-1] == ("write_out", "transformer-3", "phase 3", "exports/phase 3", "md")
        await press(pilot, "enter")
        await until(pilot, lambda: isinstance(app.screen, Overview))


async def test_every_format_is_every_one_whose_library_is_here(dashboard, story, monkeypatch):
    formats = (FormatChoice(name="md"), FormatChoice(name="csv"), FormatChoice(name="wandb", lacks="wandb"))
    monkeypatch.setattr(
        story, "export_choices", lambda runs, study="": ExportChoices(formats=formats, folder="to")
    )
    app = dashboard(story)
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await press(pilot, "e")
        await until(pilot, lambda: "wandb is not installed" in text_of(app))
        await press(pilot, "a")
        await press(pilot, "enter")
        await until(
            pilot, lambda: [one[4:] for one in story.calls if one[0] == "write_out"] == [("md", "csv")]
        )


@pytest.mark.parametrize("size", [(80, 24), (120, 36)], ids=["80x24", "120x36"])
def test_the_dialog_of_the_next_try_looks_as_it_did(dashboard, story, snap_compare, size):
    """A remedy is chosen, a param typed, and what it would cost stands below."""

    async def run_before(pilot):
        await relaunching(pilot, "transformer-2")
        await press(pilot, "down", "tab", *"epochs=7")
        await until(pilot, lambda: any(call[0] == "before_start" for call in story.calls))
        await settle(pilot)

    assert snap_compare(dashboard(story), terminal_size=size, run_before=run_before)
