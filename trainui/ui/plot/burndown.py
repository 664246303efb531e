"""The burn-down: how much money was left when, how long it lasts at this rate, and who ends before it does."""

from __future__ import annotations

import time
from collections.abc import Sequence
from itertools import pairwise

from msgspec import Struct

from trainui.ui.plot.canvas import NO_INK, Canvas
from trainui.ui.plot.scale import Scale, even_ticks, rounded, scale_over
from trainui.ui.present.ink import Line, Span, fit, line, safe
from trainui.ui.present.text import clock

HOUR, DAY = 3600.0, 86400.0
_STEPS = (60.0, 120.0, 300.0, 600.0, 900.0, 1800.0, HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY,
          7 * DAY, 14 * DAY, 28 * DAY, 91 * DAY, 364 * DAY)  # fmt: skip
"""Seconds between two labels of the time axis."""
_LEAST = (20, 5)
"""Cells and rows of the smallest picture."""
_LEAST_CAME = 600.0
"""Seconds that we are taken to have come at least."""
_AHEAD = 3.0
"""How many times as far as we came the picture looks ahead at most, while the money lasts longer."""


class Level(Struct, frozen=True, kw_only=True):
    """A sum that means something: the reserve, or a step of the ladder."""

    left: float
    label: str
    tone: str = "gate"


class End(Struct, frozen=True, kw_only=True):
    """When a run ends, or the money."""

    at: float
    label: str
    tone: str = "calm"


class Burndown(Struct, frozen=True, kw_only=True):
    """What is drawn. Times are Unix seconds; without a budget it is what was spent, which rises."""

    points: tuple[tuple[float, float], ...]
    """(time, left), from left to right; the last one is now."""
    now: float
    per_hour: float
    falls: bool = True
    top: float | None = None
    """The whole budget."""
    levels: tuple[Level, ...] = ()
    ends: tuple[End, ...] = ()


def draw(picture: Burndown, cells: int, rows: int, *, only_ascii: bool = False) -> tuple[Line, ...]:
    """The picture in exactly `rows` lines of `cells` cells."""
    if cells < _LEAST[0] or rows < _LEAST[1] or not picture.points:
        words = "nothing was spent yet" if not picture.points else ""
        return (fit(line(Span(f" {words}", "dim")), cells), *[fit((), cells)] * (rows - 1))[: max(0, rows)]
    x = x_scale(picture)
    ahead = forecast(picture, x.high)
    y = _y_scale(picture, ahead)
    body = rows - 2
    labels = _y_labels(y, body, [one.left for one in picture.levels])
    gutter = max((len(text) for text in labels.values()), default=1) + 1
    sheet = _Sheet(x, y, max(4, cells - gutter - 3), body, only_ascii=only_ascii)
    sheet.curve(picture.points)
    sheet.dashes(ahead)
    sheet.level(picture.levels)
    for end in (End(at=picture.now, label="now", tone="dim"), *picture.ends):
        sheet.upright(end)
    lines = []
    for row in range(body):
        left = Span(labels.get(row, "").rjust(gutter) + ("┤" if row in labels else "│"), "dim")
        lines.append(fit(line(" ", left, sheet.line(row)), cells))
    return (*lines, *(fit(one, cells) for one in _time_axis(sheet, gutter, picture.now)))


def x_scale(picture: Burndown) -> Scale:
    """From the first cent to the end of the money, if that is near; else as far as somebody's end, or as we came."""
    first = picture.points[0][0]
    came = max(_LEAST_CAME, picture.now - first)
    zero = _zero(picture)
    far = max([picture.now + came / 2, *(end.at for end in picture.ends)])
    far = min(far, picture.now + _AHEAD * came)
    if zero is not None and zero <= picture.now + _AHEAD * came:
        far = min(max(far, zero), zero + (zero - first) / 4)  # whoever ends later is stopped before
    return Scale(low=first, high=far + (far - first) * 0.04)


def _zero(picture: Burndown) -> float | None:
    """When the last cent is gone at this rate."""
    if not picture.falls or picture.per_hour <= 0:
        return None
    return picture.now + max(0.0, picture.points[-1][1]) * 3600 / picture.per_hour


def forecast(picture: Burndown, until: float) -> tuple[tuple[float, float], ...]:
    """From now at this rate, to zero or to `until`."""
    left = picture.points[-1][1]
    if picture.per_hour <= 0 or until <= picture.now:
        return ()
    zero = _zero(picture)
    end = until if zero is None else min(zero, until)
    slope = -picture.per_hour if picture.falls else picture.per_hour
    return ((picture.now, left), (end, left + slope * (end - picture.now) / 3600))


def _y_scale(picture: Burndown, ahead: Sequence[tuple[float, float]]) -> Scale:
    """Zero to the whole budget where the line moves enough to be seen there; else as much as it moves."""
    values = [left for _, left in (*picture.points, *ahead)]
    top = picture.top if picture.top is not None else max(values)
    if not picture.falls or top <= 0 or max(values) - min(values) >= top / 8:
        return rounded(scale_over([0.0, top, *values]))
    return rounded(scale_over(values))


