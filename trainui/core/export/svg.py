"""A chart as a still SVG: for print, and where no script runs. Inks and styles are classes; the page colours them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from unicodedata import east_asian_width
from xml.sax.saxutils import escape

from trainui.core.export.charts import ELAPSED, STEP, Chart, Line, Mark, Part, Spot, Threshold
from trainui.core.export.scales import Scale, scale, short, spread, ticks, time_ticks
from trainui.core.ingest.text import strip_escapes

WIDTH, HEIGHT = 640, 300
LEFT, RIGHT, TOP, BOTTOM = 58, 12, 10, 36
MARGIN = 0.012
"""Part of its width that a picture leaves free before the first and after the last x."""
SIGNS = {"nonfinite": "✕", "gate": "▼", "checkpoint": "◆", "restart": "▶", "remedy": "✚"}
LABEL, LETTER, LINE = 22, 6.3, 13.0
"""Letters of what is said of a threshold, and the width of one; from one line of it to the next."""
MOST_LABELS = 16
MOST_SIGNS = 200
"""Marks in one picture; a study of many runs has the rest in its tables."""


def svg(chart: Chart, *, name: str) -> str:
    """The chart; `name` is unlike that of every other picture of the page."""
    x, y = scales(chart)
    parts = [
        f'<svg class="plot" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-labelledby="{name}-t"',
        f' aria-describedby="{name}-d">',
        f'<title id="{name}-t">{_text(chart.metric)}</title>',
        f'<desc id="{name}-d">{_text(describe(chart))}</desc>',
        *_frame(chart, x, y),
        *(band for line in chart.lines for part in line.parts for band in _band(chart, line, part, x, y)),
        *(path for line in chart.lines for part in line.parts for path in _path(chart, line, part, x, y)),
        *_heights(chart, x, y),
        *(_sign(chart, mark, x, y) for mark in chart.marks[:MOST_SIGNS] if chart.axis in mark.at),
        "</svg>",
    ]
    return "".join(parts)


def scales(chart: Chart) -> tuple[Scale, Scale]:
    """Where x and y lie in the picture: all curves fit, and the thresholds that are near them."""
    low, high = chart.heights() or (0.0, 1.0)
    shown = [one.value for one in shown_heights(chart)]
    return (
        scale(*chart.widths(chart.axis), LEFT, WIDTH - margin_of(chart), room=MARGIN),
        scale(min([low, *shown]), max([high, *shown]), HEIGHT - BOTTOM, TOP, is_log=chart.is_log),
    )


def shown_heights(chart: Chart) -> list[Threshold]:
    """The thresholds that lie near enough to the curves for these not to become flat."""
    low, high = chart.heights() or (0.0, 1.0)
    reach = high - low
    return [one for one in chart.thresholds if low - reach <= one.value <= high + reach]


def labels(chart: Chart) -> list[str]:
    """What is said beside the thresholds that are shown: of as many as there is room for, and how many more there
    are."""
    found = []
    for one in shown_heights(chart):
        value = short(one.value)
        name = " ".join(strip_escapes(one.gate).split())
        room = LABEL - len(value) - 1
        found.append(f"{name if len(name) <= room else f'{name[: room - 1]}…'} {value}")
    more = len(found) - MOST_LABELS
    return found if more <= 0 else found[: MOST_LABELS - 1]


def margin_of(chart: Chart) -> float:
    """What stays free to the right of the curves: what is said of thresholds stands there, and covers none."""
    return max((12 + LETTER * _wide(one) for one in labels(chart)), default=RIGHT)


def _wide(text: str) -> int:
    """Letters, those of East Asia twice."""
    return sum(2 if east_asian_width(one) in "WF" else 1 for one in text)


def describe(chart: Chart) -> str:
    """What the picture shows, for those who do not see it: each line's end and extremes."""
    told = [f"{chart.metric} over {chart.axis}"]
    for line in chart.lines[:12]:
        spots = [
            spot for part in line.parts for spot in part.spots if not part.is_over and spot.last is not None
        ]
        if spots:
            low = min(one.low for one in spots if one.low is not None)
            high = max(one.high for one in spots if one.high is not None)
            told.append(f"{line.run}: {low:.4g} to {high:.4g}, last {spots[-1].last:.4g}")
    if len(chart.lines) > 12:
        told.append(f"and {len(chart.lines) - 12} more runs")
    told += [f"{mark.run}: {mark.text}" for mark in chart.marks[:12] if mark.kind != "checkpoint"]
    return ". ".join(told) + "."


def _text(text: str) -> str:
    return escape(strip_escapes(text))


def _frame(chart: Chart, x: Scale, y: Scale) -> Iterator[str]:
    floor, edge = HEIGHT - BOTTOM, x.end
    for value, label in ticks(y, 6):
        at = y(value)
        yield f'<path class="grid" d="M{LEFT} {at:.1f}H{edge:g}"/>'
        yield f'<text class="tick" x="{LEFT - 6}" y="{at + 4:.1f}" text-anchor="end">{label}</text>'
    for value, label in x_ticks(chart, x, 7):
        at = x(value)
        yield f'<path class="grid" d="M{at:.1f} {TOP}V{floor}"/>'
        yield f'<text class="tick" x="{at:.1f}" y="{floor + 15}" text-anchor="middle">{label}</text>'
    log = ", log scale" if y.is_log else ""
    yield f'<path class="axis" d="M{LEFT} {TOP}V{floor}H{edge:g}"/>'
    yield f'<text class="tick" x="{edge:g}" y="{HEIGHT - 4}" text-anchor="end">{chart.axis}{log}</text>'


