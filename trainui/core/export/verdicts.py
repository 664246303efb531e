"""Where gates stand, as tables of Markdown: what was written down, what became of it, what was done and said."""

from __future__ import annotations

from collections.abc import Sequence

from trainui.core.export.markup import escape, hours, number, quoted, table, when
from trainui.core.export.parts import AnswerDigest, GateDigest
from trainui.core.money.amounts import sign as sign_of

SIGNS = {"passed": "✔", "ok": "●", "warn": "▲", "tripped": "✖", "failed": "✖", "unknown": "?", "pending": "○"}


def gate_table(gates: Sequence[GateDigest], currency: str) -> str:
    """The gates that were written down; '' for none."""
    if not gates:
        return ""
    rows = [
        [name(one), escape(one.role), sign(one), value(one), escape(one.reason), done(one, currency)]
        for one in gates
    ]
    return table(["gate", "role", "verdict", "value", "why", "done"], rows)


def watch_table(gates: Sequence[GateDigest]) -> str:
    """What the default watch saw; '' for nothing."""
    if not gates:
        return ""
    return table(
        ["saw", "verdict", "why"], [[escape(one.gate), sign(one), escape(one.reason)] for one in gates]
    )


def answer_table(answers: Sequence[AnswerDigest]) -> str:
    """What people were asked and said; '' for nothing."""
    if not answers:
        return ""
    rows = [
        [escape(one.question), "yes" if one.is_yes else "no", escape(one.who), when(one.at), escape(one.note)]
        for one in answers
    ]
    return table(["asked", "said", "by", "when", "note"], rows)


def sign(gate: GateDigest) -> str:
    """`✖ tripped`, with its severity where it matters, and when."""
    at = ""
    if gate.verdict in ("tripped", "failed", "warn", "passed") and gate.place.epoch is not None:
        at = f" at epoch {gate.place.epoch:g}"
    critical = " (critical)" if gate.severity == "critical" and gate.verdict in ("tripped", "failed") else ""
    return f"{SIGNS.get(gate.verdict, '?')} {gate.verdict}{at}{critical}"


def value(gate: GateDigest) -> str:
    """The value, where it would lie again by chance alone, and what its band is called."""
    if gate.value is None:
        return "–"
    band = f" ({number(gate.interval[0])}..{number(gate.interval[1])})" if gate.interval is not None else ""
    label = f" {escape(gate.label)}" if gate.label else ""
    return f"{number(gate.value)}{band}{label}"


def done(gate: GateDigest, currency: str) -> str:
    """What its verdicts brought; what would have been spared where it was withheld."""
    told = []
    for one in gate.actions:
        spared = ""
        if not one.is_done and one.would_save_seconds:
            money = f" and {one.would_save_usd:.2f} {escape(sign_of(currency))}" if one.would_save_usd else ""
            spared = f", {hours(one.would_save_seconds)}{money} saved"
        told.append(escape(one.outcome) + spared)
    return "; ".join(told) or "–"


def name(gate: GateDigest) -> str:
    """Its id, the words it was written for, and where these stand."""
    source = f" ({escape(gate.source)})" if gate.source else ""
    if not gate.quote:
        return f"{escape(gate.gate)}<br>{escape(gate.rule)}" if gate.rule else escape(gate.gate)
    return f"{escape(gate.gate)}<br>{quoted(gate.quote)}{source}<br>{escape(gate.rule)}"
