"""One that looks at the machine and at the runs every few seconds, and remembers what the last look found."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from pathlib import Path

from trainui.core.process.identity import boot_seconds
from trainui.core.process.order import MARK
from trainui.core.store.views import MachineView, UsageView
from trainui.core.telemetry import machine, processes
from trainui.core.telemetry.nvml import Look, Nvml
from trainui.core.telemetry.opened import Opened
from trainui.core.telemetry.processes import TICKS, CpuMeter, Process, Roots
from trainui.core.telemetry.shares import Before, Claims, GpuUse, other_use, uses

OUTERMOST = 0xEFFFFFFC
"""The inode of the first pid namespace: the kernel gives it a fixed number."""


class Probe:
    """Holds the last counters, and the session with NVML. `at` is Unix seconds."""

    def __init__(self) -> None:
        self._cores = machine.CpuTimes()
        self._nvml = Nvml()
        self._before = Before()
        self._meters: dict[str, CpuMeter] = {}
        self._opened: dict[str, Opened] = {}
        self._looked: dict[str, float] = {}
        self._own: dict[tuple[int, int], bool] = {}
        self._held_since: dict[str, float] = {}
        self._is_outermost = _is_outermost()
        self._claims = Claims(pids={}, gpus={}, is_outermost=self._is_outermost)
        self._gpus = Look(reason="nobody has looked yet")
        self._gpus_at: float | None = None

    def machine(self, *, at: float, folder: Path) -> MachineView:
        """The machine; `folder` is where the runs are written. Raises OSError when that is gone."""
        look = self._look_at_gpus(at, boot_seconds())
        return machine.machine(
            at=at,
            folder=folder,
            cpu=self._cores.busy(),
            gpus=tuple(one.gpu for one in look.gpus),
            no_gpu_reason=look.reason,
        )

    def usage(self, runs: Mapping[str, Roots], *, at: float, boot: float) -> dict[str, UsageView]:
        """What each of the live runs uses; a run that is not named is forgotten. `boot` is boot seconds.

        A keeper or guard must be named while it lives only: a reused pid would have strangers for children.
        """
        table = processes.look()
        walls = {os.getpid(), *(pid for roots in runs.values() for pid in roots.pair)}
        found = {run: table.of_run(roots, walls=walls, is_ours=self._is_ours) for run, roots in runs.items()}
        self._own = {who: known for who, known in self._own.items() if who[0] in table.by_pid}
        self._held_since = {}
        for roots in runs.values():
            for uuid in roots.gpus:
                since = roots.job.ticks / TICKS
                self._held_since[uuid] = min(since, self._held_since.get(uuid, since))
        look = self._look_at_gpus(at, boot)
        self._claims = Claims(
            pids={run: [one.pid for one in found[run]] for run in runs},
            gpus={run: roots.gpus for run, roots in runs.items()},
            is_outermost=self._is_outermost,
        )
        gpus = uses(self._claims, look, self._before)
        self._meters = {run: self._meters.get(run) or CpuMeter() for run in runs}
        looked, self._looked = self._looked, dict.fromkeys(runs, boot)
        return {run: self._view(run, found[run], gpus[run], at, boot - looked.get(run, boot)) for run in runs}

    def opened(self, *, boot: float) -> dict[str, list[str]]:
        """Run → the files its processes of the last `usage` hold open for writing, absolute paths."""
        self._opened = {run: self._opened.get(run) or Opened() for run in self._claims.pids}
        return {run: self._opened[run].look(pids, boot=boot) for run, pids in self._claims.pids.items()}

    def pids(self) -> dict[str, set[int]]:
        """Run → its processes by the last `usage`."""
        return {run: set(pids) for run, pids in self._claims.pids.items()}

    def other_use(self, uuid: str, ours: Collection[str]) -> int | None:
        """Bytes on a GPU that are not of these runs, by the last `usage`; None when NVML did not tell.

        A run that ended counts as another's until the driver took its memory back.
        """
        look = next((one for one in self._gpus.gpus if one.gpu.uuid == uuid), None)
        return other_use(self._claims, look, self._before, ours) if look else None

    def close(self) -> None:
        """End the session with NVML."""
        self._nvml.close()

    def _view(
        self, run: str, found: Collection[Process], gpu: GpuUse, at: float, seconds: float
    ) -> UsageView:
        """`seconds`: since the look before, 0 at the first."""
        alive = [process for process in found if not process.is_dead]
        meter = self._meters[run]
        ticks = meter.add(found)
        return UsageView(
            run=run,
            at=at,
            cpu=ticks / TICKS / seconds if seconds > 0 else None,
            memory=processes.memory_of(alive),
            gpu_memory=gpu.memory,
            gpu=gpu.utilisation,
            processes=len(alive),
            cpu_seconds=meter.ticks / TICKS,
            why_no_gpu=gpu.why,
        )

    def _look_at_gpus(self, at: float, boot: float) -> Look:
        """One look serves the machine and the runs of the same moment."""
        if self._gpus_at != at:
            self._gpus, self._gpus_at = self._nvml.look(), at
        for one in self._gpus.gpus:
            uuid = one.gpu.uuid
            self._before.see(uuid, one.gpu.memory_used, boot, held_since=self._held_since.get(uuid))
        return self._gpus

    def _is_ours(self, process: Process) -> bool:
        """Whether a keeper or manager, of this database or another, was adopted by a pair."""
        if process.who not in self._own:
            try:
                with open(f"/proc/{process.pid}/environ", "rb") as file:
                    text = b"\0" + file.read()
            except OSError:  # gone, or another user's
                text = b""
            self._own[process.who] = f"\0{MARK}=".encode() in text
        return self._own[process.who]


def _is_outermost() -> bool:
    """Whether the pids we see are those the kernel, and so NVML, sees."""
    try:
        return os.stat("/proc/self/ns/pid").st_ino == OUTERMOST
    except OSError:
        return False
