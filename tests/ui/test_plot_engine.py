"""The engine of curves on small sheets: what a reader can check by eye, and what holds for every curve."""

import math
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainui.core.store.views import Bucket, CurvePoint
from trainui.ui.plot.axis import COST, ELAPSED, WALL, Course, labels, x_ticks
from trainui.ui.plot.canvas import DASHED, DOTTED, SOLID, Canvas
from trainui.ui.plot.figure import Chart, draw, extent, frame
from trainui.ui.plot.frame import y_labels
from trainui.ui.plot.readout import nearest
from trainui.ui.plot.scale import Scale, even_ticks, scale_over, within
from trainui.ui.plot.series import (
    STEP,
    Guide,
    Mark,
    Pin,
    Series,
    Stretch,
    Threshold,
    from_buckets,
    from_points,
)
from trainui.ui.plot.smooth import smoothed
from trainui.ui.plot.viewport import Extent, Viewport
from trainui.ui.present.ink import ascii_only, plain, width


def points(values, *, start=0):
    return [
        CurvePoint(step=start + n, value=v, at=1_700_000_000 + n, epoch=n / 10) for n, v in enumerate(values)
    ]


def series(values, *, start=0, name="a-1", **changes):
    return Series(name=name, stretches=from_points(points(values, start=start), axis=STEP), **changes)


def bucketed(values, size, *, low=None):
    """Buckets of `size` points each."""
    out = []
    for at in range(0, len(values), size):
        part = [v for v in values[at : at + size] if math.isfinite(v)]
        out.append(
            Bucket(step_from=at, step_to=at + size - 1, min=min(part, default=None), max=max(part, default=None),
                   first=part[0] if part else None, last=part[-1] if part else None, count=size,
                   nonfinite=size - len(part))
        )  # fmt: skip
    return out


def shown(chart, cells=40, rows=9, **how):
    return [plain(row).rstrip() for row in draw(chart, cells, rows, **how)]


def body(chart, cells=40, rows=9, **how):
    """What stands right of the axis."""
    place = frame(chart, cells, rows)
    return [row[place.left :] for row in shown(chart, cells, rows, **how)[1 : 1 + place.body]]


def chart(*all_series, **how):
    return Chart(**{"metric": "loss", "series": all_series, "axis": STEP, **how})


def test_a_falling_line_looks_like_one():
    assert body(chart(series([6, 5, 4, 3, 2, 1, 0])), cells=18, rows=10, only_ascii=True) == [
        "***",
        "  **",
        "   ****",
        "      ***",
        "        ****",
        "           **",
        "            **",
    ]


def test_two_runs_cross_and_the_cursor_reads_both():
    down, up = series([6, 5, 4, 3, 2, 1, 0]), series([0, 1, 2, 3, 4, 5, 6], name="b-2", ink=1, style=DASHED)
    assert shown(chart(down, up, cursor=4.0), cells=34, rows=14) == [
        " loss  x step  ━ 0  ╍ 6.000",
        "  6┤⠉⠳⠤⣄               │      ⢀⡤",
        "   │   ⠈⠉⠳⠤⣄           │    ⠴⠋⠉",
        "  4┤       ⠈⠉⠳⢤⣀      ⢀⣠⠴⠋",
        "   │           ⠈⠙⠦⣄⣀  ⠋│",
        "   │            ⣠⠤⠞⠙⠲⢤⣀│",
        "  2┤        ⣠⠤  ⠁     ⠈⠙⠦⢤⡀",
        "   │      ⠞⠉⠁          │  ⠉⠙⠦⢤⡀",
        "  0┤⣠⠤⠞⠉               │      ⠉⠙⠦⢤",
        "   └┬──────────────────┴────┬─────",
        "    0                       5",
        " step 4",
        " ━  a-1  2.000  epoch 0.4  22:13",
        " ╍  b-2  4.000  epoch 0.4  22:13",
    ]


