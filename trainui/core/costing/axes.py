"""x of a curve: steps, epochs, time, money, GPU time."""

from __future__ import annotations

from collections.abc import Sequence

from trainui.core.money.outlook import Mark, taken
from trainui.core.store.views import CurvePoint

AXES = ("step", "epoch", "elapsed", "wall", "usd", "gpu_hours")
"""`elapsed` is seconds for which the run was live and `wall` Unix seconds; `elapsed`, `usd` and `gpu_hours` count what
the runs took that it goes on from."""
TAKEN = ("elapsed", "usd", "gpu_hours")
"""Axes that rest on a course: what a run took over time."""


def breakpoints(course: Sequence[Mark], axis: str) -> list[tuple[float, float]]:
    """(Unix time, x) on one of TAKEN; x is straight between them."""
    return [(mark.at, _of(mark, axis)) for mark in course]


def x_of(points: Sequence[CurvePoint], axis: str, course: Sequence[Mark] = ()) -> list[float | None]:
    """x of each point on one of AXES, in their order; None for a point without an epoch.

    `course` is Reader.course of the run, for axes in TAKEN. On these a curve never goes back, whatever its steps do.
    """
    if axis == "step":
        return [point.step for point in points]
    if axis == "epoch":
        return [point.epoch for point in points]
    if axis == "wall":
        return [point.at for point in points]
    found: list[float | None] = []
    top = 0.0
    for point in points:
        top = max(top, _of(taken(course, point.at), axis))
        found.append(top)
    return found


def _of(mark: Mark, axis: str) -> float:
    if axis == "usd":
        return mark.micro / 1e6
    return mark.gpu_ms / 3_600_000 if axis == "gpu_hours" else mark.seconds
