"""What is sent to the terminal, in few bytes: only cells that differ from what stands there, only colours that do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

from rich.cells import cell_len
from rich.color import ColorSystem
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, Compositor, CompositorUpdate, LayoutUpdate, ReflowResult
from textual.geometry import Size
from textual.strip import Strip
from textual.widget import Widget

LEAST = Size(50, 14)
"""Cells and lines below which nothing can be read."""
_RESET = "\x1b[0m"
_SYSTEMS = {
    "standard": ColorSystem.STANDARD,
    "256": ColorSystem.EIGHT_BIT,
    "truecolor": ColorSystem.TRUECOLOR,
}
_ATTRIBUTES = (
    "bold", "dim", "italic", "underline", "blink", "blink2", "reverse", "conceal", "strike", "underline2", "frame",
    "encircle", "overline",
)  # fmt: skip
_NEAR = 4
"""Cells that stay the same between two that changed, which cost less than to move over them."""

Cell = tuple[str, Style]
"""What stands in a cell of the terminal; no text in the second one of a wide letter."""
_UNKNOWN: Cell = ("?", Style(blink2=True))


class Shown:
    """What stands on the terminal. Textual sends whole widgets, and all of the screen when one was laid out anew."""

    def __init__(self) -> None:
        self._size = Size(0, 0)
        self._rows: list[list[Cell]] = []

    def forget(self) -> None:
        """Something else may have drawn there: all of the next picture is sent."""
        self._size = Size(0, 0)

    def turn(self, size: Size) -> None:
        """The terminal has this size; what it did with the picture when it took it is not known."""
        if size != self._size:
            self._size = size
            self._rows = [[_UNKNOWN] * size.width for _ in range(size.height)]

    def is_new(self, size: Size) -> bool:
        """Whether nothing stands on a terminal of this size yet; from now on something does."""
        was, self._size = self._size, size
        self._rows = []
        return was != size

    def put(self, y: int, x: int, cells: list[Cell], system: ColorSystem) -> str:
        """Let these cells stand from (x, y) on; what to send for that."""
        row = self._rows[y] if y < len(self._rows) else []
        cells = cells[: max(0, len(row) - x)]
        before = row[x : x + len(cells)]
        if before == cells:
            return ""
        row[x : x + len(cells)] = cells
        out: list[str] = []
        for start, stop in _differing(before, cells):
            # The row is named once; a column by its number, since not all terminals agree how wide a letter is.
            out.append(f"\x1b[{x + start + 1}G" if out else f"\x1b[{y + 1};{x + start + 1}H")
            out.append(_written(cells[start:stop], system))
        return "".join(out)


def _differing(before: list[Cell], after: list[Cell]) -> Iterator[tuple[int, int]]:
    """(first, after the last) of each part that differs; no part begins or ends within a wide letter."""
    start = stop = -1
    for at, (was, now) in enumerate(zip(before, after, strict=True)):
        if was is now or was == now:
            continue
        if start >= 0 and at - stop > _NEAR:
            yield start, stop
            start = -1
        if start < 0:
            start = at
            while start and not after[start][0]:
                start -= 1
        stop = at + 1
        while stop < len(after) and not after[stop][0]:
            stop += 1
    if start >= 0:
        yield start, stop


class Laying(Compositor):
    """Textual's, which draws again where something lay that is gone.

    Textual 8.2 reckons anew where everything lies when somebody asks for a size after something out of sight was
    drawn. What is gone by then is missing from what the next layout is compared with: it stayed on the screen.
    """

    _laid: Any = None
    """Where everything lay when that was last compared."""

    def reflow(self, parent: Widget, size: Size) -> ReflowResult:
        """Lay it out; what lies elsewhere than at the last time is drawn again."""
        self._full_map = self._laid or self._full_map
        found = super().reflow(parent, size)
        self._laid = self._full_map
        return found


class SparingUpdate(CompositorUpdate):
    """An update of Textual's, of which only what is not shown yet is sent."""

    def __init__(self, update: ChopsUpdate | LayoutUpdate, shown: Shown, size: Size) -> None:
        self._update, self._shown, self._size = update, shown, size

    def render_segments(self, console: Console) -> str:
        """What to send to the terminal."""
        system = _SYSTEMS.get(console.color_system or "", ColorSystem.TRUECOLOR)
        self._shown.turn(self._size)
        if isinstance(self._update, LayoutUpdate):
            parts: Iterable[tuple[int, int, Iterable[Segment]]] = _laid_out(self._update)
        else:
            parts = _chopped(self._update)
        return "".join(self._shown.put(y, x, cells_of(segments), system) for y, x, segments in parts)