def test_the_smoothed_line_lies_before_what_was_measured():
    seen = body(chart(series([0, 9] * 8), smooth=0.9), cells=22, rows=10, only_ascii=True)
    assert any("." in row for row in seen)
    assert (
        sum("*" in row for row in seen) < len(seen) - 1
    )  # the line is calm, the measured one behind it is not


def test_two_runs_differ_without_colour_too():
    lines = {}
    for style in (SOLID, DASHED, DOTTED):
        lines[style] = body(chart(series([1.0] * 60, style=style)), cells=60, rows=8)
    assert len({"".join(rows) for rows in lines.values()}) == 3
    legend = [shown(chart(series([1.0, 2.0], style=style)))[0] for style in (SOLID, DASHED, DOTTED)]
    assert len(set(legend)) == 3


@pytest.mark.parametrize("style", [DASHED, DOTTED])
def test_a_broken_line_hides_no_spike(style):
    for at in range(1, 59):
        values = [0.0] * 60
        values[at] = 10.0
        assert body(chart(series(values, style=style)), cells=40, rows=12)[0].strip(), at


def test_what_lies_at_or_below_0_is_marked_on_a_logarithmic_axis():
    rows = shown(chart(series([100.0, 10.0, 0.0, -5.0, 1.0]), log=True))
    assert "↓ 2 down to -5" in rows[0]
    assert rows[-3].count("↓") == 2
    assert [row.split("┤")[0].strip() for row in rows if "┤" in row] == ["100", "10", "1"]


def test_step_0_is_marked_on_a_logarithmic_x_axis():
    rows = shown(chart(series([5.0, 4.0, 3.0, 2.0] * 30), log_x=True))
    assert "‹ 1 at x ≤ 0" in rows[0]
    assert "‹" in rows[-2]
    assert {"1", "10", "100"} <= set(rows[-1].split())


def test_an_outlier_is_cut_off_and_marked_with_its_count():
    values = [1.0 + n % 3 for n in range(200)]
    values[50] = values[120] = 1e6
    rows = shown(chart(series(values), clip=True), cells=60, rows=12)
    assert "↑ 2 up to 1000000" in rows[0]
    assert rows[1].count("↑") == 2
    assert "┤" in "".join(rows)
    assert max(float(row.split("┤")[0]) for row in rows if "┤" in row) < 10
    assert "↑" not in "".join(shown(chart(series(values)), cells=60, rows=12))


def test_where_nothing_lies_far_out_nothing_is_cut_off():
    assert within([(float(n), 1) for n in range(100)]) is None
    assert within([]) is None


def test_the_overlap_of_a_parent_is_faint_and_never_joined():
    child = series([3.0] * 10)
    both = chart(
        Series(name="b", stretches=child.stretches, overlaps=(series([9.0] * 5, start=5).stretches,))
    )
    drawn = draw(both, 40, 12)
    faint = [span for row in drawn for span in row if span.tone == "run0 faint"]
    assert "".join(span.text for span in faint).strip()
    inked = [row for row in body(both, rows=12) if row.strip()]
    assert len(inked) == 2  # two level lines and none between


def test_a_pin_stands_on_the_axis_and_what_is_not_finite_before_it():
    values = [1.0 + n for n in range(21)]
    values[10] = math.nan
    pins = tuple(Pin(x=x, sign="◆", label="saved") for x in (5, 10, 15))
    axis = shown(chart(series(values), pins=pins))[-2]
    assert axis.count("◆") == 2
    assert axis.count("✖") == 1


@pytest.mark.parametrize(("at", "told"), [(10, "nan"), (4, "5.000")])
def test_the_cursor_reads_every_run(at, told):
    values = [1.0 + n for n in range(21)]
    values[10] = math.nan
    both = chart(series(values, tag="1"), series([0.5] * 21, name="b-2", tag="2", ink=1), cursor=float(at))
    rows = shown(both, cells=90, rows=20)
    assert f"step {at}" in rows[-3]
    assert told in rows[-2]
    assert "0.5000" in rows[-1]
    assert f"epoch {at / 10:g}" in rows[-1]
    assert any("│" in row[12:] for row in rows[1:-5])


