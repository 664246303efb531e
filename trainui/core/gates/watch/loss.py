"""Losses of the default watch: whether they are numbers, explode, spike, or stand still to the last digit."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import chain, islice
from operator import eq, le
from typing import cast

from trainui.core.gates.stretch import Piece
from trainui.core.gates.units import shown
from trainui.core.gates.verdict import Point, State
from trainui.core.gates.watch.curve import HELD_OUT_RISES, RISES, Ahead, Curve
from trainui.core.gates.watch.detector import EXPLODING, FROZEN, NONFINITE, SPIKE, Kind
from trainui.core.gates.watch.rate import Rate
from trainui.core.gates.watch.roles import Role

Tell = Callable[[Kind, Point, State, str, tuple[float, ...]], None]
"""(kind, point, state, reason, window)."""

K = 2
ZEROS = 5
"""Exact zeros in a row that are no loss, after one that never was near zero; with a NaN gradient norm, K."""
PLAUSIBLE = 0.05
FROZEN_WARNS, FROZEN_TRIPS = 20, 30
DIGITS = 5
"""A value of fewer digits may well repeat."""
NEAR_ZERO = 0.01
"""Below this share of where it began a loss may stand still: it has nothing left to learn."""
SCORE_WARNS, SCORE_TRIPS = 10, 15
SATURATED = 0.9
"""From here a score may stand still."""
RESTART = 0.5
"""A step (or epoch) below this share of the last one: a run that begins anew in the same file."""


class Known:
    """What all of a run's metrics together say of each of them."""

    __slots__ = ("gradient_is_bad", "has_train", "has_whole", "is_rewarded", "rate", "train", "written")

    def __init__(self, written: Mapping[str, bool]) -> None:
        self.written = written
        """Metrics of which a gate says that they should be numbers, and whether it takes a sudden 0 for none."""
        self.has_train = self.has_whole = self.is_rewarded = self.gradient_is_bad = False
        self.rate = Rate()
        self.train = math.nan
        """The newest training loss, a median of five."""

    def judges(self, role: Role) -> bool:
        """Whether a rise of such a loss says anything."""
        if self.is_rewarded or self.rate.is_range_test:
            return False
        if role is Role.LOSS:
            return True
        return not self.has_whole if role is Role.SUM else role is Role.VAL and not self.has_train

    def is_capped(self, role: Role) -> bool:
        """Whether such a loss may only warn that it is no number, since another says more."""
        return self.has_train if role is Role.VAL else role is not Role.LOSS and self.has_whole


class Numbers:
    """Whether the newest values of a loss are numbers."""

    __slots__ = ("_known", "_role", "_tell", "streak", "zeros")

    def __init__(self, tell: Tell, known: Known, role: Role) -> None:
        self._tell = tell
        self._known = known
        self._role = role
        self.streak = self.zeros = 0

    def is_bad(self, point: Point, curve: Curve) -> bool:
        """Take in a value; whether it is none. `curve` is what came before."""
        value = point.value
        if value - value != 0:
            self.streak += 1
            times = {1: "once", 2: "twice in a row"}.get(self.streak, f"{self.streak} times in a row")
            if point.metric not in self._known.written:  # that gate speaks of it
                self._say(point, self.streak >= K, f"{point.metric} was {value} {times}{at(point)}")
            return True
        need = K if self._known.gradient_is_bad else ZEROS
        if value == 0 and (self.zeros or curve.least > PLAUSIBLE):
            self.zeros += 1
            if self.zeros >= K and curve.count >= need and not self._known.written.get(point.metric):
                why = " while the gradient norm is no number" if need == K else ""
                reason = f"{point.metric} was exactly 0 {self.zeros} times in a row{why}{at(point)}"
                self._say(point, self.zeros >= need, reason)
            return True
        if self.streak or self.zeros:
            self.streak = self.zeros = 0
            self._tell(NONFINITE, point, State.OK, f"{point.metric} is a number again{at(point)}", (value,))
        return False

    def _say(self, point: Point, trips: bool, reason: str) -> None:
        state = State.TRIPPED if trips and not self._known.is_capped(self._role) else State.WARN
        self._tell(NONFINITE, point, state, reason, (point.value,))


