"""Curves under a person's fingers: zoom, pan, cursor, smoothing and axes by keys and by the mouse."""

import math
import re

import pytest
from conftest import settle, until
from msgspec.structs import replace
from story import NOW, Story, run
from test_dashboard import press, text_of

from trainui.core.money.outlook import Mark
from trainui.core.run import Status
from trainui.core.store.views import CurvePoint, EventView
from trainui.ui.choice import taken
from trainui.ui.gather import Gatherer
from trainui.ui.keeping import MOST_UNUSED
from trainui.ui.plot.axis import AXES, COST, ELAPSED, EPOCH, GPU_HOURS, STEP, WALL, axis_name
from trainui.ui.present.charts import charts
from trainui.ui.present.curves import closes
from trainui.ui.screens.run import RunScreen
from trainui.ui.source import Look
from trainui.ui.trace import Close
from trainui.ui.widgets.curve import Curves


def long_curve(count, *, start=0):
    """A spike of one point among many, and one NaN."""
    return [
        CurvePoint(step=float(n), epoch=n / 1000, at=NOW - 3900 + n / 10,
                   value=math.nan if n == 777 else (50.0 if n == 4321 else 1.0 + math.exp(-n / 2000)))
        for n in range(start, count)
    ]  # fmt: skip


@pytest.fixture
def long_story(story):
    story.points = {("transformer-3", "train/loss"): long_curve(10_000)}
    return story


async def opened(pilot):
    await settle(pilot)
    await press(pilot, "enter")
    app = pilot.app
    await until(pilot, lambda: isinstance(app.screen, RunScreen) and app.snapshot.detail is not None)
    await settle(pilot)
    return app.screen.query_one(Curves)


def first(curves):
    return curves._charts[0]


async def test_zoom_reads_more_finely_what_is_seen_and_out_again_is_the_whole(dashboard, long_story):
    app = dashboard(long_story)
    async with app.run_test(size=(120, 36)) as pilot:
        curves = await opened(pilot)
        assert first(curves).window is None
        coarse = max(one.points for one in first(curves).series[0].stretches)
        await press(pilot, "i", "i", "i", "i", "i")
        low, high = first(curves).window
        assert high - low < 500
        assert "zoomed" in text_of(app)
        await until(pilot, lambda: any(start for *_, start, _ in long_story.envelopes))
        await settle(pilot)
        seen = [one for one in first(curves).series[0].stretches if one.x1 >= low and one.x0 <= high]
        assert max(one.points for one in seen) < coarse
        assert sum(one.points for one in first(curves).series[0].stretches) == 10_000  # none twice, none lost
        await press(pilot, "I", "I", "I", "I", "I")
        assert first(curves).window is None


async def test_pan_zoom_and_cursor_stay_when_points_come(dashboard, long_story):
    app = dashboard(long_story)
    async with app.run_test(size=(120, 36)) as pilot:
        curves = await opened(pilot)
        await press(pilot, "i", "i", "H", "H", "left", "ctrl+left")
        before, cursor = first(curves).window, first(curves).cursor
        assert before[0] < cursor < before[1]
        long_story.points["transformer-3", "train/loss"] = long_curve(12_000)
        long_story.changes += 1
        await until(pilot, lambda: first(curves).series[0].stretches[-1].x1 > 11)
        assert (first(curves).window, first(curves).cursor) == (before, cursor)


async def test_a_view_at_the_newest_point_follows_it(dashboard, long_story):
    app = dashboard(long_story)
    async with app.run_test(size=(120, 36)) as pilot:
        curves = await opened(pilot)
        await press(pilot, "i", "i", "H", "F")
        before = first(curves).window
        long_story.points["transformer-3", "train/loss"] = long_curve(12_000)
        long_story.changes += 1
        await until(pilot, lambda: first(curves).window[1] > before[1])
        assert first(curves).window[1] >= 11.999
        assert first(curves).window[1] - first(curves).window[0] == pytest.approx(before[1] - before[0])
        await press(pilot, "L", "0")
        assert first(curves).window is None


async def test_the_cursor_reads_values_and_escape_puts_it_away(dashboard, long_story):
    app = dashboard(long_story)
    async with app.run_test(size=(120, 36)) as pilot:
        curves = await opened(pilot)
        await press(pilot, "z", "left")
        assert "epoch 10" in text_of(app)
        await press(pilot, "left", "right", "ctrl+left", "ctrl+right")
        await press(pilot, *("ctrl+left",) * 20)
        assert first(curves).cursor == pytest.approx(0, abs=0.1)  # it stops at the beginning
        await press(pilot, "escape")
        assert isinstance(app.screen, RunScreen)
        assert first(curves).cursor is None
        await press(pilot, "escape")
        assert not isinstance(app.screen, RunScreen)


