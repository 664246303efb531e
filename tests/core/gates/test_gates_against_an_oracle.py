"""The incremental judge against one that looks at everything again each time, over numbers drawn at random."""

from __future__ import annotations

import math
import statistics
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainui.core.gates import Judge, Point, parse_gates

VALUES = st.one_of(st.integers(-8, 8).map(float), st.sampled_from([math.nan, math.inf, -math.inf]))
RUNS = st.lists(st.tuples(st.integers(0, 2), VALUES), max_size=40)
"""(epochs since the last point, value)"""


def run_of(drawn):
    epoch, points = 0, []
    for step, (gone, value) in enumerate(drawn):
        epoch += gone
        points.append(Point(metric="m", step=step, value=value, epoch=float(epoch), at=step * 30.0))
    return points


def finite(points):
    return [point for point in points if math.isfinite(point.value)]


def drawdown(values):
    return max(max(values[: n + 1]) - value for n, value in enumerate(values))


REDUCERS = {
    "max": max,
    "min": min,
    "best": max,
    "sum": sum,
    "mean": lambda v: sum(v) / len(v),
    "median": statistics.median,
    "std": statistics.pstdev,
    "range": lambda v: max(v) - min(v),
    "drawdown": drawdown,
    "distinct": lambda v: len(set(v)),
    "count": len,
    "last": lambda v: v[-1],
}


def in_window(points, window):
    """Which of the points so far a window shows, reckoned from nothing."""
    here = points[-1]
    if window == "3 epochs":
        return [point for point in points if point.epoch > here.epoch - 3]
    if window == "4":
        return points[-4:]
    if window == "epochs 2..5":
        return [point for point in points if 1 < point.epoch <= 5]
    return points


def gate(test, **keys):
    return parse_gates([{"id": "g", "role": "flag", "test": test, **keys}])


@pytest.mark.parametrize("window", ["", "3 epochs", "4", "epochs 2..5"])
@pytest.mark.parametrize("reducer", REDUCERS)
@settings(max_examples=25, deadline=None)
@given(drawn=RUNS)
def test_a_quantity_is_what_one_would_reckon_from_all_points(reducer, window, drawn):
    inner = f"m, {window}" if window else "m"
    judge = Judge(gate("value", left=f"{reducer}({inner})", op="<", right=0))
    points = run_of(drawn)
    for n, point in enumerate(points, start=1):
        judge.feed(point)
        seen = in_window(points[:n], window)
        values = [p.value for p in finite(seen)]
        if reducer == "last" and not window:
            values = [p.value for p in finite(points[n - 1 : n])]
        value = judge.current()["g"].value
        assert value == (pytest.approx(REDUCERS[reducer](values), abs=1e-9) if values else None)


def flagged(grades, need, clear):
    """The flag's states by the book, from good / bad / skip / blind at each point."""
    state, bad, good, states = "pending", 0, 0, []
    for grade in grades:
        if grade == "blind" and state != "tripped":
            state = "unknown"
        elif grade == "bad":
            bad, good = bad + 1, 0
            state = "tripped" if bad >= need or state == "tripped" else "warn"
        elif grade in ("good", "fair"):
            bad = 0
            good = good + 1 if grade == "good" else 0
            if state != "tripped" or good >= clear:
                state, good = "ok", 0
        states.append(state)
    return states


def judged(gates, points):
    judge = Judge(gates)
    states = []
    for point in points:
        judge.feed(point)
        states.append(judge.current()["g"].state.value)
    return states


def value_grade(points):
    newest = points[-1].value
    values = [p.value for p in finite(points[-3:])]
    if not values:
        return "blind"
    if not math.isfinite(newest):
        return "skip"
    return "good" if statistics.median(values) < 2 else "bad"


def stall_grade(points):
    here = points[-1].epoch
    before = [p.value for p in finite(points) if p.epoch <= here - 3]
    values = [p.value for p in finite(points)]
    if not values:
        return "blind"
    if not before:
        return "skip"
    moved = max(values) - max(before)
    if moved < 1:
        return "bad"
    if not math.isfinite(points[-1].value):
        return "skip"
    return "good" if moved >= 2 else "fair"


def regress_grade(points):
    if not math.isfinite(points[-1].value):
        return "blind"
    best = max(p.value for p in finite(points))
    return "bad" if best - points[-1].value > 3 else "good"


