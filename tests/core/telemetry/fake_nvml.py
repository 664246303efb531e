"""An NVML without a GPU: what the real one answers and raises, at the boundary of the library."""

from __future__ import annotations

from types import SimpleNamespace

GIB = 2**30
NOT_AVAILABLE = 2**64 - 1


def process(pid, memory):
    """One line of the lists of running processes."""
    return SimpleNamespace(pid=pid, usedGpuMemory=memory)


def used(pid, at, percent):
    """One sample of a process's use; `at` in µs."""
    return SimpleNamespace(pid=pid, timeStamp=at, smUtil=percent)


class FakeGpu:
    """What one GPU answers. `fails`: calls that raise, with the text or the error."""

    def __init__(self, uuid="GPU-0", *, memory=GIB, use=94, **fails):
        self.uuid = uuid
        self.memory = memory
        self.use = use
        self.compute = []
        self.graphics = []
        self.samples = []
        self.fails = fails
        self.asked_since = []


class FakeNvml(SimpleNamespace):
    """Stands in for the module pynvml."""

    class NVMLError(Exception):
        """What every call may raise."""

        def __init__(self, text, value=999):
            super().__init__(text)
            self.value = value

    class NVMLLibraryMismatchError(Exception):
        """The binding is newer than the driver; of another family."""

    NVML_TEMPERATURE_GPU = 0
    NVML_ERROR_NOT_FOUND = 6

    def __init__(self, *gpus, fails="", is_bytes=False):
        super().__init__(gpus=list(gpus), fails=fails, is_bytes=is_bytes, opened=0, closed=0)

    def _text(self, text):
        return text.encode() if self.is_bytes else text

    def _ask(self, gpu, call):
        error = gpu.fails.get(call)
        if isinstance(error, Exception):
            raise error
        if error:
            raise self.NVMLError(error)
        return gpu

    def nvmlInit(self):
        self.opened += 1
        if self.fails == "init":
            raise self.NVMLError("Driver Not Loaded")

    def nvmlShutdown(self):
        self.closed += 1
        if self.fails == "shutdown":
            raise self.NVMLError("Uninitialized")

    def nvmlDeviceGetCount(self):
        if self.fails == "count":
            raise self.NVMLError("Unknown Error")
        return len(self.gpus)

    def nvmlDeviceGetHandleByIndex(self, index):
        return self._ask(self.gpus[index], "handle")

    def nvmlDeviceGetName(self, gpu):
        return self._text("A100")

    def nvmlDeviceGetUUID(self, gpu):
        return self._text(self._ask(gpu, "uuid").uuid)

    def nvmlDeviceGetMemoryInfo(self, gpu):
        return SimpleNamespace(used=self._ask(gpu, "memory").memory, total=40 * GIB)

    def nvmlDeviceGetUtilizationRates(self, gpu):
        return SimpleNamespace(gpu=self._ask(gpu, "rates").use)

    def nvmlDeviceGetPowerUsage(self, gpu):
        return self._ask(gpu, "power") and 214_000

    def nvmlDeviceGetTemperature(self, gpu, kind):
        return self._ask(gpu, "temperature") and 62

    def nvmlDeviceGetComputeRunningProcesses(self, gpu):
        return self._ask(gpu, "compute").compute

    def nvmlDeviceGetComputeRunningProcesses_v2(self, gpu):
        return self._ask(gpu, "compute_v2").compute

    def nvmlDeviceGetGraphicsRunningProcesses(self, gpu):
        return self._ask(gpu, "graphics").graphics

    def nvmlDeviceGetGraphicsRunningProcesses_v2(self, gpu):
        return self._ask(gpu, "graphics_v2").graphics

    def nvmlDeviceGetProcessUtilization(self, gpu, since):
        gpu.asked_since.append(since)
        self._ask(gpu, "samples")
        if not gpu.samples:
            raise self.NVMLError("Not Found", 6)
        return gpu.samples
