"""How flags climb: pending → ok ⇄ warn → tripped → ok, each way only after so many evaluations in a row."""

from __future__ import annotations

from trainui.core.gates.gate import Gate
from trainui.core.gates.rule import Grade
from trainui.core.gates.units import Span
from trainui.core.gates.verdict import State, Where


class Streak:
    """Evaluations in a row; `push` says whether they have reached the span."""

    def __init__(self, span: Span) -> None:
        self._span = span
        self._start: float | None = None
        self.count = 0

    def push(self, place: Where) -> bool:
        """One more; True once the streak is long enough. Points count from 1, times and epochs from 0."""
        self.count += 1
        if self._span.unit == "points":
            return self.count >= self._span.amount
        here = self._span.position(place, self.count)
        self._start = here if self._start is None else self._start
        return here is not None and self._start is not None and here - self._start >= self._span.amount

    def reset(self) -> None:
        """The streak is broken."""
        self._start = None
        self.count = 0


class Ladder:
    """Where a flag stands, by its evaluations."""

    def __init__(self, gate: Gate) -> None:
        self.bad = Streak(gate.for_)
        self._good = Streak(gate.clear_for)

    def climb(self, state: State, grade: Grade, place: Where) -> State:
        """The state after one more evaluation."""
        tripped = state is State.TRIPPED
        if grade is Grade.WAIT:
            return state
        if grade is Grade.BLIND:
            return state if tripped else State.UNKNOWN
        if grade is Grade.BAD:
            self._good.reset()
            return State.TRIPPED if self.bad.push(place) or tripped else State.WARN
        self.bad.reset()
        if grade is Grade.CLOSE or (tripped and grade is Grade.FAIR):
            self._good.reset()
            return state if tripped else State.WARN
        if tripped and not self._good.push(place):
            return state
        self._good.reset()
        return State.WARN if grade is Grade.NEAR else State.OK
