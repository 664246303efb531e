"""The machine as a whole, from psutil; its memory is what this control group may use."""

from __future__ import annotations

from pathlib import Path

import psutil

from trainui.core.store.views import GpuView, MachineView
from trainui.core.telemetry.nvml import gpus_here

LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
"""Where a container says how much memory it may use: far less than the machine has, mostly."""
INSIDE = {
    LIMITS[0]: ("memory.current", "inactive_file"),
    LIMITS[1]: ("memory.usage_in_bytes", "total_inactive_file"),
}
"""Limit → the file beside it that tells the use, and the part of it that is only cached."""


class CpuTimes:
    """Two looks apart, how busy the cores are."""

    def __init__(self) -> None:
        self._last = psutil.cpu_times()

    def busy(self) -> float:
        """0 to 1 over all cores since the last time this was asked."""
        last, self._last = self._last, psutil.cpu_times()
        total = sum(self._last[:8]) - sum(last[:8])  # guest time is in user time already
        idle = self._last.idle - last.idle + self._last.iowait - last.iowait
        return min(1.0, max(0.0, 1 - idle / total)) if total > 0 else 0.0


def machine(
    *, at: float, folder: Path, cpu: float, gpus: tuple[GpuView, ...], no_gpu_reason: str
) -> MachineView:
    """The machine now; `folder` is where the runs are written."""
    used, total = _memory()
    return MachineView(
        at=at,
        cpu=cpu,
        cores=psutil.cpu_count() or 1,
        memory_used=used,
        memory_total=total,
        disk_free=psutil.disk_usage(str(folder)).free,
        gpus=gpus,
        no_gpu_reason=no_gpu_reason,
    )


def sample(*, at: float, folder: Path) -> MachineView:
    """One look at the machine by one who looks once. `at` is Unix seconds."""
    gpus, reason = gpus_here()
    cpu = psutil.cpu_percent(interval=None) / 100
    return machine(at=at, folder=folder, cpu=cpu, gpus=gpus, no_gpu_reason=reason)


def memory_there_is() -> int:
    """Bytes the runs here may use together: the machine's, or the limit of the container."""
    return _memory()[1]


def _memory() -> tuple[int, int]:
    """(used, total) in bytes."""
    whole = psutil.virtual_memory()
    for path in LIMITS:
        limit = _number(Path(path))
        if limit is not None and limit < whole.total:
            name, cached = INSIDE[path]
            used = _number(Path(path).with_name(name))
            if used is not None:
                return max(0, used - _stat(Path(path).with_name("memory.stat"), cached)), limit
    return whole.total - whole.available, whole.total


def _number(path: Path) -> int | None:
    """None where there is no such file, or it says `max`."""
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return None


def _stat(path: Path, name: str) -> int:
    try:
        return int(dict(line.split(maxsplit=1) for line in path.read_text().splitlines()).get(name, 0))
    except (OSError, ValueError):
        return 0
