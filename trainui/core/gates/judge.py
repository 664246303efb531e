"""The judge of one run: points and meters in, changed verdicts out. Pure: live and on replay it says the same.

A verdict depends on nothing but the gates and the order of what was fed: no clock, no files, no other run.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from trainui.core.errors import NotFoundError, UserError, nearest
from trainui.core.gates.gate import Gate
from trainui.core.gates.primitives.ask import AskRule
from trainui.core.gates.primitives.combine import CombineRule, CombineTest
from trainui.core.gates.question import QuestionSeat
from trainui.core.gates.rule import Ending, Looking
from trainui.core.gates.seat import Seat
from trainui.core.gates.stretch import Piece
from trainui.core.gates.verdict import Notice, Place, Point, State, Verdict, Where
from trainui.core.gates.watch import METERS, DefaultWatch
from trainui.core.gates.words import Naming, Words

COUNTERS = ("@epoch", "@step")
"""Meters that nobody needs to measure: the points themselves say how far the run is."""


class Judge:
    """Where every gate of a run stands."""

    def __init__(self, gates: Sequence[Gate], watch: DefaultWatch | None = None) -> None:
        """`watch`: what is looked for besides the gates; its verdicts come after theirs."""
        self._watch = watch
        self._seats: dict[str, Seat] = {gate.id: self._seat(gate) for gate in gates}
        self._watchers: dict[str, list[Seat]] = {}
        for seat in self._seats.values():
            for metric in seat.gate.params.metrics:
                self._watchers.setdefault(metric, []).append(seat)
        self._hearers = [seat for seat in self._seats.values() if seat.hears]
        self._joined = _in_order(
            [seat for seat in self._seats.values() if not (seat.gate.params.metrics or seat.hears)]
        )
        self._placed = [seat for seat in self._joined if seat.minds_place]
        """Those of them that must be looked at as the run goes on, even if no other gate has moved."""
        self._questions = [seat for seat in self._joined if isinstance(seat, QuestionSeat)]
        self._counts = tuple(name for name in COUNTERS if name in self._watchers)
        self._naming = Naming(_words_of(gates))
        self._renamed = self._naming.names
        self._doubted: set[str] = set()
        self._place: Where = Place()
        self._meters: dict[str, float] = {}
        self._ended: Ending | None = None

    @property
    def hears(self) -> bool:
        """Whether a gate is to be told of what is no number."""
        return bool(self._hearers)

    @property
    def looks_for(self) -> Sequence[re.Pattern[str]]:
        """What a printed line must match to be worth a notice of kind `line`, now."""
        patterns = [one for rule in self._looking for one in rule.looks_for]
        return [re.compile(one) for one in dict.fromkeys(patterns)]

    @property
    def globs(self) -> Sequence[str]:
        """The files that are to be counted, for notices of kind `files`, now; as the gates write them."""
        return list(dict.fromkeys(one for rule in self._looking for one in rule.globs))

    @property
    def _looking(self) -> Iterator[Looking]:
        rules = (seat.gate.params for seat in self._hearers if not seat.done)
        return (rule for rule in rules if isinstance(rule, Looking))

    @property
    def measures(self) -> frozenset[str]:
        """The meters that must be measured for the gates."""
        mine = frozenset(name for name in self._watchers if name.startswith("@") and name not in COUNTERS)
        return mine if self._watch is None else mine | METERS

    @property
    def unwritten(self) -> Mapping[str, Gate]:
        """The gates nobody wrote: detectors of the default watch that have ever left ok, by ID."""
        return {} if self._watch is None else self._watch.gates

    @property
    def waits_for_time(self) -> bool:
        """Whether a gate may change because time passes, so that `meters` is to be called though nothing is read."""
        return bool(self._placed)

    @property
    def place(self) -> Where:
        """How far the run is."""
        return self._place

    @property
    def passed_over(self) -> Mapping[str, tuple[str, str]]:
        """Metric → (the name it is read under, another of its names that the run writes too)."""
        return self._naming.passed_over

    def wants(self, metric: str) -> bool:
        """Whether the points of a metric must be fed; of the others `pass_by` need only tell the last place."""
        return not self.is_free(metric) or (self._watch is not None and self._watch.wants(metric))

    def feed(self, point: Point, *, is_watched: bool = False) -> list[Verdict]:
        """Take in the next point of the run; the verdicts that changed. After the end nothing changes.

        `is_watched`: `passes` showed it to the watch.
        """
        if self._ended is not None:
            return []
        before = self._place.epoch
        if point.epoch is None and before is not None:
            point = Point(metric=point.metric, step=point.step, value=point.value, epoch=before, at=point.at)
        self._place = point
        changed = self._count_up() if self._counts else []
        if point.metric in self._renamed:
            for named in self._naming.of(point):
                self._show(named, changed)
            if len(self._naming.doubts) > len(self._doubted):
                changed += self._give_up()
        else:
            for seat in self._watchers.get(point.metric, ()):
                if not seat.done and (verdict := seat.see(point)):
                    changed.append(verdict)
        if changed:
            if self._joined:
                changed += self._look_around(self._joined)
        elif self._placed and (point.epoch != before or any(not one.done for one in self._questions)):
            changed += self._look_around(self._placed)
        if self._watch is not None and not is_watched:
            changed += self._watch.feed(point)
        return changed

    def passes(self, pieces: Sequence[Piece]) -> bool:
        """Show a stretch of points to the watch; False, and nothing was shown, where it might have to speak."""
        before = self._place.epoch
        for one in pieces if before is not None else ():
            if None in one.epochs:
                one.epochs = [before if epoch is None else epoch for epoch in one.epochs]
        return self._ended is None and (self._watch is None or self._watch.passes(pieces))

    def _show(self, point: Point, changed: list[Verdict]) -> None:
        for seat in self._watchers.get(point.metric, ()):
            if not seat.done and (verdict := seat.see(point)):
                changed.append(verdict)

    def is_free(self, metric: str) -> bool:
        """Whether the points of a metric are nothing to any gate, but that `pass_by` tells the place of the last."""
        return not (self._placed or self._counts or metric in self._watchers or metric in self._renamed)

    def feed_all(self, points: Iterable[Point], *, is_watched: bool = False) -> list[Verdict]:
        """Take in one point after the other; the verdicts that changed."""
        return [verdict for point in points for verdict in self.feed(point, is_watched=is_watched)]

    def pass_by(self, place: Place) -> None:
        """The run has come so far with points that nobody watches, which need not be fed one by one."""
        if self._ended is None:
            self._place = place if place.epoch is not None else replace(place, epoch=self._place.epoch)

    def begin_again(self) -> None:
        """Another run goes on from here: what was fed is remembered, and the gates it was fed to stand as before it."""
        self._meters.clear()
        self._naming.begin_again()
        if self._watch is not None:
            self._watch.begin_again()
        for seat in self._seats.values():
            metrics = seat.gate.params.metrics
            joined = seat in self._joined and seat.state not in (State.PASSED, State.FAILED)
            if joined or isinstance(seat.test, CombineTest) or any(name[0] != "@" for name in metrics):
                seat.begin_again()

    def meters(
        self, values: Mapping[str, float], *, at: float, step: float | None = None, epoch: float | None = None
    ) -> list[Verdict]:
        """Take in readings of meters such as `@wall_h`, taken at `at`; the verdicts that changed."""
        if self._ended is not None:
            return []
        self._move(at=at, step=step, epoch=epoch)
        changed: list[Verdict] = []
        for name, value in values.items():
            changed += self._read_meter(name, value)
        changed += self._look_around(self._joined)
        return changed if self._watch is None else [*changed, *self._watch.meters(values, self._place)]

    def notice(self, notice: Notice) -> list[Verdict]:
        """Take in what is no number: a printed line, how many files there are, a wish to stop. After the end nothing
        changes."""
        if self._ended is not None:
            return []
        self._move(at=notice.at, step=notice.step, epoch=notice.epoch)
        changed = [verdict for seat in self._hearers if (verdict := seat.hear(notice, self._place))]
        return changed + self._look_around(self._joined)

    def end(self, *, result: str, exit_code: int | None, at: float) -> list[Verdict]:
        """The run ended: every gate gets its last word. A second call changes nothing."""
        if self._ended is not None:
            return []
        self._ended = Ending(result=result, exit_code=exit_code)
        self._move(at=at)
        plain = [seat for seat in self._seats.values() if seat not in self._joined]
        return self._close([*plain, *self._joined])

    def answer(self, gate_id: str, verdict: bool, *, who: str, note: str, at: float) -> list[Verdict]:
        """Answer an ask gate, also after the end. Raises NotFoundError, or UserError for a gate that asks nothing."""
        seat = self._seats.get(gate_id)
        if seat is None:
            raise NotFoundError(f"no gate is called {gate_id!r}", hint=nearest(gate_id, self._seats))
        if not isinstance(seat, QuestionSeat):
            raise UserError(f"gate {gate_id!r} asks nothing: it is judged by {seat.gate.rule}")
        self._move(at=at)
        answered = seat.answer(verdict, who=who, note=note, place=self._place)
        changed = [answered] if answered else []
        if self._ended is None:
            return changed + self._look_around(self._joined)
        for other in self._joined:
            other.reopen()
        return changed + self._close(self._joined)

    def current(self) -> dict[str, Verdict]:
        """The newest verdict of every gate, in the order of the gates, values included; no actions."""
        current = {name: seat.shown() for name, seat in self._seats.items()}
        return current if self._watch is None else {**current, **self._watch.current()}

    def _seat(self, gate: Gate) -> Seat:
        if isinstance(gate.params, AskRule):
            return QuestionSeat(gate, gate.params, self._standing)
        test = gate.params.test()
        if isinstance(test, CombineTest):
            test.bind(self._standing, is_flag=gate.is_flag)
        return Seat(gate, test)

    def _standing(self, name: str) -> tuple[bool, State]:
        seat = self._seats[name]
        return seat.gate.is_flag, seat.standing

    def _move(self, *, at: float, step: float | None = None, epoch: float | None = None) -> None:
        here = self._place
        self._place = Place(
            step=here.step if step is None else step, epoch=here.epoch if epoch is None else epoch, at=at
        )

    def _count_up(self) -> list[Verdict]:
        """The point says how far the run is."""
        changed: list[Verdict] = []
        for name in self._counts:
            here = self._place.epoch if name == "@epoch" else self._place.step
            if here is not None and here > self._meters.get(name, -1.0):
                changed += self._read_meter(name, here)
        return changed

    def _read_meter(self, name: str, value: float) -> list[Verdict]:
        if name in COUNTERS and self._meters.get(name) == value:
            return []
        self._meters[name] = value
        here = self._place
        point = Point(metric=name, step=here.step or 0.0, value=value, epoch=here.epoch, at=here.at)
        return [verdict for seat in self._watchers.get(name, ()) if (verdict := seat.see(point))]

    def _give_up(self) -> list[Verdict]:
        """Gates of metrics whose scale is not what it was taken for are unknown from here on."""
        changed: list[Verdict] = []
        for metric in sorted(self._naming.doubts.keys() - self._doubted):
            self._doubted.add(metric)
            for seat in self._watchers.get(metric, ()):
                if verdict := seat.give_up(self._naming.doubts[metric], self._place):
                    changed.append(verdict)
        return changed

    def _look_around(self, seats: Sequence[Seat]) -> list[Verdict]:
        return [verdict for seat in seats if (verdict := seat.look(self._place))]

    def _close(self, seats: Sequence[Seat]) -> list[Verdict]:
        assert self._ended is not None
        return [verdict for seat in seats if (verdict := seat.end(self._ended, self._place))]


def _words_of(gates: Sequence[Gate]) -> dict[str, Words]:
    """What all gates together say of their metrics; of the words one spec was read with there is one set."""
    return {metric: words for gate in reversed(gates) for metric, words in gate.words.items()}


def _in_order(seats: Sequence[Seat]) -> list[Seat]:
    """Gates made of gates, members first. The parser has refused circles."""
    by_name = {seat.gate.id: seat for seat in seats}
    ordered: dict[str, Seat] = {}

    def place(seat: Seat) -> None:
        rule = seat.gate.params
        names = rule.members if isinstance(rule, CombineRule) else getattr(rule, "needs", ())
        for name in names:
            if name in by_name and name not in ordered:
                place(by_name[name])
        ordered[seat.gate.id] = seat

    for seat in seats:
        if seat.gate.id not in ordered:
            place(seat)
    return list(ordered.values())
