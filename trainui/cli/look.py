"""The verb that looks at what could run: jobs."""

from __future__ import annotations

import click

from trainui.cli.place import Place, db_option
from trainui.cli.printing import (
    print_json,
    table,
)
from trainui.core.export.plain import jsonable
from trainui.core.project import StudyFile

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")


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
