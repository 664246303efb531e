"""Counters that begin again with every epoch → steps of the run."""

from __future__ import annotations

from typing import Any

Number = float | int
FARTHEST = 2**62
"""Counters, epochs and sums beyond this are no count of anything; two of them stay below what SQLite can hold."""


class Laps:
    """Adds up a counter that begins again; one that only grows is left as it is."""

    def __init__(self) -> None:
        self._first: Number | None = None
        self._lap: Number | None = None
        self._count: Number = 0
        self._stride: Number = 0
        self._offset: Number = 0

    def state(self) -> list[Any]:
        """What `restore` needs, as JSON can hold it."""
        return [self._first, self._lap, self._count, self._stride, self._offset]

    @classmethod
    def restore(cls, state: list[Any]) -> Laps:
        """The laps that gave `state`."""
        laps = cls()
        laps._first, laps._lap, laps._count, laps._stride, laps._offset = state
        return laps

    @property
    def step(self) -> Number | None:
        """The step of the run that was reached, None before the first."""
        return None if self._lap is None else self._count + self._offset

    def step_of(self, count: Number, lap: Number, *, may_stand: bool = False) -> Number:
        """The step of the run for `count` in epoch `lap`. `may_stand`: the same count again is a new epoch's too.

        An epoch that goes back is a run taken up again, or another one after it.
        """
        if not (abs(count) < FARTHEST and abs(lap) < FARTHEST):
            return count
        if self._lap is None or self._first is None:
            self._first = lap
        elif lap < self._lap:
            done = self._lap - self._first
            self._offset = self._offset / done * (lap - self._first) if lap > self._first and done else 0
        elif lap > self._lap and (count < self._count or (may_stand and count == self._count)):
            self._offset += self._count + (self._stride if count == 0 else 0)
        elif lap == self._lap and count > self._count:
            self._stride = count - self._count
        if not abs(self._offset) < FARTHEST:
            self._offset = 0
        if self._offset == int(self._offset):
            self._offset = int(self._offset)
        self._lap, self._count = lap, count
        return count + self._offset
