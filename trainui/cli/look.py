"""Verbs that look at all runs: jobs, ls."""

from __future__ import annotations

import time
from collections.abc import Collection

import click

from trainui.cli.foreseeing import cost_json
from trainui.cli.place import Place, db_option
from trainui.cli.printing import (
    duration,
    is_person,
    number,
    plain,
    print_json,
    run_json,
    shortened,
    table,
    why,
)
from trainui.core.costing import run_costs
from trainui.core.export.document import jsonable
from trainui.core.project import StudyFile
from trainui.core.run import Status
from trainui.core.store.intents import Desk
from trainui.core.store.read import Reader
from trainui.core.store.studies import PREFIX as STUDY
from trainui.core.store.views import RunView

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")

A_DAY = 86400.0
FOLLOW = 0.2
"""Seconds between looks at a log that is followed."""


@click.command("jobs")
@json_option
@db_option
def jobs_command(place: Place, as_json: bool) -> None:
    """The specs and studies found, and what is wrong with each that cannot run."""
    jobs = place.client().jobs()
    if as_json:
        print_json([{**jsonable(job), "path": str(job.path)} for job in jobs])
        return
    if not jobs:
        click.echo(f"no jobs yet: write one as {place.project / 'jobs' / 'NAME.toml'} (see README.md)")
    else:
        rows = [[job.name, job.study, ", ".join(job.presets), job.problem or job.about] for job in jobs]
        table(["job", "study", "presets", "about, or what is wrong"], rows)
    _print_studies(place.client().studies(), {job.name for job in jobs})


def _print_studies(files: list[StudyFile], jobs: set[str]) -> None:
    rows = []
    for file in files:
        rows += [[file.path.stem, "", "", file.problem]] if file.problem else []
        for one in file.studies:
            has_job = {alias for job in jobs for alias in one.plan.aliases_of(job)}
            lacking = [alias for alias in one.plan.runs if alias not in has_job]
            about = f"no job for {', '.join(lacking)}" if lacking else one.about
            rows.append([one.name, ", ".join(one.plan.runs), str(len(one.plan.gates)), about])
    if rows:
        click.echo("")
        table(["study", "runs", "gates", "about, or what is wrong"], rows, right=(2,))


@click.command("ls")
@click.option("--all", "everything", is_flag=True, help="Every run, also those you have seen end.")
@json_option
@db_option
def ls_command(place: Place, everything: bool, as_json: bool) -> None:
    """What is live, waiting, or ended since you last looked."""
    if not place.db.exists():
        print_json([]) if as_json else click.echo("no runs yet: trainui start JOB")
        return
    reader = place.reader()
    last_look = reader.last_look("ls")
    since = last_look if last_look is not None else time.time() - A_DAY
    runs = reader.runs()
    views = [view for view in runs if everything or _is_news(view, since)]
    if as_json:
        costs = run_costs(reader, views=runs, only={view.run for view in views})
        currency = reader.budget().currency
        print_json([{**run_json(view), **cost_json(costs[view.run], currency)} for view in views])
        return
    if views:
        _print_runs(views)
        _print_questions(reader, {view.run for view in views})
    else:
        click.echo(
            "nothing is live or new; --all shows every run" if runs else "no runs yet: trainui start JOB"
        )
    if is_person():
        desk = Desk(place.db)
        desk.looked("ls", time.time())
        desk.close()


def _is_news(view: RunView, since: float) -> bool:
    return view.status is not Status.ENDED or (view.ended_at or 0) >= since


def _print_questions(reader: Reader, runs: Collection[str]) -> None:
    """What waits for a person: the questions of these runs, and of studies."""
    for one in reader.questions():
        if one.run in runs or one.run.startswith(STUDY):
            whom = one.run.removeprefix(STUDY)
            click.echo(
                plain(f"{whom} asks: {shortened(one.question)} (trainui answer {whom} {one.gate} yes|no)")
            )


def _print_runs(views: list[RunView]) -> None:
    rows = []
    for view in views:
        metric = view.metric
        gates = " ".join(f"{count} {verdict}" for verdict, count in view.gates.items() if count)
        state = "held" if view.held else f"{view.result or view.status}"
        runs_on = view.is_live and view.status is not Status.PAUSED
        rows.append(
            [
                view.run,
                state,
                f"{view.progress:.0%}" if view.progress is not None else "–",
                duration(view.eta_seconds if runs_on else view.seconds or None),
                f"{metric.name} {number(metric.last)}" if metric else "–",
                number(metric.best) if metric else "–",
                f"{view.usd:.4f}",
                gates,
                why(view),
            ]
        )
    table(
        ["run", "state", "done", "eta/took", "metric", "best", "$", "gates", "why"], rows, right=(2, 3, 5, 6)
    )
