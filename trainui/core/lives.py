"""The turn of one live run: read it, judge it, act on its gates, note its death.

Every change of its life and the event that tells it commit together; what must be done to the process is
done after the commit, and done again by the next manager if this one dies in between.
"""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterator

from trainui.core.acting.actor import Acting, Reach
from trainui.core.clock import Clock
from trainui.core.complaints import PASSING, complaints
from trainui.core.death import Death
from trainui.core.endings import Endings
from trainui.core.engines.local import LocalEngine, Observation, Phase
from trainui.core.errors import TrainuiError
from trainui.core.following import BEFORE, stamp
from trainui.core.gates import Gate
from trainui.core.judging.remembered import Judging
from trainui.core.launching import checkpoint_file
from trainui.core.metering import Metering
from trainui.core.meters import Meters
from trainui.core.process.files import write_json
from trainui.core.run import Result, Status
from trainui.core.store.runs import RunRow, RunWriter
from trainui.core.store.schema import atomic
from trainui.core.store.streams import StreamWriter
from trainui.core.surroundings import Owner, Surroundings, files_before, named_by
from trainui.core.telemetry import hung_reason, is_hung, silent_but_busy
from trainui.core.treasury.accounts import Accounts
from trainui.core.watching import Watch, by_id

OVERDUE = 1.0
"""Seconds after SIGKILL was due at which a pair is poked again."""
STEADY = 1.0
"""Seconds a run of which nothing changes is left alone: a pair that was killed changes nothing."""


