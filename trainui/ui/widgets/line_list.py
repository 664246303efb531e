"""Lines with a cursor. Alone: `python -m trainui.ui.widgets.line_list`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.style import Style
from textual import events
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip

from trainui.ui.present.ink import Line
from trainui.ui.widgets.paper import Paper


class LineList(Paper):
    """Rows of which one is under the cursor."""

    COMPONENT_CLASSES = {"line-list--cursor"}  # noqa: RUF012 (Textual's own annotation)
    cursor: reactive[int] = reactive(0, repaint=False)
    """The row under the cursor, from 0."""

    class Moved(Message):
        """The cursor is on another row."""

    def __init__(self, **widget: Any) -> None:
        super().__init__(**widget)
        self._count = 0

    def fill(self, lines: Sequence[Line], *, count: int) -> None:
        """Show these rows; `count` of them can be chosen."""
        self._count = count
        self.show(lines)
        self.cursor = max(0, min(self.cursor, count - 1))
        self._keep_in_sight()

    def move(self, by: int) -> None:
        """Put the cursor so many rows further down."""
        self.cursor = max(0, min(self.cursor + by, self._count - 1))

    def watch_cursor(self, old: int, new: int) -> None:
        """Repaint the two rows and keep the new one in sight."""
        for row in (old, new):
            self.repaint_row(row)
        self._keep_in_sight()
        self.post_message(self.Moved())

    def on_resize(self) -> None:
        """Another height, another part of it."""
        self._keep_in_sight()

    def _keep_in_sight(self) -> None:
        room = max(1, self.size.height)
        top = self.scroll_offset.y
        if self.cursor < top or self.cursor >= top + room:
            to = self.cursor if self.cursor < top else self.cursor - room + 1
            self.scroll_to(y=to, animate=False, immediate=True)

    def strip(self, spans: Line, row: int) -> Strip:
        """The row under the cursor lies on another ground."""
        drawn = super().strip(spans, row)
        if not self._count or row != self.cursor:
            return drawn
        ground = Style(bgcolor=self.get_component_rich_style("line-list--cursor").bgcolor)
        return Strip([s._replace(style=(s.style or Style()) + ground) for s in drawn], drawn.cell_length)

    def on_click(self, event: events.Click) -> None:
        """A click moves the cursor."""
        row = event.y + self.scroll_offset.y
        if 0 <= row < self._count:
            self.cursor = row


def _demo() -> None:
    from textual.app import App, ComposeResult

    from trainui.ui.present.ink import line

    class Demo(App[None]):
        def compose(self) -> ComposeResult:
            yield LineList()

        def on_mount(self) -> None:
            self.query_one(LineList).fill([line(f"line {n}") for n in range(100)], count=100)

    Demo().run()


if __name__ == "__main__":
    _demo()
