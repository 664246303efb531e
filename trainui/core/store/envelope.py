"""Envelopes: what is kept of neighbouring points at several widths, so that a long curve opens at once.

Level k keeps one bucket per WIDTHS[k] points in the order they came: min, max, first, last, count and how
many were not finite. No spike between min and max is ever lost. Only full buckets are kept: what has come
since is put together from the finer levels and, at most 15 of them, from the points themselves.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

FAN = 16
"""Points in the finest bucket, and buckets of one level in a bucket of the next."""
WIDTHS = (FAN, FAN**2, FAN**3, FAN**4)
"""Points per bucket, level by level."""

Step = float | int
Bin = tuple[Step, Step, float | None, float | None, float | None, float | None, int, int]
"""step_from, step_to, min, max, first, last, count, nonfinite; None where no point of it was finite."""
COLUMNS = "step_from, step_to, min, max, first, last, count, nonfinite"


def bins_of(steps: Sequence[Step], values: Sequence[float]) -> list[Bin]:
    """One bin per FAN points; what is left at the end is left out."""
    bins: list[Bin] = []
    for at in range(0, len(values) - len(values) % FAN, FAN):
        part, where = values[at : at + FAN], steps[at : at + FAN]
        if math.isfinite(sum(part)):
            bins.append((min(where), max(where), min(part), max(part), part[0], part[-1], FAN, 0))
        else:
            bins.append(merged([bin_of(step, value) for step, value in zip(where, part, strict=True)]))
    return bins


def bin_of(step: Step, value: float) -> Bin:
    """The bin of a single point."""
    if math.isfinite(value):
        return step, step, value, value, value, value, 1, 0
    return step, step, None, None, None, None, 1, 1


def merged(bins: Sequence[Bin]) -> Bin:
    """Neighbouring bins as one."""
    froms, tos, lows, highs, firsts, lasts, counts, nonfinite = zip(*bins, strict=True)
    if None in lows:
        told = [one for one in bins if one[2] is not None]
        if not told:
            return min(froms), max(tos), None, None, None, None, sum(counts), sum(nonfinite)
        _, _, lows, highs, firsts, lasts, _, _ = zip(*told, strict=True)
    return (
        min(froms), max(tos), min(lows), max(highs), firsts[0], lasts[-1], sum(counts), sum(nonfinite),
    )  # fmt: skip


def level_for(points: int, buckets: int) -> int:
    """The coarsest level that still has at least `buckets` buckets; -1: the points themselves."""
    return sum(points / width >= buckets for width in WIDTHS) - 1


def thinned(bins: Sequence[Bin], buckets: int) -> list[Bin]:
    """At most `buckets` bins, each of equally many neighbours."""
    width = max(1, math.ceil(len(bins) / max(buckets, 1)))
    if width == 1:
        return list(bins)
    return [merged(bins[place : place + width]) for place in range(0, len(bins), width)]
