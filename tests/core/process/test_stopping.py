"""A stop at any moment, of any job: nothing of it is left, and what is known of its end is true."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from launched import seconds_from_now, until

from trainui.core.engines.local import Phase
from trainui.core.process.files import lock, read_json
from trainui.core.process.identity import Identity, identity_of, is_alive
from trainui.core.process.tree import members
from trainui.core.process.watch import STRAGGLER_GRACE

CLEANED = """
import os, sys, time
keep = sys.argv[1] == "keep"
if os.fork() == 0:
    os.setsid()
    if os.fork():
        os._exit(0)
    open("daemon", "w").write(str(os.getpid()))
    if not keep:
        os.closerange(3, 1000)
    os.execve("/bin/sleep", ["sleep", "1000"], {})
os.wait()
print("ready", flush=True)
while not os.path.exists("go"): time.sleep(0.02)
"""
"""Starts a daemon with nothing of ours: no session, no name, parents that are dead; `keep`: but for the lock."""
BOMB = """
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
print("ready", flush=True)
while True:
    for _ in range(200):
        if os.fork() == 0:
            if os.fork() == 0:
                os.setsid() if os.getpid() % 2 else None
                os.execve("/bin/sleep", ["sleep", "0.2"], {})
            os._exit(0)
    time.sleep(0.05)
"""
STUBBORN = "trap '' TERM; echo ready; while :; do sleep 0.05; done"


def _standing_in(folder):
    """Processes found without the help of what is tested: by where they stand."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and os.readlink(entry / "cwd") == str(folder):
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def _daemon(run):
    pid = int(until(lambda: (path := run.folder / "daemon").exists() and path.read_text()))
    until(lambda: b"sleep" in Path(f"/proc/{pid}/cmdline").read_bytes())
    return identity_of(pid)


@pytest.mark.parametrize("now", [False, True])
def test_a_job_at_the_gate_is_stopped(run, now):
    """Its guard waits for the lock of a job that never was, so that the stop comes before it starts."""
    run.dir.mkdir()
    held = lock(run.dir / "job.lock")
    run.start(["sleep", "1000"])
    guard = run.who("guard")
    until(lambda: _has_open(guard.pid, run.dir / "job.lock"))  # it has seen that there was no stop yet
    run.stop(now=now)
    os.close(held)
    left = run.exit()
    assert left.stop["reason"] == "user"
    assert (left.signal, left.killed) == (("SIGKILL", True) if now else ("SIGTERM", False))
    assert not run.members()


def _has_open(pid, path):
    folder = Path(f"/proc/{pid}/fd")
    return any(os.path.exists(fd) and os.path.samefile(fd, path) for fd in folder.iterdir())


def test_a_job_stopped_twice_is_signalled_once(run):
    run.shell("trap 'echo heard' TERM; echo ready; while [ ! -e go ]; do sleep 0.02; done; exit 3").says(
        "ready"
    )
    run.stop(grace_seconds=100)
    run.says("heard")
    run.stop(grace_seconds=100)
    (run.folder / "go").touch()
    assert run.exit().code == 3
    assert run.output() == "ready\nheard\n"


def test_a_paused_job_that_ignores_its_signal_is_killed_now(run):
    run.shell(STUBBORN).says("ready")
    run.engine.pause(run.dir)
    run.stop(grace_seconds=1000)
    until(lambda: (run.dir / "signalled.json").exists())
    run.engine.pause(run.dir)
    run.stop(now=True)
    assert run.exit().killed
    assert not _standing_in(run.folder)


def test_workers_die_with_a_job_that_ignores_its_signal(run):
    workers = "for i in 1 2 3; do (trap '' TERM; while :; do sleep 0.05; done) & done; "
    run.shell(workers + STUBBORN).says("ready")
    until(lambda: len(run.members()) >= 4)
    run.stop(grace_seconds=0.2)
    assert run.exit().killed
    assert not _standing_in(run.folder)


@pytest.mark.parametrize("keep", ["keep", "close"])
def test_a_daemon_with_nothing_of_ours_is_stopped_with_its_job(run, keep):
    run.start([sys.executable, "-S", "-c", CLEANED, keep]).says("ready")
    daemon = _daemon(run)
    run.stop(now=True)
    run.exit()
    assert not is_alive(daemon)


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_daemon_that_holds_but_the_lock_is_found_when_both_of_the_pair_died(run, when):
    """Its environment is cleaned and its parent is the first process of the machine."""
    run.start([sys.executable, "-S", "-c", CLEANED, "keep"]).says("ready")
    daemon = _daemon(run)
    run.kill("keeper")
    run.kill("guard")
    if when == "before":  # the job ends unseen, the daemon stays
        (run.folder / "go").touch()
        job = run.who("job")
        until(lambda: not is_alive(job))
    run.reach(Phase.UNATTENDED)
    assert daemon in run.members()
    run.stop(now=True)
    run.reach(Phase.LOST)
    assert not is_alive(daemon)


def test_who_asks_for_the_lock_or_another_run_does_not_belong_to_the_run(runs):
    """Even by a high descriptor: it has the file open, and no lock on it."""
    run, other = runs("job-1"), runs("job-2")
    other.shell(STUBBORN).says("ready")
    run.shell(STUBBORN).says("ready")
    low = os.open(run.dir / "job.lock", os.O_RDONLY)
    high = 250
    os.dup2(low, high)
    ours = subprocess.Popen(["sleep", "1000"], pass_fds=(high,))
    nobody = Identity(pid=2**22, ticks=1, boot_id="")
    assert ours.pid not in [one.pid for one in members(str(run.dir), nobody)]
    assert other.who("job") not in run.members()
    assert run.who("job") in members(str(run.dir), nobody), "it holds the lock"
    ours.kill()
    ours.wait()
    os.close(low)
    os.close(high)
    for one in (run, other):
        one.stop(now=True)
        one.exit()


@pytest.mark.parametrize("now", [False, True])
def test_of_a_job_that_forks_without_end_nothing_survives(run, now):
    run.python(BOMB).says("ready")
    until(lambda: len(_standing_in(run.folder)) > 50)
    run.stop(grace_seconds=0.2, now=now)
    assert run.exit(60).killed
    assert not _standing_in(run.folder)
    assert read_json(run.dir / "exit.json")["signal"] == signal.SIGKILL.name


def test_a_pair_that_was_made_to_stand_still_hears_a_stop(run):
    """Somebody sent SIGSTOP to the keeper, and the guard was killed: a stop wakes what is left."""
    run.shell("sleep 1000")
    run.reach(Phase.RUNNING)
    run.kill("keeper", signal.SIGSTOP)
    run.kill("guard")
    run.stop(grace_seconds=1)
    left = run.exit()
    assert (left.signal, left.by) == ("SIGTERM", "keeper")


def test_what_a_finished_job_left_behind_does_not_outlive_what_was_paid_for(run):
    """It would have five seconds; what was paid for ends before, and so does it."""
    beat = "trap '' TERM; while true; do cut -d' ' -f1 /proc/uptime >> beats; sleep 0.05; done"
    run.shell(f"({beat}) & sleep 0.1; exit 0", seconds_from_now(1.5), grace_seconds=0.5)
    ended = run.exit().boot_seconds
    until(lambda: not run.members())
    assert float((run.folder / "beats").read_text().split()[-1]) < ended + STRAGGLER_GRACE - 0.5
