"""Everything the doctor looks at, in the order it is told."""

from __future__ import annotations

from pathlib import Path

from trainui.core.config import load_config
from trainui.core.doctor import machine, processes, store, telling
from trainui.core.doctor.finding import Finding, note, ok, problem
from trainui.core.errors import TrainuiError
from trainui.core.launching import why_it_cannot_start
from trainui.core.money.amounts import MICRO, sign
from trainui.core.project import find_jobs


def examine(project: Path, db: Path) -> list[Finding]:
    """Look at everything a run needs. Never raises for what is wrong: that is what it tells."""
    return [
        _project(project),
        _jobs(project),
        store.health(db),
        store.permissions(db),
        store.twins(db),
        store.clock(db),
        processes.manager(db),
        processes.runs(db),
        processes.strays(db),
        telling.messages(project, db),
        machine.file_system(db.parent),
        machine.disk(db.parent),
        machine.inodes(db.parent),
        machine.shared_memory(),
        machine.limits(),
        machine.reaper(),
        machine.gpus(),
        machine.torch(),
        machine.log_out(),
    ]


def _project(project: Path) -> Finding:
    try:
        config = load_config(project)
    except TrainuiError as error:
        return problem("trainui.toml", str(error))
    rate = config.here.rate / MICRO
    if not rate:
        return note("trainui.toml", f"{project}: no rate set, so runs cost 0 {sign(config.budget.currency)}")
    return ok("trainui.toml", f"{config.here.name} at {rate} {sign(config.budget.currency)}/h")


def _jobs(project: Path) -> Finding:
    jobs = find_jobs(project)
    problems = [job.problem for job in jobs if job.problem]
    for job in jobs:
        reason, hint = why_it_cannot_start(job.spec, project) if job.spec else ("", "")
        if reason:
            problems.append(f"{job.name}: {reason}{f', {hint}' if hint else ''}")
    if problems:
        return problem("jobs", "; ".join(problems))
    return ok("jobs", f"{len(jobs)} found") if jobs else note("jobs", f"none in {project / 'jobs'}")
