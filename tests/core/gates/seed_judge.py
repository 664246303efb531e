"""Judges what was told: the story of one gate of a run, or where one gate of a study ends."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from seed_drive import Told, moments, tables

from trainui.core.gates import Gate, Judge, Point, Verdict, parse_gates


def family(tables_: list[dict[str, Any]], gate: str) -> list[dict[str, Any]]:
    """A gate's table and those of the gates it rests on."""
    by_id = {table["id"]: table for table in tables_}
    wanted, found = [gate], []
    while wanted:
        table = by_id[wanted.pop()]
        if table not in found:
            found.append(table)
            wanted += [name.lstrip("!") for name in (*table.get("of", ()), *table.get("needs", ()))]
    return found


def logged(words: dict[str, Any], metric: str) -> str:
    """A name under which scripts write the metric."""
    return words.get(metric, {}).get("from", [metric])[0]


def story(gate: str, run: Told) -> str:
    """Every state a gate of one run came to, and in which epoch: "ok@1 tripped@5", at last "failed@end"."""
    study = tables(gate[:3])
    words = study.get("metric", {})
    goals = {name: said["goal"] for name, said in words.items() if "goal" in said}
    judge = Judge(parse_gates(family(study["gate"], gate), goals=goals))
    said = [_shown(verdict, f"{verdict.epoch or 0:g}") for verdict in _hear(judge, gate, run) if verdict.gate == gate]
    if run.result:
        said += _of(gate, judge.end(result=run.result, exit_code=run.exit_code, at=1e6), "end")
    if 0 in run.answers:
        said += _of(gate, judge.answer(gate, run.answers[0], who="ada", note="", at=2e6), "end")
    return " ".join(said)


def _of(gate: str, verdicts: list[Verdict], where: str) -> list[str]:
    return [_shown(verdict, where) for verdict in verdicts if verdict.gate == gate]


def _shown(verdict: Verdict, where: str) -> str:
    label = f" {verdict.label}" if verdict.label and where == "end" else ""
    return f"{verdict.state}@{where}{label}"


def _hear(judge: Judge, gate: str, run: Told) -> Iterator[Verdict]:
    for moment in moments(run):
        match moment.kind:
            case "point":
                yield from judge.feed(
                    Point(metric=moment.name, step=moment.epoch * 10, value=moment.value, epoch=moment.epoch, at=moment.at)
                )
            case "meter":
                yield from judge.meters({moment.name: moment.value}, at=moment.at, epoch=moment.epoch)
            case "answer":
                yield from judge.answer(gate, moment.value, who="ada", note="", at=moment.at)


def gate_of(name: str) -> Gate:
    """The gate as it is parsed."""
    study = tables(name[:3])
    return next(gate for gate in parse_gates(study["gate"]) if gate.id == name)


def ending(gate: str, runs: dict[str, Told]) -> str:
    """The states a gate came to over the study, in their order: "ok warn tripped"."""
    raise NotImplementedError
