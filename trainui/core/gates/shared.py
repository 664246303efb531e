"""Where a gate that several runs carry stands over their study: the worst of them, or with `any` the best.

And questions about a study, which are asked of people as those about a run are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from trainui.core.gates.gate import Gate
from trainui.core.gates.question import DECIDED, QuestionSeat
from trainui.core.gates.rule import Ending
from trainui.core.gates.verdict import State, Verdict, Where

WORST_FIRST = (
    State.FAILED, State.TRIPPED, State.UNKNOWN, State.WARN, State.PENDING, State.OK, State.PASSED,
)  # fmt: skip
BEST_FIRST = (
    State.PASSED, State.OK, State.WARN, State.PENDING, State.UNKNOWN, State.TRIPPED, State.FAILED,
)  # fmt: skip
SHOWN = 3
"""Runs whose reasons are told."""


class Shared:
    """One gate, and where it stands in the newest run of each alias."""

    def __init__(self, gate: Gate, aliases: Sequence[str]) -> None:
        self.gate = gate
        self._aliases = tuple(aliases)
        self._runs: dict[str, str] = {}
        self._stand: dict[str, Verdict] = {}
        self._entered = Verdict(gate=gate.id, state=State.PENDING, value=None, reason="", at=0.0)

    @property
    def state(self) -> State:
        """Where it stands over the study."""
        return self._entered.state

    def begin(self, alias: str, run: str, *, at: float) -> Verdict | None:
        """A run has come for `alias`: what the one before had decided is open again."""
        self._runs[alias] = run
        self._stand.pop(alias, None)
        for other in [one for one, verdict in self._stand.items() if one not in self._runs]:
            del self._stand[other]  # that it never came was the view of a study that had closed
        return self._look(at)

    def hear(self, alias: str, run: str, verdict: Verdict) -> Verdict | None:
        """Where it stands in a run; the verdict over the study if that changed."""
        self._runs[alias] = run
        self._stand[alias] = verdict
        return self._look(verdict.at)

    def end(self, alias: str, *, at: float) -> Verdict | None:
        """A run ended. One that said nothing of the gate never carried it."""
        if alias in self._stand:
            return None
        why = "it was started before the gate was written so, and does not carry it"
        self._stand[alias] = self._unknown(why, at)
        return self._look(at)

    def close(self, *, at: float) -> Verdict | None:
        """No run that could still come is waiting."""
        for alias in self._aliases:
            if alias not in self._runs and alias not in self._stand:
                self._stand[alias] = self._unknown(f"there is no run of {alias}", at)
        return self._look(at)

    def shown(self) -> Verdict:
        """The newest verdict, with the newest values and reasons of the runs that decide."""
        return self._told(self.state, self._entered.at)

    def by_run(self, runs: Mapping[str, str]) -> dict[str, Verdict | None]:
        """Run → where the gate stands in it."""
        return {runs[alias]: self._stand.get(alias) for alias in self._aliases if alias in runs}

    def _look(self, at: float) -> Verdict | None:
        order = BEST_FIRST if self.gate.across == "any" else WORST_FIRST
        states = [self._stand[one].state if one in self._stand else State.PENDING for one in self._aliases]
        state = min(states, key=order.index, default=State.PENDING)
        if state is self.state:
            return None
        self._entered = self._told(state, at)
        return self._entered

    def _told(self, state: State, at: float) -> Verdict:
        alike = [alias for alias in self._aliases if self._is_at(alias, state)]
        if state is State.OK:  # values of runs that go on are told by the runs: here they would be old
            whom = ", ".join(self._runs.get(alias, alias) for alias in alike)
            return replace(
                self._entered,
                gate=self.gate.id,
                state=state,
                value=None,
                reason=f"ok in {whom}",
                at=at,
                window=(),
            )
        why = "; ".join(self._why(alias) for alias in alike[:SHOWN])
        if len(alike) > SHOWN:
            why += f"; and {len(alike) - SHOWN} more"
        decisive = next((self._stand[alias] for alias in alike if alias in self._stand), self._entered)
        return replace(decisive, gate=self.gate.id, state=state, reason=why, at=at, actions=())

    def _is_at(self, alias: str, state: State) -> bool:
        return (self._stand[alias].state if alias in self._stand else State.PENDING) is state

    def _why(self, alias: str) -> str:
        who, stand = self._runs.get(alias, alias), self._stand.get(alias)
        if stand is None:
            return f"{who} has not told yet"
        # What was decided early tells the number of that time: a run may have gone on to a better one.
        when = f" at epoch {stand.epoch:g}" if stand.epoch is not None and stand.state in DECIDED else ""
        return f"{who}{when}: {stand.reason}"

    def _unknown(self, why: str, at: float) -> Verdict:
        return Verdict(gate=self.gate.id, state=State.UNKNOWN, value=None, reason=why, at=at)


class StudyQuestion(QuestionSeat):
    """A question about a study may well be asked when all its runs have ended."""

    def end(self, ending: Ending, place: Where) -> Verdict | None:
        """Ask now at the latest; what cannot be asked is unknown."""
        if self.done or self.state in DECIDED or self.state is State.WARN:
            return None
        return super().end(ending, place) if self._undecided() else self._enter(State.WARN, place)


def listed(verdict: Verdict | None) -> list[Verdict]:
    """A verdict that may not be there, as a list."""
    return [] if verdict is None else [verdict]
