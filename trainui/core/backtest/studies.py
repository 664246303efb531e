"""Replay of a study: its gates held against one run for each alias, within the runs and across them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from trainui.core.backtest.findings import Finding, finding_of
from trainui.core.backtest.play import Change, play
from trainui.core.backtest.replay import Replayed, findings_of
from trainui.core.backtest.tape import Tape, Told
from trainui.core.errors import UserError
from trainui.core.gates import DefaultWatch, Gate, Judge, Notice, Point, Verdict
from trainui.core.gates.plan import StudyPlan
from trainui.core.gates.study import StudyJudge
from trainui.core.store.subjects import subject_of


def cast(
    plan: StudyPlan, tapes: Sequence[tuple[str, Tape]], *, otherwise: str = ""
) -> list[tuple[str, Tape]]:
    """(alias, tape) in the order given: as the user said, else by the tape's job or a log's name, else `otherwise`.

    Raises UserError where that says nothing.
    """
    found = []
    for said, tape in tapes:
        fitting = (said,) if said else plan.aliases_of(tape.job)
        if not fitting and tape.job in plan.runs:
            fitting = (tape.job,)
        if not fitting and (otherwise or len(plan.runs) == 1):
            fitting = (otherwise,) if otherwise else tuple(plan.runs)
        if not fitting or fitting[0] not in plan.runs:
            known = ", ".join(plan.runs)
            what = (
                f"study {plan.name!r} has no runs {said!r}"
                if said
                else f"it is not said which run {tape.run} is"
            )
            first = next(iter(plan.runs), "ALIAS")
            raise UserError(what, hint=f"write {first}={tape.run}; known: {known}")
        found += [(alias, tape) for alias in fitting[:1]]
    return found


def replay_study(
    plan: StudyPlan,
    parts: Sequence[tuple[str, Tape]],
    watch_of: Callable[[Tape], DefaultWatch | None] = lambda _tape: None,
) -> tuple[list[Replayed], list[Finding]]:
    """Hold a study's gates against its runs; what was found within each, and across them.

    Of an alias the last one given counts, as the newest would. `watch_of`: the default watch of a run.
    """
    study = StudyJudge(plan)
    within: list[Replayed] = []
    across: list[Change] = []
    for alias, tape in parts:
        gates = plan.within_alias(alias)
        ear = _Ear(gates, watch_of(tape), study, alias, tape.run)
        played = play(tape, ear)
        told = tape.told()
        metrics = played.metrics
        within.append(
            Replayed(run=tape.run, told=told, metrics=metrics, findings=findings_of(tape, gates, ear, played))
        )
        across += [Change(verdict=one, points=0, is_across=True) for one in ear.across]
    last = max((one.verdict.at for one in across), default=0.0)
    across += [Change(verdict=one, points=0, is_across=True) for one in study.close(at=last)]
    current = study.current()
    by_gate = {gate.id: [one for one in across if one.verdict.gate == gate.id] for gate in plan.gates}
    return within, [
        finding_of(subject_of(plan.name), gate, current[gate.id], by_gate[gate.id], Told())
        for gate in plan.gates
        if gate.id not in plan.homes or len(plan.homes[gate.id]) > 1
    ]


class _Ear(Judge):
    """The judge of a run, that passes on to the judge of its study what concerns that."""

    def __init__(
        self, gates: Sequence[Gate], watch: DefaultWatch | None, study: StudyJudge, alias: str, run: str
    ) -> None:
        super().__init__(gates, watch=watch)
        self._study = study
        self._alias = alias
        self._run = run
        self.across: list[Verdict] = []
        """What changed over the study."""

    @property
    def measures(self) -> frozenset[str]:
        """The meters that either asks for."""
        return super().measures | frozenset(self._study.meters_of(self._alias))

    def wants(self, metric: str) -> bool:
        """Whether either must be fed it."""
        return super().wants(metric) or self._study.wants(self._alias, metric)

    def feed(self, point: Point, *, is_watched: bool = False) -> list[Verdict]:
        """The next point, to both."""
        changed = self._pass_on(super().feed(point, is_watched=is_watched), point.at)
        self.across += self._study.feed(self._alias, self._run, point)
        return changed

    def meters(
        self, values: Mapping[str, float], *, at: float, step: float | None = None, epoch: float | None = None
    ) -> list[Verdict]:
        """What meters read, to both."""
        changed = self._pass_on(super().meters(values, at=at, step=step, epoch=epoch), at)
        self.across += self._study.meters(self._alias, self._run, values, at=at, step=step, epoch=epoch)
        return changed

    def notice(self, notice: Notice) -> list[Verdict]:
        """What is no number concerns the run's own gates."""
        return self._pass_on(super().notice(notice), notice.at)

    def answer(self, gate_id: str, verdict: bool, *, who: str, note: str, at: float) -> list[Verdict]:
        """Somebody's answer to a gate of the run."""
        return self._pass_on(super().answer(gate_id, verdict, who=who, note=note, at=at), at)

    def end(self, *, result: str, exit_code: int | None, at: float) -> list[Verdict]:
        """The run ended."""
        changed = self._pass_on(super().end(result=result, exit_code=exit_code, at=at), at)
        self.across += self._study.end(self._alias, self._run, result=result, exit_code=exit_code, at=at)
        return changed

    def _pass_on(self, changed: list[Verdict], at: float) -> list[Verdict]:
        self.across += self._study.begin(self._alias, self._run, at=at)
        for one in changed:
            if one.gate not in self.unwritten:
                self.across += self._study.stands(self._alias, self._run, one)
        return changed