def test_the_cursor_tells_the_range_of_a_bucket_what_it_cost_and_what_happened():
    values = [1.0] * 800
    values[333] = 7.0
    told = Series(name="a", stretches=from_buckets(bucketed(values, 8)), cost=lambda at: 1.5)
    told = Series(
        name="a", stretches=tuple(one._replace(at=1_700_000_000.0) for one in told.stretches), cost=told.cost
    )
    pin = Pin(x=332, sign="◆", label="saved best.pt")
    rows = shown(chart(told, cursor=333.0, pins=(pin,)), cells=100, rows=20)
    assert "saved best.pt" in rows[-2]
    assert "1.000..7.000 of 8" in rows[-1]
    assert "1.50 $" in rows[-1]


def test_between_two_points_the_cursor_reads_the_nearer_one_and_says_where_it_is():
    chart = Chart(
        metric="m", axis=STEP, series=(series([1.0, 2.0, 3.0, 4.0]),), window=(0.9, 2.1), cursor=1.3
    )
    shown = "\n".join(map(plain, draw(chart, 80, 20)))
    assert "step 1.3" in shown or "step 1" in shown
    assert "2.000  step 1" in shown


def test_a_run_that_has_not_come_to_the_cursor_says_so():
    both = chart(series([1.0] * 50), series([2.0] * 5, name="short", ink=1), cursor=40.0)
    assert "short  " in shown(both, cells=80, rows=20)[-1]
    assert "–" in shown(both, cells=80, rows=20)[-1]


def test_the_nearest_stretch_holds_x_or_is_closest():
    stretches = [Stretch(float(a), float(b), 0.0, 0.0, 0.0, 0.0, 0) for a, b in ((0, 9), (10, 19), (40, 49))]
    assert [nearest(stretches, x) for x in (-5, 5, 12, 29, 30, 99)] == [0, 0, 1, 1, 2, 2]
    assert nearest([], 1) is None


def test_an_average_is_true_from_its_first_value_on_and_blind_to_nan():
    assert smoothed(from_points(points([4.0, 4.0, math.nan, 4.0]), axis=STEP), 0.9) == pytest.approx(
        [4.0, 4.0, None, 4.0]
    )
    plain_ema = smoothed(from_points(points([0.0, 1.0]), axis=STEP), 0.5)
    assert plain_ema == pytest.approx([0.0, 0.5 / 0.75])


def test_an_average_begins_anew_where_steps_go_back():
    folds = from_points([*points([9.0] * 5), *points([1.0] * 5)], axis=STEP)
    assert smoothed(folds, 0.99)[5] == pytest.approx(1.0)


@given(
    first=st.floats(-100, 100), last=st.floats(-100, 100), count=st.integers(1, 60), weight=st.sampled_from((0.3, 0.9, 0.99))
)  # fmt: skip
def test_a_bucket_averages_as_points_that_lead_from_its_first_to_its_last(first, last, count, weight):
    values = [first + (last - first) * n / max(count - 1, 1) for n in range(count)]
    values[-1] = last
    one = Stretch(0, count - 1, min(values), max(values), values[0], last, 0, count)
    exact = smoothed(from_points(points([5.0, *values]), axis=STEP), weight)[-1]
    before = Stretch(-1, -1, 5.0, 5.0, 5.0, 5.0, 0)
    assert smoothed([before, one], weight)[-1] == pytest.approx(exact, abs=1e-6)


