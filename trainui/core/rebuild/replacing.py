"""HAND: puts a rebuilt runs.db in the place of a damaged, deleted or emptied one.

The new file is built beside the old one and takes its name at the end, in one step: a kill at any moment
leaves runs.db as it was, or complete. The old one is kept as runs.db.damaged-N.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from trainui.core.client import Client
from trainui.core.errors import StoreError, TrainuiError, UserError
from trainui.core.folder import lock_path
from trainui.core.process.files import lock
from trainui.core.process.identity import send_signal
from trainui.core.rebuild.remaking import Remaking, Report
from trainui.core.rebuild.retelling import missing_runs
from trainui.core.store.salvage import Wreck, health

PATIENCE = 10.0
"""Seconds a manager has to end after SIGTERM; then it gets SIGKILL, which it is built to bear."""
SIDES = ("-wal", "-shm")
"""What SQLite keeps beside a file."""


def rebuild(project: Path, db: Path, *, force: bool = False) -> Report:
    """Make runs.db anew. Raises UserError when it is healthy and nothing is missing, StoreError when it cannot be."""
    draft = db.with_name(db.name + ".rebuilding")
    said = health(db) if db.exists() else "it is gone"
    if said == "newer":
        raise StoreError(f"{db} was written by a newer trainui", hint="update trainui")
    if said == "ok" and not draft.exists() and not force and not missing_runs(db):
        raise UserError(f"{db} is healthy", hint="--force rebuilds it all the same")
    if not db.parent.is_dir():
        raise UserError(f"{db.parent} is not there", hint="give --db PATH, or restore the folder")
    with _without_manager(Client(project, db)):
        try:
            return _rebuild(project, db, draft)
        except (sqlite3.Error, OSError) as error:
            text = error.strerror if isinstance(error, OSError) else str(error)
            raise StoreError(
                f"{db} could not be rebuilt: {text}", hint="it is as it was; see trainui doctor"
            ) from error


@contextmanager
def _without_manager(client: Client) -> Iterator[None]:
    """End the manager and be in its place: who would revive it finds the lock held, and leaves."""
    path = lock_path(client.db)
    deadline = time.monotonic() + PATIENCE
    while (held := lock(path)) is None:
        manager = client.manager()
        is_late = time.monotonic() > deadline
        if manager is not None:
            send_signal(manager, signal.SIGKILL if is_late else signal.SIGTERM)
        if time.monotonic() > deadline + PATIENCE:
            raise TrainuiError("the manager does not end", hint=f"end who holds {path}: fuser {path}")
        time.sleep(0.05)
    try:
        yield
    finally:
        os.close(held)


def _rebuild(project: Path, db: Path, draft: Path) -> Report:
    old = _old_file(db, draft)
    _remove(draft)
    wreck = Wreck(old or db)
    with ExitStack() as failing:
        if old in (None, db):  # else the draft is the sign that the old one stands aside
            failing.callback(_remove, draft)
        making = Remaking(project, db, draft, wreck.open() if old else wreck)
        failing.callback(making.close)
        report = making.run()
        failing.pop_all()
    if old is None:
        _name(draft, db)
        return report
    aside = _set_aside(old) if old == db else old
    for suffix in SIDES:  # the -wal of another file would be read into the new one
        Path(f"{db}{suffix}").unlink(missing_ok=True)
    os.replace(draft, db)
    _sync(db.parent)
    report.kept = str(aside)
    making.take_late_intents(aside)
    return report


def _remove(draft: Path) -> None:
    """Take a new file away that was not finished, and give the disk its room back."""
    for suffix in ("", *SIDES):
        Path(f"{draft}{suffix}").unlink(missing_ok=True)


def _old_file(db: Path, draft: Path) -> Path | None:
    """The file to salvage from; that of a rebuild that was killed stands aside already, with its -wal."""
    if not db.exists():
        return None
    asides = [path for path in db.parent.glob(f"{db.name}.damaged-*") if not path.name.endswith(SIDES)]
    if draft.exists():
        return next((path for path in asides if path.samefile(db)), db)
    return db


def _name(draft: Path, db: Path) -> None:
    """Give the new file its name, where there was none."""
    try:
        os.link(draft, db)
    except FileExistsError:
        raise StoreError(
            f"{db} was made anew meanwhile", hint="again: trainui doctor --rebuild --force"
        ) from None
    draft.unlink()
    _sync(db.parent)


def _set_aside(db: Path) -> Path:
    """Give the old file and what belongs to it a second name, before the first is taken away."""
    number = 1
    while any(Path(f"{db}.damaged-{number}{suffix}").exists() for suffix in ("", *SIDES)):
        number += 1
    aside = Path(f"{db}.damaged-{number}")
    for suffix in (*SIDES, ""):
        if Path(f"{db}{suffix}").exists():
            os.link(f"{db}{suffix}", f"{aside}{suffix}")
    _sync(db.parent)
    return aside


def _sync(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
