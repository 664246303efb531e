"""The pair: the true exit code survives any single kill, and a job is started once."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from launched import endless, until

from trainui.core.engines.local import Phase
from trainui.core.errors import LaunchError
from trainui.core.process.files import lock, read_json, write_json
from trainui.core.process.identity import Identity, identity_of, send_signal

HERE = str(Path(__file__).parent)
WAIT_FOR_FILE = "echo ready; while [ ! -e go ]; do sleep 0.02; done; exit 3"


def test_a_run_that_ends_leaves_its_code_its_output_and_what_it_used(run):
    run.shell("echo hello; echo oops >&2; exit 3")
    left = run.exit()
    assert (left.code, left.signal, left.by, left.stop, left.killed) == (3, None, "guard", None, False)
    assert run.output() == "hello\noops\n"
    assert 0 <= left.seconds < 10
    assert left.max_rss > 500_000
    assert run.see().started_boot <= left.boot_seconds


@pytest.mark.parametrize("name", ["SIGSEGV", "SIGKILL", "SIGUSR2"])
def test_a_job_that_dies_by_a_signal_is_recorded_so(run, name):
    left = run.shell(f"ulimit -c 0; kill -{name[3:]} $$").exit()
    assert (left.code, left.signal, left.killed) == (None, name, False)


@pytest.mark.parametrize(("victim", "witness"), [("keeper", "guard"), ("guard", "keeper")])
def test_the_exit_code_survives_the_death_of_one_of_the_pair(run, victim, witness):
    run.shell(WAIT_FOR_FILE).says("ready").kill(victim)
    assert run.see().phase is Phase.RUNNING
    (run.folder / "go").touch()
    left = run.exit()
    assert (left.code, left.by) == (3, witness)


def test_when_both_die_the_job_runs_unattended_and_its_end_is_lost_not_guessed(run):
    run.shell(WAIT_FOR_FILE).says("ready")
    run.kill("keeper")
    run.kill("guard")
    assert run.reach(Phase.UNATTENDED).pid == run.who("job").pid
    (run.folder / "go").touch()
    seen = run.reach(Phase.LOST)
    assert seen.exit is None
    assert "died" in seen.cause


def test_an_unattended_run_can_be_attended_again_and_its_stop_holds(run):
    run.shell("trap '' TERM; echo ready; while :; do sleep 0.05; done").says("ready")
    run.kill("keeper")
    run.kill("guard")
    run.reach(Phase.UNATTENDED)
    run.stop(grace_seconds=0.3)
    assert run.reach(Phase.LOST).exit is None
    assert not run.members()


def test_twenty_random_kills_around_the_end_of_the_job_lose_no_exit_code(runs):
    dice = random.Random(7)
    for number in range(20):
        run = runs(f"job-{number}").shell(f"sleep {dice.uniform(0, 0.03):.3f}; exit {number + 1}")
        victim = dice.choice(["keeper", "guard"])
        run.who("job")
        time.sleep(dice.uniform(0, 0.04))  # the kill falls anywhere around the end: that is the point
        run.kill(victim)
        assert run.exit().code == number + 1, f"{victim} of {run.name}"


def test_a_guard_that_dies_before_the_job_is_known_is_replaced(run):
    """The first guard finds job.lock held, gives up, and the second one starts the job."""
    run.dir.mkdir()
    held = lock(run.dir / "job.lock")
    run.shell("exit 3")
    first = run.who("guard")
    send_signal(first, signal.SIGKILL)
    until(lambda: run.who("guard") != first)
    os.close(held)
    assert run.exit().code == 3


def test_a_run_whose_keeper_dies_before_the_job_began_may_be_launched_again(run):
    """The keeper is killed as soon as it is seen; sooner or later one lives long enough."""
    order = run.order(["bash", "-c", "echo once; exit 3"])
    for _ in range(10):
        run.engine.submit(order, endless())
        send_signal(Identity.from_dict(read_json(run.dir / "claim")), signal.SIGKILL)
        until(lambda: run.see().phase is not Phase.STARTING)
        assert run.see().phase is not Phase.LOST
    run.engine.submit(order, endless())
    assert run.exit().code == 3
    assert run.output() == "once\n"


def test_a_claim_alone_does_not_keep_a_run_from_being_launched(run):
    run.dir.mkdir()
    write_json(run.dir / "claim", identity_of(os.getpid()).to_dict())
    assert run.see().phase is Phase.ABSENT
    assert run.shell("exit 3").exit().code == 3


def test_a_machine_that_restarted_has_lost_its_runs(run):
    run.dir.mkdir()
    write_json(run.dir / "claim", {**identity_of(os.getpid()).to_dict(), "boot_id": "before"})
    seen = run.see()
    assert (seen.phase, seen.cause) == (Phase.LOST, "machine restarted")


def test_a_hung_guard_is_replaced_by_the_keeper(run):
    run.shell(WAIT_FOR_FILE).says("ready").kill("guard", signal.SIGSTOP)
    (run.folder / "go").touch()
    left = run.exit()
    assert (left.code, left.by) == (3, "keeper")


def test_launching_twice_runs_the_job_once(run):
    order = run.order(["bash", "-c", "echo once; sleep 0.2"])
    for _ in range(3):
        run.engine.submit(order, endless())
    run.exit()
    run.engine.submit(order, endless())
    assert run.output() == "once\n"


def test_two_that_launch_at_the_same_time_run_the_job_once(run):
    code = (
        f"import sys; sys.path.insert(0, {HERE!r}); from launched import Run; from pathlib import Path\n"
        f"Run(Path({str(run.folder)!r})).shell('echo once; sleep 0.2')"
    )
    racers = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(3)]
    assert [racer.wait() for racer in racers] == [0, 0, 0]
    run.exit()
    assert run.output() == "once\n"


def test_a_job_outlives_the_terminal_it_was_started_from(run):
    code = (
        f"import os, signal, sys; sys.path.insert(0, {HERE!r}); from launched import Run; from pathlib import Path\n"
        f"Run(Path({str(run.folder)!r})).shell({WAIT_FOR_FILE!r})\n"
        "signal.signal(signal.SIGHUP, signal.SIG_DFL)\n"  # under nohup it is ignored
        "os.killpg(0, signal.SIGHUP)"
    )
    launcher = subprocess.Popen([sys.executable, "-c", code], start_new_session=True)
    assert launcher.wait() == -signal.SIGHUP
    run.says("ready")
    for name in ("keeper", "guard"):
        for signum in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
            run.kill(name, signum)
    (run.folder / "go").touch()
    assert run.exit().code == 3


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"argv": ("no-such-command",)}, "there is no command 'no-such-command'"),
        ({"argv": ("./missing.sh",)}, "there is no command './missing.sh'"),
        ({"argv": ("./plain.txt",)}, "may not be executed"),
        ({"cwd": "/nowhere/at/all"}, "working folder /nowhere/at/all does not exist"),
        ({"argv": ()}, "the command is empty"),
    ],
)
def test_what_cannot_start_is_said_in_one_sentence_and_leaves_nothing(run, changes, message):
    (run.folder / "plain.txt").write_text("hello")
    with pytest.raises(LaunchError, match=message):
        run.engine.submit(run.order(**({"argv": ["true"]} | changes)), endless())
    assert run.see().phase is Phase.ABSENT
    assert not run.dir.exists()


def test_a_command_the_kernel_refuses_does_not_look_like_the_jobs_own_exit(run):
    script = run.folder / "job"
    script.write_text("#!/no/such/interpreter\n")
    script.chmod(0o755)
    left = run.start(["./job"]).exit()
    assert left.code == 127
    assert left.could_not_start == "could not start: the command './job': No such file or directory"


def test_a_name_may_be_in_any_alphabet(runs):
    run = runs("größe-ж-1").shell('echo "$TRAINUI_RUN_DIR $WORD"; exit 3', env={
        "PATH": os.environ["PATH"], "TRAINUI_RUN_DIR": "größe", "WORD": "жук",
    })  # fmt: skip
    assert run.exit().code == 3
    assert run.output() == "größe жук\n"


def test_a_job_starts_as_from_a_plain_shell(run):
    """Default signals, empty mask, the user's umask, no terminal, no descriptors of ours but the lock."""
    script = (
        "import os, signal; print(all(signal.getsignal(one) == signal.SIG_DFL for one in"
        " (signal.SIGPIPE, signal.SIGTERM, signal.SIGHUP)) or [line for line in open('/proc/self/status')],"
        " signal.pthread_sigmask(signal.SIG_BLOCK, []), oct(os.umask(0)), os.getsid(0) == os.getpid(),"
        " sorted(int(fd) for fd in os.listdir('/proc/self/fd') if int(fd) < 100), os.getcwd(),"
        " 'TRAINUI_KEEPER' in os.environ)"
    )
    grep = "grep -E 'SigBlk|SigIgn' /proc/self/status"
    run.shell(f'{grep}; exec {sys.executable} -S -c "{script}"', umask=0o027).exit()
    masks, told = run.output().splitlines()[:2], run.output().splitlines()[2]
    libc = 0b11 << 31  # signals 32 and 33 are the C library's own; some Pythons leave the first ignored
    assert all(int(line.split()[1], 16) & ~libc == 0 for line in masks), masks
    assert f"set() 0o27 True [0, 1, 2, 3] {run.folder} False" in told
