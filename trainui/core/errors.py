"""What trainui raises, and who can mend it.

    TrainuiError            something failed (exit code 1)
    ├── StoreError          runs.db cannot be read or written
    ├── LaunchError         a run could not be started
    └── UserError           the user can mend it (exit code 2)
        ├── SpecError       a job's TOML, or trainui.toml, is wrong
        └── NotFoundError   no such run, job, metric or file

Every error is one sentence and, where there is one, a hint: what to do about it.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class TrainuiError(Exception):
    """Something failed. `exit_code` is what a command line ends with."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} ({self.hint})" if self.hint else self.message


class StoreError(TrainuiError):
    """runs.db cannot be read or written."""


class LaunchError(TrainuiError):
    """A run could not be started."""


class UserError(TrainuiError):
    """The user can mend it."""

    exit_code = 2


class SpecError(UserError):
    """A spec or trainui.toml is wrong; the message begins with `file:line`."""


class NotFoundError(UserError):
    """No such run, job, metric or file."""


def nearest(word: str, known: Iterable[str]) -> str:
    """A hint naming the known word nearest to `word`, or all of them when none is near."""
    words = sorted(known)
    close = difflib.get_close_matches(word, words, n=1, cutoff=0.5)
    if close:
        return f"did you mean {close[0]!r}?"
    return f"known: {', '.join(words)}" if words else ""
