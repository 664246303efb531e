"""RULE: which queued runs start now, on which GPUs, and what each of the others waits for. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Waiting:
    """A queued run, as the schedule sees it."""

    run: str
    gpus: int = 0
    share: bool = False
    memory_gib: float | None = None
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Holding:
    """A live run and the GPUs it holds."""

    run: str
    gpus: tuple[str, ...] = ()
    share: bool = False
    memory_gib: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Start:
    """Start this run now, on these GPUs (UUIDs)."""

    run: str
    gpus: tuple[str, ...] = ()


def choose(
    waiting: Sequence[Waiting],
    holding: Sequence[Holding],
    *,
    slots: int,
    gpu_memory_gib: Mapping[str, float],
    needs: Mapping[str, str],
    money: str = "",
) -> tuple[list[Start], dict[str, str]]:
    """The runs to start, in the order given, and run → what it waits for, for the rest.

    `gpu_memory_gib` is UUID → memory of each GPU of the machine; without any, GPUs asked for are ignored
    and a CPU slot is taken. `needs` is job → why a run that needs it must wait ("" when satisfied).
    `money` says why nothing may start.
    """
    live = list(holding)
    starts: list[Start] = []
    reasons: dict[str, str] = {}
    for run in waiting:
        unmet = [why for job in run.needs if (why := needs.get(job, f"{job}: no run yet"))]
        gpus = _fitting(run, live, gpu_memory_gib)
        if unmet:
            reasons[run.run] = ", ".join(unmet)
        elif money:
            reasons[run.run] = money
        elif len(live) >= slots:
            reasons[run.run] = f"a slot: {slots} of {slots} taken"
        elif gpus is None:
            reasons[run.run] = f"{run.gpus} free GPU" + ("s" if run.gpus > 1 else "")
        else:
            starts.append(Start(run=run.run, gpus=gpus))
            live.append(Holding(run=run.run, gpus=gpus, share=run.share, memory_gib=run.memory_gib))
    return starts, reasons


def _fitting(run: Waiting, live: Sequence[Holding], memory: Mapping[str, float]) -> tuple[str, ...] | None:
    """GPUs for `run`, the emptiest first; () when it needs none; None when they are not free."""
    if not run.gpus or not memory:
        return ()
    fits: list[tuple[float, str]] = []
    for gpu, total in memory.items():
        others = [holder for holder in live if gpu in holder.gpus]
        used = sum(holder.memory_gib or 0 for holder in others)
        if not others:
            fits.append((0, gpu))
        elif run.share and all(holder.share for holder in others) and used + (run.memory_gib or 0) <= total:
            fits.append((max(used, 1e-9), gpu))
    chosen = tuple(gpu for _, gpu in sorted(fits)[: run.gpus])
    return chosen if len(chosen) == run.gpus else None
