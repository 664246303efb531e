"""What is marked in a chart: heights and curves of gates, what was not finite, what happened to a run and where."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from trainui.core.export.charts import AXES, ELAPSED, EPOCH, STEP, Guide, Line, Mark, Spot, Threshold
from trainui.core.store.outlines import Outline
from trainui.core.store.views import GateView, RunView

MOST_SAVED = 24
"""Checkpoints of a run that are marked: the newest."""
TRIPPED = ("tripped", "failed")
WORDS = {"nan": "NaN", "inf": "Inf", "-inf": "-Inf"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Happened:
    """Something that happened to a run when it had come to a place."""

    kind: str
    step: float | None
    epoch: float | None
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Subject:
    """A run whose curves are drawn."""

    view: RunView
    ink: int
    gates: Sequence[GateView]
    goals: Mapping[str, str]
    outlines: Mapping[str, Outline]
    happened: Sequence[Happened] = ()


def thresholds(metric: str, subjects: Sequence[Subject]) -> tuple[Threshold, ...]:
    """Each gate's height once, however many runs share the gate."""
    found: dict[tuple[str, float], Threshold] = {}
    for one in subjects:
        for gate in one.gates:
            if gate.threshold is not None and math.isfinite(gate.threshold) and _is_about(gate, metric):
                value = gate.threshold * _scale(gate, metric, one)
                text = f"{gate.gate}: {gate.rule}" if gate.rule else gate.gate
                found.setdefault((gate.gate, value), Threshold(gate=gate.gate, value=value, text=text))
    return tuple(found.values())


def guides(metric: str, subjects: Sequence[Subject]) -> tuple[Guide, ...]:
    """The curves that gates wrote down beforehand, each once."""
    found: dict[tuple[str, object], Guide] = {}
    for one in subjects:
        for gate in one.gates:
            drawing = gate.drawing
            if drawing.curve and drawing.axis in AXES and _is_about(gate, metric):
                scale = _scale(gate, metric, one)
                points = tuple((x, y * scale) for x, y in drawing.curve)
                found.setdefault((gate.gate, points), Guide(gate=gate.gate, axis=drawing.axis, points=points))
    return tuple(found.values())


def _is_about(gate: GateView, metric: str) -> bool:
    return metric == gate.metric or metric in gate.drawing.names


def _scale(gate: GateView, metric: str, one: Subject) -> float:
    return gate.drawing.scale(piece.first for piece in one.outlines[metric].pieces if piece.first is not None)


def marks(metric: str, one: Subject, line: Line) -> Iterator[Mark]:
    """What happened to a run, as far as it belongs into the chart of this metric."""
    spots = [spot for part in line.parts if part.run == line.run for spot in part.spots]
    for odd in one.outlines[metric].oddities:
        near = f", {odd.points:,} in a row or near" if odd.points > 1 else ""
        yield _placed("nonfinite", line, spots, odd.step, odd.epoch, WORDS.get(odd.kind, "not finite") + near)
    if one.view.metric is not None and one.view.metric.name == metric:
        for what in one.happened:
            yield _placed(what.kind, line, spots, what.step, what.epoch, what.text)
    if one.view.parent:
        yield _placed("restart", line, spots, spots[0].step, spots[0].epoch, f"follows {one.view.parent}")
    for gate in one.gates:  # last: what was saved at the same place must not cover it
        if gate.verdict in TRIPPED and _is_about(gate, metric):
            text = f"gate {gate.gate} {gate.verdict}" + (f": {gate.reason}" if gate.reason else "")
            yield _placed("gate", line, spots, gate.at_step, gate.at_epoch, text)


def _placed(
    kind: str, line: Line, spots: Sequence[Spot], step: float | None, epoch: float | None, text: str
) -> Mark:
    """A mark at a step or an epoch, as high as the curve is there; at the end of the line where neither is known."""
    if step is not None:
        spot = next((one for one in spots if one.step >= step), spots[-1])
        if spot.step >= step and epoch is not None and spot.epoch is not None and spot.epoch < epoch - 0.5:
            step = None  # that of another stream, as of lines that count epochs and no steps
    if step is None and epoch is not None:
        spot = next((one for one in spots if one.epoch is not None and one.epoch >= epoch), spots[-1])
    elif step is None:
        spot = spots[-1]
    at = {STEP: spot.step if step is None else step}
    if (told := spot.epoch if epoch is None else epoch) is not None:
        at[EPOCH] = told
    if spot.elapsed is not None:
        at[ELAPSED] = spot.elapsed
    return Mark(kind=kind, run=line.run, ink=line.ink, at=at, value=spot.last, text=text)
