"""Charts: what a picture of curves holds, before anybody draws it."""

import math
from itertools import pairwise

import pytest

from tests.core.money_store import START, Books
from trainui.core.export.charts import ELAPSED, EPOCH, INKS, ON_WHITE, STEP, STYLES, asks_for_log, style_of
from trainui.core.export.drafts import shared_charts
from trainui.core.export.svg import describe, svg
from trainui.core.gates import Judge, Point, parse_gates
from trainui.core.ingest.records import Record
from trainui.core.store.schema import atomic
from trainui.core.store.verdicts import write_checkpoint, write_gates, write_verdict

nan, inf = math.nan, math.inf


@pytest.fixture
def books(tmp_path):
    return Books(tmp_path)


def log(books, run, values, *, metric="val/mae", first=0, epochs=True, start=0.0):
    """Points a second apart, four to an epoch."""
    told = [
        Record(metrics={metric: value}, step=first + n, epoch=(first + n) / 4 if epochs else None, at=START + start + n)
        for n, value in enumerate(values)
    ]  # fmt: skip
    with atomic(books.db):
        books.streams.add_records(run, "jsonl", told, now=START)


def spots(line, *, over=False):
    return [spot for part in line.parts if part.is_over == over for spot in part.spots]


def marks(chart, kind):
    return [one for one in chart.marks if one.kind == kind]


def test_runs_share_a_chart_of_each_metric_and_the_one_they_are_judged_by_comes_first(books):
    for run in ("a-1", "b-1"):
        books.run(run, end=9)
        log(books, run, [3.0, 2.0], metric="loss")
        log(books, run, [9.0, 8.0, 7.0])
    log(books, "b-1", [1.0], metric="once")
    first, second = shared_charts(books.reader(), ["b-1", "a-1"])
    assert (first.metric, first.goal, second.metric, second.goal) == ("val/mae", "min", "loss", "min")
    assert [(line.run, line.ink) for line in first.lines] == [("b-1", 0), ("a-1", 1)]
    assert [(spot.step, spot.epoch, spot.elapsed, spot.last) for spot in spots(first.lines[0])] == [
        (0, 0.0, 0.0, 9.0), (1, 0.25, 1.0, 8.0), (2, 0.5, 2.0, 7.0),
    ]  # fmt: skip


def test_the_axis_is_what_all_points_know(books):
    books.run("a-1", end=9)
    books.run("b-1", end=9)
    log(books, "a-1", [9.0, 8.0])
    log(books, "b-1", [9.0, 8.0], epochs=False)
    assert shared_charts(books.reader(), ["a-1"])[0].axes == (EPOCH, STEP, ELAPSED)
    (both,) = shared_charts(books.reader(), ["a-1", "b-1"])
    assert (both.axis, both.axes) == (STEP, (STEP, ELAPSED))


def test_one_spike_among_a_million_points_is_in_the_chart_where_it_was(books):
    books.run("a-1", end=9)
    spike, count = 654_321, 1_000_000
    for start in range(0, count, 100_000):
        log(books, "a-1", [1e6 if n == spike else 1.0 for n in range(start, start + 100_000)], first=start)
    (chart,) = shared_charts(books.reader(), ["a-1"])
    (line,) = chart.lines
    found = spots(line)
    assert len(found) < 1000
    assert sum(spot.points for spot in found) == count == line.points
    (peak,) = [number for number, spot in enumerate(found) if spot.high == 1e6]
    assert found[peak - 1].step < spike <= found[peak].step
    assert chart.is_log
    assert chart.heights() == (1.0, 1e6)
    drawn = svg(chart, name="c")
    assert 'class="band' in drawn
    top = min(
        float(y)
        for y in drawn.partition('class="band')[2].partition('d="M')[2].partition("Z")[0].split()[1::2]
    )
    assert top < 25, "the spike reaches the upper edge"


def test_a_long_curve_begins_at_its_first_point_and_ends_at_its_last(books):
    books.run("a-1", end=9)
    log(books, "a-1", [5.0 - n / 4000 for n in range(10_000)])
    found = spots(shared_charts(books.reader(), ["a-1"])[0].lines[0])
    assert (found[0].step, found[0].epoch, found[0].elapsed, found[0].last, found[0].points) == (
        0,
        0.0,
        0.0,
        5.0,
        0,
    )
    assert (found[-1].step, found[-1].last) == (9999, 5.0 - 9999 / 4000)
    for spot in found:
        assert spot.epoch == pytest.approx(spot.step / 4)
        assert spot.elapsed == pytest.approx(spot.step)


