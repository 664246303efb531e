"""The judge of one run: points and meters in, changed verdicts out. Pure: live and on replay it says the same.

A verdict depends on nothing but the gates and the order of what was fed: no clock, no files, no other run.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from trainui.core.errors import NotFoundError, UserError, nearest
from trainui.core.gates.gate import Gate
from trainui.core.gates.primitives.ask import AskRule
from trainui.core.gates.primitives.combine import CombineRule, CombineTest
from trainui.core.gates.question import QuestionSeat
from trainui.core.gates.rule import Ending, Looking
from trainui.core.gates.seat import Seat
from trainui.core.gates.verdict import Notice, Place, Point, State, Verdict
from trainui.core.gates.words import Naming, Words


class Judge:
    """Where every gate of a run stands."""

    def __init__(self, gates: Sequence[Gate]) -> None:
        self._seats: dict[str, Seat] = {gate.id: self._seat(gate) for gate in gates}
        self._watchers: dict[str, list[Seat]] = {}
        for seat in self._seats.values():
            for metric in seat.gate.params.metrics:
                self._watchers.setdefault(metric, []).append(seat)
        self._joined = _in_order([seat for seat in self._seats.values() if not seat.gate.params.metrics])
        self._listeners = [seat for seat in self._seats.values() if seat.listens]
        self._looking = [gate.params for gate in gates if isinstance(gate.params, Looking)]
        self._naming = Naming(_words_of(gates))
        self._doubted: set[str] = set()
        self._place = Place()
        self._meters: dict[str, float] = {}
        self._ended: Ending | None = None

    def feed(self, point: Point) -> list[Verdict]:
        """Take in the next point of the run; the verdicts that changed. After the end nothing changes."""
        if self._ended is not None:
            return []
        before = self._place
        self._place = Place(
            step=point.step, epoch=before.epoch if point.epoch is None else point.epoch, at=point.at
        )
        changed = self._count_up()
        for named in self._naming.of(point):
            watchers = self._watchers.get(named.metric)
            if watchers:
                if named.epoch is None and self._place.epoch is not None:
                    named = replace(named, epoch=self._place.epoch)
                changed += [verdict for seat in watchers if (verdict := seat.see(named))]
        if len(self._naming.doubts) > len(self._doubted):
            changed += self._give_up()
        if self._joined and (changed or self._place.epoch != before.epoch or self._has_questions):
            changed += self._look_around()
        return changed

    @property
    def watched(self) -> Collection[str] | None:
        """The metrics whose points must be fed; None: every one, since a gate asks how far the run is."""
        asks_place = self._joined or not self._watchers.keys().isdisjoint(("@epoch", "@step"))
        return None if asks_place else self._watchers.keys() | self._naming.names

    @property
    def looks_for(self) -> Sequence[re.Pattern[str]]:
        """Printed lines that one of these finds must be told of, as notices."""
        patterns = [one for rule in self._looking for one in rule.looks_for]
        return [re.compile(one) for one in dict.fromkeys(patterns)]

    @property
    def globs(self) -> Sequence[str]:
        """Files that must be counted now and then, and told of as notices; as the gates write them."""
        return list(dict.fromkeys(one for rule in self._looking for one in rule.globs))

    def notice(self, notice: Notice) -> list[Verdict]:
        """Take in what is no number; the verdicts that changed."""
        if self._ended is not None:
            return []
        here = self._place
        self._place = Place(
            step=here.step if notice.step is None else notice.step,
            epoch=here.epoch if notice.epoch is None else notice.epoch,
            at=notice.at,
        )
        changed = [verdict for seat in self._listeners if (verdict := seat.hear(notice, self._place))]
        return changed + self._look_around()

    def pass_by(self, place: Place) -> None:
        """The run has come so far with points that nobody watches, which need not be fed one by one."""
        if self._ended is None:
            self._place = place if place.epoch is not None else replace(place, epoch=self._place.epoch)

    def meters(
        self, values: Mapping[str, float], *, at: float, step: float | None = None, epoch: float | None = None
    ) -> list[Verdict]:
        """Take in readings of meters such as `@wall_h`, taken at `at`; the verdicts that changed."""
        if self._ended is not None:
            return []
        here = self._place
        self._place = Place(
            step=here.step if step is None else step, epoch=here.epoch if epoch is None else epoch, at=at
        )
        changed: list[Verdict] = []
        for name, value in values.items():
            changed += self._read_meter(name, value)
        return changed + self._look_around()

    def end(self, *, result: str, exit_code: int | None, at: float) -> list[Verdict]:
        """The run ended: every gate gets its last word. A second call changes nothing."""
        if self._ended is not None:
            return []
        self._ended = Ending(result=result, exit_code=exit_code)
        self._place = replace(self._place, at=at)
        plain = [seat for seat in self._seats.values() if seat not in self._joined]
        return self._close([*plain, *self._joined])

    def answer(self, gate_id: str, verdict: bool, *, who: str, note: str, at: float) -> list[Verdict]:
        """Answer an ask gate, also after the end. Raises NotFoundError, or UserError for a gate that asks nothing."""
        seat = self._seats.get(gate_id)
        if seat is None:
            raise NotFoundError(f"no gate is called {gate_id!r}", hint=nearest(gate_id, self._seats))
        if not isinstance(seat, QuestionSeat):
            raise UserError(f"gate {gate_id!r} asks nothing: it is judged by {seat.gate.rule}")
        self._place = replace(self._place, at=at)
        answered = seat.answer(verdict, who=who, note=note, place=self._place)
        changed = [answered] if answered else []
        if self._ended is None:
            return changed + self._look_around()
        for other in self._joined:
            other.reopen()
        return changed + self._close(self._joined)

    def current(self) -> dict[str, Verdict]:
        """The newest verdict of every gate, in the order of the gates, values included; no actions."""
        return {name: seat.shown() for name, seat in self._seats.items()}

    @property
    def _has_questions(self) -> bool:
        return any(isinstance(seat, QuestionSeat) and not seat.done for seat in self._joined)

    def _seat(self, gate: Gate) -> Seat:
        if isinstance(gate.params, AskRule):
            return QuestionSeat(gate, gate.params, self._standing)
        test = gate.params.test()
        if isinstance(test, CombineTest):
            test.bind(self._standing, is_flag=gate.is_flag)
        return Seat(gate, test)

    def _standing(self, name: str) -> tuple[bool, State]:
        seat = self._seats[name]
        return seat.gate.is_flag, seat.state

    def _count_up(self) -> list[Verdict]:
        """@epoch and @step need nobody to measure them: the points themselves say how far the run is."""
        changed: list[Verdict] = []
        for name, here in (("@epoch", self._place.epoch), ("@step", self._place.step)):
            if name in self._watchers and here is not None and here > self._meters.get(name, -1.0):
                changed += self._read_meter(name, here)
        return changed

    def _read_meter(self, name: str, value: float) -> list[Verdict]:
        if name in ("@epoch", "@step") and self._meters.get(name) == value:
            return []
        self._meters[name] = value
        here = self._place
        point = Point(metric=name, step=here.step or 0.0, value=value, epoch=here.epoch, at=here.at)
        return [verdict for seat in self._watchers.get(name, ()) if (verdict := seat.see(point))]

    def _give_up(self) -> list[Verdict]:
        """Gates of metrics whose scale is not what it was taken for are unknown from here on."""
        changed: list[Verdict] = []
        for metric in self._naming.doubts.keys() - self._doubted:
            self._doubted.add(metric)
            for seat in self._watchers.get(metric, ()):
                if verdict := seat.give_up(self._naming.doubts[metric], self._place):
                    changed.append(verdict)
        return changed

    def _look_around(self) -> list[Verdict]:
        return [verdict for seat in self._joined if (verdict := seat.look(self._place))]

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
