"""A checkpoint is asked for before the stop signal, by a signal or a file; then come the signal and the grace."""

from __future__ import annotations

import signal

import pytest
from launched import seconds_from_now, until

from trainui.core.process.files import read_json, write_json
from trainui.core.process.identity import boot_seconds, is_alive

BY_FILE = "trap 'echo ended; exit 0' TERM; echo ready; while :; do sleep 0.02; {}; done"
SAVES = 'if [ -e "$TRAINUI_RUN_DIR/save" ]; then sleep 0.2; echo saved; rm "$TRAINUI_RUN_DIR/save"; fi'
BY_SIGNAL = "trap 'echo saved' USR1; trap 'echo ended; exit 0' TERM; echo ready; while :; do sleep 0.02; done"
DEAF = "trap '' TERM; trap : USR1; echo ready; while :; do sleep 0.02; done"
FILE = {"checkpoint_file": "save", "checkpoint_seconds": 60.0}
SIGNAL = {"checkpoint_signal": "SIGUSR1", "checkpoint_seconds": 60.0}


def _stop(run, checkpoint_seconds=60.0, grace_seconds=5.0, now=False):
    run.engine.stop(
        run.dir,
        reason="user",
        signal="SIGTERM",
        grace_seconds=grace_seconds,
        checkpoint_seconds=checkpoint_seconds,
        now=now,
    )


def _is_asked(run):
    return read_json(run.dir / "requested.json")


def test_a_run_saves_when_the_file_appears_and_is_stopped_when_it_is_gone(run):
    run.shell(BY_FILE.format(SAVES), **FILE).says("ready")
    _stop(run)
    left = run.exit()
    assert (left.code, left.killed) == (0, False)
    assert run.output() == "ready\nsaved\nended\n"
    assert read_json(run.dir / "requested.json")["by"] == "guard"
    assert not (run.dir / "save").exists()


def test_the_file_that_asks_is_for_its_owner_only(run):
    run.shell(BY_FILE.format(":"), **FILE).says("ready")
    _stop(run)
    until(lambda: _is_asked(run))
    assert (run.dir / "save").stat().st_mode & 0o777 == 0o600
    assert run.see().is_saving
    assert "ended" not in run.output()
    (run.dir / "save").unlink()
    assert run.exit().code == 0
    assert not run.see().is_saving


def test_a_run_saves_on_a_signal_and_is_stopped_when_its_checkpoint_was_seen(run):
    run.shell(BY_SIGNAL, **SIGNAL).says("ready")
    _stop(run)
    run.says("saved")
    asked = until(lambda: _is_asked(run))
    run.engine.saved(run.dir, at=asked["at"] - 1)
    assert not (run.dir / "saved.json").exists(), "that was saved before it was asked for"
    assert not (run.dir / "signalled.json").exists()
    run.engine.saved(run.dir, at=asked["at"] + 0.1)
    assert run.exit().code == 0
    assert run.output() == "ready\nsaved\nended\n"


def test_a_run_that_does_not_save_gets_its_signal_all_the_same(run):
    run.shell(BY_FILE.format(":"), **FILE).says("ready")
    _stop(run, checkpoint_seconds=0.5)
    left = run.exit()
    assert left.code == 0
    assert left.boot_seconds >= left.stop["boot_seconds"] + 0.5
    assert (run.dir / "save").exists()


def test_a_run_that_hears_nothing_is_killed_when_both_times_are_over(run):
    run.shell(DEAF, **SIGNAL).says("ready")
    _stop(run, checkpoint_seconds=0.3, grace_seconds=0.3)
    left = run.exit()
    assert left.killed
    assert left.boot_seconds >= left.stop["boot_seconds"] + 0.6


def test_after_an_early_save_the_grace_is_the_grace(run):
    run.shell(f"trap '' TERM; echo ready; while :; do sleep 0.02; {SAVES}; done", **FILE).says("ready")
    _stop(run, checkpoint_seconds=1000, grace_seconds=0.3)
    left = run.exit()
    assert left.killed
    assert left.boot_seconds < left.stop["boot_seconds"] + 1000


@pytest.mark.parametrize("victim", ["guard", "keeper"])
def test_whoever_of_the_pair_is_left_ends_the_wait(run, victim):
    run.shell(BY_SIGNAL, **SIGNAL).says("ready")
    _stop(run)
    run.says("saved")
    until(lambda: _is_asked(run))
    run.kill(victim)
    run.engine.saved(run.dir)
    assert run.exit().code == 0
    assert run.output() == "ready\nsaved\nended\n", "it was asked once"


def test_stopping_now_waits_for_no_checkpoint(run):
    run.shell(DEAF, **SIGNAL).says("ready")
    _stop(run)
    until(lambda: _is_asked(run))
    _stop(run, now=True)
    left = run.exit()
    assert left.killed
    assert left.stop["first"]["checkpoint_seconds"] == 60


def test_stopping_now_asks_for_none(run):
    run.shell(BY_SIGNAL, **SIGNAL).says("ready")
    _stop(run, now=True)
    assert run.exit().killed
    assert run.output() == "ready\n"


