"""The watch that every run has without a gate: it picks metrics by their names as they appear, and is hard to alarm.

Pure, like the judge it stands beside: what it says depends on nothing but the order of what was fed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial

from trainui.core.gates.gate import Gate
from trainui.core.gates.goal import default_goal
from trainui.core.gates.verdict import Point, State, Verdict, Where
from trainui.core.gates.watch.detector import DETECTORS, Detector, Kind
from trainui.core.gates.watch.loss import Known, Loss, Score, Sum
from trainui.core.gates.watch.roles import Role, role_of
from trainui.core.gates.watch.slow import Chance, Improving, Overfit, Rhythm

NOTHING: Sequence[Verdict] = ()
METERS = frozenset({"@silent_s", "@gpu_util", "@total_steps", "@total_epochs"})
"""What it can be told besides points."""
MOST = 200
"""Metrics that are watched; a run that writes more names than this makes them up."""


class DefaultWatch:
    """Eight detectors over one run."""

    def __init__(
        self,
        *,
        off: Collection[str] = (),
        classes: int | None = None,
        primary: Collection[str] = (),
        primary_goal: str = "min",
    ) -> None:
        """`off`: names of detectors, or `all`; the rest is what the spec says of its metrics, `primary` being every
        name of the one that counts."""
        switched_off = {name.removeprefix("watch/") for name in off}
        on = () if "all" in switched_off else (kind for kind in DETECTORS if kind.name not in switched_off)
        self._detectors = {kind.id: Detector(kind) for kind in on}
        self._changed: list[Verdict] = []
        self._see: dict[str, Callable[[Point], None] | None] = {}
        self._known = Known()
        self._has_rate = False
        self._improving = Improving()
        self._primary = frozenset(primary)
        self._falls = primary_goal == "min"
        self._chance = Chance(self._tell, classes) if classes and classes > 1 else None
        self._rhythm = Rhythm(self._tell)
        self._sum = Sum()
        self._whole = Loss(self._tell, self._known, Role.SUM)
        self._losses = [self._whole]

    @property
    def is_on(self) -> bool:
        """Whether anything is watched."""
        return bool(self._detectors)

    @property
    def gates(self) -> Mapping[str, Gate]:
        """The detectors that have ever left ok, as gates to be written down; by ID."""
        return {name: one.gate for name, one in self._detectors.items() if one.gate is not None}

    def wants(self, metric: str) -> bool:
        """Whether points of `metric` must be fed."""
        return bool(self._detectors) and (metric in self._primary or role_of(metric) is not Role.NONE)

    def feed(self, point: Point) -> Sequence[Verdict]:
        """Take in the next point of the run; the verdicts that changed."""
        metric = point.metric
        see = self._see[metric] if metric in self._see else self._take(metric)
        if see is None:
            return NOTHING
        see(point)
        return self._take_changed() if self._changed else NOTHING

    def meters(self, values: Mapping[str, float], place: Where) -> Sequence[Verdict]:
        """Take in readings of METERS made at `place`; others are passed over."""
        for name in sorted(values.keys() & METERS) if self._detectors else ():
            value = values[name]
            point = Point(metric=name, step=place.step or 0.0, value=value, epoch=place.epoch, at=place.at)
            if name == "@silent_s":
                self._rhythm.silent(point)
            elif name == "@gpu_util":
                self._rhythm.idle(point)
            elif self._chance is not None and name == "@total_steps":
                self._chance.total_steps = value
            elif self._chance is not None:
                self._chance.total_epochs = value
        return self._take_changed()

    def begin_again(self) -> None:
        """Another run goes on from here: what was fed is remembered, what was said of it is not."""
        self._detectors = {name: Detector(one.kind) for name, one in self._detectors.items()}
        self._rhythm.begin_again()
        for loss in self._losses:
            loss.begin_again()

    def current(self) -> dict[str, Verdict]:
        """Where those stand that have ever left ok, by ID; without actions."""
        return {name: one.shown for name, one in self._detectors.items() if one.shown is not None}

    def _take_changed(self) -> Sequence[Verdict]:
        changed, self._changed = self._changed, []
        return changed

    def _tell(self, kind: Kind, point: Point, state: State, reason: str, window: tuple[float, ...]) -> None:
        detector = self._detectors.get(kind.id)
        if detector is not None and (verdict := detector.turn(point, state, reason, window)):
            self._changed.append(verdict)

    def _take(self, metric: str) -> Callable[[Point], None] | None:
        """A metric that was not seen before: what sees its points from now on."""
        see: Callable[[Point], None] | None = None
        if self._detectors and len(self._see) < MOST:
            role = role_of(metric)
            see = self._seer(metric, role)
            if metric in self._primary and role is not Role.SCORE:
                see = partial(self._improve, see)
        self._see[metric] = see
        return see

    def _seer(self, metric: str, role: Role) -> Callable[[Point], None] | None:
        known = self._known
        if role in (Role.LOSS, Role.PART, Role.ASIDE, Role.VAL):
            known.has_whole = known.has_whole or role is Role.LOSS
            known.has_train = known.has_train or role is not Role.VAL
            loss = Loss(self._tell, known, role)
            self._losses.append(loss)
            if role is Role.LOSS:
                return partial(self._train, loss)
            if role is Role.VAL:
                return partial(self._validate, loss, Overfit(self._tell))
            return partial(self._add, loss) if role is Role.PART else partial(self._aside, loss)
        if role is Role.SCORE:
            return partial(self._score, Score(self._tell), default_goal(metric) == "min")
        if role is Role.REWARD:
            known.is_rewarded = True
        if role is Role.RATE and not self._has_rate:
            self._has_rate = True  # of several groups of parameters, the first: their rates differ
            return known.rate.see
        return self._gradient if role is Role.GRAD else None

    def _train(self, loss: Loss, point: Point) -> None:
        self._rhythm.point(point.at)
        if loss.see(point):
            curve = loss.curve
            self._known.train = curve.middle
            if self._chance is not None:
                self._chance.see(point, curve.middle, curve.count, is_val=False)

    def _validate(self, loss: Loss, overfit: Overfit, point: Point) -> None:
        self._rhythm.point(point.at)
        if loss.see(point):
            curve = loss.curve
            overfit.see(point, self._known.train, improves=self._improving.lately())
            if self._chance is not None:
                self._chance.see(point, curve.middle, curve.count, is_val=True)

    def _add(self, loss: Loss, point: Point) -> None:
        self._rhythm.point(point.at)
        loss.see(point)
        if not self._known.has_whole and (whole := self._sum.see(point)) is not None:
            self._whole.see(whole)
            self._known.train = self._whole.curve.middle

    def _aside(self, loss: Loss, point: Point) -> None:
        self._rhythm.point(point.at)
        loss.see(point)

    def _score(self, score: Score, falls: bool, point: Point) -> None:
        score.see(point)
        self._improving.see(point.metric, point.value, falls=falls)

    def _improve(self, see: Callable[[Point], None] | None, point: Point) -> None:
        """The primary metric, whatever else it is."""
        self._improving.see(point.metric, point.value, falls=self._falls)
        if see is not None:
            see(point)

    def _gradient(self, point: Point) -> None:
        self._known.gradient_is_bad = point.value - point.value != 0
