"""HAND: files and folders of an export: each is written whole or not at all, for the user alone, and never over a
person's work.

Beside them `.written.json` keeps what was written, as SHA-256. A file that is not what was written there, because
somebody edited it or made it, is put aside as `NAME.edited` before a new one takes its place. A folder keeps such a
list of its own. Until it is whole each is a draft, `.NAME.PID.trainui.part`, and locked; the next export into the same
folder takes away the drafts of those that were killed.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import IO, Any

MANIFEST = ".written.json"
PART = ".trainui.part"
"""What the name of a draft ends with; nobody else calls anything so."""
_MOVED = re.compile(rf"\.(.+)\.old\.\d+{re.escape(PART)}")


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
    draft = draft_of(path)
    with alone(path.parent):  # no other export takes a draft for left behind before it is locked
        sweep(path.parent)
        fd = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        _lock(fd)
    try:
        with os.fdopen(fd, "w+b") as file:
            written = Written(file, path)
            yield written
            file.flush()
            file.seek(0)
            mark = hashlib.file_digest(file, "sha256").hexdigest()
            os.fsync(file.fileno())
            with alone(path.parent):
                _take_place(draft, path, mark, written)
    finally:
        draft.unlink(missing_ok=True)


@contextlib.contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """The folder to write into; it stands at `path` when the block ends well, and nothing of it does otherwise.

    An older one of ours goes then; one that somebody else made, or added to, is put aside as `NAME.edited`.
    """
    draft, old = draft_of(path), draft_of(path.with_name(f"{path.name}.old"))
    with alone(path.parent):
        sweep(path.parent)
        draft.mkdir(mode=0o700)
        fd = os.open(draft, os.O_RDONLY | os.O_DIRECTORY)
        _lock(fd)
    try:
        yield draft
        for made in draft.rglob("*"):  # as others' libraries left them
            if not made.is_symlink():
                made.chmod(0o700 if made.is_dir() else 0o600)
        (draft / MANIFEST).write_text(json.dumps(_contents(draft)), encoding="utf-8")
        (draft / MANIFEST).chmod(0o600)
        with alone(path.parent):
            if os.path.lexists(path):
                free = (one for one in _asides(path) if not os.path.lexists(one))
                os.rename(path, old if _is_ours(path) else next(free))
            os.rename(draft, path)
    finally:
        os.close(fd)
        for left in (draft, old):
            shutil.rmtree(left, ignore_errors=True)


def _contents(folder: Path) -> dict[str, int]:
    """Path within the folder → bytes."""
    return {
        str(path.relative_to(folder)): path.lstat().st_size
        for path in sorted(folder.rglob("*"))
        if path.name != MANIFEST and (path.is_symlink() or not path.is_dir())
    }


def _is_ours(path: Path) -> bool:
    """Whether a folder holds what was written there, and nothing else."""
    return (
        not path.is_symlink()
        and path.is_dir()
        and bool(known := _manifest(path))
        and known == _contents(path)
    )


def draft_of(path: Path) -> Path:
    """Where this process makes what shall stand at `path`."""
    return path.with_name(f".{path.name}.{os.getpid()}{PART}")


def sweep(folder: Path) -> None:
    """Take away the drafts in a folder whose processes were killed; one that is being written is locked. Call in
    `alone`."""
    for left in folder.glob(f".*.*{PART}"):
        try:
            fd = os.open(left, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError:
            continue
        try:
            if _lock(fd) and not _is_put_back(left):
                shutil.rmtree(left, ignore_errors=True) if left.is_dir() else left.unlink(missing_ok=True)
        finally:
            os.close(fd)


def _is_put_back(left: Path) -> bool:
    """Whether it was a folder that stood here, whole, and whose place was empty because the process was killed between
    the two moves of a replacement."""
    moved = _MOVED.fullmatch(left.name)
    if moved is None or not _is_ours(left) or os.path.lexists(place := left.with_name(moved[1])):
        return False
    os.rename(left, place)
    return True


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


def _lock(fd: int) -> bool:
    """Take a file for this process alone; whether it has it: not where another has, nor where there are no locks."""
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[None]:
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


def _asides(path: Path) -> Iterator[Path]:
    """Names for what stands at `path`, one after the other."""
    return (path.with_name(f"{path.name}.edited{'' if number == 1 else f'-{number}'}") for number in count(1))


def _put_aside(path: Path) -> Path:
    """Give what stands at `path` another name, at which nothing stands."""
    for aside in _asides(path):
        try:
            os.link(path, aside, follow_symlinks=False)
        except FileExistsError:
            continue
        except OSError:  # a file system without hard links
            if os.path.lexists(aside):
                continue
            os.rename(path, aside)
        return aside
    raise AssertionError("there is always another name")


def _manifest(folder: Path) -> dict[str, Any]:
    path = folder / MANIFEST
    try:
        found = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


@contextlib.contextmanager
def _kept(folder: Path, marks: dict[str, str]) -> Iterator[None]:
    """What was written, kept when the block ends well. Room is found before: no file is to be there unknown."""
    draft = draft_of(folder / MANIFEST)
    try:
        with os.fdopen(
            os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8"
        ) as file:
            json.dump(marks, file, indent=1, sort_keys=True)
        yield
        os.replace(draft, folder / MANIFEST)
    finally:
        draft.unlink(missing_ok=True)
