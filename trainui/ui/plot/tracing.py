"""From a curve to columns of dots: what falls into the same column is joined, and nothing of it is lost."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from trainui.ui.plot.scale import Scale
from trainui.ui.plot.series import Stretch


class Column(NamedTuple):
    """A column of dots: where the curve enters it, leaves it, and its highest and lowest dot (counted from above)."""

    x: int
    first: int
    last: int
    top: int
    bottom: int


@dataclass(kw_only=True, slots=True)
class Traced:
    """A curve as dots, in pieces that are each joined up."""

    pieces: list[list[Column]] = field(default_factory=list)
    nonfinite: set[int] = field(default_factory=set)
    """Columns of dots in which a value was not finite."""
    above: dict[int, int] = field(default_factory=dict)
    """Column of dots → how many stretches reach above the scale there."""
    below: dict[int, int] = field(default_factory=dict)
    """And below, or on a logarithmic scale to what is not above 0."""
    highest: float | None = None
    """Of what lies above the scale."""
    lowest: float | None = None
    before: int = 0
    """Stretches whose x is not above 0 where the x scale is logarithmic."""


class Tracer:
    """Traces curves onto a sheet of `width` × `height` dots."""

    def __init__(self, x: Scale, y: Scale, width: int, height: int, *, has_start: bool = True) -> None:
        self.x, self.y = x, y
        self._to_x: Callable[[float], int] = x.dots(width)
        to_y = y.dots(height)
        self._to_y: Callable[[float], int] = lambda value: height - 1 - to_y(value)
        self._right = width - 1
        self._has_start = has_start
        """Whether x that is not above 0 is seen at the left edge of a logarithmic scale."""

    def line(self, points: Sequence[tuple[float, float | None]]) -> list[list[Column]]:
        """Points (x, value) joined up; None and an x that goes back break the line."""
        trail = _Trail()
        for x, value in points:
            if value is None:
                trail.break_off()
            else:
                at, y = self._to_x(x), self._to_y(value)
                trail.add(Column(at, y, y, y, y), is_left=x < self.x.low, is_right=x > self.x.high)
        trail.break_off()
        return trail.pieces

    def curve(self, stretches: Sequence[Stretch]) -> Traced:
        """A curve with its extremes; beyond the edges, the neighbours to which its line leads."""
        out, trail = Traced(), _Trail()
        low, high, right, is_log = self.x.low, self.x.high, self._right, self.x.log
        to_x, to_y = self._to_x, self._to_y
        for one in stretches:
            x0, x1 = one.x0, one.x1
            if not x0 <= x1:
                continue  # a moment that is not known lies nowhere
            is_left, is_right = x1 < low, x0 > high
            at = to_x((x0 + x1) / 2)
            if is_log and x1 <= 0 and self._has_start:
                is_left, at = False, 0
                out.before += 1
            is_seen = not (is_left or is_right)
            if is_seen:
                at = max(0, min(right, at))
            if one.nonfinite and is_seen:
                out.nonfinite.add(at)
            if one.low is None or one.high is None or one.first is None or one.last is None:
                trail.break_off()
                continue
            if is_seen:
                self._note(out, one, at)
            here = Column(at, to_y(one.first), to_y(one.last), to_y(one.high), to_y(one.low))
            trail.add(here, is_left=is_left, is_right=is_right)
        trail.break_off()
        out.pieces = trail.pieces
        return out

    def _note(self, out: Traced, one: Stretch, at: int) -> None:
        """Remember what lies beyond the scale."""
        if one.high is not None and one.high > self.y.high:
            out.above[at] = out.above.get(at, 0) + 1
            out.highest = one.high if out.highest is None else max(out.highest, one.high)
        if one.low is not None and one.low < self.y.low:
            out.below[at] = out.below.get(at, 0) + 1
            out.lowest = one.low if out.lowest is None else min(out.lowest, one.low)


class _Trail:
    """Columns joined to pieces, with one beyond each edge to which the line leads."""

    def __init__(self) -> None:
        self.pieces: list[list[Column]] = []
        self._piece: list[Column] = []
        self._waiting: Column | None = None
        self._is_done = False
        self._last = 0

    def add(self, here: Column, *, is_left: bool, is_right: bool) -> None:
        """The next column of dots; one further left than the last begins a new piece."""
        if here.x < self._last:
            self.break_off()
        self._last = here.x
        if is_left:
            self._waiting = here
        elif is_right:
            if not self._is_done and (self._piece or self._waiting):
                self._join(Column(here.x, here.first, here.first, here.first, here.first))
            self._is_done = True
        else:
            self._join(here)

    def break_off(self) -> None:
        """No line leads on from here."""
        if self._piece:
            self.pieces.append(self._piece)
        self._piece, self._waiting, self._is_done, self._last = [], None, False, -(10**9)

    def _join(self, here: Column) -> None:
        if self._waiting is not None:
            x, y = self._waiting.x, self._waiting.last
            self._piece.append(Column(x, y, y, y, y))
            self._waiting = None
        if self._piece and self._piece[-1].x == here.x:
            before = self._piece[-1]
            top, bottom = min(before.top, here.top), max(before.bottom, here.bottom)
            self._piece[-1] = Column(here.x, before.first, here.last, top, bottom)
        else:
            self._piece.append(here)
