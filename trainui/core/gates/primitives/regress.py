"""regress: the metric stays close to its best (or its first) value."""

from __future__ import annotations

import math
from dataclasses import dataclass

from trainui.core.gates.memory import MetricRule, MetricTest, better, worse_by
from trainui.core.gates.quantity import Quantity
from trainui.core.gates.reduction import Reduction
from trainui.core.gates.rule import Grade, Primitive
from trainui.core.gates.table import GateTable
from trainui.core.gates.units import Amount, Span, shown
from trainui.core.gates.verdict import Point


@dataclass(frozen=True, kw_only=True, slots=True)
class RegressRule(MetricRule):
    """`metric` is at most `by` worse than `ref`; with a window, its median there is, against such medians."""

    ref: str
    by: Amount
    goal: str
    window: Span | None = None

    @property
    def subject(self) -> str:
        """What is compared."""
        return self.metric if self.window is None else f"median({self.metric}, {self.window})"

    @property
    def text(self) -> str:
        """`val/acc within 8 of its best`."""
        return f"{self.subject} within {self.by} of its {self.ref}"

    def test(self) -> RegressTest:
        """A fresh test."""
        return RegressTest(self)


class RegressTest(MetricTest):
    """The newest value and the one it should stay close to."""

    def __init__(self, rule: RegressRule) -> None:
        super().__init__(rule.metric)
        self._rule = rule
        reducer = "last" if rule.window is None else "median"
        self._now = Reduction(Quantity(reducer=reducer, metric=rule.metric, window=rule.window), rule.goal)
        self._reference: float | None = None

    def take(self, point: Point) -> bool:
        """Take in a point; a non-finite one counts only where it leaves nothing to see."""
        self._now.add(point)
        now = self._now.value
        if now is None or not math.isfinite(point.value):
            return self.grade() is Grade.BLIND
        first = self._reference is None
        if first or (self._rule.ref == "best" and better(self._rule.goal, now, self._reference or 0.0)):
            self._reference = now
        return True

    def grade(self) -> Grade:
        """Bad when it is further off than `by`."""
        now = self._now.value
        if now is None or self._reference is None:
            return Grade.BLIND if self._now.seen else Grade.WAIT
        off = worse_by(self._rule.goal, now, self._reference)
        return Grade.BAD if off > self._rule.by.of(self._reference) else Grade.GOOD

    def value(self) -> float | None:
        """The newest value (or median)."""
        return self._now.value

    def reason(self) -> str:
        """`val/acc is 25.1, 15.5 worse than its best of 40.6 (8 allowed)`."""
        now = self._now.value
        if now is None or self._reference is None:
            return self._now.why()
        rule = self._rule
        off = worse_by(rule.goal, now, self._reference)
        if off <= 0:
            return f"{rule.subject} is {shown(now)}, no worse than its {rule.ref} of {shown(self._reference)}"
        by = rule.by.like(off, self._reference)
        return (
            f"{rule.subject} is {shown(now)}, {by} worse than its {rule.ref} of {shown(self._reference)}"
            f" ({rule.by} allowed)"
        )


def read(table: GateTable) -> RegressRule:
    """The keys of a regress gate."""
    metric = table.metric("metric")
    return RegressRule(
        metric=metric,
        ref=table.choice("ref", ("best", "first"), "best"),
        by=table.amount("by"),
        goal=table.goal(metric),
        window=table.span("window"),
    )


PRIMITIVE = Primitive(required=("metric", "by"), optional=("ref", "window"), read=read)
