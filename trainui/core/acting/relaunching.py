"""HAND: queues what gates and remedies start: the next try of a run that ended, a job that was waited for."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from pathlib import Path

from trainui.core.clock import Clock
from trainui.core.death import kind_of
from trainui.core.errors import SpecError
from trainui.core.forecast import progress
from trainui.core.launching import start_payload, why_it_cannot_start
from trainui.core.project import find_job
from trainui.core.spec import Remedy
from trainui.core.spec.remedies import MARK, answers_to, is_literal, needs_a_person, remedied, too_dear
from trainui.core.store.actions import ActionWriter
from trainui.core.store.intents import environment_of, queue_start
from trainui.core.store.lineage import beginning, family_tries
from trainui.core.store.money import Ledger
from trainui.core.store.runs import RunRow, RunWriter
from trainui.core.treasury.accounts import Accounts


class Relauncher:
    """Queues runs for one runs.db. Every method is called inside a transaction."""

    def __init__(self, db: sqlite3.Connection, accounts: Accounts) -> None:
        self._db = db
        self._runs = RunWriter(db)
        self._actions = ActionWriter(db)
        self._accounts = accounts

    def after_death(self, run: RunRow, cause: str, now: Clock) -> bool:
        """Try a remedy for what a run died of, if that was allowed beforehand, else offer it; whether one is tried."""
        remedies = answers_to(run.spec, kind_of(cause)) if cause else []
        wish = self._runs.stop_reason(run.name)
        is_wanted = run.armed and (not wish or kind_of(wish) in ("hung", "gate"))
        for remedy in filter(is_literal, remedies):
            why_not = needs_a_person(run.spec, remedy) if is_wanted else "the run is not armed"
            if not why_not and not self.why_not(run, remedy, now):
                self.queue(run, remedy, f"after {kind_of(cause)}", now)
                return True
            self.offer(run, remedy, why_not or self.why_not(run, remedy, now), now)
        for remedy in remedies:
            if not is_literal(remedy):
                self._tell(run, f"advice {remedy.id}: {remedy.text or remedy.quote}", now)
        return False

    def offer(self, run: RunRow, remedy: Remedy, why: str, now: Clock) -> None:
        """Say how a person applies a remedy."""
        text = f"remedy {remedy.id}: trainui retry {run.name} --remedy {remedy.id}"
        self._tell(run, f"{text} (not by itself: {why})" if why else text, now)

    def why_not(self, run: RunRow, remedy: Remedy, now: Clock) -> str:
        """Why a remedy cannot be tried now; '' when it can."""
        tried = family_tries(self._db, run.name, MARK + remedy.id)
        if tried >= remedy.max:
            return f"tried {tried} of {remedy.max} times"
        try:
            remedied(run.spec, remedy)
        except SpecError as error:
            return error.message
        totals = {"total_steps": run.total_steps, "total_epochs": run.total_epochs}
        return too_dear(
            left=self._accounts.left(now),
            spent=Ledger(self._db).cost_of(run.name),
            progress=progress(step=run.step, epoch=run.epoch, **totals),
        )

    def relaunch(
        self, run: RunRow, gate: str, named: tuple[str, ...], now: Clock, kept: str
    ) -> tuple[str, bool]:
        """Queue the next try of a run that ended, for a gate: (what became of it, whether one was queued).

        `kept`: the checkpoint that was kept when the gate spoke; '' for the newest.
        """
        if other := self._actions.child_of(run.name):
            return f"{other} was tried after it already", False
        wish = kind_of(self._runs.stop_reason(run.name))
        if wish in ("user", "budget", "idle", "time-limit"):
            return f"it was stopped for another reason: {wish}", False
        reasons: list[str] = []
        for remedy in filter(is_literal, answers_to(run.spec, gate, named)):
            why = needs_a_person(run.spec, remedy) or self.why_not(run, remedy, now)
            if not why:
                name = self.queue(run, remedy, f"after gate {gate}", now, kept=kept)
                return f"relaunched as {name} with remedy {remedy.id}", True
            reasons.append(f"remedy {remedy.id}: {why}")
            self.offer(run, remedy, why, now)
        text = "; ".join(reasons) or "it has no remedy that changes anything"
        return f"would have relaunched: {text}", False

    def queue(self, run: RunRow, remedy: Remedy, why: str, now: Clock, *, kept: str = "") -> str:
        """Queue the next of a run's line with a remedy; the name of the new run."""
        spec = remedied(run.spec, remedy)
        begins = kept if remedy.from_ == "last" else ""
        begins = begins or beginning(
            self._db, run.name, remedy.from_, spec.metrics.primary, spec.metrics.goal
        )
        payload = start_payload(spec, run.project, armed=run.armed, priority=run.priority) | {
            "study": run.study,
            "parent": run.name,
            "retried_for": MARK + remedy.id,
            "begins_from": begins,
            "env": environment_of(self._db, run.name),
        }
        name = queue_start(self._db, run.directory.parent, run.job, payload)
        changes = ", ".join(f"{key}={value}" for key, value in remedy.set.items())
        start = f"from {begins}" if begins and spec.job.resume else "from the beginning"
        self._tell(run, f"{name} is queued {why}: remedy {remedy.id} ({changes}), {start}", now)
        return name

    def launch(self, job: str, project: Path, runs: Path, env: Mapping[str, str] | None) -> str:
        """Queue a run of `job`; its name. Raises SpecError or NotFoundError when that cannot be."""
        spec = find_job(project, job)
        reason, hint = why_it_cannot_start(spec, project)
        if reason:
            raise SpecError(f"job {job!r} cannot start: {reason}", hint=hint)
        return queue_start(self._db, runs, job, start_payload(spec, project) | {"env": env})

    def _tell(self, run: RunRow, text: str, now: Clock) -> None:
        self._runs.event(run.name, "remedy", text, at=now.unix)
