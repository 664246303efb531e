"""The learning rate, which says when a loss may rise: in an LR-range test, and at a warm restart."""

from __future__ import annotations

import math

from trainui.core.gates.stretch import Piece
from trainui.core.gates.verdict import Point

LEAST = 20
RISEN = 1000.0
DOUBLING = 8.0
"""A range test rises by a factor: by far more since its first half, or quarter, than a warm-up does."""
RESTART = 2.0
"""A warm restart raises a rate that had fallen to less than its half by this factor, at once."""


class Rate:
    """How the learning rate went from the first value on."""

    __slots__ = ("_count", "_first", "_half", "_last", "_mark", "_most", "_rises", "restarts")

    def __init__(self) -> None:
        self._count = 0
        self._first = self._last = self._half = self._mark = 0.0
        self._most = 0.0
        self._rises = True
        self.restarts = 0
        """How often it was raised after it had fallen."""

    def see(self, point: Point) -> None:
        """Take in a value."""
        self._take(point.value)

    def foresees(self, piece: Piece) -> bool:
        """Whether these values are too alike for a restart to be among them."""
        values = piece.values
        return math.isfinite(sum(values)) and max(values) <= RESTART * min(self._last, min(values))

    def take(self, piece: Piece) -> None:
        """Take in values that it foresaw."""
        for value in piece.values:
            self._take(value)

    def _take(self, value: float) -> None:
        if value - value != 0:
            return
        if not self._rises:
            if value > RESTART * self._last and self._last < self._most / RESTART:
                self.restarts += 1
                self._most = value
            elif value > self._most:
                self._most = value
            self._last = value
            return
        self._count += 1
        if self._count == 1:
            self._first = value
        self._rises = value >= self._last
        self._most = max(self._most, value)
        self._last = value
        if self._count & (self._count - 1) == 0:  # at 1, 2, 4, 8, …
            self._half, self._mark = self._mark, value

    @property
    def is_range_test(self) -> bool:
        """Whether it rose all the time, by powers."""
        return (
            self._rises
            and self._count >= LEAST
            and self._last >= RISEN * abs(self._first)
            and self._last >= DOUBLING * self._half
        )
