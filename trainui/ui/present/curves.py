"""From a trace to a curve on an axis: its stretches, what overlaps, what happened to it, which part is seen near."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from trainui.ui.plot.axis import BY_TIME, COST, ELAPSED, EPOCH, GPU_HOURS, STEP, WALL, Course
from trainui.ui.plot.series import Pin, from_buckets, from_points
from trainui.ui.trace import Close, Part

if TYPE_CHECKING:
    from trainui.core.store.views import CheckpointView, RunDetail
    from trainui.ui.plot.series import Stretch
    from trainui.ui.trace import Taken, Trace

CHECKPOINT, RESTART, REMEDY = "◆", "▶", "✚"
_COARSEST = 16
"""A part that is seen near begins and ends at multiples of so many points at least, so that it seldom changes."""


class Drawn(Struct, frozen=True, kw_only=True):
    """A trace on an axis."""

    stretches: tuple[Stretch, ...]
    """The whole line of runs, each up to where the next took over."""
    overlaps: tuple[tuple[Stretch, ...], ...] = ()
    begins: tuple[tuple[str, float], ...] = ()
    """(run it goes on from, x where it took over) of every run but the first of the line."""


def course(axis: str, taken: Sequence[Taken]) -> Callable[[float], float] | None:
    """Unix time → x on an axis that goes by time; None on one that does not."""
    if axis == WALL:
        return float
    if axis not in BY_TIME:
        return None
    read = {ELAPSED: _seconds, GPU_HOURS: _gpu_hours, COST: _cost}[axis]
    return Course((one.at, read(one)) for one in taken)


def _seconds(one: Taken) -> float:
    return one.seconds


def _gpu_hours(one: Taken) -> float:
    return one.gpu_hours


def _cost(one: Taken) -> float:
    return one.cost


def knows(trace: Trace, axis: str, taken: Sequence[Taken]) -> bool:
    """Whether every point of the trace has a place on the axis."""
    if axis == STEP:
        return True
    if axis == EPOCH:
        return knows_epochs(trace)
    if any(bucket.at_to is None for part in parts_of(trace) for bucket in part.buckets):
        return False
    if axis == WALL:
        return True
    read = {ELAPSED: _seconds, GPU_HOURS: _gpu_hours, COST: _cost}[axis]
    return any(read(one) > 0 for one in taken)


def knows_epochs(trace: Trace) -> bool:
    """Whether every point of the trace can be placed on an axis of epochs."""
    if trace.buckets:
        return trace.epochs_per_step is not None or all(b.epoch_to is not None for b in trace.buckets)
    return all(point.epoch is not None for point in trace.points)


def parts_of(trace: Trace) -> tuple[Part, ...]:
    """The parts of a trace; itself where nobody told of any."""
    return trace.parts or (
        Part(
            run=trace.run, points=trace.points, buckets=trace.buckets, epochs_per_step=trace.epochs_per_step
        ),
    )


def drawn(trace: Trace, axis: str, taken: Sequence[Taken]) -> Drawn:
    """The trace as it is drawn."""
    to_x = course(axis, taken)
    kept: list[Stretch] = []
    left: list[tuple[Stretch, ...]] = []
    begins: list[tuple[str, float]] = []
    before = ""
    for part in parts_of(trace):
        stretches = _stretches(part, axis, to_x)
        if before and stretches:
            begins.append((before, stretches[0].x0))
        before = part.run
        if part.until is None:
            kept += stretches
            continue
        last = _last_steps(part)
        kept += (one for one, step in zip(stretches, last, strict=True) if step < part.until)
        rest = tuple(one for one, step in zip(stretches, last, strict=True) if step >= part.until)
        left += [rest] if rest else []
    return Drawn(stretches=tuple(kept), overlaps=tuple(left), begins=tuple(begins))


def _stretches(part: Part, axis: str, to_x: Callable[[float], float] | None) -> tuple[Stretch, ...]:
    if part.buckets:
        return from_buckets(part.near or part.buckets, axis=axis, per_step=part.epochs_per_step, course=to_x)
    return from_points(part.points, axis=axis, course=to_x)


def _last_steps(part: Part) -> list[float]:
    return [one.step_to for one in part.near or part.buckets] or [one.step for one in part.points]


def at_time(stretches: Sequence[Stretch], at: float) -> float | None:
    """x of what was written next after a moment, or of the last; None where no times are known."""
    told = [one for one in stretches if one.at is not None and math.isfinite(one.x1)]
    if not told:
        return None
    place = bisect_left([one.at or 0.0 for one in told], at)
    return told[min(place, len(told) - 1)].x1


def pins(
    one: Drawn,
    detail: RunDetail | None,
    axis: str,
    to_x: Callable[[float], float] | None,
    before: Sequence[tuple[str, Sequence[CheckpointView]]] = (),
) -> tuple[Pin, ...]:
    """Checkpoints and remedies of an opened run, and where it took over from another; that last, so that it is seen.

    `before`: what the runs that it goes on from had saved; those up to where it took over are dim.
    """
    found = []
    ends = dict(one.begins)
    for run, saves in before:
        for saved in saves:
            x = _place_of(saved, one, axis, to_x)
            if x is not None and run in ends and x <= ends[run]:
                label = f"{run} saved {PurePath(saved.path).name}"
                found.append(Pin(x=x, sign=CHECKPOINT, label=label, tone="dim"))
    for saved in detail.checkpoints if detail is not None else ():
        x = _place_of(saved, one, axis, to_x)
        if x is not None:
            found.append(Pin(x=x, sign=CHECKPOINT, label=f"saved {PurePath(saved.path).name}", tone="ok"))
    for event in detail.events if detail is not None else ():
        x = to_x(event.at) if to_x is not None else at_time(one.stretches, event.at)
        if event.kind == "remedy" and x is not None:
            found.append(Pin(x=x, sign=REMEDY, label=event.text, tone="warn"))
    found += [Pin(x=x, sign=RESTART, label=f"goes on from {run}", tone="accent") for run, x in one.begins]
    return tuple(found)


def _place_of(
    saved: CheckpointView, one: Drawn, axis: str, to_x: Callable[[float], float] | None
) -> float | None:
    """Where a checkpoint lies: by its own epoch or step, else by its time."""
    x: float | None = saved.epoch if axis == EPOCH else saved.step
    if to_x is None and x is not None:
        return x
    return to_x(saved.at) if to_x is not None else at_time(one.stretches, saved.at)


def closes(
    traces: Iterable[Trace], axis: str, window: tuple[float, float], courses: Mapping[str, Sequence[Taken]]
) -> tuple[Close, ...]:
    """Which points of these curves lie in the window, where they are known only in buckets."""
    found = []
    for trace in traces:
        to_x = course(axis, courses.get(trace.run, ()))
        for part in parts_of(trace):
            stretches = _stretches(replace(part, near=()), axis, to_x) if part.buckets else ()
            passed, start, stop = 0, None, 0
            for one in stretches:
                if one.x1 >= window[0] and one.x0 <= window[1]:
                    start = passed if start is None else start
                    stop = passed + one.points
                passed += one.points
            if start is not None:
                grid = max(_COARSEST, 1 << max(0, ((stop - start) // 8).bit_length() - 1))
                first, last = start // grid * grid, -(-stop // grid) * grid
                found.append(Close(run=part.run, metric=trace.metric, start=first, stop=last))
    return tuple(found)
