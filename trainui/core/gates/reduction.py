"""A quantity being reckoned, point by point."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Protocol

from trainui.core.gates.fold import LARGEST, SMALLEST, fold_of
from trainui.core.gates.quantity import Quantity, Range
from trainui.core.gates.units import Span
from trainui.core.gates.verdict import Point
from trainui.core.gates.window import Distinct, Extreme, Growing, GrowingMiddle, Held, Middle, Newest, Sliding

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
        self.foreign = bool(quantity.run)
        """Whether the quantity is of another run."""
        window = quantity.window
        meter_sum = quantity.reducer == "sum" and quantity.metric.startswith("@")
        if (quantity.reducer == "last" and window is None) or meter_sum:
            # A meter such as @cost_usd already counts up: within one run its sum is its newest value.
            window = NEWEST
            quantity = Quantity(reducer="last", metric=quantity.metric)
        self._used = quantity
        self._window = window
        self._span = window if isinstance(window, Span) else None
        self._newest = Newest() if window == NEWEST and quantity.reducer == "last" else None
        self._waits = quantity.reducer == "at"
        self.trend = self._trend()
        """+1 when the value can only rise from here on, -1 when only fall, 0 when either."""
        self.fixed = quantity.reducer == "first-epoch"
        """Whether the value, once there, is final."""
        self._queue: deque[tuple[float, Point]] = deque()
        self._held = self._fresh()
        self._here: float | None = None

    @property
    def value(self) -> float | None:
        """The quantity's value, or None when there is none: see `blind` and `why`."""
        if self._waits and not self._arrived():
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
        seen = self.seen = self.seen + 1
        value = point.value
        finite = value - value == 0
        if finite:
            self.finite += 1
            self.tail.append(value)
        window, span = self._window, self._span
        if self._newest is not None:
            self._here = seen
            self._newest.value = float(value) if finite else None
        elif span is not None:
            here = seen if span.unit == "points" else span.position(point, seen)
            if here is not None:
                self._slide(here, point, span.amount, finite)
        elif window is None:
            if finite:
                self._held.push(point)
        elif isinstance(window, Range):
            place = point.epoch if window.unit == "epochs" else point.step
            if place is not None:
                self._here = place
                if finite and window.first - 1 + ALMOST < place <= window.last + ALMOST:
                    self._held.push(point)

    def _slide(self, here: float, point: Point, width: float, finite: bool) -> None:
        queue = self._queue
        if self._here is not None and here < self._here - width:
            # The run began anew further back (folds, a resume in one file): the old points are not its past.
            queue.clear()
            self._held = self._fresh()
        self._here = here
        gone = here - width + ALMOST
        while queue and queue[0][0] <= gone:
            self._held.pop(queue.popleft()[1])
        if finite:
            queue.append((here, point))
            self._held.push(point)

    def _fresh(self) -> Held:
        if self._newest is not None:
            return self._newest
        rolling = self._span is not None
        if self._used.reducer == "distinct":
            return Distinct()
        if self._used.reducer == "median":
            return Middle() if rolling else GrowingMiddle()
        fold = fold_of(self._used, self.goal)
        if rolling:
            return Sliding(fold)
        return Extreme(is_high=fold is LARGEST) if fold in (LARGEST, SMALLEST) else Growing(fold)

    def _trend(self) -> int:
        if self._span is not None or self.foreign:
            return 0
        if self._used.reducer == "distinct":
            return 1
        return 0 if self._used.reducer == "median" else fold_of(self._used, self.goal).trend

    def _arrived(self) -> bool:
        return (
            isinstance(self._window, Range)
            and self._here is not None
            and (self._here >= self._window.last - ALMOST)
        )

    def _unplaced(self) -> str:
        return f"{self.quantity.metric} was logged without an epoch"
