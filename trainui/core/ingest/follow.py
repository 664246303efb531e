"""Bytes of a growing file → whole items, from an offset. Exactly once rests on two facts: the place in a
chunk (offset, inode, mark) is the only memory there is, and in one file the offset only moves forward.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from msgspec import Struct

if TYPE_CHECKING:
    from trainui.core.ingest.format import Cutter, Format

LIMIT = 4 << 20
LONGEST = 1 << 20
KEPT = 64 << 10
LARGEST = 16 << 20
"""Bytes of an item that is no line, and of a step in which a larger one is passed over."""
WHOLE = 64 << 20
"""Bytes of a file that is read as one item; a larger one is left alone."""
MARKED = 64
"""Bytes before the offset by which a file is known again."""

_SHORTAGES = (errno.EMFILE, errno.ENFILE, errno.ENOMEM)


class Chunk(Struct, frozen=True, kw_only=True):
    """Whole items, and the bytes they came from.

    Attributes:
        items: lines without their line ends, "\\r" inside where a progress bar drew over itself; framed records; or
            the content of a file that is rewritten whole.
        start: where reading began; 0 after the file was rewound.
        end: the offset to commit with the lines, and to read on from.
        rewound: `truncated` or `replaced` when the file is not the one that was read before, else "". A copy
            that grew, renamed over the old file, counts as the same file.
        inode: to be handed back with the offset.
        mark: a digest of the bytes before `end`, to be handed back with the offset; never empty.
    """

    items: list[bytes]
    start: int
    end: int
    rewound: str
    inode: int
    mark: str


def read_chunk(
    path: Path,
    *,
    offset: int,
    inode: int | None,
    mark: str = "",
    limit: int = LIMIT,
    final: bool = False,
    form: Format | None = None,
) -> Chunk | None:
    """The items that were finished since `offset`, or None when there is no news or no such file.

    Without a `form`, or with one that says nothing of how to cut, items are lines.

    A line ends at "\\n". A bar that only ever writes "\\r" is cut at its last "\\r", so that it can be
    followed live. A line longer than 1 MiB is kept as its first 64 KiB, once, and its rest is passed over.
    `final` takes an unfinished last line too. Call again until None: a chunk holds `limit` bytes at most,
    or one line where that is longer.

    `offset`, `inode` and `mark` are those of the chunk before. The bytes before the offset tell whether it is
    the file that was read; with an empty mark (unknown) the inode does. Raises OSError as `open_regular` does.
    """
    file = open_regular(path)
    if file is None:
        return None
    with file:
        facts = os.fstat(file.fileno())
        if form is not None and form.is_whole:
            return _read_whole(file, facts, mark)
        rewound = _rewound(file, facts, offset, inode, mark)
        start = 0 if rewound else offset
        if form is None or form.cut is None:
            items, end, last = _read_lines(file, start, facts.st_size, limit, final)
        else:
            items, end, last = _read_framed(file, form.cut, start, facts.st_size, limit, final)
    if end == start and not rewound:
        return None
    return Chunk(items=items, start=start, end=end, rewound=rewound, inode=facts.st_ino, mark=_digest(last))


def chunks_of(path: Path, form: Format) -> Iterator[Chunk]:
    """A whole finished file, chunk by chunk."""
    chunk = read_chunk(path, offset=0, inode=None, final=True, form=form)
    while chunk is not None:
        yield chunk
        chunk = read_chunk(path, offset=chunk.end, inode=chunk.inode, mark=chunk.mark, final=True, form=form)


def size_and_mark(path: Path, size: int | None = None) -> tuple[int, str]:
    """(bytes, the mark before its byte `size`, or before its end) of a file; (0, "") when there is none so long."""
    file = open_regular(path)
    if file is None:
        return 0, ""
    with file:
        there = os.fstat(file.fileno()).st_size
        end = there if size is None else size
        before = min(end, MARKED)
        return (there, _digest(os.pread(file.fileno(), before, end - before))) if end <= there else (0, "")


def open_regular(path: Path) -> BinaryIO | None:
    """The file for reading, unbuffered; None for what is no regular file or cannot be opened, and for our runs.db.

    Never waits, whatever lies there. Raises OSError only where this process is short of handles or memory:
    that passes, and says nothing of the file.
    """
    if is_kept_closed(path):  # a job that asks runs.db has it open for writing, as it has its logs
        return None
    try:
        # NONBLOCK: a pipe in its place must not stop us.
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        if error.errno in _SHORTAGES:
            raise
        return None
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        return None
    return os.fdopen(handle, "rb", buffering=0)


def _rewound(file: BinaryIO, facts: os.stat_result, offset: int, inode: int | None, mark: str) -> str:
    """What happened to the file that was read up to `offset`, or "" when this is it.

    The inode alone is no witness: a new file may get the old one's number, and one that is rewritten and
    renamed over itself gets another with the same beginning.
    """
    is_same = inode is None or inode == facts.st_ino
    if facts.st_size < offset:
        return "truncated" if is_same else "replaced"
    if mark:
        before = min(offset, MARKED)
        is_same = _digest(os.pread(file.fileno(), before, offset - before)) == mark
    return "" if is_same else "replaced"


def _digest(last: bytes) -> str:
    return hashlib.blake2b(last, digest_size=8).hexdigest()


def _read_lines(
    file: BinaryIO, start: int, size: int, limit: int, final: bool
) -> tuple[list[bytes], int, bytes]:
    """Lines from `start`, where they end, and the last bytes before that end, at most 64.

    `size` is how long the file was when it was opened.
    """
    # Some bytes more, before the start: for the mark, and unless they end a line, we stand inside one whose
    # head was already kept.
    before = min(start, MARKED)
    data = _read(file, start - before, min(size, start + limit) - start + before)
    if _last_end(data[before:]) < 0 and start + limit < size and limit <= LONGEST:
        data = _read(file, start - before, min(size - start, LONGEST + 1) + before)
    if len(data) < before:  # cut off under our hands: the next read sees a truncated file
        return [], start, b""
    end = start + len(data) - before
    skip = before
    if before and data[before - 1 : before] not in (b"\n", b"\r"):
        skip = _first_end(data, before)
        if skip < 0:
            return [], end, data[-MARKED:]
    cut = _last_end(data[skip:]) + skip
    if cut < skip:
        cut = skip
    unfinished = data[cut:]
    if len(unfinished) > LONGEST or (final and unfinished and end >= size):
        return _whole(data[skip:]), end, data[-MARKED:]
    return _whole(data[skip:cut]), start + cut - before, data[:cut][-MARKED:]


def _read_framed(
    file: BinaryIO, cut: Cutter, start: int, size: int, limit: int, final: bool
) -> tuple[list[bytes], int, bytes]:
    """Items from `start`, where they end, and the last bytes before that end, at most 64."""
    count = min(limit, size - start)
    data = _read(file, start, count)
    found = cut(data, start, final and start + len(data) >= size)
    most = min(size - start, LARGEST)
    # Again and again, as of a record in pieces each piece tells only where the next one ends.
    while not found.taken and count < min(found.wanted, most) and (final or found.wanted <= most):
        count = min(found.wanted, most)
        data = _read(file, start, count)
        found = cut(data, start, final and start + len(data) >= size)
    end = start + found.taken
    if end > size:  # it passes over what is not all there yet
        if not final:
            return [], start, b""
        end = size
    before = min(end, MARKED)
    return found.items, end, os.pread(file.fileno(), before, end - before)


def _read_whole(file: BinaryIO, facts: os.stat_result, mark: str) -> Chunk | None:
    """The content as one item, unless it is what was read before or too large."""
    if facts.st_size > WHOLE:
        return None
    data = _read(file, 0, facts.st_size)
    digest = _digest(data)
    if digest == mark:
        return None
    return Chunk(items=[data], start=0, end=len(data), rewound="", inode=facts.st_ino, mark=digest)


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


_kept: set[str] = set()


def keep_closed(path: str | Path) -> None:
    """Let nothing else in this process open a file of SQLite's, or what it has beside it; ask with `is_kept_closed`.

    To close any descriptor of a file gives up every POSIX lock the process has on it. Whoever closed runs.db next
    would believe itself to be the last, and take away the -wal that is still written to.
    """
    _kept.add(os.path.abspath(path))


def is_kept_closed(path: str | Path) -> bool:
    """Whether a file, by whatever name, must not be opened here."""
    here = _identity(path) if _kept else None
    if here is None:
        return False
    return any(_identity(one + end) == here for one in _kept for end in ("", "-wal", "-shm"))


def _identity(path: str | Path) -> tuple[int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino
