"""The filters of runs and of metrics: live as they are typed, kept or cleared, and wrong ones say where."""

import pytest
from conftest import settle, until
from msgspec.structs import replace
from story import NOW, RUNS, Story, run
from test_dashboard import press, text_of

from trainui.core.filter import FilterError, parse_filter
from trainui.core.run import Status
from trainui.ui.choice import drawn_runs, sifted
from trainui.ui.present.ink import plain, width
from trainui.ui.present.sieve import RUN_WORDS, sieve_line, sieve_title
from trainui.ui.screens.compare import CompareScreen
from trainui.ui.screens.overview import Overview
from trainui.ui.screens.run import RunScreen
from trainui.ui.source import Look


def broken(text: str) -> FilterError:
    with pytest.raises(FilterError) as caught:
        parse_filter(text, known={"usd"})
    return caught.value


def said(text: str, error: FilterError | None = None, cells: int = 80) -> str:
    return plain(sieve_line(text, error, cells, shown=7, of=50, noun="run", words=RUN_WORDS))


# ---------------------------------------------------------------- what is said


def test_a_filter_tells_how_much_it_leaves_and_an_empty_one_how_to_begin():
    assert "7 of 50 runs   enter keeps, esc clears" in said("mlp")
    assert "status:running" in said("")
    assert (
        plain(sieve_line("x", None, 80, shown=0, of=1, noun="run", words=""))
        .lstrip()
        .startswith("0 of 1 run ")
    )


@pytest.mark.parametrize("front", ["", "mlp ", "transformer usd>1 or mlp "])
def test_a_mark_stands_under_the_place_where_a_filter_is_wrong(front):
    text = front + "foo:1"
    row = said(text, broken(text))
    assert row.index("▲") == len(" / ") + len(front)
    assert "nothing is called 'foo'" in row


def test_a_place_beyond_the_screen_is_told_in_words():
    text = "mlp " * 40 + "("
    assert f"at letter {len(text) + 1}: " in said(text, broken(text))


@pytest.mark.parametrize("cells", [1, 20, 40, 80])
def test_what_is_said_of_a_filter_fits(cells):
    for text in ("", "mlp", "foo:1", "mlp " * 5 + "foo:1", "mlp " * 40 + "("):
        error = broken(text) if ":" in text or "(" in text else None
        row = sieve_line(text, error, cells, shown=7, of=50, noun="run", words=RUN_WORDS)
        assert width(row) <= cells


def test_the_border_tells_the_filter_and_what_is_marked_outside():
    assert sieve_title("mlp", 7, 50, "run") == "7 of 50 runs  / mlp"
    assert sieve_title("mlp", 7, 50, "run", 2) == "7 of 50 runs  2 marked outside  / mlp"
    assert sieve_title(" ", 50, 50, "run") == ""


def test_of_hidden_runs_only_marked_ones_are_drawn():
    look = Look(hidden=frozenset({"mlp-2", "transformer-3"}))
    assert drawn_runs(RUNS, look) == ("contrastive-1",)
    assert drawn_runs(RUNS, replace(look, marked=frozenset({"mlp-2"}))) == ("mlp-2",)


def test_metrics_are_left_by_name():
    names = ("val/mae", "val/acc", "train/loss")
    assert sifted(names, "val/* -acc") == ("val/mae",)
    assert sifted(names, "") == names


# ---------------------------------------------------------------- runs


def shown_runs(app) -> list[str]:
    return [view.run for view in app.screen.table.runs]


async def test_runs_are_left_out_as_a_filter_is_typed_and_enter_keeps_it(dashboard):
    app = dashboard()
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await press(pilot, "slash", *"mlp")
        assert shown_runs(app) == ["mlp-2"]
        assert "1 of 6 runs  / mlp" in text_of(app)
        assert app.snapshot.shown == ("mlp-2",)
        await press(pilot, "backspace", "backspace", "backspace", *"transformer")
        assert shown_runs(app) == ["transformer-3", "transformer-2", "transformer-1"]
        await press(pilot, "enter", "down", "enter")  # the last one opens a run again
        assert isinstance(app.screen, RunScreen)
        assert app.screen.run_name == "transformer-2"
        await press(pilot, "right_square_bracket", "right_square_bracket")
        assert app.screen.run_name == "transformer-3"  # its neighbours are those in the table
        await press(pilot, "escape")
        assert "3 of 6 runs  / transformer" in text_of(app)
        await press(pilot, "escape")
        assert len(shown_runs(app)) == 6
        assert "of 6 runs" not in text_of(app)


async def test_a_wrong_filter_says_where_and_leaves_the_last_good_one(dashboard):
    app = dashboard()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "slash", *"mlp", "space", "left_parenthesis")
        await until(pilot, lambda: "something is missing" in text_of(app) or "not closed" in text_of(app))
        assert shown_runs(app) == ["mlp-2"]
        await press(pilot, "enter")
        assert "▲" in text_of(app).splitlines()[-1]  # still open
        await press(pilot, "escape")
        assert len(shown_runs(app)) == 6


async def test_params_are_filtered_by_as_soon_as_they_are_read(dashboard, story):
    story.params_by_run = {"mlp-2": {"learning_rate": 3e-4}}
    app = dashboard()
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        assert not [call for call in story.calls if call[0] == "params_of"]
        await press(pilot, "slash", *"learning_rate>2e-4")
        await until(pilot, lambda: shown_runs(app) == ["mlp-2"])
        await press(pilot, "escape", "slash", *"lerning_rate>1")
        await until(pilot, lambda: "nothing is called 'lerning_rate'" in text_of(app))


