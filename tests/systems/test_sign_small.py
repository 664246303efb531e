"""S3 and S4 on real signs: five clips by heart, a teacher, its student, the student alone; NaN meets its remedy."""

from __future__ import annotations

from pathlib import Path

from tests.systems.conftest import System


def test_a_teacher_is_overfitted_trained_and_distilled_and_every_wer_stands_beside_a_constant(
    system: System, data: Path
) -> None:
    """Only a teacher that has passed the plan's own criteria is asked for soft targets; else the student waits."""
    small, signs = ("--preset", "small"), f"source={data / 'sign_keypoints'}"
    system("start", "overfit_test", *small, "--set", f"source={data / 'phoenix_sample'}", "--wait", code=None)
    assert system.verdicts("overfit_test-1")["003.overfit-test"] == "passed"
    assert min(system.values("overfit_test-1", "train/wer")) == 0
    system("start", "teacher_v1", "student_alone", *small, "--set", signs, "--wait", code=None)
    for run in ("teacher_v1-1", "student_alone-1"):
        assert system.verdicts(run)["above-constant"] == "passed"
        line = system.values(run, "val/wer_constant")[-1]
        assert min(system.values(run, "val/wer")) <= line - 5
        assert max(system.values(run, "train/infeasible")) == 0
    teacher = system.folder / "runs/teacher_v1-1/checkpoints/teacher_v1"
    assert {path.name for path in teacher.iterdir()} >= {
        "results.json",
        "training.log",
        "training_curves.png",
    }
    verdicts = system.verdicts("teacher_v1-1")
    assert verdicts["004.completes"] == "passed"
    assert verdicts["003.target"] == (
        "passed" if system.values("teacher_v1-1", "test/wer")[-1] < 25 else "failed"
    )
    if verdicts["003.target"] == "passed":
        system(
            "start", "extract_soft_targets", "student_distill", "sign_compare", *small, "--wait", code=None
        )
        assert {run["result"] for run in system.json("ls", "--all")} == {"finished"}
        assert system.verdicts("sign_compare-1")["student-above-constant"] == "passed"
        return
    (waits,) = system("start", "student_distill", *small).split()
    assert system.json("show", waits)["status"] == "queued"
    system("stop", waits)


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
