"""What NVML tells, against a fake of it at the library's boundary: every call may fail, and nothing is raised."""

import sys

import pytest
from fake_nvml import GIB, NOT_AVAILABLE, FakeGpu, FakeNvml, process, used

from trainui.core import telemetry
from trainui.core.telemetry.nvml import Nvml


@pytest.fixture
def library(monkeypatch):
    """Puts a fake in the place of pynvml."""

    def put(*gpus, **given):
        fake = FakeNvml(*gpus, **given)
        monkeypatch.setitem(sys.modules, "pynvml", fake)
        return fake

    return put


@pytest.mark.parametrize("is_bytes", [False, True])
def test_what_a_gpu_does_not_tell_is_none(library, is_bytes):
    silent = FakeGpu("GPU-1", rates="Not Supported", power="Not Supported", temperature="Not Supported")
    fake = library(FakeGpu("GPU-0"), silent, is_bytes=is_bytes)
    (first, second), reason = telemetry.gpus_here()
    assert (first.name, first.uuid, first.utilisation, first.watts) == ("A100", "GPU-0", 0.94, 214.0)
    assert (second.utilisation, second.watts, second.temperature) == (None, None, None)
    assert reason == ""
    assert fake.closed == 1


@pytest.mark.parametrize("fails", ["init", "count"])
def test_a_failing_nvml_is_a_reason_and_stops_nothing(library, tmp_path, fails):
    library(FakeGpu(), fails=fails)
    view = telemetry.sample(at=1.0, folder=tmp_path)
    assert view.gpus == ()
    assert view.no_gpu_reason.startswith("NVML:")
    assert view.cores >= 1
    assert view.memory_total > 0


def test_a_machine_without_the_binding_says_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "pynvml", None)
    assert Nvml().look().reason == "nvidia-ml-py is not installed"


def test_a_machine_without_gpus_says_so(library):
    library()
    assert Nvml().look().reason == "NVML finds no GPU"


def test_the_session_is_kept_open_between_looks(library):
    fake = library(FakeGpu())
    nvml = Nvml()
    for _ in range(5):
        assert len(nvml.look().gpus) == 1
    assert (fake.opened, fake.closed) == (1, 0)
    nvml.close()
    assert fake.closed == 1


def test_after_an_error_the_session_is_opened_anew(library):
    fake = library(FakeGpu())
    nvml = Nvml()
    assert nvml.look().gpus
    fake.fails = "count"
    assert nvml.look().reason == "NVML: Unknown Error"
    fake.fails = ""
    look = nvml.look()
    assert (len(look.gpus), look.reason) == (1, "")
    assert (fake.opened, fake.closed) == (2, 1)


def test_an_nvml_that_stays_broken_is_tried_less_and_less(library):
    fake = library(FakeGpu(), fails="init")
    nvml = Nvml()
    for _ in range(200):
        assert nvml.look().reason == "NVML: Driver Not Loaded"
    assert 5 < fake.opened < 20
    fake.fails = ""
    looks = [bool(nvml.look().gpus) for _ in range(40)]
    assert looks[-1], "and found when it comes back"


def test_a_gpu_that_fell_off_the_bus_takes_no_other_with_it(library):
    lost = FakeGpu("GPU-1")
    fake = library(FakeGpu("GPU-0"), lost)
    nvml = Nvml()
    assert [one.gpu.uuid for one in nvml.look().gpus] == ["GPU-0", "GPU-1"]
    lost.fails["memory"] = "GPU is lost"
    for _ in range(100):
        look = nvml.look()
        assert [one.gpu.uuid for one in look.gpus] == ["GPU-0"]
        assert look.reason == "NVML: GPU 1: GPU is lost"
        assert look.lost == {"GPU-1": "NVML: GPU 1: GPU is lost"}
    assert fake.opened < 15
    lost.fails.clear()
    assert len(nvml.look().gpus) == 2


def test_a_gpu_that_is_no_longer_counted_is_told_as_lost(library):
    fake = library(FakeGpu("GPU-0"), FakeGpu("GPU-1"))
    nvml = Nvml()
    nvml.look()
    fake.gpus.pop()
    assert nvml.look().lost == {"GPU-1": "NVML: GPU 1 is no longer there"}


def test_an_error_at_the_close_is_swallowed(library):
    fake = library(FakeGpu())
    nvml = Nvml()
    nvml.look()
    fake.fails = "shutdown"
    nvml.close()
    assert fake.closed == 1


def test_the_memory_of_a_process_is_counted_once_and_may_be_unknown(library):
    gpu = FakeGpu()
    gpu.compute = [process(10, GIB), process(11, None), process(12, NOT_AVAILABLE), process(14, None)]
    gpu.graphics = [process(10, GIB), process(13, 5), process(14, 7)]
    library(gpu)
    (look,) = Nvml().look().gpus
    assert look.memory == {10: GIB, 11: None, 12: None, 13: 5, 14: 7}


def test_a_driver_older_than_the_binding_is_asked_as_it_wants(library):
    new = FakeNvml.NVMLLibraryMismatchError("Unversioned function called")
    gpu = FakeGpu(compute=new, graphics=new)
    gpu.compute = [process(10, GIB)]
    library(gpu)
    (look,) = Nvml().look().gpus
    assert look.memory == {10: GIB}


def test_where_no_list_of_processes_is_told_there_is_none(library):
    mute = "Not Supported"
    gpu = FakeGpu(compute=mute, compute_v2=mute, graphics=mute, graphics_v2=mute, samples=mute)
    library(gpu)
    (look,) = Nvml().look().gpus
    assert (look.memory, look.utilisation) == (None, None)
    assert look.gpu.utilisation == 0.94


def test_the_use_of_a_process_is_its_newest_sample_since_the_look_before(library):
    gpu = FakeGpu()
    gpu.samples = [
        used(10, 100, 20),
        used(10, 300, 40),
        used(10, 200, 60),
        used(11, 250, 130),
        used(0, 400, 5),
    ]
    library(gpu)
    nvml = Nvml()
    (look,) = nvml.look().gpus
    assert look.utilisation == {10: 0.4, 11: 1.0}
    (look,) = nvml.look().gpus
    assert look.utilisation == {}, "samples that were seen are not told again"
    gpu.samples = [used(10, 300, 40), used(10, 350, 70)]
    (look,) = nvml.look().gpus
    assert look.utilisation == {10: 0.7}
    assert gpu.asked_since == [0, 300, 300]


@pytest.mark.parametrize("value", [0, 6])
def test_no_sample_since_the_look_before_is_no_use(library, value):
    gpu = FakeGpu(samples=FakeNvml.NVMLError("nothing", value))
    library(gpu)
    (look,) = Nvml().look().gpus
    assert look.utilisation == {}


def test_a_binding_that_lacks_a_call_costs_that_reading_alone(library, monkeypatch):
    library(FakeGpu())
    monkeypatch.delattr(FakeNvml, "nvmlDeviceGetProcessUtilization")
    (look,) = Nvml().look().gpus
    assert look.utilisation is None
    assert look.memory == {}
