"""The curves of a page as JSON for its script: each envelope once, what several curves share on x once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from trainui.core.export.charts import AXES, ELAPSED, EPOCH, STEP, Chart, Line, Mark, Part
from trainui.core.ingest.text import strip_escapes

DIGITS = {STEP: 12, EPOCH: 7, ELAPSED: 8}
"""That count on x."""
MANY = 300
"""Curves from which on values are told with 5 digits instead of 7."""


def payload(charts: Sequence[Chart], runs: Sequence[str]) -> str:
    """The document; no `<` stands in it, so that nothing in it can end the element it stands in.

    `xs` are lists of places that parts name by number; a part without `lo` has nothing but its values `v`; null is
    what was not finite.
    """
    digits = 5 if sum(len(chart.lines) for chart in charts) > MANY else 7
    xs: dict[tuple[float, ...], int] = {}
    numbers = {run: number for number, run in enumerate(runs)}
    inks = {line.run: (line.ink, line.style) for chart in charts for line in chart.lines}
    document = {
        "runs": [
            {"name": strip_escapes(run), "ink": inks.get(run, (0, 0))[0], "style": inks.get(run, (0, 0))[1]}
            for run in runs
        ],
        "charts": [
            {
                "metric": strip_escapes(chart.metric), "goal": chart.goal, "axis": chart.axis, "axes": chart.axes,
                "log": chart.is_log,
                "lines": [_line(line, chart.axes, numbers, xs, digits) for line in chart.lines],
                "heights": [{"gate": strip_escapes(one.gate), "text": strip_escapes(one.text), "y": one.value}
                            for one in chart.thresholds],
                "guides": [{"gate": strip_escapes(one.gate), "axis": one.axis, "points": one.points}
                           for one in chart.guides],
                "marks": [_mark(mark, numbers, digits) for mark in chart.marks],
            }
            for chart in charts
        ],
        "xs": list(xs),
    }  # fmt: skip
    return msgspec.json.encode(document).decode().replace("<", "\\u003c")


def _line(
    line: Line, axes: Sequence[str], numbers: dict[str, int], xs: dict[tuple[float, ...], int], digits: int
) -> dict[str, Any]:
    return {"run": numbers[line.run], "parts": [_part(line, one, axes, xs, digits) for one in line.parts]}


def _part(
    line: Line, part: Part, axes: Sequence[str], xs: dict[tuple[float, ...], int], digits: int
) -> dict[str, Any]:
    told: dict[str, Any] = {"x": {}}
    for axis in AXES:
        if axis in axes:
            places = tuple(_rounded(one.x(axis), DIGITS[axis]) for one in part.spots)
            told["x"][axis] = xs.setdefault(places, len(xs))
    told["v"] = [_known(one.last, digits) for one in part.spots]
    if any(one.low != one.high for one in part.spots):
        told["lo"] = [_known(one.low, digits) for one in part.spots]
        told["hi"] = [_known(one.high, digits) for one in part.spots]
    if part.is_over:
        told["over"] = 1
    if part.run != line.run:
        told["by"] = strip_escapes(part.run)
    return told


def _mark(mark: Mark, numbers: dict[str, int], digits: int) -> dict[str, Any]:
    return {
        "kind": mark.kind,
        "run": numbers[mark.run],
        "x": dict(mark.at),
        "y": _known(mark.value, digits),
        "text": strip_escapes(mark.text),
    }


def _known(value: float | None, digits: int) -> float | None:
    return None if value is None else _rounded(value, digits)


def _rounded(value: float, digits: int) -> float:
    """A whole number where it is one: that is shorter."""
    found = float(f"{value:.{digits}g}")
    return int(found) if found.is_integer() and abs(found) < 1e15 else found
