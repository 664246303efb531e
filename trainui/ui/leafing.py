"""Where in a log somebody is, and how they move on: by lines of the screen, of which a wrapped row has several."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from trainui.core.ingest.pages import Pages, Row


@dataclass(frozen=True, order=True, slots=True)
class Spot:
    """A line of the screen: the row it belongs to, and which of its lines it is."""

    start: int = 0
    """The row's first byte."""
    line: int = 0


class Leafing:
    """A place in one log. `height_of`: lines of the screen a row takes, at least 1."""

    def __init__(self, pages: Pages, height_of: Callable[[Row], int]) -> None:
        self.pages = pages
        self._height_of = height_of
        self.top = Spot()

    def rows(self, lines: int) -> list[tuple[Row, int]]:
        """What fills so many lines of the screen: each row, and the number of its lines above the screen."""
        found: list[tuple[Row, int]] = []
        left, skipped = lines, self.top.line
        for row in self.pages.forward(self.top.start, lines):
            if left <= 0:
                break
            skipped = min(skipped, self._height_of(row) - 1)
            found.append((row, skipped))
            left -= self._height_of(row) - skipped
            skipped = 0
        return found

    def roll(self, by: int, lines: int) -> None:
        """Move so many lines of a screen of `lines` further down, or up when negative; never past an end."""
        if by < 0:
            self.top = self._up(self.top, -by)
        else:
            self.top = min(self._down(self.top, by), max(self.top, self.end(lines)))

    def end(self, lines: int) -> Spot:
        """Where the top is when the last line of the log is the last one of the screen."""
        return self._up(Spot(self.pages.size()), lines)

    def show(self, start: int, lines: int) -> None:
        """Put the row that starts at `start` on the screen, a third from its top unless it is in sight."""
        seen = self.rows(lines)
        if seen and seen[0][0].start <= start < seen[-1][0].end and Spot(start) >= self.top:
            return
        self.top = min(self._up(Spot(start), lines // 3), self.end(lines))

    def keep_within(self, lines: int) -> None:
        """Stay inside a log that was cut, or that is laid out in another width."""
        if self.top.start >= max(1, self.pages.size()):
            self.top = self.end(lines)
        elif self.top.start and self.pages.row_with(self.top.start) != self.top.start:
            self.top = Spot(self.pages.row_with(self.top.start))

    def _down(self, spot: Spot, by: int) -> Spot:
        rows = self.pages.forward(spot.start, by + 1)
        line = spot.line + by
        for row in rows:
            height = self._height_of(row)
            if line < height:
                return Spot(row.start, line)
            line -= height
        return Spot(rows[-1].end) if rows else spot

    def _up(self, spot: Spot, by: int) -> Spot:
        if by <= spot.line:
            return Spot(spot.start, spot.line - by)
        left = by - spot.line
        for row in reversed(self.pages.backward(spot.start, left)):
            height = self._height_of(row)
            if left <= height:
                return Spot(row.start, height - left)
            left -= height
        return Spot()
