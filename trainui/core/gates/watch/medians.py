"""Medians of a few neighbouring values, and the noise that they hide."""

from __future__ import annotations

MEDIAN_OF = 5
TO_SIGMA = 1.4826 / 2**0.5
"""Median |difference of neighbours| → standard deviation of one: it sees noise and ignores trend."""


def median(values: list[float]) -> float:
    """Of an odd number."""
    return sorted(values)[len(values) // 2]


def lowest(values: list[float], best: float) -> float:
    """The least median of neighbours, or `best` if that is less."""
    low = [place for place, value in enumerate(values) if value <= best]
    for first, last in zip(low, low[MEDIAN_OF // 2 :], strict=False):
        for at in range(max(last + 1 - MEDIAN_OF, 0), min(first, len(values) - MEDIAN_OF) + 1):
            best = min(best, median(values[at : at + MEDIAN_OF]))
    return best


def noise(steps: list[float]) -> float:
    """The standard deviation of one value, from the differences of neighbours."""
    steps = sorted(steps)
    half = len(steps) // 2
    return TO_SIGMA * (steps[half] if len(steps) % 2 else (steps[half - 1] + steps[half]) / 2)


def medians(values: list[float]) -> list[float]:
    """Of every MEDIAN_OF neighbours."""
    return [median(values[at : at + MEDIAN_OF]) for at in range(len(values) + 1 - MEDIAN_OF)]
