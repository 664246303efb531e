"""The values that go into a judge and come out of it: points in, verdicts out."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import msgspec


class State(StrEnum):
    """Where a gate stands. Flags go ok, warn, tripped; criteria end passed or failed; `unknown` is loud."""

    PENDING = "pending"
    OK = "ok"
    WARN = "warn"
    TRIPPED = "tripped"
    PASSED = "passed"
    FAILED = "failed"
    UNKNOWN = "unknown"


class Point(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One number of one metric, in the order the run wrote it. `value` may be NaN or infinite.

    Millions are made: this kind of class costs a tenth of a frozen dataclass.
    """

    metric: str
    step: float
    value: float
    epoch: float | None = None
    at: float
    """Unix seconds."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Notice:
    """Something of a run that is no number.

    kind      name         value            text
    `line`                                  a printed line that one of the judge's `looks_for` matches
    `files`   the glob     how many match   when the newest was written, Unix seconds as repr; "" without one
    `stop`                                  who asked the run to stop: what it prints from here on is no evidence
    `output`                                what it prints is looked at from here on; without, nothing is known of it
    """

    kind: str
    name: str = ""
    text: str = ""
    value: float | None = None
    step: float | None = None
    epoch: float | None = None
    at: float
    """Unix seconds."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """How far a run had come: the step and epoch, and the Unix seconds."""

    step: float | None = None
    epoch: float | None = None
    at: float = 0.0


Where = Point | Place
"""What lies somewhere in a run."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What is to be said of a gate, and why, in one sentence for people."""

    gate: str
    state: State
    value: float | None
    reason: str
    step: float | None = None
    epoch: float | None = None
    at: float
    """Unix seconds of the evaluation that brought this state."""
    actions: tuple[str, ...] = ()
    """What entering this state asks for; empty when the state did not change."""
    window: tuple[float, ...] = ()
    """The newest values that decided, at most eight, oldest first."""
    label: str = ""
    """What the band the value lies in is called."""
    interval: tuple[float, float] | None = None
    """Where the value would lie again, by chance alone, at the confidence asked for."""
