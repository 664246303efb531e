"""Ending a run: signal, grace, SIGKILL; by a person, or because what was paid ahead is used up."""

from __future__ import annotations

import signal

import pytest
from launched import endless, seconds_from_now, until

from trainui.core.engines.local import Phase
from trainui.core.process.identity import boot_seconds

POLITE = "trap 'echo saved; exit 0' TERM; echo ready; while :; do sleep 0.02; done"
STUBBORN = "trap '' TERM; echo ready; while :; do sleep 0.05; done"
FAMILY = """
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
workers = [subprocess.Popen(["sleep", "1000"]) for _ in range(2)]
if os.fork() == 0:
    os.setsid()
    if os.fork():
        os._exit(0)
    os.execve("/bin/sleep", ["sleep", "1000"], {})  # a daemon with nothing of ours: no session, no name
os.wait()
print("ready", flush=True)
time.sleep(1000)
"""


def test_a_stopped_run_has_its_grace_to_save(run):
    run.shell(POLITE).says("ready").stop("user")
    left = run.exit()
    assert (left.code, left.signal, left.killed) == (0, None, False)
    assert left.stop["reason"] == "user"
    assert run.output().endswith("saved\n")


def test_a_run_that_ignores_its_signal_is_killed_with_all_it_started(run):
    run.python(FAMILY).says("ready")
    until(lambda: len(run.members()) >= 3)
    run.stop(grace_seconds=0.3)
    deadline = run.see().stop_deadline
    assert 0 < deadline - boot_seconds() <= 0.3
    left = run.exit()
    assert (left.code, left.signal, left.killed) == (None, "SIGKILL", True)
    assert left.boot_seconds >= deadline
    assert not _sleepers(run)


def _sleepers(run):
    """Processes of the job, found without the help of what is tested: by where they stand."""
    import os
    from pathlib import Path

    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and os.readlink(entry / "cwd") == str(run.folder):
                found.append(entry.name)
        except OSError:
            continue
    return found


def test_stopping_now_does_not_wait(run):
    run.shell(STUBBORN).says("ready").stop(grace_seconds=1000)
    until(lambda: (run.dir / "signalled.json").exists())
    run.stop(reason="again", now=True)
    left = run.exit()
    assert left.killed
    assert left.stop["reason"] == "user", "why it was stopped first"


def test_a_later_stop_does_not_lengthen_the_grace(run):
    run.shell(STUBBORN).says("ready").stop(grace_seconds=0.4)
    deadline = run.see().stop_deadline
    run.stop(grace_seconds=1000)
    assert run.see().stop_deadline == deadline
    assert run.exit().killed


def test_what_a_finished_job_left_behind_is_stopped_too(run):
    run.shell("(trap '' TERM; echo ready; while :; do sleep 0.05; done) & sleep 0.2; exit 3")
    assert run.reach(Phase.LINGERING).exit.code == 3
    run.stop(now=True)
    assert run.exit().code == 3


def test_a_wrapper_that_dies_at_once_leaves_its_child_the_rest_of_the_grace(run):
    run.shell(f'bash -c "{POLITE}"; true').says("ready").stop()
    left = run.exit()
    assert left.signal == "SIGTERM"
    assert run.output().endswith("saved\n")


@pytest.mark.parametrize("reason", ["budget", "time limit"])
def test_a_run_whose_allowance_is_used_up_stops_by_itself(run, reason):
    allowance = seconds_from_now(1.5, reason)
    run.shell(POLITE, allowance, grace_seconds=1.0)
    left = run.exit()
    assert left.stop["reason"] == reason
    assert allowance.until - 1.0 <= left.boot_seconds < allowance.until
    assert run.output().endswith("saved\n")


@pytest.mark.parametrize("victim", ["keeper", "guard"])
def test_sigkill_falls_when_what_was_paid_for_is_over_whoever_of_the_pair_is_left(run, victim):
    allowance = seconds_from_now(1.5)
    run.shell(STUBBORN, allowance, grace_seconds=1.0).says("ready").kill(victim)
    left = run.exit()
    assert left.killed
    assert 0 <= left.boot_seconds - allowance.until < 0.5


def test_the_keeper_holds_the_deadline_of_a_hung_guard(run):
    allowance = seconds_from_now(0.8)
    run.shell(STUBBORN, allowance, grace_seconds=0.3).says("ready").kill("guard", signal.SIGSTOP)
    left = run.exit()
    assert (left.killed, left.by, left.stop["by"]) == (True, "keeper", "keeper")


def test_a_renewed_allowance_lets_the_run_go_on(run):
    first = seconds_from_now(0.9)
    run.shell("echo ready; sleep 1.3; exit 3", first, grace_seconds=0.3)
    run.engine.renew(run.dir, seconds_from_now(100))
    left = run.exit()
    assert (left.code, left.stop) == (3, None)
    assert left.boot_seconds > first.until


def test_a_shortened_allowance_is_obeyed_at_once(run):
    run.shell(POLITE, endless()).says("ready")
    run.engine.renew(run.dir, seconds_from_now(1.0))
    assert run.exit().stop["reason"] == "budget"


def test_a_run_stopped_before_it_began_never_does(run):
    run.dir.mkdir()
    run.stop("user")
    left = run.shell("echo began").exit()
    assert (left.code, left.stop["reason"], left.seconds) == (None, "user", 0)
    assert run.output() == ""


def test_a_paused_run_stands_still_with_all_its_processes_and_goes_on(run):
    run.shell("(while :; do sleep 0.02; done) & " + POLITE).says("ready")
    run.engine.pause(run.dir)
    assert run.see().is_paused
    assert all(_state(one.pid) in "TZ" for one in run.members())
    run.engine.resume(run.dir)
    assert not run.see().is_paused
    until(lambda: all(_state(one.pid) != "T" for one in run.members()))


def _state(pid):
    from trainui.core.process.identity import stat_of

    stat = stat_of(pid)
    return stat.state if stat else "Z"


def test_a_paused_run_can_save_when_it_is_stopped(run):
    run.shell(POLITE).says("ready")
    run.engine.pause(run.dir)
    run.stop()
    assert run.exit().code == 0
    assert run.output().endswith("saved\n")


def test_the_cap_holds_when_its_file_is_deleted_or_damaged(run):
    allowance = seconds_from_now(1.5)
    run.shell(STUBBORN, allowance, grace_seconds=0.5).says("ready")
    (run.dir / "stop.json").write_text("{")
    (run.dir / "allowance.json").unlink()
    left = run.exit()
    assert (left.killed, left.stop["reason"]) == (True, "budget")
    assert left.boot_seconds - allowance.until < 0.5


def test_deleting_the_records_of_a_live_run_does_not_start_it_again(run):
    run.shell("echo ready; while [ ! -e go ]; do sleep 0.02; done; exit 3").says("ready")
    until(lambda: run.see().phase is Phase.RUNNING)
    until(lambda: boot_seconds() > run.see().started_boot + 1.1)  # the keeper has looked since
    (run.dir / "job.json").unlink()
    run.kill("guard")
    (run.folder / "go").touch()
    assert until(lambda: run.see().exit).code == 3
    assert run.output() == "ready\n"
