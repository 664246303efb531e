"""Folds: summaries of numbers that can be joined, so that a window slides at a constant cost per point.

A fold is three functions over a summary S: `lift` a point to S, `join` an older with a newer S, `read` S as a number.
Nothing is ever subtracted, so a window that slid a million times reads like a fresh one.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from trainui.core.gates.quantity import Quantity
from trainui.core.gates.verdict import Point

COMPARE: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Fold:
    """How one reducer summarises points. `read` may answer None: nothing to say yet."""

    lift: Callable[[Point], Any]
    join: Callable[[Any, Any], Any]
    read: Callable[[Any], float | None]
    trend: int = 0
    """+1: over a growing set of points it can only rise; -1: only fall; 0: either."""


def _value(point: Point) -> float:
    return point.value


def _newest(_older: Any, newer: Any) -> Any:
    return newer


def _moment(point: Point) -> float:
    return point.step if point.epoch is None else point.epoch


def _join_moments(a: tuple[int, float, float], b: tuple[int, float, float]) -> tuple[int, float, float]:
    """Counts, means and squared deviations of two sets, joined as Chan, Golub and LeVeque do."""
    count = a[0] + b[0]
    gap = b[1] - a[1]
    return count, a[1] + gap * b[0] / count, a[2] + b[2] + gap * gap * a[0] * b[0] / count


def _spread(of: tuple[int, float, float]) -> float:
    return math.sqrt(of[2] / of[0])


def _span(fallen: bool) -> Fold:
    """Range, or drawdown of what should rise: the extremes and the largest fall so far."""

    def join(a: tuple[float, float, float], b: tuple[float, float, float]) -> tuple[float, float, float]:
        return max(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2], a[0] - b[1])

    def read(of: tuple[float, float, float]) -> float:
        return of[2] if fallen else of[0] - of[1]

    return Fold(lift=lambda point: (point.value, point.value, 0.0), join=join, read=read, trend=1)


def _climb() -> Fold:
    """Drawdown of what should fall: the largest rise above its best."""
    fall = _span(fallen=True)
    return Fold(lift=lambda p: (-p.value, -p.value, 0.0), join=fall.join, read=fall.read, trend=1)


def _where(goal: str) -> Fold:
    """Epoch (or step) of the best value; of equals the first."""
    better = operator.lt if goal == "min" else operator.gt

    def join(a: tuple[float, float], b: tuple[float, float]) -> tuple[float, float]:
        return b if better(b[0], a[0]) else a

    return Fold(lift=lambda p: (p.value, _moment(p)), join=join, read=lambda of: float(of[1]), trend=1)


def _first(op: str, target: float) -> Fold:
    """Epoch (or step) at which the comparison first held."""
    holds = COMPARE[op]
    return Fold(
        lift=lambda point: _moment(point) if holds(point.value, target) else None,
        join=lambda a, b: b if a is None else a,
        read=lambda of: None if of is None else float(of),
    )


LARGEST = Fold(lift=_value, join=max, read=float, trend=1)
SMALLEST = Fold(lift=_value, join=min, read=float, trend=-1)
PLAIN: dict[str, Fold] = {
    "last": Fold(lift=_value, join=_newest, read=float),
    "at": Fold(lift=_value, join=_newest, read=float),
    "max": LARGEST,
    "min": SMALLEST,
    "sum": Fold(lift=_value, join=operator.add, read=float),
    "count": Fold(lift=lambda _: 1, join=operator.add, read=float, trend=1),
    "mean": Fold(
        lift=lambda p: (p.value, 1), join=lambda a, b: (a[0] + b[0], a[1] + b[1]), read=lambda s: s[0] / s[1]
    ),
    "std": Fold(lift=lambda p: (1, p.value, 0.0), join=_join_moments, read=_spread),
    "range": _span(fallen=False),
}


def fold_of(quantity: Quantity, goal: str) -> Fold:
    """The fold of a quantity's reducer. `median` and `distinct` are none: see window.py."""
    if quantity.reducer == "best":
        return SMALLEST if goal == "min" else LARGEST
    if quantity.reducer == "argbest":
        return _where(goal)
    if quantity.reducer == "drawdown":
        return _climb() if goal == "min" else _span(fallen=True)
    if quantity.reducer == "first-epoch":
        return _first(quantity.op, quantity.target)
    return PLAIN[quantity.reducer]
