"""Which runs end before the money does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from trainui.core.costing.standing import Standing, standing
from trainui.core.costing.words import moment
from trainui.core.store.read import Reader
from trainui.core.store.views import RunView


@dataclass(frozen=True, kw_only=True, slots=True)
class RunEnd:
    """When a live run ends, and whether the money lasts until then."""

    run: str
    ends_at: float | None
    """Unix seconds; None: nobody knows."""
    is_before: bool | None
    """Whether it ends before the money does; None where one of the two is not known. True without a budget."""
    basis: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class BudgetOutlook:
    """How long the money lasts, and which runs it lasts for."""

    lasts_until: float | None
    """Unix seconds, the reserve kept back; None when it is not limited, or the machine costs nothing."""
    ends: tuple[RunEnd, ...] = ()
    """Live runs, in the order of their ends; those of which nobody knows last."""
    text: str = ""
    """`budget lasts until 02:10; transformer-3 ends 03:40 (after), mlp-2 ends 01:20 (before)`; '' without a budget."""


def budget_outlook(
    reader: Reader, *, views: Sequence[RunView] | None = None, stands: Standing | None = None
) -> BudgetOutlook:
    """How long the money lasts; `views` are all runs, if somebody has read them."""
    stands = stands or standing(reader, views=views)
    until = stands.lasts_until
    ends = []
    for run, end in stands.ends.items():
        at = stands.ends_at(run)
        is_before = True if until is None else None if at is None else at <= until
        ends.append(RunEnd(run=run, ends_at=at, is_before=is_before, basis=end.basis))
    ends.sort(key=lambda one: (one.ends_at is None, one.ends_at or 0.0, one.run))
    if until is None:
        return BudgetOutlook(lasts_until=None, ends=tuple(ends))
    told = [_told(one, stands.now) for one in ends]
    text = f"budget lasts until {moment(until, stands.now)}" + (f"; {', '.join(told)}" if told else "")
    return BudgetOutlook(lasts_until=until, ends=tuple(ends), text=text)


def _told(one: RunEnd, now: float) -> str:
    if one.ends_at is None:
        return f"when {one.run} ends nobody knows"
    return f"{one.run} ends {moment(one.ends_at, now)} ({'before' if one.is_before else 'after'})"
