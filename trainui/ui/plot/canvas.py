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
NO_INK = -1


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
        top, bottom = max(0, min(y0, y1)), min(self.height - 1, max(y0, y1))
        cell_x, bit_x = divmod(x, self.per_x)
        for cell_y in range(top // self.per_y, bottom // self.per_y + 1):
            above = cell_y * self.per_y
            at = cell_y * self.columns + cell_x
            self._bits[at] |= _RUNS[bit_x][max(0, top - above)][min(self.per_y - 1, bottom - above)]
            self._ink[at] = ink

    def stroke(self, x0: int, y0: int, x1: int, y1: int, ink: int) -> None:
        """An unbroken line from one dot to another, to the right."""
        if x1 <= x0:
            self.column(x0, y0, y1, ink)
            return
        before = y0
        for x in range(x0, x1 + 1):
            here = round(y0 + (y1 - y0) * (x - x0) / (x1 - x0))
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
