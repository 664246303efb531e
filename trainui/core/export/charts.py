"""What a picture of curves holds: one chart per metric, the runs overlaid. Whoever draws only draws."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

EPOCH, STEP, ELAPSED = "epoch", "step", "elapsed"
AXES = (EPOCH, STEP, ELAPSED)
"""What x may count; `elapsed`: seconds since the line of runs began."""
INKS, STYLES = 8, 4
"""Colours, and manners of drawing a line, that a picture must have."""
ON_WHITE = ("#1979ff", "#ca6232", "#159276", "#83168f", "#59254b", "#a16c8e", "#1a44da", "#7d7bb9")
"""The dashboard's colours on light, which eyes of every kind can tell apart."""


class Spot(NamedTuple):
    """`points` neighbouring points of a curve, placed where the last of them was written."""

    step: float
    epoch: float | None
    elapsed: float | None
    low: float | None
    """None, as are high and last: no point of it was finite."""
    high: float | None
    last: float | None
    points: int
    nonfinite: int

    def x(self, axis: str) -> float:
        """Where it lies on an axis that the chart knows."""
        found = {EPOCH: self.epoch, STEP: self.step, ELAPSED: self.elapsed}[axis]
        assert found is not None
        return found


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """A stretch of a line, drawn without a break but where nothing was finite."""

    run: str
    """Who wrote it."""
    spots: tuple[Spot, ...]
    is_over: bool = False
    """The next one took over before: it is drawn dim."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """The curve of one run, with what those wrote that it goes on from and that have no line of their own."""

    run: str
    ink: int
    style: int
    points: int
    parts: tuple[Part, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Threshold:
    """The height a gate compares with."""

    gate: str
    value: float
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Guide:
    """A curve that a gate wrote down beforehand."""

    gate: str
    axis: str
    points: tuple[tuple[float, float], ...]
    """(x, value)"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Mark:
    """Something that happened to a run, placed on its line."""

    kind: str
    """`nonfinite`, `gate`, `checkpoint`, `restart` or `remedy`."""
    run: str
    ink: int
    at: Mapping[str, float]
    """Axis → x, for the axes on which its place is known."""
    value: float | None
    """How high the curve is there; None where that is not known."""
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Chart:
    """One metric."""

    metric: str
    goal: str
    """`min` or `max`; '' where nobody knows."""
    axis: str
    """What x counts unless another axis is asked for."""
    axes: tuple[str, ...]
    """The axes on which every point has a place."""
    is_log: bool
    """Whether its values are read better on a logarithmic scale."""
    lines: tuple[Line, ...]
    thresholds: tuple[Threshold, ...] = ()
    guides: tuple[Guide, ...] = ()
    marks: tuple[Mark, ...] = ()

    def heights(self) -> tuple[float, float] | None:
        """The lowest and the highest value of its curves; None where nothing is finite."""
        spots = [one for line in self.lines for part in line.parts for one in part.spots]
        lows = [one.low for one in spots if one.low is not None]
        highs = [one.high for one in spots if one.high is not None]
        return (min(lows), max(highs)) if lows else None

    def widths(self, axis: str) -> tuple[float, float]:
        """The first and the last x of its curves."""
        xs = [one.x(axis) for line in self.lines for part in line.parts for one in part.spots]
        return min(xs, default=0.0), max(xs, default=1.0)


def style_of(ink: int) -> tuple[int, int]:
    """(colour, manner) of the line number `ink`: neighbours differ in both, 32 lines differ in one."""
    return ink % INKS, (ink + ink // INKS) % STYLES


FEW = 5
"""Values below which nothing is said of how they lie."""


def asks_for_log(values: list[float]) -> bool:
    """Whether most of these values would lie on the floor of a linear picture: all above 0, over two decades, and more
    than half of them in its lowest tenth."""
    if len(values) < FEW or min(values) <= 0:
        return False
    low, high = min(values), max(values)
    floor = low + (high - low) / 10
    return high / low >= 100 and sum(value <= floor for value in values) * 2 > len(values)
