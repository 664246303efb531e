"""Events of a run, and the first line of its screen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from trainui.core.run import Status
from trainui.ui.present.ink import Span, clip, fit, fold, line, middle, safe, width
from trainui.ui.present.lights import gate_lights, run_light, run_word, verdict_light
from trainui.ui.present.rows import BAR
from trainui.ui.present.standing import ASKED, standing
from trainui.ui.present.text import bar, clock, duration, number, percent, sign, usd, whole

if TYPE_CHECKING:
    from trainui.core.store.views import EventView, RunView
    from trainui.ui.present.ink import Line

_KINDS = {"status": Span("●", "calm"), "checkpoint": Span("◆", "calm"), "money": Span("¤", "warn"),
          "queue": Span("○", "dim"), "limit": Span("▲", "warn"), "idle": Span("▲", "warn"),
          "budget": Span("¤", "warn"),
          "manager": Span("·", "dim"), "note": Span("·", "dim"),
          "stream": Span("·", "dim")}  # fmt: skip
_VERDICT_WORDS = ("tripped", "failed", "warn", "unknown", "passed")


def event_light(event: EventView) -> Span:
    """The light of an event: a gate's by the verdict it tells of, else one for its kind."""
    if event.kind == "gate":
        return next((verdict_light(v) for v in _VERDICT_WORDS if v in event.text), verdict_light("ok"))
    if event.kind == "status" and any(word in event.text for word in ("failed", "lost")):
        return Span("✖", "bad")
    return _KINDS.get(event.kind, Span("·", "dim"))


def event_lines(
    events: Sequence[EventView],
    cells: int,
    *,
    now: float,
    colours: Mapping[str, int],
    names: bool = True,
    kinds: bool = False,
) -> tuple[Line, ...]:
    """`01:02 ▲ transformer-3  mae-improving: …`, one line for each event; without `names` no run is named.

    With `kinds` the kind of each is told.
    """
    times = [clock(event.at, now) for event in events]
    late = max(map(len, times), default=0)
    wide = min(20, max((width(line(safe(event.run))) for event in events), default=0)) if names else 0
    lines = []
    for event, at in zip(events, times, strict=True):
        run = fit(line(Span(safe(event.run), f"run{colours.get(event.run, 0)}")), wide)
        front = line(Span(f" {at.rjust(late)} ", "dim"), event_light(event), " ", run, "  " if wide else "")
        kind = line(fit(line(Span(safe(event.kind), "dim")), 10), " ") if kinds else ()
        asked = "checkpoint " if event.kind == "checkpoint" and event.text.startswith(ASKED) else ""
        text = event.text.removeprefix("checkpoint ") if kinds and event.kind == "checkpoint" else event.text
        lines.append(clip(line(front, kind, asked, safe(text)), cells))
    return tuple(lines)


def run_head(
    view: RunView, cells: int, *, colour: int, now: float, is_saving: bool = False, currency: str = "USD"
) -> Line:
    """The first line of a run's screen: name, state, progress, what is left, the metric, the money."""
    tone = f"run{colour}"
    name = line(" ", run_light(view), " ", Span(safe(view.run), f"{tone} bold"))
    parts: list[tuple[int, Line]] = [(0, name), (1, line(run_word(view)))]
    if view.status is Status.ENDED:
        parts.append((2, line(safe(view.cause))))
    elif told := standing(view, now=now, is_saving=is_saving):
        # the head says the state in a word of its own, so the shorter form does
        parts.append((1, told[min(1, len(told) - 1)]))
    if view.is_live:
        done = f"epoch {whole(view.epoch)}" + (f" of {whole(view.total_epochs)}" if view.total_epochs else "")
        step = f"step {whole(view.step)}" + (f" of {whole(view.total_steps)}" if view.total_steps else "")
        parts.append((7, line(Span(bar(view.progress, BAR), tone))))
        parts.append((6, line(percent(view.progress))))
        parts.append((2, line(done if view.epoch is not None else step)))
        if view.eta_seconds is not None and view.status is Status.RUNNING:
            parts.append((3, line(Span("eta ", "dim"), duration(view.eta_seconds))))
    if view.metric:
        best = f" best {number(view.metric.best)}"
        metric = middle(safe(view.metric.name), max(24, cells // 3))
        parts.append((2, line(Span(f"{metric} ", "dim"), number(view.metric.last), best)))
    parts.append((5, gate_lights(view.gates, tight=True)))
    parts.append((4, line(f"{usd(view.usd)} {sign(currency)}")))
    parts.append((8, line(Span(f"ran {duration(view.seconds)}", "dim"))))
    return fold(parts, cells, "  ")