async def test_how_a_run_was_looked_at_is_kept_while_one_looks_elsewhere(dashboard, long_story):
    long_story.points["mlp-2", "train/loss"] = long_curve(9_000)
    app = dashboard(long_story)
    async with app.run_test(size=(120, 36)) as pilot:
        curves = await opened(pilot)
        await press(pilot, "i", "i", "H")
        window = first(curves).window
        await press(pilot, "right_square_bracket")
        await until(pilot, lambda: first(curves).series[0].name == "mlp-2")
        assert first(curves).window is None
        await press(pilot, "left_square_bracket", "escape")
        curves = await opened(pilot)
        assert first(curves).window == window


async def test_w_smooths_and_o_cuts_outliers_off_and_the_head_says_so(dashboard, long_story):
    app = dashboard(long_story)
    async with app.run_test(size=(200, 55)) as pilot:
        await opened(pilot)
        await press(pilot, "z")
        assert "50" in text_of(app)
        await press(pilot, "O")
        assert "↑ 1 up to 50.00" in text_of(app)
        for weight in ("0.6", "0.9", "0.97", "0.99", "0.99"):
            await press(pilot, "w")
            assert f"smooth {weight}" in text_of(app)
        await press(pilot, *("W",) * 5)
        assert "smooth" not in text_of(app)
        await press(pilot, "O")
        assert "↑ 1" not in text_of(app)


async def test_u_turns_through_the_x_axes_and_big_u_back(dashboard, long_story):
    app = dashboard(long_story)
    async with app.run_test(size=(120, 36)) as pilot:
        await opened(pilot)
        for axis in (*AXES[1:], AXES[0]):
            await press(pilot, "u")
            assert f"x {axis_name(axis, 'USD')}" in text_of(app)
        await press(pilot, "U")
        assert "x $" in text_of(app)
        await press(pilot, "u", "Y")
        assert "x log" in text_of(app)


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (200, 55)], ids=str)
async def test_the_wheel_zooms_where_the_mouse_is_and_a_click_puts_the_cursor_there(
    dashboard, long_story, size
):
    from textual import events

    app = dashboard(long_story)
    async with app.run_test(size=size) as pilot:
        curves = await opened(pilot)
        place = curves.frame_of(first(curves))
        column = place.columns // 4
        there = {"x": place.left + column, "y": 3, "delta_x": 0, "delta_y": 0, "button": 0, "shift": False,
                 "meta": False, "ctrl": False}  # fmt: skip
        x = place.x_at(column)
        for _ in range(4):
            curves.post_message(events.MouseScrollUp(curves, **there))
        await until(pilot, lambda: first(curves).window is not None)
        await settle(pilot)
        low, high = first(curves).window
        assert low < x < high
        for _ in range(12):
            curves.post_message(events.MouseScrollDown(curves, **there))
        await until(pilot, lambda: first(curves).window is None)
        await pilot.click(curves, offset=(place.left + column, 3))
        await until(pilot, lambda: first(curves).cursor is not None)
        assert first(curves).cursor == pytest.approx(x, rel=0.05)
        await pilot.click(curves, offset=(place.left + column, 3))
        await until(pilot, lambda: first(curves).cursor is None)


async def test_keys_for_curves_do_nothing_where_there_is_none(dashboard):
    app = dashboard(Story(runs=[run("evaluate-1", status=Status.QUEUED, queued_at=NOW)]))
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "i", "I", "H", "L", "F", "0", "left", "right", "w", "W", "O", "Y", "U")
        assert "evaluate-1" in text_of(app)


# Pure: from a snapshot to curves


def lineage():
    """A parent that wrote steps 0 to 1350, and a child that took over at 900; the gap between them was 600 s."""
    parent = run("mlp-3", status=Status.ENDED, started_at=NOW - 3000, ended_at=NOW - 2000, seconds=1000.0,
                 gpu_hours=0.25, usd=0.4)  # fmt: skip
    child = run("mlp-4", started_at=NOW - 1400, parent="mlp-3", seconds=1400.0, gpu_hours=0.35, usd=0.6)
    story = Story(runs=[child, parent])
    story.points = {
        ("mlp-3", "loss"): [CurvePoint(step=n * 90.0, value=5.0, at=NOW - 3000 + n * 50, epoch=n / 2) for n in range(16)],
        ("mlp-4", "loss"): [CurvePoint(step=n * 90.0, value=3.0, at=NOW - 1400 + (n - 10) * 50, epoch=n / 2)
                            for n in range(10, 30)],
    }  # fmt: skip
    return story


def drawn_of(story, *, axis=STEP, look=None):
    snapshot = Gatherer(story).snapshot(look or Look(opened="mlp-4", cursor="mlp-4", buckets=400), at=NOW)
    return charts(snapshot, colours={}, tags={}, axis=axis)[0]


def test_the_overlap_of_a_resumed_run_is_kept_apart():
    chart = drawn_of(lineage())
    (one,) = chart.series
    assert [each.step for each in one.stretches] == [90.0 * n for n in range(30)]
    assert [[each.step for each in part] for part in one.overlaps] == [[90.0 * n for n in range(10, 16)]]
    restarts = [pin for pin in chart.pins if pin.label == "goes on from mlp-3"]
    assert [pin.x for pin in restarts] == [900.0]


