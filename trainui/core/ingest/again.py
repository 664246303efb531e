"""What a stream told already: of a file that is written anew from its beginning, only the new is told again."""

from __future__ import annotations

import base64
import zlib
from typing import Any

from trainui.core.ingest.records import Record

FIRST = 64
"""Records by which a file that is written anew is known to be the same."""
LAST = 1400
"""Records before its end that are compared one by one; those between are taken to be what they were."""
_SIZE = 2


class Again:
    """Loggers that find a new column write their table anew with a wider header, and some write all of it each time.

    Remembers a short digest of the first and the last records told. A table read again is compared with them, and
    what is the same is passed over; from the first difference on everything is new.
    """

    def __init__(self) -> None:
        self._count = 0
        self._first = bytearray()
        self._last = bytearray()
        self._at: int | None = None

    def state(self) -> list[Any]:
        """What `restore` needs, as JSON can hold it; about 4 kB at most."""
        last = self._last[-LAST * _SIZE :]
        return [
            self._count,
            base64.b64encode(self._first).decode(),
            base64.b64encode(last).decode(),
            self._at,
        ]

    @classmethod
    def restore(cls, state: list[Any], *, anew: bool = False) -> Again:
        """What gave `state`. `anew`: the file is read from its beginning once more."""
        again = cls()
        again._count, first, last, again._at = state
        again._first, again._last = bytearray(base64.b64decode(first)), bytearray(base64.b64decode(last))
        if anew:
            again._at = 0
        return again

    def is_new(self, record: Record) -> bool:
        """Whether the next record of the file was not told before; it is from now on."""
        digest = _digest(record)
        if self._at is not None:
            if self._at < self._count and self._told(self._at) in (digest, b""):
                self._at += 1
                return False
            self._forget(self._at)
            self._at = None
        if self._count < FIRST:
            self._first += digest
        self._last += digest
        if len(self._last) > 4 * LAST * _SIZE:
            del self._last[: -LAST * _SIZE]
        self._count += 1
        return True

    def _told(self, number: int) -> bytes:
        """The digest of the record told as that number; empty where it is no longer known."""
        at = (number - self._count) * _SIZE + len(self._last)
        if at >= 0:
            return bytes(self._last[at : at + _SIZE])
        return bytes(self._first[number * _SIZE : (number + 1) * _SIZE])

    def _forget(self, number: int) -> None:
        """Everything from that record on: the file says something else there."""
        kept = (number - self._count) * _SIZE + len(self._last)
        del self._last[max(0, kept) :]
        del self._first[number * _SIZE :]
        self._count = number


def _digest(record: Record) -> bytes:
    told = repr((record.step, record.epoch, sorted(record.metrics.items())))
    return (zlib.crc32(told.encode("utf-8", "replace")) & 0xFFFF).to_bytes(_SIZE, "big")
