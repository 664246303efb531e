"""stall: the best value improves by at least so much within each window."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

from trainui.core.gates.memory import MetricRule, MetricTest, better, worse_by
from trainui.core.gates.rule import Grade, Primitive
from trainui.core.gates.table import GateTable
from trainui.core.gates.units import Amount, Span
from trainui.core.gates.verdict import Point

ALMOST = 1e-6
LEAVES_AT = 2.0
"""A plateau is left only by an improvement of so many times min_delta: one threshold alone flutters."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StallRule(MetricRule):
    """`best(metric)` improves by `min_delta` per `window`."""

    min_delta: Amount
    window: Span
    goal: str
    clear_at: Amount | None = None
    """By how much it must improve for a trip to be cleared."""

    @property
    def text(self) -> str:
        """`best(val/loss) improves by 1 % per 8 epochs`."""
        least = f"by {self.min_delta} " if self.min_delta.value else ""
        return f"best({self.metric}) improves {least}per {self.window}"

    def test(self) -> StallTest:
        """A fresh test."""
        return StallTest(self)


class StallTest(MetricTest):
    """The best value now, and the best there was before the window."""

    def __init__(self, rule: StallRule) -> None:
        super().__init__(rule.metric)
        self._rule = rule
        self._best: float | None = None
        self._before: float | None = None
        self._recent: deque[tuple[float, float]] = deque()
        """(position, best so far) at each improvement inside the window, and at its first point."""
        self._first: float | None = None
        self._here: float | None = None

    def take(self, point: Point) -> bool:
        """Take in a point. A non-finite one is an evaluation without improvement, and never evidence of one."""
        here = self._rule.window.position(point, self.seen)
        if here is None:
            return False
        if self._here is not None and here < self._here - self._rule.window.amount:
            self._best = self._before = self._first = None
            self._recent.clear()
        self._here = here
        if math.isfinite(point.value):
            self._first = here if self._first is None else self._first
            if self._best is None or better(self._rule.goal, point.value, self._best):
                self._best = point.value
                self._recent.append((here, point.value))
        while self._recent and self._recent[0][0] <= here - self._rule.window.amount + ALMOST:
            self._before = self._recent.popleft()[1]
        return math.isfinite(point.value) or self.grade() is Grade.BAD or not self.finite

    def grade(self) -> Grade:
        """Bad below min_delta, fair below twice that."""
        if self._best is None:
            return Grade.BLIND if self.seen else Grade.WAIT
        if self._before is None:
            return Grade.WAIT
        moved, least = self._moved(), self._rule.min_delta.of(self._before)
        if moved <= 0 or moved < least * (1 - 1e-9):  # 1.0 - 0.9 is a little less than 0.1
            return Grade.BAD
        rule = self._rule
        enough = LEAVES_AT * least if rule.clear_at is None else rule.clear_at.of(self._before)
        return Grade.FAIR if moved < enough * (1 - 1e-9) else Grade.GOOD

    def value(self) -> float | None:
        """The best value so far."""
        return self._best

    def reason(self) -> str:
        """`best moved 0.4 % in 8 epochs (1 % expected)`."""
        rule = self._rule
        if self._best is None:
            return self.no_number()
        if self._here is None:
            return f"{self.metric} was logged without an epoch"
        if self._before is None:
            gone = self._here - self._first if self._first is not None else 0
            return f"{self.metric} has not been seen for {rule.window} yet ({gone:.4g})"
        moved = rule.min_delta.like(self._moved(), self._before)
        expected = f"{rule.min_delta} expected" if rule.min_delta.value else "any expected"
        return f"best {self.metric} moved {moved} in {rule.window} ({expected})"

    def _moved(self) -> float:
        assert self._before is not None
        assert self._best is not None
        return worse_by(self._rule.goal, self._before, self._best)


def read(table: GateTable) -> StallRule:
    """The keys of a stall gate."""
    metric, window = table.metric("metric"), table.span("window")
    assert window is not None
    min_delta = table.amount("min_delta")
    clear_at = table.amount("clear_at") if table.has("clear_at") else None
    if clear_at and (clear_at.relative != min_delta.relative or clear_at.value < min_delta.value):
        table.wrong(f"clear_at = {clear_at} should be no less than min_delta = {min_delta}, and of its kind")
    return StallRule(
        metric=metric, min_delta=min_delta, window=window, goal=table.goal(metric), clear_at=clear_at
    )


PRIMITIVE = Primitive(
    required=("metric", "min_delta", "window"), optional=("clear_at",), read=read, clear_for=3
)
