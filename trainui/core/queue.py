"""The queue: which runs start now, and launching them.

Launching may be repeated for one run, by this manager or the next: the job is started once.
"""

from __future__ import annotations

import math
import os
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from fnmatch import fnmatchcase
from pathlib import Path

import msgspec

from trainui.core.clock import Clock
from trainui.core.complaints import complaints
from trainui.core.engines.local import LocalEngine
from trainui.core.errors import LaunchError
from trainui.core.folder import manager_argv
from trainui.core.gates import State
from trainui.core.launching import order_for, prepare_directory
from trainui.core.lives import Lives
from trainui.core.metering import Metering
from trainui.core.preflight import Preflight
from trainui.core.process.order import Allowance
from trainui.core.run import Result, Status
from trainui.core.schedule import Gpu, Holding, Room, Waiting, choose
from trainui.core.store.blocks import Block, blocks
from trainui.core.store.intents import beginning_of, coming, environment_of
from trainui.core.store.lineage import learnt_gpu_memory, newest_checkpoint
from trainui.core.store.money import Ledger
from trainui.core.store.runs import RunRow, RunWriter, live_of
from trainui.core.store.schema import atomic
from trainui.core.treasury.purse import Purse

AFTER = "after "
"""Marks, among what a run needs, a job that has only to be over."""


LEARNT_MARGIN = 1.1
"""What a run needs is taken to be this much more than runs of its job have shown."""
GIB = 2**30


