"""A project folder: the jobs in it, and trainui.toml with the machine, the budget and the queue."""

from __future__ import annotations

import os
import re
import sys
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from trainui.core.errors import NotFoundError, SpecError, nearest
from trainui.core.spec import Spec
from trainui.core.spec.carried import own_study, with_studies, with_study, without_across
from trainui.core.spec.file import load_spec
from trainui.core.spec.study import Study, load_studies


class Budget(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """US dollars: what may be spent, what was spent before, what is kept back for the end."""

    total_usd: float | None = None
    spent_usd: float = 0
    reserve_usd: float = 0


class Machine(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A rented machine and its rate."""

    name: str
    usd_per_hour: float = 0
    billing: str = "second"


class Queue(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many runs may be live at once; None: as many as the machine has GPUs, or CPU slots."""

    slots: int | None = None


class Notify(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How people are told what gates find."""

    command: list[str] = []
    """Run for each message, without a shell: the text is its stdin and $TRAINUI_TEXT."""
    urls: list[str] = []
    """Addresses for apprise, the optional extra trainui[notify]."""
    timeout_seconds: float = 30
    """How long the command may take."""


class Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """trainui.toml."""

    budget: Budget = Budget()
    machine: list[Machine] = []
    queue: Queue = Queue()
    notify: Notify = Notify()
    ui: dict[str, Any] = {}

    @property
    def here(self) -> Machine:
        """The machine that is billed: the first one named, or one that costs nothing."""
        return self.machine[0] if self.machine else Machine(name="this machine")


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


def find_project(start: Path) -> Path:
    """The nearest folder at or above `start` that holds trainui.toml, jobs/ or a runs.db. Raises NotFoundError."""
    for folder in (start, *start.parents):
        is_one = (folder / "trainui.toml").is_file() or (folder / "jobs").is_dir()
        if is_one or (folder / "runs.db").is_file():
            return folder
    raise NotFoundError(
        f"no project at or above {start}",
        hint="a project holds trainui.toml or a jobs/ folder; go there, or make one",
    )


def database_path(project: Path | None, given: str | None) -> Path:
    """Where runs.db is: `--db`, `$TRAINUI_DB`, or the project folder."""
    chosen = given or os.environ.get("TRAINUI_DB")
    if chosen:
        return Path(chosen).expanduser().absolute()
    assert project is not None
    return project / "runs.db"


def lock_path(db: Path) -> Path:
    """The file whose lock says that a manager is alive."""
    return db.with_name(db.name + "-lock")


def manager_argv(db: Path, project: Path) -> tuple[str, ...]:
    """The command that starts a manager for `db`."""
    return (sys.executable, "-m", "trainui.core.manager", "--db", str(db), "--project", str(project))


def load_config(project: Path) -> Config:
    """Read trainui.toml; a project without one has no budget and costs nothing. Raises SpecError."""
    path = project / "trainui.toml"
    if path.exists() and not path.is_file():  # a pipe in its place would keep us waiting
        raise SpecError(f"{path}:1: is not a file", hint="move it away")
    try:
        text = path.read_text(encoding="utf-8")
        config = msgspec.convert(tomllib.loads(text), Config)
    except FileNotFoundError:
        return Config()
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"line (\d+)", str(error))
        raise SpecError(f"{path}:{line[1] if line else 1}: not valid TOML: {error}") from error
    except (UnicodeDecodeError, OSError) as error:
        raise SpecError(f"{path}:1: cannot be read: {error}") from error
    except msgspec.ValidationError as error:
        raise _explain(path, text, str(error)) from error
    _check(path, text, config)
    return config


def _explain(path: Path, text: str, message: str) -> SpecError:
    unknown = re.search(r"unknown field `(.*?)`(?: - at `\$\.(\w+))?", message)
    word = unknown[1] if unknown else (re.findall(r"\.(\w+)", message) or [""])[-1]
    line = next((n for n, row in enumerate(text.splitlines(), 1) if re.match(rf"\s*\[*{word}\b", row)), 1)
    if unknown:
        structs: dict[str, type[msgspec.Struct]] = {
            "budget": Budget, "machine": Machine, "queue": Queue, "notify": Notify,
        }  # fmt: skip
        known = structs.get(unknown[2] or "", Config).__struct_fields__
        return SpecError(f"{path}:{line}: there is no key {word!r}", hint=nearest(word, known))
    return SpecError(f"{path}:{line}: {message}")


def _check(path: Path, text: str, config: Config) -> None:
    def refuse(word: str, what: str, hint: str = "") -> SpecError:
        line = next((n for n, row in enumerate(text.splitlines(), 1) if word in row), 1)
        return SpecError(f"{path}:{line}: {what}", hint=hint)

    budget = config.budget
    for name in ("total_usd", "spent_usd", "reserve_usd"):
        value = getattr(budget, name)
        if value is not None and not 0 <= value < float("inf"):
            raise refuse(name, f"{name} must be a sum of money, not {value}")
    names = [machine.name for machine in config.machine]
    for machine in config.machine:
        if not 0 <= machine.usd_per_hour < float("inf"):
            raise refuse("usd_per_hour", f"machine {machine.name!r} has the rate {machine.usd_per_hour}")
        if machine.billing not in ("second", "minute", "hour"):
            raise refuse(
                "billing",
                f"billing {machine.billing!r} is not known",
                nearest(machine.billing, ("second", "minute", "hour")),
            )
        if names.count(machine.name) > 1:
            raise refuse(machine.name, f"two machines are called {machine.name!r}")
    if config.queue.slots is not None and config.queue.slots < 1:
        raise refuse("slots", "slots must be at least 1")
    if config.notify.command and not config.notify.command[0]:
        raise refuse("command", "the notify command is empty", 'for example ["notify-send", "trainui"]')
    if not 0 < config.notify.timeout_seconds < float("inf"):
        raise refuse("timeout_seconds", f"timeout_seconds cannot be {config.notify.timeout_seconds}")


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
