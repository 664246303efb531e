"""Judges what was told: the story of one gate of a run, or of one gate of a study."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from seed_drive import Moment, Told, moments, study_file, tables, told

from trainui.core.gates import Gate, Judge, Notice, Point, Verdict, parse_gates
from trainui.core.gates.study import StudyJudge
from trainui.core.spec import MetricWords
from trainui.core.spec.study import load_studies


def words(study: dict[str, Any]) -> dict[str, MetricWords]:
    """[metric.NAME] of a study file."""
    return msgspec.convert(study.get("metric", {}), dict[str, MetricWords])


def gates(seed: str) -> tuple[Gate, ...]:
    """The gates of a seed's study file."""
    study = tables(seed)
    return parse_gates(study["gate"], words=words(study))


def gate_of(name: str) -> Gate:
    """One of them."""
    return next(gate for gate in gates(name[:3]) if gate.id == name)


def logged(said: dict[str, MetricWords], metric: str) -> str:
    """A name under which scripts write the metric, other than the gates' own."""
    return said[metric].from_[-1] if metric in said else metric


def family(study: dict[str, Any], gate: str) -> list[dict[str, Any]]:
    """The tables of a gate and of those it rests on."""
    by_id = {table["id"]: table for table in study["gate"]}
    wanted, found = [gate], []
    while wanted:
        table = by_id[wanted.pop()]
        if table not in found:
            found.append(table)
            wanted += [name.lstrip("!") for name in (*table.get("of", ()), *table.get("needs", ()))]
    return found


def story(gate: str, run: Told) -> str:
    """Every state a gate of one run came to, and in which epoch: "ok@1 tripped@5", at last "failed@end"."""
    study = tables(gate[:3])
    said = words(study)
    judge = Judge(parse_gates(family(study, gate), words=said))
    found = []
    if run.is_heard:
        found += _shown(gate, judge.notice(Notice(kind="output", at=0)), "0")
    for moment in moments(run):
        verdicts = list(_hear(judge, gate, moment, logged(said, moment.name)))
        found += _shown(gate, verdicts, f"{moment.epoch:g}")
    if run.result:
        found += _shown(gate, judge.end(result=run.result, exit_code=run.exit_code, at=1e6), "end")
    if 0 in run.answers:
        found += _shown(gate, judge.answer(gate, run.answers[0], who="ada", note="", at=2e6), "end")
    return " ".join(found)


def _shown(gate: str, verdicts: Sequence[Verdict], where: str) -> list[str]:
    return [
        f"{verdict.state}@{where}" + (f" {verdict.label}" if verdict.label and where == "end" else "")
        for verdict in verdicts
        if verdict.gate == gate
    ]


def _hear(judge: Judge, gate: str, moment: Moment, name: str) -> Iterator[Verdict]:
    step, epoch, at = moment.epoch * 10, moment.epoch, moment.at
    match moment.kind:
        case "point":
            yield from judge.feed(Point(metric=name, step=step, value=moment.value, epoch=epoch, at=at))
        case "meter":
            yield from judge.meters({moment.name: moment.value}, at=at, epoch=epoch)
        case "files":
            (glob,) = judge.globs
            count, written = moment.value
            text = repr(written / epoch * at) if epoch else ""
            yield from judge.notice(
                Notice(kind="files", name=glob, value=count, text=text, epoch=epoch, at=at)
            )
        case "answer":
            yield from judge.answer(gate, moment.value, who="ada", note="", at=at)
        case kind:
            yield from judge.notice(Notice(kind=kind, text=moment.value or "ada", epoch=epoch, at=at))


def over_the_study(gate: str, runs: dict[str, Told]) -> str:
    """The states a gate came to over its study, in their order: "ok warn tripped". `runs` are by alias."""
    (study,) = load_studies(study_file(gate[:3]))
    judge = StudyJudge(study.plan, judges_runs=True)
    answers = runs.get("", told()).answers
    verdicts: list[Verdict] = []
    aliases = [alias for alias in runs if alias]
    heard = [(moment.at, alias, moment) for alias in aliases for moment in moments(runs[alias])]
    for alias in aliases:
        verdicts += judge.begin(alias, f"{alias}-1", at=0)
    for at, alias, moment in sorted(heard, key=lambda one: one[0]):
        name, run, epoch = logged(dict(study.metric), moment.name), f"{alias}-1", moment.epoch
        if moment.kind == "meter":
            verdicts += judge.meters(alias, run, {name: moment.value}, at=at, epoch=epoch)
        else:
            point = Point(metric=name, step=epoch * 10, value=moment.value, epoch=epoch, at=at)
            verdicts += judge.feed(alias, run, point)
    for alias in aliases:
        result, code = runs[alias].result, runs[alias].exit_code
        verdicts += judge.end(alias, f"{alias}-1", result=result, exit_code=code, at=1e6)
    verdicts += judge.close(at=1e6)
    for yes in answers.values():
        verdicts += judge.answer(gate, yes, who="ada", note="", at=2e6)
    labels = [f"{one.state} {one.label}".strip() for one in verdicts if one.gate == gate]
    return " ".join(labels)
