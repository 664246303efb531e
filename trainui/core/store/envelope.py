"""Envelopes: what is kept of neighbouring points at several widths, so that a long curve opens at once.

Level k keeps one bucket per WIDTH[k] points in the order they came: min, max, first, last, count and
how many were not finite. No spike between min and max is ever lost.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

WIDTHS = (16, 256, 4096, 65536)
"""Points per bucket, level by level."""


@dataclass(slots=True)
class Bin:
    """One bucket while it fills."""

    level: int
    bucket: int
    step_from: float = 0
    step_to: float = 0
    min: float | None = None
    max: float | None = None
    first: float | None = None
    last: float | None = None
    count: int = 0
    nonfinite: int = 0

    def add(self, step: float, value: float) -> None:
        """Take one more point, in the order it came."""
        if not self.count:
            self.step_from = self.step_to = step
        self.step_from = min(self.step_from, step)
        self.step_to = max(self.step_to, step)
        self.count += 1
        if not math.isfinite(value):
            self.nonfinite += 1
            return
        if self.min is None or value < self.min:
            self.min = value
        if self.max is None or value > self.max:
            self.max = value
        if self.first is None:
            self.first = value
        self.last = value

    def row(self, metric: int) -> tuple[object, ...]:
        """The bucket as a row of `envelopes`."""
        return (
            metric, self.level, self.bucket, self.step_from, self.step_to,
            self.min, self.max, self.first, self.last, self.count, self.nonfinite,
        )  # fmt: skip


def merged(bins: Sequence[Bin]) -> Bin:
    """Neighbouring buckets as one."""
    lows = [one.min for one in bins if one.min is not None]
    highs = [one.max for one in bins if one.max is not None]
    return Bin(
        level=bins[0].level,
        bucket=bins[0].bucket,
        step_from=min(one.step_from for one in bins),
        step_to=max(one.step_to for one in bins),
        min=min(lows, default=None),
        max=max(highs, default=None),
        first=next((one.first for one in bins if one.first is not None), None),
        last=next((one.last for one in reversed(bins) if one.last is not None), None),
        count=sum(one.count for one in bins),
        nonfinite=sum(one.nonfinite for one in bins),
    )


def level_for(points: int, buckets: int) -> int | None:
    """The coarsest level that still has at least `buckets` buckets; None: read the points themselves."""
    fitting = [level for level, width in enumerate(WIDTHS) if points / width >= buckets]
    return fitting[-1] if fitting else None


def thinned(bins: Sequence[Bin], buckets: int) -> list[Bin]:
    """At most `buckets` buckets, each of equally many neighbours."""
    width = max(1, math.ceil(len(bins) / max(buckets, 1)))
    return [merged(bins[place : place + width]) for place in range(0, len(bins), width)]