def fitting(update: Any, shown: Shown, size: Size) -> Any:
    """The same update, sparing; a sentence where the terminal has no room for it."""
    has_room = size.width >= LEAST.width and size.height >= LEAST.height
    return sparing(update, shown, size) if has_room else TooSmallUpdate(shown, size)


class TooSmallUpdate(CompositorUpdate):
    """One sentence in the place of everything."""

    def __init__(self, shown: Shown, size: Size) -> None:
        self._shown, self._size = shown, size

    def render_segments(self, console: Console) -> str:
        """What to send to the terminal; nothing where it stands already."""
        if not self._shown.is_new(self._size):
            return ""
        told = f"trainui needs {LEAST.width}x{LEAST.height}; this is {self._size.width}x{self._size.height}"
        return f"\x1b[0m\x1b[2J\x1b[H{told[: self._size.width]}"


def sparing(update: Any, shown: Shown, size: Size) -> Any:
    """The same update for a terminal of this size, sparing where it can be."""
    if type(update) in (ChopsUpdate, LayoutUpdate):
        return SparingUpdate(update, shown, size)
    return update


def _laid_out(update: LayoutUpdate) -> Iterator[tuple[int, int, Iterable[Segment]]]:
    for y, strips in enumerate(update.strips, update.region.y):
        yield y, update.region.x, [segment for strip in strips for segment in strip]


def _chopped(update: ChopsUpdate) -> Iterator[tuple[int, int, Iterable[Segment]]]:
    for y, x1, x2 in update.spans:
        for end, (x, strip) in zip(update.chop_ends[y], update.chops[y].items(), strict=False):
            if strip is None or x >= x2 or end <= x1:
                continue
            start, stop = max(x, x1), min(end, x2)
            yield y, start, _cut(strip, start - x, stop - x)


def _cut(strip: Strip, start: int, stop: int) -> Iterable[Segment]:
    return strip if (start, stop) == (0, strip.cell_length) else strip.crop(start, stop)


def cells_of(segments: Iterable[Segment]) -> list[Cell]:
    """Text with styles as cells; a letter that joins the one before it stands in the same cell."""
    cells: list[Cell] = []
    for text, style, control in segments:
        if control or not text:
            continue
        style = style or Style.null()
        if text.isascii():
            cells += zip(text, [_blank(style) if text.isspace() else style] * len(text), strict=True)
            continue
        for letter in text:
            wide = cell_len(letter)
            if wide or not cells:
                cells += [(letter, style), ("", style)][: max(1, wide)]
            else:
                at = len(cells) - 1 - (not cells[-1][0])
                cells[at] = (cells[at][0] + letter, cells[at][1])
    return cells


@lru_cache(maxsize=1024)
def _blank(style: Style) -> Style:
    """What is seen of a style where nothing is written: its ground."""
    return style if _attributes(style) else Style(bgcolor=style.bgcolor)


def _written(cells: Iterable[Cell], system: ColorSystem) -> str:
    """Letters with a code wherever the style changes; reset at the end."""
    out: list[str] = []
    now = Style.null()
    for letter, style in cells:
        if style is not now:
            code, now = _turn(now, style, system, is_blank=letter == " ")
            out.append(code)
        out.append(letter)
    return "".join((*out, _RESET if now else ""))


@lru_cache(maxsize=4096)
def _turn(now: Style, wanted: Style, system: ColorSystem, *, is_blank: bool) -> tuple[str, Style]:
    """The code from one style to another, and the style there is then: the colours, where nothing else differs."""
    if now == wanted:
        return "", now
    ground = wanted.bgcolor
    if not now or _attributes(now) != _attributes(wanted) or not ground or not (wanted.color or is_blank):
        return (_RESET if now else "") + f"\x1b[{Strip.render_ansi(wanted, system) or 0}m", wanted
    codes: list[str] = []
    if wanted.color and wanted.color != now.color:
        codes += wanted.color.downgrade(system).get_ansi_codes()
    if ground != now.bgcolor:
        codes += ground.downgrade(system).get_ansi_codes(foreground=False)
    then = now + Style(bgcolor=ground) if wanted.color is None else wanted
    return (f"\x1b[{';'.join(codes)}m" if codes else ""), then


@lru_cache(maxsize=1024)
def _attributes(style: Style) -> tuple[str, ...]:
    """Bold and the like."""
    return tuple(name for name in _ATTRIBUTES if getattr(style, name))
