"""A sheet of dots: 2×4 to a cell in braille, one to a cell in ASCII. Several inks share a sheet."""

from __future__ import annotations

_BRAILLE = 0x2800
_BITS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
_RUNS = [
    [[sum(_BITS[y][x] for y in range(first, last + 1)) for last in range(4)] for first in range(4)]
    for x in (0, 1)
]
"""Column of a cell → first dot → last dot → the bits between, both included."""
ASCII_INKS = "*+xo#%@&"
STROKES = ("━", "╍", "┈")
"""Style → how a line of it looks in a legend."""
NO_INK = -1
SOLID, DASHED, DOTTED = 0, 1, 2
_PATTERNS = ((True,), (True,) * 8 + (False,) * 4, (True, False, False, False))
"""Style → which columns of dots are drawn, over and over."""
STYLES = len(_PATTERNS)


def has_dot(style: int, x: int) -> bool:
    """Whether a line of this style has a dot in column x."""
    pattern = _PATTERNS[style]
    return pattern[x % len(pattern)]


def stroke_of(ink: int, style: int, *, only_ascii: bool) -> str:
    """How a line looks, in one character."""
    return ASCII_INKS[ink % len(ASCII_INKS)] if only_ascii else STROKES[style]


class Canvas:
    """Dots at (x, y) from the upper left. A cell shows all its dots in the ink that was drawn last."""

    def __init__(self, columns: int, rows: int, *, only_ascii: bool = False) -> None:
        self.columns, self.rows = columns, rows
        self.only_ascii = only_ascii
        self.per_x, self.per_y = (1, 1) if only_ascii else (2, 4)
        self.width, self.height = columns * self.per_x, rows * self.per_y
        self._bits = [0] * (columns * rows)
        self._ink = [NO_INK] * (columns * rows)

    def column(self, x: int, y0: int, y1: int, ink: int) -> None:
        """Dots from y0 to y1, both included, in whatever order; what lies outside the sheet is cut off."""
        if not 0 <= x < self.width:
            return
        top, bottom = (y0, y1) if y0 <= y1 else (y1, y0)
        if top < 0:
            top = 0
        if bottom >= self.height:
            bottom = self.height - 1
        if top > bottom:
            return
        per_y, columns = self.per_y, self.columns
        cell_x, bit_x = divmod(x, self.per_x)
        first, last = top // per_y, bottom // per_y
        bits, inks, runs = self._bits, self._ink, _RUNS[bit_x]
        at = first * columns + cell_x
        if first == last:
            bits[at] |= runs[top - first * per_y][bottom - first * per_y]
            inks[at] = ink
            return
        bits[at] |= runs[top - first * per_y][per_y - 1]
        inks[at] = ink
        whole = runs[0][per_y - 1]
        for between in range(at + columns, last * columns + cell_x, columns):
            bits[between] |= whole
            inks[between] = ink
        at = last * columns + cell_x
        bits[at] |= runs[0][bottom - last * per_y]
        inks[at] = ink

    def stroke(self, x0: int, y0: int, x1: int, y1: int, ink: int, style: int = SOLID) -> None:
        """An unbroken line from one dot to another, to the right. Of a broken line, what is steep is drawn whole."""
        if x1 <= x0:
            self.column(x0, y0, y1, ink)
            return
        slope, start = (y1 - y0) / (x1 - x0), max(x0, -1)
        before = round(y0 + slope * (start - x0))
        for x in range(start, min(x1, self.width) + 1):
            here = round(y0 + slope * (x - x0))
            if style == SOLID or abs(here - before) > 1 or has_dot(style, x):
                step = 0 if abs(here - before) <= 1 else (1 if here > before else -1)
                self.column(x, before + step, here, ink)
            before = here

    def is_blank(self, column: int, row: int) -> bool:
        """Whether no dot was drawn in the cell."""
        return not self._bits[row * self.columns + column]

    def cell(self, column: int, row: int) -> tuple[str, int]:
        """The character of a cell and its ink; a space and NO_INK where nothing was drawn."""
        at = row * self.columns + column
        bits, ink = self._bits[at], self._ink[at]
        if not bits:
            return " ", NO_INK
        return (ASCII_INKS[ink % len(ASCII_INKS)] if self.only_ascii else chr(_BRAILLE + bits)), ink

    def lay(self, row: int, chars: list[str], tones: list[str], names: list[str], *, sign: str = "") -> None:
        """Put a row over what stands in `chars` and `tones`: ink n has the tone names[n]. `sign`: the character of
        every ink where only ASCII may be drawn."""
        start = row * self.columns
        bits = self._bits[start : start + self.columns]
        if not any(bits):
            return
        inks = self._ink[start : start + self.columns]
        for at, dots in enumerate(bits):
            if dots:
                ink = inks[at]
                tones[at] = names[ink]
                if self.only_ascii:
                    chars[at] = sign or ASCII_INKS[ink % len(ASCII_INKS)]
                else:
                    chars[at] = chr(_BRAILLE + dots)
