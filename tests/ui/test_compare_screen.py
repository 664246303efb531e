"""Runs side by side: which are compared, their pages, and the screen under a person's fingers."""

import pytest
from conftest import settle, until
from msgspec.structs import replace
from story import NOW, RUNS, Story, run
from test_dashboard import press, text_of, toasts

from trainui.core.comparing import Comparison, Reached, Row
from trainui.core.run import Status
from trainui.ui.keeping import Comparisons, Params
from trainui.ui.present.beside import Heads, compared_head, differences_page, gates_page, metrics_page
from trainui.ui.present.ink import plain, width
from trainui.ui.screens.budget import BudgetScreen
from trainui.ui.screens.compare import CompareScreen, compared_runs
from trainui.ui.screens.overview import Overview

NAMES = ("transformer-3", "mlp-2", "contrastive-1")
FOUND = Comparison(
    runs=NAMES,
    facts=(Row(name="usd", values=(1.38, 1.37, None)), Row(name="armed", values=(True, False, True))),
    params=(
        Row(name="learning_rate", values=(1e-4, 3e-4, 1e-4)),
        Row(name="data", values=("/data/speech/v1/clean", "/data/speech/v1/noisy", None)),
    ),
    alike={"epochs": 50, "batch_size": 32},
    packages=(Row(name="torch", values=("2.4.0", "2.5.1", "2.5.1")),),
    metrics=(
        Reached(metric="val/mae", last=(88.1, 131.0, 104.7), min=(86.4, 129.2, 101.9), max=(600.0,) * 3, goal="min"),
        Reached(metric="train/loss", last=(0.8, None, 0.9), min=(0.8, None, 0.9), max=(4.0, None, 4.0)),
    ),
    gates=(Row(name="mae-100", values=("passed", "tripped", None)),),
    rules={"mae-100": "best(val/mae) < 100"},
)  # fmt: skip
HEADS = Heads(
    runs=NAMES, tags={name: str(n) for n, name in enumerate(NAMES, 1)}, colours=dict.fromkeys(NAMES, 0)
)
KEPT = ("val/mae", "train/loss")


def told(lines) -> str:
    return "\n".join(map(plain, lines))


def pages(found: Comparison, heads: Heads, cells: int):
    yield differences_page(found, heads, cells, currency="USD")
    yield metrics_page(found, heads, cells, kept=KEPT)
    yield gates_page(found, heads, cells)


def of(count: int) -> tuple[Comparison, Heads]:
    """The same for so many runs."""

    def much(values):
        return tuple(values[n % len(values)] for n in range(count))

    names = tuple(f"a-run-with-a-long-name-{n}" for n in range(count))
    rows = {
        group: tuple(replace(row, values=much(row.values)) for row in getattr(FOUND, group))
        for group in ("facts", "params", "packages", "gates")
    }
    metrics = tuple(replace(m, last=much(m.last), min=much(m.min), max=much(m.max)) for m in FOUND.metrics)
    heads = Heads(runs=names, tags={name: str(n) for n, name in enumerate(names, 1)}, colours={})
    return replace(FOUND, runs=names, metrics=metrics, **rows), heads


# ---------------------------------------------------------------- which runs


def test_the_marked_runs_are_compared_in_the_order_of_the_table():
    assert compared_runs(RUNS, {"mlp-2", "transformer-3"}, RUNS[5]) == ("transformer-3", "mlp-2")


def test_one_marked_run_is_compared_with_the_one_under_the_cursor():
    assert compared_runs(RUNS, {"mlp-2"}, RUNS[0]) == ("transformer-3", "mlp-2")


def test_without_marks_the_runs_of_the_study_that_have_begun_are_compared():
    assert compared_runs(RUNS, set(), RUNS[0]) == ("transformer-3", "mlp-2", "contrastive-1", "transformer-2")


def test_runs_of_no_study_are_compared_with_those_of_their_job():
    alone = [replace(view, study="") for view in RUNS]
    assert compared_runs(alone, set(), alone[0]) == ("transformer-3", "transformer-2")
    assert compared_runs([], set(), None) == ()


def test_of_a_large_study_eight_neighbours_of_the_current_run_are_compared():
    many = [run(f"mlp-{n}", started_at=NOW) for n in range(30)]
    assert compared_runs(many, set(), many[20]) == tuple(f"mlp-{n}" for n in range(16, 24))
    assert compared_runs(many, set(), many[0]) == tuple(f"mlp-{n}" for n in range(8))


# ---------------------------------------------------------------- pages


def test_only_what_differs_is_a_row_and_what_is_alike_is_counted():
    shown = told(differences_page(FOUND, HEADS, 118, currency="USD"))
    for word in (
        "1 transformer-3",
        "learning_rate",
        "0.0003",
        "torch",
        "2.5.1",
        "$",
        "1.38",
        "2 params alike",
    ):
        assert word in shown
    assert "epochs" not in shown
    assert "all 2 params alike" in told(
        differences_page(replace(FOUND, params=()), HEADS, 118, currency="USD")
    )


