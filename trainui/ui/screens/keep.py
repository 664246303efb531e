"""The question before a taught pattern is written into a spec file."""

from __future__ import annotations

from pathlib import Path

from textual.app import ComposeResult
from textual.containers import Vertical

from trainui.ui import keys
from trainui.ui.bridge import Bridge
from trainui.ui.keymap import keymap_of
from trainui.ui.present.ink import Span, line, safe, wrap
from trainui.ui.present.lesson import toml_lines
from trainui.ui.screens.dialog import Dialog
from trainui.ui.widgets.paper import Paper


class Keep(Dialog[bool]):
    """The pattern as TOML: to be written into a spec file, or to be copied where there is none."""

    CSS_PATH = "dialog.tcss"
    BINDINGS = keys.bindings(keys.KEEP)

    def __init__(self, bridge: Bridge, toml: str, spec: Path | None) -> None:
        super().__init__()
        self._bridge = bridge
        self._toml = toml
        self._spec = spec

    def compose(self) -> ComposeResult:
        """One box."""
        with Vertical(classes="box wide"):
            yield Paper(id="question")

    def on_mount(self) -> None:
        """Ask, for the width there is."""
        self.call_after_refresh(self._ask)

    def on_resize(self) -> None:
        """Another width."""
        self.call_after_refresh(self._ask)

    def _ask(self) -> None:
        paper = self.query_one("#question", Paper)
        cells, key = paper.cells or 60, keymap_of(self.app).first
        if self._spec is None:
            ask = line("No spec file here is of this job: paste this into its spec.")
            answers = [(key("keep.copy"), "copy it, where the terminal lets us"), (key("keep.no"), "back")]
        else:
            ask = line("Write this into", Span(safe(str(self._spec)), "bold"), "?")
            answers = [
                (key("keep.yes"), "write it: it counts from the next start of the job"),
                (key("keep.copy"), "copy it, where the terminal lets us"),
                (key("keep.no"), "no"),
            ]
        paper.show(
            [
                *wrap(ask, cells),
                line(),
                *toml_lines(self._toml, cells, max(3, self.app.size.height - 12)),
                line(),
                *(line(Span(f" {key} ", "bold accent"), says) for key, says in answers),
            ]
        )

    def action_answer(self, answer: str) -> None:
        """Leave with the answer; y does nothing where there is no file."""
        if answer == "n" or self._spec is not None:
            self.dismiss(answer == "y")

    def action_copy(self) -> None:
        """Into the clipboard of the terminal."""
        self.app.copy_to_clipboard(self._toml)
        self._bridge.tell("copied, if this terminal takes OSC 52")
