"""Who a process is: pid, start time in ticks and boot. Signals go to it or to nobody, never to a stranger.

A pid alone is reused; psutil's create_time moves with the wall clock; field 22 of /proc/PID/stat does neither.
"""

from __future__ import annotations

import functools
import os
import signal
import time
from collections import namedtuple
from collections.abc import Mapping
from dataclasses import dataclass

Stat = namedtuple("Stat", ["pid", "state", "ppid", "sid", "ticks"])
"""What /proc/PID/stat tells of a process."""


@functools.cache
def boot_id() -> str:
    """The kernel's name for the time since the machine was started."""
    with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
        return file.read().strip()


def boot_seconds() -> float:
    """Seconds since the machine was started, sleep included. No clock change moves it."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


@dataclass(frozen=True, kw_only=True, slots=True)
class Identity:
    """One process for all time."""

    pid: int
    ticks: int
    """Its start, in clock ticks since boot: field 22 of /proc/PID/stat."""
    boot_id: str

    def to_dict(self) -> dict[str, int | str]:
        """As written in keeper.json, guard.json and job.json."""
        return {"pid": self.pid, "ticks": self.ticks, "boot_id": self.boot_id}

    @classmethod
    def from_dict(cls, told: Mapping[str, int | str]) -> Identity:
        """The identity in a record; other keys of the record are left alone."""
        return cls(pid=int(told["pid"]), ticks=int(told["ticks"]), boot_id=str(told["boot_id"]))


def stat_of(pid: int) -> Stat | None:
    """What the kernel says of `pid` now; None when there is no such process."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            text = file.read()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # the name in brackets may hold anything, brackets and blanks too
    fields = text[text.rindex(b")") + 2 :].split()
    return Stat(pid, fields[0].decode(), int(fields[1]), int(fields[3]), int(fields[19]))


def identity_of(pid: int) -> Identity | None:
    """Who `pid` is now; None when there is no such process."""
    stat = stat_of(pid)
    return Identity(pid=pid, ticks=stat.ticks, boot_id=boot_id()) if stat else None


def is_alive(identity: Identity) -> bool:
    """Whether it can still do anything: a zombie cannot, nor can what ran before the last boot."""
    if identity.boot_id != boot_id():
        return False
    stat = stat_of(identity.pid)
    return stat is not None and stat.ticks == identity.ticks and stat.state not in "ZXx"


def send_signal(identity: Identity, signum: int) -> bool:
    """Signal exactly this process; False when it is gone. Raises PermissionError when it is not ours."""
    try:
        pidfd = os.pidfd_open(identity.pid)
    except ProcessLookupError:
        return False
    try:
        if not is_alive(identity):  # asked after opening: from here on the pid cannot change hands
            return False
        signal.pidfd_send_signal(pidfd, signum)
    except ProcessLookupError:
        return False
    finally:
        os.close(pidfd)
    return True
