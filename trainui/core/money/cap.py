"""RULE: how far ahead a run may be paid, and how long the money lasts. Pure."""

from __future__ import annotations


def horizon(*, now: float, left: int | None, rate: int, want: float) -> float | None:
    """Until when the machine may be paid in advance: `want` seconds on, or as far as `left` reaches.

    None when nothing limits it. Whoever is stopped must be gone by then, its grace included.
    """
    if left is None or rate <= 0:
        return None
    affordable = max(left, 0) * 3600 / rate
    return now + min(want, affordable)


def lasts_until(*, now: float, left: int | None, rate: int) -> float | None:
    """When the budget is gone if the machine goes on at `rate`; None when it is not limited."""
    return None if left is None or rate <= 0 else now + max(left, 0) * 3600 / rate
