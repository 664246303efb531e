"""Ask the teacher once for all that it says of the training clips.

    python -m jobs.sign.extract_soft_targets --checkpoint checkpoints/teacher_v1/best_model.pth

Leaves soft_targets.pt: for each clip the 32 highest log-probabilities of each frame. A teacher that is no better than
a constant answer by --margin points is refused: there is nothing to learn from it.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from jobs.sign.distilling import extract
from jobs.sign.readers import corpus_of
from jobs.sign.signer import open_signer
from jobs.sign.train_student_distill import teacher_path
from jobs.training import files
from jobs.training.device import pick_device
from jobs.training.errors import DataError, say_and_leave
from jobs.training.report import Report


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; 2 when there is something for the user to mend."""
    parser = argparse.ArgumentParser(
        prog="jobs.sign.extract_soft_targets", description=__doc__.splitlines()[0]
    )
    parser.add_argument(
        "--checkpoint", default="", help="the teacher's best_model.pth; else of the newest run"
    )
    parser.add_argument("--source", default="", help="the clips; else what the teacher learnt from")
    parser.add_argument("--runs_dir", "--runs-dir", default="runs")
    parser.add_argument("--run_dir", "--run-dir", default="", help="where soft_targets.pt goes")
    parser.add_argument(
        "--margin", type=float, default=20.0, help="points of val WER below the constant line"
    )
    given = parser.parse_args(arguments)

    def work() -> None:
        run_dir = files.run_dir(given.run_dir, "extract")
        teacher = open_signer(teacher_path(given.checkpoint, Path(given.runs_dir)), "teacher")
        wer, constant = (teacher.figures.get(name, float("nan")) for name in ("val/wer", "val/wer_constant"))
        if not wer <= constant - given.margin:
            raise DataError(
                f"{teacher.path} has a val WER of {wer:.1f} %, a constant answer one of {constant:.1f} %: "
                "there is nothing to learn from it."
            )
        report = Report(run_dir)
        corpus = corpus_of(
            replace(teacher.settings, source=given.source or teacher.settings.source), report.say
        )
        train = corpus.splits["train"]
        found = extract(teacher, teacher.bank(train, pick_device(teacher.settings)), report.say)
        files.save(run_dir / "soft_targets.pt", found)
        size = (run_dir / "soft_targets.pt").stat().st_size / 1e6
        report.say(f"{run_dir / 'soft_targets.pt'}: {size:.1f} MB")
        report.log(
            {
                "soft/clips": len(found["clips"]),
                "soft/megabytes": size,
                "teacher/wer": wer,
                "teacher/wer_constant": constant,
            },
            step=1,
            epoch=1,
        )
        report.close()

    return say_and_leave(work)


if __name__ == "__main__":
    sys.exit(main())
