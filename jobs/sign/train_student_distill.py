"""Distil the teacher into the student.

    python -m jobs.sign.train_student_distill --teacher_checkpoint checkpoints/teacher_v1/best_model.pth \
        --alpha 0.7 --temperature 3.0

It does not start without its teacher, or with one that knows other glosses.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast

from jobs.sign.distilling import Distilling, load_targets
from jobs.sign.settings import DistillSettings, read
from jobs.sign.signer import open_signer
from jobs.sign.training import carry_out
from jobs.training import files
from jobs.training.errors import DataError, say_and_leave

TEACHER = "checkpoints/teacher_v1/best_model.pth"
"""In the run directory of a teacher_v1."""


def teacher_path(given: str, runs: Path) -> Path:
    """The checkpoint named, or the newest run's. Raises DataError: nothing is distilled from random weights."""
    found = Path(given).expanduser() if given else files.newest(runs, "teacher_v1", TEACHER)
    if found is None:
        raise DataError(f"{runs}: no run of teacher_v1 has a {TEACHER} yet; train the teacher first.")
    if not found.is_file():
        raise DataError(f"{found}: there is no such teacher; nothing is distilled from random weights.")
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; 2 when there is something for the user to mend."""

    def work() -> None:
        settings = cast(
            DistillSettings, read(DistillSettings, arguments, prog="jobs.sign.train_student_distill")
        )
        runs = Path(settings.runs_dir)
        teacher = open_signer(teacher_path(settings.teacher_checkpoint, runs), "teacher")
        if not settings.source:
            settings = replace(
                settings,
                source=teacher.settings.source,
                features=teacher.settings.features,
                sentences=teacher.settings.sentences,
            )
        stored = Path(settings.soft_targets) if settings.soft_targets else None
        if stored is None and not settings.teacher_checkpoint:
            stored = files.newest(runs, "extract_soft_targets", "soft_targets.pt")
        targets = load_targets(stored, teacher) if stored else None
        carry_out(
            settings,
            lambda chosen, report, corpus: Distilling(
                cast(DistillSettings, chosen), report, corpus, teacher, targets
            ),
        )

    return say_and_leave(work)


if __name__ == "__main__":
    sys.exit(main())
