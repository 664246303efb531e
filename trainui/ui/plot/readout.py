"""What all curves say at the cursor: value, range, step, epoch, time and cost, one line each."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from trainui.ui.plot.axis import COST, ELAPSED, EPOCH, GPU_HOURS, STEP, WALL, axis_name
from trainui.ui.plot.canvas import stroke_of
from trainui.ui.plot.smooth import smoothed
from trainui.ui.present.ink import Span, clip, filled, line, safe
from trainui.ui.present.text import clock, duration, money, number, whole

if TYPE_CHECKING:
    from trainui.ui.plot.series import Mark, Pin, Series, Stretch
    from trainui.ui.present.ink import Line


def nearest(stretches: Sequence[Stretch], x: float) -> int | None:
    """The place of the stretch that holds x, the last of several, or else of the nearest one."""
    best, found = math.inf, None
    for place, one in enumerate(stretches):
        away = max(one.x0 - x, x - one.x1, 0.0)
        if away <= best:
            best, found = away, place
    return found


def where(x: float, axis: str, currency: str = "USD") -> str:
    """A place on the axis in words: `epoch 12`, `14:05:10`, `1:30 h`."""
    if axis == WALL:
        return clock(x)
    if axis == ELAPSED:
        return duration(x)
    if axis in (GPU_HOURS, COST):
        return f"{x:.3g} {axis_name(axis, currency)}"
    return f"{axis} {x:.0f}" if axis == STEP else f"{axis} {whole(round(x, 2))}"


def at_cursor(
    series: Sequence[Series],
    x: float,
    axis: str,
    *,
    near: float,
    smooth: float,
    told: Sequence[Mark | Pin],
    cells: int,
    rows: int,
    only_ascii: bool = False,
    currency: str = "USD",
) -> tuple[Line, ...]:
    """Where the cursor stands and what happened there, then a line for each curve, `rows` lines at most.

    `near`: how far from it a curve may end and still be read; between two points the nearer one is.
    """
    happened = [Span(f"  {safe(one.label)}", one.tone) for one in told if abs(one.x - x) <= near]
    head = line(Span(f" {where(x, axis, currency)}", "accent"), *happened)
    shown = [
        _row(one, x, axis, near=near, smooth=smooth, currency=currency) for one in series if one.stretches
    ]
    names = max((len(each[0]) for each in shown), default=0)
    values = max((len(each[1]) for each in shown), default=0)
    lines = [head]
    for one, (name, value, rest) in zip((s for s in series if s.stretches), shown, strict=True):
        stroke = stroke_of(one.ink, one.style, only_ascii=only_ascii)
        mark = Span(f" {stroke}{one.tag or ' '} ", f"run{one.ink}")
        front = line(mark, f"{name:<{names}}  {value:>{values}}")
        lines.append(filled(front, [line(Span(part, "dim")) for part in rest], cells))
    if len(lines) > rows:
        left = len(lines) - rows + 1
        lines = [*lines[: rows - 1], line(Span(f" … {left} more", "dim"))]
    return tuple(clip(each, cells) for each in lines[:rows])


def short(
    series: Sequence[Series],
    x: float,
    axis: str,
    *,
    near: float,
    only_ascii: bool = False,
    currency: str = "USD",
) -> tuple[Line, ...]:
    """Where the cursor stands and each curve's value there, for one line."""
    out: list[Line] = [line(Span(where(x, axis, currency), "accent"))]
    for one in series:
        if one.stretches:
            value = _row(one, x, axis, near=near, smooth=0.0, currency=currency)[1]
            stroke = stroke_of(one.ink, one.style, only_ascii=only_ascii)
            out.append(line(Span(f"{stroke}{one.tag} ", f"run{one.ink}"), value))
    return tuple(out)


def _row(
    series: Series, x: float, axis: str, *, near: float, smooth: float, currency: str
) -> tuple[str, str, list[str]]:
    """(name, value, all else) of one curve at x."""
    name, place = safe(series.name), nearest(series.stretches, x)
    one = series.stretches[place] if place is not None else None
    begins = min((each.x0 for each in series.stretches), default=math.inf)
    ends = max((each.x1 for each in series.stretches), default=-math.inf)
    if one is None or place is None or not begins - near <= x <= ends + near:
        return name, "–", []
    value = _value(one)
    parts = []
    if smooth:
        level = smoothed(series.stretches, smooth)[place]
        parts.append(f"smooth {number(level)}")
    if one.points > 1:
        parts.append(f"{number(one.low)}..{number(one.high)} of {one.points}")
        if one.nonfinite:
            parts.append(f"{one.nonfinite} not finite")
    is_beside = max(one.x0 - x, x - one.x1) > near
    places = {STEP: one.step, EPOCH: None if one.epoch is None else round(one.epoch, 2)}
    for unit in sorted(places, key=lambda unit: unit != axis):
        place_there = places[unit]
        if place_there is not None and (unit != axis or is_beside):
            parts.append(f"{unit} {whole(place_there)}")
    if one.at is not None:
        parts.append(clock(one.at))
        cost = series.cost(one.at) if series.cost is not None else math.nan
        if math.isfinite(cost):
            parts.append(money(cost, currency))
    return name, value, parts


def _value(one: Stretch) -> str:
    if one.last is not None:
        return number(one.last)
    return number(one.value) if one.value is not None else "not finite"
