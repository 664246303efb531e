"""RULE: what a message says: of one fact, or of several together. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo

from trainui.core.money.amounts import sign
from trainui.core.run import Result
from trainui.core.store.outbox import Message
from trainui.core.store.views import RunView
from trainui.core.walltime import local

MOST_LINES = 20
"""Facts that are told one by one in a message; of the rest, how many there are."""
MOST_CHARACTERS = 3000
"""Of one message: what Slack, ntfy and people take."""
MAYBE = "(maybe again) "
"""Before a message of which nobody knows whether it arrived."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Letter:
    """What goes through a channel at once."""

    title: str
    text: str
    is_critical: bool = False
    is_unsure: bool = False


def ended_words(view: RunView, *, currency: str = "USD", tries_again: str = "") -> str:
    """`mlp-3 finished after 2:14 h: best val/mae 92.1, 2.88 $`."""
    told = str(view.result or "ended")
    why = f" ({view.cause})" if view.cause and view.cause != told else ""
    took = f" after {_duration(view.seconds)}" if view.seconds >= 1 else ""
    facts = []
    if view.metric is not None and view.metric.best is not None:
        facts.append(f"best {view.metric.name} {view.metric.best:.4g}")
    if view.usd >= 0.005:
        facts.append(f"{view.usd:.2f} {sign(currency)}")
    if tries_again:
        facts.append(tries_again)
    return f"{view.run} {told}{why}{took}{': ' if facts else ''}{', '.join(facts)}"


def ended_facts(view: RunView) -> dict[str, str]:
    """What a command finds of it in its environment."""
    metric = view.metric
    return {
        "run": view.run,
        "job": view.job,
        "study": view.study,
        "result": str(view.result or ""),
        "cause": view.cause,
        "metric": metric.name if metric else "",
        "best": "" if metric is None or metric.best is None else f"{metric.best:g}",
        "usd": f"{view.usd:.6f}",
        "seconds": f"{view.seconds:.0f}",
    }


def ended_kind(view: RunView) -> str:
    """`lost` for what nobody saw end, or what hung; else `ended`."""
    return "lost" if view.result is Result.LOST or view.cause.startswith("hung") else "ended"


def letter(
    messages: Sequence[Message], *, project: str, is_unsure: bool = False, zone: tzinfo | None = None
) -> Letter:
    """What is said of these facts, in their order."""
    head = MAYBE if is_unsure else ""
    is_critical = any(one.is_critical for one in messages)
    if len(messages) == 1:
        (one,) = messages
        about = one.subject.removeprefix("study:")
        title = f"{project}: {about} {one.kind}" if about else f"{project}: {one.kind}"
        return Letter(
            title=_flat(title),
            text=_cut(head + one.text, MOST_CHARACTERS),
            is_critical=is_critical,
            is_unsure=is_unsure,
        )
    counts = _counts(messages)
    each = (MOST_CHARACTERS - 200) // min(len(messages), MOST_LINES) - 8
    lines = [f"{local(one.at, zone):%H:%M}  {_cut(one.text, each)}" for one in messages[:MOST_LINES]]
    rest = messages[MOST_LINES:]
    if rest:
        lines.append(f"and {len(rest)} more: {_counts(rest)}")
    return Letter(
        title=_flat(f"{project}: {len(messages)} messages"),
        text=f"{head}{len(messages)} messages: {counts}\n" + "\n".join(lines),
        is_critical=is_critical,
        is_unsure=is_unsure,
    )


def _counts(messages: Sequence[Message]) -> str:
    return ", ".join(f"{count} {kind}" for kind, count in Counter(one.kind for one in messages).most_common())


def _flat(text: str) -> str:
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes}:{rest:02d} min" if minutes else f"{rest} s"
    return f"{minutes // 60}:{minutes % 60:02d} h"