def test_values_too_long_for_their_column_show_the_ends_that_tell_them_apart():
    shown = told(differences_page(FOUND, HEADS, 44, currency="USD"))
    assert "…clean" in shown
    assert "…noisy" in shown
    assert "0.0003" in shown


def test_the_best_of_a_metric_with_a_goal_has_a_star():
    rows = list(map(plain, metrics_page(FOUND, HEADS, 118, kept=KEPT)))
    (best,) = [row for row in rows if "best (min)" in row]
    assert best.split()[2:] == ["86.4*", "129.2", "101.9"]
    assert rows[-1].split() == ["train/loss", "0.8000", "–", "0.9000"]


def test_metrics_that_the_filter_leaves_out_are_no_rows():
    assert "train/loss" not in told(metrics_page(FOUND, HEADS, 118, kept=("val/mae",)))
    assert "no metric" in told(metrics_page(FOUND, HEADS, 118, kept=()))


def test_gates_stand_side_by_side_with_their_lights_and_their_rule():
    shown = told(gates_page(FOUND, HEADS, 118))
    for word in ("✔ passed", "✖ tripped", "–", "best(val/mae) < 100"):
        assert word in shown
    assert "another rule" in told(gates_page(replace(FOUND, rules={"mae-100": ""}), HEADS, 118))
    assert "no gates" in told(gates_page(replace(FOUND, gates=()), HEADS, 118))


@pytest.mark.parametrize("cells", [60, 79, 118, 199])
@pytest.mark.parametrize("count", [2, 3, 8])
def test_every_page_fits_and_has_a_column_for_every_run(count, cells):
    found, heads = of(count)
    for page in pages(found, heads, cells):
        assert [plain(row) for row in page if width(row) > cells] == []
        assert [tag for tag in heads.tags.values() if tag not in plain(page[0])] == []
    views = [run(name, status=Status.RUNNING) for name in heads.runs]
    head = compared_head(views, heads, cells)
    assert len(head) <= 2
    assert max(map(width, head)) <= cells


def test_names_that_do_not_fit_show_their_ends():
    names = tuple(f"transformer-{n}" for n in range(8))
    heads = Heads(runs=names, tags={name: str(n) for n, name in enumerate(names, 1)}, colours={})
    found, _ = of(8)
    head = plain(differences_page(replace(found, runs=names), heads, 79, currency="USD")[0])
    assert head.split()[:4] == ["1", "…0", "2", "…1"]


# ---------------------------------------------------------------- reading


def test_metrics_whose_long_names_begin_alike_are_told_apart():
    begin = "evaluation/validation/mean_absolute_boundary_error_in_milliseconds_over_speakers"
    found = replace(
        FOUND, metrics=tuple(replace(FOUND.metrics[0], metric=begin + end) for end in ("_a", "_b"))
    )
    rows = told(metrics_page(found, HEADS, 80, kept=(begin + "_a", begin + "_b")))
    assert "speakers_a" in rows or "rs_a" in rows
    assert "_b" in rows


def test_params_are_read_once_a_run_but_those_of_a_queued_one_each_time(story):
    params = Params(story)
    for _ in range(2):
        assert params.of(RUNS)["mlp-2"]["epochs"] == 50
    asked = [name for call, name in story.calls if call == "params_of"]
    assert asked.count("mlp-2") == 1
    assert asked.count("evaluate-1") == 2


def test_params_of_runs_that_are_gone_are_let_go(story):
    params = Params(story)
    for there in (RUNS, RUNS[:1], RUNS):
        params.of(there)
    asked = [name for call, name in story.calls if call == "params_of"]
    assert (asked.count(RUNS[0].run), asked.count("mlp-2")) == (1, 2)


def test_a_comparison_is_kept_until_a_run_changes_or_some_seconds_passed(story):
    comparisons = Comparisons(story)
    first = comparisons.of(RUNS[:2], at=NOW)
    assert comparisons.of(RUNS[:2], at=NOW) is first
    assert comparisons.of(RUNS[:2], at=NOW + 10) is not first
    ended = [RUNS[0], replace(RUNS[1], status=Status.ENDED)]
    assert comparisons.of(ended, at=NOW) is not comparisons.of(RUNS[:2], at=NOW)


# ---------------------------------------------------------------- the screen


async def test_where_a_study_has_more_runs_than_are_compared_it_is_said_which(dashboard, story):
    story.run_views = [run(f"mlp-{n}", status=Status.RUNNING, started_at=NOW) for n in range(30)]
    app = dashboard()
    async with app.run_test(size=(120, 36)) as pilot:
        await compared(pilot)
        (first,) = app._notifications
        assert first.message == "8 of the 30 runs of study phase 3, around mlp-0"
        await press(pilot, "escape", "enter", "v")
        (again,) = app._notifications
        assert (again.message, again is first) == (first.message, False)


