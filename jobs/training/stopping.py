"""Ending a training when it is asked to, with everything saved."""

from __future__ import annotations

import signal
from types import FrameType


class Stopping:
    """Remembers that somebody asked the training to end."""

    def __init__(self) -> None:
        self.asked = False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self.ask)

    def ask(self, number: int, frame: FrameType | None) -> None:
        """The signal's handler: only a mark, looked at after each step."""
        self.asked = True
