"""value: a reduced quantity compared with a number, a band of numbers or another quantity."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from trainui.core.gates.claim import Claim, Interval
from trainui.core.gates.fold import COMPARE
from trainui.core.gates.quantity import Quantity
from trainui.core.gates.reduction import Reckoned, Reduction
from trainui.core.gates.rule import Ending, Grade, Primitive
from trainui.core.gates.table import GateTable
from trainui.core.gates.units import is_number
from trainui.core.gates.verdict import Point

NUMBER = re.compile(r"[-+]?[\d.]+(?:[eE][-+]?\d+)?")
OPS = (*COMPARE, "within", "outside")
DIRECTED = ("best", "argbest", "drawdown")
"""Reducers that need to know which way is better."""
SAMPLED = ("last", "best", "max", "min", "at", "mean", "median")
"""Reducers whose value is a share where the metric is one, and as uncertain as a single evaluation of it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ValueRule:
    """A claim, and which way its metrics go."""

    claim: Claim
    goals: tuple[tuple[str, str], ...] = ()
    """Metric → min, max or none."""

    @property
    def text(self) -> str:
        """`best(val/mae) < 100`."""
        return f"{self.claim.left_text} {self.claim.should}"

    @property
    def quantities(self) -> tuple[Quantity, ...]:
        """All quantities, left first."""
        return self.claim.quantities

    @property
    def metrics(self) -> tuple[str, ...]:
        """The metrics of this run that it watches."""
        return tuple(dict.fromkeys(q.metric for q in self.quantities if not q.run))

    @property
    def threshold(self) -> float | None:
        """The limit, where it is a height on the metric's own scale."""
        claim = self.claim
        on_scale = claim.left.reducer in SAMPLED and claim.second is None
        return claim.right if on_scale and isinstance(claim.right, float) else None

    def test(self, parts: Sequence[Reckoned] = ()) -> ValueTest:
        """A fresh test; of `parts`, one for each of its quantities, where these are not all of one run."""
        return ValueTest(self, parts)


class ValueTest:
    """The quantities of one value gate, reckoned."""

    latches = False
    needs_finish = True

    def __init__(self, rule: ValueRule, parts: Sequence[Reckoned] = ()) -> None:
        self._claim = rule.claim
        goals = dict(rule.goals)
        self._all: Sequence[Reckoned] = parts or [Reduction(q, goals[q.metric]) for q in rule.quantities]
        self._left = self._all[0]
        watched = {q.metric for q in rule.quantities[1:] if not q.run}
        self._partners = watched - {rule.claim.left.metric}
        self._plain = rule.claim.plain if len(self._all) == 1 and not self._left.foreign else None
        self._fresh: set[str] = set()
        self._left_waits = False

    def see(self, point: Point) -> bool:
        """Take in a point; a difference is evaluated once per pair, whichever of the two comes first."""
        if self._plain is not None:
            self._left.add(point)
            return point.value - point.value == 0 or self.grade() is Grade.BLIND
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
        if self._plain is not None and (value := self._left.value) is not None:
            holds, limit = self._plain
            return Grade.GOOD if holds(value, limit) else Grade.BAD
        values = self._values()
        grade = self._claim.grade(values)
        if grade is not Grade.WAIT:
            return grade
        blind = any(part.foreign or part.blind for part in self._all) or self._divides_by_zero(values)
        return Grade.BLIND if blind else Grade.WAIT

    def final(self, ending: Ending) -> Grade:
        """As now; what was waited for and never came has failed."""
        del ending
        never = self._left.fixed and self._left.finite and self._left.value is None
        return Grade.BAD if never else self.grade()

    def settled(self) -> bool:
        """Whether a reducer that can only move one way has passed the limit for good."""
        trend = self._left.trend
        if not trend and not self._left.fixed:
            return False
        if self._plain is not None and trend and not self._left.fixed:
            now, (holds, edge) = self._left.value, self._plain
            upward = self._claim.op[0] == ">"
            return now is not None and ((trend > 0) == upward) == holds(now, edge)
        values = self._values()
        value = self._claim.value(values)
        if value is None or len(self._all) > 1 or self._claim.grade(values) is Grade.CLOSE:
            return False
        if self._left.fixed:
            return True
        op, limit = self._claim.op, self._claim.limit(values)
        if isinstance(limit, tuple):
            return (trend > 0 and value > limit[1]) or (trend < 0 and value < limit[0])
        upward = op in (">", ">=")
        return trend != 0 and ((trend > 0) == upward) == COMPARE[op](value, limit)

    def value(self) -> float | None:
        """The left side."""
        return self._claim.value(self._values())

    def label(self) -> str:
        """What the band the value lies in is called."""
        return self._claim.label(self._values())

    def interval(self) -> Interval | None:
        """Where the value would lie again by chance alone."""
        return self._claim.interval(self._values())

    def reason(self) -> str:
        """`best(val/mae) is 92.3 (should be < 100)`."""
        values = self._values()
        if self._claim.value(values) is None:
            return self._why_not(values)
        return self._claim.says(values, looks=self._left.finite if self._claim.left.reducer == "best" else 0)

    def window(self) -> tuple[float, ...]:
        """The newest finite values of the left metric."""
        return tuple(self._left.tail)

    def missing(self) -> str:
        """The first quantity that has never seen a point."""
        return next((part.why() for part in self._all if part.foreign or not part.seen), "")

    def _values(self) -> list[float | None]:
        return [None if part.foreign else part.value for part in self._all]

    def _divides_by_zero(self, values: list[float | None]) -> bool:
        return self._claim.sign == "/" and values[0] is not None and values[1] == 0

    def _why_not(self, values: list[float | None]) -> str:
        if self._divides_by_zero(values):
            return f"{self._claim.second} is 0, and {self._claim.left_text} has no value"
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
    quantities = [q for q in (left, second, right) if isinstance(q, Quantity)]
    goals = {
        q.metric: table.goal(
            q.metric, needed=any(one.metric == q.metric and one.reducer in DIRECTED for one in quantities)
        )
        for q in quantities
    }
    bands = table.pairs("bands", lambda label: isinstance(label, str), '[[75, "ready"], [0, "not ready"]]')
    if len({least for least, _ in bands}) < len(bands):
        table.wrong("bands begin at the same number twice")
    return ValueRule(
        claim=Claim(
            left=left,
            second=second,
            sign=sign,
            op=op,
            right=right,
            warn_at=_inside(table, "warn_at", op, right),
            clear_at=_inside(table, "clear_at", op, right),
            bands=tuple(sorted(bands, key=lambda band: -band[0])),
            confidence=_confidence(table, quantities),
            samples=_samples(table, quantities),
            in_percent=any(table.words(q.metric).fraction for q in quantities),
        ),
        goals=tuple(sorted(goals.items())),
    )


