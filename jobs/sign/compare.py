"""Scores of the teacher, of the student it taught, and of the same student without a teacher.

    python -m jobs.sign.compare [--runs_dir runs] [--source /data/phoenix]

Each WER stands beside what a constant answer scores, with size and speed. Leaves results.json. The distillation is
worth its teacher only where the taught student is better than the other.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from jobs.sign.ending import results_of
from jobs.sign.readers import corpus_of
from jobs.sign.settings import DistillSettings, Settings
from jobs.sign.signer import open_signer
from jobs.sign.train_student_distill import TEACHER
from jobs.training import files
from jobs.training.errors import DataError, say_and_leave
from jobs.training.report import Report

ROLES: Mapping[str, tuple[str, str, str, type[Settings]]] = {
    "teacher": ("teacher_v1", TEACHER, "teacher", Settings),
    "student": ("student_distill", "best_model.pth", "student", DistillSettings),
    "alone": ("student_alone", "best_model.pth", "student", Settings),
}
"""Role → its job, its checkpoint in the run directory, the network, its settings."""
LOGGED = {
    "wer": "test_wer",
    "wer_phoenix": "test_wer_phoenix",
    "model_size_mb": "model_size_mb",
    "fps": "fps",
}
"""Of each role, by the name in results.json."""


def compare(paths: Mapping[str, Path], source: str, tell: Any) -> dict[str, Any]:
    """Each role's results on the same clips. Raises DataError."""
    signers = {role: open_signer(path, ROLES[role][2], ROLES[role][3]) for role, path in paths.items()}
    first = signers.get("teacher") or next(iter(signers.values()))
    corpus = corpus_of(replace(first.settings, source=source or first.settings.source), tell)
    found: dict[str, Any] = {}
    for role, signer in signers.items():
        history = signer.state["kept"]["history"]
        found[role] = results_of(signer, corpus, len(history)) | {"checkpoint": str(signer.path)}
    return found


def table(found: Mapping[str, Any]) -> str:
    """The results for people."""
    first = next(iter(found.values()))
    lines = [
        f"on {first['tested_on']:15} {'WER':>8} {'phoenix':>9} {'SER':>8} {'params':>12} {'MB':>7} {'fps':>8}",
        f"{'a constant answer':18} {first['test_wer_constant']:6.2f} %",
    ]
    names = {"teacher": "teacher", "student": "student, taught", "alone": "student, alone"}
    for role, one in found.items():
        lines.append(
            f"{names[role]:18} {one['test_wer']:6.2f} % {one['test_wer_phoenix']:7.2f} % "
            f"{one['test_ser']:6.2f} % {one['total_params']:12,} {one['model_size_mb']:7.1f} "
            f"{one['fps']:8.0f}"
        )
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; 2 when there is something for the user to mend."""
    parser = argparse.ArgumentParser(prog="jobs.sign.compare", description=__doc__.splitlines()[0])
    for role in ROLES:
        parser.add_argument(f"--{role}", default="", help="its best_model.pth; else of the newest run")
    parser.add_argument("--source", default="", help="the clips; else what the teacher learnt from")
    parser.add_argument("--runs_dir", "--runs-dir", default="runs")
    parser.add_argument("--run_dir", "--run-dir", default="")
    given = parser.parse_args(arguments)

    def work() -> None:
        paths: dict[str, Path] = {}
        for role, (job, name, _, _) in ROLES.items():
            path = (
                Path(getattr(given, role))
                if getattr(given, role)
                else files.newest(Path(given.runs_dir), job, name)
            )
            if path is not None:
                paths[role] = path
        if not paths:
            raise DataError(f"{given.runs_dir}: nothing is trained there yet.")
        run_dir = files.run_dir(given.run_dir, "compare")
        report = Report(run_dir)
        found = compare(paths, given.source, report.say)
        report.say(table(found))
        numbers = {f"{role}/{name}": one[key] for role, one in found.items() for name, key in LOGGED.items()}
        numbers["wer_constant"] = next(iter(found.values()))["test_wer_constant"]
        if {"student", "alone"} <= found.keys():
            numbers["gain"] = found["alone"]["test_wer"] - found["student"]["test_wer"]
            report.say(f"the teacher is worth {numbers['gain']:.2f} points")
        report.log(numbers, step=1, epoch=1)
        report.close()
        files.save_json(run_dir / "results.json", found)

    return say_and_leave(work)


if __name__ == "__main__":
    sys.exit(main())
