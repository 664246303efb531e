"""Starting a manager when none is alive, or when it hangs: whichever of a pair is senior looks every few seconds."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from . import linux
from .beat import LATE, Watcher
from .failpoint import reach
from .files import is_locked
from .identity import boot_seconds
from .order import KEEPER_LOCK, Order

EVERY = 4.0
"""Seconds between looks: with a tick of one second, a dead manager is replaced within five."""
SOON = 1.0
"""Seconds until the lock of a manager that was killed is free."""
LONGEST = 60.0
"""Seconds between starts of managers that die before they hold the lock: a broken one costs little."""


class Reviver:
    """Looks for the manager of a run's database."""

    def __init__(self, order: Order, *, is_senior: bool, oom_score: str | None) -> None:
        self._order = order
        self._lock = f"{order.db}-lock"
        self._is_senior = is_senior
        self._oom_score = oom_score
        self._pause = EVERY
        self._next = boot_seconds() + 1
        self._last_held: int | None = None
        self._watcher = Watcher(order.db)

    def look(self) -> None:
        """Start a manager if it is time to look and none is alive."""
        now = boot_seconds()
        if now < self._next:
            return
        is_junior = self._is_junior()
        if not is_junior and self._watcher.end_hung():
            self._next = now + SOON
            return
        if is_junior or not self.revive():
            self._pause = EVERY
        self._next = now + self._pause

    def _is_junior(self) -> bool:
        return not self._is_senior and is_locked(os.path.join(self._order.run_dir, KEEPER_LOCK))

    def part(self, wake: linux.Wake) -> None:
        """Leave a manager behind that is alive and moves: what waits in the queue shall not wait for a person."""
        if self._is_junior():
            return
        end = boot_seconds() + LATE + 2 * EVERY
        while self._watcher.doubts() and boot_seconds() < end:
            self.look()
            wake.wait(SOON)
        self.revive()

    def revive(self) -> bool:
        """Start a manager if none is alive; whether one was started."""
        order = self._order
        if is_locked(self._lock) or not os.path.exists(order.db):
            return False
        held = os.stat(self._lock).st_mtime_ns if os.path.exists(self._lock) else 0
        has_failed = held == self._last_held  # the one we started last never took the lock
        self._pause = min(LONGEST, 2 * self._pause) if has_failed else EVERY
        self._last_held = held
        log = os.path.join(os.path.dirname(order.db), "runs", "manager.log")
        argv = order.manager_command
        detach(argv, os.environ, cwd=order.project, log=log, umask=order.umask, oom=self._oom_score)
        reach("spawned manager")
        return True


def detach(
    argv: Sequence[str],
    env: Mapping[str, str],
    *,
    cwd: str,
    log: str,
    umask: int | None = None,
    oom: str | None = None,
) -> int:
    """Start a command in a session of its own, its output appended to `log`; returns its pid."""
    pid = os.fork()
    if pid:
        return pid
    try:
        os.setsid()
        linux.restore_signals()
        if oom is not None:
            linux.set_oom_score(oom)
        sink = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        nothing = os.open(os.devnull, os.O_RDONLY)
        for ours, theirs in ((nothing, 0), (sink, 1), (sink, 2)):
            os.dup2(ours, theirs)
        os.closerange(3, 100)
        os.chdir(cwd)
        if umask is not None:
            os.umask(umask)
        os.execvpe(argv[0], list(argv), dict(env))
    finally:
        os._exit(127)
