"""A one-line progress bar on a terminal, a line each tenth anywhere else."""

from __future__ import annotations

import sys
import time
from typing import TextIO

WIDTH = 30


class Progress:
    """Counts steps towards a total and shows them on stderr."""

    def __init__(self, total: int, what: str, stream: TextIO | None = None) -> None:
        self.total = max(total, 1)
        self.what = what
        self.stream = stream or sys.stderr
        self.done = 0
        self.began = time.monotonic()
        self.shown = -1

    def step(self) -> None:
        """One more is done."""
        self.done += 1
        tty = self.stream.isatty()
        mark = self.done * (100 if tty else 10) // self.total
        if mark != self.shown:
            self.shown = mark
            self.stream.write(f"\r{self.line()}\x1b[K" if tty else f"{self.line()}\n")
            if tty and self.done >= self.total:
                self.stream.write("\n")
            self.stream.flush()

    def line(self) -> str:
        """The bar, the share, and how long the rest will take."""
        share = min(1.0, self.done / self.total)
        spent = time.monotonic() - self.began
        # The first steps pay for imports and would foretell hours.
        left = f", {spent / share - spent:.0f} s left" if share > 0.05 else ""
        full = round(share * WIDTH)
        return f"{self.what} {'█' * full}{'░' * (WIDTH - full)} {share:4.0%}{left}"
