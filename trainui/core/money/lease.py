"""RULE: a lease, a machine rented at a rate from a time to a time, and what it costs until when. Pure."""

from __future__ import annotations

import math

from msgspec import Struct

STEPS = {"second": 1, "minute": 60, "hour": 3600}
"""How a machine is billed → seconds of which every started one is paid whole; by the second is to the millisecond."""
HOUR_MS = 3_600_000


class Lease(Struct, frozen=True, kw_only=True):
    """A machine at a rate, within one boot."""

    id: int = 0
    machine: str
    rate: int
    """Micro-dollars an hour, of the whole machine."""
    billing: str = "second"
    share: str = "time"
    """How runs share it: `time`, `equal` or `use`."""
    gpus: int = 0
    """GPUs of the machine; 0: none, or nobody knows."""
    boot_id: str = ""
    start: float = 0.0
    """Boot seconds."""
    end: float | None = None


def accrued(lease: Lease, at: float) -> int:
    """Micro-dollars it has cost from its start to `at`, by the second; whole, never falling."""
    return lease.rate * milliseconds(lease, at) // HOUR_MS


def billed(lease: Lease, at: float) -> int:
    """Micro-dollars that are owed if it ends at `at`: every step that was started, whole."""
    if lease.billing == "second":
        return accrued(lease, at)
    step = STEPS[lease.billing]
    started = -(-milliseconds(lease, at) // (step * 1000))
    return lease.rate * started * step // 3600


def committed(lease: Lease, now: float, until: float) -> int:
    """Micro-dollars beyond what is accrued at `now`, if it goes on to `until`: the rest of a begun step too."""
    return billed(lease, max(now, until)) - accrued(lease, now)


def reaches(lease: Lease, now: float, left: int) -> float:
    """The last boot second, not before `now`, until which `left` micro-dollars beyond what is accrued are enough.

    With whole steps that is the end of the last one that can be paid. Infinite for a machine that costs nothing.
    """
    if lease.rate <= 0:
        return math.inf
    if left < 0:
        return now
    there = accrued(lease, now) + left
    if lease.billing == "second":
        last = ((there + 1) * HOUR_MS - 1) // lease.rate  # the last whole millisecond that costs no more
        return max(now, lease.start + last / 1000)
    step = STEPS[lease.billing]
    return max(now, lease.start + _steps(lease, there, step) * step)


def _steps(lease: Lease, there: int, step: int) -> int:
    """Whole steps that `there` micro-dollars pay, as `billed` counts them."""
    return ((there + 1) * 3600 - 1) // (lease.rate * step)


def milliseconds(lease: Lease, at: float) -> int:
    """Milliseconds from its start to `at`, whole."""
    return round(max(0.0, at - lease.start) * 1000)
