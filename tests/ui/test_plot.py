"""Canvas, scales and charts: no spike lost, no NaN hidden."""

import math

import pytest
from story import Story, curve

from trainui.core.store.views import Bucket, CurvePoint
from trainui.ui.plot.canvas import Canvas
from trainui.ui.plot.figure import Chart, draw
from trainui.ui.plot.scale import Scale, ahead, even_ticks, rounded, scale_over, ticks
from trainui.ui.plot.series import EPOCH, STEP, Series, Threshold, from_buckets, from_points
from trainui.ui.present.ink import ascii_only, plain, width


def series(points, *, axis=STEP, **changes):
    return Series(name="a-1", stretches=from_points(points, axis=axis), **changes)


def points(values):
    return [CurvePoint(step=n, value=v, at=0) for n, v in enumerate(values)]


def shown(chart, cells=60, rows=12, **how):
    return [plain(row) for row in draw(chart, cells, rows, **how)]


@pytest.mark.parametrize("only_ascii", [False, True])
def test_a_canvas_keeps_every_dot_and_its_ink(only_ascii):
    canvas = Canvas(4, 2, only_ascii=only_ascii)
    canvas.stroke(0, 0, canvas.width - 1, canvas.height - 1, 3)
    assert canvas.cell(0, 0)[1] == canvas.cell(3, 1)[1] == 3
    assert canvas.cell(3, 0) == (" ", -1)
    canvas.column(99, 0, 5, 1)  # beside the sheet: nothing


def test_a_steep_line_has_no_holes():
    canvas = Canvas(2, 10)
    canvas.stroke(0, 39, 1, 0, 0)
    assert all(not canvas.is_blank(0, row) for row in range(10))


@pytest.mark.parametrize("only_ascii", [False, True])
def test_a_spike_of_one_point_in_100_000_is_seen(only_ascii):
    values = [1.0] * 100_000
    values[54_321] = 10.0
    rows = shown(Chart(metric="loss", series=(series(points(values)),), axis=STEP), only_ascii=only_ascii)
    inked = [row for row in rows[1:-2] if any(c in "*" or "\u2800" < c <= "\u28ff" for c in row)]
    assert len(inked) == 9  # from the floor to the top


def test_a_spike_inside_a_bucket_is_seen():
    bucket = {
        "step_from": 0,
        "step_to": 99,
        "first": 1.0,
        "last": 1.0,
        "count": 100,
        "nonfinite": 0,
        "min": 1.0,
    }
    flat = [Bucket(**bucket, max=1.0) for _ in range(40)]
    flat[20] = Bucket(**bucket, max=10.0)
    chart = Chart(metric="loss", series=(Series(name="a", stretches=from_buckets(flat)),), axis=STEP)
    assert shown(chart)[1].strip("│┤ 0123456789")


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize(("only_ascii", "mark"), [(False, "✖"), (True, "N")])
def test_what_is_not_finite_is_marked_on_the_axis(value, only_ascii, mark):
    values = [1.0 + n for n in range(21)]
    values[10] = value
    axis = shown(Chart(metric="loss", series=(series(points(values)),)), only_ascii=only_ascii)[-2]
    assert axis.count(mark) == 1
    assert abs(axis.index(mark) - len(axis) / 2) < 5


def test_a_curve_of_nothing_but_nan_is_marked_too():
    rows = shown(Chart(metric="loss", series=(series(points([math.nan] * 5)),)))
    assert "✖" in rows[-2]
    assert "nan" in rows[0]


def test_a_gate_is_a_dashed_line_with_its_name():
    gate = Threshold(value=100, label="gate mae-100 < 100")
    rows = shown(Chart(metric="val/mae", series=(series(curve(500, 85, 30)),), thresholds=(gate,)))
    dashed = [row for row in rows if "┈" in row]
    assert len(dashed) == 1
    assert "mae-100 < 100" in dashed[0]


