"""Quantities: `best(val/mae)`, `median(train/loss, 3 epochs)`, `ami: at(val_acc, epoch 10)`. No arithmetic."""

from __future__ import annotations

import re
from dataclasses import dataclass

from trainui.core.errors import nearest
from trainui.core.gates.units import Span, read_far, read_span

REDUCERS = frozenset(
    {"last", "best", "argbest", "max", "min", "sum", "mean", "median", "std", "range", "drawdown"}
    | {"distinct", "count", "at", "first-epoch"}
)
METERS = frozenset(
    {"@epoch", "@step", "@wall_h", "@eta_total_h", "@cost_usd", "@gpu_mem_gb", "@host_mem_gb", "@gpu_util"}
    | {"@model_mb", "@age_s", "@silent_s"}
)
CALL = re.compile(r"\s*(?:([\w-]+\([^()]*\)|[\w.*-]+)\s*:\s*)?([A-Za-z][\w-]*)\s*\((.*)\)\s*$")
TOGETHER = re.compile(r"([\w-]+)\((.*)\)$")
MEANT = {
    "avg": "mean", "average": "mean", "final": "last", "latest": "last", "stddev": "std",
    "@ram_gb": "@host_mem_gb", "@mem_gb": "@host_mem_gb", "@memory_gb": "@host_mem_gb",
}  # fmt: skip
"""What a reducer or a meter is called elsewhere, where the nearest spelling is that of another one."""
JOINS = ("best-of", "sum-of")
"""How the values of several runs become one."""
ALIAS = re.compile(r"[A-Za-z0-9][\w.*-]*$")
RANGE = re.compile(r"\s*(epochs|steps)\s+(\d+(?:\.\d+)?)\s*\.\.\s*(\d+(?:\.\d+)?)\s*$")
MOMENT = re.compile(r"\s*(epoch|step)\s+(\d+(?:\.\d+)?)\s*$")
REACHED = re.compile(r"(.+?)\s*(<=|>=|<|>)\s*([-+]?[\d.]+(?:[eE][-+]?\d+)?)\s*$")


@dataclass(frozen=True, kw_only=True, slots=True)
class Range:
    """From the first to the last epoch (or step) named, both included. Epoch N is all of (N-1, N]."""

    unit: str
    first: float
    last: float

    def __str__(self) -> str:
        return f"{self.unit} {self.first:g}..{self.last:g}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Quantity:
    """One reducer over one metric, perhaps in a window, perhaps of another run."""

    reducer: str
    metric: str
    window: Span | Range | None = None
    run: str = ""
    """A run alias, `best-of(a,b)` or `sum-of(a,b)`; empty is the run itself."""
    op: str = ""
    """With `target`: what `first-epoch` waits for."""
    target: float = 0.0

    @property
    def aliases(self) -> tuple[str, ...]:
        """The other runs it speaks of; none when it is of the run itself."""
        together = TOGETHER.match(self.run)
        return tuple(together[2].split(",")) if together else (self.run,) if self.run else ()

    @property
    def join(self) -> str:
        """`best-of` or `sum-of`; empty when it is of one run."""
        together = TOGETHER.match(self.run)
        return together[1] if together else ""

    def __str__(self) -> str:
        prefix = f"{self.run}: " if self.run else ""
        inner = self.metric
        if self.reducer == "first-epoch":
            inner += f" {self.op} {self.target:g}"
        elif self.reducer == "at" and isinstance(self.window, Range):
            inner += f", {self.window.unit[:-1]} {self.window.last:g}"
        elif self.window is not None:
            inner += f", {self.window}"
        return f"{prefix}{self.reducer}({inner})"


def read_window(text: str) -> Span | Range:
    """`3 epochs`, `50`, `epochs 1..10`. Raises ValueError."""
    if match := RANGE.match(text):
        first, last = read_far(match[2]), read_far(match[3])
        if first > last:
            raise ValueError(f"the window {text.strip()!r} ends before it begins")
        return Range(unit=match[1], first=first, last=last)
    return read_span(text)


def read_quantity(text: str) -> Quantity:
    """A quantity as written. Raises ValueError with a sentence that says what is wrong with it."""
    call = CALL.match(text)
    if call is None:
        raise ValueError(f"{text!r} is not of the form reducer(metric), for example last({text.strip()})")
    run, reducer, inner = _runs(call[1] or ""), call[2], call[3].strip()
    if reducer in JOINS:
        raise ValueError(f"{reducer} says of which runs a quantity is: {reducer}(a,b): best(metric)")
    if reducer not in REDUCERS:
        raise ValueError(f"reducer {reducer!r} is not known; {_meant(reducer, REDUCERS)}")
    if reducer == "first-epoch":
        reached = REACHED.match(inner)
        if reached is None:
            raise ValueError(f"{text!r} should be like first-epoch(val/wer < 25)")
        return Quantity(
            reducer=reducer, metric=_metric(reached[1]), run=run, op=reached[2], target=float(reached[3])
        )
    name, comma, rest = inner.rpartition(",")
    if reducer == "at":
        moment = MOMENT.match(rest)
        if moment is None:
            raise ValueError(f"{text!r} should be like at(val/acc, epoch 10)")
        here = read_far(moment[2])
        # Steps are seldom logged one by one, so a step means the newest value up to it.
        window = Range(unit=f"{moment[1]}s", first=here if moment[1] == "epoch" else 0.0, last=here)
        return Quantity(reducer=reducer, metric=_metric(name), run=run, window=window)
    if not comma:
        return Quantity(reducer=reducer, metric=_metric(inner), run=run)
    return Quantity(reducer=reducer, metric=_metric(name), run=run, window=read_window(rest))


def _runs(prefix: str) -> str:
    together = TOGETHER.match(prefix)
    if together is None:
        return prefix
    if together[1] not in JOINS:
        raise ValueError(f"{together[1]!r} is no way to join runs; {nearest(together[1], JOINS)}")
    names = [name.strip() for name in together[2].split(",")]
    if not all(ALIAS.match(name) for name in names):
        raise ValueError(f"{prefix!r} should name runs, for example best-of(mlp,contrastive)")
    if len(set(names)) < len(names):
        raise ValueError(f"{prefix!r} names a run twice")
    return f"{together[1]}({','.join(names)})"


def _metric(name: str) -> str:
    name = name.strip()
    if not name:
        raise ValueError("it names no metric")
    if name.startswith("@") and name not in METERS:
        raise ValueError(f"meter {name!r} is not known; {_meant(name, METERS)}")
    if -1 < name.find(")") < name.find("("):
        raise ValueError("it is one quantity, without arithmetic; a second one is named by minus or over")
    return name


def _meant(word: str, known: frozenset[str]) -> str:
    return f"did you mean {MEANT[word]!r}?" if MEANT.get(word) in known else nearest(word, known)
