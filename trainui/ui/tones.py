"""What a tone looks like: one palette on dark and one on light, both safe for colour-blind eyes."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from rich.style import Style
from textual.theme import BUILTIN_THEMES, Theme

RUN_COLOURS = 8

_DARK = {
    "run0": "#6496ff", "run1": "#ffe72d", "run2": "#55fec8", "run3": "#c787a9", "run4": "#a29a09",
    "run5": "#c2bbff", "run6": "#c2f299", "run7": "#8ad6cf",
    "dim": "#99a2ae", "accent": "#6fb7ff", "ok": "#29b178", "calm": "#9fb4c8", "warn": "#fdaf51",
    "bad": "#fc7171", "gate": "#a3abb8", "quote": "italic #a8b0bc", "head": "bold #e6e9ee",
    "faint": "dim", "shade": "on #23282e",
}  # fmt: skip
_LIGHT = {
    "run0": "#1979ff", "run1": "#ca6232", "run2": "#159276", "run3": "#83168f", "run4": "#59254b",
    "run5": "#a16c8e", "run6": "#1a44da", "run7": "#7d7bb9",
    "dim": "#5c636d", "accent": "#0b5ab5", "ok": "#076739", "calm": "#44586b", "warn": "#874b00",
    "bad": "#b82e3f", "gate": "#555c66", "quote": "italic #565d67", "head": "bold #16191d",
    "faint": "dim", "shade": "on #e4e7ea",
}  # fmt: skip
"""Runs are told apart from each other and from ok, warn and bad by eyes that lack any one kind of cone, and in 256
colours; tests/ui/test_tones.py measures it."""

DARK = Theme(
    name="trainui-dark",
    primary="#6fb7ff",
    secondary="#9fb4c8",
    accent="#6fb7ff",
    warning=_DARK["warn"],
    error=_DARK["bad"],
    success=_DARK["ok"],
    foreground="#d5dae1",
    background="#131619",
    surface="#1a1e22",
    panel="#252a2f",
    dark=True,
    variables={"line": "#3b424a", "cursor": "#2b3138", "footer-key-foreground": "#6fb7ff"},
)
LIGHT = Theme(
    name="trainui-light",
    primary="#0b5ab5",
    secondary="#44586b",
    accent="#0b5ab5",
    warning=_LIGHT["warn"],
    error=_LIGHT["bad"],
    success=_LIGHT["ok"],
    foreground="#1d2126",
    background="#fbfbf9",
    surface="#f1f1ee",
    panel="#eaebe8",
    dark=False,
    variables={"line": "#c3c7cc", "cursor": "#dbe7f5", "footer-key-foreground": "#0b5ab5"},
)

_SIXTEEN = {
    "run0": "cyan", "run1": "yellow", "run2": "green", "run3": "magenta",
    "run4": "bright_cyan", "run5": "bright_yellow", "run6": "bright_green", "run7": "bright_magenta",
    "dim": "dim", "accent": "cyan", "ok": "green", "calm": "", "warn": "yellow",
    "bad": "bright_red", "gate": "dim", "quote": "italic", "head": "bold", "faint": "dim", "shade": "on bright_black",
}  # fmt: skip
"""The sixteen colours that a terminal has of its own, whatever they look like there."""


def _of_the_terminal(usual: Theme, cursor: str) -> Theme:
    """Textual's theme of sixteen colours, with our words."""
    words = {"line": "ansi_bright_black", "cursor": cursor, "footer-key-foreground": "ansi_cyan"}
    return replace(usual, name=f"trainui-{usual.name}", variables={**usual.variables, **words})


ANSI = (
    _of_the_terminal(BUILTIN_THEMES["ansi-dark"], "ansi_blue"),
    _of_the_terminal(BUILTIN_THEMES["ansi-light"], "ansi_bright_white"),
)
"""For a dark and for a light background."""


@lru_cache(maxsize=512)
def style(tone: str, *, dark: bool, ansi: bool = False) -> Style:
    """The style of a tone. Runs beyond the eighth take the colours again, in order."""
    table = _SIXTEEN if ansi else _DARK if dark else _LIGHT
    words = []
    for word in tone.split():
        if word.startswith("run") and word[3:].isdigit():
            word = f"run{int(word[3:]) % RUN_COLOURS}"
        words.append(table.get(word, word))
    return Style.parse(" ".join(words))
