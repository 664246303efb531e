"""Where a run's curves are heading, and what that means for its gates; from what the store holds."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct, field

from trainui.core.forecast.extrapolate import forecast
from trainui.core.forecast.outlook import claim_of, outlook
from trainui.core.run import Status
from trainui.core.store.views import CurvePoint

if TYPE_CHECKING:
    from trainui.core.forecast.extrapolate import Forecast
    from trainui.core.forecast.outlook import Claim, Outlook
    from trainui.core.store.read import Reader
    from trainui.core.store.views import Bucket, GateView, MetricView, RunView

FEW = 2000
"""Points up to which a curve is read whole; a longer one is read in buckets."""
BUCKETS = 400
_SETTLED = frozenset({"passed", "failed", "tripped"})


class Prospect(Struct, frozen=True, kw_only=True):
    """What is expected of one metric of one run."""

    metric: str
    unit: str
    """`epoch` or `step`: what x counts."""
    found: Forecast | None = None
    why_not: str = ""
    """Why nothing is expected; '' when something is."""
    outlooks: Mapping[str, Outlook] = field(default_factory=dict)
    """Gate → what is expected of it; only gates that are undecided and do not hold yet."""


def forecasted(view: RunView, metrics: Sequence[str], gates: Sequence[GateView]) -> tuple[str, ...]:
    """The metrics worth a forecast: the primary one, those that a limit is set for, and losses."""
    primary = {view.metric.name} if view.metric else set()
    claimed = {
        name
        for gate in gates
        if (claim := claim_of(gate.rule))
        for name in (claim.metric, *gate.drawing.names)
    }
    return tuple(name for name in metrics if name in primary | claimed or "loss" in name.lower())


def prospect(
    view: RunView, metric: str, points: Sequence[CurvePoint], *, gates: Sequence[GateView] = ()
) -> Prospect:
    """What is expected of one metric, from its points in the order written."""
    unit = "epoch" if points and all(point.epoch is not None for point in points) else "step"
    if view.status is Status.ENDED:
        return Prospect(metric=metric, unit=unit, why_not="the run has ended")
    end = view.total_epochs if unit == "epoch" else view.total_steps
    curve = [
        (point.step if point.epoch is None or unit == "step" else point.epoch, point.value)
        for point in points
    ]
    found, why_not = forecast(curve, end=end)
    outlooks = {}
    for gate in gates:
        claim = _claim(gate, metric)
        if found is not None and claim is not None and _is_open(gate, claim):
            scale = gate.drawing.scale(point.value for point in points)
            outlooks[gate.gate] = outlook(found.times(1 / scale), claim, unit=unit)
    return Prospect(metric=metric, unit=unit, found=found, why_not=why_not, outlooks=outlooks)


def as_points(buckets: Sequence[Bucket], *, epochs_per_step: float | None) -> tuple[CurvePoint, ...]:
    """Buckets as points: the last value of each, in its middle."""
    places = [((one.step_from + one.step_to) / 2, one.last) for one in buckets]
    return tuple(
        CurvePoint(
            step=step,
            value=math.nan if value is None else value,
            at=0.0,
            epoch=step * epochs_per_step if epochs_per_step else None,
        )
        for step, value in places
    )


def prospects(reader: Reader, view: RunView, gates: Sequence[GateView]) -> tuple[Prospect, ...]:
    """What is expected of every metric worth it. A resumed run is seen from where it took over."""
    metrics = {one.metric: one for one in reader.metrics(view.run)}
    names = forecasted(view, list(metrics), gates)
    return tuple(prospect_of(reader, view, metrics[name], gates) for name in names)


def prospect_of(reader: Reader, view: RunView, metric: MetricView, gates: Sequence[GateView]) -> Prospect:
    """What is expected of one metric that the run has written."""
    if metric.points <= FEW:
        points: Sequence[CurvePoint] = reader.curve(view.run, metric.metric)
    else:
        per_step = view.epoch / view.step if view.epoch and view.step else None
        buckets = reader.envelope(view.run, metric.metric, buckets=BUCKETS)
        points = as_points(buckets, epochs_per_step=per_step)
    return prospect(view, metric.metric, points, gates=gates)


def seconds_until(view: RunView, one: Prospect, at: float | None) -> float | None:
    """Seconds from now until x is `at`, at the run's mean pace; None where that is not known."""
    here, end = (view.epoch, view.total_epochs) if one.unit == "epoch" else (view.step, view.total_steps)
    if at is None or here is None or end is None or view.eta_seconds is None or end <= here:
        return None
    return max(0.0, (at - here) / (end - here) * view.eta_seconds)


def hints(found: Sequence[Prospect]) -> dict[str, str]:
    """Gate → what is expected of it, in one line for people."""
    return {gate: one.text for each in found for gate, one in each.outlooks.items() if one.text}


def _claim(gate: GateView, metric: str) -> Claim | None:
    claim = claim_of(gate.rule)
    return claim if claim is not None and metric in (claim.metric, *gate.drawing.names) else None


def _is_open(gate: GateView, claim: Claim) -> bool:
    return gate.verdict not in _SETTLED and (gate.value is None or not claim.holds(gate.value))