class Lives:
    """The live runs of one runs.db."""

    def __init__(
        self,
        db: sqlite3.Connection,
        engine: LocalEngine,
        accounts: Accounts,
        metering: Metering,
        *,
        tries_again: bool = True,
        looks_around: bool = True,
    ) -> None:
        """`tries_again`: whether what dies may queue the next of its line, and gates act. `looks_around`: whether a
        run may have streams outside its directory that its directory does not tell of."""
        self._looks_around = looks_around
        self._db = db
        self._runs = RunWriter(db)
        self._streams = StreamWriter(db)
        self._engine = engine
        self._metering = metering
        self._meters = Meters(db, metering)
        self._endings = Endings(db, accounts, tries_again=tries_again)
        reach = Reach(stop=self.stop, save=self.request_checkpoint, left=self._meters.eta)
        self.acting = Acting(db, accounts, reach, acts=tries_again)
        self._watches: dict[str, Watch] = {}
        self._surroundings = Surroundings()
        self._silent: set[str] = set()
        self._looked: dict[str, tuple[tuple[int, ...], float]] = {}
        """Run → the stamp it had when it was last looked at, and when that was."""

    def eta(self, run: RunRow, now: Clock) -> float | None:
        """Seconds a live run has to go; None when nobody knows."""
        return self._meters.eta(run, now)

    def take_in(self, run: RunRow) -> None:
        """Write a new run's gates down. Call inside a transaction."""
        Watch(self._db, run, self._streams).register_gates()

    def woke(self, run: RunRow, now: Clock) -> None:
        """A paused run goes on: its silence begins anew."""
        self._watch(run).awake_since = now.unix
        self._metering.woke(run.name, now)

    def is_quiet(self, run: RunRow, now: Clock) -> bool:
        """Whether nothing of a run has changed since it was looked at, and that was a moment ago."""
        seen, at = self._looked.get(run.name, ((), 0.0))
        is_steady = run.status in (Status.RUNNING, Status.PAUSED) and now.boot - at < STEADY
        return is_steady and bool(seen) and seen == stamp(run.directory)

    def look_for(self, run: RunRow, now: Clock) -> None:
        """Its run directory is gone: while anything of it lives it is live, and a stop is SIGKILL."""
        if not self._engine.has_strays(run.directory, kill=run.status is Status.STOPPING):
            self._endings.lose(run, self._watch(run), "its run directory was deleted", now)
            self._forget(run)

    def look_at(self, run: RunRow, seen: Observation, now: Clock) -> None:
        """Read what a live run wrote, act on its gates, and see whether it still lives."""
        before = stamp(run.directory)
        if not seen.is_kept:
            self._engine.attend(run.directory)  # its deadlines and stops hold again; an unknown exit stays so
        run = self._note_life(run, seen, now)
        has_ended = seen.phase in (Phase.EXITED, Phase.LOST)
        try:
            known = self._watches.get(run.name)
            watch = self._watch(run)
            watch.find(self._elsewhere(run, now, final=has_ended), now=now.unix, final=has_ended)
            if run.status is Status.STOPPING:
                watch.told_to_stop(run.stop_reason, now=now.unix)
            has_news = bool(watch.read(now=now.unix, final=has_ended)) or watch is not known
        except (sqlite3.Error, TrainuiError, OSError):
            self._watches.pop(run.name, None)
            self._streams.forget()
            raise
        if seen.is_saving and watch.saved_at is not None:
            self._engine.saved(run.directory, at=watch.saved_at)  # what the stop waits for
        if has_news and not has_ended:
            self._act(run, now)
        is_over_soon = seen.phase is not Phase.RUNNING  # no file tells when the last of it is gone
        self._looked[run.name] = ((), 0.0) if watch.is_behind or is_over_soon else (before, now.boot)
        if has_ended:
            self._endings.bury(run, watch, seen, now, lambda row, then: self._meters.of(row, watch, then))
            self._forget(run)

    def _elsewhere(self, run: RunRow, now: Clock, *, final: bool) -> Iterator[str]:
        """Files outside its directory that a run writes, absolute paths."""
        if not self._looks_around:
            return
        yield from self._metering.opened.get(run.name, ())
        seen = self._metering.pids
        owner = Owner(
            since=run.started_at or run.queued_at,
            until=now.unix if final else math.inf,
            pids={*seen.get(run.name, ()), *([run.pid] if run.pid else ())},
            strangers=set().union(self._company(run), *(seen[one] for one in seen if one != run.name)),
            named=named_by(run.spec, run.project),
            is_alone=not self._runs.has_company(run),
        )
        yield from self._surroundings.files(run.project, owner, now=now.unix, final=final)

    def _company(self, run: RunRow) -> set[int]:
        """The jobs of the runs that lived at the same time; of one that was not looked at yet, its directory knows."""
        found = set()
        for directory, pid in self._runs.company(run):
            job = None if pid else self._engine.processes(directory)[0]
            found |= {pid} if pid else {job.pid} if job else set()
        return found

    def note_surroundings(self, run: RunRow) -> None:
        """Write down, before its job begins, how long the files are that a run may add to."""
        if not (run.directory / BEFORE).exists():
            named = run.spec.files(run=run.name, run_dir=run.directory)
            write_json(run.directory / BEFORE, {"files": files_before(run.project, named)})

    def _forget(self, run: RunRow) -> None:
        """It has ended: what its gates ask for at last is done when this is committed."""
        watch = self._watches.pop(run.name, None)
        self.acting.due[run.name] = watch.gates if watch else None
        self._looked.pop(run.name, None)
        self._silent.discard(run.name)
        self._streams.forget(run.name)

    def _watch(self, run: RunRow) -> Watch:
        if run.name not in self._watches or self._watches[run.name].is_stale:
            self._watches[run.name] = Watch(self._db, run, self._streams)
        return self._watches[run.name]

    def _note_life(self, run: RunRow, seen: Observation, now: Clock) -> RunRow:
        """Record that the job runs, and when a stopping one will be killed."""
        if seen.started_boot is not None and run.started_boot is None:
            started_at = now.unix - (now.boot - seen.started_boot)
            with atomic(self._db):
                self._runs.change(
                    run.name,
                    started_boot=seen.started_boot,
                    started_at=started_at,
                    boot_id=now.boot_id,
                    pid=seen.pid,
                )
                if run.status is Status.STARTING:
                    return self._runs.move(run, Status.RUNNING, f"running, pid {seen.pid}", at=started_at)
        if run.status is Status.STOPPING:
            if seen.stop_deadline is None and seen.phase is Phase.RUNNING:
                self._request_stop(run, at_once=False)  # the wish was committed, its delivery was not
            elif seen.stop_deadline is not None:
                if now.boot > seen.stop_deadline + OVERDUE and seen.phase is Phase.RUNNING:
                    self._engine.remind(run.directory)
                self._tell_deadline(run, now.unix + seen.stop_deadline - now.boot)
        elif (
            seen.stop_deadline is not None
            and seen.phase is Phase.RUNNING
            and run.status is not Status.STARTING
        ):
            with atomic(self._db):
                return self._runs.move(run, Status.STOPPING, "stopping: its allowance ran out", at=now.unix)
        return run

    def _tell_deadline(self, run: RunRow, stop_at: float) -> None:
        """Write when SIGKILL will fall, unless it stands there already (the two clocks differ by a hair)."""
        if run.stop_at is None or abs(run.stop_at - stop_at) > 0.5:
            with atomic(self._db):
                self._runs.change(run.name, stop_at=stop_at)

    def catch_up(self, now: Clock) -> None:
        """Act on the last words of runs that ended, also those that a manager left that died."""
        for name, gates in list(self.acting.due.items()):
            with complaints(name):
                del self.acting.due[name]
                run = self._runs.get(name)
                try:
                    if run is not None and run.status is Status.ENDED:
                        self.acting.act_on_run(run, gates or self._gates_of(run), now)
                except PASSING:
                    self.acting.due[name] = gates
                    raise

    def _gates_of(self, run: RunRow) -> dict[str, Gate]:
        """The gates of a run that ended under a manager that died, and the detectors that had left ok."""
        return by_id(Judging(self._db, run, count=lambda: self._streams.points(run.name)).all_gates())

    def answer(self, run: RunRow, gate: str, yes: bool, *, who: str, note: str, now: Clock) -> None:
        """Take a person's answer to a question of a run, also of one that has ended. Raises as the judge does."""
        if run.status is not Status.ENDED:
            self._watch(run).answer(gate, yes, who=who, note=note, now=now.unix)
            self._act(run, now)
            return
        judging = Judging(self._db, run, count=lambda: self._streams.points(run.name))
        judging.close(at=now.unix)
        judging.answer(gate, yes, who=who, note=note, now=now.unix)
        self.acting.act_on_run(run, by_id(judging.all_gates()), now)

    def _act(self, run: RunRow, now: Clock) -> None:
        self.acting.act_on_run(run, self._watch(run).gates, now)

    def judge_meters(self, run: RunRow, now: Clock) -> None:
        """Judge what is measured of the run rather than by it: hours, dollars, silence, how long it will take."""
        watch = self._watch(run)
        if watch.meters(self._meters.of(run, watch, now), now=now.unix):
            self._act(run, now)
        if run.status is Status.RUNNING:
            self._see_silence(run, watch.silent_seconds(now.unix), now)

    def _see_silence(self, run: RunRow, silent: float, now: Clock) -> None:
        """Stop a run that hangs, and say once of one that is only silent why it is left alone."""
        limit = run.spec.limits.silent_minutes
        idle = self._metering.idle_seconds(run.name, now)
        if limit is not None and is_hung(silent, idle, limit):
            self.stop(run, hung_reason(limit), now)
            return
        text = silent_but_busy(silent, idle, limit, self._metering.usage.get(run.name))
        if text and run.name not in self._silent:
            with atomic(self._db):
                self._runs.event(run.name, "limit", text, at=now.unix)
        (self._silent.add if text else self._silent.discard)(run.name)

    def stop(self, run: RunRow, reason: str, now: Clock, *, at_once: bool = False) -> None:
        """Ask a live run to stop; the pair that guards it carries the rest, with or without us."""
        if run.status is not Status.STOPPING:
            with atomic(self._db):
                run = self._runs.move(
                    run, Status.STOPPING, f"stopping: {reason}", at=now.unix, stop_reason=reason
                )
                if run.spec.checkpoint_seconds and not at_once:
                    self._runs.event(run.name, "checkpoint", "asked for before the stop", at=now.unix)
        elif reason == "user" and run.stop_reason != reason:
            with atomic(self._db):
                self._runs.change(run.name, stop_reason=reason)  # it is not tried again then
                self._runs.event(run.name, "status", "stopping: user, too", at=now.unix)
        self._request_stop(run, at_once=at_once)

    def _request_stop(self, run: RunRow, *, at_once: bool) -> None:
        job = run.spec.job
        self._engine.stop(
            run.directory,
            reason=run.stop_reason or "user",
            signal=job.stop_signal,
            grace_seconds=job.grace_seconds,
            checkpoint_seconds=run.spec.checkpoint_seconds,
            now=at_once,
        )

    def request_checkpoint(self, run: RunRow) -> bool:
        """Ask a running job to save, as its spec says how; False when nothing of that reached it."""
        signal, file = run.spec.job.checkpoint_signal, checkpoint_file(run)
        return self._engine.request_checkpoint(run.directory, signal=signal, file=file)

    def end(self, run: RunRow, result: Result, cause: str, now: Clock) -> None:
        """End a run that left no exit record. Call inside a transaction."""
        self._endings.end(run, self._watch(run), Death(result=result, cause=cause), now)
        self._forget(run)
