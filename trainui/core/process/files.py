"""Small files that are whole or absent after any kill or power cut, and locks that die with their holder."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import time
from collections.abc import Mapping

from .failpoint import reach

TYPE_CHECKING = False  # typing itself is too dear for a keeper
if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

ROOM = 4096
"""Bytes set aside for a file that must be written on a full disk too."""
PROBES = 5
"""Tries for a lock: somebody who only asks whether it is held (`is_locked`) holds it for an instant."""


def write_json(path: str | Path, record: Mapping[str, Any]) -> None:
    """Write or replace `path` durably. Raises OSError."""
    draft = _draft(path, record)
    try:
        os.rename(draft, path)
    except OSError:
        os.unlink(draft)
        raise
    _sync_folder(path)
    reach(f"wrote {os.path.basename(path)}")


def write_json_once(path: str | Path, record: Mapping[str, Any]) -> bool:
    """Write `path` durably unless it exists: the first writer wins. False for every other. Raises OSError."""
    if os.path.exists(path):
        return False
    draft = _draft(path, record)
    try:
        os.link(draft, path)
        reach(f"linked {os.path.basename(path)}")
    except FileExistsError:
        return False
    finally:
        os.unlink(draft)
    _sync_folder(path)
    reach(f"wrote {os.path.basename(path)}")
    return True


def reserve(path: str | Path) -> None:
    """Set room aside, so that `path` can be written once even when the disk is full. Raises OSError."""
    fd = os.open(_reserved(path), os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        os.write(fd, b" " * ROOM)
        os.fsync(fd)
    finally:
        os.close(fd)
    reach(f"reserved {os.path.basename(path)}")


def _reserved(path: str | Path) -> str:
    folder, name = os.path.split(os.fspath(path))
    return os.path.join(folder, f".{name}.reserve")


def _draft(path: str | Path, record: Mapping[str, Any]) -> str:
    """A complete, durable file with another name."""
    draft = _fresh_or_reserved(path, record)
    reach(f"drafted {os.path.basename(path)}")
    return draft


def _fresh_or_reserved(path: str | Path, record: Mapping[str, Any]) -> str:
    """A new file, or on a full disk the room set aside."""
    try:
        return _fresh_draft(path, record)
    except OSError as error:
        text = json.dumps(record).encode() + b"\n"
        if error.errno not in (errno.ENOSPC, errno.EDQUOT) or len(text) > ROOM:
            raise
        try:
            fd = os.open(_reserved(path), os.O_WRONLY)
        except FileNotFoundError:
            raise error from None
    try:
        os.write(fd, text.ljust(ROOM))  # over the blanks: no new block is needed
        os.fsync(fd)
    finally:
        os.close(fd)
    return _reserved(path)


def _fresh_draft(path: str | Path, record: Mapping[str, Any]) -> str:
    folder, name = os.path.split(os.fspath(path))
    draft = os.path.join(folder, f".{name}.{os.getpid()}-{os.urandom(4).hex()}.tmp")
    fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(fd, "w", encoding="ascii") as file:
            json.dump(record, file)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        os.unlink(draft)
        raise
    return draft


def _sync_folder(path: str | Path) -> None:
    fd = os.open(os.path.dirname(os.path.abspath(path)), os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def read_json(path: str | Path) -> dict[str, Any] | None:
    """The record in `path`; None when there is none. Raises ValueError when it is damaged."""
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read()
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        record = json.loads(text)
    except ValueError as error:
        raise ValueError(f"{path} is damaged: {error}") from error
    if not isinstance(record, dict):
        raise ValueError(f"{path} is damaged: it holds no object")
    return record


def recall(path: str | Path, last: dict[str, Any] | None = None) -> dict[str, Any] | None:
    """The record in `path`, or what was `last` known when it is gone or damaged: a watcher must go on."""
    try:
        return read_json(path) or last
    except ValueError:
        return last


def lock(path: str | Path) -> int | None:
    """Take the lock and return the descriptor that holds it; None when another holds it.

    The lock lasts as long as any process has that descriptor open, so a child may inherit it. The file's
    mtime tells when it was last taken.
    """
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    for _ in range(PROBES):
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.01)
        else:
            os.utime(fd)
            reach(f"took {os.path.basename(path)}")
            return fd
    os.close(fd)
    return None


def is_locked(path: str | Path) -> bool:
    """Whether somebody holds the lock now."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(fd)
    return False
