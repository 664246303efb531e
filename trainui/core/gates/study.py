"""The judge of a study: what its runs told and where their own gates stand, in; verdicts over the study, out. Pure.

Of an alias the newest run counts. In which order runs are heard changes no final verdict of a criterion.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import msgspec

from trainui.core.errors import NotFoundError, UserError, nearest
from trainui.core.gates.across import AcrossSeat, Ended
from trainui.core.gates.gate import Gate
from trainui.core.gates.judge import Judge
from trainui.core.gates.plan import StudyPlan, members_first
from trainui.core.gates.primitives.ask import AskRule
from trainui.core.gates.primitives.combine import CombineTest
from trainui.core.gates.primitives.value import ValueRule
from trainui.core.gates.question import QuestionSeat
from trainui.core.gates.rule import Ending
from trainui.core.gates.seat import Seat
from trainui.core.gates.shared import Shared, StudyQuestion, listed
from trainui.core.gates.verdict import Notice, Place, Point, State, Verdict
from trainui.core.gates.words import Naming
from trainui.core.run import Result


class StudyJudge:
    """Where every gate of a study stands."""

    def __init__(self, plan: StudyPlan, *, judges_runs: bool = False) -> None:
        """`judges_runs`: also judge the gates within runs here, as a back-test does; else `stands` tells of them."""
        self.plan = plan
        self._gates = {gate.id: gate for gate in plan.gates}
        self._shared = {
            gate.id: Shared(gate, plan.homes[gate.id]) for gate in plan.gates if gate.id in plan.homes
        }
        self._seats: dict[str, AcrossSeat] = {}
        self._joined: dict[str, Seat] = {}
        for gate in members_first(plan.across, self._gates):
            if isinstance(gate.params, ValueRule):
                sources = [plan.source(gate, one) for one in gate.params.quantities]
                self._seats[gate.id] = AcrossSeat(gate, gate.params, sources)
            else:
                self._joined[gate.id] = self._join(gate)
        self._watchers: dict[tuple[str, str], list[AcrossSeat]] = {}
        for seat in self._seats.values():
            for key in seat.watched:
                self._watchers.setdefault(key, []).append(seat)
        self._timed = [seat for seat in self._seats.values() if seat.gate.when.kind == "at"]
        self._judges_runs = judges_runs
        self._judges: dict[tuple[str, str], Judge] = {}
        self._namings: dict[str, Naming] = {}
        self._runs: dict[str, str] = {}
        self._replaced: set[str] = set()
        self._places: dict[str, Place] = {}
        self._ended: dict[str, Ended] = {}
        self._told: set[tuple[str, State]] = set()

    # ---------------------------------------------------------------- what it wants to hear

    def wants(self, alias: str, metric: str) -> bool:
        """Whether points that a run of `alias` writes as `metric` must be fed."""
        names = {
            name
            for gate in self.plan.gates
            for of, wanted in (self._seats[gate.id].watched if gate.id in self._seats else ())
            if of == alias
            for name in gate.names(wanted)
        }
        return metric in names or (self._judges_runs and bool(self.plan.homes))

    def meters_of(self, alias: str) -> tuple[str, ...]:
        """The meters, such as @cost_usd, that are compared across runs."""
        return tuple(sorted(metric for of, metric in self._watchers if of == alias and metric[0] == "@"))

    # ---------------------------------------------------------------- what runs tell

    def begin(self, alias: str, run: str, *, at: float) -> list[Verdict]:
        """`run` is from here on what `alias` means; twice the same changes nothing."""
        before = self._runs.get(alias, "")
        if before == run or run in self._replaced:
            return []
        self._runs[alias] = run
        self._places[alias] = Place(at=at)
        self._ended.pop(alias, None)
        if before:
            self._replaced.add(before)
        changed = [
            verdict
            for seat in self._seats.values()
            if alias in self.plan.needs[seat.gate.id]
            and (verdict := seat.begin(alias, run, instead=before, at=at))
        ]
        for gate, shared in self._shared.items():
            if alias in self.plan.homes[gate]:
                changed += listed(shared.begin(alias, run, at=at))
        for gate, joined in list(self._joined.items()):
            if alias in self.plan.needs[gate] and joined.done:
                self._joined[gate] = self._join(self._gates[gate])
                changed.append(replace(self._joined[gate].shown(), at=at))
        if self._judges_runs:
            self._judges[alias, run] = Judge(self.plan.within_alias(alias))
        return self._out(changed + self._look_around(at))

    def feed(self, alias: str, run: str, point: Point) -> list[Verdict]:
        """Take in the next point of a run; the verdicts over the study that changed."""
        changed = self.begin(alias, run, at=point.at)
        if not self.is_heard(alias, run):
            return changed
        before = self._places[alias]
        epoch = before.epoch if point.epoch is None else point.epoch
        place = self._places[alias] = Place(step=point.step, epoch=epoch, at=point.at)
        found: list[Verdict] = []
        naming = self._naming(run)
        doubted = set(naming.doubts)
        for named in naming.of(point):
            if named.epoch is None and epoch is not None:
                named = msgspec.structs.replace(named, epoch=epoch)
            for seat in self._watchers.get((alias, named.metric), ()):
                found += listed(seat.feed(alias, run, named))
        for metric in naming.doubts.keys() - doubted:
            for seat in self._watchers.get((alias, metric), ()):
                found += listed(seat.give_up(alias, naming.doubts[metric], point.at))
        if epoch != before.epoch:
            for seat in self._timed:
                found += listed(seat.passes(alias, place))
        if self._judges_runs:
            found += self._hear(alias, self._judges[alias, run].feed(point))
        if found or epoch != before.epoch or self._asks:
            found += self._look_around(point.at)
        return changed + self._out(found)

    def meters(
        self, alias: str, run: str, values: Mapping[str, float], *, at: float,
        step: float | None = None, epoch: float | None = None,
    ) -> list[Verdict]:  # fmt: skip
        """Take in readings of a run's meters, also of one that was replaced: what it has cost stays spent."""
        changed: list[Verdict] = []
        if run not in self._replaced:
            changed = self.begin(alias, run, at=at)
        here = self._places.get(alias, Place())
        found: list[Verdict] = []
        for name, value in values.items():
            point = Point(
                metric=name,
                step=(here.step if step is None else step) or 0.0,
                value=value,
                epoch=here.epoch if epoch is None else epoch,
                at=at,
            )
            for seat in self._watchers.get((alias, name), ()):
                found += listed(seat.feed(alias, run, point))
        if self._judges_runs and self.is_heard(alias, run):
            judge = self._judges[alias, run]
            found += self._hear(alias, judge.meters(values, at=at, step=step, epoch=epoch))
        return changed + self._out(found + self._look_around(at))

    def notice(self, alias: str, run: str, notice: Notice) -> list[Verdict]:
        """Take in what is no number; only gates within runs look at that."""
        changed = self.begin(alias, run, at=notice.at)
        if not self._judges_runs or not self.is_heard(alias, run):
            return changed
        found = self._hear(alias, self._judges[alias, run].notice(notice))
        return changed + self._out(found + self._look_around(notice.at))

    def stands(self, alias: str, run: str, verdict: Verdict) -> list[Verdict]:
        """A gate of a run stands somewhere else now."""
        changed = self.begin(alias, run, at=verdict.at)
        if self._runs.get(alias) != run:
            return changed
        return changed + self._out(self._hear(alias, [verdict]) + self._look_around(verdict.at))

    def end(self, alias: str, run: str, *, result: str, exit_code: int | None, at: float) -> list[Verdict]:
        """A run ended; its own gates have told their last."""
        changed = self.begin(alias, run, at=at)
        if not self.is_heard(alias, run):
            return changed
        found: list[Verdict] = []
        if self._judges_runs:
            judge = self._judges[alias, run]
            found += self._hear(alias, judge.end(result=result, exit_code=exit_code, at=at))
        self._ended[alias] = Ended(run=run, ending=Ending(result=result, exit_code=exit_code))
        for gate, shared in self._shared.items():
            if alias in self.plan.homes[gate]:
                found += listed(shared.end(alias, at=at))
        return changed + self._out(found + self._finish(at))

    def close(self, *, at: float) -> list[Verdict]:
        """Nothing of the study is live or waits: what rests on a run that never came is unknown until it comes."""
        found: list[Verdict] = []
        for shared in self._shared.values():
            found += listed(shared.close(at=at))
        return self._out(found + self._finish(at, closing=True))

    def answer(self, gate_id: str, verdict: bool, *, who: str, note: str, at: float) -> list[Verdict]:
        """Answer a question about the study. Raises NotFoundError, or UserError for a gate that asks none."""
        if gate_id not in self._gates:
            raise NotFoundError(f"no gate is called {gate_id!r}", hint=nearest(gate_id, self._gates))
        seat = self._joined.get(gate_id)
        if not isinstance(seat, QuestionSeat):
            gate = self._gates[gate_id]
            if isinstance(gate.params, AskRule):
                runs = [self._runs[alias] for alias in self.plan.homes[gate_id] if alias in self._runs]
                hint = f"trainui answer {runs[0] if runs else 'RUN'} {gate_id} yes"
                raise UserError(f"gate {gate_id!r} asks about each of its runs", hint=hint)
            raise UserError(f"gate {gate_id!r} asks nothing: it is judged by {gate.rule}")
        answered = seat.answer(verdict, who=who, note=note, place=Place(at=at))
        for one in self._joined.values():
            if one is not seat and one.done:
                one.reopen()
        return self._out(listed(answered) + self._look_around(at) + self._finish(at))

    # ---------------------------------------------------------------- where it stands

    def current(self) -> dict[str, Verdict]:
        """The newest verdict of every gate over the study, in the order of the file; no actions."""
        shown: dict[str, Verdict] = {}
        for gate in self.plan.gates:
            one = self._shared.get(gate.id) or self._seats.get(gate.id) or self._joined[gate.id]
            shown[gate.id] = replace(one.shown(), actions=())
        return shown

    def is_heard(self, alias: str, run: str) -> bool:
        """Whether `run` is what `alias` means, and has not ended."""
        return self._runs.get(alias) == run and alias not in self._ended

    def runs(self) -> dict[str, str]:
        """Alias → the run that it means now."""
        return dict(self._runs)

    def of_runs(self, gate: str) -> dict[str, Verdict | None]:
        """Run → the newest verdict of a gate within runs; None before there is one."""
        return self._shared[gate].by_run(self._runs) if gate in self._shared else {}

    def _standing(self, name: str) -> tuple[bool, State]:
        one = self._shared.get(name) or self._seats.get(name) or self._joined[name]
        return self._gates[name].is_flag, one.standing if isinstance(one, Seat) else one.state

    @property
    def _asks(self) -> bool:
        return any(isinstance(seat, QuestionSeat) and not seat.done for seat in self._joined.values())

    def _join(self, gate: Gate) -> Seat:
        if isinstance(gate.params, AskRule):
            return StudyQuestion(gate, gate.params, self._standing)
        test = gate.params.test()
        if isinstance(test, CombineTest):
            test.bind(self._standing, is_flag=gate.is_flag)
        return Seat(gate, test)

    def _naming(self, run: str) -> Naming:
        if run not in self._namings:
            words = {metric: said for gate in self.plan.gates for metric, said in gate.words.items()}
            self._namings[run] = Naming(words)
        return self._namings[run]

    def _hear(self, alias: str, verdicts: Sequence[Verdict]) -> list[Verdict]:
        found: list[Verdict] = []
        for verdict in verdicts:
            if verdict.gate in self._shared:
                found += listed(self._shared[verdict.gate].hear(alias, self._runs[alias], verdict))
        return found

    def _look_around(self, at: float) -> list[Verdict]:
        return [
            verdict for gate, seat in self._joined.items() if (verdict := seat.look(self._place(gate, at)))
        ]

    def _finish(self, at: float, *, closing: bool = False) -> list[Verdict]:
        """The last words of the gates whose runs are over; of all of them when the study closes."""
        found: list[Verdict] = []
        for seat in self._seats.values():
            found += listed(seat.end(self._ended, at=at, closing=closing))
        found += self._look_around(at)
        for gate, joined in self._joined.items():
            needs = self.plan.needs[gate]
            if closing or all(alias in self._ended for alias in needs):
                result = Ending(result=Result.FINISHED)
                found += listed(joined.end(result, self._place(gate, at)))
        return found

    def _place(self, gate: str, at: float) -> Place:
        places = [self._places[alias] for alias in self.plan.needs[gate] if alias in self._places]
        epochs = [place.epoch for place in places if place.epoch is not None]
        return Place(epoch=min(epochs, default=None), at=at)

    def _out(self, verdicts: Sequence[Verdict]) -> list[Verdict]:
        """What changed, with what is to be done about it over the study; people are told of a state once."""
        told: list[Verdict] = []
        for verdict in verdicts:
            gate = self._gates[verdict.gate]
            actions = self.plan.actions_over(gate, gate.actions.get(verdict.state, ()))
            if (verdict.gate, verdict.state) in self._told:
                actions = tuple(action for action in actions if action != "notify")
            self._told.add((verdict.gate, verdict.state))
            told.append(replace(verdict, actions=actions))
        return told
