"""Which part of the x axis is seen: nearer, farther, along, back to the whole, or with what is newest."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from trainui.ui.plot.scale import Scale

NEAREST = 1e-7
"""The smallest part of the whole that can be seen alone."""
_AIR = 0.04
"""What stays free before the newest point when the view follows it, in parts of the view."""


class Extent(Struct, frozen=True, kw_only=True):
    """All that could be seen, and where the newest point lies."""

    whole: Scale
    newest: float

    def place(self, x: float) -> float:
        """Where x lies on a line on which equal parts look equal."""
        return math.log10(max(x, self.whole.low)) if self.whole.log else x

    def x(self, place: float) -> float:
        """The reverse of `place`."""
        return float(10.0**place) if self.whole.log else place


class Viewport(Struct, frozen=True, kw_only=True):
    """A part of the x axis from `low` to `high`, both in its own unit; the whole when they are None.

    One that follows moves on with the newest point and keeps its width.
    """

    low: float | None = None
    high: float | None = None
    follows: bool = False

    @property
    def is_whole(self) -> bool:
        """Whether all there is is seen, whatever comes."""
        return self.low is None or self.high is None

    def window(self, extent: Extent) -> tuple[float, float] | None:
        """What is seen now, from and to; None for the whole."""
        if self.low is None or self.high is None:
            return None
        if not self.follows:
            return self.low, self.high
        low, high = self._places(extent)
        return extent.x(low), extent.x(high)

    def zoom(self, extent: Extent, times: float, *, at: float | None = None) -> Viewport:
        """`times` as near (below 1: farther) around x `at`; without that, at the end where the newest point is."""
        low, high = self._places(extent)
        least, most = extent.place(extent.whole.low), extent.place(extent.whole.high)
        if times > 1 and (high - low) / times < (most - least) * NEAREST:
            return self
        follows = at is None and (self.is_whole or self.follows)
        if follows:
            return self._held(extent, high - (high - low) / times, high, follows=True)
        point = (low + high) / 2 if at is None else min(high, max(low, extent.place(at)))
        return self._held(extent, point - (point - low) / times, point + (high - point) / times)

    def pan(self, extent: Extent, parts: float) -> Viewport:
        """So many of its widths to the right. One that comes to the end follows what comes."""
        if self.is_whole:
            return self
        low, high = self._places(extent)
        by = (high - low) * parts
        moved = self._held(extent, low + by, high + by)
        end = min(extent.place(extent.whole.high), extent.place(extent.newest))
        is_there = not moved.is_whole and parts > 0 and moved._places(extent)[1] >= end
        return moved.newest(extent) if is_there else moved

    def newest(self, extent: Extent) -> Viewport:
        """As wide as it is, at the newest point and with it from now on."""
        if self.is_whole:
            return self
        low, high = self._places(extent)
        return Viewport(low=extent.x(low), high=extent.x(high), follows=True)

    def oldest(self, extent: Extent) -> Viewport:
        """As wide as it is, at the beginning."""
        if self.is_whole:
            return self
        low, high = self._places(extent)
        start = extent.place(extent.whole.low)
        return self._held(extent, start, start + high - low)

    def _places(self, extent: Extent) -> tuple[float, float]:
        least, most = extent.place(extent.whole.low), extent.place(extent.whole.high)
        if self.low is None or self.high is None:
            return least, most
        low, high = extent.place(self.low), extent.place(self.high)
        if self.follows:
            width = high - low
            end = max(least + width, min(most, extent.place(extent.newest) + width * _AIR))
            return end - width, end
        return low, high

    def _held(self, extent: Extent, low: float, high: float, *, follows: bool = False) -> Viewport:
        """What is seen, moved back onto the whole where it reaches beyond; the whole where it is as wide."""
        least, most = extent.place(extent.whole.low), extent.place(extent.whole.high)
        if high - low >= (most - least) * (1 - 1e-9):
            return Viewport()
        if not follows:
            by = max(0.0, least - low) - max(0.0, high - most)
            low, high = low + by, high + by
        return Viewport(low=extent.x(low), high=extent.x(high), follows=follows)
