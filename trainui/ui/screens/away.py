"""What happened while nobody looked: over the overview when one comes back, or when one asks; any key puts it away."""

from __future__ import annotations

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.getters import query_one

from trainui.core.away.model import Away
from trainui.ui.present.away import away_lines, heading
from trainui.ui.screens.dialog import Dialog
from trainui.ui.widgets.paper import Paper

FRAME = 7
"""Cells that the border and the margins of the box take."""


class AwayScreen(Dialog[None]):
    """Five lines, and what needs a person."""

    CSS_PATH = "dialog.tcss"

    paper = query_one("#away", Paper)

    def __init__(self, away: Away) -> None:
        super().__init__()
        self._away = away

    def compose(self) -> ComposeResult:
        """One box."""
        with Vertical(classes="box wide") as box:
            box.border_title = heading(self._away)
            yield Paper(id="away")

    def on_mount(self) -> None:
        """Show it."""
        self._fill()

    def on_resize(self) -> None:
        """Another width, other lines."""
        self._fill()

    def _fill(self) -> None:
        cells = min(100, self.app.size.width * 96 // 100) - FRAME
        rows = max(8, self.app.size.height * 94 // 100 - 4)
        self.paper.show(away_lines(self._away, cells, rows, closes="any key puts this away"))

    def on_key(self, event: events.Key) -> None:
        """Whatever it is."""
        event.stop()
        event.prevent_default()
        self.dismiss()

    def on_click(self) -> None:
        """Also a click."""
        self.dismiss()
