"""Train the teacher.

    python -m jobs.sign.train_teacher --batch_size 8 --learning_rate 0.0003 --dropout 0.3 --epochs 150 \
        --warmup_epochs 5 --optimizer adamw --weight_decay 0.0001 --output_dir checkpoints/teacher_v1
    python -m jobs.sign.train_teacher --config jobs/sign/teacher_v1.toml --preset regularized
    python -m jobs.sign.train_teacher … --resume checkpoints/teacher_v1/last.pth

Leaves in its folder training.log, best_model.pth (by val WER, which patience counts by too), checkpoint_epoch<N>.pth
every tenth epoch, last.pth, tensorboard/, results.json and training_curves.png.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from jobs.sign.settings import Settings, read
from jobs.sign.signing import Signing
from jobs.sign.training import carry_out
from jobs.training.errors import say_and_leave


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; 2 when there is something for the user to mend."""

    def work() -> None:
        settings = read(Settings, arguments, prog="jobs.sign.train_teacher")
        carry_out(settings, lambda chosen, report, corpus: Signing(chosen, report, corpus, "teacher"))

    return say_and_leave(work)


if __name__ == "__main__":
    sys.exit(main())
