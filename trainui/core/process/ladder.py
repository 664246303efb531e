"""RULE: what is due in ending a run, and when: begin, stop signal, SIGKILL. Pure; `now` is boot seconds.

Everything is computed from files, so guard and keeper come to the same answer, whoever of them is alive.
"""

from __future__ import annotations

from enum import StrEnum

from .order import Allowance, Stop

PATIENCE = 3.0
"""Seconds a guard may be late before the keeper takes it for hung."""


class Step(StrEnum):
    """What is due now."""

    WAIT = "wait"
    BEGIN = "begin"
    """The allowance leaves just the grace: decide to stop."""
    SIGNAL = "signal"
    KILL = "kill"


def kill_at(stop: Stop, allowance: Allowance) -> float:
    """When SIGKILL falls: the grace is over, or what was paid for is, whichever comes first."""
    end = stop.boot_seconds + stop.grace_seconds
    return end if allowance.until is None else min(end, allowance.until)


def next_step(
    now: float, *, allowance: Allowance, grace_seconds: float, stop: Stop | None, is_signalled: bool
) -> tuple[Step, float | None]:
    """What is due, and the next time something will be; None when nothing is in sight."""
    if stop is None:
        if allowance.until is None:
            return Step.WAIT, None
        begin = allowance.until - grace_seconds
        return (Step.BEGIN, now) if now >= begin else (Step.WAIT, begin)
    if now < stop.boot_seconds:
        return Step.WAIT, stop.boot_seconds
    end = kill_at(stop, allowance)
    if now >= end:
        return Step.KILL, now
    return (Step.WAIT, end) if is_signalled else (Step.SIGNAL, now)


def is_late(
    now: float, *, allowance: Allowance, grace_seconds: float, stop: Stop | None, is_signalled: bool
) -> bool:
    """Whether something was due PATIENCE ago and is still not done."""
    step, _ = next_step(
        now - PATIENCE,
        allowance=allowance,
        grace_seconds=grace_seconds,
        stop=stop,
        is_signalled=is_signalled,
    )
    return step is not Step.WAIT
