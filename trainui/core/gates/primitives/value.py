"""value: a reduced quantity compared with a number, a band of numbers or another quantity."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from trainui.core.gates.fold import COMPARE
from trainui.core.gates.quantity import Quantity
from trainui.core.gates.reduction import Reckoned, Reduction
from trainui.core.gates.rule import Ending, Grade, Primitive
from trainui.core.gates.table import GateTable
from trainui.core.gates.units import is_number, shown
from trainui.core.gates.verdict import Point

OPS = (*COMPARE, "within", "outside")
DIRECTED = ("best", "argbest", "drawdown")
"""Reducers that need to know which way is better."""
Interval = tuple[float, float]


@dataclass(frozen=True, kw_only=True, slots=True)
class ValueRule:
    """`left [- minus | / over] op right`."""

    left: Quantity
    second: Quantity | None = None
    sign: str = ""
    """`-` or `/`, between left and second."""
    op: str
    right: float | Interval | Quantity
    warn_at: float | None = None
    bands: tuple[tuple[float, str], ...] = ()
    confidence: float | None = None
    goals: tuple[tuple[str, str], ...] = ()
    """Metric → min or max, for what is reckoned here."""

    @property
    def left_text(self) -> str:
        """What is compared."""
        return str(self.left) if self.second is None else f"{self.left} {self.sign} {self.second}"

    @property
    def claim(self) -> str:
        """What it is compared with: `< 100`."""
        if isinstance(self.right, tuple):
            return f"{self.op} {self.right[0]:g}..{self.right[1]:g}"
        return f"{self.op} {self.right:g}" if isinstance(self.right, float) else f"{self.op} {self.right}"

    @property
    def text(self) -> str:
        """`best(val/mae) < 100`."""
        return f"{self.left_text} {self.claim}"

    @property
    def quantities(self) -> tuple[Quantity, ...]:
        """All quantities, left first."""
        right = self.right if isinstance(self.right, Quantity) else None
        return tuple(q for q in (self.left, self.second, right) if q is not None)

    @property
    def metrics(self) -> tuple[str, ...]:
        """The metrics of this run that it watches."""
        return tuple(dict.fromkeys(q.metric for q in self.quantities if not q.run))

    @property
    def threshold(self) -> float | None:
        """The limit, where it is a height on the metric's own scale."""
        on_scale = self.left.reducer in ("last", "best", "max", "min", "mean", "median", "at")
        return self.right if on_scale and self.second is None and isinstance(self.right, float) else None

    def test(self, parts: Sequence[Reckoned] = ()) -> ValueTest:
        """A fresh test; of `parts`, one for each of its quantities, where these are not all of one run."""
        return ValueTest(self, parts)


