"""Quantities of several runs, and the seat of a gate that compares them."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from trainui.core.gates.gate import Gate
from trainui.core.gates.plan import Source
from trainui.core.gates.primitives.value import ValueRule, ValueTest
from trainui.core.gates.quantity import Quantity
from trainui.core.gates.reduction import TAIL, Reduction
from trainui.core.gates.rule import Ending, Grade
from trainui.core.gates.seat import Seat
from trainui.core.gates.verdict import Place, Point, State, Verdict, Where
from trainui.core.gates.when import ALMOST, When
from trainui.core.run import Result


class Joined:
    """One quantity over the runs that it names. Of an alias the newest run counts, but for sums of meters:
    what was spent stays spent."""

    foreign = False

    def __init__(self, quantity: Quantity, goal: str, source: Source, when: When) -> None:
        self.quantity = quantity
        self.goal = goal
        self.source = source
        self._bare = replace(quantity, run="")
        self._when = when
        self._parts: dict[str, Reduction] = {}
        self._frozen: set[str] = set()

    def begin(self, alias: str, run: str) -> None:
        """A new run is what `alias` means from here on."""
        key = run if self.source.everything else alias
        self._parts[key] = Reduction(self._bare, self.goal)
        self._frozen.discard(key)

    def add_of(self, alias: str, run: str, point: Point) -> bool:
        """Take in a point of a run; False when it lies beyond the moment the gate is about."""
        key = run if self.source.everything else alias
        here = self._position(point)
        limit = self._when.span.amount if self._when.span is not None else math.inf
        if key in self._frozen or key not in self._parts:
            return False
        if here is not None and here >= limit - ALMOST:
            # What comes later must not matter, or a verdict would depend on which run was faster.
            if here > limit + ALMOST or self._when.kind == "at":
                self._frozen.add(key)
            if here > limit + ALMOST:
                return True
        self._parts[key].add(point)
        return True

    def add(self, point: Point) -> None:
        """Points come through `add_of`, which says whose they are."""
        raise NotImplementedError

    def _position(self, point: Point) -> float | None:
        if self._when.kind not in ("at", "until") or self._when.span is None:
            return None
        return self._when.span.position(point, 0)

    @property
    def tail(self) -> deque[float]:
        """The newest values of the first run that has any."""
        return next((part.tail for part in self._parts.values() if part.tail), deque(maxlen=TAIL))

    @property
    def seen(self) -> int:
        """Points so far; 0 while one of its runs has none."""
        counts = [part.seen for part in self._parts.values()]
        if self.source.everything:
            return sum(counts)
        return sum(counts) if len(counts) == len(self.source.aliases) and all(counts) else 0

    @property
    def finite(self) -> int:
        """How many of them were finite."""
        return sum(part.finite for part in self._parts.values())

    @property
    def trend(self) -> int:
        """+1 when the value can only rise from here on, -1 when only fall, 0 when either."""
        if self.source.mode == "sum" or not self._parts:
            return 0
        return next(iter(self._parts.values())).trend

    @property
    def fixed(self) -> bool:
        """Whether the value, once there, is final."""
        return self.source.mode == "one" and any(part.fixed for part in self._parts.values())

    @property
    def value(self) -> float | None:
        """Of the one run, the best of several, or their sum, as far as they have come."""
        values = [one for part in self._parts.values() if (one := part.value) is not None]
        if not values:
            return None
        if self.source.mode == "sum":
            is_whole = self.source.everything or len(values) == len(self.source.aliases)
            return sum(values) if is_whole else None
        return min(values) if self.goal == "min" else max(values)

    @property
    def blind(self) -> bool:
        """Whether one of the runs had data and yet has no value."""
        return any(part.blind for part in self._parts.values())

    def why(self) -> str:
        """Why there is no value."""
        if self.source.everything:
            return next((part.why() for part in self._parts.values()), "no run of it was ever started")
        for alias in self.source.aliases:
            part = self._parts.get(alias)
            if part is None:
                return f"there is no run of {alias}"
            if not part.seen or part.value is None:
                return f"{alias}: {part.why()}"
        return f"{self.quantity} has no value"


class AcrossTest(ValueTest):
    """A comparison whose quantities are fed from outside."""

    def see(self, point: Point) -> bool:
        """A number that is none can take sight away, but it is no evidence that the claim holds."""
        return math.isfinite(point.value) or self.grade() is Grade.BLIND

    def final(self, ending: Ending) -> Grade:
        """As now, if every run that is named has told something."""
        return Grade.BLIND if self.missing() else super().final(ending)


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """A run that is over."""

    run: str
    ending: Ending


class AcrossSeat:
    """One value gate judged across runs. It is where it is when each of its runs is at least there."""

    def __init__(self, gate: Gate, rule: ValueRule, sources: list[Source]) -> None:
        goals = dict(rule.goals)
        self.gate = gate
        self._rule = rule
        self._parts = [
            Joined(quantity, goals[quantity.metric], source, gate.when)
            for quantity, source in zip(rule.quantities, sources, strict=True)
        ]
        self._seat = self._fresh()
        self._here: dict[tuple[str, str], Where] = {}
        self._doubts: dict[str, str] = {}
        self.watched = {
            (alias, part.quantity.metric) for part in self._parts for alias in part.source.aliases
        }
        """(alias, metric) of the points it wants."""

    @property
    def state(self) -> State:
        """Where it stands."""
        return self._seat.state

    def begin(self, alias: str, run: str, *, instead: str, at: float) -> Verdict | None:
        """A run has come for `alias`, perhaps `instead` of another: what that one decided is open again."""
        for part in self._parts:
            if alias in part.source.aliases:
                part.begin(alias, run)
        if all(part.source.everything for part in self._parts) and not self._seat.done:
            return None
        before = self._seat.state
        self._here = {key: place for key, place in self._here.items() if key[0] != alias}
        self._seat = self._fresh()
        self._doubts.pop(alias, None)
        for why in self._doubts.values():
            again = self._seat.give_up(why, self._place(at))
            return None if before is State.UNKNOWN else again
        if before is State.PENDING:
            return None
        why = f"{run} has taken the place of {instead}" if instead else f"{run} has begun"
        return Verdict(gate=self.gate.id, state=State.PENDING, value=None, reason=why, at=at)

    def feed(self, alias: str, run: str, point: Point) -> Verdict | None:
        """Take in a point of a metric it watches."""
        used = [
            part.add_of(alias, run, point)
            for part in self._parts
            if part.quantity.metric == point.metric and alias in part.source.aliases
        ]
        self._here[alias, point.metric] = point
        if self._seat.done or self.gate.when.kind == "end":
            return None  # it is looked at when its runs are over
        place = self._place(point.at)
        if not any(used):
            return self._seat.look(place)
        joint = Point(
            metric=point.metric, step=place.step or 0.0, value=point.value, epoch=place.epoch, at=point.at
        )
        return self._seat.see(joint)

    def passes(self, alias: str, place: Where) -> Verdict | None:
        """A run has come beyond the moment the gate is about: what it has not told by now it will not."""
        span = self.gate.when.span
        if span is None or self._seat.done:
            return None
        here = span.position(place, 0)
        if here is None or here <= span.amount + ALMOST:
            return None
        for key in self.watched:
            if key[0] == alias:
                self._here[key] = place
        return self._seat.look(self._place(place.at))

    def give_up(self, alias: str, why: str, at: float) -> Verdict | None:
        """Nothing can be said from here on, as long as the run of `alias` is the newest."""
        self._doubts[alias] = f"{alias}: {why}"
        return self._seat.give_up(self._doubts[alias], self._place(at))

    def end(self, ended: Mapping[str, Ended], *, at: float, closing: bool = False) -> Verdict | None:
        """The last word, once all its runs are over, one ended short of the moment, or the study closes."""
        aliases = {alias for alias, _ in self.watched}
        short = [alias for alias in aliases if alias in ended and self._fell_short(alias)]
        if not (closing or short or aliases <= ended.keys()):
            return None
        over = [ended[alias] for alias in sorted(short or aliases) if alias in ended]
        died = next((one for one in over if one.ending.result != Result.FINISHED), None)
        first = died or (over[0] if over else None)
        place = self._place(at, only=short)
        verdict = self._seat.end(first.ending if first else Ending(result=Result.FINISHED), place)
        if verdict is not None and verdict.state is State.UNKNOWN and first is not None:
            why = self._cut_short(place) if short else verdict.reason
            self._why = why.replace("the run ", f"{first.run} ", 1)
            verdict = replace(verdict, reason=self._why)
        return verdict

    def _cut_short(self, place: Where) -> str:
        when = self.gate.when
        assert when.span is not None
        here = when.span.position(place, 0)
        unit = when.span.unit[:-1]
        came = (
            f"at {unit} {here:g}"
            if here is not None
            else f"without {'an' if unit == 'epoch' else 'a'} {unit}"
        )
        return f"the run ended {came}, before {unit} {when.span.amount:g}"

    def shown(self) -> Verdict:
        """The newest verdict."""
        verdict = self._seat.shown()
        return replace(verdict, reason=self._why) if self._why else verdict

    def _fresh(self) -> Seat:
        self._why = ""  # in the end unknown, and which of the runs is to blame
        return Seat(self.gate, AcrossTest(self._rule, self._parts))

    def _fell_short(self, alias: str) -> bool:
        when = self.gate.when
        mine = [self._here.get(key, Place()) for key in self.watched if key[0] == alias]
        return when.kind == "at" and not all(when.reached(place) for place in mine)

    def _place(self, at: float, *, only: Collection[str] = ()) -> Place:
        """Where the last of its runs is; nowhere while one has told nothing."""
        keys = [key for key in self.watched if not only or key[0] in only]
        here = [self._here.get(key, Place()) for key in keys]
        steps = [place.step for place in here if place.step is not None]
        epochs = [place.epoch for place in here if place.epoch is not None]
        return Place(
            step=min(steps) if len(steps) == len(keys) else None,
            epoch=min(epochs) if len(epochs) == len(keys) else None,
            at=at,
        )
