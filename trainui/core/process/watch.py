"""Watching a job to its end: deadlines, signals, the exit record, stragglers. The guard does it; else the keeper.

The order at the end is the point: see the dead child without reaping it, write exit.json, then reap. Whoever
is killed in between, the other one of the pair inherits the child and sees the same.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Mapping

from . import linux, tree
from .failpoint import reach
from .files import read_json, recall, write_json, write_json_once
from .identity import Identity, boot_seconds, identity_of, is_alive, send_signal
from .ladder import Step, kill_at, next_step
from .order import ALLOWANCE, EXIT, JOB, PAUSE, REFUSED, SIGNALLED, STOP, Allowance, Order, Stop

TYPE_CHECKING = False  # typing itself is too dear for a keeper
if TYPE_CHECKING:
    from typing import Any

    from .revive import Reviver

TICK = 1.0
"""Seconds between looks when nobody pokes us: a lost poke costs no more."""
STRAGGLER_GRACE = 5.0
"""Seconds what a finished job left behind has after its stop signal."""


class Watch:
    """One job, from its start to the last of its processes."""

    def __init__(
        self, order: Order, told: Mapping[str, Any], *, by: str, wake: linux.Wake, reviver: Reviver
    ) -> None:
        """`told`: what job.json holds."""
        self.order = order
        self.by = by
        self.job = Identity.from_dict(told)
        self.started_boot = float(told["started_boot"])
        self._oom_kills = int(told["oom_kills"])
        self._told_stop: dict[str, Any] | None = None
        self._told_allowance = read_json(os.path.join(order.run_dir, ALLOWANCE))
        self._is_signalled = False
        self._wake = wake
        self._reviver = reviver

    def run(self) -> None:
        """Hold the deadlines until the job is dead and recorded, then see its stragglers off."""
        while not self._reap():
            if not is_alive(self.job) and not self._is_child():
                break  # both of the pair died, we came later: its exit code went with them
            self._reviver.look()
            self._wake.wait(self._act())
        self.sweep()

    def sweep(self) -> None:
        """Stop what the job left behind: the stop signal, a grace, SIGKILL."""
        end = boot_seconds() + STRAGGLER_GRACE
        asked: set[Identity] = set()
        while left := [one for one in self._members() if one != self.job]:
            stop = self._stop()
            due = kill_at(stop, self._allowance()) if stop else end
            if boot_seconds() >= due:
                tree.signal_all(left, signal.SIGKILL)
                reach("killed stragglers")
            else:
                fresh = [one for one in left if one not in asked]
                tree.signal_all(fresh, _number(stop.signal if stop else "SIGTERM"))
                tree.signal_all(fresh, signal.SIGCONT)
                asked.update(fresh)
                reach("asked stragglers")
            self._wake.wait(max(0.02, min(0.25, due - boot_seconds())))
            self._reap()
        self._reap()
        reach("swept")

    # ---------------------------------------------------------------- deadlines

    def _act(self) -> float:
        """Do what is due; returns how long to sleep."""
        now = boot_seconds()
        step, due = next_step(
            now,
            allowance=self._allowance(),
            grace_seconds=self.order.grace_seconds,
            stop=self._stop(),
            is_signalled=self._is_signalled or os.path.exists(self._path(SIGNALLED)),
        )
        if step is Step.WAIT:
            return TICK if due is None else max(0.0, min(TICK, due - now))
        {Step.BEGIN: self._begin, Step.SIGNAL: self._signal, Step.KILL: self._kill}[step]()
        return 0.1 if step is Step.KILL else 0.0

    def _begin(self) -> None:
        """The allowance is down to the grace: write the decision first, so that the exit tells why."""
        stop = Stop(
            reason=self._allowance().reason,
            signal=self.order.stop_signal,
            grace_seconds=self.order.grace_seconds,
            boot_seconds=boot_seconds(),
            at=time.time(),
            by=self.by,
        )
        try:
            write_json_once(self._path(STOP), stop.to_dict())
        except OSError as error:  # a full disk must not make a run immortal
            self._say(f"stop.json cannot be written: {error}")
        self._told_stop = stop.to_dict()  # what the file says goes first, if it can be read

    def _signal(self) -> None:
        """The stop signal, to the main process alone: it must not lose its helpers while it saves."""
        stop = self._stop()
        if os.path.exists(self._path(PAUSE)):
            tree.thaw(self.order.run_dir, self.job)
        send_signal(self.job, _number(stop.signal if stop else self.order.stop_signal))
        reach("sent signal")
        try:
            # after sending: if we die in between it is sent twice, which is better than never
            write_json_once(self._path(SIGNALLED), {"by": self.by, "boot_seconds": boot_seconds()})
        except OSError as error:
            self._say(f"{SIGNALLED} cannot be written: {error}")
        self._is_signalled = True

    def _kill(self) -> None:
        tree.signal_all(self._members(), signal.SIGKILL)
        reach("sent SIGKILL")

    def _members(self) -> list[Identity]:
        return tree.members(self.order.run_dir, self.job, adopted_by=os.getpid())

    def _stop(self) -> Stop | None:
        self._told_stop = recall(self._path(STOP), self._told_stop)
        return Stop.from_dict(self._told_stop) if self._told_stop else None

    def _allowance(self) -> Allowance:
        self._told_allowance = recall(self._path(ALLOWANCE), self._told_allowance)
        assert self._told_allowance is not None, "launch wrote it before us"
        return Allowance.from_dict(self._told_allowance)

    # ---------------------------------------------------------------- the end

    def _is_child(self) -> bool:
        try:
            os.waitid(os.P_PID, self.job.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return False
        return True

    def _reap(self) -> bool:
        """Reap dead children, the job only after its exit is on disk. True when that is so."""
        while True:
            try:
                dead = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            except ChildProcessError:
                dead = None
            if dead is None:
                return self._is_told() and not is_alive(self.job)
            is_job = dead.si_pid == self.job.pid and identity_of(dead.si_pid) == self.job
            if is_job:
                reach("saw job dead")
                try:
                    write_json_once(self._path(EXIT), self._exit_record(dead))
                except OSError as error:  # a full disk: the zombie keeps the truth until there is room
                    self._say(f"exit.json cannot be written: {error}")
                    if not self._is_told():
                        return False
            os.waitid(os.P_PID, dead.si_pid, os.WEXITED)
            reach("reaped" if is_job else "reaped stranger")

    def _is_told(self) -> bool:
        """Whether the end is on disk, or there is nowhere left to tell it: the run directory was deleted."""
        return os.path.exists(self._path(EXIT)) or not os.path.isdir(self.order.run_dir)

    def _exit_record(self, dead: os.waitid_result) -> dict[str, Any]:
        now = boot_seconds()
        by_signal = dead.si_code in (os.CLD_KILLED, os.CLD_DUMPED)
        stop = self._stop()
        refused = recall(self._path(REFUSED)) or {}
        was_killed = by_signal and dead.si_status == signal.SIGKILL
        return exit_record(
            code=None if by_signal else dead.si_status,
            signal_name=_name(dead.si_status) if by_signal else None,
            seconds=now - self.started_boot,
            by=self.by,
            stop=stop.to_dict() if stop else None,
            killed=bool(was_killed and stop and now >= kill_at(stop, self._allowance())),
            max_rss=linux.peak_memory(dead.si_pid),
            oom_kills=max(0, linux.oom_kills() - self._oom_kills),
            could_not_start=refused.get("reason", ""),
        )

    def _path(self, name: str) -> str:
        return os.path.join(self.order.run_dir, name)

    def _say(self, text: str) -> None:
        linux.say(f"{self.by}: {text}")


def exit_record(
    *,
    code: int | None = None,
    signal_name: str | None = None,
    seconds: float = 0.0,
    by: str,
    stop: dict[str, Any] | None = None,
    killed: bool = False,
    max_rss: int = 0,
    oom_kills: int = 0,
    could_not_start: str = "",
) -> dict[str, Any]:
    """What exit.json holds."""
    return {
        "code": code,
        "signal": signal_name,
        "at": time.time(),
        "boot_seconds": boot_seconds(),
        "seconds": seconds,
        "by": by,
        "stop": stop,
        "killed": killed,
        "max_rss": max_rss,
        "oom_kills": oom_kills,
        "could_not_start": could_not_start,
    }


def write_job(order: Order, job: Identity) -> dict[str, Any] | None:
    """Make the job known, durably; returns what was written, None when another is known. Raises OSError."""
    record = {
        **job.to_dict(),
        "started_at": time.time(),
        "started_boot": boot_seconds(),
        "oom_kills": linux.oom_kills(),
    }
    return record if write_json_once(os.path.join(order.run_dir, JOB), record) else None


def write_identity(path: str) -> Identity:
    """Write who we are, to be poked."""
    identity = identity_of(os.getpid())
    assert identity is not None
    write_json(path, identity.to_dict())
    return identity


def _number(name: str) -> int:
    try:
        return signal.Signals[name]
    except KeyError:
        return signal.SIGTERM


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
