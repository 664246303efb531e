"""overfit: validation does not turn for the worse while training goes on getting better."""

from __future__ import annotations

import math
import statistics
from collections import deque
from dataclasses import dataclass

from trainui.core.gates.memory import MetricTest, better, worse_by
from trainui.core.gates.rule import Grade, Primitive
from trainui.core.gates.table import GateTable
from trainui.core.gates.units import Amount, shown
from trainui.core.gates.verdict import Point

A_TENTH = Amount(value=0.1, relative=True)
RECENT = 10
"""Evaluations whose differences say how noisy the metric is."""
ENOUGH = 5
"""Differences, before they say anything of noise."""
TO_SIGMA = 1.4826 / math.sqrt(2)
"""Median |difference of neighbours| → standard deviation of one: it sees noise and ignores trend."""
SIGMAS = 3.0
PATIENCE = 9
"""The primary metric still improves when its best is no older than so many of its evaluations."""


@dataclass(frozen=True, kw_only=True, slots=True)
class OverfitRule:
    """`val` is not `by` worse than its best while `train` is better than it was there."""

    val: str
    train: str
    by: Amount
    val_goal: str
    train_goal: str
    primary: str = ""
    primary_goal: str = "max"

    @property
    def text(self) -> str:
        """`val/loss within 10 % of its best while train/loss improves`."""
        return f"{self.val} within {self.by} of its best while {self.train} improves"

    @property
    def metrics(self) -> tuple[str, ...]:
        """Validation first, then training, and the metric of record."""
        return tuple(dict.fromkeys(name for name in (self.val, self.train, self.primary) if name))

    @property
    def threshold(self) -> float | None:
        """The line moves with the best: none to draw."""
        return None

    def test(self) -> OverfitTest:
        """A fresh test."""
        return OverfitTest(self)


class OverfitTest(MetricTest):
    """The best validation value, the training value there, and how noisy validation is."""

    def __init__(self, rule: OverfitRule) -> None:
        super().__init__(rule.val)
        self._rule = rule
        self._best = math.nan
        self._last = math.nan
        self._train = math.nan
        self._train_then = math.nan
        self._steps: deque[float] = deque(maxlen=RECENT)
        self._primary_best = math.nan
        self._since = PATIENCE + 1

    def take(self, point: Point) -> bool:
        """Take in a point; only validation points are evaluations."""
        if point.metric == self._rule.primary:
            self._since += 1
            first = math.isnan(self._primary_best)
            if math.isfinite(point.value) and (
                first or better(self._rule.primary_goal, point.value, self._primary_best)
            ):
                self._primary_best, self._since = point.value, 0
        if point.metric == self._rule.train and math.isfinite(point.value):
            self._train = point.value
            # Of one line, either may come first: the training value of the best is the first known there.
            if math.isnan(self._train_then) and not math.isnan(self._best):
                self._train_then = point.value
        if point.metric != self.metric:
            return False
        if not math.isfinite(point.value):
            return True
        if math.isfinite(self._last):
            self._steps.append(abs(point.value - self._last))
        self._last = point.value
        if math.isnan(self._best) or better(self._rule.val_goal, point.value, self._best):
            self._best, self._train_then = point.value, self._train
        return True

    def grade(self) -> Grade:
        """Bad when both hold; near instead while the primary metric still improves."""
        if math.isnan(self._best) or not math.isfinite(self.newest):
            return Grade.BLIND if self.seen else Grade.WAIT
        if math.isnan(self._train_then):
            return Grade.WAIT
        off = worse_by(self._rule.val_goal, self._last, self._best)
        turned = off > max(self._rule.by.of(self._best), self._noise())
        if not (turned and better(self._rule.train_goal, self._train, self._train_then)):
            return Grade.GOOD
        return Grade.NEAR if self._since <= PATIENCE else Grade.BAD

    def _noise(self) -> float:
        """What validation may be worse by for no reason; 0 while too little is known."""
        return SIGMAS * TO_SIGMA * statistics.median(self._steps) if len(self._steps) >= ENOUGH else 0.0

    def reason(self) -> str:
        """`val/loss is 4.6 % worse than its best of 1.456 while train/loss fell to 0.478 (3 % allowed)`."""
        rule = self._rule
        if not math.isfinite(self.newest):
            return self.no_number()
        if math.isnan(self._train_then):
            return f"metric {rule.train} has not appeared yet"
        off = rule.by.like(worse_by(rule.val_goal, self._last, self._best), self._best)
        noise = self._noise()
        own = (
            f", and {rule.by.like(noise, self._best)} by its own noise"
            if noise > rule.by.of(self._best)
            else ""
        )
        still = f"; {rule.primary} still improves" if self.grade() is Grade.NEAR else ""
        return (
            f"{rule.val} is {off} worse than its best of {shown(self._best)} while {rule.train} went from"
            f" {shown(self._train_then)} to {shown(self._train)} ({rule.by} allowed{own}){still}"
        )

    def missing(self) -> str:
        """Validation or training, whichever never appeared."""
        absent = not self.seen or (self._rule.train != self._rule.val and math.isnan(self._train))
        return super().missing() or (f"metric {self._rule.train} never appeared" if absent else "")


def read(table: GateTable) -> OverfitRule:
    """The keys of an overfit gate."""
    val, train = table.metric("val"), table.metric("train")
    primary = table.metric("primary") if table.has("primary") else ""
    return OverfitRule(
        val=val,
        train=train,
        by=table.amount("by", A_TENTH),
        val_goal=table.goal(val),
        train_goal=table.goal(train),
        primary=primary,
        primary_goal=table.goal(primary) if primary else "max",
    )


PRIMITIVE = Primitive(required=("val", "train"), optional=("by", "primary"), read=read)
