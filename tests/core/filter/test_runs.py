"""What of a run a filter can ask for."""

from __future__ import annotations

import pytest

from trainui.core.filter import FilterError
from trainui.core.filter.language import NAMES
from trainui.core.filter.runs import ABOUT, metric_filter, metric_values, run_filter, values_of
from trainui.core.run import Result, Status
from trainui.core.store.views import PrimaryView, RunView

RUN = RunView(
    run="mlp-2", job="mlp", study="boundary", status=Status.ENDED, result=Result.FAILED, cause="exit 1",
    queued_at=0, seconds=7200, usd=1.25, gpu_hours=2, epoch=27, progress=0.54, directory="runs/mlp-2",
    metric=PrimaryView(name="val/mae", goal="min", last=131.0, best=129.2), gates={"ok": 7, "tripped": 1, "warn": 0},
)  # fmt: skip


def test_every_name_that_is_told_of_has_a_value():
    assert set(ABOUT) == set(values_of(RUN)) - {NAMES}
    assert set(RunView.__struct_fields__) >= {"run", "job", "usd", "gpu_hours"}


@pytest.mark.parametrize(
    "text",
    [
        "mlp",
        "status:failed",
        "status:ended",
        "gate:tripped",
        "best<130",
        "hours=2",
        "progress>50%",
        "usd<1.5 epoch>20",
        "cause:exit",
        "tag:keep",
        "keep",
        "lr=0.001",
        "model.size=small",
        "parent!=x",
        "live=no",
    ],
)
def test_these_pick_it(text):
    params = {"lr": 1e-3, "model.size": "small"}
    assert run_filter(text, params)(values_of(RUN, params, tags=["keep"]))


@pytest.mark.parametrize("text", ["gate:warn", "status:running", "tag:old", "lr>1", "live=yes"])
def test_these_do_not(text):
    assert not run_filter(text, {"lr"})(values_of(RUN, {"lr": 1e-3}))


def test_a_param_that_no_run_has_is_a_mistake():
    with pytest.raises(FilterError, match="nothing is called 'learning_rte'"):
        run_filter("learning_rte=1", {"learning_rate"})


def test_metrics_are_picked_by_their_names():
    wanted = metric_filter("val/* -val/aux*")
    assert [name for name in ("val/mae", "val/aux1", "train/loss") if wanted(metric_values(name))] == [
        "val/mae"
    ]
