"""What a program prints: patterns of the spec first, then the dialects we recognise by ourselves."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace

from trainui.core.ingest.dialects.bars import pieces_of, read_bar
from trainui.core.ingest.dialects.blocks import Block
from trainui.core.ingest.dialects.boosting import read_round
from trainui.core.ingest.dialects.found import Found
from trainui.core.ingest.dialects.lists import read_list
from trainui.core.ingest.dialects.mappings import read_dict, read_json
from trainui.core.ingest.dialects.noise import is_noise
from trainui.core.ingest.dialects.prefixes import without_prefix
from trainui.core.ingest.dialects.reports import read_headed, read_pairs
from trainui.core.ingest.dialects.tables import classes_of, columns_of, read_class_row, read_row
from trainui.core.ingest.format import Format
from trainui.core.ingest.patterns import Pattern
from trainui.core.ingest.place import Place
from trainui.core.ingest.records import NOTHING, Counting, Record, Tally
from trainui.core.ingest.text import strip_escapes

MAX_LINE = 4000
"""Bytes of a printed line that are looked at: numbers stand at its beginning, and every pattern is tried."""
MAX_OBJECT = 64 << 10
"""The same for a line that ends like a JSON object: it is worth nothing unless it is whole."""

_PROMISING = re.compile(r"\d|\bnan\b|\binf\b", re.IGNORECASE)
_WRAPPED = re.compile(
    r"\b(?:tensor|np\.float\d*|float\d*|array)\(\s{0,8}([^(),\s]{1,60})\s{0,8}(?:,[^()]{0,80})?\)"
)


class Console(Counting):
    """Reads output.log. Each piece between carriage returns counts as a line.

    What it remembers from line to line is where the run stands and the header of the last table.
    """

    def __init__(self, patterns: Sequence[Pattern] = ()) -> None:
        super().__init__()
        self._patterns = tuple(patterns)
        self._place = Place()
        self._columns: list[str] = []
        self._classes: list[str] = []
        self._block = Block()

    def state(self) -> str:
        """JSON from which `restore` goes on exactly."""
        tally = self._tally
        return json.dumps(
            [
                [tally.lines, tally.understood, tally.samples],
                self._place.state(),
                self._columns,
                self._classes,
                self._block.state(),
            ]
        )

    @classmethod
    def restore(cls, state: str, *, patterns: Sequence[Pattern] = ()) -> Console:
        """A reader that goes on where the one that gave `state` stopped; "" starts afresh."""
        reader = cls(patterns)
        if state:
            tally, place, reader._columns, *later = json.loads(state)
            reader._tally, reader._place = Tally(*tally), Place.restore(place)
            if later:  # a state that an earlier version wrote ends here
                reader._classes, block = later
                reader._block = Block(block)
        return reader

    def read(self, line: bytes) -> Sequence[Record]:
        """The records of one line, in the order they were printed."""
        if b"\r" not in line:
            return self._piece(line)
        return [record for piece in line.split(b"\r") for record in self._piece(piece)]

    def _piece(self, piece: bytes) -> Sequence[Record]:
        raw = strip_escapes(piece[: MAX_OBJECT if piece.endswith(b"}") else MAX_LINE])
        text = raw.strip()
        if "%|" in text and len(parts := pieces_of(text)) > 1:
            return [record for part in parts for record in self._line(part.strip(), indented=False)]
        return self._line(text, indented=raw[:2].isspace())

    def _line(self, text: str, *, indented: bool) -> Sequence[Record]:
        if not text:
            return NOTHING
        self._tally.lines += 1
        told = self._by_pattern(text) if self._patterns else None
        record, understood = told or self._recognised(text, indented)
        if understood:
            self._tally.understood += 1
        else:
            self._tally.miss(text)
        return NOTHING if record is None else (record,)

    def _by_pattern(self, text: str) -> tuple[Record, bool] | None:
        for pattern in self._patterns:
            if (record := pattern.record(text)) is not None:
                self._place.note(record)
                return record, True
        return None

    def _recognised(self, text: str, indented: bool) -> tuple[Record | None, bool]:
        """The record and whether the line was understood: a bar that says nothing new is."""
        is_row, found = self._block.read(text, is_under_way=self._place.is_known)
        if found is not None:
            return self._place.settle(found), True
        if is_row:
            return None, True
        if not _PROMISING.search(text):
            self._place.hear(text)
            if columns := columns_of(text):
                self._columns = columns
            return None, bool(columns)
        if "(" in text:
            text = _WRAPPED.sub(r"\1", text)
        if (record := read_json(text)) is not None:
            self._place.note(record)
            return record, True
        found = self._found(text, indented)
        return (None, False) if found is None else (self._place.settle(found), True)

    def _found(self, text: str, indented: bool) -> Found | None:
        found = read_dict(text)
        if found is not None:
            self._place.at_bar(found)
            return found
        if text.startswith("Class") and (columns := classes_of(text)):
            self._classes = columns
            return Found()
        found = read_bar(text, self._columns)
        if found is not None:
            return found
        text = without_prefix(text)
        if columns := columns_of(text):
            self._columns = columns
            return None
        row = read_class_row(text, self._classes) if self._classes else None
        row = row or (read_row(text, self._columns) if self._columns else None)
        if row is not None:
            return row
        if (found := read_round(text)) is not None:
            return None if self._place.is_behind(found) else found
        if is_noise(text):
            return None
        known = self._place.is_known
        if text.endswith("]") and (found := read_list(text, is_under_way=known)) is not None:
            return found
        found = read_headed(text) or read_pairs(text, indented=indented, is_under_way=known)
        if found is None:
            self._place.hear(text)
        return found


FORMAT = Format(
    kind="console",
    rank=9,
    make=lambda state, patterns: Console.restore(state, patterns=patterns),
    claims=lambda _name, _head: True,
)
LOG = replace(FORMAT, kind="log", rank=8, claims=lambda _name, _head: False)
"""A log file that a spec names: what is printed as well counts once."""