class Standstill:
    """How often a metric repeated its value exactly while the steps went on."""

    __slots__ = ("_last", "_step", "_tell", "repeats", "trips", "warns")

    def __init__(self, tell: Tell, warns: int, trips: int) -> None:
        self._tell = tell
        self._last: float | None = None
        self._step = -1.0
        self.repeats = 1
        self.warns, self.trips = warns, trips

    def see(self, point: Point, may_stand: Callable[[float], bool]) -> None:
        """Take in a finite value. `may_stand`: whether a value may well repeat."""
        if point.value != self._last:
            if self.repeats >= self.warns:
                self._tell(FROZEN, point, State.OK, f"{point.metric} moves again{at(point)}", ())
            self._last, self.repeats = point.value, 1
        elif point.step != self._step:
            self.repeats += 1
            if self.repeats in (self.warns, self.trips) and not may_stand(point.value):
                state = State.WARN if self.repeats < self.trips else State.TRIPPED
                reason = (
                    f"{point.metric} was exactly {point.value:.9g} {self.repeats} times in a row{at(point)}"
                )
                self._tell(FROZEN, point, state, reason, ())
        self._step = point.step

    def is_still_for_few(self, values: list[float]) -> bool:
        """Whether these finite values repeat too seldom for anything to be said."""
        repeated: int = sum(map(eq, values, chain((self._last,), values)))
        return self.repeats + repeated < self.warns

    def take(self, values: list[float], steps: list[float]) -> None:
        """Take in values that are still for few."""
        since = len(values) - 1
        while since and values[since - 1] == values[since]:
            since -= 1
        if since or values[0] != self._last:
            self.repeats = 0
            self._step = math.nan
        for step in islice(steps, since, None):
            self.repeats += step != self._step
            self._step = step
        self._last = values[-1]


class Loss:
    """One loss: all that is told of it."""

    __slots__ = (
        "_epoch", "_known", "_numbers", "_restarts", "_role", "_standstill", "_step", "_tell", "curve",
    )  # fmt: skip

    def __init__(self, tell: Tell, known: Known, role: Role) -> None:
        self.curve = Curve(HELD_OUT_RISES if role is Role.VAL else RISES)
        self._tell = tell
        self._known = known
        self._role = role
        self._numbers = Numbers(tell, known, role)
        self._standstill = Standstill(tell, FROZEN_WARNS, FROZEN_TRIPS)
        self._step = 0.0
        self._epoch = 0.0
        self._restarts = 0

    def see(self, point: Point) -> bool:
        """Take in a point; whether it is a number."""
        value, curve, step, numbers = point.value, self.curve, point.step, self._numbers
        if (value - value != 0 or value == 0 or numbers.streak or numbers.zeros) and numbers.is_bad(
            point, curve
        ):
            if numbers.streak == K and curve.is_leaving() and self._known.judges(self._role):
                curve.exploding = State.TRIPPED
                curve.why_exploding = f"rose to {shown(curve.recent[-1])} and then was no number"
                self._say(EXPLODING, point, State.TRIPPED)
            return False
        epoch = point.epoch
        restarts = self._known.rate.restarts
        if (
            step < self._step * RESTART
            or (epoch is not None and epoch < self._epoch * RESTART)
            or restarts != self._restarts
        ):
            curve.restart()
            self._restarts = restarts
        self._step = step
        self._epoch = epoch or 0.0
        self._standstill.see(point, self._may_stand)
        was_exploding, was_spike = curve.exploding, curve.spike
        if curve.see(value) and self._known.judges(self._role):
            if curve.exploding is not was_exploding:
                self._say(EXPLODING, point, curve.exploding)
            if curve.spike is not was_spike:
                self._say(SPIKE, point, curve.spike)
        return True

    def foresee(self, piece: Piece) -> Ahead | None:
        """What its curve will be behind these points; None if there might be something to say. Nothing is taken in."""
        values, steps, epochs, numbers = piece.values, piece.steps, piece.epochs, self._numbers
        if numbers.streak or numbers.zeros or not math.isfinite(sum(values)) or 0.0 in values:
            return None
        if self._known.rate.restarts != self._restarts or not goes_on(steps, max(self._step * RESTART, 0.0)):
            return None
        if None in epochs:
            if epochs.count(None) < len(epochs):
                return None
        elif not goes_on(cast(list[float], epochs), max(self._epoch * RESTART, 0.0)):
            return None
        return self.curve.foresee(values) if self._standstill.is_still_for_few(values) else None

    def take(self, piece: Piece, ahead: Ahead) -> None:
        """Take in the points that were foreseen so."""
        self._standstill.take(piece.values, piece.steps)
        self.curve.take(ahead)
        self._step = piece.steps[-1]
        self._epoch = piece.epochs[-1] or 0.0

    def begin_again(self) -> None:
        """What it was told to be is forgotten, what was seen is not."""
        self._numbers.streak = self._numbers.zeros = 0
        self.curve.exploding = self.curve.spike = State.OK

    def _say(self, kind: Kind, point: Point, state: State) -> None:
        why = self.curve.why_spike if kind is SPIKE else self.curve.why_exploding
        self._tell(kind, point, state, f"{point.metric} {why}{at(point)}", self.curve.recent)

    def _may_stand(self, value: float) -> bool:
        digits = len(f"{abs(value):.9g}".replace(".", "").lstrip("0").partition("e")[0])
        return digits < DIGITS or abs(value) < NEAR_ZERO * abs(self.curve.start)


