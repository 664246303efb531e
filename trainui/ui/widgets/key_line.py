"""The line of keys at the foot of a screen, which is made anew only when other keys are on it."""

from __future__ import annotations

from typing import Any

from textual.widgets import Footer


class KeyLine(Footer):
    """Textual's footer. That one is made anew, widget by widget, at each change of the focus or of the screen."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self._stands: object = None
        self.set_reactive(Footer._bindings_ready, True)  # it stands with the first picture, not behind it

    def _told(self) -> object:
        """What is on it."""
        active = self.screen.active_bindings.values()
        shown = [
            (one.binding.key, self.app.get_key_display(one.binding), one.binding.description, one.enabled)
            for one in active
            if one.binding.show
        ]
        return shown, self.show_command_palette and self.app.COMMAND_PALETTE_BINDING

    async def recompose(self) -> None:
        """Make it anew, if it says anything else now."""
        if (
            self.is_attached and (told := self._told()) != self._stands
        ):  # it may be asked for by a screen that is gone
            self._stands = told
            await super().recompose()

    def on_mount(self) -> None:
        """Know what it began with. Textual calls this beside its own."""
        self._stands = self._told()