def test_a_gate_far_off_the_curve_points_to_where_it_is():
    gate = Threshold(value=-5000, label="gate low < -5000")
    rows = shown(Chart(metric="m", series=(series(points([1.0, 2.0])),), thresholds=(gate,)))
    assert "↓ gate low" in rows[-3]
    assert "┈" not in "".join(rows)


def test_steps_that_go_back_are_not_joined():
    """Two folds in one curve: the second begins at the left, and no line leads there."""
    folds = [CurvePoint(step=n, value=value, at=0) for value in (1.0, 0.0) for n in range(40)]
    rows = shown(Chart(metric="m", series=(series(folds),), axis=STEP), cells=60, rows=16)
    inked = [row for row in rows[1:-2] if any("\u2800" < c <= "\u28ff" for c in row)]
    assert len(inked) == 2


def test_each_curve_ends_in_its_digit_and_the_digits_do_not_cover_each_other():
    both = (series(points([1.0, 2.0]), tag="1"), series(points([1.0, 2.0]), tag="2", ink=1))
    body = "".join(row[8:] for row in shown(Chart(metric="m", series=both))[1:-2])
    assert body.count("1") == body.count("2") == 1


@pytest.mark.parametrize(("cells", "rows"), [(80, 24), (40, 8), (20, 5), (15, 6), (60, 3), (60, 1)], ids=str)
@pytest.mark.parametrize("values", [[], [1.0], [5.0, 5.0], [math.nan], [-1.0, 1e9], [1e-9, 2e-9]], ids=str)
@pytest.mark.parametrize("log", [False, True])
def test_a_chart_fills_exactly_its_room(cells, rows, values, log):
    one = (series(points(values)),) if values else ()
    drawn = draw(Chart(metric="m", series=one, log=log), cells, rows)
    assert len(drawn) == rows
    assert {width(row) for row in drawn} == {cells}


def test_a_chart_is_all_ascii_where_it_must_be():
    story = Story()
    chart = Chart(
        metric="val/mae",
        series=(series(story.points["mlp-2", "train/loss"], tag="1"),),
        thresholds=(Threshold(value=2, label="gate x < 2"),),
    )
    assert all(ascii_only(row).isascii() for row in shown(chart, only_ascii=True))
    assert "?" not in "".join(ascii_only(row) for row in shown(chart, only_ascii=True))


@pytest.mark.parametrize(
    ("low", "high", "log", "most", "expected"),
    [
        (0, 50, False, 5, [0, 10, 20, 30, 40, 50]),
        (82, 605, False, 3, [200, 400, 600]),
        (0.01, 1000, True, 6, [0.01, 0.1, 1, 10, 100, 1000]),
        (90, 600, True, 3, [100, 200, 500]),
        (1, 2, False, 0, []),
    ],
)
def test_ticks_are_round_numbers(low, high, log, most, expected):
    assert ticks(Scale(low=low, high=high, log=log), most) == pytest.approx(expected)


def test_a_log_scale_holds_what_is_above_0_and_falls_back_where_nothing_is():
    assert scale_over([-3.0, 0.0, 0.1, 5.0], log=True) == Scale(low=0.1, high=5.0, log=True)
    assert not scale_over([0.0, -5.0], log=True).log


def test_epochs_are_on_the_axis_when_asked_for():
    by_epoch = from_points(curve(1, 1, 3), axis=EPOCH)
    by_step = from_points(curve(1, 1, 3), axis=STEP)
    assert [s.x0 for s in by_epoch] == [0, 1, 2, 3]
    assert [s.x0 for s in by_step] == [0, 90, 180, 270]


@pytest.mark.parametrize(
    ("reached", "total", "end"),
    [(34, 50, 40), (34, None, 40), (48, 50, 50), (50, 50, 50), (60, 50, 80), (0, 9, 0)],
)
def test_a_curve_that_grows_has_some_room_before_it(reached, total, end):
    assert ahead(reached, total) == end


def test_round_ends_hold_the_picture_still():
    """A new best a little below the last one moves neither end."""
    assert rounded(Scale(low=84.2, high=605)) == rounded(Scale(low=83.9, high=605)) == Scale(low=50, high=650)


