"""What to do next: from questions nobody answered, the remedies that are offered, the criteria that are not met."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from trainui.core.export.model import NextStep, RunDigest, StudyDigest
from trainui.core.export.past import Past
from trainui.core.store.subjects import subject_of

RETRIED = ("failed", "lost")
"""Results after which a run that nobody went on from may be tried again."""


def next_steps(past: Past, study: StudyDigest, runs: Sequence[RunDigest]) -> StudyDigest:
    """The study with what is to be done next, the most urgent first."""
    steps = [
        *_asked(past, study, runs),
        *_held(past, runs),
        *_remedies(runs),
        *_retries(runs),
        *_missing(study),
        *_unmet(study, runs),
        *_waiting(runs),
    ]
    return replace(study, next_steps=tuple(steps))


def _asked(past: Past, study: StudyDigest, runs: Sequence[RunDigest]) -> Iterator[NextStep]:
    subjects = [(one.run, one.run) for one in runs] + [(subject_of(study.study), "")]
    for subject, run in subjects:
        for one in past.reader.questions(subject):
            command = f"trainui answer {shlex.quote(subject)} {shlex.quote(one.gate)} yes|no"
            yield NextStep(
                kind="answer", run=run, gate=one.gate, text=f"answer: {one.question}", command=command
            )


def _held(past: Past, runs: Sequence[RunDigest]) -> Iterator[NextStep]:
    names = {one.run for one in runs} | {subject_of(one.study) for one in runs}
    for block in past.reader.blocks():
        if block.subject in names:
            what = "the queue" if block.job == "*" else f"the job {block.job}"
            yield NextStep(
                kind="release", gate=block.gate, text=f"{what} is held by gate {block.gate}: {block.reason}"
            )


def _remedies(runs: Sequence[RunDigest]) -> Iterator[NextStep]:
    for run in runs:
        for one in run.remedies:
            if one.state == "offered":
                changes = ", ".join(f"{key}={value}" for key, value in one.sets.items())
                text = f"try remedy {one.remedy} after {run.run} ({run.ended}): {one.quote or changes}"
                command = f"trainui retry {shlex.quote(run.run)} --remedy {shlex.quote(one.remedy)}"
                yield NextStep(kind="remedy", run=run.run, text=text, command=command)
            elif one.state == "advice" and not run.children:
                yield NextStep(kind="advice", run=run.run, text=f"after {run.run} ({run.ended}): {one.text}")


def _retries(runs: Sequence[RunDigest]) -> Iterator[NextStep]:
    for run in runs:
        is_offered = any(one.state == "offered" for one in run.remedies)
        newest = max((one.attempt for one in runs if one.job == run.job), default=run.attempt)
        if run.result in RETRIED and not run.children and not is_offered and run.attempt == newest:
            kept = [one for one in run.checkpoints if one.is_there]
            start = f" from {kept[-1].path}" if kept else ""
            ended = f"{'was ' if run.result == 'lost' else ''}{run.result} ({run.cause})"
            text = f"{run.run} {ended}, and nothing went on from it: try it again{start}"
            yield NextStep(
                kind="retry", run=run.run, text=text, command=f"trainui retry {shlex.quote(run.run)}"
            )


def _missing(study: StudyDigest) -> Iterator[NextStep]:
    """Gates over the study that nothing can be said of: a run is missing, or came to nothing."""
    for gate in study.gates:
        if gate.verdict == "unknown" and not gate.is_replaced:
            text = f"cannot be told yet: {gate.quote or gate.rule} ({gate.reason})"
            yield NextStep(kind="start", gate=gate.gate, text=text)


def _unmet(study: StudyDigest, runs: Sequence[RunDigest]) -> Iterator[NextStep]:
    live = [one.run for one in runs if one.is_live]
    for box in study.decisions:
        if box.holds is False:
            text = f"not met: {box.text}" + (f" ({box.told})" if box.told else "")
            if live:
                text += (
                    f"; {', '.join(live)} may still meet it"
                    if len(live) < 4
                    else "; live runs may still meet it"
                )
            yield NextStep(kind="criterion", gate=box.gate, text=text)


def _waiting(runs: Sequence[RunDigest]) -> Iterator[NextStep]:
    for run in runs:
        if run.is_live:
            end = ""
            if run.eta_seconds is not None:
                end = (
                    f", about {run.eta_seconds / 3600:.1f} h more"
                    if run.eta_seconds >= 3600
                    else (f", about {run.eta_seconds / 60:.0f} min more")
                )
            yield NextStep(kind="wait", run=run.run, text=f"{run.run} is {run.status}{end}")
        elif run.status == "queued":
            yield NextStep(
                kind="wait",
                run=run.run,
                text=f"{run.run} waits"
                + (f" for {run.waits_for.removeprefix('waits for ')}" if run.waits_for else ""),
            )
