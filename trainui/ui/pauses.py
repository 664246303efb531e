"""Pauses a person would feel: Python's collector stops all to look at every object there is, 0.1 s once many are."""

from __future__ import annotations

import gc

AFTER_SECONDS = 2.0
"""When a dashboard has made what it keeps."""


def none_at_start() -> None:
    """Collect nothing while modules are imported and widgets made: next to all of it stays."""
    gc.disable()


def short_from_now_on() -> None:
    """What there is stays and is not looked at again; what comes is, in parts that take a few milliseconds."""
    gc.freeze()
    gc.set_threshold(2_000, 10, 10)
    gc.enable()
