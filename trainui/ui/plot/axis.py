"""What may lie on the x axis, how a moment becomes a place on it, and how its places are written."""

from __future__ import annotations

import math
import time
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from trainui.core.money.amounts import sign
from trainui.ui.plot.scale import ticks

if TYPE_CHECKING:
    from trainui.ui.plot.scale import Scale

EPOCH, STEP, ELAPSED, WALL, GPU_HOURS, COST = "epoch", "step", "elapsed", "wall", "GPU-hours", "cost"
AXES = (EPOCH, STEP, ELAPSED, WALL, GPU_HOURS, COST)
"""In the order in which a key turns through them."""
BY_TIME = (ELAPSED, WALL, GPU_HOURS, COST)
"""Axes on which a point lies where its time says."""
_PARTS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5)
_SECONDS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200)
_DAY = 86400


def axis_name(axis: str, currency: str) -> str:
    """How an axis is written: the one of what a run cost by its unit, the others by their names."""
    return sign(currency) if axis == COST else axis


class Course:
    """Unix time → x, straight between breakpoints; level before the first and after the last of them."""

    def __init__(self, breakpoints: Iterable[tuple[float, float]]) -> None:
        told = sorted(breakpoints)
        self._at = [at for at, _ in told]
        self._x = [x for _, x in told]

    def __call__(self, at: float) -> float:
        """Where a moment lies; NaN where nothing is known."""
        place = bisect_right(self._at, at)
        if place == 0 or place == len(self._at):
            return (self._x[0] if place == 0 else self._x[-1]) if self._x else math.nan
        before, after = self._at[place - 1], self._at[place]
        part = (at - before) / (after - before)
        return self._x[place - 1] + (self._x[place] - self._x[place - 1]) * part

    def __bool__(self) -> bool:
        """Whether anything is known."""
        return bool(self._at)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Course) and (self._at, self._x) == (other._at, other._x)

    def __hash__(self) -> int:
        return hash((tuple(self._at), tuple(self._x)))


def x_ticks(scale: Scale, axis: str, most: int) -> list[tuple[float, str]]:
    """(x, label) of the round places of an axis, at most about `most`: numbers, durations or clock times."""
    if axis in (ELAPSED, WALL) and not scale.log:
        return _times(scale, most, is_clock=axis == WALL)
    values = ticks(scale, most)
    if axis == ELAPSED:
        return [(value, _lasting(value, value)) for value in values]
    texts = [f"{value:g}" for value in values] if scale.log else labels(values)
    return list(zip(values, texts, strict=True))


def labels(values: Sequence[float]) -> list[str]:
    """Numbers with just as many decimals as tell them apart."""
    gaps = [right - left for left, right in pairwise(sorted(values)) if right > left]
    if not gaps:
        return [_short(value) for value in values]
    step = min(gaps)
    largest = max(map(abs, values), default=0.0)
    if largest >= 1e7 or step < 1e-6:
        short = [_short(value) for value in values]
        if len(set(short)) == len(short):
            return short
    digits = (
        0 if all(value == int(value) for value in values) else max(0, -math.floor(math.log10(step) + 1e-9))
    )
    return [f"{value:.{digits}f}" for value in values]


def _short(value: float) -> str:
    for size, word in ((1e9, "G"), (1e6, "M")):
        if abs(value) >= size:
            return f"{value / size:g}{word}"
    return f"{value:g}"


def _times(scale: Scale, most: int, *, is_clock: bool) -> list[tuple[float, str]]:
    """Every so many seconds or parts of one, minutes, hours or days; a clock's from local midnight on."""
    rough = (scale.high - scale.low) / max(most, 1)
    days = next((n for n in (1, 2, 7, 14, 30, 60, 180, 365) if n * _DAY >= rough), 365 * 4)
    sizes = _SECONDS if is_clock or scale.high > 60 else (*_PARTS, *_SECONDS)
    step = next((one for one in sizes if one >= rough * 0.75), days * _DAY)
    shift = time.localtime(scale.low).tm_gmtoff if is_clock else 0
    first = math.ceil((scale.low + shift) / step - 1e-9)
    last = math.floor((scale.high + shift) / step + 1e-9)
    found = [round(float(n * step - shift), 6) for n in range(first, min(last, first + 10 * most + 10) + 1)]
    if not is_clock:
        return [(at, _lasting(at, step)) for at in found]
    return [(at, _clock(at, step, is_first=n == 0)) for n, at in enumerate(found)]


def _lasting(seconds: float, step: float) -> str:
    """`45 s`, `2:30 min`, `1:30 h`, `2 d`."""
    if step < 1 and seconds:
        return f"{seconds:g} s"
    whole = round(seconds)
    if step >= _DAY:
        return f"{whole // _DAY} d"
    if whole < 60:
        return f"{whole} s" if step < 60 or not whole else f"0:{whole:02d} min"
    if step < 60 and whole < 6000:
        return f"{whole // 60}:{whole % 60:02d} min"
    if whole < 3600:
        return f"{whole // 60} min"
    if step < 60:
        return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d} h"
    return f"{whole // 3600}:{whole // 60 % 60:02d} h"


def _clock(at: float, step: float, *, is_first: bool) -> str:
    """`14:05`, with its seconds or its day where these matter."""
    there = time.localtime(at)
    if step >= _DAY:
        return time.strftime("%d %b", there)
    if is_first or (there.tm_hour, there.tm_min, there.tm_sec) == (0, 0, 0):
        return time.strftime("%a %H:%M" if step >= 60 else "%a %H:%M:%S", there)
    return time.strftime("%H:%M" if step >= 60 else "%H:%M:%S", there)
