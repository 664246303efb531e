"""Esc at once: Textual 8.2 looks at its input ten times a second, and knows only then that nothing followed an esc."""

from __future__ import annotations

import os
import selectors
from types import SimpleNamespace
from typing import Any

from textual import constants
from textual.drivers import linux_driver

ESCAPE_SECONDS = 0.025
"""How long a lone esc may begin an arrow key, which a line sends in one piece. $ESCDELAY, in ms, goes before."""


class Soon(selectors.SelectSelector):
    """After something came it waits only so long once, then as long as it is told."""

    def __init__(self) -> None:
        super().__init__()
        self._came = False

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """What is ready, as ever."""
        found: list[Any] = super().select(constants.ESCAPE_DELAY if self._came else timeout)
        self._came = bool(found)
        return found


def esc_at_once() -> None:
    """From now on, for the terminal this process draws on; before the app runs."""
    if "ESCDELAY" not in os.environ:
        constants.ESCAPE_DELAY = ESCAPE_SECONDS  # type: ignore[misc]
    linux_driver.selectors = SimpleNamespace(  # type: ignore[attr-defined, assignment]
        SelectSelector=Soon, EVENT_READ=selectors.EVENT_READ, SelectorKey=selectors.SelectorKey
    )
