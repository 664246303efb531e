"""What a tone looks like: one palette on dark and one on light, both safe for colour-blind eyes."""

from __future__ import annotations

from functools import lru_cache

from rich.style import Style
from textual.theme import Theme

RUN_COLOURS = 8

_DARK = {
    "run0": "#56b4e9", "run1": "#e69f00", "run2": "#2fc79a", "run3": "#dd8fc0", "run4": "#f0e442",
    "run5": "#8ea2ff", "run6": "#c7a27c", "run7": "#c8ccd4",
    "dim": "#8a93a0", "accent": "#6fb7ff", "ok": "#45c08a", "calm": "#9fb4c8", "warn": "#f2b134",
    "bad": "#ff6b61", "gate": "#a3abb8", "quote": "italic #a8b0bc", "head": "bold #e6e9ee",
    "faint": "dim", "shade": "on #222c38",
}  # fmt: skip
_LIGHT = {
    "run0": "#0067a5", "run1": "#a85800", "run2": "#00775a", "run3": "#a2357b", "run4": "#7d6a00",
    "run5": "#4549c9", "run6": "#744d2c", "run7": "#4a4f57",
    "dim": "#676e78", "accent": "#0b62c4", "ok": "#0b7a4b", "calm": "#44586b", "warn": "#9a5b00",
    "bad": "#c8231a", "gate": "#5f6670", "quote": "italic #5b626c", "head": "bold #16191d",
    "faint": "dim", "shade": "on #e3e8ee",
}  # fmt: skip

DARK = Theme(
    name="trainui-dark",
    primary="#6fb7ff",
    secondary="#9fb4c8",
    accent="#6fb7ff",
    warning="#f2b134",
    error="#ff6b61",
    success="#45c08a",
    foreground="#d5dae1",
    background="#11151a",
    surface="#181d24",
    panel="#222932",
    dark=True,
    variables={"line": "#39424e", "cursor": "#26313e", "footer-key-foreground": "#6fb7ff"},
)
LIGHT = Theme(
    name="trainui-light",
    primary="#0b62c4",
    secondary="#44586b",
    accent="#0b62c4",
    warning="#9a5b00",
    error="#c8231a",
    success="#0b7a4b",
    foreground="#1d2126",
    background="#fbfbf9",
    surface="#f1f1ee",
    panel="#e6e7e4",
    dark=False,
    variables={"line": "#c3c7cc", "cursor": "#dbe7f5", "footer-key-foreground": "#0b62c4"},
)


@lru_cache(maxsize=512)
def style(tone: str, *, dark: bool) -> Style:
    """The style of a tone. Runs beyond the eighth take the colours again, in order."""
    table = _DARK if dark else _LIGHT
    words = []
    for word in tone.split():
        if word.startswith("run") and word[3:].isdigit():
            word = f"run{int(word[3:]) % RUN_COLOURS}"
        words.append(table.get(word, word))
    return Style.parse(" ".join(words))
