"""What a format of streams is: how a file is known, how its bytes become items, and who reads an item."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from trainui.core.ingest.patterns import Pattern
from trainui.core.ingest.records import Record

HEAD = 64 << 10
"""Bytes from a file's beginning by which it is known."""


class Reader(Protocol):
    """Turns items into records and remembers what it must to go on. It never opens a file.

    An item is a line, a framed record, or the whole file where that is rewritten.
    """

    @property
    def lines(self) -> int:
        """Items that were not blank."""

    @property
    def understood(self) -> int:
        """Items that told something."""

    @property
    def samples(self) -> Sequence[str]:
        """Up to 20 items that were not understood."""

    def read(self, item: bytes) -> Sequence[Record]:
        """The records of one item, in order."""

    def state(self) -> str:
        """JSON from which the reader can go on exactly; it is committed with the offset."""


class Cut(NamedTuple):
    """Items cut from the bytes of a file.

    Attributes:
        items: whole items, in order.
        taken: bytes that are done with; more than there were, where the rest of an item is passed over.
        wanted: bytes the next item needs in one piece, 0 when more than these will not help now.
    """

    items: list[bytes]
    taken: int
    wanted: int = 0


Cutter = Callable[[bytes, int, bool], Cut]
"""(bytes, their offset in the file, whether the file ends with them for good) → items. Pure, never raises."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Format:
    """One kind of stream.

    Attributes:
        kind: its name, kept with each source and metric.
        rank: among the sources of one metric the lowest is its curve, the others are kept as a check.
        make: a reader from a state ("" for a fresh one) and the spec's patterns.
        claims: whether a file with this name and these first bytes (at most HEAD, maybe cut inside an item) is one.
        cut: how bytes become items; None: lines.
        anew: the state in which a file that was written anew is read from its beginning, from the state before; None
            where all of it counts as new.
        is_whole: the file is rewritten; its one item is everything in it.
        watched: what is followed in a run directory without being asked for, as fnmatch patterns of names.
    """

    kind: str
    rank: int
    make: Callable[[str, Sequence[Pattern]], Reader]
    claims: Callable[[str, bytes], bool]
    cut: Cutter | None = None
    anew: Callable[[str], str] | None = None
    is_whole: bool = False
    watched: tuple[str, ...] = ()
