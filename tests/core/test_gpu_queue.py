"""Runs that ask for GPUs, through the real manager and real processes; only the library that tells of GPUs is a fake."""

import importlib.util
import os
import sys
from pathlib import Path

import pytest

from tests.conftest import until
from trainui.core import metering
from trainui.core.folder import lock_path
from trainui.core.manager import Manager
from trainui.core.process.files import lock, read_json
from trainui.core.store.intents import Desk
from trainui.core.store.read import Reader

FAKE = Path(__file__).parent / "telemetry" / "fake_nvml.py"
spec = importlib.util.spec_from_file_location("fake_nvml_of_the_queue", FAKE)
fake_nvml = importlib.util.module_from_spec(spec)
spec.loader.exec_module(fake_nvml)
GIB = 2**30
TOTAL = 40 * GIB
"""Of each GPU of the fake."""
JOB = '{"job":{"name":"%s","command":["sh","-c","echo $CUDA_VISIBLE_DEVICES; sleep 600"]},"resources":{%s}}'


class Bench:
    """A manager in this process, two GPUs that do not exist, and a desk to ask at."""

    def __init__(self, folder, monkeypatch):
        monkeypatch.setattr(metering, "FRESH", 0.0)
        self.gpus = [fake_nvml.FakeGpu("GPU-a", memory=0), fake_nvml.FakeGpu("GPU-b", memory=0)]
        self.nvml = fake_nvml.FakeNvml(*self.gpus)
        monkeypatch.setitem(sys.modules, "pynvml", self.nvml)
        self.folder, self.db = folder, folder / "runs.db"
        self.desk = Desk(self.db)
        self.held = lock(lock_path(self.db))  # nobody's keeper shall start another manager
        self.manager = Manager(self.db, folder)
        self.reader = Reader(self.db)

    def start(self, job, resources):
        payload = {
            "job": job, "study": job, "spec": JOB % (job, resources), "project": str(self.folder), "env": dict(os.environ),
        }  # fmt: skip
        return self.desk.start(job, payload)

    def until(self, fact):
        def turn():
            self.manager.tick()
            return fact()

        return until(turn)

    def view(self, run):
        return self.reader.run(run)

    def waits(self, run):
        return self.until(lambda: (view := self.view(run)).status == "queued" and view.waits_for)

    def runs_on(self, run):
        """The GPUs its job finds in its environment."""
        log = self.folder / "runs" / run / "output.log"
        return self.until(lambda: log.exists() and log.read_text().strip() and log.read_text().split()[0])

    def stop_all(self):
        for view in self.reader.runs():
            if view.status != "ended":
                self.desk.add("stop", view.run, {"now": True})
        self.until(lambda: all(view.status == "ended" for view in self.reader.runs()))

    def close(self):
        self.stop_all()
        self.reader.close()
        os.close(self.held)


@pytest.fixture
def bench(tmp_path, monkeypatch):
    one = Bench(tmp_path, monkeypatch)
    yield one
    one.close()


def test_whole_gpus_are_given_by_uuid_and_to_one_run_each(bench):
    runs = [bench.start("whole", '"gpus":1') for _ in range(3)]
    assert {bench.runs_on(run) for run in runs[:2]} == {"GPU-a", "GPU-b"}
    assert bench.waits(runs[2]) == "1 free GPU"
    bench.desk.add("stop", runs[0], {"now": True})
    assert bench.runs_on(runs[2]) == read_json(bench.folder / "runs" / runs[0] / "origin.json")["gpus"][0]


def test_a_gpu_that_another_program_fills_is_not_free(bench):
    bench.gpus[0].memory = bench.gpus[1].memory = 30 * GIB
    unknown = bench.start("whole", '"gpus":1')
    fits = bench.start("small", '"gpus":1,"memory_gib":8')
    assert bench.waits(unknown) == "1 free GPU: another program holds 30 of 40 GiB"
    taken = bench.runs_on(fits)
    free = 1 - ["GPU-a", "GPU-b"].index(taken)
    bench.gpus[free].memory = 0
    assert bench.runs_on(unknown) == bench.gpus[free].uuid


def test_two_that_share_get_one_gpu_when_both_fit_and_a_third_waits(bench):
    bench.gpus[1].memory = TOTAL  # somebody has it
    runs = [bench.start("share", '"gpus":1,"share":true,"memory_gib":16') for _ in range(3)]
    assert [bench.runs_on(run) for run in runs[:2]] == ["GPU-a", "GPU-a"]
    assert "GiB needed" in bench.waits(runs[2])


def test_what_a_job_needs_is_learnt_from_its_last_run(bench):
    bench.gpus[1].memory = TOTAL
    first = bench.start("learns", '"gpus":1,"share":true')
    second = bench.start("learns", '"gpus":1,"share":true')
    assert bench.runs_on(first) == "GPU-a"
    assert "shown yet how much memory" in bench.waits(second)
    pid = bench.until(lambda: bench.view(first).pid)
    bench.gpus[0].memory, bench.gpus[0].compute = 10 * GIB, [fake_nvml.process(pid, 10 * GIB)]
    bench.until(lambda: bench.view(first).peak_gpu_memory == 10 * GIB)
    bench.gpus[0].memory, bench.gpus[0].compute = 0, []
    bench.desk.add("stop", first, {"now": True})
    third = bench.start("learns", '"gpus":1,"share":true')
    assert [bench.runs_on(run) for run in (second, third)] == ["GPU-a", "GPU-a"]


def test_while_the_driver_is_away_nobody_who_asks_for_a_gpu_starts_without(bench):
    assert bench.runs_on(bench.start("whole", '"gpus":1')) == "GPU-a"
    bench.nvml.fails = "count"
    waiting = bench.start("whole", '"gpus":1')
    assert bench.waits(waiting).startswith("its GPU: NVML")
    bench.nvml.fails = ""
    assert bench.runs_on(waiting) == "GPU-b"
