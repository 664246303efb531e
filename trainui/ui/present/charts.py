"""From a snapshot to charts: which curves share a chart, in which ink, under which gates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from trainui.core.store.views import GateView
from trainui.ui.plot.figure import Chart
from trainui.ui.plot.scale import ahead
from trainui.ui.plot.series import EPOCH, STEP, Series, Stretch, Threshold, from_buckets, from_points
from trainui.ui.source import Snapshot, Trace


def charts(
    snapshot: Snapshot,
    *,
    colours: Mapping[str, int],
    tags: Mapping[str, str],
    first: str | None = None,
    axis: str = EPOCH,
    log: bool = False,
) -> tuple[Chart, ...]:
    """One chart per metric, `first` first. Steps where a run knows no epoch."""
    names = [name for name in snapshot.metric_names if any(t.metric == name for t in snapshot.traces)]
    if first in names:
        names = [str(first), *(name for name in names if name != first)]
    out = []
    for name in names:
        traces = [trace for trace in snapshot.traces if trace.metric == name]
        x = axis if all(knows_epochs(trace) for trace in traces) else STEP
        out.append(
            Chart(
                metric=name,
                axis=x,
                log=log,
                x_end=_x_end(snapshot, traces, x),
                thresholds=thresholds(snapshot.gates, name),
                series=tuple(
                    Series(
                        name=trace.run,
                        stretches=stretches(trace, x),
                        ink=colours.get(trace.run, 0),
                        tag=tags.get(trace.run, ""),
                        on_top=trace.run == snapshot.look.cursor,
                    )
                    for trace in traces
                ),
            )
        )
    return tuple(out)


def _x_end(snapshot: Snapshot, traces: Sequence[Trace], axis: str) -> float | None:
    """Where the x axis ends while one of its runs lives: ahead of the farthest, not beyond its total."""
    ends = []
    for trace in traces:
        view, drawn = snapshot.run(trace.run), stretches(trace, axis)
        if view is not None and view.is_live and drawn:
            ends.append(ahead(drawn[-1].x1, view.total_epochs if axis == EPOCH else view.total_steps))
    return max(ends, default=None)


def knows_epochs(trace: Trace) -> bool:
    """Whether every point of the trace can be placed on an axis of epochs."""
    if trace.buckets:
        return trace.epochs_per_step is not None
    return all(point.epoch is not None for point in trace.points)


def stretches(trace: Trace, axis: str) -> tuple[Stretch, ...]:
    """The trace as it is drawn."""
    if trace.buckets:
        return from_buckets(trace.buckets, per_step=(trace.epochs_per_step or 1.0) if axis == EPOCH else 1.0)
    return from_points(trace.points, axis=axis)


def thresholds(gates: tuple[GateView, ...], metric: str) -> tuple[Threshold, ...]:
    """The dashed lines of a metric, each once however many runs share the gate."""
    found = {
        (gate.gate, gate.threshold): gate
        for gate in gates
        if gate.metric == metric and gate.threshold is not None
    }
    return tuple(
        Threshold(value=float(gate.threshold or 0.0), label=f"gate {gate.gate} {comparison(gate)}".strip())
        for gate in found.values()
    )


def comparison(gate: GateView) -> str:
    """`< 100` out of `best(val/mae) < 100`."""
    for sign in ("<=", ">=", "<", ">"):
        if f" {sign} " in gate.rule:
            return f"{sign} {gate.threshold:g}"
    return f"{gate.threshold:g}"
