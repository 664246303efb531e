"""The first of a pair: `python -I -S keeper.py RUN_DIR [--attend]`, in a session of its own.

It claims the run, forks the guard, and takes its place if the guard dies or hangs. With --attend it takes up
a run whose pair died: deadlines hold again, though nobody can learn its exit code any more.
"""

from __future__ import annotations

import os
import signal
import sys
import time
import types

if not __package__:
    # Run by path: the neighbours become a package of their own, and nothing else of trainui is imported.
    __package__ = "pair"
    package = types.ModuleType(__package__)
    package.__path__ = [os.path.dirname(os.path.abspath(__file__))]
    sys.modules[__package__] = package

from . import linux
from .child import never_began
from .failpoint import i_am, reach
from .files import is_locked, lock, read_json, recall, write_json, write_json_once
from .guard import guard
from .identity import Identity, boot_seconds, identity_of, is_alive
from .ladder import PATIENCE, Done, is_late
from .order import (
    ALLOWANCE,
    CLAIM,
    EXIT,
    GUARD_LOCK,
    JOB,
    KEEPER,
    KEEPER_LOCK,
    LAUNCH,
    REQUESTED,
    SIGNALLED,
    STOP,
    Allowance,
    Order,
    Stop,
)
from .record import exit_record, write_identity
from .revive import Reviver
from .watch import TICK, Watch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

GUARDS = 3
"""Guards that may die before the job begins, until we give up."""
BIRTH = 30.0
"""Seconds a guard may take until its job is known."""


class Keeper:
    """Keeps a guard, or does its work."""

    def __init__(self, order: Order, held: int, *, oom_score: str | None) -> None:
        self._order = order
        self._held = held
        self._oom_score = oom_score
        self._wake = linux.Wake()
        self._reviver = Reviver(order, is_senior=True, oom_score=oom_score)
        self._last: dict[str, dict[str, Any]] = {}
        self._guard = 0
        self._guarded_since = 0.0
        self._guards = 0
        self._dead_since: float | None = None

    def keep(self) -> None:
        """Until the run is over and nothing of it is left."""
        self._fork_guard()
        while True:
            self._reap()
            if not self._guard and not self._replace_guard():
                break
            if self._guard:
                if self._is_guard_hung():
                    os.kill(self._guard, signal.SIGKILL)  # its child becomes ours
                    reach("killed guard")
                self._reviver.look()
                self._wake.wait(TICK)
        self._reviver.part(self._wake, self._held)

    def attend(self) -> None:
        """Watch a job that is not our child."""
        told = self._told(JOB)
        assert told is not None
        Watch(self._order, told, by="keeper", wake=self._wake, reviver=self._reviver, is_heir=False).run()
        self._reviver.part(self._wake, self._held)

    def _fork_guard(self) -> None:
        self._guards += 1
        self._guarded_since = boot_seconds()
        pid = os.fork()
        if pid == 0:
            os.close(self._held)  # or the keeper's lock would outlive the keeper
            self._wake.close()
            raise SystemExit(guard(self._order, oom_score=self._oom_score))
        self._guard = pid
        reach("forked guard")

    def _replace_guard(self) -> bool:
        """The guard is gone: finish its work, or fork another if the job never began. False when all is done."""
        told = self._told(JOB)
        if told is not None:
            Watch(self._order, told, by="keeper", wake=self._wake, reviver=self._reviver).run()
            return False
        if self._told(EXIT) or not os.path.exists(self._path(LAUNCH)):
            return False  # told; or emptied by somebody, and what ran there must not run again
        if is_locked(self._path(GUARD_LOCK)):
            self._wake.wait(TICK)  # that of a keeper that died as it forked; the job it starts will be known
            return True
        if self._guards < GUARDS:
            self._fork_guard()
            return True
        record = exit_record(by="keeper", code=126, could_not_start="could not start: see keeper.log")
        try:
            write_json_once(self._path(EXIT), record)
        except OSError as error:
            linux.say(f"keeper: exit.json cannot be written: {error}")
            self._wake.wait(TICK)
            return True
        return False

    def _reap(self) -> None:
        """Reap the guard and strangers; a dead job is left to Watch, which looks before it reaps."""
        while True:
            try:
                dead = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            except ChildProcessError:
                return
            if dead is None:
                return
            is_guard = dead.si_pid == self._guard
            if is_guard:
                reach("saw guard dead")
                self._guard = 0
            elif not self._guard or not self._is_stranger(dead.si_pid):
                self._forget_dead_guard()
                return
            os.waitid(os.P_PID, dead.si_pid, os.WEXITED)
            reach("reaped guard" if is_guard else "reaped stranger")

    def _is_stranger(self, pid: int) -> bool:
        told = self._told(JOB)
        return told is None or Identity.from_dict(told) != identity_of(pid)

    def _forget_dead_guard(self) -> None:
        """The job is our child, so its guard is dead, perhaps behind it in the line of the dead."""
        if self._guard:
            os.waitid(os.P_PID, self._guard, os.WEXITED)
            self._guard = 0
            reach("reaped guard")

    def _is_guard_hung(self) -> bool:
        """Whether something was due PATIENCE ago that the guard has not done."""
        now = boot_seconds()
        told = self._told(JOB)
        if told is None:
            return now - self._guarded_since > BIRTH
        if is_alive(Identity.from_dict(told)):
            self._dead_since = None
            allowance, stop, signalled = self._told(ALLOWANCE), self._told(STOP), self._told(SIGNALLED)
            assert allowance is not None
            return is_late(
                now,
                allowance=Allowance.from_dict(allowance),
                stop_seconds=self._order.request_seconds + self._order.grace_seconds,
                stop=Stop.from_dict(stop) if stop else None,
                done=Done(  # since when it is saved we cannot know: the guard has until it need wait no more
                    is_requested=self._told(REQUESTED) is not None,
                    signalled_at=float(signalled["boot_seconds"]) if signalled else None,
                ),
            )
        if os.path.exists(self._path(EXIT)) or not os.path.isdir(self._order.run_dir):
            return False
        self._dead_since = self._dead_since or now
        return now - self._dead_since > PATIENCE

    def _told(self, name: str) -> dict[str, Any] | None:
        """What a file says, or said when it was last whole: who deletes job.json must not start a second job."""
        told = recall(self._path(name), self._last.get(name))
        if told is not None:
            self._last[name] = told
        return told

    def _path(self, name: str) -> str:
        return os.path.join(self._order.run_dir, name)


