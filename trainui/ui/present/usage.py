"""What the processes of one run use, as one line."""

from __future__ import annotations

from trainui.core.store.views import RunView, UsageView
from trainui.ui.present.ink import Line, Span, fold, line, safe
from trainui.ui.present.text import GIB, MIB, gib, percent, plural


def usage_line(view: RunView, usage: UsageView | None, cells: int, *, no_gpu: str = "") -> Line:
    """CPU, memory, GPU and processes now, each peak beside; of a run that ended, the peaks.

    `no_gpu`: why the machine has no GPU numbers, for a sample that does not say why itself.
    """
    if usage is None:
        return _peaks(view, cells)
    cores = "–" if usage.cpu is None else f"{usage.cpu:.1f}"
    unit = "core" if cores == "1.0" else "cores"
    parts: list[tuple[int, Line]] = [
        (0, line(Span(" cpu ", "dim"), cores, Span(f" {unit}", "dim"))),
        (1, _amount("mem ", usage.memory, view.peak_memory)),
    ]
    if usage.gpu is not None:
        parts.append((2, line(Span("gpu ", "dim"), percent(usage.gpu))))
    if usage.gpu_memory is not None:
        parts.append((3, _amount("gpu mem ", usage.gpu_memory, view.peak_gpu_memory)))
    parts.append((5, line(Span(plural(usage.processes, "process", "processes"), "dim"))))
    if usage.gpu is None or usage.gpu_memory is None:
        given = "" if view.gpus else "it was given no GPU"
        why = safe(usage.why_no_gpu or no_gpu or given)
        parts.append((4, line(Span(f"no GPU numbers: {why}" if why else "no GPU numbers", "dim"))))
    return fold(parts, cells)


def _peaks(view: RunView, cells: int) -> Line:
    parts: list[tuple[int, Line]] = []
    if view.peak_memory:
        parts.append((0, line(Span(" peak mem ", "dim"), amount(view.peak_memory))))
    if view.peak_gpu_memory:
        parts.append((1, line(Span("peak gpu mem ", "dim"), amount(view.peak_gpu_memory))))
    if not parts and view.is_live:
        parts.append((0, line(Span(" what it uses has not been measured yet", "dim"))))
    return fold(parts, cells)


def _amount(name: str, now: int, peak: int) -> Line:
    return line(Span(name, "dim"), amount(now), Span(", peak ", "dim"), amount(max(now, peak)))


def amount(size: int) -> str:
    """Bytes as `640 MiB` or `11.3 GiB`."""
    return f"{gib(size)} GiB" if size >= GIB else f"{round(size / MIB)} MiB"
