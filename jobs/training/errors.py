"""What a person can mend: said in one sentence, with exit code 2."""

from __future__ import annotations

import sys
from collections.abc import Callable


class DataError(Exception):
    """Files or settings that cannot be used; the text names the file and what was expected."""


def say_and_leave(work: Callable[[], None]) -> int:
    """Run a command; what a person can mend is one sentence on stderr and exit code 2."""
    try:
        work()
    except DataError as error:
        print(error, file=sys.stderr)
        return 2
    return 0
