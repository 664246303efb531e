"""The table of gates: what needs a person first, the default watch apart, one line for each."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from trainui.core.gates.watch.detector import PREFIX
from trainui.core.store.doings import AnswerView
from trainui.core.store.subjects import PREFIX as STUDY
from trainui.core.store.views import GateView
from trainui.ui.bench import Bench
from trainui.ui.present.ink import Line, Span, clip, fit, join, line, safe, width
from trainui.ui.present.lights import VERDICTS, verdict_light
from trainui.ui.present.text import clock, duration, number, plural, whole

PERSON = "needs you"
STATES = ("", PERSON, "tripped", "failed", "unknown", "warn", "ok", "pending", "passed")
"""What may be picked: all, what needs a person, or one verdict."""
_URGENT = ("tripped", "failed", "unknown")
_ORDER = {name: n for n, name in enumerate((*_URGENT, "warn", "ok", "pending", "passed"))}
_SEVERE = {"critical": 0, "warning": 1, "info": 2}
_FEWEST = 12
"""Cells that the researcher's words need at least, or they are left out."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """A line of the table: a gate, or a title above some."""

    gate: GateView | None = None
    title: str = ""


def needs_person(gate: GateView, mended: Collection[tuple[str, str]] = ()) -> bool:
    """Whether somebody should look: it asks, it tripped, it failed, or nobody could judge it.

    `mended`: (run, gate) of those that stand well in a later try.
    """
    if (gate.run, gate.gate) in mended:
        return False
    return (
        gate.is_open_question
        or (gate.verdict in _URGENT and not gate.is_default)
        or (gate.is_default and gate.verdict == "tripped")
    )


def picked(
    gates: Sequence[GateView], state: str, mended: Collection[tuple[str, str]] = ()
) -> tuple[GateView, ...]:
    """The gates in a state of `STATES`."""
    if state == PERSON:
        return tuple(gate for gate in gates if needs_person(gate, mended))
    return tuple(gate for gate in gates if state in ("", gate.verdict))


def states_of(gates: Sequence[GateView], mended: Collection[tuple[str, str]] = ()) -> tuple[str, ...]:
    """The states that some gate is in, all of them first."""
    return tuple(state for state in STATES if not state or picked(gates, state, mended))


def bench_rows(gates: Sequence[GateView], mended: Collection[tuple[str, str]] = ()) -> tuple[Row, ...]:
    """What was written down, the urgent first; below it the default watch, which nobody wrote."""

    def place(gate: GateView) -> tuple[object, ...]:
        stands = "ok" if (gate.run, gate.gate) in mended else gate.verdict
        first = -1 if gate.is_open_question else _ORDER.get(stands, 2)
        return (first, _SEVERE.get(gate.severity, 1), gate.run.startswith(STUDY))

    ordered = sorted(gates, key=place)
    own = [Row(gate=gate) for gate in ordered if not gate.is_default]
    watch = [Row(gate=gate) for gate in ordered if gate.is_default]
    title = [Row(title="default watch: nobody wrote these; every run has them")] if watch else []
    return (*own, *title, *watch)


def bench_lines(
    rows: Sequence[Row],
    bench: Bench,
    cells: int,
    *,
    now: float,
    colours: Mapping[str, int],
    answers: str = "A",
) -> tuple[Line, ...]:
    """The head, and a line for each row. `answers`: the key that answers a question, where it is offered."""
    gates = [row.gate for row in rows if row.gate is not None]
    names = _names(gates)
    wide = {
        key: max((width(line(part)) for part in (key, *parts)), default=0)
        for key, parts in {
            "run": [_short(gate.run) for gate in gates],
            "gate": list(names.values()),
            "rule": [safe(gate.rule) for gate in gates],
            "now": [number(gate.value) for gate in gates],
            "verdict": ["".join(span.text for span in _verdict(gate, bench, now, answers)) for gate in gates],
        }.items()
    }
    columns = _columns(wide, cells, has_runs=len({gate.run for gate in gates}) > 1)
    head = {
        "run": "run",
        "gate": "gate",
        "says": "says (in the researcher's words)",
        "rule": "rule",
        "now": "now",
        "verdict": "verdict",
    }
    lines = [_joined({key: line(Span(text, "dim")) for key, text in head.items()}, columns, cells)]
    for row in rows:
        if row.gate is None:
            lines.append(clip(line(Span(f" {row.title}", "head")), cells))
            continue
        gate = row.gate
        is_mended = (gate.run, gate.gate) in bench.mended
        tone = "" if is_mended else verdict_light(gate.verdict).tone
        name = Span(names[gate.run, gate.gate], "bold" if tone in ("bad", "warn") else "")
        lines.append(
            _joined(
                {
                    "run": line(
                        Span(_short(gate.run), f"run{colours[gate.run]}" if gate.run in colours else "")
                    ),
                    "gate": line(name),
                    "says": _says(gate),
                    "rule": line(Span(safe(gate.rule), "dim")),
                    "now": line(number(gate.value)) if gate.value is not None else line(Span("–", "dim")),
                    "verdict": _verdict(gate, bench, now, answers),
                },
                columns,
                cells,
            )
        )
    return tuple(lines)