def test_a_run_that_cannot_be_asked_gets_its_signal_at_once(run):
    """The wish of whoever stops it is not written either: a pair from before could not read it."""
    run.shell(BY_SIGNAL).says("ready")
    _stop(run, checkpoint_seconds=1000)
    assert run.exit().code == 0
    assert run.output() == "ready\nended\n"
    assert "checkpoint_seconds" not in read_json(run.dir / "stop.json")


@pytest.mark.parametrize("trap", ["", "trap '' USR1;"])
def test_a_run_that_would_die_of_the_signal_or_ignores_it_is_not_asked_by_it(run, trap):
    """It is still loading its libraries, or is a wrapper around the one that would hear."""
    run.shell(f"{trap} trap 'echo ended; exit 0' TERM; echo ready; while :; do sleep 0.02; done", **SIGNAL)
    run.says("ready")
    assert not run.engine.request_checkpoint(run.dir, signal="SIGUSR1")
    _stop(run, checkpoint_seconds=1000)
    assert run.exit().code == 0
    assert run.output() == "ready\nended\n"


def test_a_file_that_cannot_be_made_delays_nothing(run):
    run.shell(BY_SIGNAL, checkpoint_file="no/such/folder/save", checkpoint_seconds=1000.0).says("ready")
    _stop(run, checkpoint_seconds=1000)
    assert run.exit().code == 0
    assert "save cannot be written" in (run.dir / "keeper.log").read_text()


def test_a_paused_run_goes_on_to_save(run):
    run.shell(BY_FILE.format(SAVES), **FILE).says("ready")
    run.engine.pause(run.dir)
    _stop(run)
    assert run.exit().code == 0
    assert run.output() == "ready\nsaved\nended\n"


def test_an_allowance_that_runs_out_leaves_time_to_save(run):
    allowance = seconds_from_now(3.0)
    way = {"checkpoint_file": "save", "checkpoint_seconds": 1.5, "grace_seconds": 1.0}
    run.shell(BY_FILE.format(SAVES), allowance, **way).says("ready")
    left = run.exit()
    assert (left.code, left.stop["reason"]) == (0, "budget")
    assert left.stop["boot_seconds"] < allowance.until - 2.4 + 0.5
    assert left.boot_seconds < allowance.until
    assert run.output() == "ready\nsaved\nended\n"


def test_the_cap_holds_though_a_checkpoint_is_waited_for(run):
    way = {"checkpoint_signal": "SIGUSR1", "checkpoint_seconds": 1000.0, "grace_seconds": 0.5}
    run.shell(DEAF, **way).says("ready")
    allowance = seconds_from_now(1.5)
    run.engine.renew(run.dir, allowance)
    left = run.exit()
    assert left.killed
    assert 0 <= left.boot_seconds - allowance.until < 0.5


def test_the_keeper_holds_the_wait_of_a_hung_guard(run):
    """Its allowance runs out, so that no poke wakes the guard."""
    allowance = seconds_from_now(SIGNAL["checkpoint_seconds"] + 5 + 1)
    run.shell(BY_SIGNAL, allowance, **SIGNAL).says("ready").kill("guard", signal.SIGSTOP)
    run.says("saved")
    assert until(lambda: _is_asked(run))["by"] == "keeper"
    run.engine.saved(run.dir)
    assert run.exit().by == "keeper"


def test_what_a_job_that_died_as_it_saved_left_behind_does_not_live_as_long_as_the_wait(run):
    script = f"(trap '' TERM; while :; do sleep 0.05; done) & {BY_FILE.format('[ -e $TRAINUI_RUN_DIR/save ] && exit 4')}"
    run.shell(script, **FILE).says("ready")
    _stop(run, checkpoint_seconds=1000, grace_seconds=0.3)
    assert run.exit().code == 4
    assert not run.members()


def test_a_checkpoint_can_be_asked_for_without_a_stop(run):
    run.shell(BY_SIGNAL).says("ready")
    assert run.engine.request_checkpoint(run.dir, signal="SIGUSR1")
    run.says("saved")
    assert run.engine.request_checkpoint(run.dir, file="save")
    assert (run.dir / "save").exists()
    assert not run.engine.request_checkpoint(run.dir, file="no/such/folder/save")
    run.engine.saved(run.dir)
    assert not (run.dir / "saved.json").exists(), "no stop waits for it"
    assert run.see().phase == "running"
    run.stop(now=True)
    run.exit()
    assert not run.engine.request_checkpoint(run.dir, signal="SIGUSR1")


def test_a_stop_of_an_older_trainui_is_obeyed(run):
    run.shell(DEAF, **SIGNAL).says("ready")
    told = {"reason": "user", "signal": "SIGTERM", "grace_seconds": 0.3, "boot_seconds": boot_seconds()}
    write_json(run.dir / "stop.json", {**told, "at": 0.0, "by": "manager", "first": {}})
    job = run.who("job")
    until(lambda: not is_alive(job))
    assert run.exit().killed
    assert not _is_asked(run)
