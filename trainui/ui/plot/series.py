"""Curves as they are drawn: stretches of neighbouring points, none of whose extremes is lost."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from trainui.core.store.views import Bucket, CurvePoint

EPOCH, STEP = "epoch", "step"


class Stretch(NamedTuple):
    """Neighbouring points between x0 and x1; one point is a stretch too. None: no finite point in it."""

    x0: float
    x1: float
    low: float | None
    high: float | None
    first: float | None
    last: float | None
    nonfinite: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Series:
    """One curve with its name, its ink and the digit that stands at its end."""

    name: str
    stretches: tuple[Stretch, ...]
    ink: int = 0
    tag: str = ""
    on_top: bool = False

    @property
    def last(self) -> float | None:
        """The newest value; NaN when that was not finite."""
        if not self.stretches:
            return None
        newest = self.stretches[-1]
        return math.nan if newest.nonfinite and newest.last is None else newest.last


@dataclass(frozen=True, kw_only=True, slots=True)
class Threshold:
    """A gate's value, drawn as a dashed line."""

    value: float
    label: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Guide:
    """A faint line: a curve that was written down, what is expected, or an edge of its band."""

    points: tuple[tuple[float, float], ...]
    """(x, value), from left to right."""
    tone: str = "gate"
    sparse: int = 1
    """Only every so manyth dot is drawn."""
    counts: bool = True
    """Whether the y axis makes room for it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Mark:
    """Where something happened: an upright line, and its name."""

    x: float
    label: str
    tone: str = "bad"


def from_points(points: Sequence[CurvePoint], *, axis: str) -> tuple[Stretch, ...]:
    """Every point as a stretch of its own."""
    out = []
    for point in points:
        x = point.epoch if axis == EPOCH and point.epoch is not None else point.step
        if math.isfinite(point.value):
            out.append(Stretch(x, x, point.value, point.value, point.value, point.value, 0))
        else:
            out.append(Stretch(x, x, None, None, None, None, 1))
    return tuple(out)


def from_buckets(buckets: Sequence[Bucket], *, per_step: float = 1.0) -> tuple[Stretch, ...]:
    """Buckets as stretches; `per_step` turns steps into epochs."""
    return tuple(
        Stretch(b.step_from * per_step, b.step_to * per_step, b.min, b.max, b.first, b.last, b.nonfinite)
        for b in buckets
    )
