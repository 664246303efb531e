"""What a front end can want: start, stop, retry, export. Intents in, values out; no manager needed to ask."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from trainui.core.asking import Asking
from trainui.core.config import load_config
from trainui.core.costing import StartForecast, before_starts
from trainui.core.errors import UserError
from trainui.core.ingest.patterns import compile_patterns
from trainui.core.launching import start_payload, why_it_cannot_start
from trainui.core.process.beat import manager_of
from trainui.core.process.identity import Identity
from trainui.core.project import JobFile, StudyFile, find_job, find_jobs, find_studies
from trainui.core.retrying import RetryChoices, beginning_for, retry_choices
from trainui.core.run import Status
from trainui.core.spec import ParamValue, Spec, resolve
from trainui.core.spec.remedies import MARK, find_remedy, remedied
from trainui.core.spec.study import Study
from trainui.core.standby import stop_manager
from trainui.core.store.intents import Desk
from trainui.core.store.read import Reader

OURS = "TRAINUI_"
"""What names of ours in an environment begin with; a run has its own."""


@dataclass(frozen=True, kw_only=True, slots=True)
class JobInfo:
    """A job as a front end lists it."""

    name: str
    about: str
    study: str
    problem: str
    presets: tuple[str, ...]
    params: Mapping[str, ParamValue]
    preset_params: Mapping[str, Mapping[str, ParamValue]]
    """Preset → what it sets."""
    path: Path


class Client(Asking):
    """Acts on one runs.db for a person or a script."""

    def jobs(self) -> list[JobInfo]:
        """The jobs of the project, and what is wrong with each that cannot run."""
        jobs = find_jobs(self.project)
        studies = [one for file in find_studies(self.project, jobs) for one in file.studies]
        return [
            JobInfo(
                name=job.name,
                about=job.spec.job.about if job.spec else "",
                study=_study_of(job, studies),
                problem=job.problem or _why_not(job, self.project),
                presets=tuple(job.spec.presets) if job.spec else (),
                params=job.spec.params if job.spec else {},
                preset_params=job.spec.presets if job.spec else {},
                path=job.path,
            )
            for job in jobs
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
        specs = self._resolved(jobs, params=params, preset=preset)
        load_config(self.project)
        names = self._queue([(spec, {}) for spec in specs], armed=armed, held=held, priority=priority)
        self.ensure_manager()
        return names

    def foresee(
        self,
        jobs: Sequence[str],
        *,
        params: Mapping[str, str] | None = None,
        preset: str = "",
        priority: int = 0,
    ) -> list[StartForecast]:
        """What one run per job would cost, and whether it fits; nothing is queued. Raises what `start_all` does."""
        specs = self._resolved(jobs, params=params, preset=preset)
        for spec in specs:
            self._check(spec)
        reader = Reader(self.db) if self.db.exists() else None
        try:
            return before_starts(reader, specs, config=load_config(self.project), priority=priority)
        finally:
            if reader is not None:
                reader.close()

    def _resolved(self, jobs: Sequence[str], *, params: Mapping[str, str] | None, preset: str) -> list[Spec]:
        specs = [resolve(find_job(self.project, job), preset=preset, overrides=params) for job in jobs]
        for spec in specs:
            compile_patterns(spec.metrics.pattern)
        return specs

    def _check(self, spec: Spec) -> None:
        """Raise SpecError or UserError for a spec that cannot start."""
        spec.gates()  # of a run of old, kept by a trainui that took what is refused now
        reason, hint = why_it_cannot_start(spec, self.project)
        if reason:
            raise UserError(f"job {spec.job.name!r} cannot start: {reason}", hint=hint)

    def retry(
        self,
        run: str,
        *,
        params: Mapping[str, str] | None = None,
        remedy: str = "",
        begins: str | None = None,
        stops: bool = False,
    ) -> str:
        """Queue a new run with `run` as its parent; it resumes from the parent's last checkpoint if it can."""
        return self.retry_from(run, params=params, remedy=remedy, begins=begins, stops=stops)[0]

    def retry_from(
        self,
        run: str,
        *,
        params: Mapping[str, str] | None = None,
        remedy: str = "",
        begins: str | None = None,
        stops: bool = False,
    ) -> tuple[str, str]:
        """As `retry`; (the new run's name, where it starts and why there).

        `begins`: the checkpoint it begins from, '' for the beginning; None: as the remedy says, else the newest.
        `stops`: one that is live is stopped, and the new run starts when it has ended.
        """
        reader = Reader(self.db)
        view = reader.run(run)
        is_over = view.status is Status.ENDED
        if not is_over and not (stops and view.is_live):
            raise UserError(f"{run} {view.status.told}; only a run that has ended can be tried again")
        spec = reader.spec(run)
        chosen = find_remedy(spec, remedy) if remedy else None
        if chosen is not None and (tried := reader.tries_of(run, MARK + chosen.id)) >= chosen.max:
            hint = "the same by hand: --set KEY=VALUE"
            raise UserError(f"remedy {remedy!r} was tried {tried} of {chosen.max} times", hint=hint)
        where, start = beginning_for(reader, run, spec, chosen, begins)
        reader.close()
        more: dict[str, object] = {"parent": run}
        is_open = not is_over and begins is None and (chosen is None or chosen.from_ == "last")
        if (chosen is not None or begins is not None) and not is_open:
            more |= {"begins_from": where}
        if chosen is not None:
            spec = remedied(spec, chosen)
            more |= {"retried_for": MARK + chosen.id}
        spec = resolve(spec, overrides=params)
        names = self._queue([(spec, more)], armed=view.armed, priority=view.priority)
        if not is_over:
            with contextlib.suppress(UserError):  # it may end by itself just now
                self.stop(run)
            start = "when its parent has ended, from the newest checkpoint" if is_open else start
        self.ensure_manager()
        return names[0], start

    def retry_choices(self, run: str) -> RetryChoices:
        """What may be chosen when a run is tried again. Raises NotFoundError."""
        reader = Reader(self.db)
        try:
            return retry_choices(reader, run)
        finally:
            reader.close()

    def _queue(
        self,
        specs: Sequence[tuple[Spec, Mapping[str, object]]],
        *,
        armed: bool,
        held: bool = False,
        priority: int = 0,
    ) -> list[str]:
        """Queue them all, or none: when one cannot start, or cannot be written down. With each, what else is told."""
        for spec, _ in specs:
            self._check(spec)
        env = {key: value for key, value in os.environ.items() if not key.startswith(OURS)}
        payloads = [
            {
                **start_payload(spec, self.project, armed=armed, priority=priority),
                "held": held,
                "env": env,
                **more,
            }
            for spec, more in specs
        ]
        desk = Desk(self.db)
        try:
            return desk.start_all(payloads)
        finally:
            desk.close()

    def export(
        self,
        runs: Sequence[str],
        *,
        study: str = "",
        to: Path,
        formats: Sequence[str] = ("md", "json", "png"),
    ) -> Path:
        """Write what there is to tell of runs, or of a whole study, and return the folder."""
        from trainui.core.export.writing import export_runs  # what it takes is loaded by who exports

        export_runs(self.db, runs, study=study, to=to, formats=formats)
        return to

    def manager(self) -> Identity | None:
        """The manager that is alive, if one is."""
        return manager_of(str(self.db))

    def stop_manager(self) -> str:
        """End the manager when nothing is live; returns what was done. Raises UserError when runs are live."""
        return stop_manager(self.db)


def _study_of(job: JobFile, studies: Sequence[Study]) -> str:
    """The study that a run of a job would be of, as far as somebody says."""
    own = job.spec.job.study if job.spec else ""
    return own or next((one.name for one in studies if one.plan.aliases_of(job.name)), "")


def _why_not(job: JobFile, project: Path) -> str:
    """What keeps a job whose spec is right from starting; '' when nothing is known."""
    reason, hint = why_it_cannot_start(job.spec, project) if job.spec else ("", "")
    return f"{job.path.relative_to(project)}: {reason}{f' ({hint})' if hint else ''}" if reason else ""
