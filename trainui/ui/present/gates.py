"""Gates as lines: verdict, rule, the researcher's words, and below them why, what was done, and what is asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct, field

from trainui.core.store.doings import ActionView, AnswerView
from trainui.core.store.outcomes import Outcomes
from trainui.core.store.views import GateView
from trainui.ui.present.ink import Line, Span, clip, fit, join, line, safe, width, wrap
from trainui.ui.present.lights import verdict_light
from trainui.ui.present.text import clock, duration, number, sign, usd, whole

_WORST_FIRST = {
    v: n for n, v in enumerate(("tripped", "failed", "unknown", "warn", "ok", "passed", "pending"))
}
_ROOMY = 140
_LOUD = frozenset({"tripped", "failed", "unknown", "warn"})
NONE = "no gates: this job promised nothing before it ran"


class Known(Struct, frozen=True, kw_only=True):
    """What is known of gates beside where they stand."""

    outcomes: Outcomes = field(default_factory=Outcomes)
    hints: Mapping[str, str] = field(default_factory=dict)
    """Gate → what is expected of it."""
    now: float = 0.0
    """Unix seconds."""
    currency: str = "USD"
    answers: str = "A"
    """The key that answers a question; empty where that is not offered."""


class Group(Struct, frozen=True, kw_only=True):
    """Gates that are judged together: a run's own, or those across the runs of a study."""

    gates: tuple[GateView, ...]
    title: str = ""
    known: Known = field(default_factory=Known)


def grouped(groups: Sequence[Group], cells: int) -> tuple[Line, ...]:
    """The groups under each other, each but the first under its title."""
    lines: list[Line] = []
    for group in groups:
        if lines and group.gates:
            lines += [(), line(Span(safe(group.title), "head"))]
        if group.gates or not lines:
            lines += gate_table(group.gates, cells, group.known)
    return tuple(lines)


def gate_table(gates: Sequence[GateView], cells: int, known: Known | None = None) -> tuple[Line, ...]:
    """The gates, the worst first: rule, value now, verdict, the researcher's words, and why where it matters.

    One line for each where there is room, else the words and the rule stand below the verdict.
    """
    if not gates:
        return wrap(line(Span(NONE, "dim")), cells)
    known = known or Known()
    rows = [
        (g, _cells(g)) for g in sorted(gates, key=lambda g: (_WORST_FIRST.get(g.verdict, 2), g.run, g.gate))
    ]
    lines = _wide(rows, cells, known) if cells >= _ROOMY else _stacked(rows, cells, known)
    return tuple(clip(row, cells) for row in lines)


def _wide(rows: list[tuple[GateView, list[Line]]], cells: int, known: Known) -> list[Line]:
    heads = [
        line(Span(h, "dim")) for h in ("", "gate", "verdict", "now", "rule", "in the researcher's words")
    ]
    wide = [min(38, max(width(row[n]) for row in (heads, *(row for _, row in rows)))) for n in range(6)]
    wide[5] = max(0, cells - sum(wide[:5]) - 10)
    lines: list[Line] = [join((fit(head, wide[n], right=n == 3) for n, head in enumerate(heads)), "  ")]
    for gate, row in rows:
        lines.append(join((fit(cell, wide[n], right=n == 3) for n, cell in enumerate(row)), "  "))
        lines += below(gate, cells, known, indent=3)
    return lines


def _stacked(rows: list[tuple[GateView, list[Line]]], cells: int, known: Known) -> list[Line]:
    names = min(cells // 2, max(width(row[1]) for _, row in rows))
    lines: list[Line] = []
    for gate, (light, name, verdict, value, rule, quote) in rows:
        now = line(Span("  now ", "dim"), value) if gate.value is not None else ()
        lines.append(line(light, " ", fit(name, names), "  ", verdict, now))
        beside = join([line("  ", rule), quote], "  ")
        lines += [beside] if width(beside) <= cells else [*wrap(rule, cells, 2), *wrap(quote, cells, 2)]
        lines += below(gate, cells, known, indent=2)
    return lines


def below(gate: GateView, cells: int, known: Known, *, indent: int) -> list[Line]:
    """What stands below a gate, as far as there is anything: why, what was done, what is asked and was answered."""
    told: list[Line] = []
    actions = [one for one in known.outcomes.actions if one.gate == gate.gate]
    if gate.verdict in _LOUD and gate.reason != gate.rule:
        # What was done is told one by one where it is known, else in the words beside the gate.
        words = [safe(gate.reason)] + ([] if actions else [safe(gate.action)])
        told.append(line(Span("; ".join(word for word in words if word), "dim")))
    if hint := known.hints.get(gate.gate):
        told.append(line(Span(safe(hint), "warn" if hint.startswith("expected to miss") else "dim")))
    told += done(actions, known.currency)
    if gate.is_open_question:
        answers = line(Span(known.answers, "accent"), Span("answers it: it waits for you", "dim"))
        told.append(answers if known.answers else line(Span("it waits for an answer", "dim")))
    told += [answered(one, known.now) for one in known.outcomes.answers if one.gate == gate.gate][-1:]
    return [row for part in told if part for row in wrap(part, cells, indent)]


def done(actions: Sequence[ActionView], currency: str) -> list[Line]:
    """The newest of each kind of action, but for what was only flagged or told before."""
    newest = {one.action: one for one in actions if one.action != "flag" and one.outcome != "told before"}
    told = []
    for one in newest.values():
        words = safe(one.outcome)
        if one.outcome.startswith("would"):
            saves = [duration(one.would_save_seconds) if one.would_save_seconds else ""]
            saves.append(f"{usd(one.would_save_usd)} {sign(currency)}" if one.would_save_usd else "")
            spared = " and ".join(part for part in saves if part)
            words += f", {spared} saved" if spared else ""
        elif not one.is_done:
            words = f"{safe(one.action)} withheld: {words}"
        told.append(line(Span("→", "dim"), Span(words, "" if one.is_done else "dim")))
    return told


def answered(answer: AnswerView, now: float) -> Line:
    """`01:02 ada said yes: fine`."""
    says = f"{safe(answer.who)} said {'yes' if answer.is_yes else 'no'}{':' if answer.note else ''}"
    return line(Span(clock(answer.at, now), "dim"), says, Span(safe(answer.note), "quote"))


def _cells(gate: GateView) -> list[Line]:
    light = verdict_light(gate.verdict)
    at = ""
    if gate.at_epoch is not None:
        at = f" at epoch {whole(gate.at_epoch)}"
    elif gate.at_step is not None:
        at = f" at step {whole(gate.at_step)}"
    tone = light.tone if light.tone in ("bad", "warn") else ""
    severity = f", {gate.severity}" if gate.severity != "warning" and gate.verdict in _LOUD else ""
    return [
        line(light),
        line(Span(safe(gate.gate), "bold" if tone else "")),
        line(Span(safe(gate.verdict) + at + severity, tone)),
        _value(gate),
        line(Span(safe(gate.rule), "dim")),
        _words(gate),
    ]


def _value(gate: GateView) -> Line:
    """The value, how far chance alone may move it, and what its band is called."""
    band = ""
    if gate.interval is not None:
        band = f" ({number(gate.interval[0])}..{number(gate.interval[1])})"
    return line(
        number(gate.value), Span(band, "dim"), Span(f" {safe(gate.label)}" if gate.label else "", "bold")
    )


def _words(gate: GateView) -> Line:
    if gate.is_default:
        return line(Span("default watch", "dim"))
    quote = safe(gate.quote)
    return line(Span(f"“{quote}”" if quote else "", "quote"))
