"""S0 on real readings: three refiners beat doing nothing, one is put to use, NaN meets its remedy."""

from __future__ import annotations

import json
from pathlib import Path

from tests.systems.conftest import System

MODELS = ("transformer", "mlp", "contrastive")
MARGIN = {"transformer": 0.9, "mlp": 0.9, "contrastive": 0.7}
"""What each has to leave at most of the error of doing nothing; 0.49 was seen of the contrastive network."""


def started(system: System, data: Path, *words: str) -> list[str]:
    source = ("--preset", "small", "--set", f"source={data / 'librispeech_test-other'}")
    return system("start", *words, *source, "--wait", code=None).split()


def test_three_refiners_beat_doing_nothing_and_the_best_is_put_to_use(system: System, data: Path) -> None:
    """From the baseline to Decision Gate 4; a system's DER on VoxConverse test beside them."""
    system("start", "baseline", "--preset", "small", "--wait",
           "--set", f"source={data / 'librispeech_test-other'}",
           "--set", f"reference={data / 'voxconverse_rttm/test'}",
           "--set", f"hypothesis={data / 'vbx_output/offline_vbx_VoxConverse.rttm'}", code=None)  # fmt: skip
    assert round(system.values("baseline-1", "der")[0], 2) == 10.97
    assert (
        system.verdicts("baseline-1")["000.rebaseline"] == "failed"
    )  # VBx is not the DiariZen of 9.1 %: its trainings are held back
    held = [word for model in MODELS for word in ("--job", model)]
    system("release", *held)
    runs = started(system, data, *MODELS)
    for run, model in zip(runs, MODELS, strict=True):
        assert system.values(run, "preflight/overfit_mae")[0] < 10
        assert min(system.values(run, "val/mae")) <= MARGIN[model] * system.values(run, "val/mae_zero")[-1]
        assert system.verdicts(run)["no-harm"] == "passed"
    (compared,) = system("start", "evaluate", "--preset", "small", "--wait", code=None).split()
    assert system.values(compared, "test/mae")[0] <= 0.7 * system.values(compared, "test/mae_zero")[0]
    (used,) = system("start", "integrate", "--preset", "small", "--wait", code=None).split()
    told = json.loads((system.folder / f"runs/{used}/results.json").read_text())
    assert max(told["der/oracle"], told["der/after"]) < told["der/before"]
    study = {one["gate"]: one["verdict"] for one in system.json("gates", "boundary")}
    assert study["000.gate4"] in ("passed", "failed")
    assert study["000.phase4"] in ("warn", "unknown")


def test_nan_is_caught_stopped_and_tried_again_as_written_down(system: System, data: Path) -> None:
    broken = started(system, data, "mlp", "--arm", "--set", "break_loss_at=60", "--set", "preflight_steps=0")[
        0
    ]
    assert system.verdicts(broken)["no-nan"] == "tripped"
    assert system.json("show", broken)["cause"] == "gate no-nan"
    (again,) = system(
        "retry", broken, "--remedy", "nan", "--set", "break_loss_at=0", "--set", "epochs=1"
    ).split()
    told = system.json("show", again)
    assert (told["parent"], told["params"]["clip"], told["params"]["learning_rate"]) == (broken, 0.5, 0.0002)
