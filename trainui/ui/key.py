"""A key: what it is called, what it does, how it is written."""

from __future__ import annotations

from dataclasses import dataclass

from textual.binding import Binding, BindingType


@dataclass(frozen=True, kw_only=True, slots=True)
class Key:
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
    """How the key is written; the key itself when empty."""

    @property
    def written(self) -> str:
        """The key as people write it."""
        return self.display or self.key.replace(",", " ")


def bindings(keys: tuple[Key, ...]) -> list[BindingType]:
    """The keys as Textual wants them. Priority keys would steal letters from an input, so there is none."""
    return [
        Binding(
            k.key, k.action, k.label, id=k.id, show=k.show, key_display=k.display or None, tooltip=k.about
        )
        for k in keys
    ]
