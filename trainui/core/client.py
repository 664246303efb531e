"""What a front end can want: start, stop, retry, export. Intents in, values out; no manager needed to ask."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from trainui.core.errors import NotFoundError, TrainuiError, UserError
from trainui.core.export.summary import export_runs
from trainui.core.ingest.patterns import compile_patterns
from trainui.core.launching import why_it_cannot_start
from trainui.core.process.beat import manager_of
from trainui.core.process.identity import Identity
from trainui.core.project import JobFile, StudyFile, find_job, find_jobs, find_studies, load_config
from trainui.core.run import Status
from trainui.core.spec import ParamValue, Spec, resolve
from trainui.core.standby import ensure_manager, stop_manager
from trainui.core.store.intents import REFUSED, Desk
from trainui.core.store.read import Reader
from trainui.core.store.views import RunView

OURS = "TRAINUI_"
"""What names of ours in an environment begin with; a run has its own."""
MANAGER_ANSWERS_IN = 15.0
"""Seconds to wait for what became of an intent."""


@dataclass(frozen=True, kw_only=True, slots=True)
class JobInfo:
    """A job as a front end lists it."""

    name: str
    about: str
    study: str
    problem: str
    presets: tuple[str, ...]
    params: Mapping[str, ParamValue]
    path: Path


class Client:
    """Acts on one runs.db for a person or a script."""

    def __init__(self, project: Path, db: Path) -> None:
        self.project = project
        self.db = db

    def jobs(self) -> list[JobInfo]:
        """The jobs of the project, and what is wrong with each that cannot run."""
        return [
            JobInfo(
                name=job.name,
                about=job.spec.job.about if job.spec else "",
                study=job.spec.job.study if job.spec else "",
                problem=job.problem or _why_not(job, self.project),
                presets=tuple(job.spec.presets) if job.spec else (),
                params=job.spec.params if job.spec else {},
                path=job.path,
            )
            for job in find_jobs(self.project)
        ]

    def studies(self) -> list[StudyFile]:
        """The files of studies of the project, and what is wrong with each that cannot be judged."""
        return find_studies(self.project)

    def start(
        self,
        job: str,
        *,
        params: Mapping[str, str] | None = None,
        preset: str = "",
        armed: bool = False,
        held: bool = False,
        priority: int = 0,
    ) -> str:
        """Queue a run and return its name; it is on disk before this returns."""
        return self.start_all([job], params=params, preset=preset, armed=armed, held=held, priority=priority)[
            0
        ]

    def start_all(
        self,
        jobs: Sequence[str],
        *,
        params: Mapping[str, str] | None = None,
        preset: str = "",
        armed: bool = False,
        held: bool = False,
        priority: int = 0,
    ) -> list[str]:
        """Queue one run per job, or none when one of them is wrong. A held run waits to be released."""
        specs = [resolve(find_job(self.project, job), preset=preset, overrides=params) for job in jobs]
        load_config(self.project)
        for spec in specs:
            compile_patterns(spec.metrics.pattern)
        names = self._queue([(spec, None) for spec in specs], armed=armed, held=held, priority=priority)
        self.ensure_manager()
        return names

    def retry(self, run: str, *, params: Mapping[str, str] | None = None, remedy: str = "") -> str:
        """Queue a new run with `run` as its parent; it resumes from the parent's last checkpoint if it can."""
        return self.retry_from(run, params=params, remedy=remedy)[0]

    def retry_from(
        self, run: str, *, params: Mapping[str, str] | None = None, remedy: str = ""
    ) -> tuple[str, str]:
        """As `retry`; (the new run's name, where it starts and why there)."""
        reader = Reader(self.db)
        view = reader.run(run)
        if view.status is not Status.ENDED:
            raise UserError(f"{run} {view.status.told}; only a run that has ended can be tried again")
        spec = reader.spec(run)
        saved = reader.newest_checkpoint(run)
        reader.close()
        if not spec.job.resume:
            start = "from the beginning: the spec has no resume = [...]"
        elif saved is None:
            start = f"from the beginning: {run} told of no checkpoint that is still there"
        else:
            start = f"from {saved[0]} of {saved[1]}"
        if remedy:
            spec = _with_remedy(spec, remedy)
        names = self._queue(
            [(resolve(spec, overrides=params), run)], armed=view.armed, priority=view.priority
        )
        self.ensure_manager()
        return names[0], start

    def _queue(
        self, specs: Sequence[tuple[Spec, str | None]], *, armed: bool, held: bool = False, priority: int = 0
    ) -> list[str]:
        """Queue them all, or none: when one cannot start, or cannot be written down."""
        for spec, _ in specs:
            reason, hint = why_it_cannot_start(spec, self.project)
            if reason:
                raise UserError(f"job {spec.job.name!r} cannot start: {reason}", hint=hint)
        payloads = [
            {
                "job": spec.job.name,
                "study": spec.job.study or spec.job.name,
                "spec": spec.to_json(),
                "project": str(self.project),
                "armed": armed or spec.job.arm,
                "parent": parent,
                "held": held,
                "priority": priority,
                "env": {key: value for key, value in os.environ.items() if not key.startswith(OURS)},
            }
            for spec, parent in specs
        ]
        desk = Desk(self.db)
        try:
            return desk.start_all(payloads)
        finally:
            desk.close()

    def stop(self, run: str, *, now: bool = False) -> None:
        """Ask for a run to stop: its signal, its grace, then SIGKILL; `now` leaves out the grace."""
        view = self._view(run)
        if view.status is Status.ENDED:
            raise UserError(f"{run} has ended already ({view.result})")
        self._ask("stop", run, now=now)

    def pause(self, run: str) -> None:
        """Ask for every process of a run to stand still. It keeps its memory, its GPUs and its cost."""
        view = self._view(run)
        if view.status is not Status.RUNNING:
            raise UserError(f"{run} {view.status.told}; only a running run can be paused")
        self._ask("pause", run)

    def resume(self, run: str) -> None:
        """Ask for a paused run to go on."""
        view = self._view(run)
        if view.status is not Status.PAUSED:
            raise UserError(f"{run} {view.status.told}; only a paused run can go on")
        self._ask("resume", run)

    def hold(self, run: str) -> None:
        """Keep a queued run from starting until it is released. Raises UserError when it is not queued."""
        self._ask_and_hear("hold", run)

    def release(self, run: str) -> None:
        """Let a held run start, or one that pauses before its next try start at once. Raises UserError."""
        self._ask_and_hear("release", run)

    def edit(
        self, run: str, *, params: Mapping[str, str] | None = None, priority: int | None = None, to: str = ""
    ) -> None:
        """Change a queued run: its params, its priority, its place (`first`, `last`, `before RUN`).

        Raises UserError when it is not queued, or when one change is wrong: then none is made.
        """
        view = self._view(run)
        if params and view.status is Status.QUEUED:
            reader = Reader(self.db)
            resolve(reader.spec(run), overrides=params)
            reader.close()
        payload = {"params": dict(params or {}), "priority": priority, "to": to}
        self._ask_and_hear("edit", run, **{key: value for key, value in payload.items() if value is not None})

    def checkpoint(self, run: str) -> None:
        """Ask a running run to save now, as its spec says how. Raises UserError when it does not say."""
        reader = Reader(self.db)
        job = reader.spec(run).job
        reader.close()
        if not job.checkpoint_signal and not job.checkpoint_file:
            hint = f"checkpoint_signal or checkpoint_file in the [job] of {job.name}"
            raise UserError(f"{run} does not say how it is asked for a checkpoint", hint=hint)
        self._ask_and_hear("checkpoint", run)

    def _view(self, run: str) -> RunView:
        reader = Reader(self.db)
        try:
            return reader.run(run)
        finally:
            reader.close()

    def _ask(self, verb: str, run: str, **payload: object) -> int:
        desk = Desk(self.db)
        intent = desk.add(verb, run, payload)
        desk.close()
        self.ensure_manager()
        return intent

    def _ask_and_hear(self, verb: str, run: str, **payload: object) -> None:
        """Ask, and wait until the manager has said yes or no. Raises UserError when it said no."""
        self._view(run)
        intent = self._ask(verb, run, **payload)
        desk = Desk(self.db)
        deadline = time.monotonic() + MANAGER_ANSWERS_IN
        while (outcome := desk.outcome(intent)) is None and time.monotonic() < deadline:
            time.sleep(0.02)
        desk.close()
        if outcome is None:
            raise TrainuiError(
                f"the manager has not answered; {verb} of {run} is queued", hint="trainui doctor"
            )
        if outcome.startswith(REFUSED):
            raise UserError(f"{verb} {run}: {outcome.removeprefix(REFUSED)}")

    def export(
        self,
        runs: Sequence[str],
        *,
        study: str = "",
        to: Path,
        formats: Sequence[str] = ("md", "json", "png"),
    ) -> Path:
        """Write a summary of runs, or of a whole study, and return the folder."""
        return export_runs(self.db, runs, study=study, to=to, formats=formats)

    def manager(self) -> Identity | None:
        """The manager that is alive, if one is."""
        return manager_of(str(self.db))

    def ensure_manager(self) -> None:
        """Start a manager unless one is alive and moves. Raises TrainuiError when it does not come up."""
        ensure_manager(self.db, self.project)

    def stop_manager(self) -> str:
        """End the manager when nothing is live; returns what was done. Raises UserError when runs are live."""
        return stop_manager(self.db)


def _why_not(job: JobFile, project: Path) -> str:
    """What keeps a job whose spec is right from starting; '' when nothing is known."""
    reason, hint = why_it_cannot_start(job.spec, project) if job.spec else ("", "")
    return f"{job.path.relative_to(project)}: {reason}{f' ({hint})' if hint else ''}" if reason else ""


def _with_remedy(spec: Spec, remedy: str) -> Spec:
    import msgspec

    for one in spec.remedy:
        if one.id == remedy:
            return msgspec.structs.replace(spec, params={**spec.params, **one.set})
    known = ", ".join(one.id for one in spec.remedy) or "none"
    raise NotFoundError(f"job {spec.job.name!r} has no remedy {remedy!r}", hint=f"known: {known}")
