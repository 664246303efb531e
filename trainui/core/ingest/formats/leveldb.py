"""LevelDB's log, the frames of offline W&B files: blocks of 32 KiB that hold pieces of records."""

from __future__ import annotations

import struct
import zlib

from trainui.core.ingest.format import Cut
from trainui.core.ingest.formats.framed import garbage

MAGIC = b":W&B\xe1\xbe"
START = len(MAGIC) + 1
"""Bytes before the first record: the magic and a version."""
BLOCK = 32 << 10
HEADER = 7
LONGEST = 4 << 20
"""Bytes of a record with its frames; a longer one is passed over and counted as not understood."""
FULL, FIRST, MIDDLE, LAST = 1, 2, 3, 4

_PADDING, _BAD, _TORN = 0, -1, -2
_HEAD = struct.Struct("<IHB")
_SEEDS = {kind: zlib.crc32(bytes([kind])) for kind in (FULL, FIRST, MIDDLE, LAST)}


def cut(data: bytes, at: int, final: bool) -> Cut:
    """Records put together from their pieces. Where a block is damaged, the next block goes on.

    A record that is not all there is waited for, and left out once the file is `final`.
    """
    items: list[bytes] = []
    pieces: list[bytes] = []
    place = START if at == 0 and data.startswith(MAGIC) else 0
    begin = place  # of the record the pieces belong to
    while True:
        kind, after = _piece(data, at, place, final)
        if kind == _TORN:
            return Cut(items, len(data)) if final else Cut(items, begin, after - begin)
        if pieces and (kind in (FULL, FIRST, _BAD) or after - begin > LONGEST):
            items.append(garbage(data[begin : begin + HEADER]))
            pieces = []
        elif kind == _BAD:
            items.append(garbage(data[place : place + HEADER]))
        if kind in (FULL, FIRST) or (pieces and kind in (MIDDLE, LAST)):
            pieces.append(data[place + HEADER : after])
        if kind in (FULL, LAST) and pieces:
            items.append(pieces[0] if len(pieces) == 1 else b"".join(pieces))
            pieces = []
        if kind == FIRST:
            begin = place
        elif not pieces:
            begin = after
        place = after


def _piece(data: bytes, at: int, place: int, final: bool) -> tuple[int, int]:
    """The kind of the piece at `place` and where the next begins; of a torn one, how far it would reach."""
    left = BLOCK - (at + place) % BLOCK
    end = len(data)
    if left < HEADER:
        return (_PADDING if place + left <= end else _TORN), place + left
    if end - place < HEADER:
        return _TORN, place + HEADER
    check, length, kind = _HEAD.unpack_from(data, place)
    after = place + HEADER + length
    is_like = kind in _SEEDS and after <= place + left
    if is_like and after > end:
        return _TORN, after
    if is_like and zlib.crc32(data[place + HEADER : after], _SEEDS[kind]) == check:
        return kind, after
    if place + left > end and not final:
        return _TORN, place + left
    return _BAD, min(place + left, end)
