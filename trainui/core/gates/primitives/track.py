"""track: a metric keeps to a curve that was written down beforehand."""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass
from itertools import pairwise

from trainui.core.gates.memory import MetricTest
from trainui.core.gates.rule import Grade, Primitive
from trainui.core.gates.table import GateTable
from trainui.core.gates.units import Amount, is_number, shown
from trainui.core.gates.verdict import Point

NOTHING = Amount(value=0.0)
SIDES = ("above", "below", "both")


@dataclass(frozen=True, kw_only=True, slots=True)
class TrackRule:
    """`metric` is not beyond `tol` on the bad `side` of the line through `points`."""

    metric: str
    axis: str
    """`epoch`, `step`, or a meter such as `@wall_h`."""
    points: tuple[tuple[float, float], ...]
    tol: Amount
    side: str

    @property
    def text(self) -> str:
        """`val/wer not above its written curve + 15 %`."""
        bad = "off" if self.side == "both" else self.side
        return f"{self.metric} not {bad} its written curve by more than {self.tol}"

    @property
    def metrics(self) -> tuple[str, ...]:
        """The metric, and the meter it runs along if there is one."""
        return (self.metric, self.axis) if self.axis.startswith("@") else (self.metric,)

    @property
    def threshold(self) -> float | None:
        """It is a curve, not a line."""
        return None

    def expected(self, x: float) -> float | None:
        """The curve at `x`: straight between its points, level after the last; None before the first."""
        if x < self.points[0][0]:
            return None
        right = bisect_right(self.points, (x, math.inf))
        if right == len(self.points):
            return self.points[-1][1]
        (x0, y0), (x1, y1) = self.points[right - 1], self.points[right]
        return y0 + (y1 - y0) * (x - x0) / (x1 - x0)

    def test(self) -> TrackTest:
        """A fresh test."""
        return TrackTest(self)


class TrackTest(MetricTest):
    """The newest value, and the curve beside it."""

    def __init__(self, rule: TrackRule) -> None:
        super().__init__(rule.metric)
        self._rule = rule
        self._x: float | None = None

    def take(self, point: Point) -> bool:
        """Take in a point of the metric or of the axis; a metered axis makes standing still visible."""
        axis = self._rule.axis
        if axis.startswith("@"):
            if point.metric == axis and math.isfinite(point.value):
                self._x = point.value
            return point.metric == axis and self.seen > 0
        self._x = point.epoch if axis == "epoch" else point.step
        return True

    def grade(self) -> Grade:
        """Bad beyond the tolerance on the bad side."""
        if not math.isfinite(self.newest):
            return Grade.BLIND if self.seen else Grade.WAIT
        expected = self._expected()
        if expected is None:
            return Grade.WAIT
        off, allowed = self.newest - expected, self._rule.tol.of(expected)
        above = off > allowed and self._rule.side != "below"
        below = -off > allowed and self._rule.side != "above"
        return Grade.BAD if above or below else Grade.GOOD

    def reason(self) -> str:
        """`val/wer is 52, where 40 was expected at epoch 40 (15 % allowed)`."""
        expected = self._expected()
        if not math.isfinite(self.newest):
            return self.no_number()
        if self._x is None:
            return f"{self._rule.axis} was never measured"
        if expected is None:
            return f"{self.metric} has not come to the curve's first point"
        return (
            f"{self.metric} is {shown(self.newest)}, where {shown(expected)} was expected at"
            f" {self._rule.axis} {shown(self._x)} ({self._rule.tol} allowed)"
        )

    def _expected(self) -> float | None:
        return None if self._x is None else self._rule.expected(self._x)


def read(table: GateTable) -> TrackRule:
    """The keys of a track gate."""
    points = table.pairs("points", is_number, "[[1, 98], [10, 65]]")
    if not points or any(a[0] >= b[0] for a, b in pairwise(points)):
        table.wrong("points should go forward: [[1, 98], [10, 65]]")
    axis = table.text("axis", "epoch")
    if axis not in ("epoch", "step"):
        if not axis.startswith("@"):
            table.wrong(f"axis {axis!r} is not known", hint="known: epoch, step, or a meter such as @wall_h")
        table.known_meter("axis", axis)
    return TrackRule(
        metric=table.metric("metric"),
        axis=axis,
        points=tuple((x, float(y)) for x, y in points),
        tol=table.amount("tol", NOTHING),
        side=table.choice("side", SIDES),
    )


PRIMITIVE = Primitive(required=("metric", "points", "side"), optional=("axis", "tol"), read=read)
