"""Gates from past runs: thresholds that leave room, and a rate of false alarms on runs they have not seen."""

import math
import tomllib

import pytest

from trainui.core.gates import Point, parse_gates
from trainui.core.gates.habits import Past, fires, habits_of
from trainui.core.gates.suggest import suggest


def curve(metric, values, *, epochs=True):
    return [
        Point(metric=metric, step=n, value=value, epoch=float(n) if epochs else None, at=60.0 * n)
        for n, value in enumerate(values, 1)
    ]


def past(name, values, *, metric="train/loss", **more):
    return Past(run=name, curves={metric: curve(metric, values)}, **more)


def falling(scale=1.0, points=40):
    return [scale * (0.2 + 2 / n) for n in range(1, points + 1)]


def proposed(runs, **more):
    return {one.table["id"]: one for one in suggest(runs, **more)}


def test_like_runs_give_gates_that_none_of_them_trips():
    runs = [past(f"r{n}", falling(1 + 0.02 * n), seconds=3600.0 + n, usd=3.0) for n in range(8)]
    found = proposed(runs)
    assert {
        "train-loss-finite",
        "train-loss-epoch-1",
        "train-loss-best",
        "wall-hours",
        "cost",
    } <= found.keys()
    for one in found.values():
        assert (one.rate, one.judged, one.learnt_from) == (0.0, 8, 8)
        assert one.rate_at_most == pytest.approx(3 / 8)
        assert not any(fires(one.table, run, "train/loss") for run in runs)
    assert found["wall-hours"].table["right"] >= 1.5 * 3607 / 3600


def test_the_run_that_is_unlike_the_others_is_a_false_alarm_when_it_is_left_out():
    """Its own threshold would have room for it: only the others tell how a gate fares on what it has not seen."""
    runs = [past(f"r{n}", falling()) for n in range(5)] + [past("odd", falling(9.0))]
    best = proposed(runs)["train-loss-best"]
    assert best.false_alarms == ("odd",)
    assert best.rate == pytest.approx(1 / 6)
    assert best.rate_at_most is None
    assert not fires(best.table, runs[-1], "train/loss")


def test_runs_known_to_be_bad_are_to_be_found_and_teach_nothing():
    healthy = [past(f"r{n}", falling()) for n in range(5)]
    bad = past("nan", [2.0, 1.0, *[math.nan] * 5], is_bad=True)
    with_bad, without = proposed([*healthy, bad]), proposed(healthy)
    assert with_bad["train-loss-finite"].found == ("nan",)
    assert with_bad["train-loss-finite"].bad == 1
    assert {name: one.table for name, one in with_bad.items()} == {
        name: one.table for name, one in without.items()
    }


def test_two_healthy_runs_say_too_little():
    assert suggest([past("a", falling()), past("b", falling())]) == []
    assert suggest([past(name, falling(), is_bad=name != "a") for name in "abcd"]) == []


def test_a_proposal_is_toml_that_reads_back_as_its_table():
    runs = [past(f"r{n}", falling(), seconds=60.0, longest_silence=20.0) for n in range(3)]
    for one in suggest(runs):
        (table,) = tomllib.loads(one.toml)["gate"]
        assert table == one.table
        (gate,) = parse_gates([table])
        assert gate.quote == "suggested from 3 runs"


def test_a_metric_that_aims_nowhere_gets_no_gate():
    assert not habits_of("lr")
    assert not habits_of("train/grad_norm")
    assert not habits_of("epoch_time")
    assert habits_of("val/loss")
    assert habits_of("val/acc")
    assert habits_of("wer")


def test_a_regression_is_measured_three_in_a_row():
    """One bad evaluation is none; three are, and the gate leaves half as much room again."""
    once = [2, 1.5, 1.2, 1.1, 1.0, 0.9, 5.0, 0.8, 0.7, 0.6]
    thrice = [2, 1.5, 1.2, 1.1, 1.0, 1.2, 1.2, 1.2, 0.7, 0.6]
    calm = proposed([past(f"r{n}", once) for n in range(3)])["train-loss-regress"]
    rough = proposed([past(f"r{n}", thrice) for n in range(3)])["train-loss-regress"]
    assert calm.table["by"] == "5%"
    assert rough.table["by"] == "30%"
    assert fires(rough.table, past("worse", [2, 1.5, 1.2, 1.1, 1.0, 0.9, 2, 2, 2, 2]), "train/loss")


def test_a_window_for_stalls_is_longer_than_any_plateau_and_shorter_than_the_runs():
    steps = [1.0] * 10 + [0.5] * 30
    window = proposed([past(f"r{n}", falling(points=200)) for n in range(3)])["train-loss-stall"].table[
        "window"
    ]
    amount, unit = window.split()
    assert unit == "epochs"
    assert 20 < int(amount) < 200
    assert "train-loss-stall" not in proposed([past(f"r{n}", steps) for n in range(3)])
