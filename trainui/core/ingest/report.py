"""What would be read from a file: the report behind `trainui parse`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trainui.core.errors import NotFoundError
from trainui.core.ingest.follow import chunks_of, open_regular
from trainui.core.ingest.format import HEAD, Format
from trainui.core.ingest.formats import format_named, recognise
from trainui.core.ingest.patterns import Pattern


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


def parse_file(path: Path, *, patterns: Sequence[Pattern] = (), kind: str | None = None) -> ParseReport:
    """Read a whole finished file, as a `kind` or as what it looks like; raises NotFoundError where there is none."""
    form = format_named(kind) if kind else recognise_file(path)
    reader = form.make("", patterns)
    metrics: dict[str, MetricReport] = {}
    for chunk in chunks_of(path, form):
        for item in chunk.items:
            for record in reader.read(item):
                for name, value in record.metrics.items():
                    metrics.setdefault(name, MetricReport()).add(value)
    return ParseReport(
        file=str(path),
        kind=form.kind,
        lines=reader.lines,
        understood=reader.understood,
        coverage=reader.understood / reader.lines if reader.lines else 0.0,
        metrics=metrics,
        samples_not_understood=tuple(reader.samples),
    )


def recognise_file(path: Path) -> Format:
    """The format of a file that exists. Raises NotFoundError where nothing can be read."""
    file = open_regular(path)
    if file is None:
        hint = "name a log, like runs/<run>/output.log"
        raise NotFoundError(f"{path} is not a file that can be read", hint=hint)
    with file:
        return recognise(path.name, file.read(HEAD))


def _plain(value: float) -> float | str:
    return value if value - value == 0 else repr(value)
