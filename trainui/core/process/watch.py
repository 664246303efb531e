"""Watching a job to its end: deadlines, signals, the exit record, stragglers. The guard does it; else the keeper.

The order at the end is the point: see the dead child without reaping it, write exit.json, then reap. Whoever
is killed in between, the other one of the pair inherits the child and sees the same.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Mapping

from . import linux, memory, tree
from .failpoint import reach
from .files import read_json, recall, write_json_once
from .identity import Identity, boot_seconds, identity_of, is_alive, send_signal
from .ladder import Done, Step, kill_at, next_step
from .order import ALLOWANCE, EXIT, PAUSE, REFUSED, REQUESTED, SIGNALLED, STOP, Allowance, Order, Stop
from .record import exit_record, signal_name, signal_number
from .request import ask, is_answered

TYPE_CHECKING = False  # typing itself is too dear for a keeper
if TYPE_CHECKING:
    from typing import Any

    from .revive import Reviver

TICK = 1.0
"""Seconds between looks when nobody pokes us: a lost poke costs no more."""
SAVING = 0.2
"""Seconds between looks for the checkpoint of a run that is to be stopped."""
EMPTY_LOOKS = 3
"""Looks that find nobody, until a run whose processes are not below us is over: one may be born as we look."""
CENSUS = 5.0
"""Seconds between looks at who belongs to the job."""
MOST_PIDS = 4096
"""Of a job that forks without end, the latest."""
STRAGGLER_GRACE = 5.0
"""Seconds what a finished job left behind has after its stop signal."""


class Watch:
    """One job, from its start to the last of its processes."""

    def __init__(
        self,
        order: Order,
        told: Mapping[str, Any],
        *,
        by: str,
        wake: linux.Wake,
        reviver: Reviver,
        is_heir: bool = True,
    ) -> None:
        """`told`: what job.json holds. `is_heir`: whether orphans of the job become children of this process."""
        self.order = order
        self.by = by
        self.job = Identity.from_dict(told)
        self.started_boot = float(told["started_boot"])
        self._oom_kills = int(told["oom_kills"])
        self._oom_events = str(told.get("oom_events") or memory.events_of(os.getpid()))
        self._pids = {self.job.pid: None}
        self._next_census = 0.0
        self._told_stop: dict[str, Any] | None = None
        self._told_request: dict[str, Any] | None = None
        self._told_signal: dict[str, Any] | None = None
        self._told_allowance = read_json(os.path.join(order.run_dir, ALLOWANCE))
        self._is_heir = is_heir
        self._wake = wake
        self._reviver = reviver

    def run(self) -> None:
        """Hold the deadlines until the job is dead and recorded, then see its stragglers off."""
        while not self._reap():
            if not is_alive(self.job) and not self._is_child():
                break  # both of the pair died, we came later: its exit code went with them
            self._reviver.look()
            self._take_census()
            self._wake.wait(self._act())
        self.sweep()

    def _take_census(self) -> None:
        """Remember who belongs to the job: of whom the kernel kills, nothing is left but a pid in its log."""
        if (now := boot_seconds()) < self._next_census:
            return
        self._next_census = now + CENSUS
        for pid in memory.descendants(self.job.pid):
            self._pids.pop(pid, None)
            self._pids[pid] = None
        while len(self._pids) > MOST_PIDS:
            del self._pids[next(iter(self._pids))]

    def sweep(self) -> None:
        """Stop what the job left behind: the stop signal, a grace, SIGKILL."""
        begun = boot_seconds()
        asked: set[Identity] = set()
        empty_looks = 0
        while empty_looks < EMPTY_LOOKS:
            left = [one for one in self._members() if one != self.job]
            if not left:
                if self._is_heir and self._is_childless():
                    break
                empty_looks += 1
                self._wake.wait(0.02)
                continue
            empty_looks = 0
            stop = self._stop()
            due = begun + (stop.grace_seconds if stop else STRAGGLER_GRACE)
            paid = self._allowance().until
            if stop:
                due = min(due, kill_at(stop, self._allowance(), self._done()))
            elif paid is not None:
                due = min(due, paid)
            if boot_seconds() >= due:
                tree.signal_all(left, signal.SIGKILL)
                reach("killed stragglers")
            else:
                fresh = [one for one in left if one not in asked]
                tree.signal_all(fresh, signal_number(stop.signal if stop else "SIGTERM"))
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
        now, done = boot_seconds(), self._done()
        step, due = next_step(
            now,
            allowance=self._allowance(),
            stop_seconds=self.order.request_seconds + self.order.grace_seconds,
            stop=self._stop(),
            done=done,
        )
        if step is Step.WAIT:
            most = SAVING if done.is_requested and done.signalled_at is None else TICK
            return most if due is None else max(0.0, min(most, due - now))
        does = {Step.BEGIN: self._begin, Step.REQUEST: self._request, Step.SIGNAL: self._signal}
        does.get(step, self._kill)()
        return 0.1 if step is Step.KILL else 0.0

    def _begin(self) -> None:
        """The allowance is down to what a stop needs: write the decision first, so that the exit tells why."""
        stop = Stop(
            reason=self._allowance().reason,
            signal=self.order.stop_signal,
            grace_seconds=self.order.grace_seconds,
            boot_seconds=boot_seconds(),
            at=time.time(),
            by=self.by,
            checkpoint_seconds=self.order.request_seconds,
        )
        self._note(STOP, stop.to_dict())
        self._told_stop = stop.to_dict()  # what the file says goes first, if it can be read

    def _request(self) -> None:
        """Ask for a checkpoint; who is killed before it is written down is followed by one who asks again."""
        self._thaw()
        way = self.order
        asked = ask(way.run_dir, self.job, signal=way.checkpoint_signal, file=way.checkpoint_file, by=self.by)
        self._told_request = asked
        self._note(REQUESTED, asked)

    def _signal(self) -> None:
        """The stop signal, to the main process alone: it must not lose its helpers while it saves."""
        stop = self._stop()
        self._thaw()
        send_signal(self.job, signal_number(stop.signal if stop else self.order.stop_signal))
        reach("sent signal")
        # after sending: if we die in between it is sent twice, which is better than never
        self._told_signal = {"by": self.by, "boot_seconds": boot_seconds()}
        self._note(SIGNALLED, self._told_signal)

    def _thaw(self) -> None:
        """One that stands still cannot save."""
        if os.path.exists(self._path(PAUSE)):
            tree.thaw(self.order.run_dir, self.job)

    def _note(self, name: str, record: Mapping[str, Any]) -> None:
        try:
            write_json_once(self._path(name), record)
        except OSError as error:  # a full disk: it is known here, and the run ends all the same
            self._say(f"{name} cannot be written: {error}")

    def _kill(self) -> None:
        """First its process group in one blow, in which none can be born; then all the others."""
        if self._is_child():  # its pid is its group's, and nobody else's until we reap it
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.job.pid, signal.SIGKILL)
        tree.signal_all(self._members(), signal.SIGKILL)
        reach("sent SIGKILL")

    def _members(self) -> list[Identity]:
        return tree.members(self.order.run_dir, self.job, adopted_by=os.getpid())

    def _stop(self) -> Stop | None:
        self._told_stop = recall(self._path(STOP), self._told_stop)
        return Stop.from_dict(self._told_stop) if self._told_stop else None

    def _done(self) -> Done:
        self._told_request = recall(self._path(REQUESTED), self._told_request)
        self._told_signal = recall(self._path(SIGNALLED), self._told_signal)
        return Done(
            is_requested=self._told_request is not None,
            is_saved=is_answered(self.order.run_dir, self._told_request),
            signalled_at=float(self._told_signal["boot_seconds"]) if self._told_signal else None,
        )

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

    def _is_childless(self) -> bool:
        """Whether no child is left, alive or dead: then nothing below this process lives, unborn ones included."""
        try:
            os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return True
        self._reap()
        return False

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
        is_odd = by_signal or dead.si_status != 0
        refused = recall(self._path(REFUSED)) or {}
        was_killed = by_signal and dead.si_status == signal.SIGKILL
        return exit_record(
            code=None if by_signal else dead.si_status,
            by_signal=signal_name(dead.si_status) if by_signal else None,
            seconds=now - self.started_boot,
            by=self.by,
            stop=stop.to_dict() if stop else None,
            killed=bool(was_killed and stop and now >= kill_at(stop, self._allowance(), self._done())),
            max_rss=linux.peak_memory(dead.si_pid),
            oom_kills=max(0, memory.oom_kills(self._oom_events) - self._oom_kills),
            kernel=memory.killed_line({*self._pids, dead.si_pid}, seconds=now - self.started_boot)
            if is_odd
            else "",
            could_not_start=refused.get("reason", ""),
        )

    def _path(self, name: str) -> str:
        return os.path.join(self.order.run_dir, name)

    def _say(self, text: str) -> None:
        linux.say(f"{self.by}: {text}")
