"""RULE: where a curve is heading: a power law through what it showed, with a band. Pure; never a reason to stop.

Measured on the first halves of real curves (tests/core/test_extrapolate.py prints it): at the end a forecast is
off by less than the last value is, and three in four ends lie inside the band.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from msgspec import Struct
from msgspec.structs import replace

LEAST = 8
"""Evaluations before anything is said."""
MOST = 200
"""Points of a fit; a longer curve is thinned to the medians of its neighbours."""
POWERS = tuple(0.05 * 1.2**n for n in range(24))
FAR = 4.0
"""How many times as far as the curve has come a target is looked for, where the run's end is not known."""
STEPS = 120
"""Places at which a path is reckoned."""
_NOISE, _CLOSE, _TURN = 0.15, 3.0, 0.7
_LIKELY = 4.0
"""Fits whose error is this many parts of its degrees of freedom above the best one's are as believable."""


class Estimate(Struct, frozen=True, kw_only=True):
    """What is expected at one place of the x axis, and the band of what would be no surprise."""

    x: float
    value: float
    low: float
    high: float


class Forecast(Struct, frozen=True, kw_only=True):
    """a + b · n^-c, where n counts evaluations from 1; `x` is an epoch or a step."""

    a: float
    b: float
    c: float
    start: float
    """x of the first evaluation."""
    gap: float
    """x from one evaluation to the next."""
    reached: float
    """x of the last evaluation."""
    end: float | None
    """x where the run ends; None when it told no total."""
    evaluations: int
    noise: float
    """Standard deviation around the fit."""
    reach: float
    """From the lowest value of the curve to the highest."""
    floor: float
    """What the band does not go below: 0 where no value did."""
    missed: float
    """How far off the same fit, made at half of the curve, was at the last point."""
    rivals: tuple[tuple[float, float, float], ...]
    """(a, b, c) of the fits that are as believable."""

    def at(self, x: float) -> Estimate:
        """The expected value at `x`, and its band: the fit's rivals, noise, past error and how far ahead it is."""
        n, now = self._number(x), self._number(self.reached)
        value = _power(self.a, self.b, self.c, n)
        doublings = max(0.0, math.log2(n / now))
        change = value - _power(self.a, self.b, self.c, now)
        error = math.hypot(
            self.missed * doublings, 1.64 * self.noise, 0.5 * change, 0.04 * self.reach * doublings
        )
        others = [_power(a, b, c, n) for a, b, c in self.rivals]
        return Estimate(
            x=x,
            value=value,
            low=max(self.floor, value - math.hypot(value - min(others, default=value), error)),
            high=value + math.hypot(max(others, default=value) - value, error),
        )

    def times(self, factor: float) -> Forecast:
        """The same forecast of values that are `factor` times as high; `factor` is above 0."""
        return replace(
            self,
            a=self.a * factor,
            b=self.b * factor,
            noise=self.noise * factor,
            reach=self.reach * factor,
            floor=self.floor * factor,
            missed=self.missed * factor,
            rivals=tuple((a * factor, b * factor, c) for a, b, c in self.rivals),
        )

    def path(self) -> tuple[Estimate, ...]:
        """What is expected from the last evaluation to the end of the run, or far enough where that is not known."""
        far = self.end if self.end is not None else self.reached + FAR * (self.reached - self.start)
        return tuple(self.at(self.reached + (far - self.reached) * n / STEPS) for n in range(STEPS + 1))

    def _number(self, x: float) -> float:
        return max(1.0, (x - self.start) / self.gap + 1)


