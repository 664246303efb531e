"""What a study puts into the spec of each of its runs: the gates that run is judged by, their words and remedies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from trainui.core.errors import SpecError
from trainui.core.gates.plan import ONCE, is_of_one_run, members_of
from trainui.core.spec.model import MetricWords, Remedy, Spec
from trainui.core.spec.study import Study, study_with

OF_STUDY = ("run", "across")
"""Keys that say something only in a study."""


def with_study(spec: Spec, study: Study) -> Spec:
    """The spec of a run of `study`, which carries the gates it is judged by; the spec itself when it is none of it.

    A gate, a metric or a remedy that both say must say the same. Raises SpecError, beginning `file:line` of the study.
    """
    names = study.plan.aliases_of(spec.job.name)
    if not names:
        return spec
    own = {str(table.get("id")): table for table in spec.gate}
    gates = list(spec.gate)
    carried = study.plan.within(spec.job.name)
    for gate in carried:
        table = _within(study, gate.id)
        if gate.id not in own:
            gates.append(table)
        elif _bare(own[gate.id]) not in (_bare(table), _bare(_written(study, gate.id))):
            raise _differs(study, "gate", gate.id, spec)
    words = {metric for gate in carried for metric in gate.words}
    metric = dict(spec.metric)
    for name, said in study.metric.items():
        if name in words and metric.setdefault(name, said) != said:
            raise _differs(study, "metric", name, spec)
    remedy = _remedies(
        spec, study, {gate.id for gate in carried}, [one for gate in carried for one in gate.remedy]
    )
    job = spec.job if spec.job.study else msgspec.structs.replace(spec.job, study=study.name)
    estimates = study.estimate.runs if study.estimate is not None else {}
    estimate = spec.estimate or next((estimates[name] for name in names if name in estimates), None)
    joined = msgspec.structs.replace(
        spec, job=job, gate=gates, metric=metric, remedy=remedy, estimate=estimate
    )
    try:
        joined.gates()
    except SpecError as error:
        raise SpecError(
            f"{study.path}:1: {error.message}, in job {spec.job.name!r}", hint=error.hint
        ) from error
    return joined


def with_studies(spec: Spec, studies: Sequence[Study]) -> Spec:
    """The spec with what each of the studies puts into it."""
    for study in studies:
        spec = with_study(spec, study)
    return spec


def carried(spec: Spec, study: Study) -> frozenset[str]:
    """The gates of the study that a run with this spec carries, word for word: what it was started with holds."""
    own = {str(table.get("id")): _bare(table) for table in spec.gate}
    return frozenset(
        gate.id
        for gate in study.plan.within(spec.job.name)
        if own.get(gate.id) in (_bare(_within(study, gate.id)), _bare(_written(study, gate.id)))
    )


def own_study(spec: Spec, path: Path) -> Study | None:
    """The gates of a job that rest on other runs too, as a study that is called like the job; None without one.

    What they do not say of which run it is, is of the job. Raises SpecError.
    """
    across = _across(spec)
    if not across:
        return None
    tables = [{"run": spec.job.name, **table} for table in spec.gate if table["id"] in across]
    goals = {spec.metrics.primary: MetricWords(goal=spec.metrics.goal)} if spec.metrics.primary else {}
    try:
        return study_with(spec.job.name, tables, {**goals, **spec.metric}, spec.remedy, path=path)
    except SpecError as error:
        raise SpecError(f"{path}:1: {error.message}", hint=error.hint) from error


def without_across(spec: Spec) -> Spec:
    """The spec less the gates that no single run can be judged by."""
    own = own_study(spec, Path())
    if own is None:
        return spec
    across = {gate.id for gate in own.plan.across}
    gates = [table for table in spec.gate if table["id"] not in across]
    return msgspec.structs.replace(spec, gate=gates)


def _across(spec: Spec) -> set[str]:
    """The gates that rest on other runs, and all that these are made of."""
    gates = {gate.id: gate for gate in spec.gates()}
    found = {name for name, gate in gates.items() if not is_of_one_run(gate)}
    more = found
    while more:
        made_of = {name for name, gate in gates.items() if set(members_of(gate)) & found}
        members = {name for gate in made_of for name in members_of(gates[gate])}
        more = (made_of | members) - found
        found |= more
    return found


def _within(study: Study, gate: str) -> dict[str, Any]:
    """A gate as a single run carries it: what is done once for several runs is done by the study, and where one of
    them is enough a run that fails it has not failed: there it is a hypothesis."""
    table = dict(_written(study, gate))
    several = len(study.plan.homes[gate]) > 1
    if several and table.get("across") == "any" and table.get("role") == "criterion":
        table["role"] = "hypothesis"
    if "on" in table:
        table["on"] = {
            state: [study.plan.of_jobs(one) for one in actions if not (several and one.startswith(ONCE))]
            for state, actions in table["on"].items()
        }
    return {key: value for key, value in table.items() if key not in OF_STUDY}


def _written(study: Study, gate: str) -> Mapping[str, Any]:
    return next(one for one in study.tables if one["id"] == gate)


def _bare(table: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in table.items() if key not in OF_STUDY and not key.startswith("~")}


def _remedies(spec: Spec, study: Study, gates: set[str], named: Sequence[str]) -> list[Remedy]:
    known = {one.id: one for one in spec.remedy}
    found = list(spec.remedy)
    for one in study.remedy:
        if one.id not in named and one.on not in gates:
            continue
        if known.setdefault(one.id, one) != one:
            raise _differs(study, "remedy", one.id, spec)
        if one not in found:
            found.append(one)
    return found


def _differs(study: Study, kind: str, name: str, spec: Spec) -> SpecError:
    line = study.line_of(name)
    return SpecError(
        f"{study.path}:{line}: {kind} {name!r} is also in job {spec.job.name!r}, and says something else there",
        hint="keep one of the two, or give one another name",
    )