def test_what_is_not_finite_breaks_the_line_and_is_marked_where_it_began(books):
    books.run("a-1", end=9)
    log(books, "a-1", [3.0, 2.0, nan, nan, 2.5, -inf, 2.0])
    (chart,) = shared_charts(books.reader(), ["a-1"])
    odd = marks(chart, "nonfinite")
    assert [(one.at[STEP], one.at[EPOCH], one.text) for one in odd] == [
        (2, 0.5, "NaN, 2 in a row or near"), (5, 1.25, "-Inf"),
    ]  # fmt: skip
    assert [spot.last for spot in spots(chart.lines[0])] == [3.0, 2.0, None, None, 2.5, None, 2.0]
    drawn = svg(chart, name="c")
    assert drawn.count('class="line') == 1
    assert drawn.count('class="dot') == 2
    assert drawn.count(">✕<") == 2


def test_a_nan_deep_in_a_long_curve_is_found_at_its_very_step(books):
    books.run("a-1", end=9)
    log(books, "a-1", [inf if n == 77_777 else 1.0 for n in range(100_000)])
    (mark,) = marks(shared_charts(books.reader(), ["a-1"])[0], "nonfinite")
    assert (mark.at[STEP], mark.at[EPOCH], mark.text) == (77_777, 77_777 / 4, "Inf")


def test_a_child_follows_its_parent_whose_rest_is_dim(books):
    books.run("a-1", end=9)
    books.run("a-2", parent="a-1", start=20, end=30)
    log(books, "a-1", [9.0, 8.0, 7.0, 6.0, 5.0, 4.0])
    log(books, "a-2", [6.5, 5.5], first=3, start=20.0)
    (chart,) = shared_charts(books.reader(), ["a-1", "a-2"])
    parent, child = chart.lines
    assert [spot.step for spot in spots(parent)] == [0, 1, 2]
    assert [spot.step for spot in spots(parent, over=True)] == [2, 3, 4, 5], "it goes on where the line ended"
    assert [spot.step for spot in spots(child)] == [3, 4]
    (mark,) = marks(chart, "restart")
    assert (mark.run, mark.at[STEP], mark.text) == ("a-2", 3, "follows a-1")
    (alone,) = shared_charts(books.reader(), ["a-2"])
    assert [(part.run, part.is_over) for part in alone.lines[0].parts] == [
        ("a-1", False),
        ("a-1", True),
        ("a-2", False),
    ]
    assert [spot.elapsed for spot in spots(alone.lines[0])] == [0.0, 1.0, 2.0, 2.0, 3.0], (
        "time goes on along the line"
    )


def test_a_clock_that_was_set_back_draws_no_line_back_in_time(books):
    books.run("a-1", end=100 * 60.0)
    ats = [60.0 * n - (3600.0 if n > 50 else 0.0) for n in range(100)]
    with atomic(books.db):
        told = [Record(metrics={"val/mae": float(n)}, step=n, at=START + at) for n, at in enumerate(ats)]
        books.streams.add_records("a-1", "jsonl", told, now=START)
    (line,) = shared_charts(books.reader(), ["a-1"])[0].lines
    elapsed = [spot.elapsed for spot in spots(line)]
    assert elapsed == sorted(elapsed)
    assert 96 * 60.0 < elapsed[-1] <= 98 * 60.0, "less the piece of it in which it was set back"


def test_a_child_that_began_anew_leaves_its_parent_as_it_is(books):
    books.run("a-1", end=9)
    books.run("a-2", parent="a-1", start=20, end=30)
    log(books, "a-1", [9.0, 8.0, 7.0])
    log(books, "a-2", [6.5, 5.5], start=20.0)
    (chart,) = shared_charts(books.reader(), ["a-1", "a-2"])
    assert [len(spots(line, over=True)) for line in chart.lines] == [0, 0]


def test_a_run_that_goes_back_in_its_own_steps_is_drawn_once_and_the_rest_dim(books):
    books.run("a-1", end=9)
    log(books, "a-1", [9.0, 8.0, 7.0, 6.0])
    log(books, "a-1", [7.5, 6.5, 5.5], first=2, start=10)
    (line,) = shared_charts(books.reader(), ["a-1"])[0].lines
    assert [spot.last for spot in spots(line)] == [9.0, 8.0, 7.5, 6.5, 5.5]
    assert [spot.last for spot in spots(line, over=True)] == [8.0, 7.0, 6.0]


