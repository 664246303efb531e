"""What is held against past runs: the gates of a job, of a spec file, of a study, or none but the default watch."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from trainui.core.errors import NotFoundError, SpecError, UserError, nearest
from trainui.core.gates import DefaultWatch, Gate
from trainui.core.gates.plan import StudyPlan
from trainui.core.ingest.patterns import Pattern, compile_patterns
from trainui.core.project import find_job, find_jobs, find_studies
from trainui.core.spec import Job, MetricWords, Spec
from trainui.core.spec.carried import own_study
from trainui.core.spec.file import load_spec
from trainui.core.spec.study import Study, load_studies, study_with

DEFAULT = "default"
"""Stands for no gates at all: only what is watched on every run."""
NO_GATES = "a [[gate]] in it adds one; `trainui replay default` needs none"


@dataclass(frozen=True, kw_only=True, slots=True)
class Script:
    """Gates to be held against runs."""

    name: str
    gates: tuple[Gate, ...]
    spec: Spec
    """Says what its metrics mean, how printed lines are read, and what of the default watch is off."""
    plan: StudyPlan | None = None
    """Of a study: which gates are whose."""
    alias: str = ""
    """What a run is that nobody gave a name to."""

    @property
    def patterns(self) -> Sequence[Pattern]:
        """How the lines of an unknown log are read, before trainui tries by itself."""
        return compile_patterns(self.spec.metrics.pattern)

    def watch(self, own: Spec | None) -> DefaultWatch:
        """What is looked for beside the gates on a run; `own`: what it was started with."""
        by = own if own is not None and (self.plan is not None or not self.gates) else self.spec
        return by.default_watch()


def script_of(word: str, *, project: Callable[[], Path], study: str = "") -> Script:
    """The gates that `word` means; `study` picks one of a file with several. Raises SpecError, NotFoundError or
    UserError; `project` is asked only where a name is given, and may raise NotFoundError."""
    path = Path(os.path.expanduser(word))
    if word == DEFAULT:
        return Script(name=DEFAULT, gates=(), spec=Spec(job=Job(name=DEFAULT, command=[DEFAULT])))
    if path.suffix == ".toml" or path.is_file():
        return _of_file(path, study)
    jobs = find_jobs(project())
    job = next((job for job in jobs if job.name == word), None)
    if job is not None:
        joined = find_job(project(), word)
        assert job.spec is not None
        return _of_spec(_with_across(joined, job.spec), job.path)
    files = find_studies(project(), jobs)
    studies = [study for file in files for study in file.studies]
    known = next((one for one in studies if one.name == word), None)
    if known is not None:
        return _of_study(known)
    if problem := next((file.problem for file in files if file.problem), ""):
        raise SpecError(problem)  # it may be the study that is meant
    names = [*(job.name for job in jobs), *(one.name for one in studies), DEFAULT]
    raise NotFoundError(f"there is no job or study {word!r}", hint=nearest(word, names))


def _of_file(path: Path, study: str) -> Script:
    if not path.exists():
        raise NotFoundError(f"{path} does not exist", hint="name a job, a study, or its file")
    spec = load_spec(path)
    if spec is not None:
        return _of_spec(spec, path)
    studies = load_studies(path)
    if not studies:
        raise SpecError(f"{path}:1: has no [job] and no [study] table", hint="name a spec or study file")
    names = [one.name for one in studies]
    if study and study not in names:
        raise NotFoundError(f"{path} has no study {study!r}", hint=nearest(study, names))
    if not study and len(studies) > 1:
        raise UserError(f"{path} has several studies", hint=f"--study {' | '.join(names)}")
    return _of_study(next(one for one in studies if study in ("", one.name)))


def _of_spec(spec: Spec, path: Path) -> Script:
    """The gates of a job; where some of them rest on other runs, all of them as a study of that name."""
    gates = spec.gates()
    if not gates:
        raise UserError(f"job {spec.job.name!r} has no gates", hint=NO_GATES)
    name = spec.job.name
    if own_study(spec, path) is None:
        return Script(name=name, gates=gates, spec=spec)
    tables = [{"run": name, **table} for table in spec.gate]
    goals = {spec.metrics.primary: MetricWords(goal=spec.metrics.goal)} if spec.metrics.primary else {}
    study = study_with(name, tables, {**goals, **spec.metric}, spec.remedy, path=path)
    return Script(name=name, gates=study.plan.gates, spec=spec, plan=study.plan, alias=name)


def _with_across(joined: Spec, written: Spec) -> Spec:
    """A job's spec as its runs carry it, and the gates that no run of it can carry alone."""
    known = {table.get("id") for table in joined.gate}
    across = [table for table in written.gate if table.get("id") not in known]
    return msgspec.structs.replace(joined, gate=[*joined.gate, *across])


def _of_study(study: Study) -> Script:
    if not study.plan.gates:
        raise UserError(f"study {study.name!r} has no gates", hint=NO_GATES)
    spec = Spec(job=Job(name=study.name, command=[study.name]), metric=dict(study.metric))
    return Script(name=study.name, gates=study.plan.gates, spec=spec, plan=study.plan)
