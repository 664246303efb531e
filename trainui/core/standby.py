"""The manager as a front end meets it: is it there, does it move, start it, end it."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

from trainui.core.errors import TrainuiError, UserError
from trainui.core.folder import lock_path, manager_argv
from trainui.core.process.beat import Watcher, manager_of
from trainui.core.process.files import is_locked
from trainui.core.process.identity import send_signal
from trainui.core.process.order import MARK
from trainui.core.run import Status
from trainui.core.store.read import Reader

STARTS_IN = 15.0
"""Seconds to wait for a manager to take its lock before saying that it did not."""
SECOND_LOOK = 2.0
"""Seconds until a manager that has not beaten for long is looked at again: the machine may have slept."""


def ensure_manager(db: Path, project: Path) -> None:
    """Start a manager unless one is alive and moves. Raises TrainuiError when it does not come up."""
    lock = lock_path(db)
    if is_locked(lock) and not _end_hung(db):
        return
    log = db.parent / "runs" / "manager.log"
    log.parent.mkdir(mode=0o700, exist_ok=True)
    with log.open("ab") as sink:
        manager = subprocess.Popen(
            manager_argv(db, project),
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
            start_new_session=True,
            cwd=project,
            env=_environment(),
        )
    deadline = time.monotonic() + STARTS_IN
    while not is_locked(lock):
        if manager.poll() not in (None, 0) or time.monotonic() > deadline:
            raise TrainuiError("the manager did not start; what was asked is queued", hint=f"see {log}")
        time.sleep(0.02)


def _environment() -> dict[str, str]:
    """Ours, but for what names a run: a manager that a job caused to start does not end with that job."""
    return {key: value for key, value in os.environ.items() if not key.startswith("TRAINUI_RUN")} | {
        MARK: "1"
    }


def _end_hung(db: Path) -> bool:
    """Kill a manager that hangs and wait until its lock is free; False when it is well, or cannot die."""
    watcher = Watcher(str(db))
    watcher.end_hung()
    if not watcher.suspects:
        return False
    time.sleep(SECOND_LOOK)
    if not watcher.end_hung():
        return False
    if not _is_freed(db):
        raise TrainuiError(
            "the manager hangs and cannot be ended; what was asked is queued", hint="is the disk stuck?"
        )
    return True


def _is_freed(db: Path) -> bool:
    deadline = time.monotonic() + STARTS_IN
    while is_locked(lock_path(db)) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not is_locked(lock_path(db))


def stop_manager(db: Path) -> str:
    """End the manager when nothing is live; returns what was done. Raises UserError when runs are live."""
    manager = manager_of(str(db))
    if manager is None:
        return "no manager is running"
    reader = Reader(db)
    busy = [view.run for view in reader.runs() if view.status is not Status.ENDED]
    reader.close()
    if busy:
        raise UserError(
            f"{', '.join(busy[:5])}{' …' if len(busy) > 5 else ''}: live or waiting, and in need of a manager",
            hint="stop them first",
        )
    send_signal(manager, signal.SIGTERM)
    if not _is_freed(db):
        raise TrainuiError("the manager does not end", hint=f"kill -9 {manager.pid}; no run is live")
    return "the manager has ended"
