"""A page of a log as lines: wrapped or cut, what is looked for marked; and where an event stands in a log."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rich.cells import cell_len, chop_cells

from trainui.core.store.views import EventView
from trainui.ui.present.ink import Line, Span, clip, fold, line, safe
from trainui.ui.present.standing import ASKED
from trainui.ui.present.text import percent, plural

_STEP = rb"(?:steps?|iter(?:ation)?s?|it|batch|update)\W{0,4}0*%d(?![\d.])|(?<![\d.])0*%d/\d"
_EPOCH = rb"epochs?\W{0,4}0*%d(?![\d]|\.[1-9])"
_WITH_VALUE = re.compile(r" \S+ (?:[-+.\de]+|-?inf|nan)$")
"""What follows the path of a checkpoint that was told with a metric."""
_AT = re.compile(r"\b(step|epoch) (\d+)(?!\.\d)\b")


def row_heights(text: str, cells: int) -> int:
    """Lines that a row takes when it is wrapped at `cells` cells."""
    return max(1, -(-cell_len(safe(text)) // max(1, cells))) if text.isascii() else len(_wrapped(text, cells))


def _wrapped(text: str, cells: int) -> list[str]:
    return chop_cells(safe(text), max(2, cells)) or [""]


def row_lines(text: str, cells: int, *, wraps: bool, shift: int = 0, words: str = "") -> list[Line]:
    """A row on as many lines as it needs, or on one that begins `shift` characters later and is cut."""
    pieces = _wrapped(text, cells) if wraps else [safe(text)[shift:]]
    lines = [_marked(piece, words) for piece in pieces]
    return lines if wraps else [clip(one, cells) for one in lines]


def _marked(text: str, words: str) -> Line:
    if not words:
        return line(text)
    flags = 0 if any(map(str.isupper, words)) else re.IGNORECASE
    parts: list[str | Span] = []
    at = 0
    for found in re.finditer(re.escape(words), text, flags):
        parts += [text[at : found.start()], Span(found[0], "warn reverse")]
        at = found.end()
    return line(*parts, text[at:])


def bytes_of(count: int) -> str:
    """`812 bytes`, `12.3 MB`."""
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return plural(count, "byte")


def log_head(
    run: Span, cells: int, *, size: int, share: float, follows: bool, wraps: bool, words: str, said: str
) -> Line:
    """The line above a log: whose it is, how long, where one is, what is looked for."""
    parts: list[tuple[int, Line]] = [
        (0, line(Span(" log of ", "dim"), run)),
        (3, line(bytes_of(size))),
        (2, line("follows" if follows else percent(share))),
        (5, line(Span("wrapped" if wraps else "cut", "dim"))),
        (1, line(Span("looks for ", "dim"), Span(safe(words), "warn")) if words else ()),
        (1, line(Span(safe(said), "warn"))),
    ]
    return fold(parts, cells)


def signs_of(event: EventView, step: float | None, epoch: float | None) -> Sequence[str | re.Pattern[bytes]]:
    """What to look for in a log to find where an event happened, the surest first.

    `step`, `epoch`: where the run was then; a number in the event itself goes before.
    """
    signs: list[str | re.Pattern[bytes]] = []
    if event.kind == "checkpoint":
        path = _WITH_VALUE.sub("", event.text)
        signs += [path.rpartition("/")[2]] if not path.startswith(ASKED) else []
    told = {word: int(number) for word, number in _AT.findall(event.text)}
    places = {"step": step, "epoch": epoch} | told
    for word in sorted(places, key=lambda word: (word not in told, word == "epoch")):
        place = places[word]
        if place is not None and 0 <= place < 1e15 and place == int(place):
            number = int(place)
            pattern = _EPOCH % number if word == "epoch" else _STEP % (number, number)
            signs.append(re.compile(pattern, re.IGNORECASE))
    return signs
