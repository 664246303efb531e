"""How runs.db is opened, made and brought up to date.

`PRAGMA user_version` is the number of steps a file has. An older file is brought up; a newer one is refused.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from trainui.core.errors import StoreError
from trainui.core.ingest.follow import keep_closed
from trainui.core.mounts import mount_of
from trainui.core.process.beat import beat
from trainui.core.process.failpoint import reach
from trainui.core.store.migrations import MIGRATIONS

BUSY = 10.0
"""Seconds to wait for another writer: a manager that waits must beat again before it is taken for hung."""

LITTLE = 64 << 10
"""Bytes free on a disk that is as good as full: SQLite's -shm alone wants half of it."""


def connect(
    path: Path, *, durable: bool = False, reading: bool = False, untouched: bool = False
) -> sqlite3.Connection:
    """Open runs.db, make it or bring it up to date where needed. Raises StoreError in one sentence.

    `durable` commits with synchronous=FULL: what was acknowledged survives a power cut. `reading` never
    writes and never makes the file. `untouched` neither brings an older file up to date nor tidies up when it
    is closed: not one byte of it changes.
    """
    if reading and not path.exists():
        raise StoreError(f"{path} does not exist", hint="start a run first, or give --db PATH")
    _check_place(path, reading=reading)
    keep_closed(path)
    try:
        before = os.umask(0o077)  # a run's config may hold secrets: the file is the user's alone
        try:
            name = f"{path.absolute().as_uri()}?mode=ro" if untouched else path
            db = sqlite3.connect(
                name, uri=untouched, timeout=BUSY, isolation_level=None, check_same_thread=False
            )
        finally:
            os.umask(before)
        db.row_factory = sqlite3.Row
        _upgrade(db, path, untouched=untouched)
        db.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
        if reading:
            db.execute("PRAGMA query_only=ON")
    except sqlite3.Error as error:
        raise cannot_be_used(path, str(error)) from error
    return db


def _check_place(path: Path, *, reading: bool) -> None:
    if path.exists() and not path.is_file():
        raise StoreError(f"{path} is not a file", hint="move it away, or give --db PATH")
    mount = mount_of(path)
    if mount.is_remote and not reading:
        hint = "give --db a path on a local disk, for example in your home there"
        raise StoreError(f"{path} is on {mount.kind}, where locks cannot be trusted", hint=hint)


def cannot_be_used(path: Path, said: str) -> StoreError:
    """The sentence for what SQLite or the system said of `path`, with what to do about it."""
    hints = {
        "unable to open": "is the folder there, and writable?",
        "readonly": "make the file and its folder writable",
        "read-only": "mount it writable, or give --db a path elsewhere",
        "permission": "make the file and its folder writable",
        "not a database": "it is damaged or another file: trainui doctor --rebuild",
        "malformed": "it is damaged: trainui doctor --rebuild",
        "locked": "another program holds it; close that first",
        "full": "the disk is full; make room",
        "no space": "the disk is full; make room",
        "no room": "make room",
    }
    if _is_full(path.parent):
        said += ", with no room on the disk"  # SQLite calls a -shm that cannot grow an I/O error
    hint = next((hint for word, hint in hints.items() if word in said.lower()), "see `trainui doctor`")
    return StoreError(f"{path} cannot be used: {said}", hint=hint)


def _is_full(folder: Path) -> bool:
    try:
        return os.statvfs(folder).f_bavail * os.statvfs(folder).f_frsize < LITTLE
    except OSError:
        return False


def _use_wal(db: sqlite3.Connection) -> None:
    """SQLite waits for nobody when it changes the journal: two that make the same new file would collide."""
    end = time.monotonic() + BUSY
    while True:
        try:
            db.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > end:
                raise
            time.sleep(0.01)
        else:
            return


def _upgrade(db: sqlite3.Connection, path: Path, *, untouched: bool) -> None:
    version = db.execute("PRAGMA user_version").fetchone()[0]
    if version > len(MIGRATIONS):
        raise StoreError(
            f"{path} was written by a newer trainui (schema {version}; this one knows {len(MIGRATIONS)})",
            hint="update trainui",
        )
    if version == len(MIGRATIONS):
        return
    if untouched:
        raise StoreError(
            f"{path} was written by an older trainui (schema {version}; this one knows {len(MIGRATIONS)})",
            hint="trainui ls brings it up to date; --readonly writes nothing",
        )
    _use_wal(db)
    with atomic(db):
        version = db.execute("PRAGMA user_version").fetchone()[0]
        for number, step in enumerate(MIGRATIONS[version:], version + 1):
            step(db)
            db.execute(f"PRAGMA user_version={number}")


@contextmanager
def atomic(db: sqlite3.Connection) -> Iterator[None]:
    """All of the block is committed, or none of it."""
    beat()
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        if db.in_transaction:  # a full disk rolls back by itself
            db.execute("ROLLBACK")
        raise
    reach("committing")
    db.execute("COMMIT")
    reach("committed")
    beat()


class Files:
    """The files behind an open runs.db: whether they are still those that everybody else opens.

    A -wal that is taken away (by hand, by a backup that puts files back, by a program that believed itself to be the
    last) leaves whoever has it open writing where nobody reads, and what it writes back later would be of the past.
    """

    def __init__(self, path: Path) -> None:
        self._paths = (str(path), f"{path}-wal")
        self._first: list[tuple[int, int] | None] = [None, None]

    def are_ours(self) -> bool:
        """Whether each file that was there is there, and the same one. Two calls of the system."""
        for place, path in enumerate(self._paths):
            try:
                now, first = _identity(path), self._first[place]
            except OSError:  # a disk that does not answer now: nothing is known
                continue
            if first is not None and now != first:
                return False
            self._first[place] = now
        return True


def _identity(path: str) -> tuple[int, int] | None:
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino
