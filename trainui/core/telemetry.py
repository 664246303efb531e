"""HAND: what the machine is doing, from psutil and NVML. A missing NVML is a reason, never an error."""

from __future__ import annotations

from pathlib import Path

import psutil

from trainui.core.store.views import GpuView, MachineView


def sample(*, at: float, folder: Path) -> MachineView:
    """One look at the machine; `folder` is where the runs are written. `at` is Unix seconds."""
    memory = psutil.virtual_memory()
    gpus, reason = gpus_here()
    return MachineView(
        at=at,
        cpu=psutil.cpu_percent(interval=None) / 100,
        cores=psutil.cpu_count() or 1,
        memory_used=memory.total - memory.available,
        memory_total=memory.total,
        disk_free=psutil.disk_usage(str(folder)).free,
        gpus=gpus,
        no_gpu_reason=reason,
    )


def gpus_here() -> tuple[tuple[GpuView, ...], str]:
    """The GPUs of this machine, or why there is nothing to tell."""
    try:
        import pynvml
    except ImportError:
        return (), "nvidia-ml-py is not installed"
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError as error:
        return (), f"NVML: {error}"
    try:
        handles = [pynvml.nvmlDeviceGetHandleByIndex(index) for index in range(pynvml.nvmlDeviceGetCount())]
        return tuple(_gpu(pynvml, handle) for handle in handles), "" if handles else "NVML finds no GPU"
    except pynvml.NVMLError as error:
        return (), f"NVML: {error}"
    finally:
        pynvml.nvmlShutdown()


def _gpu(nvml: object, handle: object) -> GpuView:
    import pynvml

    def ask(question: str, *more: object) -> float | None:
        """A reading some GPUs do not give (MIG slices, passively cooled cards…)."""
        try:
            return float(getattr(nvml, question)(handle, *more))
        except pynvml.NVMLError:
            return None

    memory = pynvml.nvmlDeviceGetMemoryInfo(handle)
    try:
        utilisation = pynvml.nvmlDeviceGetUtilizationRates(handle).gpu / 100
    except pynvml.NVMLError:
        utilisation = None
    watts = ask("nvmlDeviceGetPowerUsage")
    return GpuView(
        name=_text(pynvml.nvmlDeviceGetName(handle)),
        uuid=_text(pynvml.nvmlDeviceGetUUID(handle)),
        utilisation=utilisation,
        memory_used=int(memory.used),
        memory_total=int(memory.total),
        temperature=ask("nvmlDeviceGetTemperature", pynvml.NVML_TEMPERATURE_GPU),
        watts=None if watts is None else watts / 1000,
    )


def _text(name: str | bytes) -> str:
    """Older bindings answer in bytes."""
    return name.decode() if isinstance(name, bytes) else name
