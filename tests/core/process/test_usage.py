"""What a run uses, seen from outside: real trees with helpers, daemons and children that are waited for."""

from __future__ import annotations

import os
import sys
import time
from itertools import pairwise

import pytest
from launched import until

from trainui.core.process.identity import boot_seconds
from trainui.core.telemetry import Probe, Roots

BURN = """
import time
def burn(seconds):
    start = time.process_time()
    while time.process_time() - start < seconds: pass
"""
TREE = (
    BURN
    + """
import os, sys
block = bytearray(64 << 20)
def sleeper():
    print("up", os.getpid(), flush=True)
    time.sleep(1000)
if os.fork() == 0:
    sleeper()                          # a helper, with its parent's block
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        sleeper()                      # daemonised: its parent leaves, the guard adopts it
    os._exit(0)
os.wait()
sleeper()
"""
)
WAITS = BURN + (
    """
import os, sys
for _ in range(3):
    if os.fork() == 0:
        burn(0.3)
        os._exit(0)
    os.wait()
print("done", flush=True)
time.sleep(1000)
"""
)


@pytest.fixture
def probe(monkeypatch):
    monkeypatch.setitem(sys.modules, "pynvml", None)
    one = Probe()
    yield one
    one.close()


def roots(run):
    return Roots(job=run.who("job"), keeper=run.who("keeper").pid, guard=run.who("guard").pid)


def look(probe, *runs):
    return probe.usage({run.name: roots(run) for run in runs}, at=time.time(), boot=boot_seconds())


def test_a_daemonised_child_is_the_runs_and_its_pair_is_not(run, probe):
    run.python(TREE)
    until(lambda: run.output().count("up") == 3)
    view = look(probe, run)["job-1"]
    assert view.processes == 3
    assert (view.cpu, view.gpu_memory, view.why_no_gpu) == (None, None, "it holds no GPU")
    assert view.memory > 64 << 20
    pids = {int(line.split()[1]) for line in run.output().splitlines()}
    assert {one.pid for one in run.members()} == pids


def test_children_that_were_waited_for_count_once(run, probe):
    run.python(WAITS)
    seen = []

    def is_done():
        seen.append(look(probe, run)["job-1"])
        return "done" in run.output()

    until(is_done)
    seen.append(look(probe, run)["job-1"])
    total = seen[-1].cpu_seconds
    assert 0.85 <= total < 1.5, "three times 0.3 s and a little to start"
    assert all(old.cpu_seconds <= new.cpu_seconds for old, new in pairwise(seen))
    fresh = Probe()
    assert look(fresh, run)["job-1"].cpu_seconds == pytest.approx(total, abs=0.1)
    fresh.close()


def test_a_busy_run_is_told_from_an_idle_one(runs, probe):
    busy = runs("busy").python("print('up', flush=True)\nwhile True: pass").says("up")
    idle = runs("idle").shell("echo up; sleep 1000").says("up")
    looks, times = [], []

    def has_burnt():
        times.append(boot_seconds())
        roots_of = {run.name: roots(run) for run in (busy, idle)}
        looks.append(probe.usage(roots_of, at=time.time(), boot=times[-1]))
        return looks[-1]["busy"].cpu_seconds > looks[0]["busy"].cpu_seconds + 0.4

    until(has_burnt)
    for name in ("busy", "idle"):
        assert looks[0][name].cpu is None
        used = looks[-1][name].cpu_seconds - looks[0][name].cpu_seconds
        told = sum(
            seen[name].cpu * (new - old) for seen, (old, new) in zip(looks[1:], pairwise(times), strict=True)
        )
        assert told == pytest.approx(used), "cores times seconds is CPU time"
    assert used < 0.05, "the idle one"


def test_the_manager_that_a_keeper_revived_is_not_the_runs(run, probe):
    """It is a child of the keeper, and so would be whatever it launches."""
    (run.folder / "runs.db").touch()
    argv = (sys.executable, "-S", "-c", "import time; time.sleep(1000)", "stands-for-a-manager")
    run.shell("sleep 1000", manager_argv=argv)
    keeper = run.who("keeper").pid

    def managers():
        return [pid for pid in _children(keeper) if b"stands-for-a-manager" in _command(pid)]

    try:
        (manager, *_) = until(managers)
        assert manager not in {one.pid for one in run.members()}
        assert look(probe, run)["job-1"].processes == 1
    finally:
        run.kill("keeper")
        run.kill("guard")
        for pid in [pid for pid in _all() if b"stands-for-a-manager" in _command(pid)]:
            if str(run.folder).encode() in _cwd(pid):
                os.kill(pid, 9)


def _all():
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def _children(parent):
    with open(f"/proc/{parent}/task/{parent}/children") as file:
        return [int(word) for word in file.read().split()]


def _command(pid):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return file.read()
    except OSError:
        return b""


def _cwd(pid):
    try:
        return os.fsencode(os.readlink(f"/proc/{pid}/cwd"))
    except OSError:
        return b""


def test_a_run_that_is_over_uses_nothing_and_is_forgotten(run, probe):
    run.shell("echo up; sleep 1000").says("up")
    its = roots(run)
    probe.usage({"job-1": its}, at=1.0, boot=boot_seconds())
    run.stop(now=True)
    run.exit()
    until(lambda: not run.members())
    gone = Roots(job=its.job)
    view = probe.usage({"job-1": gone}, at=2.0, boot=boot_seconds())["job-1"]
    assert (view.processes, view.memory) == (0, 0)
    assert probe.usage({}, at=3.0, boot=boot_seconds()) == {}
    assert probe.usage({"job-1": gone}, at=4.0, boot=boot_seconds())["job-1"].cpu is None, "it starts anew"
