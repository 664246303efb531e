"""Evidence that the kernel killed for memory: the count of the job's control group, the kernel log's own words."""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Iterable, Iterator

from .identity import boot_seconds

MOUNTS = ("/sys/fs/cgroup", "/sys/fs/cgroup/memory")
"""Where control groups are, of version 2 and 1."""
LOG = "/dev/kmsg"
FIRST_NAMESPACE = 0xEFFFFFFC
"""The inode of the pid namespace whose pids the kernel log uses."""
SLACK = 60.0
"""Seconds by which the clock of the kernel log may be off."""
LONGEST_LOOK = 0.5
"""Seconds for reading the kernel log at most."""


def events_of(pid: int) -> str:
    """The file that counts the kills of the memory control group `pid` is in, or of the nearest above; '' if none."""
    try:
        with open(f"/proc/{pid}/cgroup", encoding="utf-8", errors="surrogateescape") as file:
            groups = [line.rstrip("\n").split(":", 2)[1:] for line in file]
    except OSError:
        groups = []
    paths = {"memory" if "memory" in names.split(",") else names: path for names, path in groups}
    for mount, name, controller in (
        (MOUNTS[1], "memory.oom_control", "memory"),
        (MOUNTS[0], "memory.events", ""),
    ):
        path = paths.get(controller, "/")
        while True:
            found = f"{mount}{path.rstrip('/')}/{name}"
            if os.path.exists(found):
                return found
            if path in ("", "/"):
                break
            path = os.path.dirname(path)
    return ""


def oom_kills(events: str) -> int:
    """How often the kernel has killed for memory, says that file; 0 where it does not say."""
    try:
        with open(events, encoding="ascii") as file:
            return next((int(line.split()[1]) for line in file if line.startswith("oom_kill ")), 0)
    except (OSError, ValueError, IndexError):
        return 0


def descendants(pid: int) -> Iterator[int]:
    """All below a process now, it included; only itself where the kernel does not list children."""
    todo = [pid]
    while todo:
        one = todo.pop()
        yield one
        try:
            with open(f"/proc/{one}/task/{one}/children", encoding="ascii") as file:
                todo += map(int, file.read().split())
        except OSError:
            continue


def killed_line(pids: Collection[int], *, seconds: float) -> str:
    """What the kernel log of the last `seconds` says of the killing of one of `pids`; '' when it cannot be told."""
    try:
        if os.stat("/proc/self/ns/pid").st_ino != FIRST_NAMESPACE:
            return ""  # its pids are not ours
        fd = os.open(LOG, os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return ""
    try:
        return find_killed(_records(fd), pids, since=time.monotonic() - seconds - SLACK)
    finally:
        os.close(fd)


def _records(fd: int) -> Iterator[bytes]:
    """The records of the kernel log, each read whole; an end is made of whatever goes wrong."""
    end = boot_seconds() + LONGEST_LOOK
    while boot_seconds() < end:
        try:
            record = os.read(fd, 8192)
        except BrokenPipeError:
            continue  # overwritten while we read: the next one
        except OSError:
            return  # BlockingIOError: that was the last
        if not record:
            return
        yield record


def find_killed(records: Iterable[bytes], pids: Collection[int], *, since: float) -> str:
    """The newest record such as `6,339,5140900,-;Out of memory: Killed process 12 (python) …` that names one of `pids`.

    Its third field is microseconds on the clock of the kernel log, which `since` is on too, in seconds.
    """
    found = ""
    for record in records:
        head, _, text = record.partition(b";")
        before, _, rest = text.partition(b"Killed process ")
        fields = head.split(b",")
        if not rest or len(fields) < 3 or not fields[2].isdigit() or int(fields[2]) / 1e6 < since:
            continue
        number = rest.split(b" ", 1)[0].rstrip(b",")
        if number.isdigit() and int(number) in pids:
            found = (before + b"Killed process " + rest).split(b"\n", 1)[0][:300].decode("ascii", "replace")
    return found
