"""Runs side by side: only what differs is a row."""

from __future__ import annotations

import math

import pytest

from trainui.core.comparing import compare
from trainui.core.run import Result, Status
from trainui.core.store.views import GateView, MetricView, PrimaryView, RunDetail, RunView


def detail(name, *, params, best=None, goal="min", gates=(), metrics=(), **view):
    primary = PrimaryView(name="val/mae", goal=goal, best=best)
    about = RunView(
        run=name, status=Status.ENDED, result=Result.FINISHED, queued_at=0.0, directory=f"/gone/{name}",
        metric=primary, **{"job": "mlp", "study": "boundary", **view},
    )  # fmt: skip
    return RunDetail(
        view=about, command=(), params=params, about="", checkpoints=(), events=(),
        metrics=tuple(metrics), gates=tuple(gates),
    )  # fmt: skip


def metric(run, name, *, last=1.0, low=None, high=None):
    return MetricView(
        run=run, metric=name, points=3, nonfinite=0, first=1.0, last=last, min=low, max=high, last_step=3
    )


def gate(run, name, verdict, rule="best(val/mae) < 100"):
    return GateView(gate=name, role="criterion", run=run, verdict=verdict, rule=rule)


A = detail(
    "mlp-1", params={"lr": 1e-3, "seed": 1, "depth": 2, "amp": True}, usd=1.25, seconds=60.0,
    metrics=[metric("mlp-1", "val/mae", last=90.0, low=88.0), metric("mlp-1", "train/loss", last=0.5)],
    gates=[gate("mlp-1", "mae-100", "passed"), gate("mlp-1", "no-nan", "ok", rule="finite(train/loss)")],
)  # fmt: skip
B = detail(
    "mlp-2", params={"lr": 3e-4, "seed": 1, "depth": 2, "amp": 1}, usd=2.5, seconds=60.0,
    metrics=[metric("mlp-2", "val/mae", last=95.0, low=math.nan, high=200.0)],
    gates=[gate("mlp-2", "mae-100", "failed", rule="best(val/mae) < 50")],
)  # fmt: skip


def rows(found):
    return {row.name: row.values for row in found}


def test_only_what_differs_is_a_row_and_what_is_alike_is_counted():
    found = compare([A, B])
    assert rows(found.params) == {"lr": (1e-3, 3e-4), "amp": (True, 1)}  # a switch is no number
    assert found.alike == {"seed": 1, "depth": 2}
    assert rows(found.facts) == {"usd": (1.25, 2.5)}


def test_a_param_that_one_run_has_not_is_a_difference():
    found = compare([A, detail("mlp-3", params={"lr": 1e-3})])
    assert rows(found.params) == {"seed": (1, None), "depth": (2, None), "amp": (True, None)}


def test_nan_is_like_nan():
    first, second = (detail(name, params={"x": math.nan}) for name in "ab")
    assert compare([first, second]).params == ()


def test_the_primary_metric_comes_first_and_its_best_run_is_known():
    found = compare([A, B])
    assert [one.metric for one in found.metrics] == ["val/mae", "train/loss"]
    assert found.metrics[0].best == 0  # the other's least is no number
    assert found.metrics[0].last == (90.0, 95.0)
    assert found.metrics[1].last == (0.5, None)
    assert found.metrics[1].best is None


@pytest.mark.parametrize(("goal", "best"), [("min", 1), ("max", 0)])
def test_the_best_is_the_first_that_is_nearest_to_the_goal(goal, best):
    runs = [
        detail(name, params={}, goal=goal, metrics=[metric(name, "val/mae", low=low, high=high)])
        for name, low, high in (("a", 3.0, 9.0), ("b", 1.0, 9.0), ("c", 1.0, 4.0))
    ]
    assert compare(runs).metrics[0].best == best


def test_runs_that_want_opposite_things_have_no_best():
    first = detail("a", params={}, goal="min", metrics=[metric("a", "val/mae", low=1.0, high=1.0)])
    second = detail("b", params={}, goal="max", metrics=[metric("b", "val/mae", low=2.0, high=2.0)])
    assert compare([first, second]).metrics[0].goal == ""
    assert compare([first, second]).metrics[0].best is None


def test_gates_stand_side_by_side_also_where_a_run_lacks_one_or_has_it_otherwise():
    found = compare([A, B])
    assert rows(found.gates) == {"mae-100": ("passed", "failed"), "no-nan": ("ok", None)}
    assert found.rules == {"mae-100": "", "no-nan": "finite(train/loss)"}


def test_what_the_origins_differ_in_is_told():
    one = {"git": {"commit": "a" * 40, "diff": "diff --git a b\n+x\ndiff --git c d\n"}, "python": "3.11.7",
           "packages": ["torch==2.11.0", "numpy==2.0"], "host": "gpu-1"}  # fmt: skip
    two = {"git": {"commit": "a" * 40, "diff": ""}, "python": "3.11.7",
           "packages": ["torch==2.10.0", "numpy==2.0", "rich==14"], "host": "gpu-1"}  # fmt: skip
    found = compare([A, B], {"mlp-1": one, "mlp-2": two})
    assert rows(found.facts) == {"usd": (1.25, 2.5), "changed files": (2, 0)}
    assert rows(found.packages) == {"torch": ("2.11.0", "2.10.0"), "rich": (None, "14")}


@pytest.mark.parametrize("broken", [{}, {"git": "no"}, {"packages": 5}, {"git": {"commit": 7}}])
def test_an_origin_that_is_broken_or_missing_breaks_nothing(broken):
    found = compare([A, B], {"mlp-1": broken})
    assert rows(found.params) == {"lr": (1e-3, 3e-4), "amp": (True, 1)}
    assert found.packages == ()
