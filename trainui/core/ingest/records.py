"""What a reader makes of a line: plain values, nothing of the file they came from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

MAX_SAMPLES = 20
MAX_SAMPLE_CHARACTERS = 200


class Record(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """One report. A msgspec.Struct and not a dataclass, because a line of the wire is decoded straight
    into it: 0.3 µs a line instead of 2. Nothing in one can form a cycle, so the garbage collector need not look.

    Attributes:
        metrics: name → value; NaN and infinities are what they were.
        step: where the values belong; an int where the source had one. None when the line had none.
        epoch: as the source printed it.
        at: Unix seconds, when the source said so.
        checkpoint: a path, relative to the run directory or absolute. `metrics` then describe the file.
        event: one sentence for the run's history.
    """

    metrics: Mapping[str, float] = {}
    step: float | int | None = None
    epoch: float | None = None
    at: float | None = msgspec.field(default=None, name="time")
    total_steps: float | int | None = None
    total_epochs: float | int | None = None
    checkpoint: str | None = None
    event: str | None = None


NOTHING: Sequence[Record] = ()


class Tally:
    """How much of a stream was understood, and up to 20 lines that were not."""

    __slots__ = ("lines", "samples", "understood")

    def __init__(self, lines: int = 0, understood: int = 0, samples: Sequence[str] = ()) -> None:
        self.lines = lines
        self.understood = understood
        self.samples = list(samples)

    def miss(self, text: str) -> None:
        """Remember a line nobody understood; once each, its first 200 characters."""
        text = text[:MAX_SAMPLE_CHARACTERS]
        if len(self.samples) < MAX_SAMPLES and text not in self.samples:
            self.samples.append(text)


class Counting:
    """What every reader tells of its work; a subclass counts in `_tally`."""

    def __init__(self) -> None:
        self._tally = Tally()

    @property
    def lines(self) -> int:
        """Items that were not blank: lines, rows, records, documents."""
        return self._tally.lines

    @property
    def understood(self) -> int:
        """Items that told something."""
        return self._tally.understood

    @property
    def samples(self) -> Sequence[str]:
        """Up to 20 items that were not understood."""
        return self._tally.samples
