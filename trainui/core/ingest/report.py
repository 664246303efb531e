"""What would be read from a file: the report behind `trainui parse`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trainui.core.errors import NotFoundError
from trainui.core.ingest.follow import Chunk, open_regular, read_chunk
from trainui.core.ingest.jsonl import object_of
from trainui.core.ingest.patterns import Pattern
from trainui.core.ingest.readers import reader_for

_LOOKED_AT = 50


@dataclass(kw_only=True, slots=True)
class MetricReport:
    """One metric over the whole file; `min` and `max` are over its finite values."""

    points: int = 0
    first: float = math.nan
    last: float = math.nan
    min: float | None = None
    max: float | None = None
    nonfinite: int = 0

    def add(self, value: float) -> None:
        """Take one more point."""
        if not self.points:
            self.first = value
        self.points += 1
        self.last = value
        if value - value != 0:
            self.nonfinite += 1
            return
        self.min = value if self.min is None or value < self.min else self.min
        self.max = value if self.max is None or value > self.max else self.max


@dataclass(frozen=True, kw_only=True, slots=True)
class ParseReport:
    """What a file holds, as it would be read."""

    file: str
    kind: str
    lines: int
    understood: int
    coverage: float
    """Understood lines over all lines that are not blank; 0 for an empty file."""
    metrics: dict[str, MetricReport] = field(default_factory=dict)
    samples_not_understood: tuple[str, ...] = ()

    def document(self) -> dict[str, Any]:
        """The report as strict JSON can hold it: non-finite values are the strings "nan", "inf", "-inf"."""
        return {
            "file": self.file,
            "kind": self.kind,
            "lines": self.lines,
            "understood": self.understood,
            "coverage": self.coverage,
            "metrics": {
                name: {
                    "points": metric.points,
                    "first": _plain(metric.first),
                    "last": _plain(metric.last),
                    "min": metric.min,
                    "max": metric.max,
                    "nonfinite": metric.nonfinite,
                }
                for name, metric in self.metrics.items()
            },
            "samples_not_understood": list(self.samples_not_understood),
        }


def parse_file(path: Path, *, patterns: Sequence[Pattern] = ()) -> ParseReport:
    """Read a whole finished file; raises NotFoundError where there is none."""
    chunk = read_chunk(path, offset=0, inode=None, final=True)
    if chunk is None:
        _check(path)
    kind = kind_of(path, chunk.lines if chunk else [])
    reader = reader_for(kind, patterns=patterns)
    metrics: dict[str, MetricReport] = {}
    while chunk is not None:
        for line in chunk.lines:
            for record in reader.read(line):
                for name, value in record.metrics.items():
                    metrics.setdefault(name, MetricReport()).add(value)
        chunk = _next(path, chunk)
    return ParseReport(
        file=str(path),
        kind=kind,
        lines=reader.lines,
        understood=reader.understood,
        coverage=reader.understood / reader.lines if reader.lines else 0.0,
        metrics=metrics,
        samples_not_understood=tuple(reader.samples),
    )


def kind_of(path: Path, lines: Sequence[bytes]) -> str:
    """`jsonl` when the first lines are JSON objects, or the name says so; else `console`."""
    seen = [line for line in lines[: 4 * _LOOKED_AT] if line.strip()][:_LOOKED_AT]
    objects = sum(
        line.lstrip(b"\xef\xbb\xbf \t").startswith(b"{") and object_of(line) is not None for line in seen
    )
    is_named = path.suffix in (".jsonl", ".ndjson")
    if not seen:
        return "jsonl" if is_named else "console"
    return "jsonl" if objects * 5 >= len(seen) * 4 or (is_named and objects) else "console"


def _check(path: Path) -> None:
    file = open_regular(path)
    if file is None:
        hint = "name a log, like runs/<run>/output.log"
        raise NotFoundError(f"{path} is not a file that can be read", hint=hint)
    file.close()


def _next(path: Path, chunk: Chunk) -> Chunk | None:
    return read_chunk(path, offset=chunk.end, inode=chunk.inode, mark=chunk.mark, final=True)


def _plain(value: float) -> float | str:
    return value if value - value == 0 else repr(value)
