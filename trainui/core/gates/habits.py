"""RULE: the habits of past runs: what each did, and the gate that leaves room for all of it. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from trainui.core.gates.goal import default_goal
from trainui.core.gates.judge import Judge
from trainui.core.gates.parse import parse_gates
from trainui.core.gates.verdict import Point, State

MARGIN = 1.5
"""How much further than anything seen a threshold lies."""
LEAST = 8
"""Points below which a curve has no habits."""
OFTEN = 100
"""Points from which a curve is one of steps, in which a spike can be told."""
DEVIATIONS = (10.0, 15.0, 25.0, 40.0)
LOUD = (State.TRIPPED, State.FAILED)
SCORES = ("acc", "f1", "map", "auc", "score", "bleu", "dice", "iou", "precision", "recall", "reward")
NO_AIM = ("lr", "learning_rate", "time", "mem", "epoch", "step", "grad", "norm", "sec", "throughput", "/s")

Table = dict[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Past:
    """One finished run. Times in seconds, money in US dollars; None where it is not known."""

    run: str
    curves: Mapping[str, Sequence[Point]] = field(default_factory=dict)
    """Metric → its points in the order written, each with the epoch it was written in."""
    seconds: float | None = None
    usd: float | None = None
    longest_silence: float | None = None
    is_bad: bool = False
    """Known not to have gone well: nothing is learnt from it, and a gate should find it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Habit:
    """One thing that runs do: how it is measured on one, and the gate that leaves room for what all did."""

    measure: Callable[[Past, str, str], Any]
    """(run, metric, goal) → what it did; None where it does not tell."""
    gate: Callable[[Sequence[Any], str, str], tuple[Table, str] | None]
    """(what all did, metric, goal) → the gate's table, and what was seen in words; None: nothing to propose."""


def habits_of(metric: str) -> Sequence[Habit]:
    """What may be proposed of a metric: losses can be judged by more than scores, other numbers by nothing."""
    low = metric.lower()
    if any(word in low for word in NO_AIM):
        return ()
    if "loss" in low:
        return (FINITE, SPIKE, FIRST_EPOCH, REGRESS, STALL, BEST)
    has_aim = default_goal(metric) == "min" or any(word in low for word in SCORES)
    return (FIRST_EPOCH, REGRESS, STALL, BEST) if has_aim else ()


def fires(table: Mapping[str, Any], run: Past, metric: str = "") -> bool:
    """Whether a gate trips or fails on a run that is over."""
    judge = Judge(parse_gates([table]))
    points = run.curves.get(metric, ())
    said = [verdict for point in points for verdict in judge.feed(point)]
    at = points[-1].at if points else 0.0
    told = {"@wall_h": hours_of(run), "@cost_usd": run.usd, "@silent_s": run.longest_silence}
    meters = {name: value for name, value in told.items() if value is not None and name in judge.measures}
    if meters:
        said += judge.meters(meters, at=at)
    said += judge.end(result="finished", exit_code=0, at=at)
    return any(verdict.state in LOUD for verdict in said)


def hours_of(run: Past) -> float | None:
    """How long it took."""
    return None if run.seconds is None else run.seconds / 3600


def _count_nonfinite(run: Past, metric: str, _goal: str) -> int:
    return sum(not math.isfinite(point.value) for point in run.curves[metric])


def _finite(seen: Sequence[int], metric: str, _goal: str) -> tuple[Table, str]:
    table = {"id": f"{_bare(metric)}-finite", "role": "flag", "test": "finite", "metrics": [metric], "k": 2}
    return {**table, "on": {"tripped": ["notify", "stop"]}}, f"{sum(seen)} values were not finite"


def _spike_table(metric: str, z: float) -> Table:
    table = {"id": f"{_bare(metric)}-spike", "role": "flag", "test": "spike", "metric": metric, "z": z}
    return {**table, "rel": "25%", "for": 2, "on": {"tripped": ["flag"]}}


