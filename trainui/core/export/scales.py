"""Where values lie in a picture: linear and logarithmic scales, and their round places."""

from __future__ import annotations

import math
from collections.abc import Sequence
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


def ticks(one: Scale, most: int, *, least: float = 0.0) -> list[tuple[float, str]]:
    """(value, label) of round places, at most about `most`, and `least` apart where the scale is not shorter."""
    if one.is_log and (found := _decades(one, most)):
        return [(value, short(value)) for value in found]
    width = one.high / 2 - one.low / 2
    rough = width / max(most, 1) * 2
    power = 10.0 ** math.floor(math.log10(rough))
    step = next((power * part for part in (1, 2, 5, 10) if power * part >= rough * 0.999), power * 10)
    step = max(step, least) if width * 2 >= least else step
    first, last = math.ceil(one.low / step - 1e-9), math.floor(one.high / step + 1e-9)
    digits = max(0, -math.floor(math.log10(step) + 1e-9))
    values = [number * step for number in range(first, min(last, first + 3 * most) + 1)]
    if digits > 6 or max(map(abs, values), default=0.0) >= 1e6:
        return [(value, short(value)) for value in values]
    return [(value, f"{value + 0.0:.{digits}f}") for value in values]


TIMES = (
    1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400,
)  # fmt: skip
"""Seconds between the round places of a scale of time, until they are round numbers of days."""


def time_ticks(one: Scale, most: int) -> list[tuple[float, str]]:
    """(seconds, label) of places that are round on a clock, at most about `most`."""
    rough = (one.high - one.low) / max(most, 1)
    if rough <= 0.5:
        return [(value, f"{label} s" if value else "0") for value, label in ticks(one, most)]
    step = float(next((size for size in TIMES if size >= rough * 0.999), 0))
    if not step:
        power = 10.0 ** math.floor(math.log10(rough / 86400))
        step = 86400 * next(power * part for part in (1, 2, 5, 10) if 86400 * power * part >= rough * 0.999)
    first, last = math.ceil(one.low / step - 1e-9), math.floor(one.high / step + 1e-9)
    return [(number * step, clocked(number * step, step)) for number in range(first, last + 1)]


def clocked(seconds: float, step: float) -> str:
    """`0`, `45 s`, `5 min`, `1 h 30`, `2 d 6 h`: a multiple of `step`, with nothing finer than that."""
    whole = round(seconds)
    if whole >= 86400 and step >= 3600:
        days, hours = divmod(whole // 3600, 24)
        return f"{days} d {hours} h" if hours else f"{days} d"
    minutes, rest = divmod(whole, 60)
    if whole < 3600:
        told = f"{minutes} min {rest:02}" if rest else f"{minutes} min"
        return told if minutes else f"{rest} s" if rest else "0"
    told = f"{minutes // 60} h"
    if minutes % 60 or rest:
        told += f" {minutes % 60:02}"
    return f"{told}:{rest:02}" if rest else told


def spread(places: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """These places moved apart until there is a `gap` between any two, as little as that takes, all from `low` to
    `high`; nearer together where there is no room."""
    gap = min(gap, (high - low) / max(len(places) - 1, 1))
    order = sorted(range(len(places)), key=places.__getitem__)
    blocks: list[tuple[float, int]] = []
    for rank, number in enumerate(order):
        total, count = places[number] - rank * gap, 1
        while blocks and blocks[-1][0] / blocks[-1][1] > total / count:
            total, count = total + blocks[-1][0], count + blocks[-1][1]
            blocks.pop()
        blocks.append((total, count))
    middles = [total / count for total, count in blocks for _ in range(count)]
    found = list(places)
    for rank, number in enumerate(order):
        lowest, highest = low + rank * gap, high - (len(order) - 1 - rank) * gap
        found[number] = min(max(middles[rank] + rank * gap, lowest), highest)
    return found


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
