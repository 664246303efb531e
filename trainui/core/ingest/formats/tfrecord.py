"""TFRecord, the frames of event files: length, its checksum, payload, the payload's checksum."""

from __future__ import annotations

import re
import struct

from trainui.core.ingest.follow import LARGEST
from trainui.core.ingest.format import Cut
from trainui.core.ingest.formats.framed import crc32c, garbage

HEADER = 12
FRAME = HEADER + 4
WINDOW = 64 << 10
"""Bytes of garbage that are looked through at once for the next record."""
LONGEST = LARGEST - FRAME
"""Bytes of a payload; a longer one is passed over and counted as not understood."""
MAX_TRIED = 2048
"""Headers that are tried in a window: garbage made to look like them costs no more than 4 ms."""
MAX_SUMMED = 64 << 10
"""Bytes of a payload whose checksum is looked at: 4 ms."""
MAX_HEADERS = 4096

# A length below 16 MiB has five zero bytes. Zeros alone are what a crash leaves at the end of a file.
_HEADER_LIKE = re.compile(rb"(?!\x00{12}).{3}\x00{5}.{4}", re.DOTALL)
_SUM = struct.Struct("<I")

_lengths: dict[bytes, int] = {}
"""Headers whose checksum was right → the length they tell: a run writes few different ones."""


def cut(data: bytes, at: int, final: bool) -> Cut:
    """Payloads, each with the 4 bytes of its checksum. After garbage the next record whose header is right goes on.

    A torn last record is waited for, and left out once the file is `final`.
    """
    items: list[bytes] = []
    place, end = 0, len(data)
    while end - place >= HEADER:
        header = data[place : place + HEADER]
        length = _lengths.get(header)
        if length is None:
            length = length_of(header)
        if length is None:
            after = _next_record(data, place + 1, final)
            if after < 0:
                return Cut(items, place, WINDOW)
            items.append(garbage(header))
            place = after
            continue
        after = place + FRAME + length
        if length <= LONGEST and after <= end:
            items.append(data[place + HEADER : after])
        elif length <= LONGEST:
            break
        elif place and after > end:
            return Cut(items, place)
        else:
            items.append(garbage(header))
        place = after
    if final:
        return Cut(items, max(place, end))
    return Cut(items, place, _wanted(data, place))


def length_of(header: bytes) -> int | None:
    """The length of the payload from the first 12 bytes of a record; None when they are no such thing."""
    if len(header) < HEADER or _SUM.unpack_from(header, 8)[0] != _masked(header[:8]):
        return None
    length = int.from_bytes(header[:8], "little")
    if len(_lengths) < MAX_HEADERS:
        _lengths[header] = length
    return length


def is_intact(item: bytes) -> bool:
    """Whether a payload agrees with the checksum after it; a large one is believed, as it would take too long."""
    return len(item) > MAX_SUMMED or _SUM.unpack_from(item, len(item) - 4)[0] == _masked(item[:-4])


def framed(payload: bytes) -> bytes:
    """A payload as a record of a file."""
    length = len(payload).to_bytes(8, "little")
    return length + _SUM.pack(_masked(length)) + payload + _SUM.pack(_masked(payload))


def _masked(data: bytes) -> int:
    crc = crc32c(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def _next_record(data: bytes, start: int, final: bool) -> int:
    """Where the next record begins, or where to look on; -1 when more bytes are needed to tell.

    That depends on the bytes from `start` alone, not on how much of the file was read with them.
    """
    stop = min(start - 1 + WINDOW, len(data))
    if data.count(0, start, stop) < stop - start:
        place = start
        for _ in range(MAX_TRIED):
            found = _HEADER_LIKE.search(data, place, stop)
            if found is None:
                break
            place = found.start()
            if length_of(found[0]) is not None:
                return place
            place += 1
    if stop - start + 1 == WINDOW:
        return stop - HEADER + 1
    return len(data) if final else -1


def _wanted(data: bytes, place: int) -> int:
    if len(data) - place < HEADER:
        return HEADER
    return FRAME + (length_of(data[place : place + HEADER]) or 0)
