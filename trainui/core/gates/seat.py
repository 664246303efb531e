"""One gate being judged: when it is looked at, where it stands, and what is said of it."""

from __future__ import annotations

from dataclasses import replace

from trainui.core.gates.gate import Gate
from trainui.core.gates.ladder import Ladder
from trainui.core.gates.rule import Ending, Grade, Listener, Looking, Measured, Test
from trainui.core.gates.units import Span
from trainui.core.gates.verdict import Notice, Place, Point, State, Verdict, Where
from trainui.core.run import Result

ENDED = {"failed": "failed", "stopped": "was stopped", "lost": "was lost"}
FLAG_STATES = {Grade.GOOD: State.OK, Grade.FAIR: State.OK, Grade.NEAR: State.WARN, Grade.CLOSE: State.WARN}
FLAG_STATES[Grade.BAD] = State.TRIPPED
SAID = (Grade.GOOD, Grade.BAD)
"""Grades that leave a criterion ok for as long as it is not settled."""
DECIDED = (State.PASSED, State.FAILED, State.WARN)
"""How a criterion may end when it could be judged; warn is too close to call."""


class Seat:
    """A gate, its test, and the state it has come to."""

    def __init__(self, gate: Gate, test: Test) -> None:
        self.gate = gate
        self.state = State.PENDING
        self.done = False
        self.test = test
        self._listener = test if isinstance(test, Listener) else None
        self._measured = test if isinstance(test, Measured) else None
        rule = gate.params if isinstance(gate.params, Looking) else None
        self.hears = rule is not None and bool(rule.looks_for or rule.globs)
        """Whether it is to be told of what is no number."""
        self._ladder = Ladder(gate)
        self._points = 0
        self._place: Where = Place()
        self._first_at: float | None = None
        self._looked: float | None = None
        self._entered: Verdict | None = None
        self._told: set[State] = set()
        when = gate.when
        self._is_flag = gate.is_flag
        self._once = when.kind == "at"
        self._has_until = when.kind == "until"
        self._always_open = when.kind == "each" and gate.grace is None
        self._settles = gate.is_flag and not self._once
        """Whether a good evaluation leaves a gate that is ok as it is."""

    @property
    def standing(self) -> State:
        """How other gates see it."""
        return self.state

    @property
    def minds_place(self) -> bool:
        """Whether looking again can change it though no number and no other gate did."""
        return self.gate.when.span is not None or self.gate.grace is not None

    def see(self, point: Point) -> Verdict | None:
        """Take in a point of a watched metric; the verdict if the state changed."""
        if self.done:
            return None
        if self._has_until and self.gate.when.over(point):
            return self._time_is_up(point)
        self._points += 1
        if self._first_at is None:
            self._first_at = point.at
        if not self.test.see(point):
            return None
        self._place = point
        if self._always_open and self.state is State.OK:
            grade = self.test.grade()
            if grade is Grade.GOOD and self._is_flag:
                return None
            if grade in SAID and not self._is_flag and not self.test.settled():
                return None
        return self.look(point)

    def hear(self, notice: Notice, place: Where) -> Verdict | None:
        """Take in what is no number; the verdict if the state changed."""
        if self.done:
            return None
        if self._has_until and self.gate.when.over(place):
            return self._time_is_up(place)
        if self._first_at is None:
            self._first_at = place.at
        if self._listener is None or not self._listener.hear(notice):
            return None
        self._place = place
        return self.look(place)

    def give_up(self, why: str, place: Where) -> Verdict | None:
        """Nothing can be said from here on."""
        if self.done:
            return None
        self.done = True
        return self._enter(State.UNKNOWN, place, reason=why)

    def look(self, place: Where) -> Verdict | None:
        """Evaluate, if it is time to; the verdict if the state changed."""
        if not self._always_open:
            if not self.done and self.gate.when.over(place):
                return self._time_is_up(place)
            if self.done or not self._open(place):
                return None
        elif self.done:
            return None
        grade = self.test.grade()
        if grade is Grade.GOOD and self._settles and self.state is State.OK:
            return None
        if self._is_flag:
            state = self._ladder.climb(self.state, grade, place)
            self.done = (self._once and grade is not Grade.WAIT) or (
                state is State.TRIPPED and self.test.latches
            )
        else:
            state = self._decide(grade, final=self._once)
        return self._enter(state, place) if state is not self.state else None

    def end(self, ending: Ending, place: Where) -> Verdict | None:
        """The run has ended: the last word, or unknown and why."""
        if self.done:
            return None
        self.done = True
        died = ending.result != Result.FINISHED
        grade = Grade.WAIT
        if self._time_came(place) and not (died and self.test.needs_finish and not self._is_flag):
            grade = self.test.final(ending)
        if self._is_flag:
            state = self._last_flag(grade)
        else:
            state = self._decide(grade, final=True)
            state = state if state in DECIDED else State.UNKNOWN
        reason = self._why_unknown(ending, place, died) if state is State.UNKNOWN else ""
        return self._enter(state, place, reason=reason)

    def begin_again(self) -> None:
        """Stand as before the first evaluation, with all that was seen in mind."""
        self.state = State.PENDING
        self.done = False
        self._ladder = Ladder(self.gate)
        self._looked = None
        self._entered = None
        self._told.clear()

    def reopen(self) -> None:
        """Let a gate that ended unknown be looked at again: an answer may have come."""
        self.done = self.state is not State.UNKNOWN

    def shown(self) -> Verdict:
        """The newest verdict. Why and where stay those of the change, but for gates that are simply ok."""
        if self._entered is not None and self.state not in (State.OK, State.PENDING):
            if self.done:
                return replace(self._entered, actions=())
            now = self._verdict(self.state, self._place, "", ())
            return replace(self._entered, value=now.value, label=now.label, interval=now.interval, actions=())
        return self._verdict(self.state, self._place, self.test.reason(), ())

    def _decide(self, grade: Grade, *, final: bool) -> State:
        """Criteria: passed or failed once it is settled or the time has come, until then ok."""
        if grade is Grade.WAIT:
            return self.state
        if grade is Grade.BLIND:
            self.done = self.done or final
            return State.UNKNOWN
        if not final and not self.test.settled():
            return State.OK
        self.done = True
        if grade is Grade.CLOSE:
            return State.WARN
        return State.FAILED if grade is Grade.BAD else State.PASSED

    def _last_flag(self, grade: Grade) -> State:
        """Flags stay as they are; what was to be judged at the end is, and what never could be is unknown."""
        judged_now = self.gate.when.once or not self.test.needs_finish
        if judged_now and grade in FLAG_STATES:
            tripped = self.state is State.TRIPPED and self.test.latches
            return State.TRIPPED if tripped else FLAG_STATES[grade]
        blind = self.state is State.OK and bool(self.test.missing())
        return State.UNKNOWN if blind or self.state is State.PENDING else self.state

    def _time_is_up(self, place: Where) -> Verdict | None:
        """`until` is over: a flag rests where it stands, a criterion is decided by what there was."""
        self.done = True
        if self._is_flag:
            return None
        state = self._decide(self.test.grade(), final=True)
        return self._enter(State.UNKNOWN if state in (State.PENDING, State.OK) else state, place)

    def _open(self, place: Where) -> bool:
        when = self.gate.when
        if (
            when.kind == "end"
            or (when.kind in ("at", "from") and not when.reached(place))
            or when.over(place)
        ):
            return False
        return not self._in_grace(place) and (
            when.span is None or when.kind != "every" or self._due(when.span, place)
        )

    def _due(self, period: Span, place: Where) -> bool:
        here = period.position(place, self._points)
        if here is None:
            return False
        if self._looked is None:
            self._looked = here
            return False
        if here - self._looked < period.amount:
            return False
        self._looked = here
        return True

    def _in_grace(self, place: Where) -> bool:
        grace = self.gate.grace
        if grace is None:
            return False
        if grace.unit == "points":
            return self._points <= grace.amount
        here = grace.position(place, self._points)
        if grace.unit == "seconds":
            here = place.at - (self._first_at or place.at)
        return here is None or here < grace.amount - 1e-6

    def _time_came(self, place: Where) -> bool:
        return self.gate.when.kind not in ("at", "from") or self.gate.when.reached(place)

    def _enter(self, state: State, place: Where, *, reason: str = "") -> Verdict | None:
        if state is self.state:
            return None
        actions = self.gate.actions.get(state, ())
        if state in self._told:
            # People are told of a gate once; what flutters later is there to be read, not to wake them.
            actions = tuple(action for action in actions if action != "notify")
        self._told.add(state)
        self.state = state
        self._place = place
        self._entered = self._verdict(state, place, reason or self._reason(), actions)
        return self._entered

    def _reason(self) -> str:
        count = self._ladder.bad.count
        why = self.test.reason()
        return f"{why}, {count} in a row" if count > 1 and self._is_flag else why

    def _verdict(self, state: State, place: Where, reason: str, actions: tuple[str, ...]) -> Verdict:
        return Verdict(
            gate=self.gate.id,
            state=state,
            value=self.test.value(),
            reason=reason,
            step=place.step,
            epoch=place.epoch,
            at=place.at,
            actions=actions,
            window=self.test.window(),
            label=self._measured.label() if self._measured else "",
            interval=self._measured.interval() if self._measured else None,
        )

    def _why_unknown(self, ending: Ending, place: Where, died: bool) -> str:
        if missing := self.test.missing():
            return missing
        if not self._time_came(place) and self.gate.when.span is not None:
            unit = self.gate.when.span.unit[:-1]
            here = place.epoch if unit == "epoch" else place.step
            came = (
                f"at {unit} {here:g}"
                if here is not None
                else f"without {'an' if unit == 'epoch' else 'a'} {unit}"
            )
            return f"the run ended {came}, before {unit} {self.gate.when.span.amount:g}"
        if died and self.test.needs_finish and not self._is_flag:
            return f"the run {ENDED.get(ending.result, ending.result)} before it was decided; {self.test.reason()}"
        if self._in_grace(place):
            return f"the run ended within its grace of {self.gate.grace}"
        return self.test.reason()
