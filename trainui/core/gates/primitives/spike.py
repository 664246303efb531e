"""spike: no value jumps far out of the window before it, by its median and median absolute deviation."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

from trainui.core.gates.memory import MetricRule, MetricTest
from trainui.core.gates.rule import Grade, Primitive
from trainui.core.gates.table import GateTable
from trainui.core.gates.units import Amount, Span, shown
from trainui.core.gates.verdict import Point
from trainui.core.gates.window import Middle

LEAST = 30
"""So many values, or a full window, before a spike can be told from a rough start."""
WINDOW = Span(amount=50.0)
A_QUARTER = Amount(value=0.25, relative=True)


@dataclass(frozen=True, kw_only=True, slots=True)
class SpikeRule(MetricRule):
    """A value is a spike when it is worse than the window's median by `z` deviations and by `rel`, both."""

    z: float
    rel: Amount
    window: Span
    upward: bool

    @property
    def text(self) -> str:
        """`train/loss without spikes of 10 MAD and 25 % beside the last 50 points`."""
        return f"{self.metric} without spikes of {self.z:g} MAD and {self.rel} beside the last {self.window}"

    def test(self) -> SpikeTest:
        """A fresh test."""
        return SpikeTest(self)


def deviation(ordered: list[float], middle: float) -> float:
    """The median absolute deviation of a sorted list from its median, found by halving."""
    need = len(ordered) // 2 + 1
    # The `need` nearest values to the middle are neighbours: find where that stretch begins.
    first, last = 0, len(ordered) - need
    while first < last:
        half = (first + last) // 2
        if middle - ordered[half] > ordered[half + need] - middle:
            first = half + 1
        else:
            last = half
    low, high = first, first + need - 1
    far = sorted((middle - ordered[low], ordered[high] - middle))
    if len(ordered) % 2:
        return far[1]
    # Of an even number the median lies between the two that are furthest in the stretch.
    inner = [
        far[0],
        middle - ordered[low + 1] if far[1] == middle - ordered[low] else ordered[high - 1] - middle,
    ]
    return (far[1] + max(inner)) / 2


class SpikeTest(MetricTest):
    """The window before the newest value, kept sorted."""

    def __init__(self, rule: SpikeRule) -> None:
        super().__init__(rule.metric)
        self._rule = rule
        self._queue: deque[tuple[float, Point]] = deque()
        self._held = Middle()
        self._middle: float | None = None
        self._limit = 0.0

    def take(self, point: Point) -> bool:
        """Compare a finite value with those before it, then let it in: a new level is a spike only at first."""
        if not math.isfinite(point.value):
            return True
        here = self._rule.window.position(point, self.finite)
        if here is None:
            return False
        while self._queue and self._queue[0][0] < here - self._rule.window.amount:
            self._held.pop(self._queue.popleft()[1])
        self._measure()
        self._queue.append((here, point))
        self._held.push(point)
        return True

    def grade(self) -> Grade:
        """Bad beyond both limits."""
        if self.seen and not math.isfinite(self.newest):
            return Grade.BLIND
        if self._middle is None:
            return Grade.WAIT
        away = self.newest - self._middle if self._rule.upward else self._middle - self.newest
        return Grade.BAD if away > self._limit else Grade.GOOD

    def reason(self) -> str:
        """`train/loss is 9.1, beside a median of 2.3 in the last 50 points (up to 2.9 expected)`."""
        if not math.isfinite(self.newest):
            return self.no_number()
        if self._middle is None:
            return f"{self.metric} has {self.finite} values so far, too few to tell a spike"
        edge = self._middle + self._limit if self._rule.upward else self._middle - self._limit
        return (
            f"{self.metric} is {shown(self.newest)}, beside a median of {shown(self._middle)} in the last"
            f" {self._rule.window} ({'up' if self._rule.upward else 'down'} to {shown(edge)} expected)"
        )

    def _measure(self) -> None:
        full = self._rule.window.amount if self._rule.window.unit == "points" else LEAST
        middle = self._held.read()
        if middle is None or len(self._queue) < min(LEAST, full):
            self._middle = None
            return
        self._middle = middle
        spread = deviation(self._held.sorted, middle)
        self._limit = max(self._rule.z * spread, self._rule.rel.of(middle))


def read(table: GateTable) -> SpikeRule:
    """The keys of a spike gate."""
    metric = table.metric("metric")
    # What has no goal of its own, such as a gradient norm, is feared for its height.
    upward = table.goal(metric, needed=False) != "max" or "norm" in metric.lower()
    return SpikeRule(
        metric=metric,
        z=table.positive("z", 10.0),
        rel=table.amount("rel", A_QUARTER),
        window=table.span("window", WINDOW) or WINDOW,
        upward=upward,
    )


PRIMITIVE = Primitive(required=("metric",), optional=("z", "rel", "window"), read=read)
