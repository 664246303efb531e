"""What is drawn of one metric of one run: the parts its line of runs wrote, and what they had taken by then."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from trainui.core.prospects import Prospect
    from trainui.core.store.views import Bucket, CurvePoint


class Close(Struct, frozen=True, kw_only=True):
    """A part of a curve that is seen from near: points number `start` to before `stop` are read more finely."""

    run: str
    metric: str
    start: int
    stop: int


class Part(Struct, frozen=True, kw_only=True):
    """What one run of a line of runs wrote of a metric: every point, or buckets."""

    run: str
    points: tuple[CurvePoint, ...] = ()
    buckets: tuple[Bucket, ...] = ()
    near: tuple[Bucket, ...] = ()
    """The buckets with finer ones where the curve is seen from near; empty where it is not."""
    until: float | None = None
    """The step at which the next run took over: from there on this part is overlap. None for the last."""
    epochs_per_step: float | None = None


class Taken(Struct, frozen=True, kw_only=True):
    """What a run and those it goes on from had taken at a moment."""

    at: float
    """Unix seconds."""
    seconds: float = 0.0
    gpu_hours: float = 0.0
    cost: float = 0.0


class Trace(Struct, frozen=True, kw_only=True):
    """One metric of one run, ready to be drawn: every point when there are few, an envelope when many.

    `points` or `buckets` are the curve behind what its parents reached; `parts` are what each of them wrote.
    """

    run: str
    metric: str
    points: tuple[CurvePoint, ...] = ()
    buckets: tuple[Bucket, ...] = ()
    epochs_per_step: float | None = None
    parts: tuple[Part, ...] = ()
    last: float | None = None
    """Its newest value, also where that is not finite; None where nobody told it."""
    prospect: Prospect | None = None
    """What is expected of it; None where nothing was asked for."""
