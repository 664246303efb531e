"""RULE: which queued runs start now, on which GPUs, and what each of the others waits for. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

SMALL_GIB = 1.0
"""GPU memory of strangers that a desktop or a driver holds on a GPU that is free for all that."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Waiting:
    """A queued run, as the schedule sees it."""

    run: str
    priority: int = 0
    gpus: int = 0
    share: bool = False
    memory_gib: float | None = None
    """GPU memory it needs at its peak, on each GPU: declared or learnt; None: nobody knows yet."""
    cpus: float = 1
    ram_gib: float = 0
    needs: tuple[str, ...] = ()
    held: str = ""
    """What keeps it back whatever is free: a person, or the pause before a retry."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Holding:
    """A live run and what it holds."""

    run: str
    gpus: tuple[str, ...] = ()
    share: bool = False
    memory_gib: float | None = None
    cpus: float = 1
    ram_gib: float = 0
    """Memory it was promised and has not taken yet."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Gpu:
    """A GPU of the machine, in GiB."""

    total: float
    others: float = 0.0
    """Held by programs that are not runs of ours."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Room:
    """What the machine has."""

    slots: int
    """Runs that may be live at once."""
    cpus: float | None = None
    """CPUs the live runs may ask for together; None: they are not counted."""
    gpus: Mapping[str, Gpu] = field(default_factory=dict)
    """By UUID. Without any, GPUs asked for are ignored."""
    gpu_trouble: str = ""
    """Why the GPUs that were here cannot be seen now: nobody who asks for one starts without."""
    ram_free_gib: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Start:
    """Start this run now, on these GPUs (UUIDs)."""

    run: str
    gpus: tuple[str, ...] = ()


def choose(
    waiting: Sequence[Waiting],
    holding: Sequence[Holding],
    *,
    room: Room,
    needs: Mapping[str, str],
    money: str = "",
) -> tuple[list[Start], dict[str, str]]:
    """The runs to start, in the order given, and run → what it waits for, for the rest.

    `needs` is job → why a run that needs it must wait ("" when satisfied). `money` says why nothing may
    start. What is free goes to the first that fits; but nobody takes what a run of higher priority waits for.
    """
    live = list(holding)
    starts: list[Start] = []
    reasons: dict[str, str] = {}
    wanted: dict[str, Waiting] = {}
    for run in waiting:
        unmet = [why for job in run.needs if (why := needs.get(job, f"{job}: no run yet"))]
        if reason := run.held or ", ".join(unmet) or money:
            reasons[run.run] = reason
            continue
        gpus, what, reason = _place(run, live, room)
        firsts = [wanted[kind] for kind in _asks(run, room) if kind in wanted]
        ahead = next((first for first in firsts if first.priority > run.priority), None)
        if reason:
            reasons[run.run] = reason
            wanted.setdefault(what, run)
        elif ahead is not None:
            reasons[run.run] = f"{ahead.run}, which goes first"
        else:
            starts.append(Start(run=run.run, gpus=gpus))
            live.append(
                Holding(
                    run=run.run, gpus=gpus, share=run.share, memory_gib=run.memory_gib,
                    cpus=run.cpus, ram_gib=run.ram_gib,
                )
            )  # fmt: skip
    return starts, reasons


def _asks(run: Waiting, room: Room) -> list[str]:
    """What of the machine a run takes away from others."""
    asked = {"gpu": run.gpus and room.gpus, "cpu": room.cpus is not None, "ram": run.ram_gib}
    return [kind for kind, is_asked in asked.items() if is_asked]


def _place(run: Waiting, live: Sequence[Holding], room: Room) -> tuple[tuple[str, ...], str, str]:
    """(GPUs, "", "") when there is room for `run`, else ((), what is short, what it waits for)."""
    if len(live) >= room.slots:
        return (), "slot", f"a slot: {room.slots} of {room.slots} taken"
    taken = sum(holder.cpus for holder in live)
    if room.cpus is not None and live and taken + run.cpus > room.cpus:
        return (), "cpu", f"{run.cpus:g} CPU slots: {taken:g} of {room.cpus:g} taken"
    if run.ram_gib and room.ram_free_gib is not None:
        free = room.ram_free_gib - sum(holder.ram_gib for holder in live)
        if free < run.ram_gib:
            return (), "ram", f"{run.ram_gib:g} GiB of memory: {max(free, 0):.1f} free"
    if run.gpus and room.gpu_trouble:
        return (), "gpu", f"its GPU: {room.gpu_trouble}"
    gpus, reason = _gpus(run, live, room.gpus)
    return gpus, "gpu" if reason else "", reason


def _gpus(run: Waiting, live: Sequence[Holding], gpus: Mapping[str, Gpu]) -> tuple[tuple[str, ...], str]:
    """(GPUs for `run`, the emptiest first, "") or ((), why not)."""
    if not run.gpus or not gpus:
        return (), ""
    fits: list[tuple[bool, float, str]] = []
    shortages: list[str] = []
    for uuid, gpu in gpus.items():
        others = [holder for holder in live if uuid in holder.gpus]
        free, shortage = _free(run, gpu, others)
        if shortage:
            shortages.append(shortage)
        else:
            fits.append((bool(others), -free, uuid))
    chosen = tuple(uuid for _, _, uuid in sorted(fits)[: run.gpus])
    if len(chosen) == run.gpus:
        return chosen, ""
    told = sorted({why for why in shortages if why != "taken"})
    reason = f"{run.gpus} free GPU" + ("s" if run.gpus > 1 else "")
    return (), f"{reason}: {', '.join(told)}" if told else reason


def _free(run: Waiting, gpu: Gpu, others: Sequence[Holding]) -> tuple[float, str]:
    """(GiB that would be left for `run`, "") or (0, why it may not have this GPU)."""
    free = gpu.total - gpu.others
    if others:
        if not run.share or not all(holder.share for holder in others):
            return 0, "taken"
        if run.memory_gib is None or any(holder.memory_gib is None for holder in others):
            return 0, "no run of the job has shown yet how much memory it needs"
        free -= sum(holder.memory_gib or 0 for holder in others)
    if run.memory_gib is not None:
        short = f"{run.memory_gib:.3g} GiB needed, {max(free, 0):.3g} of {gpu.total:.3g} free"
        return (0, short) if run.memory_gib > free else (free, "")
    if gpu.others > max(SMALL_GIB, gpu.total / 20):
        return 0, f"another program holds {gpu.others:.3g} of {gpu.total:.3g} GiB"
    return free, ""
