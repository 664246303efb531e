"""From a snapshot to charts: which curves share a chart, in which ink, under which gates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from trainui.ui.plot.axis import BY_TIME, EPOCH, STEP, WALL, Course
from trainui.ui.plot.canvas import STYLES
from trainui.ui.plot.figure import Chart
from trainui.ui.plot.scale import ahead
from trainui.ui.plot.series import Guide, Mark, Series, Threshold
from trainui.ui.present.curves import course, drawn, knows, pins
from trainui.ui.present.lights import verdict_light
from trainui.ui.present.text import number, whole

if TYPE_CHECKING:
    from trainui.core.forecast.extrapolate import Forecast
    from trainui.core.store.views import GateView
    from trainui.ui.plot.series import Pin
    from trainui.ui.present.curves import Drawn
    from trainui.ui.source import Snapshot
    from trainui.ui.trace import Trace


def charts(
    snapshot: Snapshot,
    *,
    colours: Mapping[str, int],
    tags: Mapping[str, str],
    first: str | None = None,
    axis: str = EPOCH,
    log: bool = False,
    looks_ahead: bool = True,
) -> tuple[Chart, ...]:
    """One chart per metric, `first` first. Steps where a run is not known on the axis.

    `looks_ahead`: whether what is expected of a curve is drawn.
    """
    names = [name for name in snapshot.metric_names if any(t.metric == name for t in snapshot.traces)]
    if first in names:
        names = [str(first), *(name for name in names if name != first)]
    out = []
    for name in names:
        traces = [trace for trace in snapshot.traces if trace.metric == name]
        x = axis if all(knows(t, axis, snapshot.courses.get(t.run, ())) for t in traces) else STEP
        found = {trace.run: drawn(trace, x, snapshot.courses.get(trace.run, ())) for trace in traces}
        out.append(
            Chart(
                metric=name,
                axis=x,
                currency=snapshot.budget.currency,
                log=log,
                x_end=_x_end(snapshot, traces, found, x, looks_ahead=looks_ahead),
                thresholds=thresholds(snapshot.gates, traces),
                guides=(
                    *written(snapshot.gates, traces, x),
                    *(_expected(traces, colours, x) if looks_ahead else ()),
                ),
                marks=_marks(snapshot, traces, found, x),
                pins=_pins(snapshot, traces, found, x),
                expected=_told(traces) if looks_ahead else "",
                series=tuple(_series(snapshot, t, found[t.run], colours, tags, len(traces)) for t in traces),
            )
        )
    return tuple(out)


def _series(
    snapshot: Snapshot,
    trace: Trace,
    found: Drawn,
    colours: Mapping[str, int],
    tags: Mapping[str, str],
    beside: int,
) -> Series:
    """One curve; where there are several, its line has a style beside its colour."""
    ink = colours.get(trace.run, 0)
    costs = [(one.at, one.cost) for one in snapshot.courses.get(trace.run, ())]
    return Series(
        name=trace.run,
        stretches=found.stretches,
        overlaps=found.overlaps,
        ink=ink,
        style=ink % STYLES if beside > 1 else 0,
        tag=tags.get(trace.run, ""),
        on_top=trace.run == snapshot.look.cursor,
        cost=Course(costs) if any(cost for _, cost in costs) else None,
        newest=trace.last,
    )


def _x_end(
    snapshot: Snapshot, traces: Sequence[Trace], found: Mapping[str, Drawn], axis: str, *, looks_ahead: bool
) -> float | None:
    """Where the x axis ends while one of its runs lives: ahead of the farthest, not beyond its total."""
    ends = []
    for trace in traces:
        view, stretches = snapshot.run(trace.run), found[trace.run].stretches
        if view is not None and view.is_live and stretches and axis != WALL:
            total = {EPOCH: view.total_epochs, STEP: view.total_steps}.get(axis)
            ends.append(ahead(stretches[-1].x1, total))
        one = trace.prospect
        along = _along(trace, one.unit, axis) if one is not None else None
        if looks_ahead and one is not None and one.found is not None and along is not None:
            ends.append(_ahead(one.found)[-1] * along)
    return max(ends, default=None)


def _pins(
    snapshot: Snapshot, traces: Sequence[Trace], found: Mapping[str, Drawn], axis: str
) -> tuple[Pin, ...]:
    """What happened to these runs; checkpoints and remedies of the opened one."""
    out: list[Pin] = []
    for trace in traces:
        detail = snapshot.detail
        if detail is not None and detail.view.run != trace.run:
            detail = None
        to_x = course(axis, snapshot.courses.get(trace.run, ()))
        is_opened = snapshot.opened is not None and snapshot.opened.run == trace.run
        before = snapshot.opened.before if snapshot.opened is not None and is_opened else ()
        out += pins(found[trace.run], detail, axis, to_x, before)
    return tuple(out)


def _about(gate: GateView, traces: Sequence[Trace]) -> Trace | None:
    """The curve that a gate is about, if it is one of these."""
    names = (gate.metric, *gate.drawing.names)
    return next((one for one in traces if one.run == gate.run and one.metric in names), None)


def _scale(gate: GateView, trace: Trace) -> float:
    """What a height of the gate is multiplied by to lie in this curve."""
    return gate.drawing.scale(
        value
        for value in (*(p.value for p in trace.points), *(b.first for b in trace.buckets))
        if value is not None
    )


def thresholds(gates: Sequence[GateView], traces: Sequence[Trace]) -> tuple[Threshold, ...]:
    """The dashed lines of these curves, each once however many runs share the gate."""
    found: dict[tuple[str, float], Threshold] = {}
    for gate in gates:
        trace = _about(gate, traces) if gate.threshold is not None else None
        if gate.threshold is not None and trace is not None:
            value = gate.threshold * _scale(gate, trace)
            label = f"gate {gate.gate} {comparison(gate)}".strip()
            found.setdefault((gate.gate, value), Threshold(value=value, label=label))
    return tuple(found.values())


def written(gates: Sequence[GateView], traces: Sequence[Trace], axis: str) -> tuple[Guide, ...]:
    """The curves that were written down beforehand, each once."""
    found: dict[tuple[str, tuple[tuple[float, float], ...]], Guide] = {}
    for gate in gates:
        trace = _about(gate, traces) if gate.drawing.curve else None
        if trace is not None:
            stretch, scale = _along(trace, gate.drawing.axis, axis), _scale(gate, trace)
            if stretch is not None:
                points = tuple((x * stretch, y * scale) for x, y in gate.drawing.curve)
                found.setdefault((gate.gate, points), Guide(points=points, tone="gate", sparse=2))
    return tuple(found.values())


def _along(trace: Trace, unit: str, axis: str) -> float | None:
    """What x in `unit` is multiplied by to lie on `axis`; None where that is not known."""
    if unit == axis:
        return 1.0
    if not trace.epochs_per_step or {unit, axis} != {EPOCH, STEP}:
        return None
    return trace.epochs_per_step if axis == EPOCH else 1 / trace.epochs_per_step


def _expected(traces: Sequence[Trace], colours: Mapping[str, int], axis: str) -> tuple[Guide, ...]:
    """What is expected of each curve, as far ahead again as it has come; alone in its chart, with its band."""
    guides = []
    for trace in traces:
        one = trace.prospect
        along = _along(trace, one.unit, axis) if one is not None else None
        if one is None or one.found is None or along is None:
            continue
        seen = [one.found.at(x) for x in _ahead(one.found)]
        tone = f"run{colours.get(trace.run, 0)} faint"
        guides.append(Guide(points=tuple((e.x * along, e.value) for e in seen), tone=tone, sparse=2))
        if len(traces) == 1:
            for edge in (
                tuple((e.x * along, e.low) for e in seen),
                tuple((e.x * along, e.high) for e in seen),
            ):
                guides.append(Guide(points=edge, tone=tone, sparse=4, counts=False))
    return tuple(guides)


def _ahead(found: Forecast) -> list[float]:
    """x from the last evaluation on, to the end of the run or as far again as it has come."""
    far = 2 * found.reached - found.start
    end = far if found.end is None else min(far, found.end)
    return [found.reached + (end - found.reached) * part / 24 for part in range(25)]


def _told(traces: Sequence[Trace]) -> str:
    """`25.6 at 100 (21.3..29.8)`, where one curve stands alone and its end is known."""
    found = traces[0].prospect.found if len(traces) == 1 and traces[0].prospect else None
    if found is None or found.end is None:
        return ""
    end = found.at(found.end)
    return f"{number(end.value)} at {whole(end.x)} ({number(end.low)}..{number(end.high)})"


def _marks(
    snapshot: Snapshot, traces: Sequence[Trace], found: Mapping[str, Drawn], axis: str
) -> tuple[Mark, ...]:
    """Where the gates of these curves tripped or failed, the newest first; not what failed only at the end."""
    gates = {(gate.run, gate.gate): gate for gate in snapshot.gates}
    out = []
    for turn in reversed(snapshot.alarms):
        gate = gates.get((turn.run, turn.gate))
        trace = _about(gate, traces) if gate is not None else None
        stretches = found[trace.run].stretches if trace is not None else ()
        to_x = course(axis, snapshot.courses.get(turn.run, ()))
        x = turn.epoch if axis == EPOCH else turn.step
        if to_x is not None and axis in BY_TIME:
            x = to_x(turn.at)
        is_the_end = turn.verdict == "failed" and x is not None and bool(stretches) and x >= stretches[-1].x1
        if stretches and x is not None and not is_the_end:
            light = verdict_light(turn.verdict)
            out.append(Mark(x=x, label=f"{light.text} {turn.gate}", tone=light.tone))
    return tuple(out)


def comparison(gate: GateView) -> str:
    """`< 100` out of `best(val/mae) < 100`."""
    for sign in ("<=", ">=", "<", ">"):
        if f" {sign} " in gate.rule:
            return f"{sign} {gate.threshold:g}"
    return f"{gate.threshold:g}"
