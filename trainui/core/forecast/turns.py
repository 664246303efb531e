"""RULE: when a run that waits would begin: when those that hold what it needs have ended. Pure.

Simpler than the queue itself (core/schedule.py): everybody is placed in the order of the queue, at the first moment
at which there is room for as long as they take. Host memory, strangers on a GPU and gates are not foreseen.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

FULL = 1.0
_ROUNDING = 1e-9


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """A run that is live, or has its turn; times are seconds from now."""

    run: str
    start: float = 0.0
    end: float | None = None
    """None: nobody knows."""
    gpus: tuple[str, ...] = ()
    part: float = FULL
    """Of each of its GPUs; below 1 for a run that shares them."""
    cpus: float = 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Want:
    """A run that waits."""

    run: str
    seconds: float | None = None
    """How long it is expected to take; None: nobody knows."""
    gpus: int = 0
    part: float = FULL
    cpus: float = 1.0
    after: tuple[str, ...] = ()
    """Runs that must have ended before."""
    why_not: str = ""
    """Why nobody can say when it starts, whatever is free."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Places:
    """What the machine has."""

    slots: int
    cpus: float | None = None
    """None: CPUs are not counted."""
    gpus: tuple[str, ...] = ()
    """Without any, GPUs asked for are ignored."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Turn:
    """When a run begins."""

    start: float | None = None
    """Seconds from now; None: nobody can say."""
    gpus: tuple[str, ...] = ()
    waits_for: tuple[str, ...] = ()
    """The runs that end, or may end, before it begins."""
    why: str = ""
    """Why nobody can say."""


@dataclass(slots=True)
class _Plan:
    places: Places
    held: list[Held] = field(default_factory=list)
    unknown: dict[str, str] = field(default_factory=dict)
    """Runs that have no turn → why."""


def turns(live: Sequence[Held], waiting: Sequence[Want], places: Places) -> Mapping[str, Turn]:
    """Run → its turn, for all that wait, in the order of the queue."""
    plan = _Plan(places, list(live))
    found: dict[str, Turn] = {}
    for want in _placed(waiting):
        turn = _turn(want, plan)
        found[want.run] = turn
        if turn.start is None:
            plan.unknown[want.run] = turn.why
        else:
            end = None if want.seconds is None else turn.start + want.seconds
            plan.held.append(
                Held(run=want.run, start=turn.start, end=end, gpus=turn.gpus, part=want.part, cpus=want.cpus)
            )
    return found


def _placed(waiting: Sequence[Want]) -> Iterator[Want]:
    """Each as early as the queue has it, but behind the waiting ones that must have ended before."""
    left = {want.run: want for want in waiting}
    while left:
        ready = (want for want in left.values() if not any(name in left for name in want.after))
        yield left.pop(next(ready, next(iter(left.values()))).run)


def _turn(want: Want, plan: _Plan) -> Turn:
    if want.why_not:
        return Turn(why=want.why_not)
    for name in want.after:
        if name in plan.unknown:
            return Turn(waits_for=(name,), why=f"{name}: {plan.unknown[name]}")
    before = [one for one in plan.held if one.run in want.after]
    endless = [one.run for one in before if one.end is None]
    if endless:
        return Turn(waits_for=tuple(endless), why=f"nobody knows when {endless[0]} ends")
    earliest = max((one.end or 0.0 for one in before), default=0.0)
    ends = sorted({one.end for one in plan.held if one.end is not None and one.end > earliest})
    for start in (earliest, *ends):
        gpus = _room(want, start, plan)
        if gpus is not None:
            gone = [one for one in plan.held if one.end is not None and 0 < one.end <= start]
            return Turn(start=start, gpus=gpus, waits_for=tuple(one.run for one in gone) if start else ())
    endless = [one.run for one in plan.held if one.end is None]
    if endless:
        return Turn(waits_for=tuple(endless), why=f"nobody knows when {endless[0]} ends")
    return Turn(why="the machine has not what it asks for")


def _room(want: Want, start: float, plan: _Plan) -> tuple[str, ...] | None:
    """The GPUs it gets if it begins at `start`; None when there is no room for all the time it takes."""
    end = math.inf if want.seconds is None else start + want.seconds
    beside = [one for one in plan.held if one.start < end and (one.end is None or one.end > start)]
    places = plan.places
    if len(beside) >= places.slots:
        return None
    taken = sum(one.cpus for one in beside)
    if places.cpus is not None and beside and taken + want.cpus > places.cpus:
        return None
    if not want.gpus or not places.gpus:
        return ()
    free = {gpu: FULL - sum(one.part for one in beside if gpu in one.gpus) for gpu in places.gpus}
    fits = [
        gpu for gpu in sorted(places.gpus, key=lambda gpu: -free[gpu]) if free[gpu] + _ROUNDING >= want.part
    ]
    return tuple(fits[: want.gpus]) if len(fits) >= want.gpus else None
