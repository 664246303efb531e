"""From a curve to columns of dots: what falls into the same column is joined, and nothing of it is lost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec import Struct, field

if TYPE_CHECKING:
    from trainui.ui.plot.scale import Scale
    from trainui.ui.plot.series import Stretch

Column = tuple[int, int, int, int, int]
"""A column of dots: where it is, where the curve enters it and leaves it, its highest and its lowest dot. Dots are
counted from the upper left; those beyond the sheet are where a line leads."""


class Traced(Struct, kw_only=True):
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
        self._to_x, self._to_y = x.dots(width), y.dots(height, down=True)
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
                trail.add((at, y, y, y, y), is_left=x < self.x.low, is_right=x > self.x.high)
        trail.break_off()
        return trail.pieces

    def curve(self, stretches: Sequence[Stretch]) -> Traced:
        """A curve with its extremes; beyond the edges, the neighbours to which its line leads."""
        out, trail = Traced(), _Trail()
        low, high, right = self.x.low, self.x.high, self._right
        bottom, top = self.y.low, self.y.high
        has_start = self.x.log and self._has_start
        to_x, to_y = self._to_x, self._to_y
        for one in stretches:
            x0, x1, least, most, first, last, nonfinite, *_ = one
            if not x0 <= x1:
                continue  # a moment that is not known lies nowhere
            is_left, is_right = x1 < low, x0 > high
            at = to_x((x0 + x1) / 2)
            if has_start and x1 <= 0:
                is_left, at = False, 0
                out.before += 1
            if not (is_left or is_right):
                at = 0 if at < 0 else (right if at > right else at)
                if nonfinite:
                    out.nonfinite.add(at)
            if least is None or most is None or first is None or last is None:
                trail.break_off()
                continue
            if (least < bottom or most > top) and not (is_left or is_right):
                self._note(out, least, most, at)
            if least == most:
                y = to_y(least)
                trail.add((at, y, y, y, y), is_left=is_left, is_right=is_right)
            else:
                ends = to_y(first), to_y(last)
                trail.add((at, *ends, to_y(most), to_y(least)), is_left=is_left, is_right=is_right)
        trail.break_off()
        out.pieces = trail.pieces
        return out

    def _note(self, out: Traced, least: float, most: float, at: int) -> None:
        """Remember what lies beyond the scale."""
        if most > self.y.high:
            out.above[at] = out.above.get(at, 0) + 1
            out.highest = most if out.highest is None else max(out.highest, most)
        if least < self.y.low:
            out.below[at] = out.below.get(at, 0) + 1
            out.lowest = least if out.lowest is None else min(out.lowest, least)


class _Trail:
    """Columns joined to pieces, with one beyond each edge to which the line leads."""

    def __init__(self) -> None:
        self.pieces: list[list[Column]] = []
        self._piece: list[Column] = []
        self._waiting: Column | None = None
        self._is_done = False
        self._last = -(10**9)

    def add(self, here: Column, *, is_left: bool, is_right: bool) -> None:
        """The next column of dots; one further left than the last begins a new piece."""
        at = here[0]
        if at < self._last:
            self.break_off()
        self._last = at
        if is_left:
            self._waiting = here
            return
        if is_right:
            if self._is_done or not (self._piece or self._waiting):
                self._is_done = True
                return
            self._is_done = True
            here = (at, here[1], here[1], here[1], here[1])
        if self._waiting is not None:
            x, y = self._waiting[0], self._waiting[2]
            self._piece.append((x, y, y, y, y))
            self._waiting = None
        piece = self._piece
        if piece and piece[-1][0] == at:
            _, first, _, top, bottom = piece[-1]
            _, _, last, above, below = here
            piece[-1] = (at, first, last, above if above < top else top, below if below > bottom else bottom)
        else:
            piece.append(here)

    def break_off(self) -> None:
        """No line leads on from here."""
        if self._piece:
            self.pieces.append(self._piece)
        self._piece, self._waiting, self._is_done, self._last = [], None, False, -(10**9)
