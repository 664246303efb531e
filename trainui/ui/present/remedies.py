"""The remedies of a run, as a person chooses one: what each sets, for what, how often it was tried."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from trainui.core.judging.near import RemedyView
from trainui.core.store.views import RunView
from trainui.ui.present.ink import Line, Span, clip, line, safe
from trainui.ui.present.near import remedy_sets

NONE = "none: as it was, with what is typed"


def answers(one: RemedyView, view: RunView) -> bool:
    """Whether a remedy is for what the run ended of, or for the gate that stopped it."""
    cause = view.cause.replace(" ", "-").lower()
    return bool(one.on) and (one.on == cause or f"gate {one.on}" in view.cause or cause.startswith(one.on))


def in_order(
    remedies: Sequence[RemedyView], view: RunView, called_for: Collection[str] = ()
) -> tuple[RemedyView, ...]:
    """Those for how it ended first, then those that its gates call for, then what can be tried, then advice."""
    return tuple(
        sorted(
            remedies, key=lambda one: (not answers(one, view), one.id not in called_for, bool(one.why_not))
        )
    )


def remedy_lines(
    remedies: Sequence[RemedyView], chosen: str, view: RunView, cells: int, called_for: Collection[str] = ()
) -> tuple[Line, ...]:
    """A line for none, and for each remedy; those that cannot be tried say why."""
    wide = max((len(safe(one.id)) for one in remedies), default=0)
    here = Span("▶ ", "accent")
    rows = [
        line(
            Span("remedy ", "dim"), here if not chosen else "  ", Span(NONE, "" if chosen else "bold accent")
        )
    ]
    for one in remedies:
        is_here = one.id == chosen
        name = Span(safe(one.id).ljust(wide), "bold accent" if is_here else "dim" if one.why_not else "bold")
        what = remedy_sets(one) if one.sets else safe(one.advice)
        fits = (
            Span(" for how it ended", "ok")
            if answers(one, view)
            else Span(f" {safe(one.on) or 'a gate'} calls for it", "ok")
            if one.id in called_for
            else Span(f" for {safe(one.on)}" if one.on else "", "dim")
        )
        tried = one.why_not or f"tried {one.tried} of {one.most}, begins from {begin_word(one.begins)}"
        rows.append(
            line(
                "       ",
                here if is_here else "  ",
                name,
                "  ",
                Span(what, "dim" if one.why_not else ""),
                fits,
                Span(f" ({tried})", "dim"),
            )
        )
    return tuple(clip(row, cells) for row in rows)


def begin_word(begins: str) -> str:
    """`last` as people say it."""
    return {"last": "the newest checkpoint", "best": "the best one", "scratch": "the beginning"}.get(
        begins, begins
    )
