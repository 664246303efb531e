"""A detector of the default watch: where it stands over all the metrics it looks at, as a flag that nobody wrote."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace

from trainui.core.gates.gate import Gate
from trainui.core.gates.rule import Test
from trainui.core.gates.units import Span
from trainui.core.gates.verdict import Point, State, Verdict
from trainui.core.gates.when import EACH

ONE = Span(amount=1.0)
RANK = {State.OK: 0, State.WARN: 1, State.TRIPPED: 2}
SOURCE = "default watch"
PREFIX = "watch/"
"""What the IDs of the gates nobody wrote begin with, and no other."""


@dataclass(frozen=True, kw_only=True, slots=True)
class WatchRule:
    """What a detector holds to be healthy, of the metric that first was not."""

    text: str
    metrics: tuple[str, ...]
    threshold: float | None = None

    def test(self) -> Test:
        """Never called: detectors are fed by the watch they are of."""
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind:
    """One of the things that are watched for."""

    name: str
    healthy: str
    """What holds on a healthy run, `{}` being the metric."""
    why: str
    latches: bool = False
    """Whether a trip is for good: what happened has happened, even where the run recovered."""
    severity: str = "warning"
    tripped: tuple[str, ...] = ("flag",)
    """What a trip asks for."""

    @property
    def id(self) -> str:
        """`watch/spike`."""
        return f"{PREFIX}{self.name}"


NONFINITE = Kind(
    name="nonfinite",
    healthy="{} is a number, but for fewer than 2 values in a row",
    why="a training loss that is nan or inf twice in a row does not come back",
    latches=True,
    severity="critical",
    tripped=("flag", "notify", "stop"),
)
EXPLODING = Kind(
    name="exploding",
    healthy="median({}, 5) stays near its best",
    why="a training loss that rose far beyond its noise, and stays there",
    latches=True,
    severity="critical",
    tripped=("flag", "notify"),
)
SPIKE = Kind(
    name="spike",
    healthy="{} without spikes of 10 MAD and 25 % beside the last 50 points",
    why="a training loss that jumps far out of its window, far or often",
    latches=True,
)
CHANCE = Kind(
    name="chance",
    healthy="{} is not within 2 % of ln(classes)",
    why="a loss at the logarithm of the number of classes has learnt nothing",
)
FROZEN = Kind(
    name="frozen",
    healthy="{} changes while the run goes on",
    why="a metric that repeats to the last digit is computed from something that does not move",
)
OVERFIT = Kind(
    name="overfit",
    healthy="{} stays near its best while the training loss falls",
    why="validation gets worse while training gets better",
)
SILENT = Kind(
    name="silent",
    healthy="{} stays within the run's own rhythm",
    why="a run that wrote nothing for far longer than between any two of its points",
)
GPU_IDLE = Kind(
    name="gpu-idle",
    healthy="{} is above 0 while the run holds a GPU",
    why="a GPU that is paid for and does nothing",
)
DETECTORS = (NONFINITE, EXPLODING, SPIKE, CHANCE, FROZEN, OVERFIT, SILENT, GPU_IDLE)


def is_stale(verdict: Verdict) -> bool:
    """Whether a verdict is of a detector that was in this state before, and said so then: people are told once."""
    return verdict.gate.startswith(PREFIX) and not verdict.actions


class Detector:
    """Where one kind stands: as badly as the worst of its metrics."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self.state = State.OK
        self.gate: Gate | None = None
        """Made when it first leaves ok, of the metric that made it."""
        self.shown: Verdict | None = None
        """The newest verdict, without what it asked for."""
        self._standing: dict[str, State] = {}
        self._told: set[State] = set()

    def turn(self, point: Point, state: State, reason: str, window: tuple[float, ...]) -> Verdict | None:
        """The point's metric now is in `state`; the verdict, if that changes where the detector stands."""
        name = point.metric
        before = self._standing.get(name, State.OK)
        if state is before or (self.kind.latches and before is State.TRIPPED):
            return None
        self._standing[name] = state
        worst = max(self._standing.values(), key=RANK.__getitem__)
        if worst is self.state:
            return None
        self.state = worst
        if self.gate is None:
            self.gate = gate_of(self.kind, name)
        actions = () if worst in self._told else self.gate.actions.get(worst, ())  # each state is told once
        self._told.add(worst)
        verdict = Verdict(
            gate=self.kind.id,
            state=worst,
            value=point.value,
            reason=reason,
            step=point.step,
            epoch=point.epoch,
            at=point.at,
            actions=actions,
            window=window,
        )
        self.shown = replace(verdict, actions=())
        return verdict


def gate_of(kind: Kind, metric: str) -> Gate:
    """The gate that a detector amounts to, to be written down beside those of the spec."""
    rule = WatchRule(text=kind.healthy.format(metric), metrics=(metric,))
    words = {"id": kind.id, "role": "flag", "test": "watch", "metric": metric, "rule": rule.text}
    actions: Mapping[State, tuple[str, ...]] = {State.WARN: ("flag",), State.TRIPPED: kind.tripped}
    return Gate(
        id=kind.id,
        role="flag",
        test="watch",
        params=rule,
        text=json.dumps(words, sort_keys=True, separators=(",", ":"), ensure_ascii=False),
        quote=kind.why,
        source=SOURCE,
        when=EACH,
        for_=ONE,
        clear_for=ONE,
        severity=kind.severity,
        actions=actions,
    )
