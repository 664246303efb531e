"""One chart: heading, axes, gates as dashed lines, curves, and a mark where a value was not finite."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from trainui.ui.plot.scale import Scale, rounded, scale_over, ticks
from trainui.ui.plot.series import EPOCH, Guide, Mark, Series, Threshold
from trainui.ui.plot.sheet import Sheet
from trainui.ui.present.ink import Line, Span, clip, fit, line, safe, width
from trainui.ui.present.text import number

NOT_FINITE, NOT_FINITE_ASCII = "✖", "N"
LEAST_ROWS = 4
_GRACE = 0.6
"""How far off the curves, in parts of their range, a gate may lie and still widen the scale."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Chart:
    """What one chart shows."""

    metric: str
    series: tuple[Series, ...] = ()
    thresholds: tuple[Threshold, ...] = ()
    axis: str = EPOCH
    log: bool = False
    x_end: float | None = None
    """How far the x axis goes at least; curves that still grow have some room before them."""
    guides: tuple[Guide, ...] = ()
    marks: tuple[Mark, ...] = ()
    expected: str = ""
    """What the curve is expected to come to, for the heading."""


def draw(chart: Chart, cells: int, rows: int, *, only_ascii: bool = False) -> tuple[Line, ...]:
    """The chart in exactly `rows` lines of `cells` cells."""
    head = fit(heading(chart, cells), cells)
    if rows < LEAST_ROWS or cells < 16:
        return (head, *[fit((), cells)] * (rows - 1))[:rows]
    if not any(series.stretches for series in chart.series):
        note = line("     ", Span("no points yet" if chart.metric else "", "dim"))
        return (head, fit(note, cells), *[fit((), cells)] * (rows - 2))
    body = rows - 3
    y = _y_scale(chart)
    labels = _y_labels(y, body)
    gutter = max(map(len, labels.values()), default=1) + 1
    sheet = Sheet(_x_scale(chart), y, max(4, cells - gutter - 2), body, only_ascii=only_ascii)
    sheet.add(chart.series)
    for guide in chart.guides:
        sheet.guide(guide)
    sheet.threshold(chart.thresholds)
    sheet.mark(chart.marks)
    lines = [head]
    for row in range(body):
        tick = "┼" if row in sheet.dashed else "┤" if row in labels else "│"
        left = Span(labels.get(row, "").rjust(gutter) + tick, "dim")
        lines.append(fit(line(" ", left, sheet.line(row)), cells))
    return (*lines, *(fit(axis, cells) for axis in _x_axis(sheet, gutter)))


def heading(chart: Chart, cells: int) -> Line:
    """The metric, what lies on the axes, and the runs with their newest value."""
    log = "  y log" if chart.log else ""
    head = line(" ", Span(safe(chart.metric), "head"), Span(f"  x {chart.axis}{log}", "dim"))
    entries = [s for s in chart.series if s.stretches]
    full = [_entry(s, f"{safe(s.name)} {number(s.last)}") for s in entries]
    short = [_entry(s, number(s.last)) for s in entries]
    for legend in (full, short):
        room = cells - width(head) - sum(width(entry) + 2 for entry in legend)
        if room >= 0:
            told = Span(f"  → {chart.expected}" if chart.expected else "", "dim")
            whole = line(head, *(part for entry in legend for part in ("  ", entry)))
            return line(whole, told) if room >= len(told.text) else whole
    return clip(line(head, *(part for entry in short for part in ("  ", entry))), cells)


def _entry(series: Series, text: str) -> Line:
    return line(Span(f"━{series.tag} ", f"run{series.ink}"), text)


def _y_scale(chart: Chart) -> Scale:
    values = [v for s in chart.series for t in s.stretches for v in (t.low, t.high) if v is not None]
    tight = scale_over(values, log=chart.log)
    around = [t.value for t in chart.thresholds] + [y for g in chart.guides if g.counts for _, y in g.points]
    near = [value for value in around if values and -_GRACE <= tight.place(value) <= 1 + _GRACE]
    return rounded(scale_over([*values, *near], log=chart.log))


def _y_labels(y: Scale, rows: int) -> dict[int, str]:
    """Row → number, all with the fewest decimals that still tell them apart."""
    values = ticks(y, max(2, min(6, rows // 2)))
    if not 1e-4 <= max(map(abs, values), default=1.0) < 1e7:
        return {_row(y, v, rows): f"{v:.1e}" if v else "0" for v in values}
    for decimals in range(7):
        if all(abs(round(v, decimals) - v) <= abs(v) * 1e-6 for v in values):
            break
    return {_row(y, v, rows): f"{v:.{decimals}f}" for v in values}


def _row(y: Scale, value: float, rows: int) -> int:
    return min(rows - 1, max(0, int((1 - y.place(value)) * rows)))


def _x_scale(chart: Chart) -> Scale:
    reach = [v for s in chart.series for t in s.stretches for v in (t.x0, t.x1)]
    if chart.x_end is not None:
        reach.append(chart.x_end)
    if reach and 0 < min(reach) == max(reach):
        reach.append(0.0)
    return scale_over(reach)


def _x_axis(sheet: Sheet, gutter: int) -> tuple[Line, Line]:
    """The axis with its marks, and the numbers below."""
    columns = sheet.columns
    values = ticks(sheet.x, max(2, columns // 12))
    places = {
        round(sheet.x.place(v) * (columns - 1)): text for v, text in zip(values, labels(values), strict=True)
    }
    spans: list[Span] = [Span(" " * (gutter + 1) + "└", "dim")]
    numbers = [" "] * (columns + gutter + 10)
    for column in range(columns):
        if column in sheet.nonfinite:
            spans.append(Span(NOT_FINITE_ASCII if sheet.only_ascii else NOT_FINITE, "bad"))
        else:
            spans.append(Span("┬" if column in places else "─", "dim"))
    free = 0
    for column, text in sorted(places.items()):
        start = max(0, min(column + gutter + 2 - len(text) // 2, columns + gutter + 2 - len(text)))
        if start >= free:
            numbers[start : start + len(text)] = text
            free = start + len(text) + 1
    return tuple(spans), line(Span("".join(numbers).rstrip(), "dim"))


def labels(values: Sequence[float]) -> list[str]:
    """Numbers with just as many decimals as tell them apart."""
    gaps = [right - left for left, right in pairwise(sorted(values)) if right > left]
    step = min(gaps, default=1.0)
    digits = (
        0 if all(value == int(value) for value in values) else max(0, -math.floor(math.log10(step) + 1e-9))
    )
    return [f"{value:.{digits}f}" for value in values]


def side_by_side(charts: Sequence[tuple[Line, ...]], divider: Line) -> tuple[Line, ...]:
    """Charts of the same height beside each other."""
    joined = []
    for rows in zip(*charts, strict=True):
        parts: list[Line] = []
        for row in rows:
            parts += [divider, row] if parts else [row]
        joined.append(line(*parts))
    return tuple(joined)
