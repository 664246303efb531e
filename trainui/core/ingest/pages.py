"""A log of any size, a page at a time: rows from any place on, backwards too, and a search that can be cancelled.

A row is a line, or a piece of a line that is very long. Where rows begin can be told from the bytes around, so that
a log of gigabytes is read only where somebody looks.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from trainui.core.ingest.follow import open_regular
from trainui.core.ingest.text import strip_escapes

PIECE = 4096
"""A line is cut where a multiple of this many bytes has passed without a line end."""
_BLOCK = 1 << 18
"""Bytes a search looks at between two looks at whether it was cancelled."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a log."""

    start: int
    """Its first byte in the file."""
    end: int
    """The byte after it, its line end included: where the next one starts."""
    text: str
    """As a terminal would leave it, but harmless."""


class Pages:
    """One log file, opened anew for each look. Safe from any thread."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def size(self) -> int:
        """Bytes there are now; 0 where there is no regular file."""
        with _Bytes(self._path) as file:
            return file.size

    def forward(self, start: int, count: int) -> list[Row]:
        """At most `count` rows from `start` on, where a row starts."""
        rows: list[Row] = []
        with _Bytes(self._path) as file:
            while len(rows) < count and (row := _row_at(file, start)) is not None:
                rows.append(row)
                start = row.end
        return rows

    def backward(self, end: int, count: int) -> list[Row]:
        """At most `count` rows that end before `end`, where a row starts or the file ends; in their order."""
        rows: list[Row] = []
        with _Bytes(self._path) as file:
            end = min(end, file.size)
            while len(rows) < count and end > 0:
                row = _row_at(file, start_of(file.read, end - 1))
                if row is None:
                    break
                rows.append(row)
                end = row.start
        return rows[::-1]

    def row_with(self, place: int) -> int:
        """Where the row begins that holds the byte at `place`."""
        with _Bytes(self._path) as file:
            return start_of(file.read, max(0, min(place, file.size - 1)))

    def find(
        self,
        wanted: str | re.Pattern[bytes],
        start: int,
        *,
        backwards: bool = False,
        is_cancelled: Callable[[float], bool] = lambda share: False,
    ) -> int | None:
        """Where the first row begins, from `start` on or backwards before it, that holds `wanted`; None: nowhere.

        Capital letters in words count only where there are some; a pattern matches at most 100 bytes.
        `is_cancelled` is told now and then what share of the way is done; when it says so, nothing is found.
        """
        if not wanted:
            return None
        pattern = _literally(wanted) if isinstance(wanted, str) else wanted
        more = max(100, len(pattern.pattern))
        with _Bytes(self._path) as file:
            way = start if backwards else file.size - start
            for done in range(0, way, _BLOCK):
                if is_cancelled(done / way):
                    return None
                first = max(0, start - done - _BLOCK) if backwards else start + done
                stop = start - done if backwards else min(file.size, first + _BLOCK)
                # what begins here may end in the next block
                hits = pattern.finditer(file.read(first, stop + more))
                places = [hit.start() for hit in hits if hit.start() < stop - first]
                if places:
                    return start_of(file.read, first + places[-1 if backwards else 0])
        return None


def _literally(words: str) -> re.Pattern[bytes]:
    flags = 0 if any(map(str.isupper, words)) else re.IGNORECASE
    return re.compile(re.escape(words.encode("utf-8", "replace")), flags)


def start_of(read: Callable[[int, int], bytes], place: int) -> int:
    """Where the row begins that holds the byte at `place`.

    A row begins after a line end, and at a multiple of PIECE where the PIECE bytes before it have none.
    """
    piece = place // PIECE * PIECE
    low = max(0, piece - PIECE)
    newline = read(low, place).rfind(b"\n")
    return low + newline + 1 if newline >= 0 else piece


def _row_at(file: _Bytes, start: int) -> Row | None:
    if start >= file.size:
        return None
    most = start + PIECE if start % PIECE == 0 else (start // PIECE + 2) * PIECE
    data = file.read(start, min(most, file.size))
    newline = data.find(b"\n")
    if newline >= 0:
        data = data[: newline + 1]
    return Row(start, start + len(data), _text(data)) if data else None


def _text(data: bytes) -> str:
    """What was written after the last carriage return that was followed by something."""
    for piece in reversed(data.removesuffix(b"\n").split(b"\r")):
        text = strip_escapes(piece).rstrip()
        if text:
            return text
    return ""


class _Bytes:
    """The bytes of a file as it is now; none where there is no regular file."""

    def __init__(self, path: Path) -> None:
        self._file = open_regular(path)
        self.size = 0 if self._file is None else os.fstat(self._file.fileno()).st_size

    def __enter__(self) -> _Bytes:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def read(self, start: int, end: int) -> bytes:
        """The bytes from `start` to before `end`; fewer where the file was cut meanwhile."""
        if self._file is None or end <= start:
            return b""
        return os.pread(self._file.fileno(), end - start, start)
