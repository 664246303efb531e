"""The doctor looks at runs.db: its health, who may read it, whether another lies beside it, and its clock."""

from __future__ import annotations

import os
import sqlite3
import time
from datetime import datetime
from pathlib import Path

from trainui.core.doctor.finding import Finding, note, ok, problem
from trainui.core.errors import StoreError
from trainui.core.rebuild.retelling import missing_runs
from trainui.core.store.read import Reader
from trainui.core.store.salvage import health as health_of

MEND = "trainui doctor --rebuild"
TOO_EARLY = datetime(2025, 1, 1).timestamp()
SLACK = 60.0
"""Seconds the newest event may lie in the future before the clock is in doubt."""
TIMESYNC = Path("/run/systemd/timesync")


def health(db: Path) -> Finding:
    """Whether it can be read, belongs to this trainui, and knows every run that has a directory."""
    if not db.exists():
        if missing_runs(db):
            return problem("runs.db", f"{db} is gone, and run directories are there: {MEND}")
        return note("runs.db", f"{db} is made by the first start")
    if not db.is_file():
        return problem("runs.db", f"{db} is not a file: move it away, or give --db PATH")
    said = health_of(db)
    if said == "newer":
        return problem("runs.db", f"{db} was written by a newer trainui: update trainui")
    if said != "ok":
        return problem("runs.db", f"{db} is damaged ({said}): {MEND}")
    missing = missing_runs(db)
    if missing:
        shown = ", ".join(missing[:5]) + (" …" if len(missing) > 5 else "")
        return problem("runs.db", f"{len(missing)} run directories are not in it ({shown}): {MEND}")
    return ok("runs.db", f"{db}: ok")


def permissions(db: Path) -> Finding:
    """Whether the user may write it, and others may not read what may hold secrets."""
    if not db.exists():
        return ok("permissions", "nothing to read so far")
    if not os.access(db, os.W_OK) or not os.access(db.parent, os.W_OK):
        return problem("permissions", f"{db} cannot be written: chmod u+w {db} {db.parent}")
    open_to_others = [path for path in (db, *_run_folders(db)) if path.stat().st_mode & 0o077]
    if open_to_others:
        shown = " ".join(str(path) for path in open_to_others[:3])
        return problem("permissions", f"others may read {len(open_to_others)} places: chmod go= {shown}")
    return ok("permissions", "yours alone")


def twins(db: Path) -> Finding:
    """Whether somebody may be looking into the wrong one of two."""
    others = (
        sorted(path.name for path in db.parent.glob("*.db") if path != db and health_of(path) == "ok")
        if db.parent.is_dir()
        else []
    )
    if others:
        return note(
            "twins", f"beside {db.name} lies {', '.join(others)}: each has its own runs and its own money"
        )
    return ok("twins", "one runs.db")


def clock(db: Path) -> Finding:
    """Whether the wall clock can be right."""
    now = time.time()
    if now < TOO_EARLY:
        return problem(
            "clock", f"it says {datetime.fromtimestamp(now):%Y-%m-%d}: set it, or start a time service"
        )
    try:
        reader = Reader(db)
        newest = max((event.at for event in reader.events(limit=1)), default=0.0)
        reader.close()
    except (StoreError, sqlite3.Error):
        newest = 0.0
    if newest > now + SLACK:
        when = datetime.fromtimestamp(newest)
        return problem(
            "clock",
            f"it is before the newest event of runs.db ({when:%Y-%m-%d %H:%M}): timedatectl set-ntp true",
        )
    if TIMESYNC.is_dir() and not (TIMESYNC / "synchronized").exists():
        return note("clock", "not synchronised so far: timedatectl set-ntp true")
    return ok("clock", f"{datetime.fromtimestamp(now):%Y-%m-%d %H:%M}")


def _run_folders(db: Path) -> list[Path]:
    runs = db.parent / "runs"
    return sorted(path for path in runs.iterdir() if path.is_dir()) if runs.is_dir() else []
