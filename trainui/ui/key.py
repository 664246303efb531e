"""A key: what it is called, what it does, how it is written."""

from __future__ import annotations

from msgspec import Struct
from textual.binding import Binding, BindingType

SIGNS = {
    "up": "↑", "down": "↓", "left": "←", "right": "→", "escape": "esc", "question_mark": "?", "slash": "/",
    "plus": "+", "minus": "-", "number_sign": "#", "left_square_bracket": "[", "right_square_bracket": "]",
    "comma": ",", "at": "@",
}  # fmt: skip
"""What Textual calls a key → how people write it."""
_WORDS = {"⇧": "shift+", "↑": "up", "↓": "down", "←": "left", "→": "right"}


class Key(Struct, frozen=True, kw_only=True):
    """One key (or several, with commas), what it does, and whether the footer shows it."""

    id: str
    key: str
    action: str
    label: str
    """For the footer."""
    about: str
    """One line for the help screen and the palette."""
    show: bool = False
    display: str = ""
    """How the key is written, where not all of it should be."""
    acts: bool = False
    """It asks for something: where one only looks it is refused, and so it is not offered."""

    @property
    def written(self) -> str:
        """The key as people write it."""
        return self.display or written(self.key)


def key(
    id: str,  # noqa: A002 (as the field is called)
    key: str,
    action: str,
    label: str,
    about: str,
    *,
    show: bool = False,
    display: str = "",
    acts: bool = False,
) -> Key:
    """A key in one line of the table."""
    return Key(id=id, key=key, action=action, label=label, about=about, show=show, display=display, acts=acts)


def written(keys: str) -> str:
    """Keys, with commas, as people write them: `up,ctrl+p` → `↑ ^p`."""
    return " ".join(_written(one.strip()) for one in keys.split(","))


def _written(key: str) -> str:
    if key.startswith("ctrl+"):
        return "^" + _written(key.removeprefix("ctrl+"))
    if key.startswith("shift+") and len(_written(key.removeprefix("shift+"))) == 1:
        return "⇧" + _written(key.removeprefix("shift+"))
    return SIGNS.get(key, key)


def in_words(written: str) -> str:
    """The same for a terminal without arrows: `↑ k` → `up k`, `⇧←` → `shift+left`."""
    for sign, word in _WORDS.items():
        written = written.replace(sign, word)
    return written


def bindings(keys: tuple[Key, ...]) -> list[BindingType]:
    """The keys as Textual wants them. Priority keys would steal letters from an input, so there is none."""
    return [
        Binding(k.key, k.action, k.label, id=k.id, show=k.show, key_display=k.written, tooltip=k.about)
        for k in keys
    ]
