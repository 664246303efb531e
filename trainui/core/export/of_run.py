"""One run, as every summary tells it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from trainui.core.comparing import changed_files, git_of
from trainui.core.export.differing import difference
from trainui.core.export.hiding import command_without_secrets, without_secrets
from trainui.core.export.model import RunDigest
from trainui.core.export.of_curves import epoch_table, metric_digests
from trainui.core.export.parts import (
    ActionDigest,
    Alarm,
    AnswerDigest,
    CheckpointDigest,
    Extreme,
    GateDigest,
    Note,
    OriginDigest,
    Place,
    RemedyDigest,
    UsageDigest,
)
from trainui.core.export.past import Past
from trainui.core.process.files import read_json
from trainui.core.spec import Spec
from trainui.core.spec.remedies import MARK, is_literal
from trainui.core.store.imports import BROUGHT_IN
from trainui.core.store.outcomes import Outcomes
from trainui.core.store.packing import MARK as ZIP
from trainui.core.store.placing import Birth
from trainui.core.store.views import EventView, GateView, RunView

LAST_LINES = 20
MOST_RESULTS = 1 << 20
"""Bytes of a results.json that are read."""
_OWN = ("job", "params", "gate", "remedy", "presets", "estimate")
"""Tables of a spec that are told elsewhere, or not of this run."""


def run_digest(past: Past, view: RunView) -> RunDigest:
    """What there is to tell of a run; of one that has nothing in it, what it is called."""
    reader, run, spec = past.reader, view.run, past.spec(view.run)
    birth, origin = past.births.get(run), past.origin(run)
    metrics = metric_digests(reader, view, spec)
    primary = view.metric.name if view.metric else ""
    best = next((one.best for one in metrics if one.name == primary), None)
    gates, outcomes = reader.gates(run), reader.outcomes(run)
    lines, line = reader.lines_of(run), past.line(run)
    events = reader.events(run=run)
    log = _log_of(birth, events)
    return RunDigest(
        run=run, job=view.job, study=view.study, alias=past.alias(view), about=spec.job.about,
        status=str(view.status), result=str(view.result or ""), cause=view.cause, evidence=view.evidence,
        exit_code=birth.exit_code if birth else None, is_live=view.is_live, waits_for=view.waits_for,
        armed=view.armed, attempt=past.attempt(view), parent=view.parent or "",
        children=tuple(past.children(run)), lineage=tuple(line),
        remedy_tried=birth.retried_for.removeprefix(MARK) if birth and birth.retried_for.startswith(MARK) else "",
        directory=view.directory, imported_from=log, command=() if log else _command(spec, origin),
        params=without_secrets(spec.params),
        config=_config(spec), difference=None if log else difference(past, view), queued_at=view.queued_at,
        started_at=view.started_at if view.seconds or not log else None, ended_at=view.ended_at,
        seconds=view.seconds, step=view.step, epoch=view.epoch, total_steps=view.total_steps,
        total_epochs=view.total_epochs,
        progress=view.progress, eta_seconds=view.eta_seconds, primary=primary,
        goal=view.metric.goal if view.metric else "min", best=best, metrics=metrics,
        epochs=epoch_table(reader, run, metrics, primary),
        gates=tuple(gate_digest(one, outcomes) for one in gates if not one.is_default),
        watched=tuple(gate_digest(one, outcomes) for one in gates if one.is_default and one.verdict != "ok"),
        alarms=_alarms(outcomes), answers=answer_digests(gates, outcomes),
        questions=tuple(one.gate for one in reader.questions(run)),
        remedies=_remedies(past, view, spec, best), checkpoints=_checkpoints(past, view), usage=_usage(past, view),
        origin=_origin(origin, view), usd=view.usd, gpu_hours=view.gpu_hours,
        line_usd=past.total(line, "usd"), line_gpu_hours=past.total(line, "gpu_hours"),
        planned=past.planned_of(view, spec), notes=tuple(Note(at=at, text=text) for at, text in reader.notes(run)),
        tags=view.tags,
        events=tuple(Note(at=one.at, text=one.text, kind=one.kind) for one in events),
        log=tuple(reader.log_tail(run, LAST_LINES)), lines_read=lines[0], lines_understood=lines[1],
        reported=_reported(Path(view.directory)),
    )  # fmt: skip


def _log_of(birth: Birth | None, events: Sequence[EventView]) -> str:
    """The finished log that a run was read from, here or where it was packed; '' for one that was run."""
    if birth is None or not birth.imported.startswith(ZIP):
        return birth.imported if birth else ""
    told = (one.text for one in events if one.kind == "status" and one.text.startswith(BROUGHT_IN))
    return next(told, "").removeprefix(BROUGHT_IN)


def _command(spec: Spec, origin: Mapping[str, Any]) -> tuple[str, ...]:
    """What was launched, or as the spec has it."""
    launched = origin.get("command")
    words = [str(one) for one in launched] if isinstance(launched, list) and launched else spec.job.command
    return command_without_secrets(words)


def _config(spec: Spec) -> dict[str, Any]:
    """The tables of a spec as in a file: without what says nothing."""
    tables = {key: value for key, value in msgspec.to_builtins(spec).items() if key not in _OWN}
    tables["env"] = without_secrets(spec.env)
    tables["job"] = {
        key: value
        for key, value in msgspec.to_builtins(spec.job).items()
        if key not in ("name", "command", "about")
    }
    said = {name: {k: v for k, v in table.items() if v not in (None, "", [], {})} if isinstance(table, dict) else table
            for name, table in tables.items()}  # fmt: skip
    return {name: table for name, table in said.items() if table}


def gate_digest(view: GateView, outcomes: Outcomes) -> GateDigest:
    """Where a gate stands, with what its verdicts brought: the newest of each kind of action."""
    done = {one.action: one for one in outcomes.actions if one.gate == view.gate and one.action != "flag"}
    return GateDigest(
        gate=view.gate,
        role=view.role,
        verdict=view.verdict,
        rule=view.rule,
        quote=view.quote,
        source=view.source,
        value=view.value,
        threshold=view.threshold,
        interval=view.interval,
        label=view.label,
        reason=view.reason,
        severity=view.severity,
        metric=view.metric,
        place=Place(step=view.at_step, epoch=view.at_epoch, at=view.at),
        digest=view.digest,
        actions=tuple(
            ActionDigest(
                action=one.action, outcome=one.outcome, is_done=one.is_done, at=one.at,
                would_save_seconds=one.would_save_seconds, would_save_usd=one.would_save_usd,
            )
            for one in done.values()
        ),
    )  # fmt: skip


def _alarms(outcomes: Outcomes) -> tuple[Alarm, ...]:
    return tuple(
        Alarm(gate=one.gate, verdict=one.verdict, place=Place(step=one.step, epoch=one.epoch, at=one.at))
        for one in outcomes.alarms
    )


def answer_digests(gates: Sequence[GateView], outcomes: Outcomes) -> tuple[AnswerDigest, ...]:
    """What people said to the gates that ask."""
    asked = {gate.gate: gate.rule.removeprefix("asks: ") for gate in gates}
    return tuple(
        AnswerDigest(
            gate=one.gate, question=asked.get(one.gate, one.gate), is_yes=one.is_yes, who=one.who, note=one.note,
            at=one.at,
        )
        for one in outcomes.answers
    )  # fmt: skip


def _remedies(past: Past, view: RunView, spec: Spec, best: Extreme | None) -> tuple[RemedyDigest, ...]:
    """Each documented remedy: tried by which child and with what result, offered, or not called for."""
    offered = {text.partition(":")[0].removeprefix("remedy "): text for text in past.reader.offers(view.run)}
    told = [one.text for one in past.reader.events(run=view.run) if one.kind == "remedy"]
    found = []
    for one in spec.remedy:
        child = past.child_for(view.run, MARK + one.id)
        state, text = "not needed", one.text
        if child is not None:
            state = "tried"
        elif one.id in offered:
            state, text = "offered", offered[one.id].partition(": ")[2]
        elif not is_literal(one) and any(line.startswith(f"advice {one.id}:") for line in told):
            state, text = "advice", one.text or one.quote
        found.append(
            RemedyDigest(
                remedy=one.id, on=one.on, state=state, sets=without_secrets(one.set), quote=one.quote,
                source=one.source, text=text,
                child=child.run if child else "", child_ended=_stands(child) if child else "",
                child_best=child.metric.best if child and child.metric else None,
                was_better=_is_better(child, view, best) if child else None,
            )
        )  # fmt: skip
    return tuple(found)


def _stands(view: RunView) -> str:
    state = str(view.result or view.status)
    return f"{state}: {view.cause}" if view.cause else state


def _is_better(child: RunView, view: RunView, best: Extreme | None) -> bool | None:
    theirs, mine = child.metric, view.metric
    if theirs is None or mine is None or best is None or theirs.best is None or theirs.name != mine.name:
        return None
    return theirs.best < best.value if mine.goal == "min" else theirs.best > best.value


def _checkpoints(past: Past, view: RunView) -> tuple[CheckpointDigest, ...]:
    saved = past.reader.checkpoints(view.run)
    name, goal = (view.metric.name, view.metric.goal) if view.metric else ("", "min")
    measured = [
        (one.value, place)
        for place, one in enumerate(saved)
        if one.value is not None and math.isfinite(one.value) and one.metric == name
    ]
    best = None
    if measured:
        best = (min(measured) if goal == "min" else max(measured, key=lambda one: (one[0], -one[1])))[1]
    folder = Path(view.directory)
    return tuple(
        CheckpointDigest(
            path=one.path, place=Place(step=one.step, epoch=one.epoch, at=one.at), metric=one.metric, value=one.value,
            is_best=place == best, is_there=past.exists(folder / one.path),
        )
        for place, one in enumerate(saved)
    )  # fmt: skip


def _usage(past: Past, view: RunView) -> UsageDigest:
    sums = past.reader.usage_sums(view.run)
    return UsageDigest(
        samples=sums.samples, cpu_mean=sums.cpu_mean, cpu_max=sums.cpu_max, gpu_mean=sums.gpu_mean,
        gpu_max=sums.gpu_max, peak_memory=view.peak_memory, peak_gpu_memory=view.peak_gpu_memory,
        why_no_gpu=sums.why_no_gpu if sums.gpu_mean is None else "",
    )  # fmt: skip


def _origin(origin: Mapping[str, Any], view: RunView) -> OriginDigest:
    git, packages = git_of(origin), origin.get("packages")
    return OriginDigest(
        host=str(origin.get("host") or ""),
        system=str(origin.get("system") or ""),
        python=str(origin.get("python") or ""),
        gpus=view.gpus,
        commit=str(git.get("commit") or ""),
        is_dirty=bool(git.get("diff")),
        changed_files=changed_files(git),
        packages=len(packages) if isinstance(packages, list) else 0,
    )


def _reported(folder: Path) -> dict[str, Any]:
    path = folder / "results.json"
    try:
        if not path.is_file() or path.stat().st_size > MOST_RESULTS:
            return {}
        return dict(read_json(path) or {})
    except (OSError, ValueError, RecursionError):
        return {}
