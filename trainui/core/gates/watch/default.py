"""The watch that every run has without a gate: it picks metrics by their names as they appear, and is hard to alarm.

Pure, like the judge it stands beside: what it says depends on nothing but the order of what was fed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from itertools import chain

from trainui.core.gates.gate import Gate
from trainui.core.gates.goal import default_goal
from trainui.core.gates.primitives.finite import looked_after
from trainui.core.gates.stretch import Piece
from trainui.core.gates.verdict import Point, State, Verdict, Where
from trainui.core.gates.watch.detector import DETECTORS, Detector, Kind
from trainui.core.gates.watch.loss import Known, Loss, Score, Sum, goes_on
from trainui.core.gates.watch.roles import Role, role_of
from trainui.core.gates.watch.slow import Chance, Improving, Overfit, Rhythm

NOTHING: Sequence[Verdict] = ()
Foresee = Callable[[Piece], Callable[[], None] | None]
"""Points of a metric → what takes them in, if there is nothing to say of any of them; else None."""
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
        written: Sequence[Gate] = (),
    ) -> None:
        """`off`: names of detectors, or `all`; the rest is what the spec says of its metrics, `primary` being every
        name of the one that counts. What one of the gates `written` tells of is not told again."""
        switched_off = {name.removeprefix("watch/") for name in off}
        on = () if "all" in switched_off else (kind for kind in DETECTORS if kind.name not in switched_off)
        self._detectors = {kind.id: Detector(kind) for kind in on}
        self._changed: list[Verdict] = []
        self._see: dict[str, Callable[[Point], None] | None] = {}
        self._foresee: dict[str, Foresee] = {}
        """Of what it watches: what stands not in it is taken in point by point."""
        self._beats: set[str] = set()
        """Metrics whose points are the rhythm of the run."""
        self._known = Known(looked_after(written))
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

    def passes(self, pieces: Sequence[Piece]) -> bool:
        """Take in the points of a stretch of lines at once, if it has nothing to say of them; else take in none.

        What it says later does not depend on which way they were fed: of columns that say nothing the order is free.
        """
        doings: list[Callable[[], None]] = []
        ats: list[list[float]] = []
        for piece in pieces:
            metric = piece.metric
            if metric not in self._see:
                return False
            if self._see[metric] is None:
                continue
            foresee = self._foresee.get(metric)
            doing = foresee(piece) if foresee is not None else None
            if doing is None:
                return False
            doings.append(doing)
            if metric in self._beats and piece.ats not in ats:
                ats.append(piece.ats)
        if not all(goes_on(one, -math.inf) for one in ats):
            return False
        if ats:
            self._rhythm.points(ats[0] if len(ats) == 1 else sorted(chain.from_iterable(ats)))
        for doing in doings:
            doing()
        return True

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
                self._foresee_primary(metric, watched=see is not None)
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
            self._beats.add(metric)
            if role is not Role.VAL:
                self._foresee[metric] = partial(self._foresee_loss, loss, role)
            if role is Role.LOSS:
                return partial(self._train, loss)
            if role is Role.VAL:
                return partial(self._validate, loss, Overfit(self._tell))
            return partial(self._add, loss) if role is Role.PART else partial(self._aside, loss)
        if role is Role.SCORE:
            score, falls = Score(self._tell), default_goal(metric) == "min"
            self._foresee[metric] = partial(self._foresee_score, score, metric, falls)
            return partial(self._score, score, falls)
        if role is Role.REWARD:
            known.is_rewarded = True
        if role is Role.RATE and not self._has_rate:
            self._has_rate = True  # of several groups of parameters, the first: their rates differ
            rate = known.rate
            self._foresee[metric] = lambda piece: partial(rate.take, piece) if rate.foresees(piece) else None
            return rate.see
        if role is Role.GRAD:
            self._foresee[metric] = lambda piece: partial(self._take_gradient, piece.values[-1])
            return self._gradient
        return None

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
        self._take_gradient(point.value)

    def _take_gradient(self, value: float) -> None:
        self._known.gradient_is_bad = value - value != 0

    def _foresee_loss(self, loss: Loss, role: Role, piece: Piece) -> Callable[[], None] | None:
        if role is Role.PART and not self._known.has_whole:
            return None
        ahead = loss.foresee(piece)
        if ahead is None:
            return None
        is_whole = role is Role.LOSS
        if is_whole and self._chance is not None and not self._chance.foresees(piece.metric, ahead.together):
            return None

        def take() -> None:
            loss.take(piece, ahead)
            if is_whole:
                self._known.train = loss.curve.middle

        return take

    def _foresee_score(
        self, score: Score, metric: str, falls: bool, piece: Piece
    ) -> Callable[[], None] | None:
        if not score.foresees(piece):
            return None

        def take() -> None:
            score.take(piece)
            self._improving.take(metric, piece.values, falls=falls)

        return take

    def _foresee_primary(self, metric: str, *, watched: bool) -> None:
        inner = self._foresee.get(metric)
        if watched and inner is None:
            return

        def foresee(piece: Piece) -> Callable[[], None] | None:
            doing = inner(piece) if inner is not None else None
            if (watched and doing is None) or not math.isfinite(sum(piece.values)):
                return None

            def take() -> None:
                self._improving.take(metric, piece.values, falls=self._falls)
                if doing is not None:
                    doing()

            return take

        self._foresee[metric] = foresee
