"""How far chance alone moves a share that was measured on so many samples: Wilson's interval, and Newcombe's of two.

Shares are from 0 to 1. z is how many standard errors belong to a confidence: `z_of(0.9)` is 1.645.
"""

from __future__ import annotations

import math
from functools import lru_cache
from statistics import NormalDist

Interval = tuple[float, float]

ALMOST_ONE = math.nextafter(1.0, 0.0)
WIDEST = 700.0
"""e to more than this is no float."""


@lru_cache(maxsize=64)
def z_of(confidence: float) -> float:
    """Standard errors to each side that hold `confidence` of what chance does."""
    return NormalDist().inv_cdf(min((1 + confidence) / 2, ALMOST_ONE))


def of_share(share: float, samples: int, z: float) -> Interval:
    """Where the share would lie again. It never leaves 0..1, nor is it empty at 0 or 1."""
    spread = z * z / samples
    middle = (share + spread / 2) / (1 + spread)
    half = z / (1 + spread) * math.sqrt(share * (1 - share) / samples + spread / (4 * samples))
    return max(0.0, middle - half), min(1.0, middle + half)


def of_difference(first: tuple[float, int], second: tuple[float, int], z: float) -> Interval:
    """Where first - second would lie again; each is (share, samples)."""
    low, high = of_share(*first, z)
    other_low, other_high = of_share(*second, z)
    gap = first[0] - second[0]
    return (
        gap - math.hypot(first[0] - low, other_high - second[0]),
        gap + math.hypot(high - first[0], second[0] - other_low),
    )


def of_ratio(first: tuple[float, int], second: tuple[float, int], z: float) -> Interval | None:
    """Where first / second would lie again, anywhere from 0 if need be; None when either is 0: no share can be said."""
    if not (first[0] and second[0]):
        return None
    error = math.sqrt(sum((1 - share) / (share * samples) for share, samples in (first, second)))
    ratio = first[0] / second[0]
    if z * error > WIDEST or not math.isfinite(ratio):
        return 0.0, math.inf
    return ratio * math.exp(-z * error), ratio * math.exp(z * error)
