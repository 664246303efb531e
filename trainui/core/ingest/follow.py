"""Bytes of a growing file → whole lines, from an offset. Exactly once rests on two facts: the offset in a
chunk is the only memory there is, and it only moves forward.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

LIMIT = 4 << 20
LONGEST = 1 << 20
KEPT = 64 << 10


@dataclass(frozen=True, kw_only=True, slots=True)
class Chunk:
    """Whole lines without their line ends, and the bytes they came from.

    Attributes:
        lines: may hold "\\r" inside, where a progress bar drew over itself.
        start: where reading began; 0 after the file was rewound.
        end: the offset to commit with the lines, and to read on from.
        rewound: `truncated` or `replaced` when the file is not the one that was read before, else "".
        inode: to be handed back with the offset.
    """

    lines: list[bytes]
    start: int
    end: int
    rewound: str
    inode: int


def read_chunk(
    path: Path, *, offset: int, inode: int | None, limit: int = LIMIT, final: bool = False
) -> Chunk | None:
    """The lines that were finished since `offset`, or None when there is no news or no such file.

    A line ends at "\\n". A bar that only ever writes "\\r" is cut at its last "\\r", so that it can be
    followed live. A line longer than 1 MiB is kept as its first 64 KiB, once, and its rest is passed over.
    `final` takes an unfinished last line too. Call again until None: a chunk holds `limit` bytes at most,
    or one line where that is longer.
    """
    file = _open(path)
    if file is None:
        return None
    with file:
        facts = os.fstat(file.fileno())
        rewound = ""
        if inode is not None and inode != facts.st_ino:
            rewound = "replaced"
        elif facts.st_size < offset:
            rewound = "truncated"
        start = 0 if rewound else offset
        lines, end = _read_lines(file, start, facts.st_size, limit, final)
    if end == start and not rewound:
        return None
    return Chunk(lines=lines, start=start, end=end, rewound=rewound, inode=facts.st_ino)


def _open(path: Path) -> BinaryIO | None:
    """The file, or None when there is none or it is none. NONBLOCK: a pipe in its place must not stop us."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except (FileNotFoundError, NotADirectoryError):
        return None
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        return None
    return os.fdopen(handle, "rb", buffering=0)


def _read_lines(file: BinaryIO, start: int, size: int, limit: int, final: bool) -> tuple[list[bytes], int]:
    """Lines from `start` and where they end; `size` is how long the file was when it was opened."""
    # One byte more, before the start: unless it ends a line, we stand inside one whose head was already kept.
    before = 1 if start else 0
    data = _read(file, start - before, min(size, start + limit) - start + before)
    if _last_end(data[before:]) < 0 and start + limit < size and limit <= LONGEST:
        data = _read(file, start - before, min(size - start, LONGEST + 1) + before)
    end = start + len(data) - before
    skip = before
    if before and data[:1] not in (b"\n", b"\r"):
        skip = _first_end(data, before)
        if skip < 0:
            return [], end
    cut = _last_end(data[skip:]) + skip
    if cut < skip:
        cut = skip
    unfinished = data[cut:]
    if len(unfinished) > LONGEST or (final and unfinished and end >= size):
        return _whole(data[skip:]), end
    return _whole(data[skip:cut]), start + cut - before


def _read(file: BinaryIO, start: int, count: int) -> bytes:
    file.seek(start)
    pieces = []
    while count > 0 and (piece := file.read(count)):
        pieces.append(piece)
        count -= len(piece)
    return b"".join(pieces)


def _last_end(data: bytes) -> int:
    """The offset after the last line end; -1 when there is none. A "\\r" at the very end may still become
    "\\r\\n", so it ends nothing yet."""
    return max(data.rfind(b"\n"), data.rfind(b"\r", 0, len(data) - 1)) + 1 or -1


def _first_end(data: bytes, start: int) -> int:
    """The offset after the first line end from `start` on, or -1."""
    ends = [at for at in (data.find(b"\n", start), data.find(b"\r", start, len(data) - 1)) if at >= 0]
    return min(ends) + 1 if ends else -1


def _whole(data: bytes) -> list[bytes]:
    """`data` split at its newlines, over-long lines cut short."""
    if not data:
        return []
    lines = data.split(b"\n")
    if not lines[-1]:
        lines.pop()
    if len(data) <= LONGEST:
        return lines
    return [short for line in lines for short in ([line] if len(line) <= LONGEST else _shortened(line))]


def _shortened(line: bytes) -> list[bytes]:
    """A long line as the pieces between its carriage returns, each of at most 1 MiB or cut to 64 KiB."""
    return [piece if len(piece) <= LONGEST else piece[:KEPT] for piece in line.split(b"\r") if piece]
