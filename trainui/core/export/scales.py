"""Where values lie in a picture: linear and logarithmic scales, and their round places."""

from __future__ import annotations

import math
from dataclasses import dataclass

ROOM = 0.04
"""Part of its height that a scale leaves free above and below."""


@dataclass(frozen=True, slots=True)
class Scale:
    """From values between `low` and `high` to places between `start` and `end`."""

    low: float
    high: float
    start: float
    end: float
    is_log: bool = False

    def __call__(self, value: float) -> float:
        """The place of a value; what lies outside is put on the edge."""
        value = min(max(value, self.low), self.high)
        if self.is_log:
            part = math.log(value / self.low) / math.log(self.high / self.low)
        else:  # halves, so that a range wider than all numbers does not overflow
            part = (value / 2 - self.low / 2) / (self.high / 2 - self.low / 2)
        return self.start + (self.end - self.start) * part


def scale(
    low: float, high: float, start: float, end: float, *, is_log: bool = False, room: float = ROOM
) -> Scale:
    """A scale that shows all from `low` to `high`, which may be equal. Logarithmic only where all is above 0."""
    if is_log and low > 0:
        if high <= low:
            low, high = low / 2, high * 2
        margin = (high / low) ** room
        return Scale(max(low / margin, 5e-324), min(high * margin, 1.7e308), start, end, True)
    if high <= low:
        reach = abs(low) / 10 or 1.0
        low, high = low - reach, high + reach
    margin = (high / 2 - low / 2) * 2 * room
    return Scale(max(low - margin, -1.7e308), min(high + margin, 1.7e308), start, end)


def ticks(one: Scale, most: int) -> list[tuple[float, str]]:
    """(value, label) of round places, at most about `most`."""
    if one.is_log and (found := _decades(one, most)):
        return [(value, short(value)) for value in found]
    width = one.high / 2 - one.low / 2
    rough = width / max(most, 1) * 2
    power = 10.0 ** math.floor(math.log10(rough))
    step = next((power * part for part in (1, 2, 5, 10) if power * part >= rough * 0.999), power * 10)
    first, last = math.ceil(one.low / step - 1e-9), math.floor(one.high / step + 1e-9)
    digits = max(0, -math.floor(math.log10(step) + 1e-9))
    values = [number * step for number in range(first, min(last, first + 3 * most) + 1)]
    if digits > 6 or max(map(abs, values), default=0.0) >= 1e6:
        return [(value, short(value)) for value in values]
    return [(value, f"{value + 0.0:.{digits}f}") for value in values]


def _decades(one: Scale, most: int) -> list[float]:
    first, last = math.ceil(math.log10(one.low) - 1e-9), math.floor(math.log10(one.high) + 1e-9)
    if last - first < 1:
        return []
    every = max(1, math.ceil((last - first + 1) / max(most, 1)))
    values = [10.0**power for power in range(first, last + 1, every)]
    if len(values) <= most // 2:
        values = [value * part for value in (values[0] / 10, *values) for part in (1, 2, 5)]
    return [value for value in values if one.low <= value <= one.high]


def short(value: float) -> str:
    """`1.5M`, `2e-05`, `0.25`."""
    for size, word in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if size <= abs(value) < 1e12:
            return f"{value / (1e3 if word == 'k' else size):g}{word}"
    return f"{value:.6g}"


def lasting(seconds: float) -> str:
    """`45 s`, `12 min`, `1.5 h`, `2 d`."""
    for size, word in ((172800, "d"), (7200, "h"), (120, "min")):
        if seconds >= size:
            return f"{seconds / {'d': 86400, 'h': 3600, 'min': 60}[word]:.3g} {word}"
    return f"{seconds:.3g} s"