def _names(gates: Collection[GateView]) -> dict[tuple[str, str], str]:
    return {(gate.run, gate.gate): safe(gate.gate.removeprefix(PREFIX)) for gate in gates}


def _short(run: str) -> str:
    """A study's name says that it is one."""
    return safe(run.replace(STUDY, "study ", 1) if run.startswith(STUDY) else run)


def _says(gate: GateView) -> Line:
    if gate.is_default or not gate.quote:
        return line(Span(safe(gate.rule), "dim"))
    return line(Span(safe(gate.quote), "quote"))


def _columns(wide: Mapping[str, int], cells: int, *, has_runs: bool) -> dict[str, int]:
    """Column → its cells. The rule goes first when it is narrow, then the words; the verdict takes what is left."""
    run = min(wide["run"], max(10, cells // 6)) if has_runs else 0
    gate, now = min(wide["gate"], max(12, cells // 5)), min(max(wide["now"], 3), 10)
    left = cells - 2 - sum(part + 2 for part in (run, gate, now) if part)
    verdict = min(wide["verdict"], max(24, left // 2))
    left -= verdict + 2
    rule = min(wide["rule"], left // 2) if left >= 60 else 0
    left -= rule + 2 if rule else 0
    says = left - 2 if left - 2 >= _FEWEST else 0
    verdict += 0 if says else max(0, left)
    found = {"run": run, "gate": gate, "says": says, "rule": rule, "now": now, "verdict": verdict}
    return {key: part for key, part in found.items() if part}


def _joined(parts: Mapping[str, Line], columns: Mapping[str, int], cells: int) -> Line:
    fitted = (fit(parts[key], wide, right=key == "now") for key, wide in columns.items())
    return clip(line(" ", join(fitted, "  ")), cells)


def _verdict(gate: GateView, bench: Bench, now: float, answers: str) -> Line:
    """`✔ passed at epoch 29`, `▲ warn since epoch 33`, `● answered "fine"`, `▲ asks you`."""
    light = verdict_light(gate.verdict)
    tone = light.tone if light.tone in ("bad", "warn") else ""
    if (later := bench.mended.get((gate.run, gate.gate))) is not None:
        light, tone = Span(light.text, "dim"), "dim"
    if gate.is_open_question:
        return line(
            Span("▲", "warn"), " ", Span(f"asks you: {answers} answers" if answers else "asks", "warn bold")
        )
    if gate.role == "ask" and (answer := last_answer(bench, gate)) is not None:
        note = f" “{safe(answer.note)}”" if answer.note else ""
        return line(
            light, f" answered {'yes' if answer.is_yes else 'no'} {duration(now - answer.at)} ago", note
        )
    word = "at" if gate.verdict in ("passed", "failed") else "since"
    since = ""
    if gate.verdict not in ("pending", "ok"):
        if gate.at_epoch is not None:
            since = f" {word} epoch {whole(gate.at_epoch)}"
        elif gate.at_step is not None:
            since = f" {word} step {whole(gate.at_step)}"
        elif gate.at is not None:
            since = f" {word} {clock(gate.at, now)}"
    label = f" ({safe(gate.label)})" if gate.label else ""
    severity = f", {gate.severity}" if gate.severity == "critical" and tone else ""
    if later is not None:
        return line(light, " ", Span(f"{gate.verdict}{since}; well in {safe(later)}", tone))
    return line(light, " ", Span(gate.verdict + since + label + severity, tone))


def last_answer(bench: Bench, gate: GateView) -> AnswerView | None:
    """What was said to it last."""
    outcomes = bench.outcomes.get(gate.run)
    told = [one for one in outcomes.answers if one.gate == gate.gate] if outcomes is not None else []
    return told[-1] if told else None


def bench_head(
    gates: Sequence[GateView],
    cells: int,
    *,
    whose: str,
    state: str,
    shown: int,
    others: int,
    mended: Collection[tuple[str, str]] = (),
) -> Line:
    """Whose gates these are, how many need a person, how many stand where, and what is left out."""
    urgent = sum(needs_person(gate, mended) for gate in gates)
    counts = {verdict: sum(gate.verdict == verdict for gate in gates) for verdict in VERDICTS}
    lights = [line(verdict_light(one), f" {count}") for one, count in counts.items() if count]
    need = (
        Span(f"{urgent} {'needs' if urgent == 1 else 'need'} you", "bad bold")
        if urgent
        else Span("nothing needs you", "ok")
    )
    parts = [line(Span(f" gates of {safe(whose)}", "head")), line(need), join(lights, "  ")]
    if state:
        parts.append(line(Span(f"only {state}: {shown} of {len(gates)}", "accent")))
    if others:
        parts.append(line(Span(f"{plural(others, 'older run')} left out", "dim")))
    return clip(join(parts, "   "), cells)