@pytest.mark.parametrize(
    ("axis", "reached"), [(STEP, 2610), (EPOCH, 14.5), (ELAPSED, 1950), (WALL, NOW - 450), (GPU_HOURS, 0.4875),
                          (COST, 0.4 + 0.6 * 950 / 1400)]
)  # fmt: skip
def test_every_axis_goes_on_where_the_parent_was_when_the_child_took_over(axis, reached):
    """Time, GPU-hours and dollars of the parent count; the hours between the two do not, except by the clock."""
    chart = drawn_of(lineage(), axis=axis)
    assert chart.axis == axis
    assert chart.series[0].stretches[-1].x1 == pytest.approx(reached)
    places = [one.x1 for one in chart.series[0].stretches]
    assert places == sorted(places)


def test_what_a_line_of_runs_had_taken_never_falls():
    views = {view.run: view for view in lineage().run_views}
    found = taken("mlp-4", views, NOW)
    assert [one.cost for one in found] == pytest.approx([0, 0.4, 0.4, 1.0])
    assert [one.at for one in found] == [NOW - 3000, NOW - 2000, NOW - 1400, NOW]


def test_an_axis_of_money_goes_by_the_ledger():
    story = lineage()
    story.marks = [
        Mark(at=NOW - 1400), Mark(at=NOW - 900, micro=3_000_000), Mark(at=NOW, micro=4_000_000, seconds=9)
    ]  # fmt: skip
    chart = drawn_of(story, axis=COST, look=Look(opened="mlp-4", cursor="mlp-4", buckets=400, paid=True))
    places = {one.step: one.x1 for one in chart.series[0].stretches}
    assert places[1800.0] == pytest.approx(3.0)
    assert places[0.0] == 0.0
    assert chart.series[0].cost(NOW - 450) == pytest.approx(3.5)


def test_an_axis_on_which_a_run_is_not_known_falls_back_to_steps():
    story = lineage()
    story.run_views = [replace(view, gpu_hours=0.0) for view in story.run_views]
    assert drawn_of(story, axis=GPU_HOURS).axis == STEP


def test_checkpoints_and_remedies_stand_where_they_happened():
    story = lineage()
    story.event_views = [
        EventView(id=9, at=NOW - 1000, run="mlp-4", kind="remedy", text="remedy nan: lower the rate")
    ]
    found = {pin.sign: pin for pin in drawn_of(story).pins}
    assert set(found) == {"◆", "▶", "✚"}
    assert found["✚"].x == pytest.approx(90.0 * 18)  # written next after the event


def test_a_close_look_names_the_points_that_lie_in_it(long_story):
    gatherer = Gatherer(long_story)
    look = Look(opened="transformer-3", cursor="transformer-3", buckets=100)
    snapshot = gatherer.snapshot(look, at=NOW)
    (close,) = closes(snapshot.traces, STEP, (4000.0, 4400.0), snapshot.courses)
    assert close.start <= 4000
    assert close.stop >= 4401
    assert close.stop - close.start < 1000
    near = gatherer.snapshot(replace(look, close=(close,)), at=NOW)
    assert closes(near.traces, STEP, (4000.0, 4400.0), near.courses) == (close,)  # it does not move by itself
    (part,) = near.traces[0].parts
    assert sum(bucket.count for bucket in part.near) == 10_000
    (holds,) = [bucket for bucket in part.near if bucket.step_from <= 4321 <= bucket.step_to]
    assert (holds.count, holds.max) != (part.buckets[0].count, None)
    assert holds.count < part.buckets[0].count
    assert holds.max == 50.0


def test_a_close_look_beyond_the_points_changes_nothing(long_story):
    look = Look(opened="transformer-3", cursor="transformer-3", buckets=100,
                close=(Close(run="transformer-3", metric="train/loss", start=20_000, stop=30_000),))  # fmt: skip
    (part,) = Gatherer(long_story).snapshot(look, at=NOW).traces[0].parts
    assert part.near in ((), part.buckets)


async def test_costs_are_in_the_currency_of_the_project_on_the_axis_and_at_the_cursor(dashboard, story):
    story.budget_view = replace(story.budget_view, currency="EUR")
    app = dashboard()
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await pilot.press("U", "left")
        await settle(pilot)
        shown = text_of(app)
        assert "x €" in shown
        assert re.search(r"\d €", shown)
        assert "$" not in shown


def test_curves_that_nobody_looks_at_any_more_are_let_go(long_story):
    gatherer = Gatherer(long_story)
    for buckets in range(100, 300):  # as when somebody draws at the edge of a window
        gatherer.snapshot(Look(opened="transformer-3", buckets=buckets), at=NOW)
    assert 0 < len(gatherer._traces) < 2 * MOST_UNUSED


def test_a_curve_that_was_looked_at_a_moment_ago_is_not_read_again(long_story):
    gatherer = Gatherer(long_story)
    looks = [Look(opened=run, buckets=100) for run in ("transformer-3", "mlp-2")]
    for look in (*looks, *looks):
        gatherer.snapshot(look, at=NOW)
    assert len(long_story.envelopes) == len(set(long_story.envelopes))
