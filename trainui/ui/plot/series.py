"""Curves as they are drawn: stretches of neighbouring points, none of whose extremes is lost."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from msgspec import Struct

from trainui.ui.plot.axis import EPOCH, STEP

if TYPE_CHECKING:
    from trainui.core.store.views import Bucket, CurvePoint


class Stretch(NamedTuple):
    """Neighbouring points between x0 and x1; one point is a stretch too. None: no finite point in it."""

    x0: float
    x1: float
    low: float | None
    high: float | None
    first: float | None
    last: float | None
    nonfinite: int
    points: int = 1
    step: float | None = None
    """Of its last point, as are the epoch and the time."""
    epoch: float | None = None
    at: float | None = None
    value: float | None = None
    """Of a single point that is not finite: what it was."""


class Series(Struct, frozen=True, kw_only=True):
    """One curve with its name, its ink and the digit that stands at its end."""

    name: str
    stretches: tuple[Stretch, ...]
    ink: int = 0
    tag: str = ""
    on_top: bool = False
    overlaps: tuple[tuple[Stretch, ...], ...] = ()
    """What those it goes on from wrote beyond where the next took over."""
    style: int = 0
    """0: a whole line, 1: dashes, 2: dots."""
    cost: Callable[[float], float] | None = None
    """Unix time → what the run had cost then; None where that is not known."""
    newest: float | None = None
    """Its newest value, which a stretch does not tell where it is not finite; None where nobody told it."""

    @property
    def last(self) -> float | None:
        """The newest value; NaN when that was not finite, and nobody told what it was."""
        if not self.stretches or self.newest is not None:
            return self.newest
        newest = self.stretches[-1]
        return math.nan if newest.nonfinite and newest.last is None else newest.last


class Threshold(Struct, frozen=True, kw_only=True):
    """A gate's value, drawn as a dashed line."""

    value: float
    label: str


class Guide(Struct, frozen=True, kw_only=True):
    """A faint line: a curve that was written down, what is expected, or an edge of its band."""

    points: tuple[tuple[float, float], ...]
    """(x, value), from left to right."""
    tone: str = "gate"
    sparse: int = 1
    """Only every so manyth dot is drawn."""
    counts: bool = True
    """Whether the y axis makes room for it."""


class Mark(Struct, frozen=True, kw_only=True):
    """Where something happened: an upright line, and its name."""

    x: float
    label: str
    tone: str = "bad"


class Pin(Struct, frozen=True, kw_only=True):
    """Something that happened, as a sign on the x axis: a checkpoint, a restart, a remedy."""

    x: float
    sign: str
    label: str
    tone: str = "dim"


def from_points(
    points: Sequence[CurvePoint], *, axis: str, course: Callable[[float], float] | None = None
) -> tuple[Stretch, ...]:
    """Every point as a stretch of its own. `course` tells where a moment lies on an axis that goes by time."""
    out = []
    for point in points:
        step, epoch, at, value = point.step, point.epoch, point.at, point.value
        where = epoch if axis == EPOCH and epoch is not None else step
        x = where if course is None else course(at)
        if math.isfinite(value):
            out.append(Stretch(x, x, value, value, value, value, 0, 1, step, epoch, at))
        else:
            out.append(Stretch(x, x, None, None, None, None, 1, 1, step, epoch, at, value))
    return tuple(out)


def from_buckets(
    buckets: Sequence[Bucket],
    *,
    axis: str = STEP,
    per_step: float | None = 1.0,
    course: Callable[[float], float] | None = None,
) -> tuple[Stretch, ...]:
    """Buckets as stretches; `per_step` turns steps into epochs where a bucket does not know its own."""
    out = []
    for b in buckets:
        x0, x1, epoch = b.step_from, b.step_to, b.epoch_to
        if epoch is None and per_step is not None and axis == EPOCH:
            epoch = b.step_to * per_step
        if course is not None:
            x0 = course(b.at_from) if b.at_from is not None else math.nan
            x1 = course(b.at_to) if b.at_to is not None else math.nan
        elif axis == EPOCH and epoch is not None:
            x0, x1 = b.epoch_from if b.epoch_from is not None else x0 * (per_step or 1.0), epoch
        out.append(
            Stretch(
                min(x0, x1),
                max(x0, x1),
                b.min,
                b.max,
                b.first,
                b.last,
                b.nonfinite,
                b.count,
                b.step_to,
                epoch,
                b.at_to,
            )
        )
    return tuple(out)
