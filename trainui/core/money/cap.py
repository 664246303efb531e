"""RULE: how far ahead a run may be paid, and how long the money lasts. Pure."""

from __future__ import annotations

from trainui.core.money.lease import Lease, reaches

CENTURY = 36_525 * 86_400.0
"""Seconds beyond which nobody asks when the money is gone, and no calendar need go."""


def paid_until(lease: Lease, *, now: float, left: int | None, want: float) -> float | None:
    """Until when the machine may be paid in advance: `want` seconds on, or as far as `left` micro-dollars reach.

    `left` is what may be spent beyond what has accrued; None: as much as one likes, and the answer is None, as it is
    for a machine that costs nothing. Whoever is stopped must be gone by then, its grace included.
    """
    if left is None or lease.rate <= 0:
        return None
    return min(now + want, reaches(lease, now, left))


def own_until(*, now: float, left: int, rate: int, want: float) -> float:
    """As `paid_until`, for what one run or one study may cost.

    It may have to bear the whole machine at any moment, when whoever shares it ends: so far, and no further, its own
    money surely reaches. `rate` is that of the machine, above 0.
    """
    return now + min(want, max(left, 0) * 3600 / rate)


def lasts_until(lease: Lease, *, now: float, left: int | None) -> float | None:
    """The boot second at which the money is gone if the machine goes on; None when it is not limited, or not in a
    hundred years."""
    if left is None or lease.rate <= 0:
        return None
    until = reaches(lease, now, left)
    return until if until - now <= CENTURY else None
