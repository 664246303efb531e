"""Events, gates, spec and checkpoints of a run as lines."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence

from trainui.core.store.views import CheckpointView, EventView, GateView, RunDetail, RunView
from trainui.ui.present.ink import Line, Span, clip, fit, line, safe, width
from trainui.ui.present.lights import gate_lights, run_light, run_word, verdict_light
from trainui.ui.present.rows import BAR
from trainui.ui.present.text import bar, clock, duration, number, percent, usd, whole

_KINDS = {"status": Span("●", "calm"), "checkpoint": Span("◆", "calm"), "money": Span("$", "warn"),
          "manager": Span("·", "dim"), "note": Span("·", "dim"), "stream": Span("·", "dim")}  # fmt: skip
_VERDICT_WORDS = ("tripped", "failed", "warn", "unknown", "passed")


def event_light(event: EventView) -> Span:
    """The light of an event: a gate's by the verdict it tells of, else one for its kind."""
    if event.kind == "gate":
        return next((verdict_light(v) for v in _VERDICT_WORDS if v in event.text), verdict_light("ok"))
    if event.kind == "status" and any(word in event.text for word in ("failed", "lost")):
        return Span("✖", "bad")
    return _KINDS.get(event.kind, Span("·", "dim"))


def event_line(
    event: EventView, cells: int, *, now: float, colours: Mapping[str, int], names: int = 14
) -> Line:
    """`01:02 ▲ transformer-3  mae-improving: …`."""
    run = fit(line(Span(safe(event.run), f"run{colours.get(event.run, 0)}")), names) if names else ()
    at = Span(f" {clock(event.at, now)} ", "dim")
    return clip(line(at, event_light(event), " ", run, " " if run else "", safe(event.text)), cells)


def gate_table(gates: Sequence[GateView], cells: int, *, with_run: bool = False) -> tuple[Line, ...]:
    """Each gate: rule, value now, verdict, the researcher's words; below it the why where it matters."""
    if not gates:
        return (line(Span("no gates: this job promised nothing before it ran", "dim")),)
    order = {v: n for n, v in enumerate(("tripped", "failed", "unknown", "warn", "ok", "passed", "pending"))}
    gates = sorted(gates, key=lambda g: (order.get(g.verdict, 2), g.run, g.gate))
    rows = [_gate_cells(gate, with_run) for gate in gates]
    heads = ("", "gate", "rule", "now", "verdict", "in the researcher's words")
    limits = (1, 24, 34, 9, 24, 60)
    wide = [min(limits[n], max(len(heads[n]), *(width(row[n]) for row in rows))) for n in range(6)]
    # The words go first, then the rule shrinks: light, gate, value and verdict must always fit.
    wide[5] = max(0, cells - sum(wide[:5]) - 6)
    if wide[5] < 12:
        wide[2] = max(0, min(wide[2], cells - sum(wide[:2]) - sum(wide[3:5]) - 5))
        wide[5] = 0
    lines = [_gate_row([line(Span(h, "dim")) for h in heads], wide, cells)]
    for gate, row in zip(gates, rows, strict=True):
        lines.append(_gate_row(row, wide, cells))
        why = " ".join(part for part in (safe(gate.reason), safe(gate.action)) if part)
        if why and gate.verdict in ("tripped", "failed", "unknown", "warn"):
            lines.append(clip(line("  ", Span(why, "dim")), cells))
    return tuple(lines)


def _gate_cells(gate: GateView, with_run: bool) -> list[Line]:
    light = verdict_light(gate.verdict)
    at = f" at epoch {whole(gate.at_epoch)}" if gate.at_epoch is not None else (
        f" at step {whole(gate.at_step)}" if gate.at_step is not None else "")  # fmt: skip
    name = f"{safe(gate.run)} {safe(gate.gate)}" if with_run else safe(gate.gate)
    tone = light.tone if light.tone in ("bad", "warn") else ""
    quote = safe(gate.quote)
    return [
        line(light), line(Span(name, "bold" if tone else "")), line(Span(safe(gate.rule), "dim")),
        line(number(gate.value)), line(Span(safe(gate.verdict) + at, tone)),
        line(Span(f"“{quote}”" if quote else "", "quote")),
    ]  # fmt: skip


