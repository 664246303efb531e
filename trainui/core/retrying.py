"""What may be chosen when a run is tried again: its params, a remedy of its spec, and where the new run begins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from trainui.core.errors import UserError
from trainui.core.gates.terms import terms_of
from trainui.core.judging.near import RemedyView, remedy_views
from trainui.core.spec import Remedy, Spec
from trainui.core.spec.remedies import answers_to
from trainui.core.store.read import Reader

SCRATCH = ""
"""Begins from no checkpoint."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Beginning:
    """Where the next try may begin."""

    begins: str | None
    """An absolute path, '' for the beginning; None: the newest checkpoint there is when it starts."""
    label: str


@dataclass(frozen=True, kw_only=True, slots=True)
class RetryChoices:
    """What there is to choose from; the first of each is what happens when nothing is chosen."""

    run: str
    job: str
    params: Mapping[str, object] = field(default_factory=dict)
    remedies: tuple[RemedyView, ...] = ()
    called_for: frozenset[str] = frozenset()
    """The remedies that gates which stand at tripped or failed call for, also while the run lives."""
    beginnings: tuple[Beginning, ...] = ()


def retry_choices(reader: Reader, run: str) -> RetryChoices:
    """What may be chosen for the next try of `run`. Raises NotFoundError."""
    spec = reader.spec(run)
    return RetryChoices(
        run=run,
        job=spec.job.name,
        params=dict(spec.params),
        remedies=remedy_views(reader, run, spec.remedy),
        called_for=_called_for(reader, run, spec),
        beginnings=_beginnings(reader, run, spec),
    )


def _called_for(reader: Reader, run: str, spec: Spec) -> frozenset[str]:
    bad = [gate.gate for gate in reader.gates(run) if gate.verdict in ("tripped", "failed")]
    named = {gate: terms_of(reader.gate_text(run, gate)).remedies for gate in bad}
    return frozenset(one.id for gate in bad for one in answers_to(spec, gate, named[gate]))


def _beginnings(reader: Reader, run: str, spec: Spec) -> tuple[Beginning, ...]:
    if not spec.job.resume:
        return (Beginning(begins=SCRATCH, label="the beginning: the spec has no resume = [...]"),)
    saved = reader.newest_checkpoint(run)
    scratch = Beginning(begins=SCRATCH, label="the beginning")
    if saved is None:
        return (Beginning(begins=None, label="the beginning: no checkpoint is on the disk yet"), scratch)
    path, whose = saved
    of = "" if whose == run else f" of {whose}"
    found = [Beginning(begins=None, label=f"the newest checkpoint: {Path(path).name}{of}")]
    best = reader.beginning(run, "best", spec)
    if best and best != path:
        found.append(Beginning(begins=best, label=f"the best one: {Path(best).name}"))
    folder = Path(reader.run(run).directory)
    for one in reversed(reader.checkpoints(run)):
        there = str(folder / one.path)
        if there not in (path, best, *(each.begins for each in found)) and Path(there).exists():
            where = f"epoch {one.epoch:g}" if one.epoch is not None else f"step {one.step or 0:g}"
            found.append(Beginning(begins=there, label=f"{Path(there).name}, {where}"))
    return (*found, scratch)


def beginning_for(
    reader: Reader, run: str, spec: Spec, remedy: Remedy | None, begins: str | None
) -> tuple[str, str]:
    """(the checkpoint that the next try of a run begins from, or '', and how that is told).

    `begins`: what was asked for; None: as the remedy says, else the newest. Raises UserError for a file that is not
    there.
    """
    if begins == SCRATCH:
        return "", "from the beginning: that was asked for"
    if not spec.job.resume:
        if begins is not None:
            hint = "resume = [...] in its [job] says how it is told of a checkpoint"
            raise UserError(f"job {spec.job.name!r} does not say how it resumes", hint=hint)
        return "", "from the beginning: the spec has no resume = [...]"
    if begins is not None:
        if not Path(begins).exists():
            raise UserError(f"there is no checkpoint {begins}")
        return begins, f"from {begins}"
    if remedy is not None and remedy.from_ == "scratch":
        return "", f"from the beginning: remedy {remedy.id} says so"
    if remedy is not None and (path := reader.beginning(run, remedy.from_, spec)):
        return path, f"from {path}"
    saved = reader.newest_checkpoint(run)
    if saved is None:
        return "", f"from the beginning: {run} told of no checkpoint that is still there"
    return saved[0], f"from {saved[0]} of {saved[1]}"
