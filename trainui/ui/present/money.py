"""What is told of the money as a whole: strip, ladder, banner, and what a run costs."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING

from trainui.ui.present.ink import Span, clip, fold, join, line, safe, width, wrap
from trainui.ui.present.text import bar, clock, countdown, duration, fine, money, percent, plural, sign, usd

if TYPE_CHECKING:
    from trainui.core.config.model import Ladder
    from trainui.core.costing import RunCost, StartForecast
    from trainui.core.store.moneyviews import BudgetView, CountdownView
    from trainui.core.store.views import RunView
    from trainui.ui.present.ink import Line

BAR = 12
STEPS = ("tell", "admit_no_more", "stop_least", "stop_all")
"""The steps of the ladder, the first to come first."""
STEP_WORDS = {
    "tell": "tell",
    "admit_no_more": "admit no more",
    "stop_least": "stop the least",
    "stop_all": "stop all",
}
"""Step → what it does, in an order."""
_REACHED = {
    "tell": "people were told",
    "admit_no_more": "nothing new starts",
    "stop_least": "the runs worth least are stopped",
    "stop_all": "everything is stopped",
}
_SHARES = {"time": "by the time they hold it", "equal": "equally", "use": "by what they use"}


def tone_of(budget: BudgetView) -> str:
    """How urgent the money is: by the step of the ladder that was reached, else by how much is gone."""
    if budget.step in STEPS:
        return ("", "warn", "bad", "bad")[STEPS.index(budget.step)]
    if budget.total_usd is None or budget.total_usd <= 0:
        return ""
    gone = budget.used if budget.used is not None else budget.spent_usd / budget.total_usd
    return "bad" if gone >= 0.9 else "warn" if gone >= 0.75 else ""


def idle_cost(budget: BudgetView, now: float) -> float:
    """What the machine cost since no run makes progress."""
    return budget.usd_per_hour * max(0.0, now - (budget.idle_since or now)) / 3600


def idle_part(budget: BudgetView, now: float, *, says: str = "idle") -> Line:
    """`idle 14 min = 0.38 $`; empty while a run makes progress."""
    if budget.idle_since is None:
        return ()
    lasted = duration(now - budget.idle_since)
    return line(Span(f"{says} {lasted} = {money(idle_cost(budget, now), budget.currency)}", "warn"))


def over_part(budget: BudgetView) -> Line:
    """`0.12 $ over`: what the idle machine cost when the budget was used up."""
    if budget.over_usd <= 0:
        return ()
    return line(Span(f"{money(budget.over_usd, budget.currency)} over the budget", "bad bold"))


def banner(budget: BudgetView, cells: int, *, now: float, key: str = "C") -> tuple[Line, ...]:
    """What must not be missed: a command that is about to be run, and what is wrong with trainui.toml.

    The countdown comes first, so that a second that passes changes one line. `key` calls it off; empty: not here.
    """
    rows: list[Line] = []
    if budget.countdown is not None:
        rows.append(_counting(budget.countdown, cells, now=now, key=key))
    if budget.problem:
        rows += wrap(line(Span("▲ " + safe(budget.problem), "warn")), cells, 1)[:2]
    return tuple(clip(row, cells) for row in rows)


def _counting(view: CountdownView, cells: int, *, now: float, key: str) -> Line:
    tone = "warn" if view.dry_run else "bad"
    left = countdown(view.at - now) if view.at > now else "now"
    when = f"in {left}" if view.at > now else left
    does = "dry run: says" if view.dry_run else "runs"
    front = line(
        Span(f" ▲ on_{safe(view.kind)} {does} {when}", f"{tone} bold"),
        *((Span(f"  {key} ", "bold accent"), "calls it off") if key else ()),
    )
    parts: list[tuple[int, Line]] = [
        (0, front),
        (2, line(Span(safe(view.reason), ""))),
        (1, line(Span(safe(shlex.join(view.command)), "dim"))),
    ]
    return fold(parts, cells, "  ")


def ladder_line(budget: BudgetView, ladder: Ladder, cells: int) -> Line:
    """`53 % used: people were told   ladder  50 tell  75 admit no more  90 stop the least  100 stop all`."""
    if budget.total_usd is None:
        return ()
    reached = STEPS.index(budget.step) if budget.step in STEPS else -1
    tone = tone_of(budget)
    used = percent(budget.used) if budget.used is not None else "–"
    said = f": {_REACHED[budget.step]}" if reached >= 0 else ""
    front = line(" ", Span(f"{used} used{said}", tone))
    rungs: dict[bool, list[Line]] = {True: [], False: []}
    for place, name in enumerate(STEPS):
        at = getattr(ladder, name)
        if at is None:
            continue
        light = "●" if place <= reached else "○"
        shade = (tone or "calm") if place == reached else "dim"
        for in_words in rungs:
            does = f" {STEP_WORDS[name]}" if in_words else ""
            rungs[in_words].append(line(Span(f"{light} {at:g}{does}", shade)))
    forms = [join([line(Span("ladder", "dim")), *part], "  ") for part in rungs.values()]
    shown = next((form for form in forms if width(front) + 3 + width(form) <= cells), forms[-1])
    return fold([(0, front), (1, shown)], cells)


def budget_lines(
    budget: BudgetView, ladder: Ladder, runs: Sequence[RunView], cells: int, *, now: float
) -> tuple[Line, ...]:
    """The head of the budget screen: the machine, the sums, how fast it goes, the ladder."""
    rows = [
        _machine(budget, cells),
        _sums(budget, cells),
        _pace(budget, runs, cells, now=now),
        ladder_line(budget, ladder, cells),
    ]
    return tuple(row for row in rows if row)


def _machine(budget: BudgetView, cells: int) -> Line:
    rate = f"{usd(budget.usd_per_hour)} {sign(budget.currency)}/h"
    parts: list[tuple[int, Line]] = [
        (0, line(Span(" budget", "head"))),
        (1, line(Span(safe(budget.machine) or "no machine in trainui.toml", "bold"))),
        (2, line(rate)),
        (4, line(Span(plural(budget.gpus, "GPU"), "dim")) if budget.gpus else ()),
        (3, line(Span(f"billed by the {safe(budget.billing)}", "dim"))),
        (5, line(Span(f"runs share it {_SHARES.get(budget.share, safe(budget.share))}", "dim"))),
    ]
    return fold(parts, cells, "  ")


def _sums(budget: BudgetView, cells: int) -> Line:
    tone = tone_of(budget)
    if budget.total_usd is None:
        parts: list[tuple[int, Line]] = [
            (0, line(Span(" spent ", "dim"), Span(money(budget.spent_usd, budget.currency), "bold"))),
            (1, line(Span("no budget is set: trainui budget init", "dim"))),
        ]
    else:
        share = budget.spent_usd / budget.total_usd if budget.total_usd else 1.0
        total = money(budget.total_usd, budget.currency)
        parts = [
            (
                0,
                line(
                    Span(" spent ", "dim"),
                    Span(usd(budget.spent_usd), f"{tone} bold".strip()),
                    f" of {total}",
                ),
            ),
            (6, line(Span(bar(share, BAR), tone or "accent"))),
            (1, _named("left", budget.left_usd, "bad" if (budget.left_usd or 0) <= 0 else "")),
            (3, _named("held", budget.held_usd)),
            (2, _named("reserve", budget.reserve_usd)),
        ]
    parts.append((4, _named("idle", budget.idle_usd) if budget.idle_usd >= 0.005 else ()))
    if budget.gpu_hours:
        parts.append((5, line(f"{budget.gpu_hours:.2f}", Span(" GPU-h", "dim"))))
    parts.append((1, over_part(budget)))
    return fold(parts, cells, "  ")


def _named(name: str, value: float | None, tone: str = "") -> Line:
    return line(Span(f"{name} ", "dim"), Span(usd(value), tone))


def _pace(budget: BudgetView, runs: Sequence[RunView], cells: int, *, now: float) -> Line:
    """How fast it goes, and until when it lasts."""
    unit = f"{sign(budget.currency)}/h"
    live = [view for view in runs if view.is_live]
    parts: list[tuple[int, Line]] = []
    if budget.usd_per_hour:
        wasted = max(0.0, budget.usd_per_hour - sum(view.usd_per_hour for view in live))
        part = f", {usd(wasted)} of it idle" if wasted >= 0.005 else ""
        parts.append((0, line(Span(" burns ", "dim"), f"{usd(budget.usd_per_hour)} {unit}{part}")))
    parts.append((1, lasts_part(budget, now)))
    parts.append((2, idle_part(budget, now, says="no progress for")))
    return fold(parts, cells)


def lasts_part(budget: BudgetView, now: float) -> Line:
    """`lasts until 02:10, 1:10 h from now`; empty where there is no end."""
    if budget.lasts_until is None:
        return ()
    if budget.left_usd is not None and budget.left_usd <= 0:
        return line(Span("nothing may be spent any more", "bad"))
    when = Span(clock(budget.lasts_until, now), tone_of(budget))
    left = budget.lasts_until - now
    rest = f", {duration(left)} from now" if left >= 1 else ", which is now"
    return line(Span("lasts until ", "dim"), when, Span(rest, "dim"))


def run_money(view: RunView, cost: RunCost | None, budget: BudgetView, cells: int, *, now: float) -> Line:
    """What a run cost so far, to its end and to its target, and 1 % of improvement; empty where it costs nothing."""
    if not view.usd and not view.usd_per_hour:
        return ()
    unit = sign(budget.currency)
    gpu_hours = view.gpu_hours if cost is None else cost.gpu_hours
    paid = view.usd if cost is None else max(cost.usd, view.usd)
    parts: list[tuple[int, Line]] = [
        (0, line(Span(" paid ", "dim"), money(paid, budget.currency))),
        (6, line(Span("with its parents" if cost and cost.usd > view.usd + 0.005 else "", "dim"))),
        (5, line(f"{gpu_hours:.2f}", Span(" GPU-h", "dim")) if gpu_hours else ()),
    ]
    if view.is_live:
        parts.append((4, line(f"{usd(view.usd_per_hour)} {unit}/h")))
    if cost is None:
        return fold(parts, cells, "  ")
    if cost.usd_to_end is not None and view.is_live:
        whole = paid + cost.usd_to_end
        to_end = f"+{money(cost.usd_to_end, budget.currency)}"
        parts.append((1, line(Span("to its end ", "dim"), to_end, Span(f" = {usd(whole)}", "dim"))))
        if cost.ends_at is not None and budget.lasts_until is not None and cost.ends_at > budget.lasts_until:
            late = duration(cost.ends_at - budget.lasts_until)
            parts.append((2, line(Span(f"{late} after the money", "warn"))))
    if cost.usd_to_target is not None:
        target = f"to {safe(cost.target) or 'its target'} "
        parts.append((3, line(Span(target, "dim"), f"+{money(cost.usd_to_target, budget.currency)}")))
    if cost.usd_per_percent is not None:
        parts.append((2, line(f"{fine(cost.usd_per_percent)} {unit}", Span(" per 1 % better", "dim"))))
    if cost.usd_to_end is None and view.is_live and view.usd_per_hour:
        parts.append((6, line(Span("nobody knows when it ends", "dim"))))
    return fold(parts, cells, "  ")


def fit_lines(one: StartForecast, cells: int) -> tuple[Line, ...]:
    """What a start will cost, and whether it fits, wrapped: `about 5.2 h, 6.70 $, …: does not fit`."""
    text, mark, verdict = one.text.rpartition(": ")
    if not mark or one.fits is None or (one.fits and not one.problems):
        text, verdict = one.text, ""
    tone = "dim" if one.hours is None else ""
    if one.fits is False:
        tail = Span(verdict, "bad bold")
    elif verdict:
        tail = Span(verdict, "warn bold")
    else:
        tail = Span("it fits" if one.fits and one.lasts_until is not None else "", "ok")
    front = f"{safe(text)}{':' if tail.text else ''}"
    return wrap(line(Span("cost", "dim"), Span(front, tone), tail), cells)
