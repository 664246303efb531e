"""HAND: looks at the set-up and says what is wrong with it and how to mend it."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sqlite3
from dataclasses import dataclass
from pathlib import Path

import psutil

from trainui.core import telemetry
from trainui.core.errors import StoreError, TrainuiError
from trainui.core.process.files import is_locked
from trainui.core.project import find_jobs, load_config, lock_path
from trainui.core.store.read import Reader

REMOTE = {"nfs", "nfs4", "cifs", "smb3", "fuse.sshfs", "9p", "lustre", "glusterfs", "ceph"}
"""File systems on which SQLite's WAL or flock cannot be trusted."""
LITTLE_DISK = 2 * 2**30


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One thing looked at. `verdict` is ok, note or problem."""

    what: str
    verdict: str
    text: str


def examine(project: Path, db: Path) -> list[Finding]:
    """Look at everything a run needs."""
    return [
        _project(project),
        _jobs(project),
        _store(db),
        _manager(db),
        _file_system(db.parent),
        _disk(db.parent),
        _gpus(),
        _torch(),
        _login(),
    ]


def _project(project: Path) -> Finding:
    try:
        config = load_config(project)
    except TrainuiError as error:
        return Finding(what="trainui.toml", verdict="problem", text=str(error))
    rate = config.here.usd_per_hour
    if not rate:
        return Finding(what="trainui.toml", verdict="note", text=f"{project}: no rate set, so runs cost 0 $")
    return Finding(what="trainui.toml", verdict="ok", text=f"{config.here.name} at {rate} $/h")


def _jobs(project: Path) -> Finding:
    jobs = find_jobs(project)
    problems = [job.problem for job in jobs if job.problem]
    if problems:
        return Finding(what="jobs", verdict="problem", text="; ".join(problems))
    return Finding(what="jobs", verdict="ok" if jobs else "note", text=f"{len(jobs)} found")


def _store(db: Path) -> Finding:
    if not db.exists():
        return Finding(what="runs.db", verdict="note", text=f"{db} is made by the first start")
    try:
        reader = Reader(db)
        said = reader.check()
        reader.close()
    except (StoreError, sqlite3.Error) as error:
        return Finding(what="runs.db", verdict="problem", text=str(error))
    mode = db.stat().st_mode & 0o077
    if mode:
        return Finding(what="runs.db", verdict="problem", text=f"others may read it: chmod 600 {db}")
    return Finding(what="runs.db", verdict="ok" if said == "ok" else "problem", text=f"{db}: {said}")


def _manager(db: Path) -> Finding:
    is_alive = is_locked(lock_path(db))
    return Finding(
        what="manager", verdict="ok", text="alive" if is_alive else "not running; it starts when needed"
    )


def _file_system(folder: Path) -> Finding:
    mounts = [one for one in psutil.disk_partitions(all=True) if folder.is_relative_to(one.mountpoint)]
    kind = max(mounts, key=lambda one: len(one.mountpoint)).fstype if mounts else "unknown"
    if kind in REMOTE:
        return Finding(
            what="file system",
            verdict="problem",
            text=f"{folder} is on {kind}, where locks cannot be trusted: give --db a path on a local disk",
        )
    return Finding(what="file system", verdict="ok", text=kind)


def _disk(folder: Path) -> Finding:
    free = shutil.disk_usage(folder).free
    verdict = "problem" if free < LITTLE_DISK else "ok"
    return Finding(what="disk", verdict=verdict, text=f"{free / 2**30:.1f} GiB free at {folder}")


def _gpus() -> Finding:
    gpus, reason = telemetry.gpus_here()
    if not gpus:
        return Finding(what="GPU", verdict="note", text=f"none: {reason}; runs take CPU slots")
    return Finding(what="GPU", verdict="ok", text=", ".join(gpu.name for gpu in gpus))


def _torch() -> Finding:
    if importlib.util.find_spec("torch") is None:
        return Finding(what="torch", verdict="note", text="not installed; the jobs here need it: make setup")
    return Finding(what="torch", verdict="ok", text="installed")


def _login() -> Finding:
    """systemd may kill what a user left running when the last SSH line closes."""
    path = Path("/etc/systemd/logind.conf")
    text = path.read_text(errors="replace") if path.exists() else ""
    kills = any(line.replace(" ", "").lower() == "killuserprocesses=yes" for line in text.splitlines())
    lingers = Path(f"/var/lib/systemd/linger/{os.environ.get('USER', 'root')}").exists()
    if kills and not lingers:
        return Finding(
            what="log out",
            verdict="problem",
            text="logind kills what you leave running: loginctl enable-linger",
        )
    return Finding(what="log out", verdict="ok", text="runs go on when you close the line")