def _y_labels(y: Scale, rows: int, named: Sequence[float]) -> dict[int, str]:
    """Row → number; none beside the name of another sum."""
    values = even_ticks(y, max(2, min(6, rows // 2)), rows)
    digits = next((d for d in range(5) if all(abs(round(v, d) - v) < 1e-9 for v in values)), 5)
    taken = {_row(y, value, rows): value for value in named if y.holds(value)}
    found: dict[int, str] = {}
    for value in values:
        if taken.get(row := _row(y, value, rows), value) == value:
            found.setdefault(row, f"{value:.{digits}f}")
    return found


def _row(y: Scale, value: float, rows: int) -> int:
    return min(rows - 1, max(0, int((1 - y.place(value)) * rows)))


def _short(label: str) -> str:
    """`75 %` of `75 % admit no more`."""
    number, is_part, _ = label.partition(" %")
    return number + is_part


class _Sheet:
    """Curve, forecast, levels and upright marks over each other; words where they cover nothing."""

    def __init__(self, x: Scale, y: Scale, columns: int, rows: int, *, only_ascii: bool) -> None:
        self.x, self.y, self.columns, self.rows = x, y, columns, rows
        self._solid = Canvas(columns, rows, only_ascii=only_ascii)
        self._dashed = Canvas(columns, rows, only_ascii=only_ascii)
        self._levels: dict[int, str] = {}
        self._uprights: dict[int, str] = {}
        self._words: dict[tuple[int, int], tuple[str, str]] = {}

    def _dot(self, at: float, value: float) -> tuple[int, int]:
        wide, high = self._solid.width - 1, self._solid.height - 1
        return round(self.x.place(at) * wide), round((1 - self.y.place(value)) * high)

    def curve(self, points: Sequence[tuple[float, float]]) -> None:
        """The unbroken line of what was."""
        dots = [self._dot(*point) for point in points]
        if len(dots) == 1:
            self._solid.column(dots[0][0], dots[0][1], dots[0][1], 0)
        for (x0, y0), (x1, y1) in pairwise(dots):
            self._solid.stroke(x0, y0, x1, y1, 0)

    def dashes(self, points: Sequence[tuple[float, float]]) -> None:
        """The line of what is to come: three dots, then a gap."""
        whole = 2 * self._dashed.per_x + 1
        for (x0, y0), (x1, y1) in pairwise([self._dot(*point) for point in points]):
            for x in range(x0, x1 + 1):
                if x % (whole + 1) < whole - 1:
                    y = round(y0 + (y1 - y0) * (x - x0) / max(1, x1 - x0))
                    self._dashed.column(x, y, y, 0)

    def level(self, levels: Sequence[Level]) -> None:
        """Dotted lines across, each with its name as far left as no curve passes; those of one row share it."""
        rows: dict[int, list[Level]] = {}
        for one in levels:
            if self.y.holds(one.left):
                rows.setdefault(_row(self.y, one.left, self.rows), []).append(one)
        for row, found in rows.items():
            self._levels[row] = found[0].tone
            names = [safe(one.label) for one in found]
            for label in (", ".join(names), ", ".join(map(_short, names))):
                if self._put(row, f" {label} ", found[0].tone, range(1, self.columns)):
                    break

    def upright(self, end: End) -> None:
        """A line upwards, with its name beside it."""
        if not self.x.holds(end.at):
            return
        column = min(self.columns - 1, max(0, round(self.x.place(end.at) * (self.columns - 1))))
        self._uprights[column] = end.tone
        text = safe(end.label)
        for row in range(self.rows):
            for start in (column + 1, column - len(text)):
                beside = (start - 1, start + len(text))  # a blank between two names
                if any((at, row) in self._words for at in beside):
                    continue
                if self._put(row, text, end.tone, range(start, start + 1)):
                    return

    def _put(self, row: int, text: str, tone: str, starts: Sequence[int]) -> bool:
        """Write words at the first of these places where they cover nothing."""
        for start in starts:
            cells = range(start, start + len(text))
            if start >= 0 and cells.stop <= self.columns and all(self._is_free(at, row) for at in cells):
                self._words |= {(at, row): (char, tone) for at, char in zip(cells, text, strict=True)}
                return True
        return False

    def _is_free(self, column: int, row: int) -> bool:
        is_blank = self._solid.is_blank(column, row) and self._dashed.is_blank(column, row)
        return is_blank and (column, row) not in self._words

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
        for canvas, tone in ((self._solid, "accent"), (self._dashed, "calm")):
            char, ink = canvas.cell(column, row)
            if ink != NO_INK:
                return ("." if canvas is self._dashed and canvas.only_ascii else char), tone
        if column in self._uprights:
            return "┊", self._uprights[column]
        return ("┈", self._levels[row]) if row in self._levels else (" ", "")


def time_labels(x: Scale, most: int, now: float) -> list[tuple[float, str]]:
    """Round times of the local clock on the scale, at most about `most`, and how each is written."""
    span = x.high - x.low
    step = next((s for s in _STEPS if span / s <= max(1, most)), _STEPS[-1])
    midnight = time.mktime((*time.localtime(x.low)[:3], 0, 0, 0, 0, 0, -1))
    at = midnight + step * -(-(x.low - midnight) // step)
    found = []
    while at <= x.high:
        there = time.localtime(at)
        is_midnight = there[3:5] == (0, 0)
        if step >= DAY or (is_midnight and span > DAY / 2):
            word = time.strftime("%d %b" if abs(at - now) > 6 * DAY else "%a %d", there)
        else:
            word = clock(at)
        found.append((at, word))
        at += step
    return found


def _time_axis(sheet: _Sheet, gutter: int, now: float) -> tuple[Line, Line]:
    """The axis with its marks, and the times below."""
    columns = sheet.columns
    places = {
        round(sheet.x.place(at) * (columns - 1)): word
        for at, word in time_labels(sheet.x, max(2, columns // 12), now)
    }
    bar = "".join("┬" if column in places else "─" for column in range(columns))
    words = [" "] * (columns + gutter + 12)
    free = 0
    for column, word in sorted(places.items()):
        start = max(0, min(column + gutter + 2 - len(word) // 2, columns + gutter + 2 - len(word)))
        if start >= free:
            words[start : start + len(word)] = word
            free = start + len(word) + 1
    return line(Span(" " * (gutter + 1) + "└" + bar, "dim")), line(Span("".join(words).rstrip(), "dim"))