async def test_the_cursor_stays_on_its_run_and_comes_back_to_it(dashboard):
    app = dashboard()
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await press(pilot, "down", "slash", *"mlp")
        assert app.screen.current.run == "mlp-2"
        await press(pilot, "backspace", "backspace", "backspace", *"transformer")
        assert app.screen.current.run != "mlp-2"
        await press(pilot, "escape")
        assert app.screen.current.run == "mlp-2"
        await press(pilot, "slash", *"transformer", "down", "up", "down", "enter")
        assert app.screen.current.run == "transformer-1"
        await press(pilot, "escape")
        assert app.screen.current.run == "transformer-1"


async def test_keys_that_arrive_at_once_are_letters_of_the_filter_not_commands(dashboard, story):
    app = dashboard()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("slash", *"sxq", "enter")
        await settle(pilot)
        assert isinstance(app.screen, Overview)
        assert "no run is left" in text_of(app)
        assert "0 of 6 runs  / sxq" in text_of(app)


async def test_a_run_that_comes_to_match_comes_into_the_table(dashboard, story):
    app = dashboard()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "slash", *"status:queued", "enter")
        assert shown_runs(app) == ["evaluate-1"]
        story.run_views.append(run("mlp-9", status=Status.QUEUED, queued_at=NOW))
        story.changes += 1
        await until(pilot, lambda: shown_runs(app) == ["evaluate-1", "mlp-9"])
        assert "2 of 7 runs" in text_of(app)


async def test_marks_outlive_a_filter_so_that_runs_of_two_filters_can_be_compared(dashboard):
    app = dashboard()
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await press(pilot, "slash", *"mlp", "enter", "space")
        await press(pilot, "slash", "ctrl+u", *"contrastive", "enter", "space")
        assert "1 marked outside" in text_of(app)
        await press(pilot, "v")
        await until(pilot, lambda: isinstance(app.screen, CompareScreen))
        await settle(pilot)
        assert app.snapshot.shown == ("mlp-2", "contrastive-1")


# ---------------------------------------------------------------- metrics


async def test_it_is_said_that_a_run_has_more_metrics_than_are_drawn_and_which_key_turns(dashboard):
    app = dashboard()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "enter")
        await settle(pilot)
        assert f"{app.screen.curves.room} of 6 metrics (m)" in text_of(app)
        await pilot.resize_terminal(200, 55)
        await settle(pilot)
        assert "of 6 metrics" not in text_of(app)


async def test_where_the_filter_leaves_no_metric_it_is_not_said_that_there_are_no_numbers(dashboard):
    app = dashboard()
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await press(pilot, "enter", "slash", *"nosuch", "enter")
        await until(pilot, lambda: app.snapshot.look.metrics == "nosuch")
        await settle(pilot)
        assert "no metric is left by the filter" in text_of(app)
        assert "nothing to draw yet" not in text_of(app)


async def test_m_goes_only_through_the_metrics_that_the_filter_leaves(dashboard):
    app = dashboard()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "enter", "slash", *"val/*", "space", *"-mae")
        await until(pilot, lambda: app.snapshot.metric_names == ("val/acc100", "val/acc50"))
        await press(pilot, "enter")
        assert "2 of 6 metrics  / val/* -mae" in text_of(app)
        seen = set()
        for _ in range(4):
            await press(pilot, "m")
            seen.add(app.snapshot.look.metric)
        assert seen == {"val/acc100", "val/acc50"}
        await press(pilot, "right_square_bracket")
        await until(pilot, lambda: app.snapshot.look.opened == "mlp-2")
        assert app.snapshot.metric_names == ("val/acc100", "val/acc50")
        await press(pilot, "slash", "escape")
        await until(pilot, lambda: len(app.snapshot.metric_names) == 6)


async def test_compared_metrics_are_filtered_in_curves_and_table(dashboard):
    app = dashboard()
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await press(pilot, "v", "2", "slash", *"loss")
        await until(pilot, lambda: app.snapshot.metric_names == ("train/loss",))
        await settle(pilot)
        assert "val/mae" not in text_of(app)
        await press(pilot, "escape")
        await until(pilot, lambda: "val/mae" in text_of(app))


@pytest.mark.parametrize(
    ("size", "typed"),
    [((80, 24), "mlp lr:"), ((120, 36), "status:running"), ((200, 55), "val>")],
    ids=["80x24", "120x36", "200x55"],
)
def test_a_filter_looks_as_it_did(dashboard, snap_compare, size, typed):
    """A filter is typed: one that is wrong says where, one that holds how much it leaves."""

    async def opened(pilot):
        await settle(pilot)
        names = {" ": "space", ":": "colon", ">": "greater_than_sign"}
        await press(pilot, "slash", *(names.get(letter, letter) for letter in typed))

    assert snap_compare(dashboard(), terminal_size=size, run_before=opened)


def test_an_empty_store_has_no_runs_rather_than_none_left():
    assert drawn_runs(Story(runs=[]).run_views, Look(hidden=frozenset({"gone"}))) == ()


async def test_the_line_of_the_filter_blinks_only_while_one_sees_it(dashboard):
    app = dashboard()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        field = app.screen.sieve.field
        assert not field.cursor_blink
        await pilot.press("slash")
        assert field.cursor_blink
        await pilot.press("escape")
        assert not field.cursor_blink
