"""The doctor looks at the machine: file system, room, limits, PID 1, GPUs, and what happens at log out."""

from __future__ import annotations

import importlib.util
import os
import pwd
import resource
import shutil
from pathlib import Path

import psutil

from trainui.core import telemetry
from trainui.core.doctor.finding import Finding, note, ok, problem
from trainui.core.mounts import mount_of

LITTLE_DISK = 2 * 2**30
FEW_INODES = 10_000
LITTLE_SHARED = 2**30
FEW_FILES, FEW_PROCESSES = 1024, 512
SYSTEMD = Path("/run/systemd/system")
LOGIND = (
    Path("/usr/lib/systemd/logind.conf.d"),
    Path("/etc/systemd/logind.conf"),
    Path("/etc/systemd/logind.conf.d"),
)
LINGER = Path("/var/lib/systemd/linger")
SHARED = Path("/dev/shm")  # noqa: S108


def file_system(folder: Path) -> Finding:
    """Whether locks and SQLite's -wal can be trusted where runs.db is."""
    mount = mount_of(folder)
    if mount.is_remote:
        return problem(
            "file system",
            f"{folder} is on {mount.kind}, where locks cannot be trusted: give --db a path on a local disk",
        )
    if mount.is_read_only:
        return problem(
            "file system", f"{mount.point} is mounted read-only: mount -o remount,rw {mount.point}"
        )
    if mount.kind in ("overlay", "tmpfs", "ramfs"):
        ends = "the container" if mount.kind == "overlay" else "a restart of the machine"
        return note(
            "file system", f"{folder} is on {mount.kind}: it is gone with {ends}; a mounted disk stays"
        )
    return ok("file system", mount.kind)


def disk(folder: Path) -> Finding:
    """Room for checkpoints and logs."""
    free = shutil.disk_usage(_existing(folder)).free
    text = f"{free / 2**30:.1f} GiB free at {folder}"
    return (
        problem("disk", f"{text}: delete old checkpoints in {folder / 'runs'}")
        if free < LITTLE_DISK
        else ok("disk", text)
    )


def inodes(folder: Path) -> Finding:
    """Whether files can still be made: a file system may be out of them with room to spare."""
    facts = os.statvfs(_existing(folder))
    if facts.f_files and facts.f_favail < FEW_INODES:
        return problem(
            "inodes", f"{facts.f_favail} files can still be made at {folder}: delete many small ones"
        )
    return ok("inodes", f"{facts.f_favail} free" if facts.f_files else "without a limit")


def shared_memory() -> Finding:
    """What data-loader workers hand their batches over in."""
    try:
        total = shutil.disk_usage(SHARED).total
    except OSError:
        return note("shared memory", f"there is no {SHARED}: data-loader workers fail without it")
    text = f"{total / 2**30:.1f} GiB at {SHARED}"
    if total < LITTLE_SHARED:
        return note(
            "shared memory",
            f"{text} is little for data-loader workers: docker run --shm-size=8g, or num_workers=0",
        )
    return ok("shared memory", text)


def limits() -> Finding:
    """How many files and processes this user may have."""
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    processes = resource.getrlimit(resource.RLIMIT_NPROC)[0]
    few = []
    if files != resource.RLIM_INFINITY and files < FEW_FILES:
        few.append(f"{files} open files (ulimit -n {4 * FEW_FILES})")
    if processes != resource.RLIM_INFINITY and processes < FEW_PROCESSES:
        few.append(f"{processes} processes (ulimit -u {8 * FEW_PROCESSES})")
    return (
        note("limits", f"only {' and '.join(few)}: data loaders need more")
        if few
        else ok("limits", f"{files} open files")
    )


def reaper() -> Finding:
    """Whether PID 1 buries its dead: in many containers it does not."""
    dead = [
        one
        for one in psutil.process_iter(["ppid", "status"])
        if one.info["ppid"] == 1 and one.info["status"] == "zombie"
    ]
    if dead:
        return note(
            "PID 1",
            f"it does not reap ({len(dead)} zombies): harmless to runs; docker run --init puts one there that does",
        )
    return ok("PID 1", "no zombies")


def gpus() -> Finding:
    """The GPUs, or why there are none to see."""
    found, reason = telemetry.gpus_here()
    return (
        ok("GPU", ", ".join(gpu.name for gpu in found))
        if found
        else note("GPU", f"none: {reason}; runs take CPU slots")
    )


def torch() -> Finding:
    """Whether the jobs of this project can import it."""
    if importlib.util.find_spec("torch") is None:
        return note("torch", "not installed; the jobs here need it: make setup")
    return ok("torch", "installed")


def log_out() -> Finding:
    """systemd may kill what a user left running when the last SSH line closes."""
    if not SYSTEMD.is_dir():
        return ok("log out", "no systemd here: runs go on when you close the line")
    user = pwd.getpwuid(os.getuid()).pw_name if _has_name() else str(os.getuid())
    if _kills_users(user) and not (LINGER / user).exists():
        hint = f"loginctl enable-linger {user}, or KillUserProcesses=no in /etc/systemd/logind.conf"
        return problem("log out", f"logind kills what you leave running: {hint}")
    return ok("log out", "runs go on when you close the line")


def _has_name() -> bool:
    try:
        pwd.getpwuid(os.getuid())
    except KeyError:
        return False
    return True


def _kills_users(user: str) -> bool:
    """What logind.conf and its drop-ins say of `user`, the later file winning."""
    settings = {"killuserprocesses": "no", "killexcludeusers": "root", "killonlyusers": ""}
    for place in LOGIND:
        for path in sorted(place.glob("*.conf")) if place.is_dir() else [place]:
            lines = path.read_text(errors="replace").splitlines() if path.is_file() else []
            for line in lines:
                key, separator, value = line.partition("=")
                if separator and key.strip().lower() in settings:
                    settings[key.strip().lower()] = value.strip()
    only = settings["killonlyusers"].split()
    is_meant = user in only if only else user not in settings["killexcludeusers"].split()
    return settings["killuserprocesses"].lower() in ("yes", "true", "on", "1") and is_meant


def _existing(folder: Path) -> Path:
    return next(path for path in (folder, *folder.parents) if path.exists())
