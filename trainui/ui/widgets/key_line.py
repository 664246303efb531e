"""The line of keys at the foot of a screen: one widget, where Textual's footer is one for each key."""

from __future__ import annotations

from typing import Any, NamedTuple

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import ActiveBinding, Binding
from textual.reactive import reactive
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Input

from trainui.ui.keymap import is_offered
from trainui.ui.keys import PLACES

DIM = Style(dim=True)


class Key(NamedTuple):
    """A key as it stands on the line."""

    name: str
    """As Textual knows it."""
    written: str
    word: str
    about: str
    enabled: bool


class KeyLine(Widget, can_focus=False):
    """What can be done here, as far as it fits; a click on a key is the key."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES = {"key-line--key", "key-line--word", "key-line--edge"}  # noqa: RUF012 (Textual's own annotation)
    DEFAULT_CSS = """
    KeyLine { dock: bottom; height: 1; color: $footer-foreground; background: $panel;
        .key-line--key { color: $footer-key-foreground; text-style: bold; }
        .key-line--word { color: $footer-description-foreground; }
        .key-line--edge { color: $foreground 20%; } }
    """
    show_command_palette = reactive(True)
    """Whether the key of the palette stands on the right."""

    def __init__(self, *, show_command_palette: bool = True) -> None:
        super().__init__()
        self.set_reactive(KeyLine.show_command_palette, show_command_palette)
        self._keys: tuple[Key, ...] = ()
        self._palette: Key | None = None
        self._is_ascii = False

    def on_mount(self) -> None:
        """Follow what can be done."""
        self.screen.bindings_updated_signal.subscribe(self, self._look)
        self._look(self.screen)

    def _look(self, screen: Screen[Any]) -> None:
        """Show the keys of now; nothing is drawn where they are as they were."""
        if not self.is_attached or screen is not self.screen:
            return
        active, first = screen.active_bindings, dict[str, Any]()
        for one in active.values():
            if one.binding.show and is_offered(self.app, one.binding.id):
                first.setdefault(one.binding.action, one)
        typed = {key for key, one in active.items() if isinstance(one.node, Input) and not one.binding.show}
        for binding in screen.BINDINGS:  # a field that has the focus answers to enter, and means the same
            if isinstance(binding, Binding) and binding.show and binding.key in typed:
                first.setdefault(binding.action, ActiveBinding(screen, binding, True, ""))
        place = {key.id: number for number, key in enumerate(PLACES.get(getattr(screen, "PLACE", ""), ()))}
        # A key that a person chose comes last in Textual's order; here it stays where the table has it.
        shown = sorted(first.values(), key=lambda one: place.get(one.binding.id, len(place)))
        keys = tuple(self._key(*one[1:]) for one in shown)
        found = active.get(self.app.COMMAND_PALETTE_BINDING)
        palette = self._key(*found[1:]) if found else None
        is_ascii = self.app.has_class("-ascii")  # the app may be dressed after the first picture
        if (keys, palette, is_ascii) != (self._keys, self._palette, self._is_ascii):
            self._keys, self._palette, self._is_ascii = keys, palette, is_ascii
            self.refresh()

    def _key(self, binding: Any, enabled: bool, tooltip: str) -> Key:
        about = tooltip or binding.tooltip or ""
        return Key(binding.key, self.app.get_key_display(binding), binding.description, about, enabled)

    @property
    def _edge(self) -> int:
        """Where the key of the palette begins; the width where it is not shown."""
        if not self.show_command_palette or self._palette is None:
            return self.size.width
        return self.size.width - _cells(self._palette) - (1 if self._is_ascii else 2)

    def render_line(self, y: int) -> Strip:
        """The keys, and on the right that of the palette."""
        del y
        base, width = self.rich_style, self.size.width
        strip = Strip([part for key in self._keys for part in (*self._segments(key), Segment(" ", base))])
        strip = strip.adjust_cell_length(self._edge, base)
        if self._edge < width and self._palette is not None:
            edge = Segment("▏", base + self.get_component_rich_style("key-line--edge"))
            right = [] if self._is_ascii else [edge]
            strip = Strip.join([strip, Strip([*right, *self._segments(self._palette), Segment(" ", base)])])
        return strip.adjust_cell_length(width, base)

    def _segments(self, key: Key) -> list[Segment]:
        styles = [self.get_component_rich_style(f"key-line--{part}") for part in ("key", "word")]
        if not key.enabled:
            styles = [style + DIM for style in styles]
        return [Segment(key.written, styles[0]), Segment(f" {key.word}", styles[1])]

    def _at(self, x: int) -> Key | None:
        """The key that stands there."""
        if x >= self._edge:
            return self._palette
        for key in self._keys:
            if 0 <= x < _cells(key):
                return key
            x -= _cells(key) + 1
        return None

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """A click on a key is the key."""
        key = self._at(event.x)
        if key is not None and key.enabled:
            self.app.simulate_key(key.name)
        elif key is not None:
            self.app.bell()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """What a key does stands beside the mouse."""
        key = self._at(event.x)
        self.tooltip = key.about or None if key else None


def _cells(key: Key) -> int:
    return cell_len(key.written) + 1 + cell_len(key.word)
