"""The seat of an ask gate: when the question is due it waits (warn), and an answer passes or fails it."""

from __future__ import annotations

from trainui.core.gates.drawing import NOT_ASKED
from trainui.core.gates.gate import Gate
from trainui.core.gates.primitives.ask import AskRule, AskTest
from trainui.core.gates.rule import Ending, Standing
from trainui.core.gates.seat import Seat
from trainui.core.gates.verdict import State, Verdict, Where

DECIDED = (State.PASSED, State.FAILED)
SAID = (*DECIDED, State.WARN)
"""How a gate that a question needs may stand when it is asked: too close to call is for people to judge."""


class QuestionSeat(Seat):
    """A question, asked when its time has come and the gates it needs are decided."""

    def __init__(self, gate: Gate, rule: AskRule, standing: Standing) -> None:
        self._ask = AskTest(rule)
        super().__init__(gate, self._ask)
        self._rule = rule
        self._standing = standing

    @property
    def standing(self) -> State:
        """A question that waits for its answer has said nothing yet."""
        return State.PENDING if self.state is State.WARN else self.state

    def look(self, place: Where) -> Verdict | None:
        """Ask, if it is due."""
        waits = self.state is State.WARN or (self.state in DECIDED and self.gate.when.kind != "every")
        if self.done or waits or self._undecided() or not self._open(place):
            return None
        self._ask.ask_again()
        return self._enter(State.WARN, place)

    def answer(self, verdict: bool, *, who: str, note: str, place: Where) -> Verdict | None:
        """Take an answer, also before it is due or after the run has ended."""
        self._ask.answer(verdict, who=who, note=note)
        return self._enter(State.PASSED if verdict else State.FAILED, place)

    def end(self, ending: Ending, place: Where) -> Verdict | None:
        """What nobody answered is unknown; an answer may still come."""
        del ending
        if self.done or self.state in DECIDED:
            return None
        undecided = self._undecided()
        was_due = self.state is State.WARN or self.gate.when.kind == "end" or undecided
        reason = "nobody has answered" if was_due else NOT_ASKED
        reason += f": {self._rule.question}"
        if undecided:
            reason += f" (needs {', '.join(undecided)})"
        return self._enter(State.UNKNOWN, place, reason=reason)

    def _undecided(self) -> list[str]:
        return [name for name in self._rule.needs if not self._is_said(*self._standing(name))]

    def _is_said(self, is_flag: bool, state: State) -> bool:
        return state in (DECIDED if is_flag else SAID)
