"""The body of a chart: curves above what lies behind them, above marks, above the dashed lines of gates."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from trainui.ui.plot.canvas import SOLID, Canvas, has_dot
from trainui.ui.plot.smooth import smoothed
from trainui.ui.plot.tracing import Tracer
from trainui.ui.present.ink import Span, safe

if TYPE_CHECKING:
    from trainui.ui.plot.scale import Scale
    from trainui.ui.plot.series import Guide, Mark, Series, Threshold
    from trainui.ui.plot.tracing import Column, Traced
    from trainui.ui.present.ink import Line

_LABEL = 20
"""Cells that the name beside a mark may take."""


class Sheet:
    """Three canvases over each other, and words where they cover no curve."""

    def __init__(
        self, x: Scale, y: Scale, columns: int, rows: int, *, only_ascii: bool, has_start: bool = True
    ) -> None:
        self.x, self.y = x, y
        self.columns, self.rows = columns, rows
        self.only_ascii = only_ascii
        self.nonfinite: set[int] = set()
        """Columns in which a value was no number."""
        self.before = 0
        """Stretches whose x is not above 0, on a logarithmic x axis."""
        self.above, self.below = 0, 0
        """Stretches that reach beyond the y axis, up and down."""
        self.highest: float | None = None
        self.lowest: float | None = None
        self.dashed: set[int] = set()
        """Rows that a gate's line runs along."""
        self._ink = Canvas(columns, rows, only_ascii=only_ascii)
        self._behind = Canvas(columns, rows, only_ascii=only_ascii)
        self._faint = Canvas(columns, rows, only_ascii=only_ascii)
        self._tracer = Tracer(x, y, self._ink.width, self._ink.height, has_start=has_start)
        self._tones: list[str] = []
        self._runs: list[str] = []
        self._dim: list[str] = []
        self._words: dict[tuple[int, int], tuple[str, str]] = {}
        self._upright: dict[int, tuple[str, str]] = {}
        self._edges: dict[tuple[int, int], str] = {}
        self._shade: range = range(0)

    def add(self, series: Iterable[Series], *, smooth: float = 0.0) -> None:
        """Draw curves, those that should lie on top last, and their digits where they end.

        Smoothed ones lie before what was measured, which is faint then.
        """
        for one in sorted(series, key=lambda each: each.on_top):
            while len(self._runs) <= one.ink:
                self._runs.append(f"run{len(self._runs)}")
                self._dim.append(f"{self._runs[-1]} faint")
            for left in one.overlaps:
                self._draw(self._behind, self._tracer.curve(left).pieces, one.ink, SOLID)
            traced = self._tracer.curve(one.stretches)
            self._note(traced)
            pieces = traced.pieces
            if smooth:
                self._draw(self._behind, pieces, one.ink, SOLID)
                levels = smoothed(one.stretches, smooth)
                pieces = self._tracer.line(
                    [(each.x1, level) for each, level in zip(one.stretches, levels, strict=True)]
                )
            self._draw(self._ink, pieces, one.ink, SOLID if self.only_ascii else one.style)
            if one.tag and pieces:
                end = next(
                    (each for each in reversed(pieces[-1]) if each[0] < self._ink.width), pieces[-1][0]
                )
                self._end(one, end)
        for (column, row), arrow in self._edges.items():
            self._words.setdefault((column, row), (arrow, "warn"))

    def _draw(self, canvas: Canvas, pieces: list[list[Column]], ink: int, style: int) -> None:
        column, stroke = canvas.column, canvas.stroke
        for piece in pieces:
            x0, y0 = -(10**9), 0
            for x, first, last, top, bottom in piece:
                if x == x0 + 1:
                    # The line from the column before ends beside its dot: one column draws both.
                    if y0 < top:
                        top = min(y0 + 1, top)
                    elif y0 > bottom:
                        bottom = max(y0 - 1, bottom)
                elif x0 > -(10**9):
                    stroke(x0, y0, x, first, ink, style)
                if style == SOLID or bottom - top > 1 or x0 < 0 or has_dot(style, x):
                    column(x, top, bottom, ink)
                x0, y0 = x, last

    def _end(self, series: Series, end: Column) -> None:
        column = min(self.columns - 1, max(0, end[0] // self._ink.per_x + 1))
        row = min(self.rows - 1, max(0, end[2] // self._ink.per_y))
        self._words[self._free(column, row)] = (series.tag, f"run{series.ink} bold")

    def _note(self, traced: Traced) -> None:
        """What is not finite and what lies beyond the scale is told at the edges."""
        self.nonfinite.update(dot // self._ink.per_x for dot in traced.nonfinite)
        self.before += traced.before
        self.above += sum(traced.above.values())
        self.below += sum(traced.below.values())
        self.highest = max((v for v in (self.highest, traced.highest) if v is not None), default=None)
        self.lowest = min((v for v in (self.lowest, traced.lowest) if v is not None), default=None)
        for beyond, row, arrow in ((traced.above, 0, "↑"), (traced.below, self.rows - 1, "↓")):
            for dot in beyond:
                self._edges[dot // self._ink.per_x, row] = arrow

    def guide(self, guide: Guide) -> None:
        """Draw a faint line: dots with holes between them where it is sparse."""
        self._tones.append(guide.tone)
        ink = len(self._tones) - 1
        for piece in self._tracer.line(guide.points):
            for (x0, y0), (x1, y1) in pairwise((each[0], each[2]) for each in piece):
                for dot in range(max(0, x0), min(x1, self._faint.width - 1) + 1):
                    if dot % guide.sparse == 0 and x1 > x0:
                        here = round(y0 + (y1 - y0) * (dot - x0) / (x1 - x0))
                        self._faint.column(dot, here, here, ink)

    def threshold(self, thresholds: Iterable[Threshold]) -> None:
        """Lay the dashed lines of gates; a gate off the scale points to where it is. Call after the curves."""
        found: dict[int, str] = {}
        for one in thresholds:
            row, label = self.row_of(one.value), safe(one.label)
            if self.y.holds(one.value):
                self.dashed.add(row)
            else:
                label = f"↑ {label}" if one.value > self.y.high else f"↓ {label}"
            found[row] = f"{found[row]}, {label}" if row in found else label
        for row, label in found.items():
            start, text = self._place(row, label)
            self._write(start, row, text, "gate")

    def mark(self, marks: Iterable[Mark]) -> None:
        """Draw upright lines where gates tripped, each with its name where there is room. Call last."""
        for one in marks:
            column = self.column_of(one.x)
            if column is None:
                continue
            self._upright[column] = ("┊", one.tone)
            text = safe(one.label)[:_LABEL]
            places = [
                (start, row)
                for row in range(self.rows)
                for start in (column + 1, column - len(text))
                if self._is_blank(start, row, len(text))
            ]
            if places:
                self._write(*places[0], text, one.tone)

    def shade(self, low: float, high: float) -> None:
        """Lay a part of the x axis on another ground, with its edges drawn; call before the marks."""
        low, high = max(low, self.x.low), min(high, self.x.high)
        first, last = self.column_of(low), self.column_of(high)
        if low > high or first is None or last is None:
            return
        self._shade = range(first, last + 1)
        for column in (first, last):
            self._upright[column] = ("┊", "dim")

    def cursor(self, x: float) -> None:
        """Draw the line at which values are read."""
        column = self.column_of(x)
        if column is not None:
            self._upright[column] = ("│", "accent")

    def column_of(self, x: float) -> int | None:
        """The column of cells in which x lies; None where it is not seen."""
        if not self.x.holds(x):
            return None
        return min(self.columns - 1, self.dot_of(x) // self._ink.per_x)

    def dot_of(self, x: float) -> int:
        """The column of dots in which x lies, or the one nearest to it."""
        return min(self._ink.width - 1, max(0, self.x.dots(self._ink.width)(x)))

    def row_of(self, value: float) -> int:
        """The row a value lies in, or the one nearest to it."""
        return min(self.rows - 1, max(0, int((1 - self.y.place(value)) * self.rows)))

    def line(self, row: int) -> Line:
        """One row as it is shown."""
        is_dashed = row in self.dashed
        chars = ["┈" if is_dashed else " "] * self.columns
        tones = ["gate" if is_dashed else ""] * self.columns
        for column, (char, tone) in self._upright.items():
            chars[column], tones[column] = char, tone
        self._faint.lay(row, chars, tones, self._tones, sign=".")
        self._behind.lay(row, chars, tones, self._dim, sign=".")
        self._ink.lay(row, chars, tones, self._runs)
        for (column, at), (char, tone) in self._words.items():
            if at == row:
                chars[column], tones[column] = char, tone
        for column in self._shade:
            tones[column] = f"{tones[column]} shade".lstrip()
        spans: list[Span] = []
        start = 0
        for column in range(1, self.columns + 1):
            if column == self.columns or tones[column] != tones[start]:
                spans.append(Span("".join(chars[start:column]), tones[start]))
                start = column
        return tuple(spans)

    def _write(self, start: int, row: int, text: str, tone: str) -> None:
        for at, char in enumerate(text, start):
            if 0 <= at < self.columns and (at, row) not in self._words:
                self._words[at, row] = (char, tone)

    def _is_blank(self, start: int, row: int, length: int) -> bool:
        return (
            start >= 0
            and start + length <= self.columns
            and all(
                self._has_none(at, row) and (at, row) not in self._words
                for at in range(start, start + length)
            )
        )

    def _has_none(self, column: int, row: int) -> bool:
        return all(layer.is_blank(column, row) for layer in (self._ink, self._behind, self._faint))

    def _free(self, column: int, row: int) -> tuple[int, int]:
        """The place nearest to (column, row) where nothing is written."""
        near = sorted(range(self.rows), key=lambda r: abs(r - row))
        return next(((column, r) for r in near if (column, r) not in self._words), (column, row))

    def _place(self, row: int, label: str) -> tuple[int, str]:
        """Where a label covers no curve, as far right as can be; shorter words where the whole of it would."""
        words = label.split()
        tries = [f" {label} "]
        if words and words[0] == "gate":
            tries = [f" {' '.join(words[n:])} " for n in range(len(words))]
        layers: Sequence[Sequence[Canvas]] = ((self._ink, self._behind, self._faint), (self._ink,))
        for each in layers:
            for text in tries:
                for start in range(self.columns - len(text) - 2, -1, -1):
                    cells = range(start, start + len(text))
                    if all(layer.is_blank(column, row) for layer in each for column in cells):
                        return start, text
        return max(0, self.columns - len(tries[-1]) - 2), tries[-1]
