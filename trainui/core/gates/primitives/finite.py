"""finite: a metric's values are numbers. One stray NaN is pardoned, k in a row are not; a trip is for good."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from trainui.core.gates.reduction import TAIL
from trainui.core.gates.rule import Ending, Grade, Primitive
from trainui.core.gates.table import GateTable
from trainui.core.gates.verdict import Point, State
from trainui.core.gates.when import EACH

if TYPE_CHECKING:
    from trainui.core.gates.gate import Gate

PLAUSIBLE = 0.05
"""Above this, a loss that is suddenly exactly 0.0 is a trainer that prints 0.0 for an all-NaN window."""
TIMES = {1: "once", 2: "twice in a row"}


@dataclass(frozen=True, kw_only=True, slots=True)
class FiniteRule:
    """Fewer than `k` values in a row are NaN or infinite (or a false zero)."""

    metrics: tuple[str, ...]
    k: int = 2
    zero_is_bad: bool = False

    @property
    def text(self) -> str:
        """`train/loss, val/loss finite, but for fewer than 2 in a row`."""
        return f"{', '.join(self.metrics)} finite, but for fewer than {self.k} in a row"

    @property
    def threshold(self) -> float | None:
        """There is no line to draw."""
        return None

    def test(self) -> FiniteTest:
        """A fresh test."""
        return FiniteTest(self)


class FiniteTest:
    """How many bad values each metric has had in a row."""

    latches = True
    needs_finish = True

    def __init__(self, rule: FiniteRule) -> None:
        self._rule = rule
        self._streak = dict.fromkeys(rule.metrics, 0)
        self._last_good: dict[str, float] = {}
        self._seen: set[str] = set()
        self._worst = rule.metrics[0]
        self._newest: Point | None = None
        self._tail: deque[float] = deque(maxlen=TAIL)

    def see(self, point: Point) -> bool:
        """Count the point; every point is evaluated."""
        metric = point.metric
        self._seen.add(metric)
        self._newest = point
        self._tail.append(point.value)
        false_zero = (
            self._rule.zero_is_bad and point.value == 0 and abs(self._last_good.get(metric, 0)) > PLAUSIBLE
        )
        if not math.isfinite(point.value) or false_zero:
            self._streak[metric] += 1
            self._worst = metric
        else:
            self._streak[metric] = 0
            self._last_good[metric] = point.value
        return True

    def grade(self) -> Grade:
        """Bad at k in a row, near while any metric is in a streak."""
        worst = max(self._streak.values())
        if worst >= self._rule.k:
            return Grade.BAD
        if worst:
            return Grade.NEAR
        return Grade.GOOD if self._seen else Grade.WAIT

    def final(self, ending: Ending) -> Grade:
        """As now."""
        del ending
        return self.grade()

    def settled(self) -> bool:
        """Once k in a row, it has failed."""
        return self.grade() is Grade.BAD

    def value(self) -> float | None:
        """The newest value, whatever it is."""
        return None if self._newest is None else self._newest.value

    def reason(self) -> str:
        """`train/loss was nan twice in a row at step 240`."""
        if self._newest is None:
            return self.missing()
        streak = self._streak[self._worst]
        if not streak:
            return f"{', '.join(sorted(self._seen))} finite up to step {self._newest.step:g}"
        times = TIMES.get(streak, f"{streak} times in a row")
        return f"{self._worst} was {self._bad_value()} {times} at step {self._newest.step:g}"

    def window(self) -> tuple[float, ...]:
        """The newest values of the metrics watched, as they came."""
        return tuple(self._tail)

    def missing(self) -> str:
        """The first metric that never appeared."""
        absent = next((metric for metric in self._rule.metrics if metric not in self._seen), "")
        return f"metric {absent} never appeared" if absent else ""

    def _bad_value(self) -> str:
        bad = next((v for v in reversed(self._tail) if not math.isfinite(v) or v == 0), math.nan)
        return f"{bad}"


def looked_after(gates: Sequence[Gate]) -> dict[str, bool]:
    """Every name of a metric for which one of these gates stops a run that is no number at any time, and whether a
    false zero is none either."""
    found: dict[str, bool] = {}
    for gate in gates:
        rule = gate.params
        stops = "stop" in gate.actions.get(State.TRIPPED, ())
        if isinstance(rule, FiniteRule) and stops and gate.grace is None and gate.when == EACH:
            for name in (name for metric in rule.metrics for name in gate.names(metric)):
                found[name] = found.get(name, False) or rule.zero_is_bad
    return found


def read(table: GateTable) -> FiniteRule:
    """The keys of a finite gate."""
    metrics = table.texts("metrics") + table.texts("metric")
    if not metrics:
        table.wrong("metrics is missing", hint='for example metrics = ["train/loss"]')
    return FiniteRule(
        metrics=tuple(dict.fromkeys(table.known_meter("metrics", metric) for metric in metrics)),
        k=table.count("k", 2),
        zero_is_bad=table.flag("zero_is_bad"),
    )


PRIMITIVE = Primitive(
    required=(), optional=("metrics", "metric", "k", "zero_is_bad"), read=read, counts=False
)
