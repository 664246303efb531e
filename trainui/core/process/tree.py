"""Which processes belong to a run: its session, who carries its name or holds its lock, and all below these."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable, Iterator

from .files import is_locked
from .identity import Identity, Stat, boot_id, send_signal, stat_of
from .order import HIGH, JOB_LOCK, MARK, RUN_DIR

PASSES = 100
"""Looks at all processes until a run that is paused must stand still; each takes milliseconds."""


def members(run_dir: str, job: Identity, *, adopted_by: int | None = None) -> list[Identity]:
    """The living processes of a run, the job first. `adopted_by`: a subreaper whose orphans belong to it too.

    Processes of other users are found by session and parentage alone: their environment cannot be read.
    """
    stats = {stat.pid: stat for stat in _all_stats()}
    leader = stats.get(job.pid)
    is_reused = job.boot_id != boot_id() or (leader is not None and leader.ticks != job.ticks)
    name = os.fsencode(f"{RUN_DIR}={run_dir}")
    lock = _file_of(os.path.join(run_dir, JOB_LOCK))
    found: set[int] = set()
    ours: set[int] = set()
    for stat in stats.values():
        if not is_reused and (stat.pid == job.pid or stat.sid == job.pid):
            found.add(stat.pid)
            continue
        environment = _environment(stat.pid)
        if any(one.startswith(f"{MARK}=".encode()) for one in environment):
            ours.add(stat.pid)
        elif name in environment or (stat.ppid == adopted_by and not _names_another(environment, name)):
            found.add(stat.pid)
        elif lock is not None and _holds(stat.pid, lock):
            found.add(stat.pid)  # a daemon without a name, whose parents are all dead
    ours -= found
    _add_descendants(found, stats, without=ours | {os.getpid()})
    alive = [stats[pid] for pid in found if stats[pid].state not in "ZXx" and pid != os.getpid()]
    alive.sort(key=lambda stat: (stat.pid != job.pid, stat.ticks))
    return [Identity(pid=stat.pid, ticks=stat.ticks, boot_id=boot_id()) for stat in alive]


def _all_stats() -> Iterator[Stat]:
    for entry in os.listdir("/proc"):
        if entry.isdigit() and (stat := stat_of(int(entry))) is not None:
            yield stat


def _environment(pid: int) -> list[bytes]:
    """What `pid` was started with; nothing when it may not be read, is a zombie or a kernel thread."""
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            return file.read().split(b"\0")
    except OSError:
        return []


def _file_of(lock: str) -> tuple[int, int] | None:
    """Device and inode of a lock that is held; None when nobody holds it."""
    if not is_locked(lock):
        return None
    try:
        told = os.stat(lock)
    except FileNotFoundError:
        return None
    return told.st_dev, told.st_ino


def _holds(pid: int, lock: tuple[int, int]) -> bool:
    """Whether `pid` has the job's lock from the child that became the job: by a descriptor from HIGH on.

    Who merely asks whether it is held has the file open too, but no lock on it.
    """
    try:
        for fd in os.listdir(f"/proc/{pid}/fd"):
            if len(fd) < len(str(HIGH)):
                continue
            told = os.stat(f"/proc/{pid}/fd/{fd}")
            if (told.st_dev, told.st_ino) == lock and _is_locking(f"/proc/{pid}/fdinfo/{fd}"):
                return True
    except OSError:
        return False
    return False


def _is_locking(fdinfo: str) -> bool:
    with open(fdinfo, "rb") as file:
        return any(b"FLOCK" in line and b"WRITE" in line for line in file)


def _names_another(environment: Iterable[bytes], name: bytes) -> bool:
    return any(one.startswith(f"{RUN_DIR}=".encode()) and one != name for one in environment)


def _add_descendants(found: set[int], stats: dict[int, Stat], *, without: set[int]) -> None:
    """Add all below `found`, stopping at `without`: a keeper that a job started has a life of its own."""
    below: dict[int, list[int]] = {}
    for stat in stats.values():
        below.setdefault(stat.ppid, []).append(stat.pid)
    todo = list(found)
    while todo:
        for pid in below.get(todo.pop(), ()):
            if pid not in found and pid not in without:
                found.add(pid)
                todo.append(pid)


def signal_all(processes: Iterable[Identity], signum: int) -> None:
    """Signal each; who is gone or not ours is passed over."""
    for process in processes:
        try:
            send_signal(process, signum)
        except PermissionError:
            continue


def freeze(run_dir: str, job: Identity) -> None:
    """SIGSTOP every process of a run, until all stand still: one that runs may start another meanwhile."""
    for _ in range(PASSES):
        moving = [one for one in members(run_dir, job) if (stat := stat_of(one.pid)) and stat.state in "RS"]
        if not moving:
            return
        signal_all(moving, signal.SIGSTOP)


def thaw(run_dir: str, job: Identity) -> None:
    """SIGCONT every process of a run."""
    signal_all(members(run_dir, job), signal.SIGCONT)
