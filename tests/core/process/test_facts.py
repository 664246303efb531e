"""The small things everything stands on: identities, durable files, locks, the ladder, whose process it is."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from launched import endless, until

from trainui.core.process import tree
from trainui.core.process.files import is_locked, lock, read_json, write_json, write_json_once
from trainui.core.process.identity import Identity, boot_seconds, identity_of, is_alive, send_signal, stat_of
from trainui.core.process.ladder import NOTHING, PATIENCE, Done, Step, is_late, kill_at, next_step
from trainui.core.process.order import Allowance, Order, Stop


@pytest.fixture
def sleeper():
    """A process of our own to look at."""
    process = subprocess.Popen(["sleep", "1000"])
    yield process
    process.kill()
    process.wait()


# ---------------------------------------------------------------- identity


def test_a_zombie_is_dead_and_another_boot_or_start_is_somebody_else(sleeper):
    me = identity_of(sleeper.pid)
    assert is_alive(me)
    assert Identity.from_dict(me.to_dict()) == me
    assert not is_alive(replace(me, ticks=me.ticks + 1))
    assert not is_alive(replace(me, boot_id="another"))
    sleeper.kill()
    until(lambda: stat_of(sleeper.pid).state == "Z")
    assert not is_alive(me)


def test_a_signal_reaches_its_process_and_never_a_stranger_with_its_pid(sleeper):
    me = identity_of(sleeper.pid)
    assert not send_signal(replace(me, ticks=me.ticks - 1), signal.SIGKILL)
    assert is_alive(me)
    assert send_signal(me, signal.SIGKILL)
    sleeper.wait()
    assert not send_signal(me, signal.SIGKILL)
    assert identity_of(sleeper.pid) is None


def test_a_name_with_brackets_and_blanks_hides_nothing(tmp_path):
    script = tmp_path / "a) S 1 (b"
    script.symlink_to("/bin/sleep")
    process = subprocess.Popen([str(script), "1000"])
    until(lambda: b"a) S 1 (b" in Path(f"/proc/{process.pid}/stat").read_bytes())
    assert stat_of(process.pid).ppid == os.getpid()
    process.kill()
    process.wait()


# ---------------------------------------------------------------- files and locks


def test_files_are_replaced_whole_or_written_once_and_are_for_their_owner_only(tmp_path):
    path = tmp_path / "größe.json"
    assert read_json(path) is None
    assert write_json_once(path, {"by": "first"})
    assert not write_json_once(path, {"by": "second"})
    assert read_json(path) == {"by": "first"}
    write_json(path, {"by": "\udcff third"})
    assert read_json(path) == {"by": "\udcff third"}
    assert path.stat().st_mode & 0o777 == 0o600
    assert os.listdir(tmp_path) == [path.name]


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"a": 1'])
def test_a_damaged_file_says_so(tmp_path, text):
    path = tmp_path / "exit.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"exit\.json is damaged"):
        read_json(path)


def test_of_many_that_write_once_one_wins(tmp_path):
    code = (
        "import sys; from trainui.core.process.files import write_json_once\n"
        f"print(write_json_once({str(tmp_path / 'x')!r}, {{}}))"
    )
    racers = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) for _ in range(4)]
    assert sorted(racer.communicate()[0].strip() for racer in racers) == [b"False"] * 3 + [b"True"]


def test_a_lock_is_free_when_its_last_holder_is_gone(tmp_path):
    path = tmp_path / "job.lock"
    assert not is_locked(path)
    held = lock(path)
    assert is_locked(path)
    assert lock(path) is None
    os.set_inheritable(held, True)
    heir = subprocess.Popen(["sleep", "1000"], close_fds=False)
    os.close(held)
    assert is_locked(path)
    heir.kill()
    heir.wait()
    assert not is_locked(path)


def test_asking_whether_a_lock_is_held_keeps_nobody_from_taking_it(tmp_path):
    path = tmp_path / "lock"
    path.touch()
    code = f"from trainui.core.process.files import is_locked\nwhile True: is_locked({str(path)!r})"
    asker = subprocess.Popen([sys.executable, "-c", code])
    for _ in range(200):
        held = lock(path)
        assert held is not None
        os.close(held)
    asker.kill()
    asker.wait()


def test_what_is_written_for_the_pair_reads_back():
    order = Order(
        run="a-1", argv=("x", "y"), cwd="/", env={"A": "1"}, run_dir="/r", db="/d", project="/p", python="/py"
    )
    assert Order.from_dict(order.to_dict()) == order
    assert order.manager_command[:3] == ("/py", "-m", "trainui.core.manager")
    assert Allowance.from_dict(endless().to_dict()) == endless()
    for stop in (_stop(), _stop(checkpoint=20)):
        assert Stop.from_dict(stop.to_dict()) == stop


def test_records_of_an_older_and_of_a_newer_trainui_are_read():
    """A pair lives through upgrades of whoever writes to it."""
    order = Order(run="a-1", argv=("x",), cwd="/", env={}, run_dir="/r", db="/d", project="/p", python="/py")
    told = order.to_dict()
    for key in ("checkpoint_signal", "checkpoint_file", "checkpoint_seconds"):
        del told[key]
    assert Order.from_dict(told | {"new": 1}) == order
    assert "checkpoint_seconds" not in _stop().to_dict(), "a pair from before refuses what it does not know"
    assert Stop.from_dict(_stop().to_dict() | {"new": 1}) == _stop()


# ---------------------------------------------------------------- the ladder


def _stop(at=100.0, grace=10.0, checkpoint=0.0):
    return Stop(
        reason="user",
        signal="SIGTERM",
        grace_seconds=grace,
        boot_seconds=at,
        at=0.0,
        checkpoint_seconds=checkpoint,
    )


def _until(seconds):
    return Allowance(until=seconds, boot_id="this", reason="budget")


ASKED = Done(is_requested=True)
SAVED = Done(is_requested=True, is_saved=True)


def _signalled(at):
    return Done(is_requested=True, signalled_at=at)


@pytest.mark.parametrize(
    ("now", "until_", "stop", "done", "due"),
    [
        (50, None, None, NOTHING, (Step.WAIT, None)),
        (50, 200, None, NOTHING, (Step.WAIT, 170)),  # a grace of 10 and a wait of 20 are prepaid
        (170, 200, None, NOTHING, (Step.BEGIN, 170)),
        (250, 200, None, NOTHING, (Step.BEGIN, 250)),  # nobody was there
        (101, None, _stop(), NOTHING, (Step.SIGNAL, 101)),
        (101, None, _stop(), _signalled(100), (Step.WAIT, 110)),
        (101, 105, _stop(), _signalled(100), (Step.WAIT, 105)),  # paid for less than the grace
        (110, None, _stop(), _signalled(100), (Step.KILL, 110)),
        (110, None, _stop(), NOTHING, (Step.KILL, 110)),
        (100, None, _stop(grace=0), NOTHING, (Step.KILL, 100)),  # now
        (101, None, _stop(checkpoint=20), NOTHING, (Step.REQUEST, 101)),
        (101, None, _stop(checkpoint=20), ASKED, (Step.WAIT, 120)),
        (101, None, _stop(checkpoint=20), SAVED, (Step.SIGNAL, 101)),
        (120, None, _stop(checkpoint=20), ASKED, (Step.SIGNAL, 120)),  # it did not save in time
        (121, None, _stop(checkpoint=20), _signalled(120), (Step.WAIT, 130)),
        (103, None, _stop(checkpoint=20), _signalled(102), (Step.WAIT, 112)),  # the grace after an early save
        (112, None, _stop(checkpoint=20), _signalled(102), (Step.KILL, 112)),
        (130, None, _stop(checkpoint=20), _signalled(125), (Step.KILL, 130)),  # at the latest
        (130, None, _stop(checkpoint=20), NOTHING, (Step.KILL, 130)),
        (101, 115, _stop(checkpoint=20), ASKED, (Step.WAIT, 105)),  # the grace that is paid for is kept free
        (105, 115, _stop(checkpoint=20), ASKED, (Step.SIGNAL, 105)),
        (101, 109, _stop(checkpoint=20), NOTHING, (Step.SIGNAL, 101)),  # no time to ask
        (115, 115, _stop(checkpoint=20), ASKED, (Step.KILL, 115)),
    ],
)
def test_what_is_due_when(now, until_, stop, done, due):
    assert next_step(now, allowance=_until(until_), stop_seconds=30, stop=stop, done=done) == due


@pytest.mark.parametrize(
    ("now", "until_", "stop", "done", "late"),
    [
        (172, 200, None, NOTHING, False),
        (170 + PATIENCE, 200, None, NOTHING, True),
        (102, None, _stop(), NOTHING, False),  # asked two seconds ago
        (100 + PATIENCE, None, _stop(), NOTHING, True),
        (109, None, _stop(), _signalled(100), False),
        (110 + PATIENCE, None, _stop(), _signalled(100), True),
        (102, None, _stop(grace=0), _signalled(100), False),
        (100 + PATIENCE, None, _stop(checkpoint=20), NOTHING, True),  # it did not ask
        (119, None, _stop(checkpoint=20), ASKED, False),
        (120 + PATIENCE, None, _stop(checkpoint=20), ASKED, True),
    ],
)
def test_when_a_guard_is_late(now, until_, stop, done, late):
    found = is_late(now, allowance=_until(until_), stop_seconds=30, stop=stop, done=done)
    assert found is late


def test_sigkill_never_falls_after_what_is_paid_for():
    assert kill_at(_stop(at=195.0), _until(200)) == 200


# ---------------------------------------------------------------- whose process


def test_a_pid_that_was_reused_makes_nobody_a_member(tmp_path):
    stranger = subprocess.Popen(["sleep", "1000"], start_new_session=True)
    past = replace(identity_of(stranger.pid), ticks=1)
    assert tree.members(str(tmp_path), past) == []
    assert [one.pid for one in tree.members(str(tmp_path), identity_of(stranger.pid))] == [stranger.pid]
    stranger.kill()
    stranger.wait()


def test_a_process_that_carries_the_runs_name_belongs_to_it_and_a_keeper_does_not(tmp_path):
    env = {"TRAINUI_RUN_DIR": str(tmp_path)}
    carrier = subprocess.Popen(["/bin/sleep", "1000"], env=env, start_new_session=True)
    keeper = subprocess.Popen(["/bin/sleep", "1000"], env=env | {"TRAINUI_KEEPER": "1"})
    other = subprocess.Popen(["/bin/sleep", "1000"], env={"TRAINUI_RUN_DIR": f"{tmp_path}0"})
    gone = Identity(pid=2**22, ticks=1, boot_id=identity_of(os.getpid()).boot_id)
    try:
        assert [one.pid for one in tree.members(str(tmp_path), gone)] == [carrier.pid]
    finally:
        for process in (carrier, keeper, other):
            process.kill()
            process.wait()


def test_the_boot_clock_only_goes_forward():
    assert 0 < boot_seconds() <= boot_seconds()
