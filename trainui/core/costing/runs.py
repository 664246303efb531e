"""What a run still costs to its end and to its target, and what each per cent of its metric cost."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from trainui.core.costing.standing import standing
from trainui.core.costing.words import moment, money
from trainui.core.money.outlook import gained, per_percent, still_to_pay
from trainui.core.prospects import prospect_of, seconds_until
from trainui.core.run import Status

if TYPE_CHECKING:
    from trainui.core.costing.standing import Standing
    from trainui.core.prospects import Prospect
    from trainui.core.store.read import Reader
    from trainui.core.store.views import GateView, RunView


class RunCost(Struct, frozen=True, kw_only=True):
    """What a run costs, with those it goes on from, and what it will."""

    run: str
    usd: float = 0.0
    """So far, what the runs took that it goes on from included."""
    gpu_hours: float = 0.0
    usd_to_end: float | None = None
    """From now to its end."""
    ends_at: float | None = None
    """Unix seconds."""
    end_basis: str = ""
    """What `ends_at` rests on: `pace`, `past runs`, `limit`, `stopping`."""
    usd_to_target: float | None = None
    """From now until every criterion on its primary metric is expected to hold; None where one is not expected to."""
    target: str = ""
    """The criterion of those that is expected to hold last."""
    usd_per_percent: float | None = None
    """`usd` for each per cent by which the primary metric became better since its first value, of that value."""
    better_percent: float | None = None
    assumption: str = ""
    """What the sums to come rest on."""

    def text(self, *, now: float, currency: str = "USD") -> str:
        """What is to come and what was gained, in one line; '' when nothing can be said."""
        parts = []
        if self.usd_to_end is not None and self.ends_at is not None:
            parts.append(f"{money(self.usd_to_end, currency)} more to the end at {moment(self.ends_at, now)}")
        elif self.ends_at is not None:
            parts.append(f"ends at {moment(self.ends_at, now)}")
        if self.usd_to_target is not None:
            parts.append(f"{money(self.usd_to_target, currency)} more to {self.target}")
        if self.usd_per_percent is not None and self.better_percent is not None:
            each = money(self.usd_per_percent, currency)
            parts.append(f"{each} for each of {self.better_percent:.3g} % gained")
        return "; ".join(parts)


def run_costs(
    reader: Reader,
    *,
    views: Sequence[RunView] | None = None,
    only: Collection[str] | None = None,
    stands: Standing | None = None,
) -> dict[str, RunCost]:
    """Run → what it costs. `views` are all runs, if somebody has read them; `only` those that are asked about."""
    stands = stands or standing(reader, views=views)
    to_end = still_to_pay(stands.spans(), stands.lease) if stands.lease.rate else {}
    usd = {view.run: (view.usd, view.gpu_hours) for view in stands.views}
    beside = sum(view.is_live for view in stands.views) - 1
    found = {}
    for view in stands.views:
        if only is not None and view.run not in only:
            continue
        line = reader.line_of(view.run) if view.parent else [view.run]
        cost = RunCost(
            run=view.run,
            usd=sum(usd[one][0] for one in line if one in usd),
            gpu_hours=sum(usd[one][1] for one in line if one in usd),
        )
        if view.metric is not None and cost.usd > 0:
            first, best = reader.extremes(line, view.metric.name, view.metric.goal)
            cost = replace(
                cost,
                better_percent=gained(first, best, view.metric.goal),
                usd_per_percent=per_percent(cost.usd, first, best, view.metric.goal),
            )
        if view.is_live:
            part = to_end.get(view.run)
            cost = replace(
                cost,
                ends_at=stands.ends_at(view.run),
                end_basis=stands.ends[view.run].basis,
                usd_to_end=None if part is None else part.micro / 1e6,
                assumption=_assumption(beside),
            )
            cost = _with_target(reader, view, cost, stands)
        found[view.run] = cost
    return found


def _assumption(beside: int) -> str:
    if not beside:
        return "nothing else starts"
    others = "the other live run" if beside == 1 else f"the {beside} other live runs"
    return f"it shares the machine with {others} until they end, and nothing else starts"


def _with_target(reader: Reader, view: RunView, cost: RunCost, stands: Standing) -> RunCost:
    if view.metric is None or view.metric.last is None or view.status is not Status.RUNNING:
        return cost
    gates = [gate for gate in reader.gates(view.run) if gate.role == "criterion"]
    metric = next((one for one in reader.metrics(view.run) if one.metric == view.metric.name), None)
    if metric is None or not gates:
        return cost
    gate, seconds = target_of(view, prospect_of(reader, view, metric, gates), gates)
    if gate is None or seconds is None or not stands.lease.rate:
        return cost
    spans = [replace(one, end=seconds) if one.run == view.run else one for one in stands.spans()]
    part = still_to_pay(spans, stands.lease).get(view.run)
    return replace(cost, usd_to_target=part.micro / 1e6 if part else 0.0, target=gate.rule)


def target_of(
    view: RunView, found: Prospect, gates: Sequence[GateView]
) -> tuple[GateView | None, float | None]:
    """(the criterion that is expected to hold last, seconds until then); (None, None) where one is not expected to, or
    none is open."""
    rules = {gate.gate: gate for gate in gates}
    places = [(one.at, gate) for gate, one in found.outlooks.items()]
    if not places or any(at is None for at, _ in places):
        return None, None
    at, gate = max((at, gate) for at, gate in places if at is not None)
    seconds = seconds_until(view, found, at)
    return (rules[gate], seconds) if seconds is not None else (None, None)
