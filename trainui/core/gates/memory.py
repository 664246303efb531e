"""What rules over single metrics share, and their tests: how many points came, how many were finite, the newest."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

from trainui.core.gates.reduction import TAIL
from trainui.core.gates.rule import Ending, Grade
from trainui.core.gates.verdict import Point


def better(goal: str, value: float, than: float) -> bool:
    """Whether `value` is strictly better than `than`."""
    return value < than if goal == "min" else value > than


def worse_by(goal: str, value: float, reference: float) -> float:
    """How much worse `value` is than `reference`; negative when it is better."""
    return value - reference if goal == "min" else reference - value


@dataclass(frozen=True, kw_only=True, slots=True)
class MetricRule:
    """What holds a metric against its own past."""

    metric: str

    @property
    def metrics(self) -> tuple[str, ...]:
        """The one metric."""
        return (self.metric,)

    @property
    def threshold(self) -> float | None:
        """The line moves with what was seen: none to draw."""
        return None


class MetricTest:
    """A test of one metric, to be made into a primitive's: `take` gets its points, `judge` looks."""

    latches = False
    needs_finish = True

    def __init__(self, metric: str) -> None:
        self.metric = metric
        self.tail: deque[float] = deque(maxlen=TAIL)
        self.seen = 0
        self.finite = 0
        self.newest = math.nan

    def see(self, point: Point) -> bool:
        """Count the point and take it in."""
        if point.metric == self.metric:
            self.seen += 1
            value = self.newest = point.value
            if value - value == 0:
                self.finite += 1
                self.tail.append(value)
        return self.take(point)

    def take(self, point: Point) -> bool:
        """Take in a point; whether the gate is to be evaluated now."""
        raise NotImplementedError

    def grade(self) -> Grade:
        """What holds now."""
        raise NotImplementedError

    def final(self, ending: Ending) -> Grade:
        """As now."""
        del ending
        return self.grade()

    def settled(self) -> bool:
        """Never: the next point may change it."""
        return False

    def value(self) -> float | None:
        """The newest value, when it is finite."""
        return self.newest if math.isfinite(self.newest) else None

    def window(self) -> tuple[float, ...]:
        """The newest finite values."""
        return tuple(self.tail)

    def missing(self) -> str:
        """That the metric never appeared, if so."""
        return "" if self.seen else f"metric {self.metric} never appeared"

    def no_number(self) -> str:
        """Why a metric without a finite newest value cannot be judged."""
        if not self.seen:
            return self.missing()
        return f"{self.metric} was never finite" if not self.finite else f"{self.metric} is {self.newest}"
