"""Trouble with one thing is told, and leaves the others alone."""

from __future__ import annotations

import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

from trainui.core.errors import TrainuiError

PASSING = (sqlite3.Error, OSError)
"""A full disk, a locked file: it may be over in a moment, so the same is tried again."""
LASTING = (
    TrainuiError,
    ValueError,
    LookupError,
    TypeError,
    ArithmeticError,
    AssertionError,
    RuntimeError,
    msgspec.MsgspecError,
)
"""What was written down cannot be right: trying again will not help. One of these must not end a manager: the next one
would find the same."""


@contextmanager
def complaints(about: str) -> Iterator[None]:
    """Whatever goes wrong inside is told on stderr, the manager's log; nothing was half committed."""
    try:
        yield
    except (*PASSING, *LASTING) as error:
        print(
            f"{time.strftime('%F %T')} {about}: {type(error).__name__}: {error}", file=sys.stderr, flush=True
        )
        time.sleep(0.1)  # the same again in a moment: do not fill the disk that is full
