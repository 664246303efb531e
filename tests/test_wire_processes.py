"""The wire among real processes: threads, forks, spawned workers, ranks, signals, kills, and the interpreter's end."""

import json
import os
import signal
import subprocess
import sys

import pytest

from tests.conftest import until
from trainui.core.ingest.jsonl import JsonLines

RANK_NAMES = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "SLURM_PROCID", "PMI_RANK", "OMPI_COMM_WORLD_RANK")


class Place:
    """A metrics file, and scripts that report into it."""

    def __init__(self, folder):
        self.folder = folder
        self.metrics = folder / "metrics.jsonl"
        self.started = []

    def start(self, script, *words, **env):
        """A process that runs `script`; its stderr can be read."""
        name = f"script{len(self.started)}.py"
        (self.folder / name).write_text(script)
        known = {name: value for name, value in os.environ.items() if name not in RANK_NAMES}
        process = subprocess.Popen(
            [sys.executable, str(self.folder / name), *map(str, words)],
            env={**known, "TRAINUI_METRICS": str(self.metrics), "OMP_NUM_THREADS": "1", **env},
            cwd=self.folder,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.started.append(process)
        return process

    def run(self, script, *words, **env):
        """Run `script` to its end; returns what it said on stderr."""
        process = self.start(script, *words, **env)
        said = process.communicate(timeout=120)[1]
        assert process.returncode == 0, said
        return said

    def read(self, *, torn=0):
        """Every record; all lines but `torn` must have been understood."""
        reader = JsonLines()
        found = [record for line in self.metrics.read_bytes().split(b"\n") for record in reader.read(line)]
        assert reader.lines - reader.understood == torn, reader.samples
        return found


@pytest.fixture
def place(tmp_path):
    place = Place(tmp_path)
    yield place
    for process in place.started:
        process.kill()
        process.communicate()


THREADS = """
import sys, threading, trainui
def write(who):
    for step in range(300):
        trainui.log({"loss": step / 7, "pad": float(who), "x" * 900: 1.0}, step=step)
threads = [threading.Thread(target=write, args=(int(sys.argv[1]) * 2 + n,)) for n in range(2)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
"""


def test_processes_and_threads_share_a_file_line_by_line(place):
    writers = [place.start(THREADS, n) for n in range(4)]
    assert [writer.wait(60) for writer in writers] == [0] * 4
    records = place.read()
    assert len(records) == 2400
    for who in range(8):
        assert [r.step for r in records if r.metrics["pad"] == who] == list(range(300))


LONG = """
import sys, trainui
who = int(sys.argv[1])
for step in range(12):
    trainui.log({f"layer.{n}.weight/gradient_norm": who + n / 5000 for n in range(5000)}, step=step)
"""


def test_eight_processes_with_five_thousand_metrics_a_call_tear_no_line(place):
    writers = [place.start(LONG, n) for n in range(8)]
    assert [writer.wait(60) for writer in writers] == [0] * 8
    told = [json.loads(line) for line in place.metrics.read_bytes().splitlines()]
    assert min(map(len, place.metrics.read_bytes().splitlines())) > 100_000
    assert sorted((line["metrics"]["layer.0.weight/gradient_norm"], line["step"]) for line in told) == [
        (who, step) for who in range(8) for step in range(12)
    ]
    for line in told:
        who = line["metrics"]["layer.0.weight/gradient_norm"]
        assert list(line["metrics"].values()) == [who + n / 5000 for n in range(5000)]


FORKS = """
import os, sys, threading, trainui
stop = threading.Event()
def chatter():
    step = 0
    while not stop.is_set():
        trainui.log({"thread": 1.0}, step=step)
        step += 1
thread = threading.Thread(target=chatter)
thread.start()
children = []
for child in range(10):
    pid = os.fork()
    if not pid:
        for step in range(20):
            trainui.log({f"child{child}": float(step)}, step=step)
        os._exit(0)
    children.append(pid)
assert [os.waitpid(pid, 0)[1] for pid in children] == [0] * 10
stop.set()
thread.join()
"""


def test_children_forked_beside_a_reporting_thread_report_too(place):
    assert place.run(FORKS) == ""
    records = place.read()
    for child in range(10):
        assert [r.step for r in records if f"child{child}" in r.metrics] == list(range(20))
    steps = [r.step for r in records if "thread" in r.metrics]
    assert steps == list(range(len(steps)))


CLOSED = """
import os, sys, trainui
trainui.log({"before": 1.0})
os.closerange(0, 100)
own = [os.open(f"own{n}", os.O_WRONLY | os.O_CREAT | os.O_APPEND) for n in range(8)] if "own" in sys.argv else []
trainui.log({"after": 1.0})
trainui.log({"bad": "x"})
trainui.event("still here")
os._exit(0)
"""


@pytest.mark.parametrize("how", ["own", "none"])
def test_a_process_that_closed_every_descriptor_reports_into_no_file_but_ours(place, how):
    place.run(CLOSED, how)
    records = place.read()
    assert [(dict(r.metrics), r.event) for r in records] == [
        ({"before": 1.0}, None),
        ({"after": 1.0}, None),
        ({}, "still here"),
    ]
    written = {path.name: path.read_text() for path in place.folder.glob("own*")}
    written.pop("own2", None)  # it has the number of stderr, where complaints go
    assert not any(written.values())


SHORT = """
import os, resource, trainui
path = os.environ["TRAINUI_METRICS"]
trainui.log({"loss": 1.0}, step=1)
limits = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (os.path.getsize(path) + 20, limits[1]))
trainui.log({"loss": 2.0}, step=2)
trainui.log({"loss": 3.0}, step=3)
resource.setrlimit(resource.RLIMIT_FSIZE, limits)
trainui.log({"loss": 4.0}, step=4)
trainui.log({"loss": 5.0}, step=5)
"""


def test_a_file_that_may_not_grow_costs_what_does_not_fit_and_nothing_after(place):
    said = place.run(SHORT)
    assert said.count("training goes on") == 1
    assert [(r.step, dict(r.metrics)) for r in place.read(torn=1)] == [
        (1, {"loss": 1.0}),
        (4, {"loss": 4.0}),
        (5, {"loss": 5.0}),
    ]


SIGNALS = """
import signal, trainui
rung = 0
def ring(*_):
    global rung
    rung += 1
    trainui.log({"rung": float(rung)}, step=rung)
signal.signal(signal.SIGALRM, ring)
signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
step = 0
while rung < 200:
    trainui.log({"loss": 1.0, "pad" * 40: 2.0}, step=step)
    step += 1
signal.setitimer(signal.ITIMER_REAL, 0)
print(step, rung, file=open("told", "w"))
"""


def test_a_signal_handler_may_report_in_the_middle_of_a_report(place):
    assert place.run(SIGNALS) == ""
    steps, rung = map(int, (place.folder / "told").read_text().split())
    records = place.read()
    assert [r.step for r in records if "loss" in r.metrics] == list(range(steps))
    # Sorted: a signal may come in the handler, before its own line is written.
    assert sorted(r.metrics["rung"] for r in records if "rung" in r.metrics) == list(range(1, rung + 1))


INTERRUPT = """
import signal, trainui
class Slow:
    def __float__(self):
        signal.raise_signal(signal.SIGINT)
        return 1.0
try:
    trainui.log({"loss": Slow()})
except KeyboardInterrupt:
    trainui.event("interrupted")
"""


def test_an_interrupt_is_not_swallowed(place):
    assert place.run(INTERRUPT) == ""
    assert [r.event for r in place.read()] == ["interrupted"]


ENDING = """
import atexit, trainui
class Last:
    def __del__(self, log=trainui.log):
        log({"del": 1.0})
last = Last()
loop = Last()
loop.itself = loop
atexit.register(trainui.log, {"atexit": 1.0})
"""
DAEMON = """
import threading, trainui
said = threading.Event()
def chatter():
    while True:
        trainui.log({"thread": 1.0})
        said.set()
threading.Thread(target=chatter, daemon=True).start()
said.wait()
"""


def test_reports_at_the_interpreters_end_arrive(place):
    assert place.run(ENDING) == ""
    assert [name for record in place.read() for name in record.metrics] == ["atexit", "del", "del"]


def test_a_thread_that_reports_while_the_interpreter_ends_does_no_harm(place):
    assert place.run(DAEMON) == ""
    assert {name for record in place.read() for name in record.metrics} == {"thread"}


FLOOD = """
import trainui
step = 0
while True:
    trainui.log({f"layer.{n}.weight/gradient_norm": n / 7 for n in range(9000)}, step=step)
    step += 1
"""
STEADY = """
import trainui
for step in range(2000):
    trainui.log({"loss": step / 3}, step=step)
"""


def test_a_writer_killed_in_its_line_spoils_nobody_elses(place):
    steady = place.start(STEADY)
    killed = [place.start(FLOOD) for _ in range(4)]
    for victim in killed:
        until(place.metrics.exists)
        size = place.metrics.stat().st_size
        until(lambda size=size: place.metrics.stat().st_size > size + 2_000_000)
        victim.kill()
        assert victim.wait(60) == -signal.SIGKILL
    assert steady.wait(60) == 0
    place.run(STEADY)
    steps = [
        r.step
        for line in place.metrics.read_bytes().split(b"\n")
        for r in JsonLines().read(line)
        if "loss" in r.metrics
    ]
    assert sorted(steps) == sorted([*range(2000), *range(2000)])


NOWHERE = """
import trainui
for step in range(1000):
    trainui.log({"loss": object()}, step=step)
    trainui.checkpoint(None)
"""


def test_a_script_that_runs_by_itself_reports_to_nobody_and_says_nothing(place):
    assert place.run(NOWHERE, TRAINUI_METRICS="") == ""
    assert [path.name for path in place.folder.iterdir()] == ["script0.py"]


WORKERS = """
import torch, trainui
class Data(torch.utils.data.Dataset):
    def __len__(self):
        return 40
    def __getitem__(self, index):
        trainui.log({"seconds": torch.tensor(index / 8)}, step=index)
        return index
workers = torch.utils.data.DataLoader(Data(), batch_size=4, num_workers=2)
assert sum(len(batch) for batch in workers) == 40
"""
SPAWNED = """
import multiprocessing, trainui
def work(index):
    trainui.log({"seconds": index / 8}, step=index)
if __name__ == "__main__":
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        pool.map(work, range(40))
"""


@pytest.mark.parametrize("script", [WORKERS, SPAWNED], ids=["data loader", "spawned"])
def test_workers_report(place, script):
    pytest.importorskip("torch")
    place.run(script)
    assert sorted((r.step, r.metrics["seconds"]) for r in place.read()) == [(n, n / 8) for n in range(40)]


RANKS = """
import os, sys
import torch.distributed as dist
import trainui
def train(rank=None):
    if rank is not None:
        dist.init_process_group("gloo", rank=rank, world_size=2, init_method=f"file://{os.path.abspath('meet')}")
    trainui.progress(total_steps=50)
    for step in range(50):
        trainui.log({"loss": step / 2}, step=step)
    trainui.checkpoint("/far/last.pt", step=50)
if __name__ == "__main__":
    if "RANK" in os.environ:
        train()
    else:
        import torch.multiprocessing
        torch.multiprocessing.spawn(train, nprocs=2)
"""


@pytest.mark.parametrize("how", ["torchrun", "spawn"])
def test_each_rank_has_curves_of_its_own(place, how):
    """Started by a launcher that names the ranks, and spawned with nothing in the environment."""
    pytest.importorskip("torch")
    if how == "spawn":
        place.run(RANKS)
    else:
        (place.folder / "ranks.py").write_text(RANKS)
        launch = "from torch.distributed.run import main; main()"
        place.run(launch, "--standalone", "--nproc-per-node", 2, place.folder / "ranks.py")
    records = place.read()
    for name in ("loss", "rank1/loss"):
        assert [(r.step, r.metrics[name]) for r in records if name in r.metrics] == [
            (n, n / 2) for n in range(50)
        ]
    assert {name for r in records for name in r.metrics} == {"loss", "rank1/loss"}
    assert [r.total_steps for r in records if r.total_steps] == [50]
    assert [r.checkpoint for r in records if r.checkpoint] == ["/far/last.pt"]
