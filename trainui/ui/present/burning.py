"""From the money to its burn-down picture, and to the line that says which run ends before it does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from trainui.core.costing import RunCost
from trainui.core.store.moneyviews import BudgetView
from trainui.core.store.views import RunView
from trainui.ui.book import Book
from trainui.ui.plot.burndown import Burndown, End, Level
from trainui.ui.present.ink import Line, Span, fold, line, safe
from trainui.ui.present.money import STEP_WORDS, STEPS
from trainui.ui.present.text import clock, duration, money, usd

MOST_ENDS = 6
"""Runs whose ends are marked; more could not be told apart."""


def ends_at(view: RunView, cost: RunCost | None, now: float) -> float | None:
    """When a live run is expected to end."""
    if not view.is_live:
        return None
    if cost is not None and cost.ends_at is not None:
        return cost.ends_at
    return now + view.eta_seconds if view.eta_seconds is not None else None


def expected_ends(
    runs: Sequence[RunView], costs: Mapping[str, RunCost], now: float
) -> tuple[tuple[RunView, float], ...]:
    """The live runs of which an end is known, the first to end first."""
    found = [(view, ends_at(view, costs.get(view.run), now)) for view in runs]
    known = [(view, at) for view, at in found if at is not None]
    return tuple(sorted(known, key=lambda pair: pair[1]))


def burndown(
    budget: BudgetView,
    book: Book,
    runs: Sequence[RunView],
    costs: Mapping[str, RunCost],
    *,
    now: float,
) -> Burndown:
    """The picture. With a budget what is left falls, without one what was spent rises."""
    total = budget.total_usd
    points = [(point.at, point.usd if total is None else total - point.usd) for point in book.burn]
    if points and points[-1][0] < now:
        points.append((now, points[-1][1]))
    ends = expected_ends(runs, costs, now)
    gone = budget.lasts_until
    marks = [
        End(at=at, label=safe(view.run), tone="calm" if gone is None or at <= gone else "warn")
        for view, at in ends[:MOST_ENDS]
    ]
    if gone is not None and gone > now:
        is_short = any(at > gone for _, at in ends)
        marks.append(End(at=gone, label=f"money ends {clock(gone, now)}", tone="bad" if is_short else "dim"))
    return Burndown(
        points=tuple(points),
        now=now,
        per_hour=budget.usd_per_hour,
        falls=total is not None,
        top=total,
        levels=_levels(budget, book),
        ends=tuple(marks),
    )


def _levels(budget: BudgetView, book: Book) -> tuple[Level, ...]:
    """The reserve and the steps of the ladder, as sums that are left then."""
    if budget.total_usd is None:
        return ()
    may = budget.total_usd - budget.reserve_usd
    levels = [Level(left=budget.reserve_usd, label=f"reserve {usd(budget.reserve_usd)}")]
    for name in STEPS[:-1]:
        at = getattr(book.ladder, name)
        if at is not None:
            left = budget.total_usd - may * at / 100
            levels.append(Level(left=left, label=f"{at:g} % {STEP_WORDS[name]}"))
    return tuple(levels[0 if budget.reserve_usd > 0 else 1 :])


def picture_title(budget: BudgetView) -> str:
    """What the border of the picture says."""
    left = "spent" if budget.total_usd is None else "left, with the reserve"
    unit = money(0, budget.currency).split(" ", 1)[1]
    return f"burn-down: {unit} {left}" if budget.total_usd is not None else f"{unit} {left}"


def ends_line(
    budget: BudgetView, runs: Sequence[RunView], costs: Mapping[str, RunCost], cells: int, *, now: float
) -> Line:
    """`mlp-2 ends 01:31, before the money   transformer-3 02:12, 2 min after`; '' where no end is known."""
    ends = expected_ends(runs, costs, now)
    if not ends or budget.total_usd is None:
        return ()
    gone = budget.lasts_until
    parts: list[tuple[int, Line]] = []
    for place, (view, at) in enumerate(ends):
        when = f" ends {clock(at, now)}"
        if gone is None or at <= gone:
            verdict = Span(", in time", "dim")
        else:
            verdict = Span(f", {duration(at - gone)} after the money", "warn")
        # those that end too late are what matters: they are the last to go
        weight = place + (100 if gone is None or at <= gone else 0)
        parts.append((weight, line(Span(safe(view.run), "bold"), when, verdict)))
    return line(" ", fold(parts, cells - 1))
