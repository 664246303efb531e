"""Replay: the gates of a spec held against finished runs, and what each would have said, when, and saved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from trainui.core.backtest.findings import Finding, finding_of
from trainui.core.backtest.play import Change, play
from trainui.core.backtest.tape import Tape, Told
from trainui.core.gates import Gate, Judge


@dataclass(frozen=True, kw_only=True, slots=True)
class Replayed:
    """One run that was judged again."""

    run: str
    told: Told
    metrics: frozenset[str]
    """What it wrote."""
    findings: tuple[Finding, ...]


def replay(tape: Tape, gates: Sequence[Gate]) -> Replayed:
    """Hold `gates` against one run; a finding for each, in their order."""
    judge = Judge(gates)
    played = play(tape, judge)
    by_gate: dict[str, list[Change]] = {}
    for one in played.changes:
        by_gate.setdefault(one.verdict.gate, []).append(one)
    told, current = tape.told(), judge.current()
    findings = tuple(
        finding_of(tape.run, gate, current[gate.id], by_gate.get(gate.id, []), told) for gate in gates
    )
    return Replayed(run=tape.run, told=told, metrics=played.metrics, findings=findings)
