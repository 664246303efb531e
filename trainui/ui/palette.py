"""The command palette as Textual has it, for keys that come faster than it is drawn and taken away."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from textual.app import App
from textual.await_complete import AwaitComplete
from textual.command import CommandPalette


class Palette(CommandPalette):
    """Puts up with keys for what is not drawn yet, or gone."""

    def _action_command_list(self, action: str) -> None:
        with suppress(KeyError, IndexError):  # a page of a list that has no lines yet
            super()._action_command_list(action)

    def dismiss(self, result: None = None) -> AwaitComplete:
        """Go, once: a second enter finds another screen on top."""
        return super().dismiss(result) if self.app.screen is self else AwaitComplete()


def open_palette(app: App[Any]) -> None:
    """Open it, unless it is there; without an ID, which one that is still on its way out would have, too."""
    if not CommandPalette.is_open(app):
        app.push_screen(Palette())
