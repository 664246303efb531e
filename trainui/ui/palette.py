"""The command palette as Textual has it, for keys that come faster than it is drawn and taken away."""

from __future__ import annotations

from contextlib import suppress

from textual.app import App
from textual.await_complete import AwaitComplete
from textual.command import CommandPalette

ID = "--command-palette"
"""By which Textual knows whether it is open."""


class Palette(CommandPalette):
    """Puts up with keys for what is not drawn yet, or gone."""

    def _action_command_list(self, action: str) -> None:
        with suppress(KeyError, IndexError):  # a page of a list that has no lines yet
            super()._action_command_list(action)

    def dismiss(self, result: None = None) -> AwaitComplete:
        """Go, once: a second enter finds another screen on top."""
        return super().dismiss(result) if self.is_current else AwaitComplete()


def open_palette(app: App[None]) -> None:
    """Open it, unless it is there, or still on its way out."""
    is_here = any(
        isinstance(one, CommandPalette) for one in app._nodes
    )  # `children` tells of the top screen alone
    if not is_here:
        app.push_screen(Palette(id=ID))
