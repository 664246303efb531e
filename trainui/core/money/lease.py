"""RULE: a lease, a machine rented at a rate from a time to a time, and what it costs until when. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass

STEPS = {"second": 0.001, "minute": 60.0, "hour": 3600.0}
"""How a machine is billed → seconds of which every started one is paid whole. By the second is to the millisecond."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Lease:
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
    return lease.rate * round(max(0.0, at - lease.start) * 1000) // 3_600_000


def billed(lease: Lease, at: float) -> int:
    """Micro-dollars that are owed if it ends at `at`: every step that was started, whole."""
    step = STEPS[lease.billing]
    if lease.billing == "second":
        return accrued(lease, at)
    steps = math.ceil(max(0.0, round((at - lease.start) * 1000)) / (step * 1000))
    return lease.rate * steps * round(step) // 3600


def reaches(lease: Lease, now: float, left: int) -> float:
    """The boot second until which it can go on when, from what is accrued at `now`, `left` micro-dollars are there.

    Never before `now`. With whole steps it is the end of the last one that can be paid.
    """
    if lease.rate <= 0:
        return math.inf
    if lease.billing == "second":
        return now + max(left, 0) * 3600 / lease.rate
    step = STEPS[lease.billing]
    whole = (accrued(lease, now) + max(left, 0)) * 3600 // (lease.rate * round(step))
    return max(now, lease.start + whole * step)
