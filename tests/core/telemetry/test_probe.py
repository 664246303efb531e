"""One that looks again and again: the machine, the GPUs of runs, what others use. The library is a fake."""

import os
import sys

import pytest
from fake_nvml import GIB, FakeGpu, FakeNvml, process, used

from trainui.core.process.identity import boot_seconds, identity_of
from trainui.core.telemetry import Probe, Roots, machine, memory_there_is

OURS = os.getppid()


@pytest.fixture
def library(monkeypatch):
    def put(*gpus):
        fake = FakeNvml(*gpus)
        monkeypatch.setitem(sys.modules, "pynvml", fake)
        return fake

    return put


def look(probe, at, *uuids):
    roots = {"a": Roots(job=identity_of(OURS), gpus=uuids)} if uuids else {}
    return probe.usage(roots, at=at, boot=boot_seconds()).get("a")


def test_a_run_is_told_its_gpus_by_pid(library):
    gpu = FakeGpu("A", memory=10 * GIB)
    gpu.compute = [process(OURS, 3 * GIB), process(1, GIB)]
    gpu.samples = [used(OURS, 100, 20)]
    library(gpu)
    probe = Probe()
    view = look(probe, 1.0, "A")
    assert (view.gpu_memory, view.gpu, view.why_no_gpu) == (3 * GIB, 0.2, "")
    assert probe.other_use("A", {"a"}) == 7 * GIB
    assert probe.other_use("A", ()) == 10 * GIB
    assert probe.other_use("B", ()) is None


def test_a_gpu_that_falls_off_the_bus_leaves_the_rest_of_the_sample(library, tmp_path):
    gpu = FakeGpu("A")
    library(gpu)
    probe = Probe()
    assert look(probe, 1.0, "A").gpu_memory == 0
    gpu.fails["handle"] = "GPU is lost"
    view = look(probe, 2.0, "A")
    assert (view.gpu_memory, view.gpu, view.why_no_gpu) == (None, None, "NVML: GPU 0: GPU is lost")
    assert view.processes >= 1
    assert probe.machine(at=2.0, folder=tmp_path).no_gpu_reason == "NVML: GPU 0: GPU is lost"
    assert probe.other_use("A", {"a"}) is None


def test_one_look_serves_the_machine_and_the_runs_of_a_moment(library, tmp_path):
    gpu = FakeGpu("A")
    fake = library(gpu)
    probe = Probe()
    look(probe, 1.0, "A")
    assert [one.uuid for one in probe.machine(at=1.0, folder=tmp_path).gpus] == ["A"]
    assert len(gpu.asked_since) == 1
    look(probe, 2.0, "A")
    assert len(gpu.asked_since) == 2
    probe.close()
    assert (fake.opened, fake.closed) == (1, 1)


def test_in_a_container_a_run_alone_has_what_was_not_there_before(library, tmp_path, monkeypatch):
    monkeypatch.setattr("trainui.core.telemetry.probe.OUTERMOST", -1)
    start = identity_of(OURS).ticks / os.sysconf("SC_CLK_TCK")
    monkeypatch.setattr("trainui.core.telemetry.probe.boot_seconds", lambda: start - 5)
    gpu = FakeGpu("A", memory=2 * GIB, use=70)
    library(gpu)
    probe = Probe()
    probe.machine(at=1.0, folder=tmp_path)
    gpu.memory = 9 * GIB
    gpu.compute = [process(2**30, 7 * GIB)]
    view = look(probe, 2.0, "A")
    assert (view.gpu_memory, view.gpu) == (7 * GIB, 0.7)
    assert probe.other_use("A", {"a"}) == 2 * GIB


def test_the_machine_is_told_without_any_run(library, tmp_path):
    library(FakeGpu("A"))
    view = Probe().machine(at=1.0, folder=tmp_path)
    assert view.at == 1.0
    assert 0 <= view.cpu <= 1
    assert 0 < view.memory_used < view.memory_total
    assert view.disk_free > 0


@pytest.mark.parametrize(
    ("version", "stat"), [(0, "inactive_file 1000\nanon 5\n"), (1, "total_inactive_file 1000\n")]
)
def test_a_container_has_the_memory_it_may_use(monkeypatch, tmp_path, version, stat):
    limit = tmp_path / "limit"
    monkeypatch.setattr(machine, "LIMITS", (str(tmp_path / "none"), str(limit)))
    current, cached = list(machine.INSIDE.values())[version]
    monkeypatch.setattr(machine, "INSIDE", {str(limit): (current, cached)})
    whole = memory_there_is()
    limit.write_text("max\n")
    assert memory_there_is() == whole
    limit.write_text(f"{2**63 - 4096}\n")
    assert memory_there_is() == whole
    limit.write_text("50000\n")
    (tmp_path / current).write_text("21000\n")
    (tmp_path / "memory.stat").write_text(stat)
    view = machine.sample(at=1.0, folder=tmp_path)
    assert (view.memory_used, view.memory_total) == (20000, 50000)
