"""What stands around the body of a chart: scales that hold what is seen, numbers at their ticks, signs on the axis."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from trainui.ui.plot.axis import x_ticks
from trainui.ui.plot.scale import even_ticks, rounded, scale_over, within
from trainui.ui.present.ink import Span, line

if TYPE_CHECKING:
    from trainui.ui.plot.scale import Scale
    from trainui.ui.plot.series import Guide, Pin, Series, Stretch, Threshold
    from trainui.ui.plot.sheet import Sheet
    from trainui.ui.present.ink import Line

NOT_FINITE, NOT_FINITE_ASCII = "✖", "N"
_GRACE = 0.6
"""How far off the curves, in parts of their range, a gate may lie and still widen the scale."""


def whole_x(series: Iterable[Series], end: float | None, *, log: bool) -> Scale:
    """The x scale of all there is."""
    reach: list[float] = []
    for each in series:
        for part in (each.stretches, *each.overlaps):
            known = [t for t in part if t.x0 <= t.x1]
            reach += [t.x0 for t in known]
            reach += [t.x1 for t in known if t.x1 != t.x0]
    if end is not None and reach:
        reach.append(end)
    if reach and 0 < min(reach) == max(reach) and not log:
        reach.append(0.0)
    return scale_over(reach, log=log)


def y_scale(
    series: Sequence[Series],
    x: Scale,
    *,
    log: bool,
    clip: bool,
    thresholds: Sequence[Threshold] = (),
    guides: Sequence[Guide] = (),
) -> Scale:
    """The y scale of what is seen of the curves; gates and guides widen it where they are near."""
    low, high = x.low, x.high
    seen = list(_seen(series, x))
    values = [t.low for t in seen if t.low is not None] or _beside(series, x)
    values += [t.high for t in seen if t.high is not None and t.high != t.low]
    if clip:
        told = [
            (math.log10(v) if log else v, t.points)
            for t in seen
            for v in (t.low, t.high)
            if v is not None and (v > 0 or not log)
        ]
        kept = within(told)
        if kept is not None:
            values = [10.0**v if log else v for v in kept]
    tight = scale_over(values, log=log)
    around = [t.value for t in thresholds]
    around += [y for g in guides if g.counts for at, y in g.points if low <= at <= high]
    if tight.log:
        around = [value for value in around if value > 0]
    near = [value for value in around if values and -_GRACE <= tight.place(value) <= 1 + _GRACE]
    return rounded(scale_over([*values, *near], log=log))


def _seen(series: Sequence[Series], x: Scale) -> Iterator[Stretch]:
    """The stretches on the x scale that have a finite value."""
    low, high, is_log = x.low, x.high, x.log
    return (
        t
        for s in series
        for part in (s.stretches, *s.overlaps)
        for t in part
        if t.low is not None and ((t.x1 >= low and t.x0 <= high) or (is_log and t.x1 <= 0))
    )


def values_in(series: Sequence[Series], x: Scale) -> set[float]:
    """Some of the finite values that are seen: none where there is none, and more than one where they differ."""
    found: set[float] = set()
    for t in _seen(series, x):
        found |= {value for value in (t.low, t.high) if value is not None}
        if len(found) > 1:
            break
    return found or set(_beside(series, x))


def _beside(series: Sequence[Series], x: Scale) -> list[float]:
    """Where nothing is seen: the values at its edges of the lines that lead through."""
    found = []
    for each in series:
        told = [t for t in each.stretches if t.last is not None]
        before = next((t for t in reversed(told) if t.x1 < x.low), None)
        after = next((t for t in told if t.x0 > x.high), None)
        if before is not None and after is not None and before.last is not None and after.first is not None:
            slope = (after.first - before.last) / (after.x0 - before.x1)
            found += [before.last + slope * (edge - before.x1) for edge in (x.low, x.high)]
    return found


def y_labels(
    y: Scale, rows: int, *, named: Iterable[float] = (), seen: Collection[float] = (0.0, 1.0)
) -> dict[int, str]:
    """Row → number, all with the fewest decimals that still tell them apart.

    In the row of a value that is `named` in the picture there is no other one. What is level, as is all that is
    `seen` when that is one value, has its own number; where nothing is, there are none.
    """
    if not seen:
        return {}
    values = even_ticks(y, max(2, min(6, rows // 2)), rows)
    largest = max(map(abs, values), default=1.0)
    if not 1e-4 <= largest < 1e7:
        for digits in (1, 2, 3, 5, 8):
            texts = [f"{v:.{digits}e}" if v else "0" for v in values]
            if len(set(texts)) == len(texts):
                break
    elif y.log:
        texts = [f"{v:g}" for v in values]
    else:
        for decimals in range(10):
            if all(abs(round(v, decimals) - v) <= abs(v) * 1e-6 for v in values):
                break
        texts = [f"{v:.{decimals}f}" for v in values]
    taken = {_row(y, value, rows): value for value in named if y.holds(value)}
    labels = {
        row: text
        for value, text in zip(values, texts, strict=True)
        if taken.get(row := _row(y, value, rows), value) == value
    }
    (level,) = seen if len(seen) == 1 else (None,)
    if level is not None and y.holds(level) and level not in values:
        labels[_row(y, level, rows)] = f"{level:.0f}" if 1e4 <= abs(level) < 1e7 else f"{level:.4g}"
    return labels


def _row(y: Scale, value: float, rows: int) -> int:
    return min(rows - 1, max(0, int((1 - y.place(value)) * rows)))


def x_axis(
    sheet: Sheet, gutter: int, axis: str, pins: Iterable[Pin], cursor: float | None
) -> tuple[Line, Line]:
    """The axis with its signs, and the numbers below; what is not finite goes before every other sign."""
    columns = sheet.columns
    places: dict[int, str] = {}
    for value, text in x_ticks(sheet.x, axis, max(2, columns // 12)):
        column = sheet.column_of(value)
        if column is not None:
            places[column] = text
    signs = dict.fromkeys(places, ("┬", "dim"))
    if sheet.before:
        signs[0] = ("‹", "warn")
    at = sheet.column_of(cursor) if cursor is not None else None
    if at is not None:
        signs[at] = ("┴", "accent")
    for pin in pins:
        column = sheet.column_of(pin.x)
        if column is not None:
            signs[column] = (pin.sign, pin.tone)
    for column in sheet.nonfinite:
        signs[column] = (NOT_FINITE_ASCII if sheet.only_ascii else NOT_FINITE, "bad")
    spans = [Span(" " * (gutter + 1) + "└", "dim")]
    spans += [Span(*signs.get(column, ("─", "dim"))) for column in range(columns)]
    return _merged(spans), line(Span(_numbers(places, columns, gutter), "dim"))


def _numbers(places: dict[int, str], columns: int, gutter: int) -> str:
    """The numbers under their ticks, none over another."""
    numbers = [" "] * (columns + gutter + 2)
    free = 0
    for column, text in sorted(places.items()):
        start = max(0, min(column + gutter + 2 - len(text) // 2, columns + gutter + 2 - len(text)))
        if start >= free and start + len(text) <= len(numbers):
            numbers[start : start + len(text)] = text
            free = start + len(text) + 1
    return "".join(numbers).rstrip()


def _merged(spans: Sequence[Span]) -> Line:
    out: list[Span] = []
    for span in spans:
        if out and out[-1].tone == span.tone:
            out[-1] = Span(out[-1].text + span.text, span.tone)
        else:
            out.append(span)
    return tuple(out)
