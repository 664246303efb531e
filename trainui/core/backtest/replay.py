"""Replay: the gates of a spec held against finished runs, and what each would have said, when, and saved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from trainui.core.backtest.findings import Finding, finding_of
from trainui.core.backtest.play import Change, Played, play
from trainui.core.backtest.tape import Tape, Told
from trainui.core.gates import DefaultWatch, Gate, Judge


@dataclass(frozen=True, kw_only=True, slots=True)
class Replayed:
    """One run that was judged again."""

    run: str
    told: Told
    metrics: frozenset[str]
    """What it wrote."""
    findings: tuple[Finding, ...]


def replay(tape: Tape, gates: Sequence[Gate], watch: DefaultWatch | None = None) -> Replayed:
    """Hold `gates`, and the default watch, against one run; a finding for each gate, in their order, and for each
    detector that left ok."""
    judge = Judge(gates, watch=watch)
    played = play(tape, judge)
    findings = findings_of(tape, gates, judge, played)
    return Replayed(run=tape.run, told=tape.told(), metrics=played.metrics, findings=findings)


def findings_of(tape: Tape, gates: Sequence[Gate], judge: Judge, played: Played) -> tuple[Finding, ...]:
    """The findings of all gates, after the tape was played to their judge."""
    by_gate: dict[str, list[Change]] = {}
    for one in played.changes:
        by_gate.setdefault(one.verdict.gate, []).append(one)
    protected_by = next((gate.id for gate in gates if gate.protect), "")
    told, current, unwritten = tape.told(), judge.current(), judge.unwritten
    return tuple(
        finding_of(
            tape.run,
            gate,
            current[gate.id],
            by_gate.get(gate.id, []),
            told,
            protected_by=protected_by,
            is_default=gate.id in unwritten,
        )
        for gate in (*gates, *unwritten.values())
    )
