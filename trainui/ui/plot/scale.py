"""From values to places on a line and back, and the scales that hold what is to be seen."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from itertools import pairwise

from msgspec import Struct

_FAR = 1e5
"""How far beyond its ends a scale has dots, in its own lengths."""
_LARGEST = 1e300
"""Beyond this a scale could not tell how long it is; such values lie beyond its ends."""
_LEAST = 1e-300
"""At or below this a logarithmic scale would come to 0, where it ends; such values lie below it."""


class Scale(Struct, frozen=True, kw_only=True):
    """A range of values laid over 0…1; logarithmic when `log`, where `low` and `high` are above 0."""

    low: float
    high: float
    log: bool = False

    def place(self, value: float) -> float:
        """0 at the low end, 1 at the high end; on a logarithmic scale, 0 for what is not above 0."""
        if self.log:
            if value <= 0:
                return 0.0
            return (math.log10(value) - math.log10(self.low)) / (math.log10(self.high) - math.log10(self.low))
        return (value - self.low) / (self.high - self.low)

    def value(self, place: float) -> float:
        """The value that lies at a place; the reverse of `place`."""
        if self.log:
            low, high = math.log10(self.low), math.log10(self.high)
            return float(10.0 ** (low + (high - low) * place))
        return self.low + (self.high - self.low) * place

    def holds(self, value: float) -> bool:
        """Whether the value lies on the scale."""
        return self.low <= value <= self.high

    def dots(self, count: int, *, down: bool = False) -> Callable[[float], int]:
        """A quick way from values to dots 0…count - 1, from the high end on if `down`.

        What lies beyond an end gets a dot beyond it, where a line towards it leads.
        """
        low, high = (math.log10(self.low), math.log10(self.high)) if self.log else (self.low, self.high)
        factor = (count - 1) / (high - low)
        start, factor = (high, -factor) if down else (low, factor)
        far = (high - low) * _FAR
        least, most = low - far, high + far

        def dot(value: float) -> int:
            if not least <= value <= most:
                value = least if value < least else most
            return round((value - start) * factor)

        if not self.log:
            return dot
        log10 = math.log10
        return lambda value: dot(log10(value) if value > 0 else least)


def scale_over(values: Iterable[float], *, log: bool = False) -> Scale:
    """A scale that holds every finite value, and if `log` every one above 0; linear where there is none of these."""
    kept = [value for value in values if -_LARGEST < value < _LARGEST]
    positive = [value for value in kept if value > _LEAST] if log else []
    if positive:
        low, high = min(positive), max(positive)
        return (
            Scale(low=low, high=high, log=True) if low < high else Scale(low=low / 2, high=high * 2, log=True)
        )
    low, high = (min(kept), max(kept)) if kept else (0.0, 1.0)
    if high - low <= 1e-12 * max(abs(low), abs(high)):
        air = abs(low) / 2 or 0.5
        return Scale(low=low - air, high=high + air)
    return Scale(low=low, high=high)


def rounded(scale: Scale, parts: int = 12) -> Scale:
    """The scale with round ends, so that a curve that moves a little does not move the whole picture."""
    if scale.log:
        air = 10.0 ** (0.04 * (math.log10(scale.high) - math.log10(scale.low)))
        return Scale(low=max(scale.low / air, _LEAST / 2), high=min(scale.high * air, _LARGEST), log=True)
    step = nice((scale.high - scale.low) / parts)
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


def within(values: Iterable[tuple[float, int]], part: float = 0.01) -> tuple[float, float] | None:
    """The range that is left when `part` of the (value, weight) is cut off at each end, with some air.

    None where that would not make the range less than half as wide: nothing lies far out then.
    """
    told = sorted((value, weight) for value, weight in values if math.isfinite(value))
    total = sum(weight for _, weight in told)
    if len(told) < 5:
        return None
    cut = total * part
    low, high = _reach(told, cut), _reach(told[::-1], cut)
    air = (high - low) * 0.25
    low, high = max(told[0][0], low - air), min(told[-1][0], high + air)
    return (low, high) if 0 < high - low < (told[-1][0] - told[0][0]) / 2 else None


def _reach(told: list[tuple[float, int]], cut: float) -> float:
    passed = 0.0
    for value, weight in told:
        passed += weight
        if passed > cut and (passed > 1 or cut == 0):
            return value
    return told[-1][0]


def ticks(scale: Scale, most: int) -> list[float]:
    """Round numbers on the scale, at most about `most` of them."""
    if most < 1:
        return []
    return _log_ticks(scale, most) if scale.log else _linear_ticks(scale, most)


def even_ticks(scale: Scale, most: int, rows: int) -> list[float]:
    """Ticks for a scale of so many rows: every second one where some would stand close and others far apart."""
    values = ticks(scale, most)
    while not scale.log and len(values) > 2:
        places = [math.floor((1 - scale.place(value)) * rows) for value in values]
        gaps = [below - above for below, above in pairwise(places)]
        step = values[1] - values[0]
        half = [value for value in values if round(value / step) % 2 == 0]
        if min(gaps) > 1 or max(gaps) == 1 or len(half) < 2:
            break
        values = half
    return values


def _linear_ticks(scale: Scale, most: int) -> list[float]:
    step = nice((scale.high - scale.low) / most)
    if not step:
        return []
    first = math.ceil(scale.low / step - 1e-9)
    last = math.floor(scale.high / step + 1e-9)
    digits = 12 if step > 1e-9 else 2 - math.floor(math.log10(step))
    return [round(n * step, digits) for n in range(first, last + 1)]


def nice(rough: float) -> float:
    """The round number nearest to `rough`; 0 where there is none."""
    if rough <= 0 or not math.isfinite(rough):
        return 0.0
    size: float = 10.0 ** math.floor(math.log10(rough))
    return next(size * part for part in (1, 2, 5, 10, 20) if size * part >= rough * 0.75)


def _log_ticks(scale: Scale, most: int) -> list[float]:
    first, last = math.floor(math.log10(scale.low)), math.ceil(math.log10(scale.high))
    for parts in ((1, 2, 5), (1, 3), (1,)):
        found = [n * 10.0**e for e in range(first, last + 1) for n in parts if scale.holds(n * 10.0**e)]
        if len(found) <= most:
            break
    else:
        found = found[:: math.ceil(len(found) / most)]
    return found if len(found) > 1 else _linear_ticks(Scale(low=scale.low, high=scale.high), most)
