"""The body of a chart: curves above what is expected, above marks, above the dashed lines of gates."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

from trainui.ui.plot.canvas import NO_INK, Canvas
from trainui.ui.plot.scale import Scale
from trainui.ui.plot.series import Guide, Mark, Series, Stretch, Threshold
from trainui.ui.present.ink import Line, Span, safe

_LABEL = 20
"""Cells that the name beside a mark may take."""


class Sheet:
    """Two canvases over each other, and words where they cover no curve."""

    def __init__(self, x: Scale, y: Scale, columns: int, rows: int, *, only_ascii: bool) -> None:
        self.x, self.y = x, y
        self.columns, self.rows = columns, rows
        self.only_ascii = only_ascii
        self.nonfinite: set[int] = set()
        """Columns in which a value was no number."""
        self.dashed: set[int] = set()
        """Rows that a gate's line runs along."""
        self._ink = Canvas(columns, rows, only_ascii=only_ascii)
        self._faint = Canvas(columns, rows, only_ascii=only_ascii)
        self._tones: list[str] = []
        self._words: dict[tuple[int, int], tuple[str, str]] = {}
        self._upright: dict[int, str] = {}

    def add(self, series: Iterable[Series]) -> None:
        """Draw curves, those that should lie on top last, and their digits where they end."""
        for one in sorted(series, key=lambda each: each.on_top):
            end = self._trace(one)
            if end and one.tag:
                at = self._free(min(self.columns - 1, end[0] + 1), end[1])
                self._words[at] = (one.tag, f"run{one.ink} bold")

    def guide(self, guide: Guide) -> None:
        """Draw a faint line: dots with holes between them where it is sparse."""
        self._tones.append(guide.tone)
        ink = len(self._tones) - 1
        before: tuple[int, int] | None = None
        for x, value in self._within(guide.points):
            at = self._dot_x(x), round((1 - self.y.place(value)) * (self._faint.height - 1))
            if before is None or at[0] <= before[0]:
                before = before or at
                continue
            (x0, y0), (x1, y1) = before, at
            for dot in range(x0, x1 + 1):
                if dot % guide.sparse == 0:
                    here = round(y0 + (y1 - y0) * (dot - x0) / (x1 - x0))
                    if 0 <= here < self._faint.height:
                        self._faint.column(dot, here, here, ink)
            before = at

    def _within(self, points: Sequence[tuple[float, float]]) -> Iterable[tuple[float, float]]:
        """The part of a line that lies on the x scale."""
        low, high = self.x.low, self.x.high
        for (x0, y0), (x1, y1) in pairwise(points):
            if x1 > x0 and x1 >= low and x0 <= high:
                for x in (max(x0, low), min(x1, high)):
                    yield x, y0 + (y1 - y0) * (x - x0) / (x1 - x0)

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
            if not self.x.holds(one.x):
                continue
            column = min(self.columns - 1, self._dot_x(one.x) // self._ink.per_x)
            self._upright[column] = one.tone
            text = safe(one.label)[:_LABEL]
            places = [
                (start, row)
                for row in range(self.rows)
                for start in (column + 1, column - len(text))
                if self._is_blank(start, row, len(text))
            ]
            if places:
                self._write(*places[0], text, one.tone)

    def row_of(self, value: float) -> int:
        """The row a value lies in, or the one nearest to it."""
        return min(self.rows - 1, max(0, int((1 - self.y.place(value)) * self.rows)))

    def line(self, row: int) -> Line:
        """One row as it is shown."""
        spans: list[Span] = []
        for column in range(self.columns):
            char, tone = self._cell(column, row)
            if spans and spans[-1].tone == tone:
                spans[-1] = Span(spans[-1].text + char, tone)
            else:
                spans.append(Span(char, tone))
        return tuple(spans)

    def _cell(self, column: int, row: int) -> tuple[str, str]:
        if (column, row) in self._words:
            return self._words[column, row]
        char, ink = self._ink.cell(column, row)
        if ink != NO_INK:
            return char, f"run{ink}"
        char, ink = self._faint.cell(column, row)
        if ink != NO_INK:
            return "." if self.only_ascii else char, self._tones[ink]
        if column in self._upright:
            return "┊", self._upright[column]
        return ("┈", "gate") if row in self.dashed else (" ", "")

    def _write(self, start: int, row: int, text: str, tone: str) -> None:
        for at, char in enumerate(text, start):
            if 0 <= at < self.columns and (at, row) not in self._words:
                self._words[at, row] = (char, tone)

    def _is_blank(self, start: int, row: int, length: int) -> bool:
        return start >= 0 and start + length <= self.columns and all(
            self._ink.is_blank(at, row) and self._faint.is_blank(at, row) and (at, row) not in self._words
            for at in range(start, start + length)
        )  # fmt: skip

    def _free(self, column: int, row: int) -> tuple[int, int]:
        """The place nearest to (column, row) where nothing is written."""
        near = sorted(range(self.rows), key=lambda r: abs(r - row))
        return next(((column, r) for r in near if (column, r) not in self._words), (column, row))

    def _trace(self, series: Series) -> tuple[int, int] | None:
        """Draw one curve; where it ends, in cells. What is not finite breaks it and leaves a mark."""
        before: tuple[int, int] | None = None
        end: tuple[int, int] | None = None
        for stretch in series.stretches:
            at = self._dot_x((stretch.x0 + stretch.x1) / 2)
            if stretch.nonfinite:
                self.nonfinite.add(at // self._ink.per_x)
                before = None if stretch.low is None else before
            if stretch.low is None:
                continue
            if before is not None and at < before[0]:
                before = None  # its steps went back: a resume or a fold begins, and no line leads there
            last = self._draw(stretch, at, before, series.ink)
            before = (at, last)
            end = (at // self._ink.per_x, last // self._ink.per_y)
        return end

    def _draw(self, stretch: Stretch, at: int, before: tuple[int, int] | None, ink: int) -> int:
        """Join a stretch to the one before, fill it from its lowest to its highest dot; the dot it ends on."""
        low, high, first, last = (
            self._dot_y(value if value is not None else stretch.low or 0.0)
            for value in (stretch.low, stretch.high, stretch.first, stretch.last)
        )
        if before is not None:
            self._ink.stroke(before[0], before[1], at, first, ink)
        self._ink.column(at, low, high, ink)
        return last

    def _dot_x(self, value: float) -> int:
        return min(self._ink.width - 1, max(0, round(self.x.place(value) * (self._ink.width - 1))))

    def _dot_y(self, value: float) -> int:
        return min(self._ink.height - 1, max(0, round((1 - self.y.place(value)) * (self._ink.height - 1))))

    def _place(self, row: int, label: str) -> tuple[int, str]:
        """Where a label covers no curve, as far right as can be; shorter words where the whole of it would."""
        words = label.split()
        tries = [f" {label} "]
        if words and words[0] == "gate":
            tries = [f" {' '.join(words[n:])} " for n in range(len(words))]
        for layers in ((self._ink, self._faint), (self._ink,)):
            for text in tries:
                for start in range(self.columns - len(text) - 2, -1, -1):
                    cells = range(start, start + len(text))
                    if all(layer.is_blank(column, row) for layer in layers for column in cells):
                        return start, text
        return max(0, self.columns - len(tries[-1]) - 2), tries[-1]
