"""An app that looks, moves and hears its keys as the settings say, from the start or from now on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import constants
from textual.binding import Binding
from textual.theme import Theme
from textual.widgets import Input

from trainui.ui import tones
from trainui.ui.key import in_words
from trainui.ui.preferences import Preferences
from trainui.ui.settings import Settings
from trainui.ui.steady import Steady
from trainui.ui.widgets.paper import Paper

if TYPE_CHECKING:
    from trainui.ui.keymap import Keymap


class Dressed(Steady):
    """Holds the settings and the keys in force."""

    def __init__(self, settings: Settings | None, preferences: Preferences | None) -> None:
        """`settings`: as they hold; what `preferences` come to without."""
        super().__init__()
        self.preferences = preferences or Preferences()
        self.held = settings or (preferences.settings() if preferences else Settings())
        self._calm()
        self._is_worn = False
        self.chosen_theme = ""
        """`dark` or `light`, if a key chose it."""
        for theme in (tones.DARK, tones.LIGHT, *tones.ANSI):
            self.register_theme(theme)

    def begin_in(self, theme: str) -> None:
        """Begin `dark` or `light` as a key chose it once, or as the settings say: no style is made for another."""
        self.chosen_theme = theme
        self.set_reactive(Steady.theme, self._wanted_theme().name)
        self.stylesheet.set_variables(self.get_css_variables())

    @property
    def keymap(self) -> Keymap:
        """The keys in force."""
        return self.preferences.keymap

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Our own words of the stylesheet, for before a theme of ours is on."""
        return dict(tones.DARK.variables)

    def get_key_display(self, binding: Binding) -> str:
        """A key as the help writes it."""
        own = binding.id if binding.id in self.keymap.chosen else None
        written = self.keymap.written(own) if own else super().get_key_display(binding)
        return in_words(written) if self.held.ascii else written

    def refresh_css(self, animate: bool = True) -> None:
        """Style everything anew; not for the first screen, which Textual makes in the very styles it begins in."""
        if self._is_worn:
            super().refresh_css(animate=animate)

    def wear(self) -> None:
        """Put on what the settings say; may be called again when they have changed."""
        held, self._is_worn = self.held, True
        self.theme = self._wanted_theme().name
        self.ansi_color = True if held.ansi else None  # else the terminal's own colours are translated
        self.set_class(held.ascii, "-ascii")
        self.set_class(not held.footer, "-no-footer")
        self._calm()
        self.set_keymap(self.keymap.for_textual())
        palette = self.keymap.for_textual().get("app.palette", "ctrl+p").split(",")[0]
        self.COMMAND_PALETTE_BINDING = palette  # type: ignore[misc] # Textual's footer finds the palette by its key
        for screen in self.screen_stack:
            screen.refresh_bindings()  # a line of keys may stand already, in other letters

    def _calm(self) -> None:
        """Known before the first field is there, which looks at it."""
        self.animation_level = "none" if self.held.is_reduced else constants.TEXTUAL_ANIMATIONS

    def change(self, preferences: Preferences) -> None:
        """Other preferences from now on: every line that is in sight is drawn again."""
        if preferences.said["theme"] != self.preferences.said["theme"]:
            self.chosen_theme = ""
        self.preferences, self.held = preferences, preferences.settings()
        self.wear()
        for screen in self.screen_stack:
            for field in screen.query(Input):
                field.cursor_blink = not self.held.is_reduced
            for paper in screen.query(Paper):
                paper.forget_title()
                paper.refresh()

    def action_theme(self) -> None:
        """Light or dark."""
        self.chosen_theme = "light" if self.current_theme.dark else "dark"
        self.theme = self._wanted_theme().name

    def _wanted_theme(self) -> Theme:
        is_dark = self.chosen_theme == "dark" if self.chosen_theme else self.held.dark
        if self.held.ansi:
            return tones.ANSI[0 if is_dark else 1]
        return tones.DARK if is_dark else tones.LIGHT