def test_gates_checkpoints_and_heights_stand_in_the_charts_they_are_about(books):
    books.run("a-1", end=9)
    log(books, "a-1", [9.0, 8.0, 7.0])
    log(books, "a-1", [1.0, nan, nan], metric="loss")
    tables = [
        {
            "id": "good",
            "role": "criterion",
            "test": "value",
            "left": "best(val/mae)",
            "op": "<",
            "right": 7.5,
        },
        {"id": "no-nan", "role": "flag", "test": "finite", "metrics": ["loss"], "k": 1},
    ]
    gates = parse_gates(tables, goals={"val/mae": "min"})
    judge = Judge(gates)
    with atomic(books.db):
        write_gates(books.db, "a-1", gates)
        for step, value in enumerate([1.0, nan, nan]):
            for verdict in judge.feed(Point(metric="loss", step=step, epoch=step / 4, value=value, at=START)):
                write_verdict(books.db, "a-1", verdict, is_change=True)
        write_checkpoint(
            books.db, "a-1", path="sub/best.pt", at=START, step=1, epoch=0.25, metric="", value=None
        )
    mae, loss = shared_charts(books.reader(), ["a-1"])
    assert [(one.gate, one.value) for one in mae.thresholds] == [("good", 7.5)]
    assert [(one.at[STEP], one.value, one.text) for one in marks(mae, "checkpoint")] == [
        (1, 8.0, "saved best.pt")
    ]
    assert [(one.at[STEP], one.text.split(":")[0]) for one in marks(loss, "gate")] == [
        (1, "gate no-nan tripped")
    ]
    assert not marks(mae, "gate")
    assert "good 7.5" in svg(mae, name="c")


def test_a_gate_that_tells_its_place_in_the_steps_of_another_stream_is_marked_by_its_epoch(books):
    """The last word on a run that prints `epoch 5/5` and logs steps beside it was spoken at step 5, epoch 5."""
    books.run("a-1", end=20)
    log(books, "a-1", [9.0 - n / 10 for n in range(21)])
    gates = parse_gates([{"id": "good", "role": "criterion", "test": "value", "left": "best(val/mae)", "op": "<", "right": 1}])  # fmt: skip
    judge = Judge(gates)
    judge.feed(Point(metric="val/mae", step=5, epoch=5, value=7.0, at=START))
    with atomic(books.db):
        write_gates(books.db, "a-1", gates)
        for verdict in judge.end(result="finished", exit_code=0, at=START):
            write_verdict(books.db, "a-1", verdict, is_change=True)
    (chart,) = shared_charts(books.reader(), ["a-1"])
    (mark,) = marks(chart, "gate")
    assert (mark.at[STEP], mark.at[EPOCH], mark.value) == (20, 5, 7.0)


def test_a_run_without_a_point_and_a_run_that_is_queued_have_no_line(books):
    books.run("a-1", start=None, status="queued")
    assert shared_charts(books.reader(), ["a-1"]) == ()


@pytest.mark.parametrize(
    ("values", "asks"),
    [
        ([1e6, *[1.0 + n / 99 for n in range(99)]], True),
        ([10.0**-n for n in range(6)], True),
        ([0.1, *[80.0 + n / 99 for n in range(99)]], False),
        ([1000.0, 0.0, 1.0, 1.0, 1.0, 1.0], False),
        ([1000.0, -1.0, 1.0, 1.0, 1.0, 1.0], False),
        ([5.0, 4.0, 3.0, 2.0, 1.0], False),
        ([], False),
    ],
)
def test_a_logarithmic_scale_is_asked_for_by_values_that_would_lie_on_the_floor(values, asks):
    assert asks_for_log(values) is asks


def test_neighbouring_lines_differ_in_colour_and_in_manner():
    drawn = [style_of(number) for number in range(INKS * STYLES)]
    assert len(set(drawn)) == INKS * STYLES
    for one, other in pairwise(drawn):
        assert one[0] != other[0]
        assert one[1] != other[1]


def test_a_picture_says_in_words_what_it_shows(books):
    books.run("a-1", end=9)
    log(books, "a-1", [9.0, nan, 7.0])
    told = describe(shared_charts(books.reader(), ["a-1"])[0])
    assert told == "val/mae over epoch. a-1: 7 to 9, last 7. a-1: NaN."


def test_numbers_at_the_edge_of_all_numbers_are_drawn(books):
    books.run("a-1", end=9)
    log(books, "a-1", [1.7e308, -1.7e308, 0.0])
    log(books, "a-1", [5e-324, 1e-320, 5e-324], metric="loss")
    log(books, "a-1", [3.0, 3.0, 3.0], metric="level")
    for chart in shared_charts(books.reader(), ["a-1"]):
        drawn = svg(chart, name="c")
        assert 'class="line' in drawn
        assert "nan" not in drawn.replace("nanmean", "")
        assert "inf" not in drawn


def test_the_inks_are_those_of_the_dashboard():
    from trainui.ui import tones

    assert tuple(tones._LIGHT[f"run{number}"] for number in range(INKS)) == ON_WHITE
