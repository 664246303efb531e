"""The queue: which runs start now, and launching them.

Launching may be repeated for one run, by this manager or the next: the job is started once.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import msgspec

from trainui.core import telemetry
from trainui.core.complaints import complaints
from trainui.core.engines.local import LocalEngine
from trainui.core.errors import LaunchError
from trainui.core.gates import State
from trainui.core.launching import order_for, prepare_directory
from trainui.core.lives import Lives
from trainui.core.project import manager_argv
from trainui.core.run import Result, Status
from trainui.core.schedule import Holding, Waiting, choose
from trainui.core.store.runs import RunRow, RunWriter, live_of
from trainui.core.store.schema import atomic
from trainui.core.treasury import Clock, Treasury

AFTER = "after "
"""Marks, among what a run needs, a job that has only to be over."""


class Queue:
    """The runs that wait."""

    def __init__(
        self, db: sqlite3.Connection, db_path: Path, *, engine: LocalEngine, lives: Lives, treasury: Treasury
    ) -> None:
        self._db = db
        self._db_path = db_path
        self._runs = RunWriter(db)
        self._engine = engine
        self._lives = lives
        self._treasury = treasury
        self.gpus = {gpu.uuid: gpu.memory_total / 2**30 for gpu in telemetry.gpus_here()[0]}

    def start_queued(self, now: Clock) -> int:
        """Start what may start, and say of the others what they wait for; how many were started."""
        runs = self._runs.open_runs()
        queued = [run for run in runs if run.status is Status.QUEUED]
        if not queued:
            return 0
        starts, reasons = choose(
            [_waiting(run) for run in queued],
            [_holding(run) for run in live_of(runs)],
            slots=self._slots(),
            gpu_memory_gib=self.gpus,
            needs=self._needs(queued),
            money=self._treasury.can_start(min(run.spec.job.grace_seconds for run in queued)),
        )
        by_name = {run.name: run for run in queued}
        for start in starts:
            run = by_name[start.run]
            with atomic(self._db):
                run = self._runs.move(
                    run, Status.STARTING, "starting", at=now.unix,
                    gpus=msgspec.json.encode(start.gpus).decode(), waits_for="", boot_id=now.boot_id,
                )  # fmt: skip
            with complaints(run.name):
                self.submit(run, now)
        for name, reason in reasons.items():
            if by_name[name].waits_for != reason:
                with atomic(self._db):
                    self._runs.change(name, waits_for=reason)
        return len(starts)

    def submit(self, run: RunRow, now: Clock) -> None:
        """Launch a starting run. May be said twice of one run: it is launched once."""
        parent = self._runs.last_checkpoint(run.parent) if run.parent else ""
        order = order_for(
            run,
            db=self._db_path,
            last_checkpoint=parent,
            manager_argv=manager_argv(self._db_path, run.project),
        )
        allowance = self._treasury.allowance(run, now)
        try:
            prepare_directory(run, order)
            with atomic(self._db):
                self._treasury.note_allowance(run.name, allowance)
            self._engine.submit(order, allowance)
            with atomic(self._db):
                self._runs.change(run.name, was_launched=1)
        except LaunchError as error:
            with atomic(self._db):
                self._lives.end(run, Result.FAILED, str(error), now)
            return

    def _slots(self) -> int:
        given = self._treasury.slots
        if given is not None:
            return given
        cores = os.cpu_count() or 1
        return max(4, cores) if not self.gpus else max(4, cores, len(self.gpus))

    def _needs(self, queued: Sequence[RunRow]) -> dict[str, str]:
        """What each job that somebody waits for keeps them waiting with; `after` jobs are marked with a prefix."""
        needs = {job: self._unmet(job) for run in queued for job in run.spec.job.needs}
        return needs | {AFTER + job: self._not_over(job) for run in queued for job in run.spec.job.after}

    def _not_over(self, job: str) -> str:
        """Why a run that comes after `job` must wait; '' when its newest run ended."""
        newest = self._runs.newest_of(job)
        if newest is None:
            return f"{job} (no run yet)"
        return "" if newest.status is Status.ENDED else newest.name

    def _unmet(self, job: str) -> str:
        """Why a run that needs `job` must wait; '' when the newest run finished and its criteria passed."""
        newest = self._runs.newest_of(job)
        if newest is None:
            return f"{job} (no run yet)"
        if newest.status is not Status.ENDED:
            return newest.name
        if newest.result is not Result.FINISHED:
            return f"{job} ({newest.name} {newest.result})"
        unmet = [gate for gate, verdict in self._runs.criteria(newest.name) if verdict != State.PASSED]
        return f"{job} ({newest.name} did not pass {', '.join(unmet)})" if unmet else ""


def _waiting(run: RunRow) -> Waiting:
    resources = run.spec.resources
    return Waiting(
        run=run.name,
        gpus=resources.gpus,
        share=resources.share,
        memory_gib=resources.memory_gib,
        needs=(*run.spec.job.needs, *(AFTER + job for job in run.spec.job.after)),
    )


def _holding(run: RunRow) -> Holding:
    resources = run.spec.resources
    return Holding(run=run.name, gpus=run.gpus, share=resources.share, memory_gib=resources.memory_gib)
