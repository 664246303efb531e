"""Tells the gates of the study files what runs would: numbers, meters, printed lines, files, answers, and how it ended."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

JOBS = Path(__file__).parents[3] / "jobs"
STUDIES = {"000": "boundary", "001": "diarization", "002": "ast", "003": "sign", "004": "sign"}
"""Seed → the folder of its study file."""

Series = Sequence[float] | Mapping[float, float] | Sequence[tuple[float, float]]
"""One value per epoch from 1; or known ones, with straight lines between; or (epoch, value) pairs."""


@dataclass(frozen=True, kw_only=True)
class Told:
    """What one run says of itself."""

    numbers: Mapping[str, Series] = field(default_factory=dict)
    """Metric or @meter → its values."""
    lines: Mapping[float, str] = field(default_factory=dict)
    """Epoch → a printed line."""
    files: Mapping[float, tuple[int, float]] = field(default_factory=dict)
    """Epoch → how many files of the gate's pattern there are, and the epoch in which the newest was written."""
    is_heard: bool = True
    """Whether anybody looks at what it prints."""
    asked_to_stop: float | None = None
    """The epoch in which somebody stopped it."""
    answers: Mapping[float, bool] = field(default_factory=dict)
    """Epoch → what somebody answered; epoch 0: after the end."""
    pace: float = 60.0
    """Seconds an epoch takes."""
    result: str = "finished"
    """Or failed, stopped, lost; empty: it still runs."""
    exit_code: int | None = 0


def told(numbers: Mapping[str, Series] | None = None, **more: Any) -> Told:
    """A run in one line: told({"val_acc": [40, 50]}, pace=3600)."""
    return Told(numbers=numbers or {}, **more)


def died(numbers: Mapping[str, Series] | None = None, **more: Any) -> Told:
    """A run that crashed."""
    return Told(numbers=numbers or {}, result="failed", exit_code=1, **more)


def spread(values: Sequence[float], per_epoch: int) -> list[tuple[float, float]]:
    """Values of single steps, so many of them to an epoch."""
    return [(n / per_epoch, value) for n, value in enumerate(values, start=1)]


@dataclass(frozen=True, kw_only=True)
class Moment:
    """One thing told: `kind` is point, meter, line, files, stop or answer."""

    epoch: float
    kind: str
    name: str = ""
    value: Any = None
    at: float


def moments(run: Told) -> Iterator[Moment]:
    """What a run says, in the order in which it happens; of one epoch as it was written down."""
    all_of_it: list[tuple[float, str, str, Any]] = []
    for name, series in run.numbers.items():
        kind = "meter" if name.startswith("@") else "point"
        all_of_it += [(epoch, kind, name, value) for epoch, value in values(series)]
    all_of_it += [(epoch, "line", "", text) for epoch, text in run.lines.items()]
    all_of_it += [(epoch, "files", "", found) for epoch, found in run.files.items()]
    if run.asked_to_stop is not None:
        all_of_it.append((run.asked_to_stop, "stop", "", None))
    all_of_it += [(epoch, "answer", "", yes) for epoch, yes in run.answers.items() if epoch]
    for epoch, kind, name, value in sorted(all_of_it, key=lambda one: one[0]):
        yield Moment(epoch=epoch, kind=kind, name=name, value=value, at=epoch * run.pace)


def values(series: Series) -> list[tuple[float, float]]:
    """(epoch, value) pairs."""
    if isinstance(series, Mapping):
        return drawn(series)
    if series and isinstance(series[0], tuple):
        return list(series)  # type: ignore[arg-type]
    return [(float(n), value) for n, value in enumerate(series, start=1)]  # type: ignore[arg-type]


def drawn(known: Mapping[float, float]) -> list[tuple[float, float]]:
    """Every epoch from the first to the last that is known, on straight lines."""
    line = []
    for epoch in range(int(min(known)), int(max(known)) + 1):
        left = max(e for e in known if e <= epoch)
        right = min(e for e in known if e >= epoch)
        share = 0.0 if left == right else (epoch - left) / (right - left)
        line.append((float(epoch), known[left] + share * (known[right] - known[left])))
    return line


def study_file(seed: str) -> Path:
    """The study file of a seed."""
    return JOBS / STUDIES[seed] / "study.toml"


def tables(seed: str) -> dict[str, Any]:
    """What stands in it."""
    return tomllib.loads(study_file(seed).read_text())
