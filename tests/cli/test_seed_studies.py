"""The studies of the seeds on logs as their researchers' scripts print them, from the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

JOBS = Path(__file__).parents[2] / "jobs"
HEALTHY = [
    (1, 15.234, 16.123, 95.3, 97.8),
    (10, 5.432, 6.234, 65.2, 72.1),
    (20, 2.345, 3.456, 42.1, 48.5),
    (40, 1.234, 2.123, 28.5, 35.2),
    (60, 0.892, 1.789, 22.3, 29.8),
    (80, 0.654, 1.567, 18.9, 26.4),
    (100, 0.543, 1.456, 16.2, 24.7),
    (120, 0.478, 1.523, 14.8, 25.1),
]
"""Epoch, train loss, val loss, train WER, val WER: the table "Healthy Training" of 004."""


def teacher() -> list[str]:
    """Every epoch of it, as 004's own print statements write it; three batches' losses before each."""
    lines = []
    for left, right in zip(HEALTHY, HEALTHY[1:] + HEALTHY[-1:], strict=True):
        for epoch in range(left[0], max(right[0], left[0] + 1)):
            share = 0 if left == right else (epoch - left[0]) / (right[0] - left[0])
            loss, val, train_wer, wer = (
                a + share * (b - a) for a, b in zip(left[1:], right[1:], strict=True)
            )
            batches = [f"Epoch {epoch} [{n}/150] Loss: {loss:.4f} | LR: 0.000300" for n in (0, 50, 100)]
            train = f"Epoch {epoch}: Train Loss: {loss:.4f} | Train WER: {train_wer:.2f}%"
            lines += [*batches, train, f"Epoch {epoch}: Val Loss: {val:.4f} | Val WER: {wer:.2f}%"]
    return lines


def ast() -> list[str]:
    accuracies = [40.61 + (13.42 - 40.61) * n / 7 for n in range(8)]
    return [f"Epoch {n}/50 - train acc: 28.09% - val acc: {one:.2f}%" for n, one in enumerate(accuracies, 1)]


def two_classes(losses: list[float], accuracies: list[float]) -> list[str]:
    return [
        f"Epoch [{n}/30] Train Loss: {loss:.4f} | Val Acc: {accuracy:.2f}%"
        for n, (loss, accuracy) in enumerate(zip(losses, accuracies, strict=True), 1)
    ]


@pytest.fixture
def replayed(cockpit, tmp_path):
    """Replays a study on logs: alias → lines, to (run, gate) → verdict and epoch."""

    def replay(study: str, **logs: list[str]) -> dict[tuple[str, str], tuple[str, float | None]]:
        words = []
        for alias, lines in logs.items():
            path = tmp_path / f"{alias}.log"
            path.write_text("\n".join(lines) + "\n")
            words += ["--on", f"{alias}={path}"]
        found = cockpit.json("replay", str(JOBS / study / "study.toml"), *words)
        return {(one["run"], one["gate"]): (one["verdict"], one["at_epoch"]) for one in found}

    return replay


def test_the_healthy_teacher_meets_its_target_and_then_trips_its_own_red_flags(replayed):
    found = replayed("sign", teacher=teacher())
    said = {gate: verdict for (run, gate), verdict in found.items() if run == "teacher.log"}
    assert {
        gate: said[gate] for gate in ("004.mvp", "004.target", "004.val-plateau", "004.early-stopping")
    } == {
        "004.mvp": ("passed", 60),
        "004.target": ("passed", 97),
        "004.val-plateau": ("tripped", 103),
        "004.early-stopping": ("tripped", 115),
    }
    assert said["004.overfitting"] == ("tripped", 116)
    assert said["004.stretch"][0] == "failed"
    assert {said[gate][0] for gate in ("003.curve", "004.curve-val-loss", "003.no-errors", "003.oom")} == {
        "ok"
    }
    assert {said[gate][0] for gate in ("003.target", "004.grad-norm", "003.ckpt-every-10")} == {"unknown"}
    assert found["study:sign", "004.distill-go"] == ("passed", 97)
    assert found["study:sign", "004.student-10pct"][0] == "unknown"


def test_attempt_1_fails_its_first_epoch_and_would_have_been_stopped_in_its_fifth(replayed):
    found = replayed("ast", v1=ast())
    assert found["v1.log", "002.epoch1"] == ("failed", 1)
    assert found["v1.log", "002.diverged"] == ("tripped", 5)
    assert found["v1.log", "002.early-stop"] == ("tripped", 8)


def test_the_run_before_the_labels_were_mended_is_caught_in_its_fourth_epoch(replayed):
    found = replayed("diarization", libri=two_classes([0.693] * 6, [29.2] * 6))
    assert found["libri.log", "001.loss-chance"] == found["libri.log", "001.frozen"] == ("tripped", 4)
    assert found["study:diarization", "001.H1-gain"][0] == "unknown"


def test_the_hypotheses_are_judged_across_the_two_runs(replayed):
    libri = two_classes([0.694] * 10, [53.8, 53.8, 46.2, 61.5, 45.9, 53.8, 46.2, 52.5, 52.5, 52.5])
    ami = two_classes([0.69 - 0.02 * n for n in range(10)], [50 + 34 * n / 9 for n in range(10)])
    found = replayed("diarization", libri=libri, ami=ami)
    said = {gate: verdict for (run, gate), (verdict, _) in found.items() if run == "study:diarization"}
    assert (said["001.H1-gain"], said["001.H2-stable"], said["001.compare-10"]) == ("passed",) * 3
    assert said["001.H1-level"] == "warn"  # 84 of 500 samples: 85 lies within chance
    assert said["001.H3-learns"] == "unknown"  # no train acc was printed