def _gate_row(row: list[Line], wide: list[int], cells: int) -> Line:
    parts = [fit(cell, wide[n], right=n == 3) for n, cell in enumerate(row) if wide[n]]
    return clip(line(*(piece for part in parts for piece in (part, " "))), cells)


def run_head(view: RunView, cells: int, *, colour: int, now: float) -> Line:
    """The first line of a run's screen: name, state, progress, what is left, the metric, the money."""
    tone = f"run{colour}"
    parts = [line(" ", run_light(view), " ", Span(safe(view.run), f"{tone} bold")), line(run_word(view))]
    if view.cause:
        parts.append(line(safe(view.cause)))
    if view.is_live:
        done = f"epoch {whole(view.epoch)}" + (f" of {whole(view.total_epochs)}" if view.total_epochs else "")
        step = f"step {whole(view.step)}" + (f" of {whole(view.total_steps)}" if view.total_steps else "")
        parts.append(line(Span(bar(view.progress, BAR), tone), f" {percent(view.progress)}"))
        parts.append(line(done if view.epoch is not None else step))
        if view.eta_seconds is not None:
            parts.append(line(Span("eta ", "dim"), duration(view.eta_seconds)))
    if view.metric:
        best = f" best {number(view.metric.best)}"
        parts.append(line(Span(safe(view.metric.name) + " ", "dim"), number(view.metric.last), best))
    parts.append(gate_lights(view.gates, tight=True))
    parts.append(line(f"{usd(view.usd)} $", Span(f" in {duration(view.seconds)}", "dim")))
    return clip(line(*(p for part in parts if part for p in (part, "  "))), cells)


def facts(detail: RunDetail, cells: int, *, now: float) -> tuple[Line, ...]:
    """What was run: about, command, params, checkpoints, how much of its output was understood."""
    view = detail.view
    rows = [line(safe(detail.about))] if detail.about else []
    rows += [_fact("study", view.study), _fact("parent", view.parent or ""), _fact("folder", view.directory)]
    rows += [_fact("gpus", ", ".join(view.gpus)), _fact("pid", str(view.pid or ""))]
    rows.append(_fact("armed", "yes: a tripped gate stops it" if view.armed else "no: gates only tell"))
    rows.append(_fact("started", clock(view.started_at, now) if view.started_at else ""))
    rows.append(_fact("command", shlex.join(detail.command)))
    rows = [row for row in rows if row]
    if detail.params:
        rows += [(), line(Span("params", "head"))]
        longest = max(len(safe(str(key))) for key in detail.params)
        for key, value in detail.params.items():
            rows.append(line(Span(safe(str(key)).ljust(longest) + "  ", "dim"), safe(str(value))))
    if detail.checkpoints:
        rows += [(), line(Span("checkpoints", "head"))]
        rows += [checkpoint_line(c, now=now) for c in reversed(detail.checkpoints)]
    if detail.lines_read:
        share = percent(detail.lines_understood / detail.lines_read)
        rows += [(), _fact("read", f"{detail.lines_read} lines, {share} understood")]
    return tuple(clip(row, cells) for row in rows)


def _fact(name: str, value: str) -> Line:
    return line(Span(f"{name} ", "dim"), safe(value)) if value else ()


def checkpoint_line(checkpoint: CheckpointView, *, now: float) -> Line:
    """`00:58 best.pt  epoch 25  val/mae 129.2`."""
    where = f"  epoch {whole(checkpoint.epoch)}" if checkpoint.epoch is not None else (
        f"  step {whole(checkpoint.step)}" if checkpoint.step is not None else "")  # fmt: skip
    value = f"  {safe(checkpoint.metric)} {number(checkpoint.value)}" if checkpoint.value is not None else ""
    return line(Span(clock(checkpoint.at, now) + " ", "dim"), safe(checkpoint.path), where, value)