def test_the_same_weight_looks_the_same_however_finely_the_curve_is_read():
    values = [math.exp(-n / 4000) + 0.3 * math.sin(n / 500) for n in range(16_000)]
    fine, coarse = (from_buckets(bucketed(values, size)) for size in (16, 128))
    by_step = {one.x1: level for one, level in zip(fine, smoothed(fine, 0.97), strict=True)}
    for one, level in zip(coarse, smoothed(coarse, 0.97), strict=True):
        assert level == pytest.approx(by_step[one.x1], abs=0.01)


@given(
    at=st.integers(0, 399), zooms=st.lists(st.tuples(st.sampled_from((2.0, 0.5)), st.floats(0, 39_999)), max_size=8),
    size=st.sampled_from(((20, 6), (37, 9), (80, 24))), only_ascii=st.booleans(), smooth=st.sampled_from((0.0, 0.9)),
)  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_a_spike_in_any_bucket_is_seen_at_every_zoom_that_holds_it(at, zooms, size, only_ascii, smooth):
    """Smoothing off, it is ink; on, it stands behind the line."""
    buckets = [
        Bucket(step_from=n * 100, step_to=n * 100 + 99, min=1.0, max=9.0 if n == at else 1.0, first=1.0, last=1.0,
               count=100, nonfinite=0)
        for n in range(400)
    ]  # fmt: skip
    whole = chart(Series(name="a", stretches=from_buckets(buckets)), smooth=smooth)
    port = Viewport()
    for times, around in zooms:
        port = port.zoom(extent(whole), times, at=around)
    window = port.window(extent(whole))
    now = chart(*whole.series, smooth=smooth, window=window)
    low, high = window or (0, 39_999)
    is_held = at * 100 + 99 >= low and at * 100 <= high
    top = frame(now, *size)
    if is_held:
        assert top.y.high >= 9.0
        spiked = body(now, *size, only_ascii=only_ascii)
        row = int((1 - top.y.place(9.0)) * top.body)
        assert any(text.strip() for text in spiked[max(0, row - 1) : row + 2])
    else:
        assert top.y.high < 9.0


extents = st.builds(
    lambda low, span, newest, log: Extent(
        whole=Scale(low=low, high=low + span, log=log), newest=low + span * newest
    ),
    low=st.floats(0.5, 1e4), span=st.floats(1, 1e6), newest=st.floats(0.3, 1), log=st.booleans(),
)  # fmt: skip


def windows(port, over):
    return port.window(over) or (over.whole.low, over.whole.high)


@given(over=extents, at=st.floats(0, 1), again=st.floats(0, 1), anchored=st.booleans())
def test_zoom_in_then_out_is_where_one_was(over, at, again, anchored):
    before = Viewport().zoom(over, 4, at=over.whole.value(again)) if anchored else Viewport()
    point = windows(before, over)[0] + (windows(before, over)[1] - windows(before, over)[0]) * at
    after = before.zoom(over, 2, at=point).zoom(over, 0.5, at=point)
    assert windows(after, over) == pytest.approx(windows(before, over), rel=1e-6)
    newest = Viewport().zoom(over, 2).zoom(over, 0.5)
    assert newest.is_whole


@given(
    over=extents,
    moves=st.lists(st.sampled_from(("in", "out", "left", "right", "newest", "oldest")), max_size=12),
)
def test_a_viewport_never_leaves_the_whole(over, moves):
    port = Viewport()
    for move in moves:
        port = {
            "in": lambda p: p.zoom(over, 2), "out": lambda p: p.zoom(over, 0.5), "left": lambda p: p.pan(over, -0.25),
            "right": lambda p: p.pan(over, 0.25), "newest": lambda p: p.newest(over), "oldest": lambda p: p.oldest(over),
        }[move](port)  # fmt: skip
        low, high = windows(port, over)
        air = 1e-6 * (over.whole.high - over.whole.low)
        assert over.whole.low - air <= low < high <= over.whole.high + air


