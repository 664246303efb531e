"""Names that come from runs as names of files, and files that are whole or not there at all."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

LONGEST = 100
"""Characters of a made-up name: file systems take 255 bytes, and others add endings of their own."""


def file_name(name: str) -> str:
    """A name for a file or folder that cannot lead anywhere else, and is another for every other `name`."""
    clean = re.sub(r"[^A-Za-z0-9._=+-]", "_", name)[:LONGEST].lstrip(".-") or "_"
    if clean == name:
        return clean
    return f"{clean[: LONGEST - 9]}-{hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"


def whole_text(path: Path, text: str) -> Path:
    """Write a private file at once."""
    with whole_file(path) as part:
        part.write_text(text, encoding="utf-8")
    return path


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """The path to write to; when the block is over it takes the place of `path`, or is gone if that failed."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield part
        part.chmod(0o600)
        os.replace(part, path)
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """The folder to write into; when the block is over it takes the place of `path`, an older one goes."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    old = path.with_name(f".{path.name}.{os.getpid()}.old")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(mode=0o700)
    try:
        yield part
        with suppress(FileNotFoundError):
            os.replace(path, old)
        os.replace(part, path)
    finally:
        for left in (part, old):
            shutil.rmtree(left, ignore_errors=True)
