"""A dead manager is started again by whoever of a pair is senior, while a run lives and once when it ends."""

from __future__ import annotations

import itertools
import os
import signal
import sys

from launched import until

from trainui.core.process import revive
from trainui.core.process.files import is_locked, read_json, write_json
from trainui.core.process.identity import Identity, is_alive, send_signal

MANAGER = f"""
import os, sys, time
sys.path.insert(0, {os.getcwd()!r})
from trainui.core.process.files import lock, write_json
from trainui.core.process.identity import identity_of
held = lock(sys.argv[1] + "-lock")
if held is None:
    sys.exit(0)
me = identity_of(os.getpid()).to_dict()
write_json(sys.argv[2], {{**me, "umask": os.umask(0), "sid": os.getsid(0)}})
time.sleep(60)
"""


def _start(run, script="while [ ! -e go ]; do sleep 0.02; done", manager=MANAGER):
    (run.folder / "runs.db").touch()
    argv = (sys.executable, "-c", manager, str(run.folder / "runs.db"), str(run.folder / "told"))
    run.shell(script, manager_argv=argv, umask=0o027)


def _manager(run):
    told = read_json(run.folder / "told")
    return told and is_alive(Identity.from_dict(told)) and told


def _end(run):
    (run.folder / "go").touch()
    run.exit()
    told = until(lambda: _manager(run))
    send_signal(Identity.from_dict(told), signal.SIGKILL)


def test_a_keeper_starts_a_manager_when_there_is_none_and_again_when_it_is_killed(run):
    _start(run)
    first = until(lambda: _manager(run), 6)
    assert first["umask"] == 0o027, "the user's, not the pair's"
    assert first["sid"] == first["pid"], "in a session of its own"
    send_signal(Identity.from_dict(first), signal.SIGKILL)
    second = until(lambda: (now := _manager(run)) and now["pid"] != first["pid"] and now, 6)
    assert second["ticks"] >= first["ticks"]
    assert run.see().phase == "running"
    _end(run)


def test_the_guard_does_it_when_the_keeper_is_dead_and_its_manager_is_no_straggler(run):
    _start(run)
    run.who("job")
    run.kill("keeper")
    manager = until(lambda: _manager(run), 6)
    (run.folder / "go").touch()
    assert run.exit().by == "guard"
    assert is_alive(Identity.from_dict(manager))
    _end(run)


def test_a_run_that_ends_without_a_manager_starts_one_so_that_the_queue_goes_on(run):
    _start(run, "exit 3")
    assert run.exit().code == 3
    _end(run)


def test_nobody_revives_the_manager_of_a_database_that_is_gone(run):
    run.shell("exit 3")
    run.exit()
    until(lambda: not is_locked(run.dir / "keeper.lock"))
    assert not (run.folder / "runs" / "manager.log").exists()


def test_a_manager_that_fails_is_started_ever_more_rarely_and_a_good_one_is_not(run, monkeypatch):
    clock, started = [1000.0], []
    monkeypatch.setattr(revive, "boot_seconds", lambda: clock[0])
    monkeypatch.setattr(revive, "detach", lambda *_words, **_more: started.append(clock[0]))
    (run.folder / "runs.db").touch()
    reviver = revive.Reviver(run.order(["true"]), is_senior=True, oom_score=None)
    for _ in range(300):
        clock[0] += 1
        reviver.look()
    pauses = [late - early for early, late in itertools.pairwise(started)]
    assert pauses[:5] == [4, 8, 16, 32, 60]
    write_json(run.folder / "runs.db-lock", {})  # taken since
    clock[0] += 60
    reviver.look()
    write_json(run.folder / "runs.db-lock", {"again": 1})
    clock[0] += 4
    reviver.look()
    assert started[-1] - started[-2] == 4
