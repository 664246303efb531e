"""The two lines on top: the money, and the machine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from trainui.ui.present.ink import Span, fold, line, safe
from trainui.ui.present.money import BAR, idle_cost, idle_part, over_part, tone_of
from trainui.ui.present.text import (
    GIB,
    bar,
    clock,
    countdown,
    duration,
    gib,
    money,
    percent,
    plural,
    sign,
    spark,
    usd,
)

if TYPE_CHECKING:
    from trainui.core.store.moneyviews import BudgetView
    from trainui.core.store.views import GpuView, MachineView, RunView
    from trainui.ui.present.ink import Line


def money_line(budget: BudgetView, cells: int, *, title: str, now: float, only_looks: bool = False) -> Line:
    """Who we are, whether we only look, the machine and its rate, spent of the budget, and until when it lasts."""
    parts: list[tuple[int, Line]] = [
        (0, line(Span(" trainui", "bold accent"))),
        (0, line(Span("read only" if only_looks else "", "warn bold"))),
        (5, line(Span(safe(title), "bold"))),
    ]
    if budget.machine or budget.usd_per_hour:
        rate = f"{usd(budget.usd_per_hour)} {sign(budget.currency)}/h"
        parts.append((2, line(Span(safe(budget.machine) + " ", "dim"), rate)))
    if budget.total_usd is None:
        spent = money(budget.spent_usd, budget.currency)
        parts.append((1, line(spent, Span(" spent, no budget set", "dim"))))
        return fold([*parts, *_lost(budget, now)], cells)
    tone = tone_of(budget)
    share = budget.spent_usd / budget.total_usd if budget.total_usd else 1.0
    parts.append(
        (1, line(Span(usd(budget.spent_usd), tone), f" of {money(budget.total_usd, budget.currency)}"))
    )
    parts.append((4, line(Span(bar(share, BAR), tone or "accent"))))
    if budget.left_usd is not None and budget.left_usd <= 0:
        is_some_left = (
            budget.reserve_usd > 0 and budget.spent_usd < budget.total_usd
        )  # idle time eats it, too
        parts.append(
            (3, line(Span("only the reserve is left" if is_some_left else "nothing is left", "bad")))
        )
    elif budget.lasts_until is not None:
        parts.append((3, line(Span("lasts until ", "dim"), Span(clock(budget.lasts_until, now), tone))))
    return fold([*parts, *_lost(budget, now)], cells)


def _lost(budget: BudgetView, now: float) -> list[tuple[int, Line]]:
    """What was paid for nothing: over the budget, idle now, idle in all; each with how soon it gives way."""
    if budget.idle_since is not None:
        idle = (2, idle_part(budget, now))
    else:
        told = f"idle {money(budget.idle_usd, budget.currency)}" if budget.idle_usd >= 0.005 else ""
        idle = (6, line(Span(told, "dim")))
    if budget.left_usd:  # somebody gave more since: it is no longer what matters most
        return [(5, line(Span("".join(span.text for span in over_part(budget)), "dim"))), idle]
    return [(1, over_part(budget)), idle]


def machine_line(machine: MachineView | None, cells: int, *, history: Sequence[float] = ()) -> Line:
    """GPU, memory, heat, watts; then the host. `history`: how busy the first GPU was, oldest first."""
    if machine is None:
        return line(Span(" the machine has not been measured yet", "dim"))
    parts: list[tuple[int, Line]] = []
    if len(machine.gpus) == 1:
        parts += _gpu(machine.gpus[0], history)
    elif machine.gpus:
        parts += _gpus(machine.gpus)
    else:
        parts.append((1, line(Span(" no GPU", "dim"))))
        parts.append((6, line(Span(safe(machine.no_gpu_reason) or "none was found", "dim"))))
    free = gib(machine.disk_free)
    memory = f"{gib(machine.memory_used)} of {gib(machine.memory_total)} GiB"
    parts += [
        (
            4,
            line(
                Span(" cpu ", "dim"),
                percent(machine.cpu),
                Span(f" of {plural(machine.cores, 'core')}", "dim"),
            ),
        ),
        (5, line(Span("ram ", "dim"), memory)),
        (
            2,
            line(
                Span("disk ", "dim"), Span(f"{free} GiB free", "bad" if machine.disk_free < 2 * GIB else "")
            ),
        ),
    ]
    return fold(parts, cells)


def _gpus(gpus: Sequence[GpuView]) -> list[tuple[int, Line]]:
    """How busy each is, in their order; their memory together, the hottest, what all of them draw."""
    busy = [percent(gpu.utilisation).removesuffix(" %") for gpu in gpus]
    names = {safe(gpu.name).removeprefix("NVIDIA ") for gpu in gpus}
    used = f"{gib(sum(gpu.memory_used for gpu in gpus))} of {gib(sum(gpu.memory_total for gpu in gpus))} GiB"
    hot = [gpu.temperature for gpu in gpus if gpu.temperature is not None]
    watts = [gpu.watts for gpu in gpus if gpu.watts is not None]
    return [
        (0, line(Span(f" {len(gpus)} GPUs ", "bold"), f"{' '.join(busy)} %")),
        (7, line(Span(" ".join(sorted(names)), "dim"))),
        (1, line(Span("mem ", "dim"), used)),
        (3, line(f"{max(hot):.0f} °C" if hot else "")),
        (6, line(f"{sum(watts):.0f} W" if watts else "")),
    ]


def _gpu(gpu: GpuView, history: Sequence[float]) -> list[tuple[int, Line]]:
    name = safe(gpu.name).removeprefix("NVIDIA ")
    used = f"{gib(gpu.memory_used)} of {gib(gpu.memory_total)} GiB"
    parts: list[tuple[int, Line]] = [
        (0, line(Span(" GPU0 ", "bold"), f"{percent(gpu.utilisation)}")),
        (7, line(Span(name, "dim"))),
        (8, line(Span(spark(history), "accent"))),
        (1, line(Span("mem ", "dim"), used)),
    ]
    if gpu.temperature is not None:
        parts.append((3, line(f"{gpu.temperature:.0f} °C")))
    if gpu.watts is not None:
        parts.append((6, line(f"{gpu.watts:.0f} W")))
    return parts


def leaving_line(runs: Sequence[RunView], budget: BudgetView, *, now: float) -> str:
    """What stays in the terminal after leaving: what goes on, what it costs, how to come back."""
    live = [view for view in runs if view.is_live]
    waiting = sum(view.status == "queued" for view in runs)
    queue = f", {plural(waiting, 'run')} {'waits' if waiting == 1 else 'wait'}" if waiting else ""
    unit = f"{sign(budget.currency)}/h"
    hints = "".join(f"; {hint}" for hint in _leaving_hints(budget, now, is_idle=not live))
    if not live:
        rate = budget.usd_per_hour
        costs = f"; the machine costs {usd(rate)} {unit} while it is rented" if rate else ""
        return f"nothing is running{queue}{costs}{hints}; trainui brings you back"
    names = ", ".join(safe(view.run) for view in live[:5]) + (" …" if len(live) > 5 else "")
    rates = {f"{view.usd_per_hour:.2f}" for view in live}
    together = sum(view.usd_per_hour for view in live)
    if len(live) == 1:
        return f"1 run goes on ({names}), {rates.pop()} {unit}{queue}{hints}; trainui brings you back"
    each = f"{rates.pop()} {unit} each, " if len(rates) == 1 else ""
    paid = f"{each}{together:.2f} {unit} together"
    return f"{len(live)} runs go on ({names}), {paid}{queue}{hints}; trainui brings you back"


def _leaving_hints(budget: BudgetView, now: float, *, is_idle: bool) -> list[str]:
    """What somebody who leaves should know of the money."""
    hints = []
    if budget.countdown is not None:
        left = countdown(budget.countdown.at - now)
        hints.append(f"on_{safe(budget.countdown.kind)} runs in {left}: trainui budget cancel calls it off")
    if budget.idle_since is not None and budget.usd_per_hour:
        lost = money(idle_cost(budget, now), budget.currency)
        what = "idle for" if is_idle else "no run made progress for"
        hints.append(f"{what} {duration(now - budget.idle_since)} = {lost}")
    if budget.over_usd > 0:
        hints.append(f"{money(budget.over_usd, budget.currency)} over the budget")
    elif budget.lasts_until is not None and not is_idle:
        hints.append(f"the budget lasts until {clock(budget.lasts_until, now)}")
    return hints
