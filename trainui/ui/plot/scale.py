"""From values to places on a line, and the round numbers that label it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Scale:
    """A range of values laid over 0…1; logarithmic when `log`, where values must be above 0."""

    low: float
    high: float
    log: bool = False

    def place(self, value: float) -> float:
        """0 at the low end, 1 at the high end."""
        if self.log:
            if value <= 0:
                return 0.0
            return (math.log10(value) - math.log10(self.low)) / (math.log10(self.high) - math.log10(self.low))
        return (value - self.low) / (self.high - self.low)

    def holds(self, value: float) -> bool:
        """Whether the value lies on the scale."""
        return self.low <= value <= self.high


def scale_over(values: Iterable[float], *, log: bool = False) -> Scale:
    """A scale that holds every value; it falls back to linear when a value is not above 0."""
    kept = [value for value in values if math.isfinite(value)]
    low, high = (min(kept), max(kept)) if kept else (0.0, 1.0)
    if log and low > 0:
        return (
            Scale(low=low, high=high, log=True) if low < high else Scale(low=low / 2, high=high * 2, log=True)
        )
    if low == high:
        air = abs(low) / 2 or 0.5
        return Scale(low=low - air, high=high + air)
    return Scale(low=low, high=high)


def rounded(scale: Scale, parts: int = 12) -> Scale:
    """The scale with round ends, so that a curve that moves a little does not move the whole picture."""
    if scale.log:
        air = (scale.high / scale.low) ** 0.04
        return Scale(low=scale.low / air, high=scale.high * air, log=True)
    step = _step((scale.high - scale.low) / parts)
    if not step:
        return scale
    return Scale(low=math.floor(scale.low / step) * step, high=math.ceil(scale.high / step) * step)


def ahead(reached: float, total: float | None) -> float:
    """Where the axis of a curve that still grows may end: a round number with some room, at most its total."""
    if reached <= 0 or not math.isfinite(reached):
        return reached
    size: float = 10.0 ** math.floor(math.log10(reached))
    end = next(
        size * part for part in (1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10, 12) if size * part >= reached * 1.05
    )
    return min(end, total) if total is not None and total >= reached else end


def ticks(scale: Scale, most: int) -> list[float]:
    """Round numbers on the scale, at most about `most` of them."""
    if most < 1:
        return []
    return _log_ticks(scale, most) if scale.log else _linear_ticks(scale, most)


def _linear_ticks(scale: Scale, most: int) -> list[float]:
    step = _step((scale.high - scale.low) / most)
    if not step:
        return []
    first = math.ceil(scale.low / step - 1e-9)
    last = math.floor(scale.high / step + 1e-9)
    return [round(n * step, 12) for n in range(first, last + 1)]


def _step(rough: float) -> float:
    """The round number nearest to `rough`; 0 where there is none."""
    if rough <= 0 or not math.isfinite(rough):
        return 0.0
    size: float = 10.0 ** math.floor(math.log10(rough))
    return next(size * nice for nice in (1, 2, 5, 10, 20) if size * nice >= rough * 0.75)


def _log_ticks(scale: Scale, most: int) -> list[float]:
    first, last = math.floor(math.log10(scale.low)), math.ceil(math.log10(scale.high))
    for nice in ((1, 2, 5), (1, 3), (1,)):
        found = [n * 10.0**e for e in range(first, last + 1) for n in nice if scale.holds(n * 10.0**e)]
        if len(found) <= most:
            break
    else:
        found = found[:: math.ceil(len(found) / most)]
    return found if len(found) > 1 else _linear_ticks(Scale(low=scale.low, high=scale.high), most)
