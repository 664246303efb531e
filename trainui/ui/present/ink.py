"""Text with tones: what every widget draws. A tone is a word (`warn`, `run3`), never a colour.

Text that came from a job is data: `safe` takes out whatever could drive a terminal, and no markup is parsed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import zip_longest
from typing import NamedTuple

from rich.cells import cell_len, chop_cells, set_cell_size

# Also what is unseen, and what terminals join with its neighbour or not, so that nobody knows how wide it is.
_DRIVES_A_TERMINAL = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ud800-\udfff\U0001f1e6-\U0001f1ff\U0001f3fb-\U0001f3ff\U000e0000-\U000e0fff]"
)
_ESCAPE_SEQUENCE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")

ASCII = str.maketrans(
    {
        "✔": "+", "●": "o", "▲": "!", "✖": "x", "○": ".", "■": "#", "‖": "=", "◆": "*", "▶": ">", "▸": ">",
        "▓": "#", "░": ".", "─": "-", "│": "|", "└": "+", "┬": "+", "┴": "^", "╍": "=", "✚": "&",
        "┤": "+", "┼": "+", "┈": "-", "┊": ":", "━": "=",
        "…": "~", "▌": "|", "–": "-", "×": "x", "·": ".", "°": "'", "→": ">", "↑": "^", "↓": "v",
        "€": "E", "£": "L", "¤": "$", "≤": "<", "≥": ">", "µ": "u", "‹": "<", "›": ">", "“": '"', "”": '"', "∞": "I",
        **dict(zip("▁▂▃▄▅▆▇█", "._-=+*#@", strict=True)),
    }
)  # fmt: skip
"""One cell for one cell, so that a table keeps its columns."""


NEAR = 8
"""Cells that stay the same between two parts that changed, which cost less than to begin anew after them."""


class Span(NamedTuple):
    """A piece of text and its tone; several tones are words with a space between."""

    text: str
    tone: str = ""


Line = tuple[Span, ...]
"""One row of a widget."""


def safe(text: str) -> str:
    """`text` without anything that could style or drive a terminal; tabs and line ends become spaces."""
    text = _ESCAPE_SEQUENCE.sub("", text).replace("\t", "  ").replace("\r", " ").replace("\n", " ")
    return _DRIVES_A_TERMINAL.sub("·", text)


def ascii_only(text: str) -> str:
    """`text` for a terminal without UTF-8: our glyphs by table, what else is not ASCII as `?`, in as many cells."""
    text = text.translate(ASCII)
    return text if text.isascii() else "".join(c if c.isascii() else "?" * cell_len(c) for c in text)


def line(*parts: str | Span | Line) -> Line:
    """One line of strings, spans and lines."""
    spans: list[Span] = []
    for part in parts:
        if isinstance(part, str):
            spans.append(Span(part))
        elif isinstance(part, Span):
            spans.append(part)
        else:
            spans.extend(part)
    return tuple(span for span in spans if span.text)


def changed(old: Line, new: Line) -> tuple[tuple[int, int], ...]:
    """Where two lines differ: (first cell, cell after the last) of each part. Parts that lie close are one."""
    before, after = _cells_of(old), _cells_of(new)
    found: list[tuple[int, int]] = []
    for at, (was, is_now) in enumerate(zip_longest(before, after, fillvalue=(" ", ""))):
        if was == is_now:
            continue
        if found and at - found[-1][1] < NEAR:
            found[-1] = (found[-1][0], at + 1)
        else:
            found.append((at, at + 1))
    return tuple(found)


def _cells_of(spans: Line) -> list[tuple[str, str]]:
    """(character, tone) of each cell; the second cell of a wide one is empty."""
    cells: list[tuple[str, str]] = []
    for text, tone in spans:
        if text.isascii():
            cells += ((char, tone) for char in text)
            continue
        for char in text:
            wide = cell_len(char)
            if wide or not cells:
                cells += [(char, tone), ("", tone)][:wide]
            else:
                cells[-1] = (cells[-1][0] + char, tone)
    return cells


def plain(spans: Iterable[Span]) -> str:
    """The text alone."""
    return "".join(span.text for span in spans)


def width(spans: Iterable[Span]) -> int:
    """Cells the line takes."""
    return sum(cell_len(span.text) for span in spans)


def clip(spans: Line, cells: int) -> Line:
    """The line in at most `cells` cells; `…` says that something is missing."""
    if width(spans) <= cells:
        return spans
    if cells <= 0:
        return ()
    kept: list[Span] = []
    room = cells - 1
    for span in spans:
        wide = cell_len(span.text)
        if wide > room:
            kept.append(Span(set_cell_size(span.text, room) + "…", span.tone))
            break
        kept.append(span)
        room -= wide
    return tuple(kept)


def wrap(spans: Line, cells: int, indent: int = 0) -> tuple[Line, ...]:
    """The line on as many lines as its words need; `indent` blanks stand before each. A word too long is broken."""
    room = max(8, cells - indent)
    rows: list[list[Span]] = [[]]
    for span in spans:
        words = [part for word in span.text.split(" ") for part in chop_cells(word, room) or [""]]
        for word in words:
            if rows[-1] and width(rows[-1]) + 1 + cell_len(word) > room:
                rows.append([])
            gap = " " if rows[-1] else ""
            rows[-1].append(Span(gap + word, span.tone))
    return tuple(line(" " * indent, *row) for row in rows)


def middle(text: str, cells: int) -> str:
    """The text in at most `cells` cells, without its middle: names that begin alike differ at their ends."""
    if cell_len(text) <= cells:
        return text
    after = max(0, cells - 1) // 2
    end = text[len(text) - after :]
    while cell_len(end) > after:
        end = end[1:]
    return f"{set_cell_size(text, max(0, cells - 1 - cell_len(end)))}…{end}" if cells > 0 else ""


def fit(spans: Line, cells: int, *, right: bool = False) -> Line:
    """The line in exactly `cells` cells, clipped or padded (on the left when `right`)."""
    spans = clip(spans, cells)
    space = Span(" " * (cells - width(spans)))
    return line(space, spans) if right else line(spans, space)


def join(parts: Iterable[Line], gap: str = "  ") -> Line:
    """Lines beside each other."""
    out: list[Span] = []
    for part in parts:
        if part and out:
            out.append(Span(gap))
        out.extend(part)
    return tuple(out)


def filled(front: Line, parts: Sequence[Line], cells: int) -> Line:
    """A line with as many of the parts as fit whole: half a number would be another one. `…`: some are missing."""
    told = front
    for left, part in zip(range(len(parts), 0, -1), parts, strict=True):
        if width(told) + 2 + width(part) + (2 if left > 1 else 0) > cells:
            return clip(line(told, " …"), cells)
        told = line(told, "  ", part)
    return clip(told, cells)


def fold(parts: list[tuple[int, Line]], cells: int, gap: str = "   ") -> Line:
    """Lines beside each other in `cells` cells; those with the highest number are the first to go."""
    kept = [part for part in parts if part[1]]
    while len(kept) > 1 and width(join((part for _, part in kept), gap)) > cells:
        kept.remove(max(kept, key=lambda part: part[0]))
    return clip(join((part for _, part in kept), gap), cells)
