"""One gate from near: its terms, why it stands as it does, what would clear it, what was done; and its curve."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from trainui.core.gates.terms import what_clears
from trainui.core.gates.units import Span as Reach
from trainui.core.judging.near import NearGate, RemedyView
from trainui.core.run import Status
from trainui.core.store.doings import TurnedView
from trainui.core.store.outcomes import Outcomes
from trainui.core.store.views import GateView, RunView
from trainui.ui.plot.axis import EPOCH, STEP
from trainui.ui.plot.figure import Chart
from trainui.ui.plot.series import Mark, Series
from trainui.ui.present.gates import Known, answered, done
from trainui.ui.present.ink import Line, Span, line, safe, wrap
from trainui.ui.present.lights import verdict_light
from trainui.ui.present.text import clock, number, whole

_HEAD = 9
"""Cells of the words on the left."""
_TURNS = 6
"""Changes of a verdict that are told, the newest last."""
ALMOST = 1e-6
_ABOUT = 3.0
"""The curve is shown for so many windows before a verdict, and for one after it."""


def near_lines(
    gate: GateView,
    near: NearGate,
    outcomes: Outcomes,
    view: RunView | None,
    cells: int,
    *,
    now: float,
    currency: str,
) -> tuple[Line, ...]:
    """All that is told of a gate. `view`: its run; None for a gate of a study."""
    terms = near.terms
    has_ended = view is not None and view.status is Status.ENDED
    source = Span(safe(gate.source), "dim")
    quote = Span(f"“{safe(gate.quote)}”" if gate.quote else "", "quote")
    rows: list[tuple[str, Line]] = [("", line(quote, source)), ("rule", line(safe(gate.rule)))]
    rows.append(("stands", _stands(gate, now)))
    if near.turns and near.turns[-1].window:
        values = " ".join(number(value) for value in near.turns[-1].window)
        rows.append(("values", line(values, Span("the newest that decided", "dim"))))
    rows.append(("looks", line(Span(_looks(near), "dim"))))
    if cleared := what_clears(terms, gate.verdict, has_ended=has_ended):
        rows.append(("clears", line(cleared)))
    rows += _acts(near, view)
    rows += [
        ("did", one) for one in done([one for one in outcomes.actions if one.gate == gate.gate], currency)
    ]
    rows += [("remedy", _remedy(one)) for one in near.remedies]
    known = Known(outcomes=outcomes, now=now, currency=currency)
    rows += [("said", answered(one, known.now)) for one in outcomes.answers if one.gate == gate.gate]
    if len(near.turns) > 1:
        rows.append(("before", _history(near.turns, now)))
    rows.append(("kept", line(Span(_written(gate, view, now), "dim"))))
    return tuple(part for head, told in rows if told for part in _row(head, told, cells))


def _stands(gate: GateView, now: float) -> Line:
    light = verdict_light(gate.verdict)
    where = f" {_place(gate.at_step, gate.at_epoch)}" if gate.verdict != "pending" else ""
    when = f", {clock(gate.at, now)}" if gate.at is not None else ""
    why = safe(gate.reason) if gate.reason != gate.rule else ""
    told = f"{gate.verdict}{where.rstrip()}{when}{':' if why else ''}"
    return line(light, Span(told, f"{light.tone} bold"), why)


def _row(head: str, told: Line, cells: int) -> list[Line]:
    wrapped = wrap(told, max(20, cells - _HEAD - 1))
    return [
        line(Span(f" {head if n == 0 else ''}".ljust(_HEAD), "dim"), *part) for n, part in enumerate(wrapped)
    ]


def _place(step: float | None, epoch: float | None) -> str:
    if epoch is not None:
        return f"epoch {whole(epoch)}"
    return f"step {whole(step)}" if step is not None else ""


def _looks(near: NearGate) -> str:
    """`at each point, over 8 epochs; trips after 3 points`."""
    terms = near.terms
    parts = ["at each point" if terms.when == "each" else terms.when]
    parts.append(f"over {terms.window}" if terms.window is not None else "")
    parts.append(f"not in the first {terms.grace}" if terms.grace else "")
    if terms.is_flag and terms.trips_after:
        parts.append(f"trips when it fails for {terms.trips_after}")
    parts.append(f"rests {terms.cooldown} after it acted" if terms.cooldown else "")
    parts.append("protects the run from other gates" if terms.protect else "")
    return ", ".join(part for part in parts if part)


def _acts(near: NearGate, view: RunView | None) -> list[tuple[str, Line]]:
    """What it does at each verdict, and whether that is held back."""
    actions = near.terms.actions
    listed = "; ".join(f"{state}: {', '.join(map(safe, done))}" for state, done in actions.items() if done)
    if not listed:
        return [("does", line(Span("it only tells: no actions are written down", "dim")))]
    if view is None or view.armed:
        return [("does", line(listed))]
    is_drastic = any(one in ("stop", "relaunch") for done in actions.values() for one in done)
    held = "(the run is not armed: this gate would only say so)" if is_drastic else ""
    return [("does", line(listed, Span(held, "warn")))]


def remedy_sets(one: RemedyView) -> str:
    """`learning_rate=1e-4 batch_size=4`."""
    return " ".join(f"{safe(key)}={safe(str(value))}" for key, value in one.sets)


def _remedy(one: RemedyView) -> Line:
    what = remedy_sets(one) or safe(one.advice)
    auto = ", by itself on an armed run" if one.is_auto else ", when a person says so"
    tried = f"(tried {one.tried} of {one.most}{auto})" if one.sets else "(advice)"
    return line(Span(safe(one.id), "bold"), what, Span(tried, "dim"))


def _history(turns: Sequence[TurnedView], now: float) -> Line:
    parts: list[Span] = [Span("…" if len(turns) > _TURNS else "", "dim")]
    for turn in turns[-_TURNS:]:
        if len(parts) > 1:
            parts.append(Span("→", "dim"))
        light = verdict_light(turn.verdict)
        place = _place(turn.step, turn.epoch) or clock(turn.at, now)
        parts += [light, Span(f"{turn.verdict} {place}", light.tone if light.tone == "bad" else "")]
    return line(*parts)


def _written(gate: GateView, view: RunView | None, now: float) -> str:
    if gate.is_default:
        return "nobody wrote it: the default watch has it on every run"
    when = (
        f"written down {clock(view.queued_at, now)}, before the run began"
        if view is not None
        else ("written down with its study")
    )
    return f"{when}; sha256 {gate.digest[:12]}" if gate.digest else when


# ---------------------------------------------------------------- the curve


def gate_chart(chart: Chart, gate: GateView, near: NearGate, *, wholly: bool = False) -> Chart:
    """The curve around the gate's newest verdict: its window on another ground, the other gates left out.

    `wholly`: not only the part around it.
    """
    own = tuple(one for one in chart.thresholds if one.label.startswith(f"gate {gate.gate} "))
    chart = replace(chart, thresholds=own, marks=())
    turn = next((one for one in reversed(near.turns) if one.verdict != "pending"), None)
    at = None if turn is None else (turn.epoch if chart.axis == EPOCH else turn.step)
    series = next((one for one in chart.series if one.name == gate.run), None)
    if turn is None or at is None or series is None or chart.axis not in (EPOCH, STEP):
        return chart
    low = _window_start(series, at, chart.axis, near.terms.window, len(turn.window))
    light = verdict_light(turn.verdict)
    mark = Mark(x=at, label=f"{light.text} {turn.verdict}", tone=light.tone)
    chart = replace(chart, marks=(mark,))
    if low is None or low >= at:
        return chart
    around = at - _ABOUT * (at - low), at + (at - low)
    whole_low, whole_high = series.stretches[0].x0, series.stretches[-1].x1
    is_part = around[0] > whole_low + ALMOST or around[1] < whole_high - ALMOST
    zoomed = (
        (max(whole_low, around[0]), min(max(whole_high, at), around[1])) if is_part and not wholly else None
    )
    return replace(chart, shade=(low, at), window=chart.window or zoomed)


def _window_start(series: Series, at: float, axis: str, window: Reach | None, count: int) -> float | None:
    """Where the window begins that a verdict at `at` rests on; by its values where its length is not told."""
    unit = {"epochs": EPOCH, "steps": STEP}.get(window.unit) if window is not None else None
    if window is not None and unit == axis:
        return max(series.stretches[0].x0, at - window.amount)
    before = [one.x1 for one in series.stretches if one.x1 <= at + ALMOST]
    points = int(window.amount) if window is not None and window.unit == "points" else count
    return before[-points] if 0 < points <= len(before) else (before[0] if before and points else None)
