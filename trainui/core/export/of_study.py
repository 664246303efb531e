"""A study, as every summary tells it: which run is best and by what rule, what differs, what was decided."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from trainui.core.comparing import Comparison, compare
from trainui.core.export.filling import filled_tables
from trainui.core.export.hiding import without_secrets
from trainui.core.export.model import Best, Decision, Row, RunDigest, StudyDigest
from trainui.core.export.of_run import answer_digests, gate_digest
from trainui.core.export.onward import next_steps
from trainui.core.export.parts import GateDigest
from trainui.core.export.past import Past
from trainui.core.run import Status
from trainui.core.store.outcomes import Outcomes
from trainui.core.store.subjects import subject_of
from trainui.core.store.views import GateView, RunDetail

DECIDING = ("criterion", "preflight", "ask")
"""Roles of the gates that are the boxes of a decision gate."""
TOLD = frozenset({"study", "parent", "status", "cause", "epoch", "step", "seconds", "gpu_hours", "usd"})
"""What every run tells itself."""
HOLDS = {"passed": True, "ok": None, "failed": False, "tripped": False}
WORDS = {"min": "lowest", "max": "highest"}
BAD = ("failed", "tripped")


def study_digest(past: Past, study: str, runs: Sequence[RunDigest]) -> StudyDigest:
    """What there is to tell of a study, of which `runs` are told."""
    view = past.studies.get(study)
    over = past.reader.study_gates(study)
    outcomes = past.reader.outcomes(subject_of(study))
    gates = tuple(
        _over(one.gate, one.runs, view.runs if view else {}, outcomes, one.is_replaced) for one in over
    )
    best = best_of(runs)
    everything = past.of_study(study)
    is_open = any(one.status is not Status.ENDED for one in everything)
    begun = [one.started_at for one in everything if one.started_at is not None]
    ended = [one.ended_at for one in everything if one.ended_at is not None]
    compared = _comparable(runs, best)
    comparison = _compared(past, compared)
    digest = StudyDigest(
        study=study,
        about=view.about if view else "",
        source=view.source if view else "",
        runs=tuple(one.run for one in runs),
        size=len(everything),
        aliases=dict(view.runs) if view else {},
        is_open=is_open,
        started_at=min(begun, default=None),
        ended_at=None if is_open else max(ended, default=None),
        best=best,
        compared=tuple(one.run for one in compared),
        comparison=comparison[0],
        alike=comparison[1],
        tables=filled_tables(past, study, view.runs if view else {}, over),
        hypotheses=_hypotheses(gates, runs),
        decisions=_decisions(gates, runs, best.run),
        gates=gates,
        answers=answer_digests([one.gate for one in over], outcomes),
        usd=sum(one.usd for one in everything),
        gpu_hours=sum(one.gpu_hours for one in everything),
        planned=past.plan_of("study", study).get(study, ()),
        jobs_planned=past.plan_of("job", study),
    )
    return next_steps(past, digest, runs)


def _over(
    view: GateView,
    within: Mapping[str, GateView],
    runs: Mapping[str, str],
    outcomes: Outcomes,
    is_replaced: bool,
) -> GateDigest:
    stands = {runs.get(alias, alias): gate.verdict for alias, gate in within.items()}
    return replace(gate_digest(view, outcomes), runs=stands, is_replaced=is_replaced)


def best_of(runs: Sequence[RunDigest]) -> Best:
    """The run with the best value of the metric that most of them are judged by; of equal ones the first."""
    judged = [one for one in runs if one.best is not None and math.isfinite(one.best.value)]
    if not judged:
        if any(one.primary for one in runs):
            return Best(rule="no run is best: none has written the metric it is judged by")
        return Best(
            rule="no run is best: their specs name no metric to judge them by, as [metrics] primary does"
        )
    counts: dict[tuple[str, str], list[RunDigest]] = {}
    for one in judged:
        counts.setdefault((one.primary, one.goal), []).append(one)
    (metric, goal), alike = max(counts.items(), key=lambda item: len(item[1]))
    if len(counts) > 1 and sum(len(found) == len(alike) for found in counts.values()) > 1:
        names = ", ".join(sorted({f"{name} ({way})" for name, way in counts}))
        return Best(rule=f"no run is best: they are judged by different metrics, {names}")
    sign = 1 if goal == "min" else -1
    ranked = sorted(alike, key=lambda one: sign * (one.best.value if one.best else 0.0))
    first, others = ranked[0], len(runs) - len(alike)
    of = f"of the {len(alike)} runs that wrote it" if len(alike) > 1 else "the only run that wrote it"
    rule = f"the {WORDS.get(goal, 'best')} {metric} at any moment of a run, {of}"
    if others:
        rule += f"; {others} {'wrote' if others > 1 else 'run wrote'} none of it or {'are' if others > 1 else 'is'}"
        rule += " judged by another"
    return Best(
        rule=rule, run=first.run, metric=metric, goal=goal, best=first.best,
        ranking=tuple((one.run, one.best.value) for one in ranked if one.best is not None), doubts=_doubts(first),
    )  # fmt: skip


def _doubts(run: RunDigest) -> tuple[str, ...]:
    """What speaks against a run that has the best value."""
    found = []
    bad = [
        one for one in run.gates if one.verdict in BAD and one.role != "hypothesis" and one.severity != "info"
    ]
    if bad:
        names = ", ".join(f"{one.gate} ({one.verdict})" for one in bad)
        found.append(f"gates do not hold: {names}")
    if run.is_live:
        found.append("it is still running")
    elif run.result and run.result != "finished":
        found.append(f"it {'was ' if run.result in ('stopped', 'lost') else ''}{run.ended}")
    metric = run.metric
    if metric is not None and metric.nonfinite:
        verb = "is" if metric.nonfinite == 1 else "are"
        found.append(f"{metric.nonfinite} of its {metric.points} values of {metric.name} {verb} not finite")
    kept = [one for one in run.checkpoints if one.is_best]
    if run.best is not None and not any(one.is_there for one in run.checkpoints):
        found.append("no checkpoint of it is on the disk")
    elif kept and run.best is not None and kept[0].value != run.best.value:
        found.append(f"its best checkpoint is {kept[0].path} at {kept[0].value:.4g}, not its best value")
    return tuple(found)


def _comparable(runs: Sequence[RunDigest], best: Best) -> Sequence[RunDigest]:
    judged = {one for one, _ in best.ranking}
    if len(judged) > 1:
        return [one for one in runs if one.run in judged]
    begun = [one for one in runs if one.started_at is not None or one.imported_from]
    return begun if len(begun) > 1 else runs


def _compared(past: Past, runs: Sequence[RunDigest]) -> tuple[tuple[Row, ...], int]:
    """(what differs between the runs, how many params are alike)."""
    if len(runs) < 2:
        return (), 0
    details = []
    for one in runs:
        view, spec = past.view(one.run), past.spec(one.run)
        if view is not None:
            details.append(RunDetail(
                view=view, command=tuple(spec.job.command), params=without_secrets(spec.params), about="",
                metrics=tuple(past.reader.metrics(one.run)), gates=tuple(past.reader.gates(one.run)), checkpoints=(),
                events=(),
            ))  # fmt: skip
    found = compare(details, {one.run: past.origin(one.run) for one in runs})
    return (*_facts(found), *_metrics(found), *_gates(found)), len(found.alike)


def _facts(found: Comparison) -> list[Row]:
    facts = [row for row in found.facts if row.name not in TOLD]
    kinds = (("fact", facts), ("param", found.params), ("package", found.packages))
    return [
        Row(kind=kind, name=row.name, values=tuple(map(_plain, row.values)))
        for kind, rows in kinds
        for row in rows
    ]


def _plain(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else value


def _metrics(found: Comparison) -> list[Row]:
    """The best of a metric that has a goal, the last of every other."""
    rows = []
    for one in found.metrics:
        values = {"min": one.min, "max": one.max}.get(one.goal, one.last)
        name = f"{'best' if one.goal else 'last'} {one.metric}"
        if any(value is not None for value in values):
            rows.append(Row(kind="metric", name=name, values=values))
    return rows


def _gates(found: Comparison) -> list[Row]:
    return [Row(kind="gate", name=row.name, values=row.values) for row in found.gates if not row.is_alike]


def _hypotheses(gates: Sequence[GateDigest], runs: Sequence[RunDigest]) -> tuple[GateDigest, ...]:
    """Those over the study, then those that only runs carry, each once with where it stands in every run."""
    over = [one for one in gates if one.role == "hypothesis" and not one.is_replaced]
    known = {one.gate for one in gates}
    return (*over, *(_joined(found) for found in _carried(runs, ("hypothesis",), known).values()))


def _carried(
    runs: Sequence[RunDigest], roles: Sequence[str], known: set[str]
) -> dict[str, list[tuple[str, GateDigest]]]:
    """Gate → (run, where it stands there), of gates that no study has."""
    found: dict[str, list[tuple[str, GateDigest]]] = {}
    for run in runs:
        for gate in run.gates:
            if gate.role in roles and gate.gate not in known:
                found.setdefault(gate.gate, []).append((run.run, gate))
    return found


def _joined(found: Sequence[tuple[str, GateDigest]]) -> GateDigest:
    """A gate that several runs carry, as one: the newest run that has decided it speaks for all."""
    decided = [gate for _, gate in found if gate.verdict not in ("pending", "unknown")] or [found[-1][1]]
    return replace(decided[-1], runs={run: gate.verdict for run, gate in found})


def _decisions(gates: Sequence[GateDigest], runs: Sequence[RunDigest], best: str) -> tuple[Decision, ...]:
    """The boxes: gates of the study first, then what its runs were to reach."""
    over = [one for one in gates if one.role in DECIDING and not one.is_replaced and one.severity != "info"]
    known = {one.gate for one in gates}
    boxes = [_box(one) for one in over]
    for found in _carried(runs, DECIDING, known).values():
        boxes.append(_box_of(found, best))
    return tuple(boxes)


def _text(gate: GateDigest) -> str:
    return gate.quote or gate.rule.removeprefix("asks: ") or gate.gate


def _rule(gate: GateDigest) -> str:
    return gate.rule if gate.quote and not gate.rule.startswith("asks: ") else ""


def _box(gate: GateDigest) -> Decision:
    parts = [gate.reason] if gate.reason else []
    if gate.runs and not gate.reason:
        parts.append(", ".join(f"{verdict} in {run}" for run, verdict in gate.runs.items()))
    return Decision(
        gate=gate.gate, text=_text(gate), verdict=gate.verdict, holds=HOLDS.get(gate.verdict),
        told="; ".join(parts), rule=_rule(gate),
    )  # fmt: skip


def _box_of(found: Sequence[tuple[str, GateDigest]], best: str) -> Decision:
    """A gate that several runs carry and no study: the best of them decides, else the newest that has."""
    decided = [one for one in found if one[1].verdict not in ("pending", "unknown")] or found
    run, gate = next((one for one in decided if one[0] == best), decided[-1])
    if len(found) == 1:
        told = f"{gate.reason}{_when(gate)}" if gate.reason else ""
    else:
        parts = [_stands(run, gate) + (", the best run" if run == best else "")]
        parts += [_stands(name, one) for name, one in found if name != run]
        told = "; ".join(parts)
    return Decision(
        gate=gate.gate, text=_text(gate), verdict=gate.verdict,
        holds=HOLDS.get(gate.verdict), told=told, rule=_rule(gate),
    )  # fmt: skip


def _stands(run: str, gate: GateDigest) -> str:
    return f"{gate.verdict} in {run}" + (
        f" ({gate.value:.4g}{_when(gate)})" if gate.value is not None else ""
    )


def _when(gate: GateDigest) -> str:
    """What was decided early tells when: the run may have gone on to a better number."""
    decided = gate.verdict in ("passed", "failed") and gate.place.epoch is not None
    return f" at epoch {gate.place.epoch:g}" if decided else ""