def test_a_view_that_follows_moves_with_the_newest_point_and_one_that_does_not_stays():
    early, late = (Extent(whole=Scale(low=0, high=newest), newest=newest) for newest in (100.0, 160.0))
    follows = Viewport().zoom(early, 2)
    assert follows.window(early) == (50, 100)
    assert follows.window(late) == (110, 160)
    stays = follows.pan(early, -0.5)
    assert stays.window(early) == stays.window(late) == (25, 75)
    assert stays.pan(late, 1).pan(late, 1).follows
    assert stays.newest(late).window(late) == (110, 160)


def test_a_window_without_points_is_empty_and_says_what_it_is():
    rows = shown(chart(series([1.0, 2.0, 3.0]), window=(50, 60)))
    assert "zoomed" in rows[0]
    assert len(rows) == 9


def test_the_line_leads_beyond_the_edges_of_a_window():
    rows = body(chart(series([0.0, 10.0]), window=(0.4, 0.6)), cells=40, rows=12)
    assert all(row.strip() for row in rows)


def test_a_course_goes_straight_between_what_is_known_and_level_beyond():
    course = Course([(100, 0.0), (200, 10.0), (300, 10.0)])
    assert [course(at) for at in (50, 100, 150, 250, 999)] == [0, 0, 5, 10, 10]
    assert not Course([])
    assert math.isnan(Course([])(5))


def test_a_moment_that_is_not_known_is_not_drawn_and_breaks_nothing():
    stretches = from_points(points([1.0, 2.0]), axis=COST, course=Course([]))
    rows = shown(chart(Series(name="a", stretches=stretches), axis=COST))
    assert len(rows) == 9


@pytest.mark.parametrize(
    ("low", "high", "most", "expected"),
    [
        (0, 0.13, 4, ["0 s", "0.05 s", "0.1 s"]),
        (0, 1.4, 4, ["0 s", "0.5 s", "1 s"]),
        (7200, 7201.5, 4, ["2:00:00 h", "2:00:01 h"]),
        (0, 50, 5, ["0 s", "10 s", "20 s", "30 s", "40 s", "50 s"]),
        (0, 4 * 60, 4, ["0 s", "1 min", "2 min", "3 min", "4 min"]),
        (0, 100, 4, ["0 s", "30 s", "1:00 min", "1:30 min"]),
        (0, 5 * 3600, 5, ["0 s", "1:00 h", "2:00 h", "3:00 h", "4:00 h", "5:00 h"]),
        (0, 5 * 86400, 5, ["0 d", "1 d", "2 d", "3 d", "4 d", "5 d"]),
    ],
)
def test_durations_stand_at_round_places(low, high, most, expected):
    assert [text for _, text in x_ticks(Scale(low=low, high=high), ELAPSED, most)] == expected


def test_clock_times_stand_at_round_places_and_name_the_day_once():
    at = 1_700_010_000  # 2023-11-15 01:00 UTC
    told = x_ticks(Scale(low=at, high=at + 4 * 3600), WALL, 4)
    assert [text for _, text in told] == ["Wed 01:00", "02:00", "03:00", "04:00", "05:00"]
    night = x_ticks(Scale(low=at - 3 * 3600, high=at + 3600), WALL, 4)
    assert "Wed 00:00" in [text for _, text in night]


@pytest.mark.parametrize(
    ("values", "expected"),
    [([0, 5, 10], ["0", "5", "10"]), ([0.0015], ["0.0015"]), ([0.1, 0.15], ["0.10", "0.15"]), ([2e7, 4e7], ["20M", "40M"])],
)  # fmt: skip
def test_labels_have_the_decimals_that_tell_them_apart(values, expected):
    assert labels(values) == expected