async def test_a_marked_run_and_that_under_the_cursor_are_not_told_as_a_part_of_a_study(dashboard, story):
    story.run_views = [run(f"mlp-{n}", status=Status.RUNNING, started_at=NOW) for n in range(30)]
    app = dashboard()
    async with app.run_test(size=(120, 36)) as pilot:
        await compared(pilot, "space", "down")
        assert app.snapshot.shown == ("mlp-0", "mlp-1")
        assert [one.message for one in app._notifications] == []


async def compared(pilot, *names) -> None:
    await settle(pilot)
    await press(pilot, *names, "v")
    await until(pilot, lambda: isinstance(pilot.app.screen, CompareScreen) and pilot.app.snapshot.comparison)
    await settle(pilot)


async def test_marked_runs_are_overlaid_and_every_page_has_its_key(dashboard, story):
    app = dashboard()
    async with app.run_test(size=(80, 24)) as pilot:
        await compared(pilot, "space", "down", "space")
        assert app.snapshot.shown == ("transformer-3", "mlp-2")
        assert "‹1 differences›" in text_of(app)
        await press(pilot, "2")
        assert "best (min)" in text_of(app)
        await press(pilot, "tab")
        assert "mae-improving" in text_of(app)
        await press(pilot, "tab", "shift+tab", "G", "home", "j", "k", "pagedown", "pageup")
        assert "‹3 gates›" in text_of(app)
        await press(pilot, "e")
        await until(pilot, lambda: "exports/transformer-3" in text_of(app))
        await press(pilot, "enter")
        await until(
            pilot, lambda: any(one[:3] == ("write_out", "transformer-3", "mlp-2") for one in story.calls)
        )
        await press(pilot, "escape")
        await press(pilot, "escape")
        assert isinstance(app.screen, Overview)


async def test_z_shows_the_page_alone_the_curves_alone_and_both(dashboard):
    app = dashboard()
    async with app.run_test(size=(80, 24)) as pilot:
        await compared(pilot)
        screen = app.screen
        seen = []
        for _ in range(3):
            await press(pilot, "z")
            seen.append((screen.curves.display, screen.query_one("#differences").display))
        assert seen == [(False, True), (True, False), (True, True)]
        await press(pilot, "z", "z", "2")
        assert "‹2 metrics›" in text_of(app)


async def test_curves_have_their_keys_and_escape_puts_the_cursor_away_first(dashboard):
    app = dashboard()
    async with app.run_test(size=(120, 36)) as pilot:
        await compared(pilot)
        first = app.snapshot.look.metric
        await press(pilot, "m")
        assert app.snapshot.look.metric != first
        before = text_of(app)
        await press(pilot, "left")
        assert text_of(app) != before
        await press(pilot, "escape")
        assert isinstance(app.screen, CompareScreen)
        await press(pilot, "b")
        assert isinstance(app.screen, BudgetScreen)
        await press(pilot, "escape", "v")
        assert isinstance(app.screen, Overview)


async def test_one_run_alone_is_not_compared(dashboard):
    app = dashboard(Story(runs=[RUNS[0]]))
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "v")
        assert isinstance(app.screen, Overview)
        assert "mark two or more" in toasts(app)


async def test_a_resize_turns_one_page_into_all_and_back(dashboard):
    app = dashboard()
    async with app.run_test(size=(80, 24)) as pilot:
        await compared(pilot)
        await pilot.resize_terminal(200, 55)
        await settle(pilot)
        for word in ("1 differences", "2 metrics", "3 gates", "best (min)", "mae-improving"):
            assert word in text_of(app)
        for size in ((20, 6), (1, 1), (80, 24)):
            await pilot.resize_terminal(*size)
            await settle(pilot)
        assert "‹1 differences›" in text_of(app)


async def test_compared_runs_in_ascii_are_ascii(dashboard):
    app = dashboard(ascii=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await compared(pilot)
        for key in "123z":
            await press(pilot, key)
            assert text_of(app).isascii(), key


@pytest.mark.parametrize(
    ("size", "page", "dark"),
    [((80, 24), "2", True), ((120, 36), "1", False), ((200, 55), "3", True)],
    ids=["80x24", "120x36-light", "200x55"],
)
def test_compared_runs_look_as_they_did(dashboard, story, snap_compare, size, page, dark):
    """Three models side by side: one learns more slowly, with another learning rate and more data."""
    story.params_by_run = {
        "transformer-3": {"learning_rate": 1e-4, "epochs": 50, "data": "/data/speech/v1/clean", "seed": 1},
        "mlp-2": {"learning_rate": 3e-4, "epochs": 50, "data": "/data/speech/v1/all", "seed": 1},
        "contrastive-1": {"learning_rate": 1e-4, "epochs": 50, "data": "/data/speech/v1/all", "seed": 1},
    }
    story.gate_views += [
        replace(gate, run=name, verdict=verdict)
        for name, verdict in (("mlp-2", "tripped"), ("contrastive-1", "ok"))
        for gate in story.gate_views[:3]
    ]

    async def opened(pilot):
        await compared(pilot, "a")
        await press(pilot, page)

    assert snap_compare(dashboard(dark=dark), terminal_size=size, run_before=opened)