def _right(table: GateTable, op: str) -> float | Interval | Quantity:
    raw: Any = table.keys["right"]
    if op in ("within", "outside"):
        pair = isinstance(raw, list | tuple) and len(raw) == 2 and all(is_number(end) for end in raw)
        if not pair or raw[0] > raw[1]:
            table.wrong(f"right should be [low, high] with op {op!r}, not {raw!r}")
        return float(raw[0]), float(raw[1])
    if isinstance(raw, str) and NUMBER.fullmatch(raw.strip().rstrip("% ")):
        number = raw.strip().rstrip("% ")
        table.wrong(f"right = {raw!r} is a number in quotes", hint=f"write right = {number}")
    return table.quantity("right") if isinstance(raw, str) else table.number("right")


def _inside(table: GateTable, key: str, op: str, right: float | Interval | Quantity) -> float | None:
    """A second threshold, on the side where the claim holds."""
    if not table.has(key):
        return None
    number = table.number(key)
    if not isinstance(right, float):
        table.wrong(f"{key} needs a right that is one number", hint=f"write a second gate instead of {key}")
    if not COMPARE[op[:1]](number, right):
        says = "warns before" if key == "warn_at" else "clears a trip of"
        table.wrong(f"{key} = {number:g} should lie where the claim still holds: it {says} {op} {right:g}")
    return number


def _confidence(table: GateTable, quantities: list[Quantity]) -> float | None:
    if not table.has("confidence"):
        return None
    confidence = table.number("confidence")
    if not 0 < confidence < 1:
        table.wrong(f"confidence should lie between 0 and 1, not {confidence:g}")
    for quantity in quantities:
        if quantity.reducer not in SAMPLED:
            hint = f"confidence goes with {', '.join(SAMPLED)}"
            table.wrong(f"confidence of {quantity} cannot be said", hint=hint)
        if table.has_words and table.words(quantity.metric).n_eval is None:
            table.wrong(
                f"confidence needs to know on how many samples {quantity.metric} is measured",
                hint=f"for example n_eval = 1000 in [metric.{quantity.metric}]",
            )
    if len(quantities) > 2:
        table.wrong("confidence goes with one or two quantities, not three")
    return confidence


def _samples(table: GateTable, quantities: list[Quantity]) -> tuple[int, ...]:
    counts = [table.words(q.metric).n_eval for q in quantities if q.reducer in SAMPLED]
    known = tuple(count for count in counts if count is not None)
    return known if len(known) == len(quantities) else ()


PRIMITIVE = Primitive(
    required=("left", "op", "right"),
    optional=("minus", "over", "warn_at", "clear_at", "bands", "confidence"),
    read=read,
)
