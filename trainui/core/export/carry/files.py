"""Names that come from runs as names of files; folders that are whole or not there at all."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

LONGEST = 100
"""Characters of a made-up name: file systems take 255 bytes, and others add endings of their own."""
MARKER = ".written.json"
"""In a folder of ours: what was written there, path → bytes."""


def file_name(name: str, *, odd: str = r"[^A-Za-z0-9._=+-]") -> str:
    """A name for a file or folder that cannot lead anywhere else, and is another for every other `name`. `odd`: which
    characters are replaced."""
    clean = re.sub(odd, "_", name)[:LONGEST].lstrip(".-") or "_"
    if clean == name:
        return clean
    return f"{clean[: LONGEST - 9]}-{hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """The folder to write into; it stands at `path` when the block ends well, and nothing of it does otherwise.

    An older one of ours goes then; one that somebody else made, or added to, is put aside as `NAME.edited`.
    """
    part, old = (path.with_name(f".{path.name}.{os.getpid()}.{end}") for end in ("part", "old"))
    for left in (part, old):
        shutil.rmtree(left, ignore_errors=True)
    part.mkdir(mode=0o700)
    try:
        yield part
        for made in part.rglob("*"):  # as others' libraries left them
            if not made.is_symlink():
                made.chmod(0o700 if made.is_dir() else 0o600)
        (part / MARKER).write_text(json.dumps(_contents(part)), encoding="utf-8")
        (part / MARKER).chmod(0o600)
        if os.path.lexists(path):
            os.rename(path, old if _is_ours(path) else _aside(path))
        os.rename(part, path)
    finally:
        for left in (part, old):
            shutil.rmtree(left, ignore_errors=True)


def _contents(folder: Path) -> dict[str, int]:
    return {
        str(path.relative_to(folder)): path.lstat().st_size
        for path in sorted(folder.rglob("*"))
        if path.name != MARKER and (path.is_symlink() or not path.is_dir())
    }


def _is_ours(path: Path) -> bool:
    """Whether a folder holds what was written there, and nothing else."""
    with suppress(OSError, ValueError):
        told = (path / MARKER).read_text(encoding="utf-8")
        return not path.is_symlink() and bool(json.loads(told) == _contents(path))
    return False


def _aside(path: Path) -> Path:
    """A name beside `path` at which nothing stands."""
    number = 1
    while os.path.lexists(
        aside := path.with_name(f"{path.name}.edited{'' if number == 1 else f'-{number}'}")
    ):
        number += 1
    return aside
