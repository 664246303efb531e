"""One chart: heading, axes, gates as dashed lines, curves, signs for what happened, and what the cursor reads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from trainui.ui.plot.axis import EPOCH, axis_name
from trainui.ui.plot.canvas import stroke_of
from trainui.ui.plot.frame import values_in, whole_x, x_axis, y_labels, y_scale
from trainui.ui.plot.readout import at_cursor, short
from trainui.ui.plot.scale import Scale
from trainui.ui.plot.sheet import Sheet
from trainui.ui.plot.viewport import Extent
from trainui.ui.present.ink import Span, filled, fit, line, middle, safe, width
from trainui.ui.present.text import number

if TYPE_CHECKING:
    from trainui.ui.plot.series import Guide, Mark, Pin, Series, Threshold
    from trainui.ui.present.ink import Line

LEAST_ROWS = 4
_READ_ROWS = 14
"""Rows from which on the cursor's readout gets lines of its own."""


class Chart(Struct, frozen=True, kw_only=True):
    """What one chart shows, and how."""

    metric: str
    series: tuple[Series, ...] = ()
    thresholds: tuple[Threshold, ...] = ()
    axis: str = EPOCH
    currency: str = "USD"
    """What costs are written in."""
    log: bool = False
    log_x: bool = False
    smooth: float = 0.0
    """The weight of the moving average; 0: none is drawn."""
    clip: bool = False
    """Whether what lies far out is cut off, with a sign where it was."""
    x_end: float | None = None
    """How far the x axis goes at least; curves that still grow have some room before them."""
    window: tuple[float, float] | None = None
    """The part of the x axis that is seen; None: all of it."""
    cursor: float | None = None
    """x at which values are read."""
    shade: tuple[float, float] | None = None
    """A part of the x axis that lies on another ground."""
    guides: tuple[Guide, ...] = ()
    marks: tuple[Mark, ...] = ()
    pins: tuple[Pin, ...] = ()
    expected: str = ""
    """What the curve is expected to come to, for the heading."""

    @property
    def has_points(self) -> bool:
        """Whether there is anything to draw."""
        return any(series.stretches for series in self.series)


class Frame(Struct, frozen=True, kw_only=True):
    """Where the parts of a chart lie: the body begins right of `left` cells and under one row."""

    x: Scale
    y: Scale
    labels: dict[int, str]
    gutter: int
    columns: int
    body: int
    read: int
    """Rows under the axis for the cursor's readout."""

    @property
    def left(self) -> int:
        """Cells before the body."""
        return self.gutter + 2

    def x_at(self, column: int) -> float:
        """x in the middle of a column of the body."""
        return self.x.value((column + 0.5) / self.columns)


def extent(chart: Chart) -> Extent:
    """All of the chart's x axis, and where its newest point lies."""
    whole = whole_x(chart.series, chart.x_end, log=chart.log_x)
    ends = [s.stretches[-1].x1 for s in chart.series if s.stretches]
    return Extent(whole=whole, newest=max(ends, default=whole.high))


