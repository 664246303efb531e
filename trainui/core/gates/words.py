"""The words for a metric: the names scripts write it under, which way it goes, and what 0.48 means.

Words(...)                 what [metric.NAME] says
Naming(words).of(point)    the points that gates see for one that a script wrote
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from msgspec.structs import replace

from trainui.core.gates.verdict import Point

PERCENT = 100.0
AUTO = "auto"
GOALS = ("min", "max", "none")
"""`none`: neither way is good, as for a learning rate."""


class Described(Protocol):
    """Whatever says of a metric what Words do."""

    @property
    def from_(self) -> Sequence[str]:
        """Names under which scripts write it."""

    @property
    def goal(self) -> str:
        """`min`, `max`, `none`, or empty."""

    @property
    def fraction(self) -> bool | str:
        """True, False or `auto`."""

    @property
    def n_eval(self) -> int | None:
        """Samples one value is measured on."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Words:
    """What is said of one metric that gates call by its name."""

    from_: tuple[str, ...] = ()
    goal: str = ""
    fraction: bool | str = False
    n_eval: int | None = None

    def as_table(self) -> dict[str, Any]:
        """As [metric.NAME] would say it; `words_of` reads it back."""
        said = {"from": list(self.from_), "goal": self.goal, "fraction": self.fraction, "n_eval": self.n_eval}
        return {key: value for key, value in said.items() if value not in ([], "", False, None)}


def words_of(raw: Described | Mapping[str, Any]) -> Words:
    """The words of a [metric.NAME] table, read or as written."""
    if isinstance(raw, Mapping):
        return Words(
            from_=tuple(raw.get("from", ())),
            goal=raw.get("goal", ""),
            fraction=raw.get("fraction", False),
            n_eval=raw.get("n_eval"),
        )
    return Words(from_=tuple(raw.from_), goal=raw.goal, fraction=raw.fraction, n_eval=raw.n_eval)


class Naming:
    """Which points of a run are of which metrics, and times what. Depends on nothing but the points before.

    Of several names a metric may have, the run's first point decides: a script that prints `loss` at each step
    and `train/loss` at each epoch is not mixed into one curve.
    """

    def __init__(self, words: Mapping[str, Words]) -> None:
        self._words = dict(words)
        self._bound: dict[str, str] = {}
        self._factor: dict[str, float | None] = {}
        """None: not decided yet, by `auto`."""
        self._metrics: dict[str, list[str]] = {}
        for metric, of in self._words.items():
            self._factor[metric] = {True: PERCENT, False: 1.0, AUTO: None}[of.fraction]
            for name in (metric, *of.from_):
                if metric not in self._metrics.setdefault(name, []):
                    self._metrics[name].append(metric)
        self.doubts: dict[str, str] = {}
        """Metrics whose scale is not what it looked like, and why; nothing more is seen of them."""

        self.passed_over: dict[str, tuple[str, str]] = {}
        """Metric → (the name it is read under, another that the run writes too)."""

    @property
    def names(self) -> frozenset[str]:
        """Every name that a script may write one of the metrics under."""
        return frozenset(self._metrics)

    def bound_to(self, metric: str) -> str:
        """The name this run writes `metric` under; empty before its first point, itself when nothing is said."""
        return self._bound.get(metric, "") if metric in self._words else metric

    def begin_again(self) -> None:
        """Another run goes on from here: its script may write other names. What is a fraction stays one."""
        self._bound.clear()

    def of(self, point: Point) -> Sequence[Point]:
        """What gates see of a point: itself, under its own name and under those it is known by, scaled."""
        metrics = self._metrics.get(point.metric)
        if metrics is None:
            return (point,)
        seen = [] if point.metric in self._words else [point]
        for metric in metrics:
            if self._bound.setdefault(metric, point.metric) == point.metric:
                factor = self._scale(metric, point.value)
                if metric not in self.doubts:
                    seen.append(replace(point, metric=metric, value=point.value * factor))
            elif metric not in self.passed_over:
                self.passed_over[metric] = self._bound[metric], point.metric
        return seen

    def _scale(self, metric: str, value: float) -> float:
        factor = self._factor[metric]
        size = abs(value)
        if self._words[metric].fraction != AUTO or not math.isfinite(value):
            return factor or 1.0
        if factor is None and size:
            factor = self._factor[metric] = PERCENT if size <= 1 else 1.0
            if 1 < size <= 2:
                self._doubt(metric, f"{metric} began at {value:.4g}, which may be a fraction or percent")
        elif factor == PERCENT and size > 1:
            self._doubt(metric, f"{metric} looked like a fraction, and now it is {value:.4g}")
        return factor or 1.0

    def _doubt(self, metric: str, why: str) -> None:
        self.doubts.setdefault(metric, f"{why}: declare fraction = true or false in [metric.{metric}]")
