"""Train the student without a teacher: what distillation has to be better than.

python -m jobs.sign.train_student --config jobs/sign/student_alone.toml --source /data/phoenix
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
        settings = read(Settings, arguments, prog="jobs.sign.train_student")
        carry_out(settings, lambda chosen, report, corpus: Signing(chosen, report, corpus, "student"))

    return say_and_leave(work)


if __name__ == "__main__":
    sys.exit(main())
