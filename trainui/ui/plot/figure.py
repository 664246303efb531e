"""One chart: heading, axes, gates as dashed lines, curves, and a mark where a value was not finite."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from trainui.ui.plot.canvas import NO_INK, Canvas
from trainui.ui.plot.scale import Scale, rounded, scale_over, ticks
from trainui.ui.plot.series import EPOCH, Series, Stretch, Threshold
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


@dataclass(frozen=True, kw_only=True, slots=True)
class _Plot:
    canvas: Canvas
    x: Scale
    y: Scale
    marks: frozenset[int]
    tags: dict[tuple[int, int], tuple[str, int]]


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
    plot = _plot(chart, y, Canvas(max(4, cells - gutter - 2), body, only_ascii=only_ascii))
    dashes = _dashes(chart, plot)
    lines = [head]
    for row in range(body):
        tick = "┼" if row in dashes else "┤" if row in labels else "│"
        left = Span(labels.get(row, "").rjust(gutter) + tick, "dim")
        lines.append(fit(line(" ", left, _body_row(plot, row, dashes.get(row, ""))), cells))
    return (*lines, *(fit(axis, cells) for axis in _x_axis(plot, gutter)))


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
            return line(head, *(part for entry in legend for part in ("  ", entry)))
    return clip(line(head, *(part for entry in short for part in ("  ", entry))), cells)


def _entry(series: Series, text: str) -> Line:
    return line(Span(f"━{series.tag} ", f"run{series.ink}"), text)


def _y_scale(chart: Chart) -> Scale:
    values = [v for s in chart.series for t in s.stretches for v in (t.low, t.high) if v is not None]
    tight = scale_over(values, log=chart.log)
    near = [t.value for t in chart.thresholds if values and -_GRACE <= tight.place(t.value) <= 1 + _GRACE]
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


def _plot(chart: Chart, y: Scale, canvas: Canvas) -> _Plot:
    reach = [v for s in chart.series for t in s.stretches for v in (t.x0, t.x1)]
    if chart.x_end is not None:
        reach.append(chart.x_end)
    if reach and 0 < min(reach) == max(reach):
        reach.append(0.0)
    x = scale_over(reach)
    marks: set[int] = set()
    tags: dict[tuple[int, int], tuple[str, int]] = {}
    for series in sorted(chart.series, key=lambda s: s.on_top):
        end = _trace(series, x, y, canvas, marks)
        if end and series.tag:
            tags[_free(tags, min(canvas.columns - 1, end[0] + 1), end[1], canvas.rows)] = (
                series.tag,
                series.ink,
            )
    return _Plot(canvas=canvas, x=x, y=y, marks=frozenset(marks), tags=tags)


def _free(tags: Mapping[tuple[int, int], object], column: int, row: int, rows: int) -> tuple[int, int]:
    """The place nearest to (column, row) that no other digit holds."""
    near = sorted(range(rows), key=lambda r: abs(r - row))
    return next(((column, r) for r in near if (column, r) not in tags), (column, row))


def _trace(series: Series, x: Scale, y: Scale, canvas: Canvas, marks: set[int]) -> tuple[int, int] | None:
    """Draw one curve; where it ends, in cells. What is not finite breaks it and leaves a mark."""
    before: tuple[int, int] | None = None
    end: tuple[int, int] | None = None
    for stretch in series.stretches:
        at = _dot_x(x, (stretch.x0 + stretch.x1) / 2, canvas)
        if stretch.nonfinite:
            marks.add(at // canvas.per_x)
            before = None if stretch.low is None else before
        if stretch.low is None:
            continue
        if before is not None and at < before[0]:
            before = None  # its steps went back: a resume or a fold begins, and no line leads there
        last = _draw_stretch(stretch, at, before, y, canvas, series.ink)
        before = (at, last)
        end = (at // canvas.per_x, last // canvas.per_y)
    return end


def _draw_stretch(
    stretch: Stretch, at: int, before: tuple[int, int] | None, y: Scale, canvas: Canvas, ink: int
) -> int:
    """Join one stretch to the one before and fill it from its lowest to its highest dot; the dot it ends on."""
    low, high, first, last = (
        _dot_y(y, value if value is not None else stretch.low or 0.0, canvas)
        for value in (stretch.low, stretch.high, stretch.first, stretch.last)
    )
    if before is not None:
        canvas.stroke(before[0], before[1], at, first, ink)
    canvas.column(at, low, high, ink)
    return last


def _dot_x(x: Scale, value: float, canvas: Canvas) -> int:
    return min(canvas.width - 1, max(0, round(x.place(value) * (canvas.width - 1))))


def _dot_y(y: Scale, value: float, canvas: Canvas) -> int:
    return min(canvas.height - 1, max(0, round((1 - y.place(value)) * (canvas.height - 1))))


def _dashes(chart: Chart, plot: _Plot) -> dict[int, str]:
    """Row → the label of the gate whose line lies there; a gate off the scale points to where it is."""
    found: dict[int, str] = {}
    for threshold in chart.thresholds:
        label = safe(threshold.label)
        if plot.y.holds(threshold.value):
            row = _row(plot.y, threshold.value, plot.canvas.rows)
        else:
            above = threshold.value > plot.y.high
            row, label = (0, f"↑ {label}") if above else (plot.canvas.rows - 1, f"↓ {label}")
        found[row] = f"{found[row]}, {label}" if row in found else label
    return found


def _body_row(plot: _Plot, row: int, label: str) -> Line:
    canvas = plot.canvas
    start, label = _place(canvas, row, label)
    dashed = "┈" if label and not label.startswith((" ↑", " ↓")) else " "
    spans: list[Span] = []
    for column in range(canvas.columns):
        char, ink = canvas.cell(column, row)
        tone = f"run{ink}" if ink != NO_INK else ""
        if (column, row) in plot.tags:
            char, ink = plot.tags[column, row]
            tone = f"run{ink} bold"
        elif start <= column < start + len(label):
            char, tone = label[column - start], "gate"
        elif ink == NO_INK and dashed != " ":
            char, tone = dashed, "gate"
        if spans and spans[-1].tone == tone:
            spans[-1] = Span(spans[-1].text + char, tone)
        else:
            spans.append(Span(char, tone))
    return tuple(spans)


def _place(canvas: Canvas, row: int, label: str) -> tuple[int, str]:
    """Where a label covers no curve, as far right as can be; shorter words where the whole of it would."""
    if not label:
        return 0, ""
    words = label.split()
    tries = [f" {' '.join(words[n:])} " for n in range(len(words))] if words[0] == "gate" else [f" {label} "]
    for text in tries:
        for start in range(canvas.columns - len(text) - 2, -1, -1):
            if all(canvas.is_blank(column, row) for column in range(start, start + len(text))):
                return start, text
    return max(0, canvas.columns - len(tries[-1]) - 2), tries[-1]


def _x_axis(plot: _Plot, gutter: int) -> tuple[Line, Line]:
    """The axis with its marks, and the numbers below."""
    columns = plot.canvas.columns
    values = ticks(plot.x, max(2, columns // 12))
    places = {
        round(plot.x.place(v) * (columns - 1)): text for v, text in zip(values, labels(values), strict=True)
    }
    spans: list[Span] = [Span(" " * (gutter + 1) + "└", "dim")]
    numbers = [" "] * (columns + gutter + 10)
    for column in range(columns):
        if column in plot.marks:
            spans.append(Span(NOT_FINITE_ASCII if plot.canvas.only_ascii else NOT_FINITE, "bad"))
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
