"""NVML, the only place that says pynvml. Any call may fail at any time; what is left is told, with the reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from trainui.core.store.views import GpuView

SELDOM = 32
"""Looks between attempts to open an NVML anew that stays broken."""


@dataclass(frozen=True, kw_only=True, slots=True)
class GpuLook:
    """One GPU at one moment, and who uses it."""

    gpu: GpuView
    memory: Mapping[int, int | None] | None = None
    """Bytes by pid, None for a process whose memory is not told; None where no processes are told."""
    utilisation: Mapping[int, float] | None = None
    """0 to 1 by pid since the look before; None where it is not told."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """All GPUs at one moment."""

    gpus: tuple[GpuLook, ...] = ()
    reason: str = ""
    """Why there are none, or why one of them is missing."""
    lost: Mapping[str, str] = field(default_factory=dict)
    """UUID of a GPU that was there and fails now → the reason."""


class Nvml:
    """A session with NVML that is kept open between looks and opened anew after an error.

    One that stays broken is tried again after 1, 2, 4… looks: opening may take a second.
    """

    def __init__(self) -> None:
        self._nvml: Any = None
        self._failures = 0
        self._reason = ""
        self._uuids: dict[int, str] = {}
        self._since: dict[str, int] = {}
        """UUID → time of the newest utilisation sample seen, µs as NVML counts."""

    def look(self, *, processes: bool = True) -> Look:
        """What NVML tells now; `processes`: also who uses each GPU. Raises nothing."""
        if self._nvml is None and not self._open():
            return Look(reason=self._reason)
        try:
            count = int(self._nvml.nvmlDeviceGetCount())
        except _errors(self._nvml) as error:
            self._fail(f"NVML: {error}")
            return Look(reason=self._reason)
        gpus, lost, reasons = [], {}, []
        for index in range(count):
            try:
                gpus.append(self._gpu(index, processes=processes))
            except _errors(self._nvml) as error:
                reasons.append(f"NVML: GPU {index}: {error}")
                if index in self._uuids:
                    lost[self._uuids[index]] = reasons[-1]
        for index, uuid in self._uuids.items():
            if index >= count and all(look.gpu.uuid != uuid for look in gpus):
                lost[uuid] = f"NVML: GPU {index} is no longer there"
        if reasons:
            self._fail("; ".join(reasons))
        else:
            self._failures = 0
        return Look(
            gpus=tuple(gpus), reason="; ".join(reasons) or ("" if count else "NVML finds no GPU"), lost=lost
        )

    def close(self) -> None:
        """End the session, if there is one; the next look opens another."""
        nvml, self._nvml = self._nvml, None
        if nvml is not None:
            try:
                nvml.nvmlShutdown()
            except _errors(nvml):
                return

    def _open(self) -> bool:
        failures = self._failures
        if failures & (failures - 1) and failures % SELDOM:
            self._failures += 1
            return False
        try:
            import pynvml
        except ImportError:
            self._fail("nvidia-ml-py is not installed")
            return False
        try:
            pynvml.nvmlInit()
        except _errors(pynvml) as error:
            self._fail(f"NVML: {error}")
            return False
        self._nvml = pynvml
        return True

    def _fail(self, reason: str) -> None:
        """Note an error; the session is opened anew before the next look, or later when that did not help."""
        self._failures += 1
        self._reason = reason
        failures = self._failures
        if not failures & (failures - 1) or failures % SELDOM == 0:
            self.close()

    def _gpu(self, index: int, *, processes: bool) -> GpuLook:
        nvml = self._nvml
        handle = nvml.nvmlDeviceGetHandleByIndex(index)
        memory = nvml.nvmlDeviceGetMemoryInfo(handle)
        rates = self._ask("nvmlDeviceGetUtilizationRates", handle)
        watts = self._ask("nvmlDeviceGetPowerUsage", handle)
        temperature = self._ask("nvmlDeviceGetTemperature", handle, nvml.NVML_TEMPERATURE_GPU)
        uuid = self._uuids[index] = _text(nvml.nvmlDeviceGetUUID(handle))
        gpu = GpuView(
            name=_text(nvml.nvmlDeviceGetName(handle)),
            uuid=uuid,
            utilisation=None if rates is None else rates.gpu / 100,
            memory_used=int(memory.used),
            memory_total=int(memory.total),
            temperature=None if temperature is None else float(temperature),
            watts=None if watts is None else watts / 1000,
        )
        if not processes:
            return GpuLook(gpu=gpu)
        return GpuLook(gpu=gpu, memory=self._memory(handle), utilisation=self._utilisation(handle, uuid))

    def _ask(self, question: str, *more: object) -> Any:
        """A reading some GPUs, drivers or bindings do not give: None then."""
        try:
            return getattr(self._nvml, question)(*more)
        except _errors(self._nvml):
            return None

    def _memory(self, handle: object) -> dict[int, int | None] | None:
        """Bytes by pid. A process that computes and draws is in both lists, with the same number."""
        told: dict[int, int | None] = {}
        is_told = False
        for kind in ("Compute", "Graphics"):
            question = f"nvmlDeviceGet{kind}RunningProcesses"
            processes = self._ask(question, handle)
            if processes is None:  # a driver older than the binding
                processes = self._ask(f"{question}_v2", handle)
            is_told = is_told or processes is not None
            for process in processes or ():
                used = process.usedGpuMemory
                if used is not None and used >= 2**63:  # NVML_VALUE_NOT_AVAILABLE
                    used = None
                pid = int(process.pid)
                told[pid] = used if told.get(pid) is None else max(told[pid] or 0, used or 0)
        return told if is_told else None

    def _utilisation(self, handle: object, uuid: str) -> dict[int, float] | None:
        """Use of the multiprocessors by pid, the newest sample since the look before."""
        since = self._since.get(uuid, 0)
        try:
            samples = self._nvml.nvmlDeviceGetProcessUtilization(handle, since)
        except _errors(self._nvml) as error:
            # nothing new is told as an error, by some bindings as the error 0
            nothing = (0, getattr(self._nvml, "NVML_ERROR_NOT_FOUND", 6))
            return {} if getattr(error, "value", None) in nothing else None
        newest: dict[int, tuple[int, float]] = {}
        for sample in samples:
            pid, at = int(sample.pid), int(sample.timeStamp)
            if pid > 0 and at > since and at > newest.get(pid, (0, 0.0))[0]:
                newest[pid] = at, min(1.0, sample.smUtil / 100)
        self._since[uuid] = max([since, *(at for at, _ in newest.values())])
        return {pid: use for pid, (_, use) in newest.items()}


def gpus_here() -> tuple[tuple[GpuView, ...], str]:
    """The GPUs of this machine, or why there is nothing to tell."""
    nvml = Nvml()
    look = nvml.look(processes=False)
    nvml.close()
    return tuple(one.gpu for one in look.gpus), look.reason


def _errors(nvml: Any) -> tuple[type[BaseException], ...]:
    """What a call may raise. A binding that is newer than the driver has an error of another family for that."""
    return (nvml.NVMLError, getattr(nvml, "NVMLLibraryMismatchError", nvml.NVMLError), AttributeError)


def _text(name: str | bytes) -> str:
    """Older bindings answer in bytes."""
    return name.decode(errors="replace") if isinstance(name, bytes) else name