@given(
    cells=st.integers(16, 120), rows=st.integers(1, 30), log=st.booleans(), log_x=st.booleans(), clip=st.booleans(),
    smooth=st.sampled_from((0.0, 0.9)), cursor=st.none() | st.floats(-5, 40), only_ascii=st.booleans(),
    window=st.none() | st.tuples(st.floats(-10, 20), st.floats(20.5, 50)),
    values=st.lists(st.floats(width=32), max_size=40),
)  # fmt: skip
@settings(max_examples=150, deadline=None)
def test_any_chart_fills_its_room_at_any_size(cells, rows, values, only_ascii, **how):
    one = chart(
        series(values, tag="1"),
        **how,
        thresholds=(Threshold(value=1.0, label="gate x < 1"),),
        guides=(Guide(points=((0, 1), (30, 2))),),
        marks=(Mark(x=5, label="✖ gate"),),
        pins=(Pin(x=3, sign="▶", label="goes on"),),
    )
    drawn = draw(one, cells, rows, only_ascii=only_ascii)
    assert len(drawn) == rows
    assert {width(row) for row in drawn} == {cells}
    if only_ascii:
        assert "?" not in "".join(ascii_only(plain(row)) for row in drawn)


@given(low=st.floats(-1e6, 1e6), span=st.floats(1e-3, 1e7), cells=st.integers(20, 200))
@settings(deadline=None)
def test_numbers_of_an_axis_never_touch(low, span, cells):
    stretches = tuple(Stretch(x, x, 1.0, 1.0, 1.0, 1.0, 0) for x in (low, low + span))
    numbers = shown(chart(Series(name="a", stretches=stretches)), cells, 8)[-1].split()
    values = [float(text.replace("M", "e6").replace("G", "e9")) for text in numbers]
    assert values == sorted(set(values))


def test_a_canvas_lays_its_inks_over_a_row():
    canvas = Canvas(3, 1)
    canvas.column(2, 0, 3, 1)
    chars, tones = list("abc"), ["", "", ""]
    canvas.lay(0, chars, tones, ["run0", "run1"])
    assert chars == ["a", "⡇", "c"]
    assert tones == ["", "run1", ""]


@pytest.mark.parametrize(
    ("low", "high", "rows", "expected"),
    [
        (0, 600, 6, [0, 400]),  # 0, 200, 400, 600 would stand 2, 2 and 1 rows apart
        (0, 600, 12, [0, 100, 200, 300, 400, 500, 600]),
        (0, 100, 20, [0, 20, 40, 60, 80, 100]),
        (10, 90, 7, [20, 40, 60, 80]),
    ],
)
def test_numbers_of_an_axis_do_not_stand_now_close_now_far(low, high, rows, expected):
    found = even_ticks(Scale(low=low, high=high), max(2, min(6, rows // 2)), rows)
    places = [int((1 - (value - low) / (high - low)) * rows) for value in found]
    gaps = {above - below for above, below in pairwise(places)}
    assert found == expected or (min(gaps) > 1 and len(found) > 1)


def test_no_number_stands_in_the_row_of_another_value():
    y = Scale(low=0, high=600)
    assert "0" in y_labels(y, 6).values()
    assert "0" not in y_labels(y, 6, named=[60]).values()
    assert "0" in y_labels(y, 6, named=[0]).values()


def test_a_level_curve_of_large_numbers_is_labelled_as_they_are():
    assert "52150" in y_labels(scale_over([52150.0]), 8, seen={52150.0}).values()
    assert "-123456" in y_labels(scale_over([-123456.0]), 8, seen={-123456.0}).values()


@pytest.mark.parametrize("cells", range(40, 90, 3))
def test_what_the_cursor_reads_is_told_whole_or_not_at_all(cells):
    rows = shown(chart(series([1.0 + n for n in range(30)]), cursor=20.0), cells=cells, rows=20)
    whole = shown(chart(series([1.0 + n for n in range(30)]), cursor=20.0), cells=120, rows=20)[-1].split(
        "  "
    )
    parts = [part for part in rows[-1].split("  ") if part.strip()]
    assert all(part.strip(" …") in [one.strip() for one in whole] for part in parts)
