"""Which reader reads which kind of file. A new format is one file with one class, and one line here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from trainui.core.ingest.console import Console
from trainui.core.ingest.jsonl import JsonLines
from trainui.core.ingest.patterns import Pattern
from trainui.core.ingest.records import Record

__all__ = ["READERS", "Console", "JsonLines", "Reader", "reader_for"]


class Reader(Protocol):
    """Turns lines into records and remembers what it must to go on. It never opens a file."""

    @property
    def lines(self) -> int:
        """Lines that were not blank."""

    @property
    def understood(self) -> int:
        """Lines that told something."""

    @property
    def samples(self) -> Sequence[str]:
        """Up to 20 lines that were not understood."""

    def read(self, line: bytes) -> Sequence[Record]:
        """The records of one line, in order."""

    def state(self) -> str:
        """JSON from which the reader can go on exactly; it is committed with the offset."""


READERS: dict[str, Callable[[str, Sequence[Pattern]], Reader]] = {
    "jsonl": lambda state, _patterns: JsonLines.restore(state),
    "console": lambda state, patterns: Console.restore(state, patterns=patterns),
}
"""Kind of stream → how to make its reader from a state ("" for a fresh one) and the spec's patterns."""


def reader_for(kind: str, *, patterns: Sequence[Pattern] = (), state: str = "") -> Reader:
    """A reader for `jsonl` or `console`, going on from `state` when there is one."""
    return READERS[kind](state, patterns)
