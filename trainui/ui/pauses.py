"""What grows and what pauses while a dashboard is open for days: the collector, and what Textual keeps of the gone."""

from __future__ import annotations

import gc

from textual._styles_cache import StylesCache
from textual.screen import Screen

AFTER_SECONDS = 2.0
"""When a dashboard has made what it keeps."""


def short_from_now_on() -> None:
    """What there is stays and is not looked at again; what comes is, in parts that take a few milliseconds.

    Else the collector stops everything to look at every object there is, for 0.1 s once many are.
    """
    gc.freeze()
    gc.set_threshold(2_000, 10, 10)
    gc.enable()


def forget_the_gone(_: Screen[object]) -> None:
    """Let go what Textual 8.2 keeps of widgets that are gone: a cache of colours holds a thousand with their lines."""
    StylesCache.get_inner_outer.cache_clear()
