"""A project folder: the jobs in it, and trainui.toml with the machine, the budget and the queue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from trainui.core.errors import NotFoundError, SpecError, nearest
from trainui.core.spec import Spec
from trainui.core.spec.carried import own_study, with_studies, with_study, without_across
from trainui.core.spec.file import load_spec
from trainui.core.spec.study import Study, load_studies


@dataclass(frozen=True, kw_only=True, slots=True)
class JobFile:
    """A job found in the project, or what keeps it from running."""

    name: str
    path: Path
    spec: Spec | None
    problem: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class StudyFile:
    """A file of studies found in the project, or what is wrong with it."""

    path: Path
    studies: tuple[Study, ...] = ()
    problem: str = ""


def find_jobs(project: Path) -> list[JobFile]:
    """Every `jobs/**/*.toml` with a [job] table, by name; what is wrong with one is kept beside it."""
    found: list[JobFile] = []
    for path in sorted((project / "jobs").rglob("*.toml")):
        shown = path.relative_to(project)
        try:
            spec = load_spec(path)
        except SpecError as error:
            problem = str(error).replace(str(path), str(shown))
            found.append(JobFile(name=path.stem, path=path, spec=None, problem=problem))
            continue
        if spec is not None:
            found.append(JobFile(name=spec.job.name, path=path, spec=spec))
    names = [job.name for job in found if job.spec]
    return [_without_twin(job, names, project) for job in found]


def _without_twin(job: JobFile, names: list[str], project: Path) -> JobFile:
    if job.spec is None or names.count(job.name) == 1:
        return job
    problem = f"{job.path.relative_to(project)}:1: another file also calls its job {job.name!r}"
    return JobFile(name=job.name, path=job.path, spec=None, problem=problem)


def find_job(project: Path, name: str) -> Spec:
    """The spec of the job called `name`, with what its studies put into it. Raises NotFoundError, or SpecError when it
    is wrong, or a study file beside it: its runs would lack the gates of that."""
    jobs = find_jobs(project)
    for job in jobs:
        if job.name == name:
            if job.spec is None:
                raise SpecError(job.problem)
            files = find_studies(project, jobs)
            for file in files:
                if file.problem and file.path.parent == job.path.parent:
                    raise SpecError(file.problem)
            studies = [study for file in files for study in file.studies]
            return with_studies(without_across(job.spec), studies)
    raise NotFoundError(f"there is no job {name!r}", hint=nearest(name, (job.name for job in jobs)))


def find_studies(project: Path, jobs: Sequence[JobFile] | None = None) -> list[StudyFile]:
    """Every `jobs/**/*.toml` with a [study] table, and every job with gates that rest on other runs; what is wrong with
    one is kept beside it. `jobs` are those of the project, if somebody has read them."""
    jobs = find_jobs(project) if jobs is None else jobs
    of = {job.path: job.spec for job in jobs if job.spec is not None}
    known = list(of.values())
    found: list[StudyFile] = []
    taken: dict[str, Path] = {}
    for path in sorted((project / "jobs").rglob("*.toml")):
        shown = path.relative_to(project)
        try:
            studies = load_studies(path, jobs=[spec.job.name for spec in known])
            own = own_study(of[path], path) if path in of else None
            studies += (own,) if own else ()
            for study in studies:
                if study.name in taken:
                    raise SpecError(f"{shown}:1: {taken[study.name]} also calls its study {study.name!r}")
                for spec in known:
                    with_study(without_across(spec), study)
        except SpecError as error:
            problem = str(error).replace(str(path), str(shown))
            found.append(StudyFile(path=path, problem=problem))
            continue
        taken |= dict.fromkeys((study.name for study in studies), shown)
        if studies:
            found.append(StudyFile(path=path, studies=studies))
    return found