class ValueTest:
    """The quantities of one value gate, reckoned."""

    latches = False
    needs_finish = True

    def __init__(self, rule: ValueRule, parts: Sequence[Reckoned] = ()) -> None:
        self._rule = rule
        goals = dict(rule.goals)
        self._all: Sequence[Reckoned] = parts or [Reduction(q, goals[q.metric]) for q in rule.quantities]
        self._left = self._all[0]
        self._others = self._all[1:]
        self._limit: float | Interval = (math.nan, math.nan)
        if not isinstance(rule.right, Quantity):
            self._limit = rule.right
        watched = {q.metric for q in rule.quantities[1:] if not q.run}
        self._partners = watched - {rule.left.metric}
        self._fresh: set[str] = set()
        self._left_waits = False

    def see(self, point: Point) -> bool:
        """Take in a point; a difference is evaluated once per pair, whichever of the two comes first."""
        for part in self._all:
            if part.quantity.metric == point.metric and not part.foreign:
                part.add(point)
        due = self._due(point.metric) if self._partners else True
        if not math.isfinite(point.value):
            # A number that is none can take sight away, but it is no evidence that the claim holds.
            return due and self.grade() is Grade.BLIND
        return due

    def _due(self, metric: str) -> bool:
        if metric in self._partners:
            self._fresh.add(metric)
            due = self._left_waits and self._fresh == self._partners
        else:
            due = self._left_waits or self._fresh == self._partners
            self._left_waits = True
        if due and self._fresh == self._partners:
            self._fresh.clear()
            self._left_waits = False
        return due

    def grade(self) -> Grade:
        """Whether the claim holds."""
        value = self.value()
        if value is None:
            blind = any(part.blind for part in self._all) or self._divides_by_zero()
            return Grade.BLIND if blind else Grade.WAIT
        if not self._holds(value):
            return Grade.BAD
        warn_at = self._rule.warn_at
        near = warn_at is not None and not COMPARE[self._rule.op](value, warn_at)
        return Grade.NEAR if near else Grade.GOOD

    def final(self, ending: Ending) -> Grade:
        """As now; what was waited for and never came has failed."""
        del ending
        never = self._left.fixed and self._left.finite and self._left.value is None
        return Grade.BAD if never else self.grade()

    def settled(self) -> bool:
        """Whether a reducer that can only move one way has passed the limit for good."""
        value = self.value()
        if value is None or len(self._all) > 1:
            return False
        trend = self._left.trend
        if self._left.fixed:
            return True
        op = self._rule.op
        if isinstance(self._limit, tuple):
            return (trend > 0 and value > self._limit[1]) or (trend < 0 and value < self._limit[0])
        upward = op in (">", ">=")
        return trend != 0 and ((trend > 0) == upward) == COMPARE[op](value, self._limit)

    def value(self) -> float | None:
        """The left side."""
        if isinstance(self._rule.right, Quantity):
            right = self._others[-1].value
            if right is None or self._others[-1].foreign:
                return None
            self._limit = right
        left = self._left.value
        if left is None or self._left.foreign or self._rule.second is None:
            return None if self._left.foreign else left
        second = self._others[0].value
        if second is None or self._others[0].foreign:
            return None
        if self._rule.sign == "-":
            return left - second
        return left / second if second else None

    def reason(self) -> str:
        """`best(val/mae) is 92.3 (should be < 100)`."""
        value = self.value()
        if value is None:
            return self._why_not()
        label = next((label for least, label in self._rule.bands if value >= least), "")
        rule = self._rule
        moving = isinstance(rule.right, Quantity) and isinstance(self._limit, float)
        limit = f", {self._limit:.4g}" if moving else ""
        near = f", warns at {rule.warn_at:g}" if rule.warn_at is not None else ""
        says = f"{rule.left_text} is {shown(value)} (should be {rule.claim}{limit}{near})"
        return f"{says}: {label}" if label else says

    def window(self) -> tuple[float, ...]:
        """The newest finite values of the left metric."""
        return tuple(self._left.tail)

    def missing(self) -> str:
        """The first quantity that has never seen a point."""
        return next((part.why() for part in self._all if part.foreign or not part.seen), "")

    def _holds(self, value: float) -> bool:
        if isinstance(self._limit, tuple):
            inside = self._limit[0] <= value <= self._limit[1]
            return inside == (self._rule.op == "within")
        return COMPARE[self._rule.op](value, self._limit)

    def _divides_by_zero(self) -> bool:
        return self._rule.sign == "/" and self._left.value is not None and self._others[0].value == 0

    def _why_not(self) -> str:
        if self._divides_by_zero():
            return f"{self._rule.second} is 0, and {self._rule.left_text} has no value"
        return next((part.why() for part in self._all if part.foreign or part.value is None), "no value")


def read(table: GateTable) -> ValueRule:
    """The keys of a value gate."""
    left = table.quantity("left")
    if table.has("minus") and table.has("over"):
        table.wrong("minus and over exclude each other")
    sign = "-" if table.has("minus") else "/" if table.has("over") else ""
    second = table.quantity("minus" if sign == "-" else "over") if sign else None
    if (turned := table.text("op")[::-1]) in OPS and table.text("op") not in OPS:
        table.wrong(f"op {table.text('op')!r} is not known", hint=f"did you mean {turned!r}?")
    op = table.choice("op", OPS)
    right = _right(table, op)
    warn_at = table.number("warn_at") if table.has("warn_at") else None
    if warn_at is not None and (not isinstance(right, float) or not COMPARE[op[:1]](warn_at, right)):
        table.wrong(
            f"warn_at = {warn_at:g} should lie where the claim still holds: it warns before {op} {right}"
        )
    confidence = table.number("confidence") if table.has("confidence") else None
    if confidence is not None and not 0 < confidence < 1:
        table.wrong(f"confidence should lie between 0 and 1, not {confidence:g}")
    bands = table.pairs("bands", lambda label: isinstance(label, str), '[[75, "ready"], [0, "not ready"]]')
    goals = {
        q.metric: table.goal(q.metric, needed=q.reducer in DIRECTED)
        for q in sorted((q for q in (left, second, right) if isinstance(q, Quantity)), key=str)
    }
    return ValueRule(
        left=left,
        second=second,
        sign=sign,
        op=op,
        right=right,
        warn_at=warn_at,
        bands=tuple(sorted(bands, key=lambda band: -band[0])),
        confidence=confidence,
        goals=tuple(sorted(goals.items())),
    )


def _right(table: GateTable, op: str) -> float | Interval | Quantity:
    raw: Any = table.keys["right"]
    if op in ("within", "outside"):
        pair = isinstance(raw, list | tuple) and len(raw) == 2 and all(is_number(end) for end in raw)
        if not pair or raw[0] > raw[1]:
            table.wrong(f"right should be [low, high] with op {op!r}, not {raw!r}")
        return float(raw[0]), float(raw[1])
    return table.quantity("right") if isinstance(raw, str) else table.number("right")


PRIMITIVE = Primitive(
    required=("left", "op", "right"), optional=("minus", "over", "warn_at", "bands", "confidence"), read=read
)