def forecast(points: Sequence[tuple[float, float]], *, end: float | None) -> tuple[Forecast | None, str]:
    """The forecast of a curve of (x, value) in the order written, or None and why there is none.

    `end`: x where the run will end. Points before x last went back are left out, values that are no numbers too.
    """
    if points and not math.isfinite(points[-1][1]):
        return None, "its last value is not a number"
    kept = [(x, y) for x, y in _newest_stretch(points) if math.isfinite(y)]
    count = len(kept)
    if count < LEAST:
        return None, f"{LEAST} evaluations are needed, and there are {count}"
    xs, ys = _thinned(kept)
    reach = max(ys) - min(ys)
    if not reach or kept[-1][0] <= kept[0][0]:
        return None, "it has not moved"
    start, gap = kept[0][0], (kept[-1][0] - kept[0][0]) / (count - 1)
    numbers = [(x - start) / gap + 1 for x in xs]
    (error, a, b, c), rivals = _fits(numbers, ys)
    half = len(ys) // 2
    (_, *past), _ = _fits(numbers[:half], ys[:half]) if half >= 5 else ((0.0, a, b, c), ())
    last = numbers[-1]
    found = Forecast(
        a=a, b=b, c=c, start=start, gap=gap, reached=kept[-1][0], end=end, evaluations=count,
        noise=math.sqrt(error * len(ys) / max(len(ys) - 3, 1)), reach=reach,
        floor=0.0 if min(ys) >= 0 else -math.inf,
        missed=abs(_power(past[0], past[1], past[2], last) - _power(a, b, c, last)), rivals=rivals,
    )  # fmt: skip
    why = _distrust(found, ys)
    return (None, why) if why else (found, "")


def crossing(path: Sequence[tuple[float, float]], target: float) -> float | None:
    """Where a path of (x, value) first comes to `target`, straight between its points; None when it does not."""
    for (x0, y0), (x1, y1) in pairwise(path):
        if (y0 - target) * (y1 - target) <= 0:
            return x0 if y0 == y1 else x0 + (x1 - x0) * (target - y0) / (y1 - y0)
    return None


def _power(a: float, b: float, c: float, n: float) -> float:
    return a + b * float(n**-c)


def _newest_stretch(points: Sequence[tuple[float, float]]) -> Sequence[tuple[float, float]]:
    begin = 0
    for at in range(1, len(points)):
        if points[at][0] < points[at - 1][0]:
            begin = at
    return points[begin:]


def _thinned(points: Sequence[tuple[float, float]]) -> tuple[list[float], list[float]]:
    """At most MOST points: the medians of neighbours, in the middle of where they stood."""
    parts = min(MOST, len(points))
    edges = [n * len(points) // parts for n in range(parts + 1)]
    groups = [points[first:last] for first, last in pairwise(edges)]
    return [(g[0][0] + g[-1][0]) / 2 for g in groups], [median(y for _, y in g) for g in groups]


def _fits(
    numbers: Sequence[float], ys: Sequence[float]
) -> tuple[tuple[float, float, float, float], tuple[tuple[float, float, float], ...]]:
    """(mean squared error, a, b, c) of the best fit, and (a, b, c) of all that are as believable.

    Each power is fitted by weighted least squares: what came last counts most.
    """
    weights = [float(n) for n in range(1, len(ys) + 1)]
    total = sum(weights)
    mean_y = sum(w * y for w, y in zip(weights, ys, strict=True)) / total
    found = []
    for c in POWERS:
        us = [float(n**-c) for n in numbers]
        mean_u = sum(w * u for w, u in zip(weights, us, strict=True)) / total
        uu = uy = yy = 0.0
        for w, u, y in zip(weights, us, ys, strict=True):
            du, dy = u - mean_u, y - mean_y
            uu += w * du * du
            uy += w * du * dy
            yy += w * dy * dy
        b = uy / uu if uu > 0 else 0.0
        found.append((max(0.0, yy - b * uy) / total, mean_y - b * mean_u, b, c))
    best = min(found)
    limit = best[0] * (1 + _LIKELY / max(len(ys) - 3, 1))
    return best, tuple((a, b, c) for error, a, b, c in found if error <= limit)


def _distrust(found: Forecast, ys: Sequence[float]) -> str:
    """Why this fit is better not shown; '' when it may be."""
    end = found.end if found.end is not None else found.reached * 2 - found.start
    if end <= found.reached:
        return "the run is at its end"
    value = found.at(end).value
    if found.noise > _NOISE * found.reach:
        return f"it scatters by {found.noise / found.reach:.0%} of its range around any smooth curve"
    if (min(ys) > 0 and value <= 0) or (max(ys) < 0 and value >= 0):
        return "a curve through it would pass zero"
    if min(ys) >= 0 and value < _CLOSE * found.noise:
        return "it is so close to zero that its noise is all there is to see"
    recent = ys[-max(4, len(ys) // 3) :]
    middle = len(recent) // 2
    slope = median(recent[middle:]) - median(recent[:middle])
    whole = value - median(ys[: max(3, len(ys) // 5)])
    if slope * whole < 0 and abs(slope) > _TURN * found.noise:
        return "it has turned: of late it moves against its own course"
    return ""