def _calm(run: Past, metric: str, _goal: str) -> float | None:
    """The deviations that none of its spikes reached; inf when they reached all that are tried."""
    if len(run.curves[metric]) < OFTEN:
        return None
    return next((z for z in DEVIATIONS if not fires(_spike_table(metric, z), run, metric)), math.inf)


def _spike(seen: Sequence[float], metric: str, _goal: str) -> tuple[Table, str] | None:
    z = max(seen)
    return (_spike_table(metric, z), f"none had two spikes of {z:g} MAD") if math.isfinite(z) else None


def _worst_of_three(run: Past, metric: str, goal: str) -> float | None:
    """The largest share by which three values in a row were all worse than the best before, after the first five."""
    values = _finite_values(run, metric)
    if len(values) < LEAST:
        return None
    best, worst, off = values[0], 0.0, [0.0, 0.0, 0.0]
    for place, value in enumerate(values):
        gap = (value - best) if goal == "min" else (best - value)
        off = [*off[1:], gap / abs(best) if best and gap > 0 else 0.0]
        if gap < 0:
            best = value
        if place >= 5:
            worst = max(worst, min(off))
    return worst


def _regress(seen: Sequence[float], metric: str, goal: str) -> tuple[Table, str]:
    by = _round_up(max(MARGIN * max(seen), 0.05))
    table = {
        "id": f"{_bare(metric)}-regress",
        "role": "flag",
        "test": "regress",
        "metric": metric,
        "goal": goal,
    }
    return (
        {**table, "by": f"{100 * by:g}%", "for": 3, "grace": 5, "on": {"tripped": ["notify"]}},
        f"at most {100 * max(seen):.3g} % worse than the best, three times in a row",
    )


def _longest_plateau(run: Past, metric: str, goal: str) -> tuple[float, float, str] | None:
    """How long it went, at the most, without getting 1 % better than its best; its whole length; the unit of both."""
    points = [point for point in run.curves[metric] if math.isfinite(point.value)]
    if len(points) < LEAST:
        return None
    epochs = [point.epoch for point in points if point.epoch is not None]
    places = epochs if len(epochs) == len(points) else [float(number) for number in range(len(points))]
    best, turns = points[0].value, [places[0]]
    for place, point in zip(places, points, strict=True):
        gain = (best - point.value) if goal == "min" else (point.value - best)
        if gain > 0.01 * abs(best):
            best = point.value
            turns.append(place)
    turns.append(places[-1])
    longest = max(after - before for before, after in pairwise(turns))
    return longest, places[-1] - places[0], "epochs" if places is epochs else "points"


def _stall(seen: Sequence[tuple[float, float, str]], metric: str, goal: str) -> tuple[Table, str] | None:
    units = {unit for _, _, unit in seen}
    longest = max(long for long, _, _ in seen)
    window = math.ceil(MARGIN * longest)
    if len(units) != 1 or not 0 < window < max(length for _, length, _ in seen):
        return None  # no run was ever long enough for it to fire
    unit = units.pop()
    table = {"id": f"{_bare(metric)}-stall", "role": "flag", "test": "stall", "metric": metric, "goal": goal}
    return (
        {**table, "min_delta": "1%", "window": f"{window} {unit}", "on": {"tripped": ["flag"]}},
        f"at most {longest:g} {unit} without getting 1 % better",
    )


def _at_first_epoch(run: Past, metric: str, _goal: str) -> float | None:
    """The newest value in (0, 1] epochs; None where epochs begin elsewhere or are not told."""
    inside = [
        point.value
        for point in run.curves[metric]
        if point.epoch is not None and 0 < point.epoch <= 1 and math.isfinite(point.value)
    ]
    return inside[-1] if inside else None


def _first_epoch(seen: Sequence[float], metric: str, goal: str) -> tuple[Table, str]:
    op, right = _beyond(seen, goal)
    table = {"id": f"{_bare(metric)}-epoch-1", "role": "expect", "test": "value", "op": op, "right": right}
    return (
        {**table, "left": f"at({metric}, epoch 1)", "when": "at epoch 1", "on": {"failed": ["notify"]}},
        f"{_span(seen)} after epoch 1",
    )


