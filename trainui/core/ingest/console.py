"""What a program prints: patterns of the spec first, then the dialects we recognise by ourselves."""

from __future__ import annotations

import json
from collections.abc import Sequence

from trainui.core.ingest.jsonl import record_in
from trainui.core.ingest.patterns import Pattern
from trainui.core.ingest.records import NOTHING, Record, Tally
from trainui.core.ingest.text import strip_escapes

MAX_LINE = 16_000
"""Bytes of a printed line that are looked at. Numbers stand at its beginning."""


class Console:
    """Reads output.log. Each piece between carriage returns counts as a line."""

    def __init__(self, patterns: Sequence[Pattern] = ()) -> None:
        self._patterns = tuple(patterns)
        self._tally = Tally()

    @property
    def lines(self) -> int:
        """Pieces that were not blank."""
        return self._tally.lines

    @property
    def understood(self) -> int:
        """Pieces that told something."""
        return self._tally.understood

    @property
    def samples(self) -> Sequence[str]:
        """Up to 20 lines that were not understood."""
        return self._tally.samples

    def state(self) -> str:
        """JSON from which `restore` goes on exactly."""
        return json.dumps([self._tally.lines, self._tally.understood, self._tally.samples])

    @classmethod
    def restore(cls, state: str, *, patterns: Sequence[Pattern] = ()) -> Console:
        """A reader that goes on where the one that gave `state` stopped; "" starts afresh."""
        reader = cls(patterns)
        if state:
            reader._tally = Tally(*json.loads(state))
        return reader

    def read(self, line: bytes) -> Sequence[Record]:
        """The records of one line, in the order they were printed."""
        if b"\r" not in line:
            return self._piece(line)
        return [record for piece in line.split(b"\r") for record in self._piece(piece)]

    def _piece(self, piece: bytes) -> Sequence[Record]:
        text = strip_escapes(piece[:MAX_LINE]).strip()
        if not text:
            return NOTHING
        self._tally.lines += 1
        record = self._record(text)
        if record is None:
            self._tally.miss(text)
            return NOTHING
        self._tally.understood += 1
        return (record,)

    def _record(self, text: str) -> Record | None:
        for pattern in self._patterns:
            if (record := pattern.record(text)) is not None:
                return record
        return record_in(text.encode()) if text.endswith("}") else None
