"""One study of a runs.db being judged: what its runs wrote since the last look becomes verdicts over the study.

What the judge is told is first kept in the study's journal, in the transaction that keeps what it says: told again
in that order, by the next manager, it says the same.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import replace

from trainui.core.clock import Clock
from trainui.core.gates import Gate, State, Verdict
from trainui.core.gates.plan import StudyPlan
from trainui.core.gates.study import StudyJudge
from trainui.core.process.beat import beat
from trainui.core.run import Status
from trainui.core.spec.carried import carried
from trainui.core.spec.study import Study
from trainui.core.store.money import Ledger
from trainui.core.store.readings import Reading, readings_of
from trainui.core.store.runs import RunWriter
from trainui.core.store.schema import atomic
from trainui.core.store.studies import POINTS, Member, Points, StudyWriter, points_before
from trainui.core.store.subjects import subject_of
from trainui.core.store.usage import usage_of
from trainui.core.store.verdicts import write_verdict

METERS_EVERY = 15.0
"""Seconds between two readings of one meter that are kept: a day of them is 6000 rows."""
MANY = 5000
"""Points after which a manager that tells a journal again says that it lives."""
GIB = 2**30
Key = tuple[str, str]
"""(alias, run)."""


class StudyWatch:
    """The judge of one study. After a failed commit, throw it away and make a new one from the store."""

    def __init__(self, db: sqlite3.Connection, study: Study) -> None:
        self.study = study
        self.subject = subject_of(study.name)
        self._db = db
        self._writer = StudyWriter(db)
        self._runs = RunWriter(db)
        self._judge = StudyJudge(study.plan)
        self._points: dict[Key, Points] = {}
        self._verdicts: dict[Key, int] = {}
        self._meters: dict[tuple[str, str, str], tuple[float, float]] = {}
        self._begun: set[Key] = set()
        self._ended: set[Key] = set()
        self._names = {
            alias: [name for name in self._named() if self._judge.wants(alias, name)]
            for alias in study.plan.runs
        }
        self.is_over = False
        """Whether nothing of it is live or waits."""
        for reading in list(readings_of(db, self.subject)):
            self._tell(reading)
        self._written = {
            gate: (one.state, one.value, one.reason) for gate, one in self._judge.current().items()
        }

    @property
    def states(self) -> dict[str, str]:
        """Gate id → where it stands."""
        return {gate: str(one.state) for gate, one in self._judge.current().items()}

    @property
    def gates(self) -> dict[str, Gate]:
        """Gate id → the gate, with what is done over the study about where it stands."""
        plan = self.study.plan
        return {
            gate.id: replace(
                gate,
                actions={state: plan.actions_over(gate, actions) for state, actions in gate.actions.items()},
            )
            for gate in plan.gates
        }

    def look(
        self, members: Sequence[Member], coming: Sequence[str], now: Clock, *, late: bool = False
    ) -> bool:
        """Take in what the runs wrote; whether a gate moved. `coming`: jobs of runs that nobody took in yet. `late`:
        runs had begun before the study was written down, and nothing is to be done about what they showed."""
        moved = False
        by_name = {run.run: run for run in members}
        newest, waits = newest_of(self.study.plan, members, coming)
        for alias, run in newest.items():
            if self._judge.runs().get(alias) != run.run:
                told = Reading(kind="began", seq=-1, name=run.run, text=alias, at=now.unix)
                moved |= self._keep(told, late=late)
            moved |= self._look_at(alias, run, now, late=late, waits=alias in waits)
        for alias, older in sorted(self._begun - self._ended):
            row = by_name.get(older)
            if row is not None and alias in newest and older != newest[alias].run:
                moved |= self._measure(alias, row, now, late=late)  # what it costs is spent all the same
        is_over = newest and not waits and all(run.status is Status.ENDED for run in newest.values())
        if is_over and not self.is_over:
            moved |= self._keep(Reading(kind="closed", seq=-1, at=now.unix), late=late)
        return moved

    def answer(self, gate: str, verdict: bool, *, who: str, note: str, now: Clock) -> None:
        """Take a person's answer to a question about the study. Raises NotFoundError or UserError."""
        StudyJudge(self.study.plan).answer(
            gate, verdict, who=who, note=note, at=now.unix
        )  # or it says why not
        words = json.dumps({"who": who, "note": note})
        self._keep(Reading(kind="answer", seq=-1, name=gate, value=float(verdict), text=words, at=now.unix))

    def show(self, gates: Sequence[str], now: Clock) -> None:
        """Write down where gates stand that were edited: they were judged anew by all there was. Call inside a
        transaction."""
        for gate, verdict in self._judge.current().items():
            if gate in gates and verdict.state is not State.PENDING:
                write_verdict(self._db, self.subject, replace(verdict, at=now.unix), is_change=True)

    def _look_at(self, alias: str, run: Member, now: Clock, *, late: bool, waits: bool) -> bool:
        """Take in one run; while the next of its alias waits, its end is not the last word."""
        key = alias, run.run
        moved = False
        points = self._points.setdefault(key, Points(self._db, run.run))
        if points.has_moved(self._names[alias]):
            raise BegunAnewError
        fresh = points.newest(self._names[alias])
        if fresh is not None:
            told = Reading(kind=POINTS, seq=fresh, name=run.run, text=alias, at=now.unix)
            moved |= self._keep(told, late=late)
        newest = self._writer.newest_verdict(run.run)
        if newest > self._verdicts.get(key, 0):
            told = Reading(kind="verdicts", seq=newest, name=run.run, text=alias, at=now.unix)
            moved |= self._keep(told, late=late)
        if key not in self._ended and not (waits and run.status is Status.ENDED):
            moved |= self._measure(alias, run, now, late=late)
        return moved

    def _measure(self, alias: str, run: Member, now: Clock, *, late: bool) -> bool:
        """Read the meters of a run that was not known to have ended; its end, after them."""
        key = alias, run.run
        moved = False
        has_ended = run.status is Status.ENDED
        for name, value in self._measured(alias, run, now).items():
            before, at = self._meters.get((*key, name), (None, 0.0))
            if value != before and (has_ended or now.unix - at >= METERS_EVERY):
                told = Reading(
                    kind="meter", seq=-1, name=name, value=value, text=" ".join(key),
                    step=run.step, epoch=run.epoch, at=now.unix,
                )  # fmt: skip
                moved |= self._keep(told, late=late)
        if has_ended:
            code = None if run.exit_code is None else float(run.exit_code)
            text = f"{alias} {run.result}"
            told = Reading(kind="ended", seq=-1, name=run.run, value=code, text=text, at=now.unix)
            moved |= self._keep(told, late=late)
        return moved

    def _measured(self, alias: str, run: Member, now: Clock) -> dict[str, float]:
        wanted = self._judge.meters_of(alias)
        if not wanted:
            return {}
        begun = run.started_boot if run.status is not Status.ENDED else None
        seconds = run.seconds if begun is None else max(0.0, now.boot - begun)
        used = next(iter(usage_of(self._db, run.run, last=1)), None)
        found: dict[str, float | None] = {
            "@wall_h": seconds / 3600,
            "@cost_usd": Ledger(self._db).cost_of(run.run) / 1e6,
            "@step": run.step,
            "@epoch": run.epoch,
            "@host_mem_gb": used.memory / GIB if used else None,
            "@gpu_mem_gb": used.gpu_memory / GIB if used and used.gpu_memory is not None else None,
            "@gpu_util": used.gpu if used else None,
        }
        return {name: value for name in wanted if (value := found.get(name)) is not None}

    def _keep(self, reading: Reading, *, late: bool = False) -> bool:
        """Journal, judge, and write the verdicts down, all in one transaction; whether a gate moved."""
        with atomic(self._db):
            self._writer.note(self.study.name, reading)
            changed = self._tell(reading)
            for verdict in changed:
                write_verdict(self._db, self.subject, verdict, is_change=not late)
            self._write_values()
            if reading.kind in ("began", "closed"):
                self._writer.set_status(self.study.name, "over" if self.is_over else "open")
        return bool(changed)

    def _write_values(self) -> None:
        for gate, verdict in self._judge.current().items():
            shown = (verdict.state, verdict.value, verdict.reason)
            if self._written.get(gate) != shown:
                write_verdict(self._db, self.subject, verdict, is_change=False)
                self._written[gate] = shown

    def _tell(self, told: Reading) -> list[Verdict]:
        """Tell the judge one line of the journal."""
        at = told.at
        if told.kind == "began":
            self.is_over = False
            self._begun.add((told.text, told.name))
            return self._judge.begin(told.text, told.name, at=at)
        if told.kind == POINTS:
            return self._tell_points(told)
        if told.kind == "verdicts":
            return self._tell_verdicts(told)
        if told.kind == "meter":
            alias, run = told.text.split(" ")
            value = 0.0 if told.value is None else told.value
            self._meters[alias, run, told.name] = value, at
            return self._judge.meters(alias, run, {told.name: value}, at=at, step=told.step, epoch=told.epoch)
        if told.kind == "ended":
            alias, result = told.text.split(" ")
            self._ended.add((alias, told.name))
            code = None if told.value is None else int(told.value)
            return self._judge.end(alias, told.name, result=result, exit_code=code, at=at)
        if told.kind == "closed":
            self.is_over = True
            return self._judge.close(at=at)
        words = json.loads(told.text)
        if told.name not in self.study.plan.needs:
            return []  # the question was taken out of the study since
        return self._judge.answer(told.name, bool(told.value), who=words["who"], note=words["note"], at=at)

    def _tell_points(self, told: Reading) -> list[Verdict]:
        alias, run, names = told.text, told.name, self._names.get(told.text, [])
        points = self._points.setdefault((alias, run), Points(self._db, run))
        changed: list[Verdict] = []
        if not points.has_begun:
            for point in points_before(self._db, run, names):
                changed += self._judge.feed(alias, run, point)
        for number, (_, point) in enumerate(points.new(names, until=told.seq)):
            if number % MANY == 0:
                beat()
            changed += self._judge.feed(alias, run, point)
        return changed

    def _tell_verdicts(self, told: Reading) -> list[Verdict]:
        key = told.text, told.name
        after = self._verdicts.get(key, 0)
        self._verdicts[key] = told.seq
        changed: list[Verdict] = []
        run = self._runs.get(told.name)
        mine = carried(run.spec, self.study) if run is not None else ()
        for _, verdict in self._writer.verdicts_of(told.name, after=after, until=told.seq):
            if verdict.gate in mine:
                changed += self._judge.stands(*key, verdict)
        return changed

    def _named(self) -> list[str]:
        """Every name under which a run may write what the study compares."""
        gates = self.study.plan.across
        metrics = {one.metric: gate for gate in gates for one in getattr(gate.params, "quantities", ())}
        return sorted({name for metric, gate in metrics.items() for name in gate.names(metric)})


class BegunAnewError(Exception):
    """A metric that was judged comes from a better source now: all of it is to be told again."""


def newest_of(
    plan: StudyPlan, members: Sequence[Member], coming: Sequence[str]
) -> tuple[dict[str, Member], frozenset[str]]:
    """(alias → the newest run that has begun, the aliases of which a run waits): what was queued and stopped before
    it began takes nobody's place."""
    newest: dict[str, Member] = {}
    waits = {alias for job in coming for alias in plan.aliases_of(job)}
    for run in members:
        aliases = plan.aliases_of(run.job)
        if run.status is Status.QUEUED:
            waits.update(aliases)
        elif run.has_begun or run.status is not Status.ENDED:
            newest |= dict.fromkeys(aliases, run)
    return newest, frozenset(waits)