def x_ticks(chart: Chart, x: Scale, most: int) -> list[tuple[float, str]]:
    """(x, label) of round places: on a clock for time, whole ones for steps."""
    if chart.axis == ELAPSED:
        return time_ticks(x, most)
    return ticks(x, most, least=1.0 if chart.axis == STEP else 0.0)


def _band(chart: Chart, line: Line, part: Part, x: Scale, y: Scale) -> Iterator[str]:
    """From the lowest to the highest: what a line through the last values would leave out."""
    for run in unbroken(part.spots):
        if all(one.low == one.high for one in run):
            continue
        tops = " ".join(
            f"{x(one.x(chart.axis)):.1f} {y(one.high):.1f}" for one in run if one.high is not None
        )
        lows = " ".join(
            f"{x(one.x(chart.axis)):.1f} {y(one.low):.1f}" for one in reversed(run) if one.low is not None
        )
        dim = " over" if part.is_over else ""
        yield f'<path class="band i{line.ink}{dim}" d="M{tops} {lows}Z"/>'


def _path(chart: Chart, line: Line, part: Part, x: Scale, y: Scale) -> Iterator[str]:
    for run in unbroken(part.spots):
        places = [(x(one.x(chart.axis)), y(one.last)) for one in run if one.last is not None]
        dim = " over" if part.is_over else ""
        if len(places) == 1:
            yield f'<circle class="dot i{line.ink}{dim}" cx="{places[0][0]:.1f}" cy="{places[0][1]:.1f}" r="2.5"/>'
        else:
            drawn = " ".join(f"{left:.1f} {top:.1f}" for left, top in places)
            yield f'<path class="line i{line.ink} s{line.style}{dim}" d="M{drawn}"/>'


def unbroken(spots: Sequence[Spot]) -> Iterator[list[Spot]]:
    """The stretches in which everything has a finite point."""
    edges = [-1, *(number for number, one in enumerate(spots) if one.last is None), len(spots)]
    for before, after in pairwise(edges):
        if after - before > 1:
            yield list(spots[before + 1 : after])


def _heights(chart: Chart, x: Scale, y: Scale) -> Iterator[str]:
    heights, said = shown_heights(chart), labels(chart)
    for one in heights:
        yield f'<path class="height" d="M{LEFT} {y(one.value):.1f}H{x.end:g}"/>'
    for (at, place), text, one in zip(beside(chart, y, LINE), said, heights, strict=False):
        if abs(place - at) > 1:
            yield f'<path class="height lead" d="M{x.end:g} {at:.1f}L{x.end + 6:g} {place:.1f}"/>'
        yield (
            f'<text class="said" x="{x.end + 8:g}" y="{place + 4:.1f}">{_text(text)}<title>{_text(one.gate)}'
            f" {short(one.value)}</title></text>"
        )
    if more := len(heights) - len(said):
        yield f'<text class="said" x="{x.end + 8:g}" y="{TOP + 4}">and {more} more</text>'
    for guide in chart.guides:
        if guide.axis == chart.axis:
            drawn = " ".join(
                f"{x(left):.1f} {y(top):.1f}" for left, top in guide.points if x.low <= left <= x.high
            )
            if drawn:
                yield f'<path class="height" d="M{drawn}"/>'


def beside(chart: Chart, y: Scale, gap: float) -> list[tuple[float, float]]:
    """(place of the threshold, place of what is said of it) for each of the labels, none over another."""
    heights, said = shown_heights(chart), labels(chart)
    places = [y(one.value) for one in heights[: len(said)]]
    ends = sorted((y.start, y.end))
    room = gap if len(said) < len(heights) else 0.0
    return list(zip(places, spread(places, gap, ends[0] + room, ends[1]), strict=True))


def _sign(chart: Chart, mark: Mark, x: Scale, y: Scale) -> str:
    left = x(mark.at[chart.axis])
    title = f"<title>{_text(f'{mark.run}: {mark.text}')}</title>"
    if mark.kind == "nonfinite":
        top = TOP + 12.0
        return (
            f'<g class="mark i{mark.ink}">{title}<path d="M{left:.1f} {TOP}V{HEIGHT - BOTTOM}"/>'
            f'<text x="{left:.1f}" y="{top:.1f}" text-anchor="middle">{SIGNS[mark.kind]}</text></g>'
        )
    top = y(mark.value) + 4 if mark.value is not None else TOP + 26.0
    sign = SIGNS[mark.kind]
    return f'<text class="sign i{mark.ink}" x="{left:.1f}" y="{top:.1f}" text-anchor="middle">{sign}{title}</text>'
