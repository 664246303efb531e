"""What readers of framed records share: the count of what was understood, and items that stand for garbage."""

from __future__ import annotations

import functools
from collections.abc import Sequence

from trainui.core.ingest.records import NOTHING, Counting, Record


def garbage(head: bytes) -> bytes:
    """An item that stands for bytes that were no record and were passed over; `head` is what they began with.

    It begins with 0, which no protocol buffer does.
    """
    return b"\0" + head


class Framed(Counting):
    """A reader whose items are serialized protocol buffers or garbage. A subclass reads one item."""

    def miss(self, item: bytes) -> Sequence[Record]:
        """Count an item that was not understood; gives no records."""
        self._tally.lines += 1
        self._tally.miss(f"no record: {item.removeprefix(bytes(1))[:32].hex(' ')}")
        return NOTHING


def crc32c(data: bytes) -> int:
    """The Castagnoli checksum, 60 ns a byte: zlib has only the other one."""
    table = _table()
    crc = 0xFFFFFFFF
    for byte in data:
        crc = table[(crc ^ byte) & 0xFF] ^ crc >> 8
    return crc ^ 0xFFFFFFFF


@functools.cache
def _table() -> tuple[int, ...]:
    table = []
    for crc in range(256):
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
        table.append(crc)
    return tuple(table)
