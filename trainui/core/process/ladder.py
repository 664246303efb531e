"""RULE: what is due in ending a run, and when: begin, request, stop signal, SIGKILL. Pure; `now` is boot seconds.

Everything is computed from files, so guard and keeper come to the same answer, whoever of them is alive.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from .order import Allowance, Stop

PATIENCE = 3.0
"""Seconds a guard may be late before the keeper takes it for hung."""


class Step(StrEnum):
    """What is due now."""

    WAIT = "wait"
    BEGIN = "begin"
    """The allowance leaves just the time a stop needs: decide to stop."""
    REQUEST = "request"
    """Ask for a checkpoint."""
    SIGNAL = "signal"
    KILL = "kill"


@dataclass(frozen=True, kw_only=True, slots=True)
class Done:
    """What has been done to end a run."""

    is_requested: bool = False
    is_saved: bool = False
    signalled_at: float | None = None
    """Boot seconds."""


NOTHING = Done()


def kill_at(stop: Stop, allowance: Allowance, done: Done = NOTHING) -> float:
    """When SIGKILL falls: the grace is over, or what was paid for is, whichever comes first."""
    end = stop.end
    if stop.checkpoint_seconds and done.signalled_at is not None:  # it saved sooner than it might have
        end = min(end, done.signalled_at + stop.grace_seconds)
    return end if allowance.until is None else min(end, allowance.until)


def _signal_at(stop: Stop, allowance: Allowance) -> float:
    """When the stop signal goes out though no checkpoint came: the grace that was paid for is left."""
    end = stop.boot_seconds + stop.checkpoint_seconds
    return end if allowance.until is None else min(end, allowance.until - stop.grace_seconds)


def next_step(
    now: float, *, allowance: Allowance, stop_seconds: float, stop: Stop | None, done: Done
) -> tuple[Step, float | None]:
    """What is due, and the next time something will be; None when nothing is in sight.

    `stop_seconds`: what ending the run takes, the wait for its checkpoint and its grace.
    """
    if stop is None:
        if allowance.until is None:
            return Step.WAIT, None
        begin = allowance.until - stop_seconds
        return (Step.BEGIN, now) if now >= begin else (Step.WAIT, begin)
    if now < stop.boot_seconds:
        return Step.WAIT, stop.boot_seconds
    end = kill_at(stop, allowance, done)
    if now >= end:
        return Step.KILL, now
    if done.signalled_at is not None:
        return Step.WAIT, end
    signal_at = _signal_at(stop, allowance)
    if now < signal_at and not done.is_requested:
        return Step.REQUEST, now
    return (Step.WAIT, signal_at) if now < signal_at and not done.is_saved else (Step.SIGNAL, now)


def is_late(now: float, *, allowance: Allowance, stop_seconds: float, stop: Stop | None, done: Done) -> bool:
    """Whether something was due PATIENCE ago and is still not done."""
    step, _ = next_step(now - PATIENCE, allowance=allowance, stop_seconds=stop_seconds, stop=stop, done=done)
    return step is not Step.WAIT
