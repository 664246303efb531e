"""What of each GPU is whose. Pure.

NVML tells it by pid. Inside a container it tells the pids of the host, or none: then a GPU that one run holds alone
is that run's but for what was used before, and of a shared one there is no number.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from trainui.core.telemetry.nvml import GpuLook, Look

NO_PIDS = "NVML tells no pids here"


@dataclass(frozen=True, kw_only=True, slots=True)
class GpuUse:
    """What a run uses of its GPUs."""

    memory: int | None = None
    """Bytes."""
    utilisation: float | None = None
    """0 to 1, mean over its GPUs."""
    why: str = ""
    """Why a number is missing."""


class Before:
    """What was used on each GPU before any run held it. Times are boot seconds."""

    def __init__(self) -> None:
        self._free: dict[str, deque[tuple[float, int]]] = {}
        self._held: dict[str, int | None] = {}

    def see(self, uuid: str, used: int, at: float, *, held_since: float | None) -> None:
        """Take in a look; `held_since` is when the first of the runs that hold it started, None: it is free."""
        looks = self._free.setdefault(uuid, deque(maxlen=3))
        if held_since is None:
            self._held.pop(uuid, None)
            looks.append((at, used))
        elif uuid not in self._held:
            earlier = [used for at, used in looks if at < held_since]
            self._held[uuid] = earlier[-1] if earlier else None
            looks.clear()

    def used(self, uuid: str) -> int:
        """Bytes; 0 when it was held at the first look."""
        return self._held.get(uuid) or 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Claims:
    """Which runs hold which GPUs, and which processes are theirs."""

    pids: Mapping[str, Collection[int]]
    gpus: Mapping[str, tuple[str, ...]]
    is_outermost: bool
    """Whether the pids NVML tells are the pids we see: there is no container around us."""

    def holders(self, uuid: str) -> list[str]:
        """The runs that hold a GPU."""
        return [run for run, gpus in self.gpus.items() if uuid in gpus]

    def sees(self, look: GpuLook) -> bool:
        """Whether NVML tells who uses this GPU, in pids that mean something here."""
        if look.memory is None:
            return False
        ours = {pid for pids in self.pids.values() for pid in pids}
        return self.is_outermost or any(pid in ours for pid in look.memory)


def uses(claims: Claims, look: Look, before: Before) -> dict[str, GpuUse]:
    """What each run uses of all GPUs together."""
    return {run: _use_of(run, claims, look, before) for run in claims.pids}


def _use_of(run: str, claims: Claims, look: Look, before: Before) -> GpuUse:
    """A run's use: of the GPUs it holds, and of those it uses without."""
    held = claims.gpus.get(run, ())
    there = {one.gpu.uuid: one for one in look.gpus}
    used = [uuid for uuid, one in there.items() if uuid not in held and _is_on(run, claims, one)]
    if not held and not used:
        return GpuUse(why="it holds no GPU")
    memory: list[int | None] = []
    utilisation: list[float | None] = []
    why = ""
    for uuid in (*held, *used):
        if uuid not in there:
            return GpuUse(why=look.lost.get(uuid) or look.reason or f"NVML knows no GPU {uuid}")
        part = _part(run, claims, there[uuid], before)
        memory.append(part.memory)
        utilisation.append(part.utilisation)
        why = why or part.why
    uses = [one for one in utilisation if one is not None]
    return GpuUse(
        memory=None if None in memory else sum(one or 0 for one in memory),
        utilisation=None if None in utilisation else sum(uses) / len(uses),
        why=why,
    )


def _is_on(run: str, claims: Claims, look: GpuLook) -> bool:
    return claims.sees(look) and any(pid in (look.memory or {}) for pid in claims.pids[run])


def _part(run: str, claims: Claims, look: GpuLook, before: Before) -> GpuUse:
    """A run's part of one GPU: by pid, else by exclusion, else unknown with a reason."""
    is_alone = claims.holders(look.gpu.uuid) == [run]
    sees = claims.sees(look)
    why = "" if sees else NO_PIDS
    memory = _by_pid(claims.pids[run], look) if sees else None
    if memory is None and is_alone:
        memory = max(0, look.gpu.memory_used - before.used(look.gpu.uuid))
    elif memory is None:
        why = why or "NVML does not tell the memory of each process here"
    utilisation = None
    if sees and look.utilisation is not None:
        utilisation = min(1.0, sum(look.utilisation.get(pid, 0.0) for pid in claims.pids[run]))
    elif is_alone:
        utilisation = look.gpu.utilisation
    if utilisation is None and not why:
        why = "NVML does not tell the use of " + ("this GPU" if is_alone else "each process here")
    is_whole = memory is not None and utilisation is not None
    return GpuUse(memory=memory, utilisation=utilisation, why="" if is_whole else why)


def _by_pid(pids: Collection[int], look: GpuLook) -> int | None:
    """Bytes of these processes on a GPU; None when one of them is there and its memory is not told."""
    told = look.memory or {}
    ours = [told[pid] for pid in pids if pid in told]
    return None if None in ours else sum(one or 0 for one in ours)


def other_use(claims: Claims, look: GpuLook, before: Before, ours: Collection[str]) -> int:
    """Bytes on a GPU that are not of the runs in `ours`."""
    mine = None
    if claims.sees(look):
        pids = [pid for run in ours for pid in claims.pids.get(run, ())]
        mine = _by_pid(pids, look)
    if mine is not None:
        return max(0, look.gpu.memory_used - mine)
    holders = [run for run in claims.holders(look.gpu.uuid) if run in ours]
    return before.used(look.gpu.uuid) if holders else look.gpu.memory_used