@pytest.mark.parametrize(
    ("gates", "grade"),
    [
        (gate("value", left="median(m, 3)", op="<", right=2, **{"for": 2, "clear_for": 3}), value_grade),
        (
            gate("stall", metric="m", min_delta=1, window="3 epochs", **{"for": 2, "clear_for": 3}),
            stall_grade,
        ),
        (gate("regress", metric="m", by=3, **{"for": 2, "clear_for": 3}), regress_grade),
    ],
    ids=["value", "stall", "regress"],
)
@settings(max_examples=150, deadline=None)
@given(drawn=RUNS)
def test_a_flag_stands_where_the_book_says(gates, grade, drawn):
    points = run_of(drawn)
    grades = [grade(points[:n]) for n in range(1, len(points) + 1)]
    assert judged(gates, points) == flagged(grades, need=2, clear=3)


@settings(max_examples=150, deadline=None)
@given(drawn=RUNS, k=st.integers(1, 3))
def test_finite_trips_at_the_kth_in_a_row_and_for_good(drawn, k):
    points = run_of(drawn)
    bad = [not math.isfinite(point.value) for point in points]
    expected = []
    for n in range(1, len(bad) + 1):
        tripped = any(all(bad[i : i + k]) for i in range(n - k + 1))
        expected.append("tripped" if tripped else "warn" if bad[n - 1] else "ok")
    assert judged(gate("finite", metrics=["m"], k=k), points) == expected


EVERYTHING = [
    {"id": "nan", "role": "flag", "test": "finite", "metrics": ["m", "n"]},
    {"id": "stall", "role": "flag", "test": "stall", "metric": "m", "min_delta": "1%", "window": "3 epochs"},
    {"id": "back", "role": "flag", "test": "regress", "metric": "n", "by": "20%", "window": 3},
    {
        "id": "gap",
        "role": "flag",
        "test": "value",
        "left": "last(m)",
        "minus": "mean(n, 4)",
        "op": "<",
        "right": 2,
    },
    {"id": "goal", "role": "criterion", "test": "value", "left": "best(m)", "op": ">", "right": 7},
    {"id": "all", "role": "criterion", "test": "all", "of": ["goal", "!back"]},
    {"id": "ask", "role": "ask", "test": "ask", "question": "?", "when": "every 2m"},
]


@settings(max_examples=60, deadline=None)
@given(drawn=RUNS, names=st.lists(st.sampled_from("mn"), min_size=40, max_size=40), cut=st.integers(0, 40))
def test_live_and_replay_say_the_same(drawn, names, cut):
    """In whatever batches points come, and though it is looked at in between, the verdicts are those of one go."""
    gates = parse_gates(EVERYTHING)
    points = [
        Point(metric=name, step=p.step, value=p.value, epoch=p.epoch, at=p.at)
        for p, name in zip(run_of(drawn), names, strict=False)
    ]
    live, replay = Judge(gates), Judge(parse_gates(EVERYTHING))
    said = [verdict for point in points[:cut] for verdict in live.feed(point)]
    live.current()
    said += [verdict for point in points[cut:] for verdict in live.feed(point)]
    said += live.end(result="finished", exit_code=0, at=9e9)
    again = [verdict for point in points for verdict in replay.feed(point)]
    again += replay.end(result="finished", exit_code=0, at=9e9)
    assert repr(said) == repr(again)
    assert repr(live.current()) == repr(replay.current())
    assert all(state.value not in ("pending",) for state in (v.state for v in live.current().values()))


@settings(max_examples=60, deadline=None)
@given(drawn=RUNS)
def test_every_change_is_told_once(drawn):
    """Following the verdicts that were told leads to where every gate stands."""
    gates = parse_gates(EVERYTHING)
    judge, stands = Judge(gates), {g.id: ["pending"] for g in gates}
    for point in run_of(drawn):
        for verdict in judge.feed(point):
            stands[verdict.gate].append(verdict.state.value)
    assert {name: v.state.value for name, v in judge.current().items()} == {
        k: v[-1] for k, v in stands.items()
    }
    assert all(a != b for states in stands.values() for a, b in pairwise(states))


def test_the_cost_of_a_point_does_not_grow_with_the_run():
    """What a judge holds after a long run is what its windows hold, counted in points, not in time."""
    tables = [
        {"id": r, "role": "flag", "test": "value", "left": f"{r}(m, 5 epochs)", "op": "<", "right": 1}
        for r in REDUCERS
    ]
    judge = Judge(parse_gates([*tables, *EVERYTHING[:4]]))
    sizes = []
    for epoch in range(2000):
        judge.feed(Point(metric="m", step=epoch, value=float(-epoch), epoch=epoch, at=epoch))
        sizes.append(
            sum(len(seat.test._left._queue) for seat in judge._seats.values() if seat.gate.id in REDUCERS)
        )
    assert max(sizes) == 5 * len(REDUCERS)
