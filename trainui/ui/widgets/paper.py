"""A widget that shows lines with tones, repaints only the rows that changed, and scrolls."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from rich.segment import Segment
from textual.content import Content
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.scrollbar import ScrollBar, ScrollBarRender
from textual.strip import Strip

from trainui.ui import tones
from trainui.ui.present.ink import ascii_only, changed

if TYPE_CHECKING:
    from trainui.ui.present.ink import Line


class PlainBar(ScrollBarRender):
    """A scrollbar of blanks alone, for a terminal that has no blocks."""

    VERTICAL_BARS: ClassVar = [" "] * 8
    HORIZONTAL_BARS: ClassVar = [" "] * 8


class Paper(ScrollView, can_focus=False, inherit_bindings=False):
    """Lines under each other. `follow` keeps the end in sight while lines are added."""

    DEFAULT_CSS = """
    Paper { height: 1fr; background: transparent; scrollbar-size: 1 1; overflow-x: hidden;
        scrollbar-background: $panel; scrollbar-color: $primary 50%; }
    Paper:focus { background-tint: $foreground 0%; }
    """
    ALLOW_SELECT = False
    FROZEN = 0
    """Rows on top that do not scroll."""

    def __init__(self, *, follow: bool = False, **widget: Any) -> None:
        super().__init__(**widget)
        self.follow = follow
        self._lines: tuple[Line, ...] = ()
        self._titled = ""

    @property
    def vertical_scrollbar(self) -> ScrollBar:
        """The bar on the right, in signs that the terminal has."""
        bar = super().vertical_scrollbar
        if self.is_ascii:
            bar.renderer = PlainBar  # type: ignore[misc]  # as its documentation has it
        return bar

    @property
    def lines(self) -> tuple[Line, ...]:
        """What is shown, from the first row."""
        return self._lines

    @property
    def cells(self) -> int:
        """The width to draw in, in cells; the scrollbar's own is kept free, so that its coming changes nothing."""
        return max(0, self.size.width - self.styles.scrollbar_size_vertical)

    @property
    def is_ascii(self) -> bool:
        """Whether only ASCII may be drawn here."""
        return self.app.has_class("-ascii")

    def show(self, lines: Sequence[Line]) -> None:
        """Draw these lines; cells that stay the same cost nothing."""
        old, self._lines = self._lines, tuple(lines)
        if len(old) != len(self._lines):
            self.virtual_size = Size(0, len(self._lines))
            if self.follow:
                self.to_end()
        for row in range(max(len(old), len(self._lines))):
            if row >= len(old) or row >= len(self._lines):
                self.repaint_row(row)
            elif old[row] != self._lines[row]:
                self._repaint_cells(row, changed(old[row], self._lines[row]))

    def to_end(self) -> None:
        """Put the end in sight, also where the layout that gives it a scrollbar is still to come."""
        self.scroll_end(animate=False, force=True)

    def entitle(self, title: str) -> None:
        """Put a title on the border. It is data: no markup is read from it."""
        if title != self._titled:
            self._titled = title
            self.border_title = Content(ascii_only(title) if self.is_ascii else title)

    def forget_title(self) -> None:
        """Write the title anew when it is told next: other letters may be drawn now."""
        titled, self._titled = self._titled, ""
        self.entitle(titled)

    def repaint_row(self, row: int) -> None:
        """Mark one row as changed, where it stands on the screen now."""
        y = self._on_screen(row)
        if y is not None:
            self.refresh(Region(0, y, self.size.width, 1))

    def _on_screen(self, row: int) -> int | None:
        """Where a row stands in the widget; None where it was scrolled away: another widget may be there."""
        y = row if row < self.FROZEN else row - self.scroll_offset.y
        return y if min(row, self.FROZEN) <= y < self.size.height else None

    def _repaint_cells(self, row: int, parts: Sequence[tuple[int, int]]) -> None:
        """Mark parts of a row as changed: over a slow line every cell counts."""
        y = self._on_screen(row)
        if parts and y is not None:
            self.refresh(*(Region(start, y, stop - start, 1) for start, stop in parts))

    def render_line(self, y: int) -> Strip:
        """One row of the widget as the screen has it."""
        row = y if y < self.FROZEN else y + self.scroll_offset.y
        spans = self._lines[row] if row < len(self._lines) else ()
        return self.strip(spans, row)

    def strip(self, spans: Line, row: int) -> Strip:
        """A line in the widget's own colours, as wide as the widget."""
        del row
        theme, only_ascii = self.app.current_theme, self.is_ascii
        segments = [
            Segment(
                ascii_only(span.text) if only_ascii else span.text,
                tones.style(span.tone, dark=theme.dark, ansi=theme.ansi),
            )
            for span in spans
        ]
        base = self.rich_style
        strip = Strip(Segment.apply_style(segments, base))
        return strip.adjust_cell_length(self.size.width, base)