def _best(run: Past, metric: str, goal: str) -> float | None:
    values = _finite_values(run, metric)
    return (min(values) if goal == "min" else max(values)) if values else None


def _criterion(seen: Sequence[float], metric: str, goal: str) -> tuple[Table, str]:
    op, right = _beyond(seen, goal)
    table = {"id": f"{_bare(metric)}-best", "role": "criterion", "test": "value", "op": op, "right": right}
    return {**table, "left": f"best({metric})", "goal": goal, "when": "end"}, f"the best was {_span(seen)}"


def _most(name: str, left: str, unit: str) -> Callable[[Sequence[float], str, str], tuple[Table, str] | None]:
    """A budget that leaves room for the most that was used."""

    def gate(seen: Sequence[float], _metric: str, _goal: str) -> tuple[Table, str] | None:
        if max(seen) <= 0:
            return None
        right, warn_at = _round_up(MARGIN * max(seen)), _round_up(1.2 * max(seen))
        table: Table = {
            "id": name,
            "role": "budget",
            "test": "value",
            "left": left,
            "op": "<=",
            "right": right,
        }
        warned = {"warn_at": warn_at} if warn_at < right else {}
        return {**table, **warned, "on": {"tripped": ["notify"]}}, f"{_span(seen)} {unit}"

    return gate


def _silent(seen: Sequence[float], _metric: str, _goal: str) -> tuple[Table, str] | None:
    if max(seen) <= 0:
        return None
    minutes = max(5, math.ceil(3 * max(seen) / 60))
    table = {"id": "silent", "role": "flag", "test": "event", "silent": f"{minutes}m"}
    return {**table, "on": {"tripped": ["notify"]}}, f"silent for at most {max(seen):.0f} s"


FINITE = Habit(measure=_count_nonfinite, gate=_finite)
SPIKE = Habit(measure=_calm, gate=_spike)
FIRST_EPOCH = Habit(measure=_at_first_epoch, gate=_first_epoch)
REGRESS = Habit(measure=_worst_of_three, gate=_regress)
STALL = Habit(measure=_longest_plateau, gate=_stall)
BEST = Habit(measure=_best, gate=_criterion)
HOURS = Habit(
    measure=lambda run, _metric, _goal: hours_of(run), gate=_most("wall-hours", "max(@wall_h)", "h")
)
COST = Habit(measure=lambda run, _metric, _goal: run.usd, gate=_most("cost", "max(@cost_usd)", "$"))
SILENCE = Habit(measure=lambda run, _metric, _goal: run.longest_silence, gate=_silent)
OF_THE_RUN = (HOURS, COST, SILENCE)
"""What is measured of a run rather than by it."""


def _finite_values(run: Past, metric: str) -> list[float]:
    return [point.value for point in run.curves[metric] if math.isfinite(point.value)]


def _beyond(seen: Sequence[float], goal: str) -> tuple[str, float]:
    """A limit on the bad side of all that was seen, by half the width of it and no less than 5 %."""
    low, high = min(seen), max(seen)
    room = max((high - low) / 2, 0.05 * max(abs(low), abs(high)))
    return ("<=", _rounded(high + room)) if goal == "min" else (">=", _rounded(low - room))


def _span(seen: Sequence[float]) -> str:
    return f"{min(seen):.4g} to {max(seen):.4g}"


def _rounded(value: float) -> float:
    return float(f"{value:.3g}")


def _round_up(value: float) -> float:
    """Two significant digits, upwards."""
    if value <= 0:
        return 0.0
    unit = 10.0 ** (math.floor(math.log10(value)) - 1)
    return float(f"{math.ceil(value / unit - 1e-9) * unit:.2g}")


def _bare(metric: str) -> str:
    return "-".join(part for part in "".join(c if c.isalnum() else " " for c in metric).lower().split())
