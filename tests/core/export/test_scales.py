"""Round places of scales: those of a clock for time, whole ones for steps; and what is said beside a chart."""

import itertools
import random

import pytest

from trainui.core.export.charts import EPOCH, Chart, Line, Part, Spot, Threshold
from trainui.core.export.scales import Scale, spread, ticks, time_ticks
from trainui.core.export.svg import HEIGHT, LINE, beside, labels, margin_of, scales, svg

MIN, HOUR, DAY = 60, 3600, 86400


@pytest.mark.parametrize(
    ("low", "high", "labels"),
    [
        (0, 0.8, ["0", "0.2 s", "0.4 s", "0.6 s", "0.8 s"]),
        (0, 9, ["0", "2 s", "4 s", "6 s", "8 s"]),
        (0, 100, ["0", "15 s", "30 s", "45 s", "1 min", "1 min 15", "1 min 30"]),
        (0, 25 * MIN, ["0", "5 min", "10 min", "15 min", "20 min", "25 min"]),
        (0, 2 * HOUR, ["0", "30 min", "1 h", "1 h 30", "2 h"]),
        (0, 9 * HOUR, ["0", "2 h", "4 h", "6 h", "8 h"]),
        (0, 50 * HOUR, ["0", "12 h", "1 d", "1 d 12 h", "2 d"]),
        (0, 40 * DAY, ["0", "10 d", "20 d", "30 d", "40 d"]),
        (30 * HOUR, 30 * HOUR + 20 * MIN, ["30 h", "30 h 05", "30 h 10", "30 h 15", "30 h 20"]),
        (2 * HOUR, 2 * HOUR + 25, ["2 h", "2 h 00:05", "2 h 00:10", "2 h 00:15", "2 h 00:20", "2 h 00:25"]),
    ],
)
def test_time_is_told_as_on_a_clock(low, high, labels):
    found = time_ticks(Scale(low, high, 0, 1), 7)
    assert [label for _, label in found] == labels
    assert all(low <= value <= high for value, _ in found)


def test_steps_are_whole_and_fine_only_where_they_have_to_be():
    assert [label for _, label in ticks(Scale(0.9, 3.1, 0, 1), 7, least=1.0)] == ["1", "2", "3"]
    assert len(ticks(Scale(1.1, 1.2, 0, 1), 7, least=1.0)) > 3
    assert [label for _, label in ticks(Scale(0, 3, 0, 1), 7)] == [
        "0.0",
        "0.5",
        "1.0",
        "1.5",
        "2.0",
        "2.5",
        "3.0",
    ]


def test_places_are_spread_as_little_as_it_takes():
    assert spread([50.0, 10.0], 13, 0, 100) == [50.0, 10.0]
    assert spread([50.0, 50.0, 50.0], 10, 0, 100) == [40.0, 50.0, 60.0]
    assert spread([99.0, 98.0], 10, 0, 100) == [100.0, 90.0]
    assert spread([], 10, 0, 100) == []
    noise = random.Random(3)
    for _ in range(200):
        places = [noise.uniform(0, 100) for _ in range(noise.randrange(1, 12))]
        found = spread(places, 9, 0, 100)
        assert all(-1e-6 <= one <= 100 + 1e-6 for one in found)
        assert all(right - left >= min(9, 100 / max(len(places) - 1, 1)) - 1e-6
                   for left, right in itertools.pairwise(sorted(found)))  # fmt: skip
        order = sorted(range(len(places)), key=places.__getitem__)
        assert order == sorted(order, key=lambda n: (found[n], places[n])), "the order stays"


def chart(thresholds):
    spots = tuple(
        Spot(step=n, epoch=float(n), elapsed=float(n), low=float(n), high=float(n), last=float(n), points=1, nonfinite=0)
        for n in range(101)
    )  # fmt: skip
    line = Line(run="a", ink=0, style=0, points=101, parts=(Part(run="a", spots=spots),))
    return Chart(
        metric="m", goal="", axis=EPOCH, axes=(EPOCH,), is_log=False, lines=(line,), thresholds=thresholds
    )


def height(name, value):
    return Threshold(gate=name, value=value, text="")


def test_what_is_said_of_thresholds_stands_beside_the_curves_and_never_over_one_another():
    close = chart(tuple(height(f"gate-{n}", 50 + n / 10) for n in range(9)))
    x, y = scales(close)
    places = sorted(place for _, place in beside(close, y, LINE))
    assert all(right - left >= LINE - 1e-6 for left, right in itertools.pairwise(places))
    assert places[0] >= 0
    assert places[-1] <= HEIGHT
    assert x.end < scales(chart(()))[0].end - 6 * len("gate-0 50.8"), "there is room for it"
    drawn = svg(close, name="c")
    assert drawn.count('class="said"') == 9
    assert f'class="said" x="{x.end + 8:g}"' in drawn


def test_a_long_name_is_cut_and_the_whole_of_it_can_still_be_read():
    name = "a-gate-with-a-name-that-goes-on-and-on"
    (said,) = labels(chart((height(name, 42.0),)))
    assert (len(said), said[-4:]) == (22, "… 42")
    assert f"<title>{name} 42</title>" in svg(chart((height(name, 42.0),)), name="c")


def test_wide_letters_have_room():
    narrow, wide = (margin_of(chart((height(name, 42.0),))) for name in ("xxxxxx", "損失ゲート弐"))
    assert wide - narrow == pytest.approx(6 * 6.3)


def test_of_more_thresholds_than_there_is_room_for_it_is_said_how_many_there_are():
    drawn = svg(chart(tuple(height(f"g{n}", float(n)) for n in range(40))), name="c")
    assert drawn.count('class="height"') == 40
    assert ">and 25 more<" in drawn
    assert margin_of(chart(())) == 12
