"""Verbs for runs that wait in the queue: hold, release, edit."""

from __future__ import annotations

import click

from trainui.cli.act import PRIORITY, for_each, set_option, tell_new_flags
from trainui.cli.place import Place, db_option


@click.command("hold")
@click.argument("runs", nargs=-1, required=True)
@db_option
def hold_command(place: Place, runs: tuple[str, ...]) -> None:
    """Keep queued runs from starting until they are released."""
    for_each(runs, place.client().hold)


@click.command("release")
@click.argument("runs", nargs=-1)
@click.option("--queue", "whole", is_flag=True, help="Release the queue, which a gate holds.")
@click.option("--job", "jobs", multiple=True, metavar="JOB", help="Release a job, which a gate holds.")
@db_option
def release_command(place: Place, runs: tuple[str, ...], whole: bool, jobs: tuple[str, ...]) -> None:
    """Let held runs start; one that pauses before its next try starts at once."""
    if not runs and not whole and not jobs:
        raise click.UsageError("name a RUN, or --queue or --job JOB for what a gate holds")
    client = place.client()
    if whole:
        client.lift()
    if jobs:
        client.lift(list(jobs))
    for_each(runs, client.release)


@click.command("edit")
@click.argument("run")
@set_option
@click.option("--priority", type=PRIORITY, default=None, metavar="N", help="Higher starts first.")
@click.option("--first", "to", flag_value="first", help="Before all others of its priority.")
@click.option("--last", "to", flag_value="last", help="After all others of its priority.")
@click.option(
    "--before", default="", metavar="RUN", help="Right before another queued run, with its priority."
)
@db_option
def edit_command(
    place: Place, run: str, settings: dict[str, str], priority: int | None, to: str | None, before: str
) -> None:
    """Change a queued run: its params, its priority, its place."""
    goal = f"before {before}" if before else to or ""
    if bool(before) and to is not None:
        raise click.UsageError("--before and --first or --last exclude each other")
    if not settings and priority is None and not goal:
        raise click.UsageError("nothing to change (for example --set epochs=3, --priority 5, --first)")
    known = place.reader().spec(run)
    place.client().edit(run, params=settings, priority=priority, to=goal)
    tell_new_flags(run, known, settings)
