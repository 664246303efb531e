"""The two lines on top: the money, and the machine."""

from __future__ import annotations

from collections.abc import Sequence

from trainui.core.store.moneyviews import BudgetView
from trainui.core.store.views import GpuView, MachineView, RunView
from trainui.ui.present.ink import Line, Span, fold, line, safe
from trainui.ui.present.text import GIB, bar, clock, gib, percent, plural, spark, usd

BAR = 12


def money_line(budget: BudgetView, cells: int, *, title: str, now: float) -> Line:
    """Who we are, the machine and its rate, spent of the budget, and until when it lasts."""
    parts: list[tuple[int, Line]] = [
        (0, line(Span(" trainui", "bold accent"))),
        (5, line(Span(safe(title), "bold"))),
    ]
    if budget.machine or budget.usd_per_hour:
        rate = f"{usd(budget.usd_per_hour)} $/h"
        parts.append((2, line(Span(safe(budget.machine) + " ", "dim"), rate)))
    if budget.total_usd is None:
        parts.append((1, line(f"{usd(budget.spent_usd)} $", Span(" spent, no budget set", "dim"))))
        return fold(parts, cells)
    tone = _money_tone(budget)
    share = budget.spent_usd / budget.total_usd if budget.total_usd else 1.0
    parts.append((1, line(Span(usd(budget.spent_usd), tone), f" of {usd(budget.total_usd)} $")))
    parts.append((4, line(Span(bar(share, BAR), tone or "accent"))))
    if budget.left_usd is not None and budget.left_usd <= budget.reserve_usd:
        parts.append((3, line(Span(f"{usd(budget.left_usd)} $ left", "bad"))))
    elif budget.lasts_until is not None:
        parts.append((3, line(Span("lasts until ", "dim"), Span(clock(budget.lasts_until, now), tone))))
    if budget.idle_usd >= 0.005:
        parts.append((6, line(Span(f"idle {usd(budget.idle_usd)} $", "dim"))))
    return fold(parts, cells)


def _money_tone(budget: BudgetView) -> str:
    if budget.total_usd is None or budget.total_usd <= 0:
        return ""
    share = budget.spent_usd / budget.total_usd
    return "bad" if share >= 0.9 else "warn" if share >= 0.75 else ""


def machine_line(machine: MachineView | None, cells: int, *, history: Sequence[float] = ()) -> Line:
    """GPU, memory, heat, watts; then the host. `history`: how busy the first GPU was, oldest first."""
    if machine is None:
        return line(Span(" the machine has not been measured yet", "dim"))
    parts: list[tuple[int, Line]] = []
    for index, gpu in enumerate(machine.gpus):
        parts += _gpu(index, gpu, history if index == 0 else ())
    if not machine.gpus:
        reason = safe(machine.no_gpu_reason) or "none found"
        parts.append((6, line(Span(f" no GPU: {reason}", "dim"))))
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


def _gpu(index: int, gpu: GpuView, history: Sequence[float]) -> list[tuple[int, Line]]:
    name = safe(gpu.name).removeprefix("NVIDIA ")
    used = f"{gib(gpu.memory_used)} of {gib(gpu.memory_total)} GiB"
    parts: list[tuple[int, Line]] = [
        (0, line(Span(f" GPU{index} ", "bold"), f"{percent(gpu.utilisation)}")),
        (7, line(Span(name, "dim"))),
        (8, line(Span(spark(history), "accent"))),
        (1, line(Span("mem ", "dim"), used)),
    ]
    if gpu.temperature is not None:
        parts.append((3, line(f"{gpu.temperature:.0f} °C")))
    if gpu.watts is not None:
        parts.append((6, line(f"{gpu.watts:.0f} W")))
    return parts


def leaving_line(runs: Sequence[RunView], budget: BudgetView) -> str:
    """What stays in the terminal after leaving: what goes on, what it costs, how to come back."""
    live = [view for view in runs if view.is_live]
    waiting = sum(view.status == "queued" for view in runs)
    queue = f", {plural(waiting, 'run')} {'waits' if waiting == 1 else 'wait'}" if waiting else ""
    if not live:
        idle = (
            f"; the machine costs {usd(budget.usd_per_hour)} $/h while it is rented"
            if budget.usd_per_hour
            else ""
        )
        return f"nothing is running{queue}{idle}; trainui brings you back"
    names = ", ".join(safe(view.run) for view in live[:5]) + (" …" if len(live) > 5 else "")
    rates = {f"{view.usd_per_hour:.2f}" for view in live}
    each = (
        f"{rates.pop()} $/h each"
        if len(rates) == 1
        else f"{sum(v.usd_per_hour for v in live):.2f} $/h together"
    )
    if len(live) == 1:
        return f"1 run goes on ({names}), {each.removesuffix(' each')}{queue}; trainui brings you back"
    return f"{len(live)} runs go on ({names}), {each}{queue}; trainui brings you back"
