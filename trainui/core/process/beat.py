"""The manager's heartbeat: boot seconds in its lock file. One that hangs is killed, so that another may start.

A manager that was stopped or waits for a disk holds its lock and does nothing. Whoever looks kills it when its
beat has stood still for LATE seconds, at two looks: after a machine slept, the manager beats before the second.
"""

from __future__ import annotations

import contextlib
import os
import signal

from .failpoint import reach
from .files import is_locked, recall
from .identity import Identity, boot_seconds, is_alive, send_signal

EVERY = 2.0
"""Seconds between beats at the least: however often `beat` is called, it costs next to nothing."""
LATE = 20.0
"""Seconds after which a manager that has not beaten hangs. A beat comes with every tick and every commit."""
FRESH = 3 * EVERY
"""Seconds in which a manager that is well has beaten."""

_heart: int | None = None
_next = 0.0


def begin(lock: int) -> None:
    """From now on `beat` writes into this lock, which is held; the first one at once."""
    global _heart, _next
    _heart, _next = lock, 0.0
    beat()


def beat() -> None:
    """Show that this manager moves; nothing in every other process."""
    global _next
    if _heart is None or (now := boot_seconds()) < _next:
        return
    _next = now + EVERY
    try:
        os.pwrite(_heart, b"%-20.3f\n" % now, 0)
    except OSError:  # a full disk: no beat at all is better than one that stands still
        with contextlib.suppress(OSError):
            os.ftruncate(_heart, 0)


def last_beat(db: str) -> float | None:
    """Boot seconds of the last beat; None when there is none to be had, as of managers before there were beats."""
    try:
        with open(f"{db}-lock", encoding="ascii") as file:
            return float(file.read(40))
    except (OSError, ValueError):
        return None


def manager_of(db: str) -> Identity | None:
    """The manager of a database, if it is alive."""
    told = recall(f"{db}-manager.json") if is_locked(f"{db}-lock") else None
    identity = Identity.from_dict(told) if told else None
    return identity if identity and is_alive(identity) else None


class Watcher:
    """Looks at the manager of one database, again and again."""

    def __init__(self, db: str) -> None:
        self._db = db
        self._stood_at: float | None = None

    @property
    def suspects(self) -> bool:
        """Whether the manager was late at the last look."""
        return self._stood_at is not None

    def end_hung(self) -> bool:
        """Kill the manager if it hangs, now as at the look before; whether it was killed."""
        last, before = last_beat(self._db), self._stood_at
        self._stood_at = last if last is not None and boot_seconds() - last > LATE else None
        if self._stood_at is None or self._stood_at != before:
            return False
        manager = manager_of(self._db)
        if manager is None or not send_signal(manager, signal.SIGKILL):
            return False
        reach("killed manager")
        return True

    def doubts(self) -> bool:
        """Whether a manager holds the lock and may hang: it has beaten, but not lately."""
        last = last_beat(self._db)
        return last is not None and boot_seconds() - last > FRESH and is_locked(f"{self._db}-lock")
