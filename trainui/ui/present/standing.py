"""Where a run stands, in words: what it waits for, what it holds, when it is killed, why it ended."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from trainui.core.run import Status
from trainui.ui.present.ink import Span, line, safe, wrap
from trainui.ui.present.lights import run_light, run_word
from trainui.ui.present.text import clock, countdown

if TYPE_CHECKING:
    from trainui.core.store.views import EventView, RunView
    from trainui.ui.present.ink import Line

ASKED = "asked for"
"""What an event of kind `checkpoint` says when a checkpoint was asked for; any other says that one was saved."""


def saving(events: Iterable[EventView]) -> frozenset[str]:
    """The runs that were asked for a checkpoint and have told of none since; events come oldest first."""
    newest = {event.run: event.text for event in events if event.kind == "checkpoint"}
    return frozenset(run for run, text in newest.items() if text.startswith(ASKED))


def standing(view: RunView, *, now: float, is_saving: bool = False) -> tuple[Line, ...]:
    """What there is to say instead of progress, the longest form first; empty for a run that makes progress."""
    if view.status is Status.QUEUED:
        rank = Span(f"priority {view.priority}  " if view.priority else "")
        return (line(rank, Span(_waits(view), "dim")),)
    if view.status is Status.STOPPING:
        return _stopping(view, now, is_saving=is_saving)
    if view.status is Status.PAUSED:
        what = "its memory and GPUs" if view.gpus else "its memory"
        forms = [f"holds {what}, costs on", f"holds {what}", "holds memory"]
        return tuple(line(Span(form, "warn")) for form in forms)
    if view.status is Status.ENDED:
        when = f" {clock(view.ended_at, now)}" if view.ended_at and not view.cause else ""
        return (line(Span(safe(view.cause) + when, "" if view.cause else "dim")),)
    return ()


def _waits(view: RunView) -> str:
    if view.held:
        return "held: h lets it start"
    waits = safe(view.waits_for) or "its turn"
    return waits if waits.startswith("wait") else f"waits for {waits}"


def _stopping(view: RunView, now: float, *, is_saving: bool) -> tuple[Line, ...]:
    if view.stop_at is None:
        return (line(Span("saving, then it stops", "warn")),) if is_saving else ()
    left = countdown(view.stop_at - now)
    if is_saving:
        forms = [
            f"saving, then it stops; killed in {left}",
            f"saving; killed in {left}",
            f"saving, {left} left",
        ]
    else:
        forms = [f"killed in {left} if it has not ended", f"killed in {left}"]
    return tuple(line(Span(form, "warn")) for form in forms)


def death(view: RunView, cells: int) -> tuple[Line, ...]:
    """How a run ended and what that was read from, a sentence on a line (or more, where it is long)."""
    if view.status is not Status.ENDED or not (view.cause or view.evidence):
        return ()
    light = run_light(view)
    head = line(" ", light, " ", Span(run_word(view), f"{light.tone} bold"))
    cause = line(Span(": ", "dim"), safe(view.cause)) if view.cause else ()
    rows = [line(head, cause)]
    for sentence in view.evidence:
        rows += wrap(line(safe(sentence)), cells, 3)
    return tuple(rows)