class Queue:
    """The runs that wait."""

    def __init__(
        self,
        db: sqlite3.Connection,
        db_path: Path,
        *,
        engine: LocalEngine,
        lives: Lives,
        purse: Purse,
        closed: Callable[[Clock], str],
        slots: Callable[[], int | None],
        metering: Metering,
    ) -> None:
        """`closed`: why no run at all may start, '' when the budget allows it."""
        self._db = db
        self._db_path = db_path
        self._runs = RunWriter(db)
        self._engine = engine
        self._lives = lives
        self._purse = purse
        self._closed = closed
        self._slots = slots
        self._metering = metering
        self._gpu_trouble = ""
        self._blocks: list[Block] = []
        self._preflight = Preflight()

    def start_queued(self, now: Clock) -> int:
        """Start what may start, and say of the others what they wait for; how many were started."""
        runs = self._runs.open_runs()
        queued = sorted((run for run in runs if run.status is Status.QUEUED), key=lambda run: run.queue_key)
        if not queued:
            return 0
        live = live_of(runs)
        if any(run.spec.resources.gpus or run.spec.resources.ram_gib for run in queued):
            with complaints("telemetry"):
                self._metering.look(live, now)
            self._remember_gpus(now)
        self._blocks = blocks(self._db)
        open_names = {run.name for run in runs}
        waiting: list[Waiting] = []
        closed = self._closed(now)
        for run in queued:
            with complaints(run.name):  # what is wrong with one does not hold up the others
                why_not = "" if closed else self._purse.why_not(run, now)
                if run.parent in open_names:  # it was asked to stop, and the next try of it waits here
                    why_not = f"{run.parent}, after which it comes"
                waiting.append(self._waiting(run, now, why_not))
        starts, reasons = choose(
            waiting,
            [self._holding(run) for run in live],
            room=self._room(),
            needs=self._needs(queued),
            money=closed,
        )
        by_name = {run.name: run for run in queued}
        for start in starts:
            run = by_name[start.run]
            with atomic(self._db):
                run = self._runs.move(
                    run, Status.STARTING, "starting", at=now.unix,
                    gpus=msgspec.json.encode(start.gpus).decode(), waits_for="", boot_id=now.boot_id,
                )  # fmt: skip
                if run.spec.resources.gpus and not start.gpus:
                    machine = self._metering.machine
                    why = machine.no_gpu_reason if machine else ""
                    self._runs.event(
                        run.name, "queue", f"starts without the GPU it asks for: {why}", at=now.unix
                    )
            with complaints(run.name):
                self.submit(run, now)
        for name, reason in reasons.items():
            if by_name[name].waits_for != reason:
                with atomic(self._db):
                    self._runs.change(name, waits_for=reason)
        return len(starts)

    def submit(self, run: RunRow, now: Clock) -> None:
        """Launch a starting run. May be said twice of one run: it is launched once."""
        begins = beginning_of(self._db, run.name)
        if begins is None:
            saved = newest_checkpoint(self._db, run.parent) if run.parent else None
            begins = saved[0] if saved else ""
        order = order_for(
            run,
            db=self._db_path,
            last_checkpoint=begins,
            manager_argv=manager_argv(self._db_path, run.project),
            env=environment_of(self._db, run.name) or os.environ,
        )
        allowance = self._purse.allowance(run, now)
        try:
            prepare_directory(run, order)
            self._lives.note_surroundings(run)
            with atomic(self._db):
                self._purse.note_allowance(run.name, allowance)
            if self._is_spent(run, allowance, now):
                # a keeper may be on its way: one that finds this stop never lets the job begin
                self._engine.stop(
                    run.directory, reason="budget", signal=run.spec.job.stop_signal, grace_seconds=0, now=True
                )
            self._engine.submit(order, allowance)
            with atomic(self._db):
                self._runs.change(run.name, was_launched=1)
        except LaunchError as error:
            with atomic(self._db):
                self._lives.end(run, Result.FAILED, str(error), now)
            return

    def _is_spent(self, run: RunRow, allowance: Allowance, now: Clock) -> bool:
        """Whether the money that was there when it was chosen is gone: its launch was delayed by a kill."""
        left = math.inf if allowance.until is None else allowance.until - now.boot
        return allowance.reason == "budget" and left <= run.spec.ending_seconds

    def _remember_gpus(self, now: Clock) -> None:
        """A machine that had GPUs since it was started has them still, whatever NVML says now."""
        machine = self._metering.machine
        ledger = Ledger(self._db)
        had = ledger.fact("gpus_seen") == now.boot_id
        if machine is not None and machine.gpus and not had:
            with atomic(self._db):
                ledger.set_fact("gpus_seen", now.boot_id)
        is_blind = had and (machine is None or not machine.gpus)
        self._gpu_trouble = (machine.no_gpu_reason if machine else "nobody could look") if is_blind else ""

    def _room(self) -> Room:
        """What the machine has, by the last look."""
        machine = self._metering.machine
        gpus = machine.gpus if machine else ()
        given = self._slots()
        cores = os.cpu_count() or 1
        return Room(
            slots=given if given is not None else max(4, cores, len(gpus)),
            cpus=max(4, cores) if given is None and not gpus else None,
            gpu_trouble=self._gpu_trouble,
            gpus={
                gpu.uuid: Gpu(total=gpu.memory_total / GIB, others=self._metering.others(gpu.uuid) / GIB)
                for gpu in gpus
            },
            ram_free_gib=(machine.memory_total - machine.memory_used) / GIB if machine else None,
        )

    def _memory_gib(self, run: RunRow) -> float | None:
        """GPU memory a run needs at its peak: as declared, or as runs of its job have shown."""
        declared = run.spec.resources.memory_gib
        if declared is not None or not run.spec.resources.gpus:
            return declared
        learnt = learnt_gpu_memory(self._db, run.job)
        return None if learnt is None else learnt * LEARNT_MARGIN / GIB

    def _waiting(self, run: RunRow, now: Clock, why_not: str) -> Waiting:
        """`why_not`: why there is no money for this run."""
        resources = run.spec.resources
        return Waiting(
            run=run.name,
            priority=run.priority,
            gpus=resources.gpus,
            share=resources.share,
            memory_gib=self._memory_gib(run),
            cpus=resources.cpus,
            ram_gib=resources.ram_gib,
            needs=(*run.spec.job.needs, *(AFTER + job for job in run.spec.job.after)),
            held=_held(run, now)
            or blocked(run.job, self._blocks)
            or self._preflight.why_held(run, now)
            or why_not,
        )

    def _holding(self, run: RunRow) -> Holding:
        resources = run.spec.resources
        used = self._metering.usage.get(run.name)
        return Holding(
            run=run.name,
            gpus=run.gpus,
            share=resources.share,
            memory_gib=self._memory_gib(run),
            cpus=resources.cpus,
            ram_gib=max(0.0, resources.ram_gib - (used.memory / GIB if used else 0)),
        )

    def _needs(self, queued: Sequence[RunRow]) -> dict[str, str]:
        """What each job that somebody waits for keeps them waiting with; `after` jobs are marked with a prefix."""
        if not any(run.spec.job.needs or run.spec.job.after for run in queued):
            return {}
        soon = coming(self._db)  # a next try is queued in the instant in which the last one failed
        needs = {job: self._unmet(job, soon) for run in queued for job in run.spec.job.needs}
        return needs | {
            AFTER + job: self._not_over(job, soon) for run in queued for job in run.spec.job.after
        }

    def _not_over(self, job: str, coming: Mapping[str, str]) -> str:
        """Why a run that comes after `job` must wait; '' when its newest run ended."""
        newest = self._runs.newest_of(job)
        if job in coming or newest is None:
            return coming.get(job, f"{job} (no run yet)")
        return "" if newest.status is Status.ENDED else newest.name

    def _unmet(self, job: str, coming: Mapping[str, str]) -> str:
        """Why a run that needs `job` must wait; '' when the newest run finished and its criteria passed."""
        newest = self._runs.newest_of(job)
        if job in coming or newest is None:
            return coming.get(job, f"{job} (no run yet)")
        if newest.status is not Status.ENDED:
            return newest.name
        if newest.result is not Result.FINISHED:
            return f"{job} ({newest.name} {newest.result})"
        unmet = [gate for gate, verdict in self._runs.criteria(newest.name) if verdict != State.PASSED]
        return f"{job} ({newest.name} did not pass {', '.join(unmet)})" if unmet else ""


def _held(run: RunRow, now: Clock) -> str:
    if run.held:
        return f"you: trainui release {run.name}"
    if run.start_after is not None and run.boot_id == now.boot_id and run.start_after > now.boot:
        at = datetime.fromtimestamp(now.unix + run.start_after - now.boot)
        return f"its next try at {at:%H:%M:%S}"
    return ""


def blocked(job: str, held: Sequence[Block]) -> str:
    """What gate holds `job` back, as what it waits for; '' when none does."""
    for one in held:
        if fnmatchcase(job, one.job):
            how = "--queue" if one.job == "*" else f"--job {one.job}"
            whose = one.subject.replace("study:", "study ")
            return f"gate {one.gate} of {whose}: {one.reason} (trainui release {how})"
    return ""
