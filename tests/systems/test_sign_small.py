"""S3 and S4 on real signs: five clips by heart, a teacher, its student, the student alone; NaN meets its remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.systems.conftest import System

MARGIN = 40
"""Points below a constant answer that each has to reach on clips it has not seen; more than 70 were seen."""


def test_a_teacher_is_overfitted_trained_and_distilled_and_every_wer_stands_beside_a_constant(
    system: System, data: Path
) -> None:
    """The whole chain; before there is a teacher its student waits."""
    small, signs = ("--preset", "small"), f"source={data / 'sign_keypoints'}"
    (waits,) = system("start", "student_distill", *small).split()
    assert system.json("show", waits)["status"] == "queued"
    system("stop", waits)
    system("start", "overfit_test", *small, "--set", f"source={data / 'phoenix_sample'}", "--wait", code=None)
    assert system.verdicts("overfit_test-1")["003.overfit-test"] == "passed"
    assert min(system.values("overfit_test-1", "train/wer")) == 0
    system("start", "teacher_v1", "student_alone", *small, "--set", signs, "--wait", code=None)
    (taught,) = system("start", "extract_soft_targets", "student_distill", "sign_compare", *small, "--wait",
                       code=None).split()[1:2]  # fmt: skip
    by_itself = system.json("show", "extract_soft_targets-1")  # 004.distill-go asked for it
    assert by_itself["result"] == "finished"
    for run in ("teacher_v1-1", "student_alone-1", taught):
        assert system.verdicts(run)["above-constant"] == "passed"
        line = system.values(run, "test/wer_constant")[-1]
        assert system.values(run, "test/wer")[-1] <= line - MARGIN
        assert max(system.values(run, "train/infeasible")) == 0
    verdicts = system.verdicts("teacher_v1-1")
    assert (verdicts["004.completes"], verdicts["003.target"]) == ("passed", "passed")
    assert system.values("teacher_v1-1", "test/wer")[-1] < 25
    left = system.folder / "runs/teacher_v1-1/checkpoints/teacher_v1"
    names = {path.name for path in left.iterdir()}
    assert names >= {"results.json", "training.log", "training_curves.png", "best_model.pth"}
    assert system.verdicts("sign_compare-1")["student-above-constant"] == "passed"
    compared = {name: system.values("sign_compare-1", f"{name}/wer")[0] for name in ("student", "alone")}
    assert compared["student"] == system.values(taught, "test/wer")[-1]
    gain = compared["alone"] - compared["student"]
    assert system.values("sign_compare-1", "gain")[0] == pytest.approx(gain)
    assert system.verdicts("sign_compare-1")["worth-its-teacher"] == ("passed" if gain > 0 else "failed")


def test_nan_is_caught_stopped_and_tried_again_as_written_down(system: System, data: Path) -> None:
    words = ("--preset", "small", "--set", f"source={data / 'sign_keypoints'}", "--set", "sentences=48")
    (broken,) = system(
        "start", "teacher_v1", *words, "--arm", "--set", "break_loss_at=20", "--set", "epochs=400",
        "--set", "log_every=2", "--wait", code=None,
    ).split()  # fmt: skip
    verdicts = system.verdicts(broken)
    assert "tripped" in (verdicts["no-nan"], verdicts["004.nan"])
    assert system.json("show", broken)["cause"] in ("gate no-nan", "gate 004.nan")
    (again,) = system(
        "retry", broken, "--remedy", "nan", "--set", "break_loss_at=0", "--set", "epochs=2"
    ).split()
    told = system.json("show", again)
    assert told["parent"] == broken
    assert (told["params"]["learning_rate"], told["params"]["max_grad_norm"]) == (1e-4, 0.5)
