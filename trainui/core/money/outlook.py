"""RULE: what is to come in money: how cost grew, what is still to be paid, whether it ends in time. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from statistics import median

from msgspec import Struct
from msgspec.structs import replace

from trainui.core.money.lease import Lease
from trainui.core.money.shares import Part, Span, charges

SLACK = 2.0
"""Micro-dollars, or GPU-milliseconds, that a course may be off its lines: they are whole, its slopes are not."""


class Mark(Struct, frozen=True, kw_only=True):
    """What a run had taken by a moment, those it goes on from included."""

    at: float
    """Unix seconds."""
    micro: float = 0.0
    """Micro-dollars."""
    gpu_ms: float = 0.0
    seconds: float = 0.0
    """For which it had been live."""


class Range(Struct, frozen=True, kw_only=True):
    """What past runs took: the least, the middle one and the most of `count`."""

    low: float
    mid: float
    high: float
    count: int = 1

    def times(self, factor: float) -> Range:
        """The same range of values that are `factor` times as high; `factor` is not below 0."""
        return replace(self, low=self.low * factor, mid=self.mid * factor, high=self.high * factor)


def spread(values: Sequence[float]) -> Range | None:
    """The range of what was seen; None when nothing was."""
    if not values:
        return None
    return Range(low=min(values), mid=median(values), high=max(values), count=len(values))


Row = tuple[float, float, float, float]
"""A mark as bare numbers: at, micro, gpu_ms, seconds. There may be one for every minute of a month."""
FREE = (-math.inf, math.inf)


def course(marks: Iterable[Mark]) -> tuple[Mark, ...]:
    """Marks as a course that never falls, straight between as few of them as are needed.

    Where the wall clock was set back, time stands still until it is there again.
    """
    rows = thinned((one.at, one.micro, one.gpu_ms, one.seconds) for one in marks)
    return tuple(
        Mark(at=at, micro=micro, gpu_ms=gpu_ms, seconds=seconds) for at, micro, gpu_ms, seconds in rows
    )


def thinned(rows: Iterable[Row]) -> list[Row]:
    """The same of bare numbers.

    From a row that is kept, it is remembered which straight lines pass through all later ones to within SLACK: the
    (lowest, highest) slope of each number. The next row takes the place of the last where one of them leads to it.
    """
    kept: list[Row] = []
    start: Row | None = None
    micro, gpu, seconds = FREE, FREE, FREE
    for row in rows:
        if kept:
            at, a, b, c = kept[-1]
            row = (max(row[0], at), max(row[1], a), max(row[2], b), max(row[3], c))
            if row == kept[-1]:
                continue
        if start is not None:
            time = row[0] - start[0]
            up = row[1] - start[1], row[2] - start[2], row[3] - start[3]
            if (
                micro[0] <= up[0] / time <= micro[1]
                and gpu[0] <= up[1] / time <= gpu[1]
                and seconds[0] <= up[2] / time <= seconds[1]
            ):
                kept[-1] = row
            else:
                start, micro, gpu, seconds = None, FREE, FREE, FREE
        if start is None:
            if kept and row[0] > kept[-1][0]:
                start = kept[-1]
                time = row[0] - start[0]
                up = row[1] - start[1], row[2] - start[2], row[3] - start[3]
            kept.append(row)
        if start is not None:
            micro = _narrowed(micro, up[0], SLACK, time)
            gpu = _narrowed(gpu, up[1], SLACK, time)
            seconds = _narrowed(seconds, up[2], SLACK / 1000, time)
    return kept


def _narrowed(slopes: tuple[float, float], up: float, slack: float, time: float) -> tuple[float, float]:
    return max(slopes[0], (up - slack) / time), min(slopes[1], (up + slack) / time)


def taken(marks: Sequence[Mark], at: float) -> Mark:
    """What had been taken by `at`: straight between the marks of a course, level before and after them."""
    if not marks:
        return Mark(at=at)
    low, high = 0, len(marks)
    while low < high:  # the first mark that is later than `at`
        middle = (low + high) // 2
        low, high = (middle + 1, high) if marks[middle].at <= at else (low, middle)
    if low in (0, len(marks)):
        return replace(marks[low - 1 if low else 0], at=at)
    return _straight(marks[low - 1], marks[low], at)


def _straight(a: Mark, b: Mark, at: float) -> Mark:
    part = (at - a.at) / (b.at - a.at)
    return Mark(
        at=at,
        micro=a.micro + part * (b.micro - a.micro),
        gpu_ms=a.gpu_ms + part * (b.gpu_ms - a.gpu_ms),
        seconds=a.seconds + part * (b.seconds - a.seconds),
    )


def still_to_pay(spans: Sequence[Span], lease: Lease) -> Mapping[str, Part]:
    """Run → what it will be charged from now to its end. `spans` and `lease` count seconds from now, which is 0.

    Runs that end leave their part to the others; nothing is said of a run without an end, though it bears its part
    for good.
    """
    last = max((span.end for span in spans if span.end is not None), default=0.0)
    if last <= 0:
        return {}
    parts = charges(spans, lease, start=0.0, end=last).parts
    ends = {span.run for span in spans if span.end is not None}
    return {run: part for run, part in parts.items() if run is not None and run in ends}


def gained(first: float | None, best: float | None, goal: str) -> float | None:
    """Per cent by which a metric became better since its first value, of that value; None where that has no meaning:
    the first is 0, one of them is none or not finite, or nothing became better."""
    if first is None or best is None or first == 0 or not (math.isfinite(first) and math.isfinite(best)):
        return None
    better = (best - first if goal == "max" else first - best) / abs(first) * 100
    return better if better > 0 and math.isfinite(better) else None


def per_percent(usd: float, first: float | None, best: float | None, goal: str) -> float | None:
    """Dollars for each per cent by which a metric became better since its first value; None where none can be told."""
    better = gained(first, best, goal)
    return usd / better if better is not None and usd > 0 else None


def remaining(planned: tuple[float, float], actual: float) -> tuple[float, float]:
    """What is left of a plan from its low to its high end; never below 0."""
    return max(0.0, planned[0] - actual), max(0.0, planned[1] - actual)


def ratio(planned: tuple[float, float], actual: float) -> float | None:
    """What was taken, as a part of the middle of the plan; None for a plan of nothing."""
    middle = sum(planned) / 2
    return actual / middle if middle > 0 else None


def groups(moments: Sequence[float], gap: float) -> int:
    """How many there are when those that follow the one before within `gap` seconds count with it."""
    times = sorted(moments)
    return sum(right - left > gap for left, right in pairwise(times)) + bool(times)