class Score:
    """A share of right answers: only that it moves is watched."""

    __slots__ = ("_standstill",)

    def __init__(self, tell: Tell) -> None:
        self._standstill = Standstill(tell, SCORE_WARNS, SCORE_TRIPS)

    def see(self, point: Point) -> None:
        """Take in a point."""
        if point.value - point.value == 0:
            self._standstill.see(point, _is_saturated)

    def foresees(self, piece: Piece) -> bool:
        """Whether there is nothing to say of these points."""
        return math.isfinite(sum(piece.values)) and self._standstill.is_still_for_few(piece.values)

    def take(self, piece: Piece) -> None:
        """Take in points of which there is nothing to say."""
        self._standstill.take(piece.values, piece.steps)


class Sum:
    """The training losses of a run that does not write their sum: added up step by step."""

    def __init__(self) -> None:
        self._step: float | None = None
        self._parts: dict[str, float] = {}
        self._names: frozenset[str] = frozenset()
        self._last: Point | None = None

    def see(self, point: Point) -> Point | None:
        """Take in a part; the sum of the step before, where every part was there and finite."""
        whole: Point | None = None
        if point.step != self._step:
            names = frozenset(self._parts)
            total = sum(self._parts.values())
            if self._last is not None and names == self._names and total - total == 0:
                last = self._last
                whole = Point(metric=SUM, step=last.step, value=total, epoch=last.epoch, at=point.at)
            self._names, self._parts = names, {}
            self._step = point.step
        self._parts[point.metric] = point.value
        self._last = point
        return whole


SUM = "sum of the training losses"


def goes_on(places: Sequence[float], least: float) -> bool:
    """Whether none is less than the one before, nor the first less than `least`."""
    return places[0] >= least and all(map(le, places, islice(places, 1, None)))


def _is_saturated(value: float) -> bool:
    """0, 1 and 100 are what is written where nothing can be said; near the top little moves."""
    return value == 0 or (value if value <= 1 else value / 100) >= SATURATED


def at(point: Point) -> str:
    """` at step 240`."""
    return f" at step {shown_step(point.step)}"


def shown_step(step: float) -> str:
    """A step in full: 123456, not 1.235e+05."""
    return f"{step:.0f}" if step == int(step) else shown(step)
