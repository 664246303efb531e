"""A quantity being reckoned, point by point."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable
from typing import Protocol

from trainui.core.gates.fold import fold_of
from trainui.core.gates.quantity import Quantity, Range
from trainui.core.gates.units import Span
from trainui.core.gates.verdict import Point
from trainui.core.gates.window import Distinct, Growing, GrowingMiddle, Held, Middle, Sliding

TAIL = 8
"""How many values a verdict shows."""
ALMOST = 1e-6
WHY_UNMEASURED = {
    "@eta_total_h": ": the run told no total of steps or epochs",
    "@model_mb": ": no checkpoint was told of",
}
NEWEST = Span(amount=1.0)


class Reckoned(Protocol):
    """A quantity that has a value, or says why it has none: of one run, or of several together."""

    @property
    def quantity(self) -> Quantity:
        """What is reckoned."""

    @property
    def tail(self) -> Iterable[float]:
        """The newest finite values, oldest first."""

    @property
    def seen(self) -> int:
        """Points so far."""

    @property
    def finite(self) -> int:
        """How many of them were finite."""

    @property
    def foreign(self) -> bool:
        """Whether it is of another run, and cannot be reckoned here."""

    @property
    def trend(self) -> int:
        """+1 when the value can only rise from here on, -1 when only fall, 0 when either."""

    @property
    def fixed(self) -> bool:
        """Whether the value, once there, is final."""

    @property
    def value(self) -> float | None:
        """The value, or None."""

    @property
    def blind(self) -> bool:
        """Whether there was data and yet there is no value."""

    def why(self) -> str:
        """Why there is no value."""

    def add(self, point: Point) -> None:
        """Take in the next point of the metric."""


class Reduction:
    """The value of one quantity so far. The cost of a point does not grow with the length of the run."""

    def __init__(self, quantity: Quantity, goal: str) -> None:
        self.quantity = quantity
        self.goal = goal
        self.tail: deque[float] = deque(maxlen=TAIL)
        self.seen = 0
        self.finite = 0
        self._window = quantity.window
        meter_sum = quantity.reducer == "sum" and quantity.metric.startswith("@")
        if (quantity.reducer == "last" and self._window is None) or meter_sum:
            # A meter such as @cost_usd already counts up: within one run its sum is its newest value.
            self._window = NEWEST
            quantity = Quantity(reducer="last", metric=quantity.metric)
        self._used = quantity
        self._queue: deque[tuple[float, Point]] = deque()
        self._held = self._fresh()
        self._here: float | None = None

    @property
    def foreign(self) -> bool:
        """Whether the quantity is of another run."""
        return bool(self.quantity.run)

    @property
    def trend(self) -> int:
        """+1 when the value can only rise from here on, -1 when only fall, 0 when either."""
        if isinstance(self._window, Span) or self.foreign:
            return 0
        if self._used.reducer == "distinct":
            return 1
        return 0 if self._used.reducer == "median" else fold_of(self._used, self.goal).trend

    @property
    def fixed(self) -> bool:
        """Whether the value, once there, is final."""
        return self._used.reducer == "first-epoch"

    @property
    def value(self) -> float | None:
        """The quantity's value, or None when there is none: see `blind` and `why`."""
        if self._used.reducer == "at" and not self._arrived():
            return None
        return self._held.read()

    @property
    def blind(self) -> bool:
        """Whether there was data and yet there is no value: all of it non-finite, or the moment was missed."""
        if self.foreign:
            return True
        if self.value is not None or not self.seen or self._used.reducer == "first-epoch":
            return self._used.reducer == "first-epoch" and self.seen > 0 and not self.finite
        return not isinstance(self._window, Range) or self._arrived() or not self.finite

    def why(self) -> str:
        """Why there is no value."""
        metric = self.quantity.metric
        if self.foreign:
            return f"{self.quantity} needs other runs"
        if not self.seen:
            why = WHY_UNMEASURED.get(metric, "")
            return (
                f"{metric} was never measured{why}" if metric[0] == "@" else f"metric {metric} never appeared"
            )
        if not self.finite:
            return f"{metric} was never finite"
        if self.quantity.reducer == "first-epoch":
            return f"{metric} was never {self.quantity.op} {self.quantity.target:g}"
        if isinstance(self._window, Range):
            return f"{metric} has no value at {self._window}" if self._here is not None else self._unplaced()
        if self._here is None:
            return self._unplaced()
        return (
            f"{metric} is not finite"
            if self._window == NEWEST
            else f"{metric} had no finite value in {self._window}"
        )

    def add(self, point: Point) -> None:
        """Take in the next point of the metric."""
        self.seen += 1
        finite = math.isfinite(point.value)
        if finite:
            self.finite += 1
            self.tail.append(point.value)
        if self._window is None:
            if finite:
                self._held.push(point)
            return
        here = self._position(point)
        if here is None:
            return
        if isinstance(self._window, Range):
            self._here = here
            if finite and self._window.first - 1 + ALMOST < here <= self._window.last + ALMOST:
                self._held.push(point)
            return
        self._slide(here, point, self._window, finite)

    def _slide(self, here: float, point: Point, window: Span, finite: bool) -> None:
        if self._here is not None and here < self._here - window.amount:
            # The run began anew further back (folds, a resume in one file): the old points are not its past.
            self._queue.clear()
            self._held = self._fresh()
        self._here = here
        while self._queue and self._queue[0][0] <= here - window.amount + ALMOST:
            self._held.pop(self._queue.popleft()[1])
        if finite:
            self._queue.append((here, point))
            self._held.push(point)

    def _fresh(self) -> Held:
        rolling = isinstance(self._window, Span)
        if self._used.reducer == "distinct":
            return Distinct()
        if self._used.reducer == "median":
            return Middle() if rolling else GrowingMiddle()
        fold = fold_of(self._used, self.goal)
        return Sliding(fold) if rolling else Growing(fold)

    def _position(self, point: Point) -> float | None:
        if isinstance(self._window, Range):
            return point.epoch if self._window.unit == "epochs" else point.step
        assert self._window is not None
        return self._window.position(point, self.seen)

    def _arrived(self) -> bool:
        return (
            isinstance(self._window, Range)
            and self._here is not None
            and (self._here >= self._window.last - ALMOST)
        )

    def _unplaced(self) -> str:
        return f"{self.quantity.metric} was logged without an epoch"