def test_a_live_chart_sends_only_what_changed():
    """One more epoch of a run that is far along changes few rows."""
    before, after = (
        shown(Chart(metric="m", series=(series(curve(500, 85, n)),), axis=STEP, x_end=4500)) for n in (34, 35)
    )
    assert sum(old != new for old, new in zip(before, after, strict=True)) <= 3


@pytest.mark.parametrize("top", [3e-4, 3e-7, 0.02, 7.0, 80.0, 4e9])
def test_no_two_numbers_of_an_axis_read_alike(top):
    labels = [
        row.split("┤")[0].strip()
        for row in shown(Chart(metric="m", series=(series(points([0.0, top])),)))
        if "┤" in row
    ]
    assert len(labels) > 1
    assert len(labels) == len(set(labels))


@pytest.mark.parametrize("log", [False, True])
def test_numbers_as_large_and_as_small_as_a_float_can_be_have_a_scale(log):
    scale = rounded(scale_over([5e-324, 1e-310, 1e-299, 1.0, 9e299, 1.7e308, -1.7e308], log=log))
    assert 0.0 <= scale.place(1.0) <= 1.0
    assert math.isfinite(scale.value(0.5))
    assert all(map(math.isfinite, even_ticks(scale, 6, 20)))
    assert isinstance(scale.dots(40)(1.0), int)


@pytest.mark.parametrize(("count", "cells"), [(1, 30), (8, 58), (8, 20), (3, 40)])
def test_a_heading_never_shows_half_a_number(count, cells):
    runs = tuple(series(points([1, 10.0**30 * n]), tag=str(n)) for n in range(1, count + 1))
    head = shown(Chart(metric="val/loss", series=runs, axis=STEP), cells)[0]
    told = [f"━{n} {n}.0e+30" for n in range(1, count + 1)]
    seen = head.split("  ")
    assert [one for one in seen if one.strip() and one.strip(" …") not in ("val/loss", "x step", *told)] == []
    assert ("…" in head) == any(one not in head for one in told)


def test_a_long_name_leaves_room_for_its_value_and_shows_how_it_ends():
    name = "evaluation/validation/mean_absolute_boundary_error_in_milliseconds_over_speakers"
    for other in ("_a", "_b"):
        chart = Chart(metric=name + other, series=(series(points([1, 2.5])),), axis=STEP)
        head = shown(chart, 34)[0]
        assert other in head
        assert head.startswith(" evaluation/")
        assert head.endswith("━ 2.500")


def test_an_axis_on_which_nothing_is_above_0_is_not_called_logarithmic():
    falling = Chart(metric="loss", series=(series(points([-1, -2])),), axis=STEP, log=True)
    assert "y not log: none > 0" in shown(falling)[0]
    rising = Chart(metric="loss", series=(series(points([-1, 2, 5])),), axis=STEP, log=True)
    assert "  y log " in shown(rising)[0]


@pytest.mark.parametrize("value", [math.inf, -math.inf])
def test_the_newest_value_is_told_as_what_it_was(value):
    told = series(points([1, value]), newest=value)
    assert shown(Chart(metric="loss", series=(told,), axis=STEP))[0].rstrip().endswith(f" {value}")


@pytest.mark.parametrize(
    ("value", "label"), [(-7.0, "-7┤"), (0.5, "0.5┤"), (123456789.0, "1.235e+08┤"), (0.0, "0.0┤")]
)
@pytest.mark.parametrize("rows", [6, 9, 12, 20])
def test_what_is_level_stands_beside_its_own_number(value, label, rows):
    lines = shown(Chart(metric="loss", series=(series(points([value] * 5)),), axis=STEP), rows=rows)
    (row,) = [one for one in lines[1:-2] if any("\u2800" < c <= "\u28ff" for c in one)]
    assert label in row


def test_where_nothing_is_finite_no_number_stands_on_the_y_axis():
    lines = shown(Chart(metric="loss", series=(series(points([math.nan] * 5)),), axis=STEP))
    assert not any(c.isdigit() for row in lines[1:-2] for c in row)