def frame(chart: Chart, cells: int, rows: int) -> Frame | None:
    """Where the parts of the chart lie; None where there is no room, or nothing to draw."""
    if rows < LEAST_ROWS or cells < 16 or not chart.has_points:
        return None
    read = 0
    if chart.cursor is not None and rows >= _READ_ROWS:
        read = min(1 + sum(bool(s.stretches) for s in chart.series), rows // 3)
    x = whole_x(chart.series, chart.x_end, log=chart.log_x)
    if chart.window is not None and chart.window[0] < chart.window[1]:
        low, high = chart.window
        x = Scale(low=max(low, x.low) if x.log else low, high=high, log=x.log)
    y = y_scale(
        chart.series, x, log=chart.log, clip=chart.clip, thresholds=chart.thresholds, guides=chart.guides
    )
    body = rows - 3 - read
    named = [one.value for one in chart.thresholds]
    labels = y_labels(y, body, named=named, seen=values_in(chart.series, x))
    gutter = max(map(len, labels.values()), default=1) + 1
    if gutter > cells // 2:
        labels, gutter = {}, 1
    columns = max(4, cells - gutter - 2)
    return Frame(x=x, y=y, labels=labels, gutter=gutter, columns=columns, body=body, read=read)


def draw(chart: Chart, cells: int, rows: int, *, only_ascii: bool = False) -> tuple[Line, ...]:
    """The chart in exactly `rows` lines of `cells` cells."""
    place = frame(chart, cells, rows)
    if place is None:
        head = fit(heading(chart, cells), cells)
        told = "no points yet" if chart.metric and not chart.has_points else ""
        note = [fit(line("     ", Span(told, "dim")), cells)] if rows >= LEAST_ROWS and cells >= 16 else []
        return (head, *note, *[fit((), cells)] * (rows - 1))[:rows]
    low = place.x.low
    has_start = chart.window is None or low <= extent(chart).whole.low * (1 + 1e-9)
    sheet = Sheet(place.x, place.y, place.columns, place.body, only_ascii=only_ascii, has_start=has_start)
    sheet.add(chart.series, smooth=chart.smooth)
    for guide in chart.guides:
        sheet.guide(guide)
    if chart.shade is not None:
        sheet.shade(*chart.shade)
    sheet.threshold(chart.thresholds)
    sheet.mark(chart.marks)
    near = (place.x_at(1) - place.x_at(0)) if not place.x.log else 0.0
    read: tuple[Line, ...] = ()
    if chart.cursor is not None:
        near = near or chart.cursor * 0.05
        sheet.cursor(chart.cursor)
        read = at_cursor(
            chart.series,
            chart.cursor,
            chart.axis,
            near=near,
            smooth=chart.smooth,
            told=(*chart.marks, *chart.pins),
            cells=cells,
            rows=place.read,
            only_ascii=only_ascii,
            currency=chart.currency,
        )
    lines = [fit(heading(chart, cells, sheet, near=near, is_read=bool(read)), cells)]
    for row in range(place.body):
        tick = "┼" if row in sheet.dashed else "┤" if row in place.labels else "│"
        left = Span(place.labels.get(row, "").rjust(place.gutter) + tick, "dim")
        lines.append(fit(line(" ", left, sheet.line(row)), cells))
    axis = x_axis(sheet, place.gutter, chart.axis, chart.pins, chart.cursor)
    below = (*axis, *read, *[()] * (place.read - len(read)))
    return (*lines, *(fit(each, cells) for each in below))


def heading(
    chart: Chart, cells: int, sheet: Sheet | None = None, *, near: float = 0.0, is_read: bool = False
) -> Line:
    """The metric, what lies on the axes, how it is drawn, and the runs with their value: the newest, or the one at
    the cursor."""
    name, axis = (
        line(" ", Span(safe(chart.metric), "head")),
        Span(f"  x {axis_name(chart.axis, chart.currency)}", "dim"),
    )
    beyond = tuple(Span(f"  {text}", "warn") for text in (_beyond(sheet) if sheet is not None else ()))
    head = line(name, axis, Span(_manner(chart, sheet), "dim"), *beyond)
    only_ascii = sheet is not None and sheet.only_ascii
    entries = [s for s in chart.series if s.stretches]
    full = [_entry(s, f"{safe(s.name)} {number(s.last)}", only_ascii=only_ascii) for s in entries]
    brief = [_entry(s, number(s.last), only_ascii=only_ascii) for s in entries]
    if chart.cursor is not None and not is_read:
        full = brief = list(
            short(
                chart.series,
                chart.cursor,
                chart.axis,
                near=near,
                only_ascii=only_ascii,
                currency=chart.currency,
            )
        )
    for told, legend in (
        (head, full),
        (head, brief),
        (line(name, axis, *beyond), brief),
        (line(name, *beyond), brief),
    ):
        room = cells - width(told) - sum(width(entry) + 2 for entry in legend)
        if room >= 0:
            hope = Span(f"  → {chart.expected}" if chart.expected else "", "dim")
            whole = line(told, *(part for entry in legend for part in ("  ", entry)))
            return line(whole, hope) if room >= len(hope.text) else whole
    return _squeezed(safe(chart.metric), brief, cells)


def _squeezed(metric: str, entries: Sequence[Line], cells: int) -> Line:
    """A long name without its middle, and as many runs as there is room for."""
    room = max(cells // 2, cells - 1 - sum(width(entry) + 2 for entry in entries))
    return filled(line(" ", Span(middle(metric, room), "head")), entries, cells)


def _manner(chart: Chart, sheet: Sheet | None) -> str:
    """How it is drawn, where that is not the plain way."""
    is_log = sheet is None or sheet.y.log
    ways = (
        ("  x log", chart.log_x and (sheet is None or sheet.x.log)),
        ("  y log", chart.log and is_log),
        ("  y not log: none > 0", chart.log and not is_log),
        (f"  smooth {chart.smooth:g}", chart.smooth > 0),
        ("  clipped", chart.clip),
        ("  zoomed", chart.window is not None),
    )
    return "".join(text for text, holds in ways if holds)


def _beyond(sheet: Sheet) -> list[str]:
    """What is not on the scales, with counts."""
    found = []
    if sheet.above:
        found.append(f"↑ {sheet.above} up to {number(sheet.highest)}")
    if sheet.below:
        found.append(f"↓ {sheet.below} down to {number(sheet.lowest)}")
    if sheet.before:
        found.append(f"‹ {sheet.before} at x ≤ 0")
    return found


def _entry(series: Series, text: str, *, only_ascii: bool) -> Line:
    stroke = stroke_of(series.ink, series.style, only_ascii=only_ascii)
    return line(Span(f"{stroke}{series.tag} ", f"run{series.ink}"), text)


def side_by_side(charts: Sequence[tuple[Line, ...]], divider: Line) -> tuple[Line, ...]:
    """Charts of the same height beside each other."""
    joined = []
    for rows in zip(*charts, strict=True):
        parts: list[Line] = []
        for row in rows:
            parts += [divider, row] if parts else [row]
        joined.append(line(*parts))
    return tuple(joined)
