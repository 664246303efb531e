"""JSON lines: what trainui.log writes, and what any program may write by hand."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from trainui.core.ingest.fields import EARLIEST, LATEST, MAX_EXACT, TIMES, axis_of, is_clean, record_of
from trainui.core.ingest.format import HEAD, Format
from trainui.core.ingest.laps import Laps
from trainui.core.ingest.records import NOTHING, Counting, Record, Tally
from trainui.core.ingest.structured import PECULIAR, as_report, with_step
from trainui.core.ingest.text import strip_escapes

LOOKED_AT = 50
"""Lines by which a file is known."""
MAX_KNOWN = 10_000
"""Names that are remembered as harmless, so that each is looked at once."""
MAX_SHAPES = 200
"""Sets of keys that are remembered."""

_WITHIN = frozenset({"iter", "iteration", "it", "batch", "batch_idx"})
_AT_REST = frozenset({"val", "valid", "validation", "test", "eval"})
"""Modes whose counter says nothing of how far the training is."""

_SPECIAL = PECULIAR | {*TIMES, "metrics", "checkpoint", "event"}

_wire = msgspec.json.Decoder(Record).decode
_flat = msgspec.json.Decoder(dict[str, float | int]).decode
_any = msgspec.json.Decoder().decode


class JsonLines(Counting):
    """Reads one JSON object a line. Lines of the wire, and flat ones of numbers alone, take a fast road; the rest
    is looked at key by key."""

    def __init__(self) -> None:
        super().__init__()
        self._steps: dict[tuple[str, ...], str] = {}
        """Keys of flat lines → which of them is the step; "": look closer."""
        self._was_flat = False
        self._known: set[str] = set()
        self._laps = Laps()

    def state(self) -> str:
        """JSON from which `restore` goes on exactly."""
        return json.dumps(
            [self._tally.lines, self._tally.understood, self._tally.samples, self._laps.state()]
        )

    @classmethod
    def restore(cls, state: str) -> JsonLines:
        """A reader that goes on where the one that gave `state` stopped; "" starts afresh."""
        reader = cls()
        if state:
            lines, understood, samples, *laps = json.loads(state)
            reader._tally = Tally(lines, understood, samples)
            if laps:  # a state of 0.1 ends before them
                reader._laps = Laps.restore(laps[0])
        return reader

    def read(self, line: bytes) -> Sequence[Record]:
        """The records of one line; none when it is blank or not understood."""
        # JSON takes "\r" for a blank; a file that is followed live may have been cut there.
        if b"\r" in line and line.find(b"\r") < len(line) - 1:
            return [record for piece in line.split(b"\r") for record in self.read(piece)]
        if self._was_flat and (flat := self._read_flat(line)):
            return flat
        try:
            record = _wire(line)
        except (ValueError, RecursionError):
            return (not self._was_flat and self._read_flat(line)) or self._look(line)
        if not self._plain(record):
            return self._look(line)
        self._tally.lines += 1
        self._tally.understood += 1
        return (record,)

    def _read_flat(self, line: bytes) -> Sequence[Record]:
        """`{"step": 3, "loss": 0.5}`: what `_look` would make of it, sooner; nothing when it is not of that kind."""
        self._was_flat = False
        try:
            data = _flat(line)
        except (ValueError, RecursionError):
            return NOTHING
        names = tuple(data)
        name = self._steps.get(names)
        if name is None:
            name = step_among(names)
            if len(self._steps) < MAX_SHAPES:
                self._steps[names] = name
        if not name or type(step := data.pop(name)) is not int or not -MAX_EXACT < step < MAX_EXACT:
            return NOTHING
        self._tally.lines += 1
        self._tally.understood += 1
        self._was_flat = True
        return (Record(metrics=dict(zip(data, map(float, data.values()), strict=True)), step=step),)

    def _plain(self, record: Record) -> bool:
        """Whether a line of the wire may be taken as it stands: harmless names, nothing implausible."""
        if record.event is not None or record.checkpoint is not None:
            return False
        if record.step is not None and not -MAX_EXACT < record.step < MAX_EXACT:
            return False
        if record.at is not None and not EARLIEST <= record.at <= LATEST:
            return False
        if self._known.issuperset(record.metrics):
            return bool(record.metrics)
        if not all(map(is_clean, record.metrics)):
            return False
        if len(self._known) < MAX_KNOWN:
            self._known.update(record.metrics)
        return True

    def _look(self, line: bytes) -> Sequence[Record]:
        """Any other line: flat, nested, with NaN, torn, blank, or not JSON at all."""
        stripped = line.strip(b" \t\r\n\x00\xef\xbb\xbf")
        if not stripped:
            return NOTHING
        self._tally.lines += 1
        data = object_in(stripped)
        record = None if data is None else self._record(data)
        if record is None:
            self._tally.miss(strip_escapes(stripped[:800]))
            return NOTHING
        self._tally.understood += 1
        return (record,)

    def _record(self, data: dict[str, Any]) -> Record | None:
        """The record of an object; a counter that begins again with every epoch becomes the step of the run."""
        record = record_of(with_step(data))
        record = None if record is None else as_report(data, record)
        if record is None or record.step is None or record.epoch is None or "metrics" in data:
            return record
        is_within = not _WITHIN.isdisjoint(data) and any(data.get(name) == record.step for name in _WITHIN)
        if data.get("mode", data.get("split", data.get("phase"))) in _AT_REST:
            step = self._laps.step if is_within else record.step
        else:
            step = self._laps.step_of(record.step, record.epoch, may_stand=is_within)
        return record if step == record.step else msgspec.structs.replace(record, step=step)


def step_among(names: Sequence[str]) -> str:
    """Which key of an object of numbers is its step, when all others are metrics and nothing more; else ""."""
    axes = [name for name in names if axis_of(name)]
    rest = [name for name in names if not axis_of(name)]
    is_simple = len(axes) == 1 and axis_of(axes[0]) == "step" and _SPECIAL.isdisjoint(rest)
    return axes[0] if is_simple and rest and all(map(is_clean, rest)) else ""


def object_in(line: bytes) -> dict[str, Any] | None:
    """The JSON object that ends this line. Text before it is passed over: a logger's prefix, or the torn half of
    a line that a full disk or a kill cut short."""
    for start in _starts(line):
        data = object_of(line[start:] if start else line)
        if data is not None:
            return data
    return None


def object_of(text: bytes) -> dict[str, Any] | None:
    """The JSON object `text` is, NaN and 1e999 included, else None."""
    try:
        data = _any(text)
    except (ValueError, RecursionError):
        try:
            data = json.loads(text.decode("utf-8", "replace"))
        except (ValueError, RecursionError):
            return None
    return data if type(data) is dict else None


def _starts(line: bytes) -> Iterator[int]:
    """Where an object that ends the line may begin; few, so that a hostile line costs little."""
    if not line.endswith(b"}"):
        return
    at = line.find(b"{")
    for _ in range(8):
        if at < 0:
            return
        yield at
        at = line.find(b'{"', at + 1)


def claims(name: str, head: bytes) -> bool:
    """Whether most of the first lines are JSON objects; of a file named .jsonl, whether one is or it is empty.

    One object alone may be a document: it is, where it holds a list or says nothing of a step.
    """
    lines = head.split(b"\n")
    whole = lines[:-1] if len(lines) > 1 else lines
    seen = [line for line in whole[:LOOKED_AT] if line.strip()]
    objects = sum(
        line.lstrip(b"\xef\xbb\xbf \t").startswith(b"{") and object_of(line) is not None for line in seen
    )
    is_named = name.endswith((".jsonl", ".ndjson"))
    if not seen:
        return is_named
    if len(lines) == 1 and len(head) >= HEAD:  # the first line goes on: its name has to do
        return is_named and head.lstrip(b"\xef\xbb\xbf \t").startswith(b"{")
    if len(seen) == 1 and objects and name.endswith(".json") and _is_document(seen[0]):
        return False
    return objects * 5 >= len(seen) * 4 or (is_named and objects > 0)


def _is_document(line: bytes) -> bool:
    data = object_of(line.strip(b"\xef\xbb\xbf \t\r")) or {}
    return any(isinstance(value, list | dict) for value in data.values()) or not any(map(axis_of, data))


FORMAT = Format(
    kind="jsonl",
    rank=0,
    make=lambda state, _patterns: JsonLines.restore(state),
    claims=claims,
    watched=("*.jsonl", "*.ndjson", "*.log.json", "log.txt"),
)
