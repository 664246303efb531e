"""Verdicts and states as lights: a shape first, a tone second. Red is only for what needs a person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from trainui.core.run import Result, Status
from trainui.ui.present.ink import Span, line

if TYPE_CHECKING:
    from trainui.core.store.views import RunView
    from trainui.ui.present.ink import Line

VERDICTS: dict[str, Span] = {
    "passed": Span("✔", "ok"),
    "ok": Span("●", "calm"),
    "warn": Span("▲", "warn"),
    "tripped": Span("✖", "bad"),
    "failed": Span("✖", "bad"),
    "unknown": Span("?", "warn"),
    "pending": Span("○", "dim"),
}
"""Verdict → light, in the order they are shown."""

_RESULTS = {
    Result.FINISHED: Span("✔", "ok"),
    Result.FAILED: Span("✖", "bad"),
    Result.STOPPED: Span("■", "dim"),
    Result.LOST: Span("?", "bad"),
}
_STATUSES = {
    Status.QUEUED: Span("○", "dim"),
    Status.STARTING: Span("○", "calm"),
    Status.RUNNING: Span("●", "calm"),
    Status.PAUSED: Span("‖", "warn"),
    Status.STOPPING: Span("■", "warn"),
}


def verdict_light(verdict: str) -> Span:
    """The light of a verdict; a word that is not known is `unknown`, loudly."""
    return VERDICTS.get(verdict, VERDICTS["unknown"])


def run_light(view: RunView) -> Span:
    """The light before a run's name."""
    if view.held:
        return Span("‖", "dim")
    if view.status is not Status.ENDED:
        return _STATUSES[view.status]
    if view.result is Result.STOPPED and view.cause.startswith("gate"):
        return Span("✖", "warn")
    return _RESULTS[view.result] if view.result else Span("?", "warn")


def run_word(view: RunView) -> str:
    """`running`, `held`, or how it ended."""
    if view.held:
        return "held"
    return str(view.result) if view.status is Status.ENDED and view.result else str(view.status)


def gate_lights(gates: Mapping[str, int], *, tight: bool = False) -> Line:
    """`✔ 3  ● 5  ▲ 1`: how many gates stand where; tight leaves out the spaces and what is pending."""
    parts: list[Span] = []
    seen: dict[Span, int] = {}
    for verdict, count in gates.items():
        if not count:
            continue
        light = verdict_light(verdict)
        seen[light] = seen.get(light, 0) + count
    for light in dict.fromkeys(VERDICTS.values()):
        count = seen.get(light, 0)
        if not count or (tight and light.text == "○" and len(seen) > 1):
            continue
        if parts:
            parts.append(Span(" " if tight else "  "))
        tone = light.tone if light.tone in ("bad", "warn") else ""
        parts += [light, Span(f"{count}" if tight else f" {count}", tone)]
    return line(*parts)
