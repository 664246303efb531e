"""HAND: does what gates ask for when a verdict was committed, each action once, and says what it withheld.

What to do is decided in one transaction, which also does what is only written down. What reaches out of runs.db is
done after it, and again by the next manager if this one dies in between.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from trainui.core.acting.news import NOBODY, News, verdict_words
from trainui.core.acting.relaunching import Relauncher
from trainui.core.clock import Clock
from trainui.core.deeds import DID, TOLD, Deed, Reached, Situation, decide, place_words, saved_words, summary
from trainui.core.errors import UserError
from trainui.core.gates import Gate, State
from trainui.core.gates.watch.detector import PREFIX
from trainui.core.process.failpoint import reach
from trainui.core.run import LIVE, Status
from trainui.core.spec.remedies import answers_to, has_auto, is_literal
from trainui.core.store.actions import TO_DO, ActionWriter, Open
from trainui.core.store.intents import environment_of, forget_environment
from trainui.core.store.lineage import checkpoint_before, launched_beside
from trainui.core.store.runs import RunRow, RunWriter, live_of
from trainui.core.store.schema import atomic
from trainui.core.treasury.accounts import Accounts

BAD = (State.TRIPPED, State.FAILED)
ALL = "*"  # what `hold-queue` holds: every job
Done = tuple[str, bool]
"""(what became of an action, whether it was done)."""
Saves = tuple[float | None, int | None]
"""Seconds and micro-dollars that are spared when a run ends now."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Subject:
    """What was judged: a run, or the runs of a study together."""

    name: str
    """The run's name, or `study:NAME`."""
    run: RunRow | None = None
    project: Path
    runs: Path
    """The folder of run directories."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reach:
    """What of the world outside runs.db an action may touch."""

    stop: Callable[[RunRow, str, Clock], None]
    save: Callable[[RunRow], bool]
    """Ask a live run for a checkpoint; False when it cannot be asked."""
    left: Callable[[RunRow, Clock], float | None]
    """Seconds a live run has to go."""


class Acting:
    """Acts on the verdicts of one runs.db."""

    def __init__(
        self, db: sqlite3.Connection, accounts: Accounts, hands: Reach, *, acts: bool = True
    ) -> None:
        """`acts`: False where a run of the past is told again: then nothing is done but a stop that is still due."""
        self._db = db
        self._runs = RunWriter(db)
        self._actions = ActionWriter(db)
        self._relauncher = Relauncher(db, accounts)
        self._accounts = accounts
        self._news = News(db)
        self._reach = hands
        self._acts = acts
        self._seen: dict[str, int] = {}
        """Subject → its newest verdict that was acted on."""
        self.due: dict[str, Mapping[str, Gate] | None] = {}
        """Run → its gates (None: those of its spec), where something may be left to do that no look will show."""
        with atomic(db):
            self._actions.begin()
        if acts:
            self.due = dict.fromkeys(self._actions.subjects())

    def act(self, subject: Subject, gates: Mapping[str, Gate], now: Clock) -> None:
        """Act on what was committed of a subject since the last time, and on what a manager that died left."""
        fresh = self._actions.fresh(subject.name, after=self._seen.get(subject.name, 0))
        if fresh:
            reach("deciding")
            with atomic(self._db):
                for verdict in fresh:
                    self._decide(subject, verdict, gates, now)
            reach("decided")
            self._seen[subject.name] = fresh[-1].id
        self._carry_out(subject.name, gates, now)

    def act_on_run(self, run: RunRow, gates: Mapping[str, Gate], now: Clock) -> None:
        """As `act`, of a run as it stands now; of one that has ended for the last time."""
        run = self._runs.get(run.name) or run
        self.act(Subject(name=run.name, run=run, project=run.project, runs=run.directory.parent), gates, now)
        if run.status is Status.ENDED:
            with atomic(self._db):  # it may hold secrets, and nobody starts from it any more
                forget_environment(self._db, run.name)
            self._seen.pop(run.name, None)

    # ---------------------------------------------------------------- deciding

    def _decide(self, subject: Subject, verdict: Reached, gates: Mapping[str, Gate], now: Clock) -> None:
        """Everything one verdict asks for. Call inside a transaction."""
        gate, run = gates.get(verdict.gate), subject.run
        asked = gate.actions.get(verdict.state, ()) if gate else ()
        if (
            run is not None
            and gate is not None
            and run.armed
            and "stop" in asked
            and has_auto(run.spec, gate.id, gate.remedy)
        ):
            asked = (*asked, "relaunch")
        saves = self._saves(run, verdict, now) if run is not None and "stop" in asked else (None, None)
        here = self._situation(subject, verdict, gates)
        decided = decide(verdict, asked, here)
        is_first = not any(one.state is verdict.state for one in here.past)
        is_news = any(deed.withheld != TOLD for deed in decided)
        if is_news:
            label = f" ({verdict.label})" if verdict.label and verdict.label not in verdict.reason else ""
            text = f"{verdict.gate} {verdict.state}{label}: {verdict.reason}"
            self._runs.event(subject.name, "gate", text, at=now.unix)
        deeds: list[Deed] = []
        for deed in decided:
            outcome, is_done = self._do_inside(subject, verdict, deed, gate, now)
            is_withheld = not is_done and outcome != TO_DO
            deeds.append(Deed(action=deed.action, withheld=outcome if is_withheld else ""))
            self._actions.write(
                subject.name, verdict, deed.action, outcome, is_done=is_done, at=now.unix,
                saves=saves if deed.action == "stop" else (None, None),
            )  # fmt: skip
            if deed.action == "stop" and deed.withheld.startswith("would"):
                self._regret(subject.name, verdict, deed, saves, now)
        if is_news:
            self._actions.sum_up(subject.name, verdict.gate, summary(deeds), saves[0])
        if is_first and gate is not None and self._acts:
            self._news.of_verdict(subject.name, verdict, gate, now)
        if run is not None and gate is not None and is_first and verdict.state in BAD:
            self._offer(run, gate, deeds, now)

    def _saves(self, run: RunRow, verdict: Reached, now: Clock) -> Saves:
        """What is spared when a run ends at a verdict: what it has to go, or took from there to its end."""
        sharers = len(live_of(self._runs.open_runs())) if run.status in LIVE else 1
        if run.status in LIVE:
            left = self._reach.left(run, now)
        else:
            ended_at = self._actions.ended_at(run.name)
            left = None if ended_at is None else max(0.0, ended_at - verdict.place.at)
        return left, None if left is None else round(self._accounts.rate * left / 3600 / sharers)

    def _situation(self, subject: Subject, verdict: Reached, gates: Mapping[str, Gate]) -> Situation:
        run, gate = subject.run, gates.get(verdict.gate)
        return Situation(
            is_run=run is not None,
            is_live=run is not None and run.status in LIVE,
            is_armed=run is not None and run.armed,
            protected_by=next((one.id for one in gates.values() if one.protect), ""),
            cooldown=gate.cooldown if gate else None,
            tells_once=verdict.gate.startswith(PREFIX),
            past=self._actions.past(subject.name, verdict.gate),
            launched=launched_beside(self._db, subject.name, verdict.gate) if run is not None else {},
        )

    def _do_inside(
        self, subject: Subject, verdict: Reached, deed: Deed, gate: Gate | None, now: Clock
    ) -> Done:
        """Do what is done within runs.db; what reaches further is TO_DO, after the transaction."""
        verb, _, name = deed.action.partition(":")
        if deed.withheld:
            return deed.withheld, False
        if verb == "flag":
            return DID["flag"], True
        is_live = subject.run is not None and subject.run.status in LIVE
        if not self._acts and not (verb == "stop" and is_live):
            return "not done again: runs.db was rebuilt", False
        if verb in ("block", "hold-queue"):
            jobs = [job.strip() for job in name.split(",")] if verb == "block" else [ALL]
            return self._hold(subject.name, verdict, jobs, now)
        if verb == "launch":
            return self._launch(subject, verdict, name, now)
        if verb == "notify":
            return self._notify(subject.name, verdict, gate, now), True
        if deed.action == "checkpoint:previous":
            path, step = checkpoint_before(self._db, subject.name, verdict.place.step)
            at = "" if step is None else f" of step {step:g}"
            return (f"{path}{at}", True) if path else ("no checkpoint was saved before", False)
        return TO_DO, False

    def _hold(self, subject: str, verdict: Reached, jobs: Iterable[str], now: Clock) -> Done:
        held = [
            job for job in jobs if self._actions.block(job, subject, verdict, verdict.reason, at=now.unix)
        ]
        if not held:
            return "held already", False
        what = "the queue" if held == [ALL] else ", ".join(held)
        how = "--queue" if held == [ALL] else " ".join(f"--job {job}" for job in held)
        text = f"{what} held by {verdict.gate}: {verdict.reason} (trainui release {how})"
        self._runs.event(subject, "queue", text, at=now.unix)
        return f"holds {what}", True

    def _launch(self, subject: Subject, verdict: Reached, job: str, now: Clock) -> Done:
        env = environment_of(self._db, subject.name)
        try:
            name = self._relauncher.launch(job, subject.project, subject.runs, env)
        except UserError as error:
            text = f"{verdict.gate} could not launch {job}: {error}"
            self._runs.event(subject.name, "gate", text, at=now.unix)
            return f"could not be launched: {error.message}", False
        self._runs.event(subject.name, "queue", f"{name} is queued by gate {verdict.gate}", at=now.unix)
        return f"launched {name}", True

    def _regret(self, subject: str, verdict: Reached, deed: Deed, saves: Saves, now: Clock) -> None:
        """Tell what a stop that was withheld would have saved."""
        saved = saved_words(*saves)
        why = deed.withheld.removeprefix("would have stopped")
        text = f"{verdict.gate} would have stopped the run{place_words(verdict.place)}"
        self._runs.event(subject, "gate", f"{text}{': ' + saved if saved else ''}{why}", at=now.unix)

    def _offer(self, run: RunRow, gate: Gate, deeds: Sequence[Deed], now: Clock) -> None:
        """Say which remedies there are, where none is tried by the gate itself."""
        if any(deed.action == "relaunch" and not deed.withheld for deed in deeds):
            return
        for remedy in answers_to(run.spec, gate.id, gate.remedy):
            if is_literal(remedy):
                self._relauncher.offer(run, remedy, "", now)
            else:
                text = f"advice {remedy.id}: {remedy.text or remedy.quote}"
                self._runs.event(run.name, "remedy", text, at=now.unix)

    # ---------------------------------------------------------------- carrying out

    def _carry_out(self, subject: str, gates: Mapping[str, Gate], now: Clock) -> None:
        for one in self._actions.to_do(subject):
            run = self._runs.get(subject)
            if one.action == "relaunch":
                self._relaunch(run, one, gates, now)
                continue
            outcome, is_done = self._do_outside(subject, run, one, now)
            reach(f"did {one.action}")
            with atomic(self._db):
                self._actions.close(one.id, outcome, is_done=is_done)

    def _do_outside(self, subject: str, run: RunRow | None, one: Open, now: Clock) -> Done:
        if one.action == "notify":  # decided by a trainui that told people outside of the transaction
            return self._told(subject, one.verdict, now), True
        reason, stopped = f"gate {one.verdict.gate}", f"stopped{place_words(one.verdict.place)}"
        if run is None or run.status not in LIVE:
            was_told = one.action == "stop" and self._runs.stop_reason(subject) == reason  # by who died then
            return (stopped, True) if was_told else ("it had ended", False)
        if one.action == "stop":
            self._reach.stop(run, reason, now)
            return stopped, True
        if one.action == "checkpoint":
            if run.status is Status.RUNNING and self._reach.save(run):
                with atomic(self._db):
                    text = f"asked for by gate {one.verdict.gate}"
                    self._runs.event(run.name, "checkpoint", text, at=now.unix)
                return "asked for", True
            if self._actions.told_of(one.verdict, subject):
                return "it could not be asked", False
            return f"it could not be asked; {self._told(subject, one.verdict, now)}", True
        return f"this trainui does not know {one.action}", False

    def _told(self, subject: str, verdict: Reached, now: Clock) -> str:
        with atomic(self._db):
            return self._notify(subject, verdict, None, now)

    def _notify(self, subject: str, verdict: Reached, gate: Gate | None, now: Clock) -> str:
        """Have people told of a verdict, once; how. Call inside a transaction."""
        text = verdict_words(subject, verdict)
        self._news.of_gate(subject, verdict, gate, now)
        if not self._runs.was_told(subject, "notify", text):
            self._runs.event(subject, "notify", text, at=now.unix)
        channels = self._accounts.config.notify.channels
        return f"handed on to {' and '.join(channels)}" if channels else f"shown in the dashboard; {NOBODY}"

    def _relaunch(self, run: RunRow | None, one: Open, gates: Mapping[str, Gate], now: Clock) -> None:
        """Queue the next try once the run has ended; while it lives, that waits."""
        if run is None or run.status is not Status.ENDED:
            return
        gate = gates.get(one.verdict.gate)
        reach("relaunching")
        with atomic(self._db):
            kept = ""
            if gate is not None and "checkpoint:previous" in gate.actions.get(one.verdict.state, ()):
                kept = checkpoint_before(self._db, run.name, one.verdict.place.step)[0]
            named = gate.remedy if gate else ()
            outcome, is_done = self._relauncher.relaunch(run, one.verdict.gate, named, now, kept)
            self._actions.close(one.id, outcome, is_done=is_done)
            if not is_done:
                what = outcome.partition(":")[0] if outcome.startswith("would") else outcome
                did = "stopped, " if self._runs.stop_reason(run.name) == f"gate {one.verdict.gate}" else ""
                self._actions.sum_up(run.name, one.verdict.gate, did + what, None)
