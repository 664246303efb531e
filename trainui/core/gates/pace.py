"""Feeding a judge what was read together, in stretches as long as nobody has anything to say of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from trainui.core.gates.judge import Judge
from trainui.core.gates.stretch import Piece
from trainui.core.gates.verdict import Point, Verdict

LEAST, MOST = 16, 256
"""Lines in a stretch: fewer cost more together than point by point."""
STEADY = 8
"""After so many that passed, a longer one is tried."""


class Told(Protocol):
    """Points that were read together, in lines."""

    @property
    def lines(self) -> int:
        """How many lines they stand in."""

    def pieces(self, start: int, stop: int) -> Sequence[Piece]:
        """The points of these lines by their metrics; last is the one whose last point is the last of all."""

    def points(self, start: int, stop: int) -> Sequence[Point]:
        """All points of these lines, in the order read."""


class Pace:
    """How long the stretches are that are tried. It changes what feeding costs, and no verdict."""

    def __init__(self) -> None:
        self._lines = 2 * LEAST
        self._passed = 0

    def feed(self, judge: Judge, told: Told) -> list[Verdict]:
        """Feed all that was told; the verdicts that changed, as of `Judge.feed_all`."""
        changed: list[Verdict] = []
        start = 0
        while start < told.lines:
            stop = min(start + self._lines, told.lines)
            pieces = told.pieces(start, stop) if stop - start >= LEAST else ()
            if pieces and judge.passes(pieces):
                if all(judge.is_free(one.metric) for one in pieces):
                    judge.pass_by(pieces[-1].place)
                else:
                    changed += judge.feed_all(told.points(start, stop), is_watched=True)
                self._passed += 1
                if self._passed >= STEADY:
                    self._lines, self._passed = min(2 * self._lines, MOST), 0
            elif pieces and stop - start >= 2 * LEAST:
                self._lines, self._passed = (stop - start) // 2, 0
                continue
            else:
                changed += judge.feed_all(told.points(start, stop))
            start = stop
        return changed
