"""The machine's sample, against a fake NVML at the library's boundary."""

import sys
from types import SimpleNamespace

import pytest

from trainui.core import telemetry


class FakeNvml(SimpleNamespace):
    """Two GPUs, of which one does not tell its power or use."""

    class NVMLError(Exception):
        """What every call may raise."""

    NVML_TEMPERATURE_GPU = 0

    def __init__(self, *, fails="", bytes_names=False):
        super().__init__(fails=fails, bytes_names=bytes_names, closed=0)

    def nvmlInit(self):
        if self.fails == "init":
            raise self.NVMLError("Driver Not Loaded")

    def nvmlShutdown(self):
        self.closed += 1

    def nvmlDeviceGetCount(self):
        if self.fails == "count":
            raise self.NVMLError("GPU is lost")
        return 2

    def nvmlDeviceGetHandleByIndex(self, index):
        return index

    def nvmlDeviceGetName(self, handle):
        return b"A100" if self.bytes_names else "A100"

    def nvmlDeviceGetUUID(self, handle):
        return f"GPU-{handle}"

    def nvmlDeviceGetMemoryInfo(self, handle):
        return SimpleNamespace(used=2**30, total=40 * 2**30)

    def nvmlDeviceGetUtilizationRates(self, handle):
        if handle == 1:
            raise self.NVMLError("Not Supported")
        return SimpleNamespace(gpu=94)

    def nvmlDeviceGetPowerUsage(self, handle):
        if handle == 1:
            raise self.NVMLError("Not Supported")
        return 214_000

    def nvmlDeviceGetTemperature(self, handle, kind):
        return 62


@pytest.mark.parametrize("bytes_names", [False, True])
def test_what_a_gpu_does_not_tell_is_none(monkeypatch, bytes_names):
    fake = FakeNvml(bytes_names=bytes_names)
    monkeypatch.setitem(sys.modules, "pynvml", fake)
    (first, second), reason = telemetry.gpus_here()
    assert (first.name, first.uuid, first.utilisation, first.watts) == ("A100", "GPU-0", 0.94, 214.0)
    assert (second.utilisation, second.watts, second.temperature) == (None, None, 62.0)
    assert reason == ""
    assert fake.closed == 1


@pytest.mark.parametrize("fails", ["init", "count"])
def test_a_failing_nvml_is_a_reason_and_stops_nothing(monkeypatch, tmp_path, fails):
    monkeypatch.setitem(sys.modules, "pynvml", FakeNvml(fails=fails))
    view = telemetry.sample(at=1.0, folder=tmp_path)
    assert view.gpus == ()
    assert view.no_gpu_reason.startswith("NVML:")
    assert view.cores >= 1
    assert view.memory_total > 0
