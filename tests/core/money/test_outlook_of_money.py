"""What is to come in money: courses of cost, what is still to be paid, dollars for each per cent."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainui.core.money.amounts import micro_usd
from trainui.core.money.lease import Lease
from trainui.core.money.outlook import (
    SLACK,
    Mark,
    Range,
    course,
    gained,
    groups,
    per_percent,
    ratio,
    remaining,
    spread,
    still_to_pay,
    taken,
)
from trainui.core.money.shares import Span

NAN = math.nan
HOUR = 3600.0


def minutes(count, *, micro, start=0.0, base=0.0):
    return [Mark(at=start + 60 * n, micro=base + micro * n, seconds=60.0 * n) for n in range(count + 1)]


def test_a_steady_cost_needs_two_marks_and_a_change_of_slope_one_more():
    steady = minutes(1000, micro=100)
    assert course(steady) == (steady[0], steady[-1])
    dearer = [Mark(at=60_000 + 60 * n, micro=100_000 + 300 * n, seconds=60_000 + 60 * n) for n in range(1, 9)]
    assert [one.at for one in course(steady + dearer)] == [0, 60_000, 60_480]


def test_a_step_at_one_moment_stays_a_step():
    marks = course([Mark(at=0), Mark(at=10, micro=10), Mark(at=10, micro=500), Mark(at=20, micro=510)])
    assert (taken(marks, 9.999).micro, taken(marks, 10).micro) == (pytest.approx(9.999), 500)


def test_where_the_clock_was_set_back_time_stands_still():
    marks = course([Mark(at=0), Mark(at=100, micro=100), Mark(at=40, micro=160), Mark(at=120, micro=240)])
    assert [one.at for one in marks] == sorted(one.at for one in marks)
    assert taken(marks, 100).micro == 160


def test_before_and_after_a_course_it_is_level():
    marks = course(minutes(2, micro=50, start=1000, base=7))
    assert [taken(marks, at).micro for at in (0, 1030, 9999)] == [7, 32, 107]
    assert taken((), 5) == Mark(at=5)


steps = st.lists(
    st.tuples(st.floats(0, 300), st.integers(0, 5000), st.integers(0, 60_000)), min_size=1, max_size=60
)


@given(steps, st.integers(1, 30))
def test_a_course_is_near_every_mark_it_was_made_of_and_never_falls(moves, times):
    marks, at, micro, gpu = [Mark(at=0.0)], 0.0, 0, 0
    for move in moves:
        for _ in range(times):  # long stretches of one slope are what it is to leave out
            at, micro, gpu = at + move[0], micro + move[1], gpu + move[2]
            marks.append(Mark(at=at, micro=micro, gpu_ms=gpu))
    kept = course(marks)
    assert kept[-1] == marks[-1]
    assert all(a.at <= b.at and a.micro <= b.micro and a.gpu_ms <= b.gpu_ms for a, b in pairwise(kept))
    last_at = {one.at: one for one in marks}
    for one in last_at.values():
        found = taken(kept, one.at)
        assert abs(found.micro - one.micro) <= SLACK + 1e-3
        assert abs(found.gpu_ms - one.gpu_ms) <= SLACK + 1e-3


LEASE = Lease(machine="box", rate=micro_usd(3.60), share="time", gpus=1)


@pytest.mark.parametrize(
    ("spans", "lease", "dollars"),
    [
        ([Span(run="a", start=0, end=HOUR, gpus=("0",))], LEASE, {"a": 3.60}),
        # two share a GPU; when the first ends the other bears it alone
        ([Span(run="a", start=0, end=HOUR, gpus=("0",)), Span(run="b", start=0, end=2 * HOUR, gpus=("0",))],
         LEASE, {"a": 1.80, "b": 5.40}),
        # of one whose end nobody knows nothing is said, but it bears its half
        ([Span(run="a", start=0, end=HOUR, gpus=("0",)), Span(run="b", start=0, gpus=("0",))], LEASE, {"a": 1.80}),
        # one that starts later pays from there
        ([Span(run="a", start=HOUR, end=2 * HOUR, gpus=("0",))], LEASE, {"a": 3.60}),
        ([Span(run="a", start=0, end=HOUR)], Lease(machine="free", rate=0), {"a": 0.0}),
        ([Span(run="a", start=0)], LEASE, {}),
        ([Span(run="a", start=0, end=0.0)], LEASE, {}),
    ],
)  # fmt: skip
def test_what_is_still_to_be_paid(spans, lease, dollars):
    found = still_to_pay(spans, lease)
    assert {run: part.micro / 1e6 for run, part in found.items()} == pytest.approx(dollars)


@pytest.mark.parametrize(
    ("first", "best", "goal", "expected"),
    [
        (100.0, 80.0, "min", 20.0),
        (0.5, 0.6, "max", 20.0),
        (-2.0, -3.0, "min", 50.0),
        (-2.0, -1.0, "max", 50.0),
        (100.0, 100.0, "min", None),
        (100.0, 120.0, "min", None),
        (0.0, -1.0, "min", None),
        (NAN, 1.0, "min", None),
        (1.0, NAN, "min", None),
        (math.inf, 1.0, "min", None),
        (None, 1.0, "min", None),
        (1.0, None, "max", None),
        (5e-324, 1e308, "max", None),
    ],
)
def test_what_was_gained_since_the_first_value(first, best, goal, expected):
    found = gained(first, best, goal)
    assert found == (None if expected is None else pytest.approx(expected))


def test_dollars_for_each_per_cent():
    assert per_percent(4.0, 100.0, 80.0, "min") == pytest.approx(0.20)
    assert per_percent(0.0, 100.0, 80.0, "min") is None
    assert per_percent(4.0, 100.0, 100.0, "min") is None


def test_a_range_is_the_least_the_middle_and_the_most():
    assert spread([]) is None
    assert spread([3.0, 1.0, 8.0, 4.0]) == Range(low=1.0, mid=3.5, high=8.0, count=4)
    assert Range(low=1, mid=2, high=3, count=5).times(2) == Range(low=2, mid=4, high=6, count=5)


def test_a_plan_is_compared_by_its_middle():
    assert remaining((6.0, 8.0), 7.0) == (0.0, 1.0)
    assert ratio((6.0, 8.0), 3.5) == 0.5
    assert ratio((0.0, 0.0), 3.5) is None


@pytest.mark.parametrize(
    ("moments", "count"), [([], 0), ([5.0], 1), ([0.0, 59.0, 118.0], 1), ([200.0, 0.0, 61.0], 3)]
)
def test_what_follows_within_a_minute_counts_once(moments, count):
    assert groups(moments, 60.0) == count
