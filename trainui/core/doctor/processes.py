"""The doctor looks at processes: the manager, runs that nobody attends, and what outlived its run."""

from __future__ import annotations

import os
import sqlite3
import time
from pathlib import Path

import psutil

from trainui.core.doctor.finding import Finding, note, ok, problem
from trainui.core.engines.local import LocalEngine, Phase
from trainui.core.errors import StoreError
from trainui.core.folder import lock_path
from trainui.core.process import order as names
from trainui.core.process.beat import LATE, last_beat
from trainui.core.process.files import is_locked
from trainui.core.process.identity import boot_seconds
from trainui.core.run import Status
from trainui.core.store.read import Reader
from trainui.core.store.views import RunView

FRESH = 5.0
"""Seconds without a beat after which a manager is said to stand still: it missed two."""
TAIL, WIDTH = 4096, 200
"""Bytes of the manager's log that are looked at, and characters of its last line that are shown."""
PARTING = 15.0
"""Seconds a pair and what a job left behind have to go after its end, before they are stray."""


def manager(db: Path) -> Finding:
    """Whether it lives, and moves."""
    if not is_locked(lock_path(db)):
        waiting = len(open_runs(db))
        if waiting:
            are = "1 run is" if waiting == 1 else f"{waiting} runs are"
            return problem("manager", f"not running, though {are} open: any `trainui ls` starts it")
        return ok("manager", "not running; it starts when needed")
    last = last_beat(str(db))
    still = 0.0 if last is None else boot_seconds() - last
    if still > LATE:
        text = f"it has not moved for {still:.0f} s: a keeper replaces it, or fuser -k {lock_path(db)}"
        return problem("manager", text)
    if still > FRESH:
        return note("manager", f"stands still for {still:.0f} s; it is replaced after {LATE:.0f} s")
    said = complained(db)
    return (
        note("manager", f"alive; the last it complained of: {said} (runs/manager.log)")
        if said
        else ok("manager", "alive")
    )


def complained(db: Path) -> str:
    """The newest line of the manager's log; '' where it has nothing to complain of."""
    try:
        with (db.parent / "runs" / "manager.log").open("rb") as log:
            log.seek(max(0, log.seek(0, os.SEEK_END) - TAIL))
            lines = log.read().decode(errors="replace").split("\n")
    except OSError:
        return ""
    return next((line.strip()[:WIDTH] for line in reversed(lines) if line.strip()), "")


def open_runs(db: Path) -> list[str]:
    """Runs that have not ended: with one of them there is work for a manager. Empty when that cannot be read."""
    return [view.run for view in _views(db) if view.status is not Status.ENDED]


def runs(db: Path) -> Finding:
    """Whether every live run has its pair, which alone learns its exit code."""
    engine = LocalEngine()
    live = [view for view in _views(db) if view.is_live]
    alone = [view.run for view in live if engine.poll(Path(view.directory)).phase is Phase.UNATTENDED]
    if alone:
        text = "keeper and guard are dead, so the exit code stays unknown; the next start attends it again"
        return problem("runs", f"{', '.join(alone)}: {text}")
    return ok("runs", f"{len(live)} live")


def strays(db: Path) -> Finding:
    """Processes that carry the name of a run that has ended, or that runs.db does not know."""
    ended = {view.directory: view.ended_at for view in _views(db)}
    latest = time.time() - PARTING
    found: dict[int, str] = {}
    for process in psutil.process_iter():
        try:
            folder = _run_of(process, f"{db.parent}/runs/")
            if folder is None or process.status() == psutil.STATUS_ZOMBIE or process.create_time() > latest:
                continue
            name = process.name()
        except psutil.Error:
            continue
        if folder not in ended:
            found[process.pid] = f"{name} of {Path(folder).name}, which runs.db does not know"
        elif (ended_at := ended[folder]) is not None and ended_at < latest:
            found[process.pid] = f"{name} of {Path(folder).name}, which has ended"
    if found:
        shown = "; ".join(list(found.values())[:5])
        return problem("stray processes", f"{shown}: kill {' '.join(map(str, found))}")
    return ok("stray processes", "none")


def _run_of(process: psutil.Process, room: str) -> str | None:
    """The run directory a job carries in its environment, or a keeper in its command; None for any other."""
    environment = process.environ()
    if names.MARK in environment:
        words = process.cmdline()
        folder = next((word for word in words if word.startswith(room)), "")
    else:
        folder = environment.get(names.RUN_DIR, "")
    return folder if folder.startswith(room) else None


def _views(db: Path) -> list[RunView]:
    if not db.is_file():
        return []
    try:
        reader = Reader(db)
    except StoreError:
        return []
    try:
        return reader.runs()
    except sqlite3.Error:
        return []  # damaged: that is told above
    finally:
        reader.close()