def _claim(run_dir: str, me: Identity) -> bool:
    """Take the run; False when it was taken. A claim whose keeper died before the job began is taken over.

    Only who holds the keeper's lock asks, so no two take it over at once.
    """
    path, record = os.path.join(run_dir, CLAIM), {**me.to_dict(), "at": time.time()}
    if write_json_once(path, record):
        return True
    if not never_began(run_dir, but_for=KEEPER_LOCK):
        return False
    write_json(path, record)
    return True


def main(run_dir: str, *, attend: bool) -> int:
    """Keep the run in `run_dir`; 0 also when another keeper does."""
    i_am("keeper")
    os.umask(0o077)
    linux.ignore_signals()
    held = lock(os.path.join(run_dir, KEEPER_LOCK))
    if held is None:
        return 0
    told = read_json(os.path.join(run_dir, LAUNCH))
    if told is None:
        linux.say(f"{run_dir} holds no {LAUNCH}")
        return 1
    order = Order.from_dict(told)
    me = identity_of(os.getpid())
    assert me is not None
    if attend:
        if is_locked(os.path.join(run_dir, GUARD_LOCK)) or not os.path.exists(os.path.join(run_dir, JOB)):
            return 0
    elif not _claim(run_dir, me):
        return 0
    linux.become_subreaper()
    keeper = Keeper(order, held, oom_score=linux.set_oom_score(linux.SHIELD))
    write_identity(os.path.join(run_dir, KEEPER))
    if attend:
        keeper.attend()
    else:
        keeper.keep()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], attend="--attend" in sys.argv[2:]))
