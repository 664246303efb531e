"""HAND: files of an export: each is written whole or not at all, for the user alone, and never over a person's work.

Beside them `.written.json` keeps what was written, as SHA-256. A file that is not what was written there, because
somebody edited it or made it, is put aside as `NAME.edited` before a new one takes its place.
"""

from __future__ import annotations

import contextlib
import fcntl
import glob
import hashlib
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO

MANIFEST = ".written.json"


def name_for(study: str) -> str:
    """A name for a file or a folder of a study, which leads nowhere else, and is another for every other study."""
    clean = re.sub(r"[^\w. +=-]", "-", study).strip(". ")[:80] or "study"
    mark = hashlib.sha256(study.encode("utf-8", "surrogatepass")).hexdigest()[:6]
    return clean if clean == study else f"{clean}-{mark}"


def make_folder(folder: Path) -> None:
    """Make a folder for the user alone; one that is there stays as it is. Raises OSError."""
    for one in [*reversed(folder.parents), folder]:
        if not one.exists():
            one.mkdir(mode=0o700, exist_ok=True)
    if not folder.is_dir():
        raise NotADirectoryError(20, "it is not a folder", str(folder))


def write_whole(path: Path, content: str | bytes) -> list[Path]:
    """Write or replace a file; it, and after it the one that was put aside, if any. Raises OSError."""
    with whole(path) as written:
        written.file.write(content.encode("utf-8", "replace") if isinstance(content, str) else content)
    return written.paths


class Written:
    """A file under way."""

    def __init__(self, file: IO[bytes], path: Path) -> None:
        self.file = file
        self.paths = [path]
        """Once it is there: it, and the one that was put aside, if any."""


@contextlib.contextmanager
def whole(path: Path) -> Iterator[Written]:
    """A file to write into; it stands at `path` when the block ends well, and nothing of it does otherwise."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    with _alone(path.parent):  # no other export takes a draft for left behind before it is locked
        _sweep(path)
        fd = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        _is_locked(fd)
    try:
        with os.fdopen(fd, "w+b") as file:
            written = Written(file, path)
            yield written
            file.flush()
            file.seek(0)
            mark = hashlib.file_digest(file, "sha256").hexdigest()
            os.fsync(file.fileno())
            with _alone(path.parent):
                _take_place(draft, path, mark, written)
    finally:
        draft.unlink(missing_ok=True)


def _take_place(draft: Path, path: Path, mark: str, written: Written) -> None:
    known = _manifest(path.parent)
    if path.is_symlink() or path.exists():
        if path.is_dir() and not path.is_symlink():
            raise IsADirectoryError(21, "a folder is in its place", str(path))
        ours = (known.get(path.name), mark)
        if (
            path.is_symlink() or not path.is_file() or _mark(path) not in ours
        ):  # a link leads to what is not ours
            written.paths.append(_put_aside(path))
        else:
            os.chmod(draft, path.stat().st_mode & 0o777)
    with _kept(path.parent, {**known, path.name: mark}):
        os.replace(draft, path)


def _sweep(path: Path) -> None:
    """Take away drafts of a file whose processes were killed; one that is being written is locked."""
    for left in path.parent.glob(f".{glob.escape(path.name)}.*.part"):
        try:
            fd = os.open(left, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError:
            continue
        with os.fdopen(fd, "rb") as file:
            if _is_locked(file.fileno()):
                left.unlink(missing_ok=True)


def _is_locked(fd: int) -> bool:
    """Whether this process has a file for itself now; where there are no locks, nobody knows."""
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Only one export puts files into a folder at a time: each knows what the others wrote."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with contextlib.suppress(OSError):  # a file system without locks
            fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)


def _mark(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _put_aside(path: Path) -> Path:
    """Give what stands at `path` another name, at which nothing stands."""
    number = 1
    while True:
        aside = path.with_name(f"{path.name}.edited{'' if number == 1 else f'-{number}'}")
        try:
            os.link(path, aside, follow_symlinks=False)
        except FileExistsError:
            number += 1
        except OSError:  # a file system without hard links
            if not aside.exists():
                os.rename(path, aside)
                return aside
            number += 1
        else:
            return aside


def _manifest(folder: Path) -> dict[str, str]:
    path = folder / MANIFEST
    try:
        found = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


@contextlib.contextmanager
def _kept(folder: Path, marks: dict[str, str]) -> Iterator[None]:
    """What was written, kept when the block ends well. Room is found before: no file is to be there unknown."""
    draft = folder / f"{MANIFEST}.{os.getpid()}.part"
    try:
        with os.fdopen(
            os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8"
        ) as file:
            json.dump(marks, file, indent=1, sort_keys=True)
        yield
        os.replace(draft, folder / MANIFEST)
    finally:
        draft.unlink(missing_ok=True)
