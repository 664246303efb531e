"""Where gates stand, as tables of Markdown: what was written down, what became of it, what was done and said."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from trainui.core.export.markup import escape, hours, number, table, when
from trainui.core.store.doings import ActionView
from trainui.core.store.outcomes import Outcomes
from trainui.core.store.views import GateView

SIGNS = {"passed": "✔", "ok": "●", "warn": "▲", "tripped": "✖", "failed": "✖", "unknown": "?", "pending": "○"}


def gate_tables(gates: Sequence[GateView], outcomes: Outcomes) -> list[str]:
    """The gates that were written down, what the default watch found, and what people were asked and said."""
    written = [gate for gate in gates if not gate.is_default]
    found = [gate for gate in gates if gate.is_default]
    parts = []
    if written:
        rows = [
            [_name(gate), sign(gate), value(gate), escape(gate.reason), done(gate, outcomes.actions)]
            for gate in written
        ]
        parts.append(table(["gate", "verdict", "value", "why", "done"], rows))
    if found:
        rows = [[escape(gate.gate), sign(gate), escape(gate.reason)] for gate in found]
        parts.append(
            "Found by the default watch, which nobody wrote:\n\n" + table(["", "verdict", "why"], rows)
        )
    parts += [_said(gates, outcomes)] if outcomes.answers else []
    return parts


def sign(gate: GateView) -> str:
    """`✖ tripped`, with its severity where it matters, and when."""
    at = ""
    if gate.verdict in ("tripped", "failed", "warn", "passed") and gate.at_epoch is not None:
        at = f" at epoch {gate.at_epoch:g}"
    critical = " (critical)" if gate.severity == "critical" and gate.verdict in ("tripped", "failed") else ""
    return f"{SIGNS.get(gate.verdict, '?')} {gate.verdict}{at}{critical}"


def value(gate: GateView) -> str:
    """The value, where it would lie again by chance alone, and what its band is called."""
    if gate.value is None:
        return "–"
    band = f" ({number(gate.interval[0])}..{number(gate.interval[1])})" if gate.interval is not None else ""
    label = f" {escape(gate.label)}" if gate.label else ""
    return f"{number(gate.value)}{band}{label}"


def done(gate: GateView, actions: Iterable[ActionView]) -> str:
    """What its verdicts brought, the newest of each kind; what would have been spared where it was withheld."""
    newest = {one.action: one for one in actions if one.gate == gate.gate and one.action != "flag"}
    told = []
    for one in newest.values():
        is_spared = one.outcome.startswith("would") and one.would_save_seconds
        spared = hours(one.would_save_seconds or 0.0) if is_spared else ""
        spared += f" and {one.would_save_usd:.2f} $" if spared and one.would_save_usd else ""
        told.append(escape(one.outcome) + (f", {escape(spared)} saved" if spared else ""))
    return "; ".join(told) or escape(gate.action)


def _name(gate: GateView) -> str:
    source = f" ({escape(gate.source)})" if gate.source else ""
    return escape(gate.gate) + (f"<br>“{escape(gate.quote)}”{source}" if gate.quote else "")


def _said(gates: Sequence[GateView], outcomes: Outcomes) -> str:
    asked = {gate.gate: gate.rule.removeprefix("asks: ") for gate in gates}
    rows = [
        [escape(asked.get(one.gate, one.gate)), "yes" if one.is_yes else "no", escape(one.who), when(one.at),
         escape(one.note)]
        for one in outcomes.answers
    ]  # fmt: skip
    return table(["asked", "said", "by", "when", "note"], rows)
