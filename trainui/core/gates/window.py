"""What holds the points of a window: they enter at one end, leave at the other, and the whole is read at any time."""

from __future__ import annotations

import heapq
from bisect import bisect_left, insort
from collections import Counter
from typing import Any, Protocol

from trainui.core.gates.fold import Fold
from trainui.core.gates.verdict import Point


class Held(Protocol):
    """Points that are held; `pop` gets the oldest one."""

    def push(self, point: Point) -> None:
        """Take in the newest point; its value is finite."""

    def pop(self, point: Point) -> None:
        """Let go of the oldest point."""

    def read(self) -> float | None:
        """What they amount to; None when there are none."""


class Newest:
    """The newest point alone; whoever has it sets `value`."""

    def __init__(self) -> None:
        self.value: float | None = None

    def push(self, point: Point) -> None:
        """Take in the newest point."""
        self.value = float(point.value)

    def pop(self, point: Point) -> None:
        """Let go of it."""
        del point
        self.value = None

    def read(self) -> float | None:
        """Its value."""
        return self.value


class Extreme:
    """The largest, or the smallest, of every point since the beginning."""

    def __init__(self, *, is_high: bool) -> None:
        self._is_high = is_high
        self._value: float | None = None

    def push(self, point: Point) -> None:
        """Take in the newest point."""
        value, best = point.value, self._value
        if best is None or (value > best if self._is_high else value < best):
            self._value = float(value)

    def pop(self, point: Point) -> None:
        """Never called: nothing leaves."""
        raise NotImplementedError

    def read(self) -> float | None:
        """It; None without a point."""
        return self._value


class Growing:
    """Every point since the beginning, folded into one summary."""

    def __init__(self, fold: Fold) -> None:
        self._fold = fold
        self._sum: Any = None
        self._empty = True

    def push(self, point: Point) -> None:
        """Take in the newest point."""
        item = self._fold.lift(point)
        self._sum = item if self._empty else self._fold.join(self._sum, item)
        self._empty = False

    def pop(self, point: Point) -> None:
        """Never called: nothing leaves."""
        raise NotImplementedError

    def read(self) -> float | None:
        """What all points amount to."""
        return None if self._empty else self._fold.read(self._sum)


class Sliding:
    """A queue of points folded as two stacks: the older one keeps, for each, the fold of it and all after it."""

    def __init__(self, fold: Fold) -> None:
        self._fold = fold
        self._older: list[Any] = []
        self._newer: list[Any] = []
        self._newer_sum: Any = None

    def push(self, point: Point) -> None:
        """Take in the newest point."""
        item = self._fold.lift(point)
        self._newer_sum = self._fold.join(self._newer_sum, item) if self._newer else item
        self._newer.append(item)

    def pop(self, point: Point) -> None:
        """Let go of the oldest point; each point is moved once in its life."""
        if not self._older:
            while self._newer:
                item = self._newer.pop()
                self._older.append(self._fold.join(item, self._older[-1]) if self._older else item)
        self._older.pop()

    def read(self) -> float | None:
        """What the points of the window amount to."""
        if self._older and self._newer:
            return self._fold.read(self._fold.join(self._older[-1], self._newer_sum))
        if self._older:
            return self._fold.read(self._older[-1])
        return self._fold.read(self._newer_sum) if self._newer else None


class Middle:
    """The median of a window, kept sorted."""

    def __init__(self) -> None:
        self.sorted: list[float] = []

    def push(self, point: Point) -> None:
        """Take in the newest point."""
        insort(self.sorted, point.value)

    def pop(self, point: Point) -> None:
        """Let go of the oldest point."""
        del self.sorted[bisect_left(self.sorted, point.value)]

    def read(self) -> float | None:
        """The median; of an even number, the mean of the middle two."""
        if not self.sorted:
            return None
        half = len(self.sorted) // 2
        return self.sorted[half] if len(self.sorted) % 2 else (self.sorted[half - 1] + self.sorted[half]) / 2


class GrowingMiddle:
    """The median of everything so far: two heaps, so that a long run costs a logarithm per point."""

    def __init__(self) -> None:
        self._low: list[float] = []
        self._high: list[float] = []

    def push(self, point: Point) -> None:
        """Take in the newest point."""
        heapq.heappush(self._high, -heapq.heappushpop(self._low, -point.value))
        if len(self._high) > len(self._low):
            heapq.heappush(self._low, -heapq.heappop(self._high))

    def pop(self, point: Point) -> None:
        """Never called: nothing leaves."""
        raise NotImplementedError

    def read(self) -> float | None:
        """The median; of an even number, the mean of the middle two."""
        if not self._low:
            return None
        return -self._low[0] if len(self._low) > len(self._high) else (self._high[0] - self._low[0]) / 2


class Distinct:
    """How many different values there are."""

    def __init__(self) -> None:
        self._values: Counter[float] = Counter()

    def push(self, point: Point) -> None:
        """Take in the newest point."""
        self._values[point.value] += 1

    def pop(self, point: Point) -> None:
        """Let go of the oldest point."""
        self._values[point.value] -= 1
        if not self._values[point.value]:
            del self._values[point.value]

    def read(self) -> float | None:
        """How many; None when there are no points."""
        return float(len(self._values)) or None
