"""Verbs that want something of a run: start, stop, pause, resume, retry, checkpoint."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from trainui.cli.place import Place, db_option
from trainui.core.errors import TrainuiError, UserError
from trainui.core.project import find_job
from trainui.core.spec import Spec

Verb = Callable[..., Any]
PRIORITY = click.IntRange(-1_000_000, 1_000_000)


def _settings(_ctx: click.Context, _param: click.Parameter, given: tuple[str, ...]) -> dict[str, str]:
    """`key=value` pairs as a dict."""
    pairs: dict[str, str] = {}
    for text in given:
        key, separator, value = text.partition("=")
        if not separator or not key:
            raise click.UsageError(f"--set {text!r} is not key=value (for example --set learning_rate=1e-4)")
        pairs[key.strip().lstrip("-")] = value
    return pairs


def tell_new_flags(what: str, spec: Spec, settings: Mapping[str, str]) -> None:
    """Say which params the spec does not have: a script may know them, or it is a slip."""
    fresh = [key for key in settings if key not in spec.params]
    if fresh:
        click.echo(f"trainui: {what}: {', '.join(fresh)} not in [params], passed on as given", err=True)


def set_option(verb: Verb) -> Verb:
    """`--set key=value`, as often as wanted."""
    return click.option(
        "--set", "settings", multiple=True, metavar="KEY=VALUE", callback=_settings, help="Override a param."
    )(verb)


@click.command("start")
@click.argument("jobs", nargs=-1, required=True)
@set_option
@click.option("--preset", default="", help="Take the params of a [presets.NAME] table.")
@click.option("--arm", is_flag=True, help="Let gates stop the run; unarmed they only say what they would do.")
@click.option("--hold", is_flag=True, help="Queue it, but start it only after `trainui release`.")
@click.option("--priority", type=PRIORITY, default=0, metavar="N", help="Higher starts first (default 0).")
@click.option(
    "--wait", is_flag=True, help="Draw progress; exit 0 only if all finish and no criterion failed."
)
@click.option("--dry-run", is_flag=True, help="Queue nothing: say what it would cost and whether it fits.")
@click.option("--json", "as_json", is_flag=True, help="With --dry-run: print one JSON document.")
@db_option
def start_command(
    place: Place,
    jobs: tuple[str, ...],
    settings: dict[str, str],
    preset: str,
    arm: bool,
    hold: bool,
    priority: int,
    wait: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Queue a run of each JOB and print their names."""
    from trainui.cli.foreseeing import print_forecasts, warn_of

    if as_json and not dry_run:
        raise click.UsageError("--json goes with --dry-run; start itself prints names")
    client = place.client()
    if dry_run:
        found = client.foresee(jobs, params=settings, preset=preset, priority=priority)
        print_forecasts(found, as_json=as_json)
        return
    names = client.start_all(jobs, params=settings, preset=preset, armed=arm, held=hold, priority=priority)
    for name in names:
        click.echo(name)
    for job in dict.fromkeys(jobs):
        tell_new_flags(job, find_job(place.project, job), settings)
    warn_of(place, names, priority=priority)
    if wait:
        from trainui.cli.waiting import wait_for

        if not wait_for(place, names):
            raise TrainuiError("not every run finished with its criteria passed", hint="trainui ls --all")


@click.command("stop")
@click.argument("runs", nargs=-1, required=True)
@click.option("--now", is_flag=True, help="SIGKILL at once, without the grace.")
@db_option
def stop_command(place: Place, runs: tuple[str, ...], now: bool) -> None:
    """Ask runs to stop: their signal, their grace, then SIGKILL."""
    client = place.client()
    for_each(runs, lambda run: client.stop(run, now=now))


def for_each(runs: tuple[str, ...], wish: Callable[[str], None]) -> None:
    """Wish it of every run; what cannot be is told when the others were served."""
    problems: list[str] = []
    for run in runs:
        try:
            wish(run)
        except UserError as error:
            problems.append(str(error))
    if problems:
        raise UserError("; ".join(problems))


@click.command("pause")
@click.argument("runs", nargs=-1, required=True)
@db_option
def pause_command(place: Place, runs: tuple[str, ...]) -> None:
    """Let runs stand still. They keep their memory and GPUs, and the machine costs on."""
    for_each(runs, place.client().pause)


@click.command("resume")
@click.argument("runs", nargs=-1, required=True)
@db_option
def resume_command(place: Place, runs: tuple[str, ...]) -> None:
    """Let paused runs go on."""
    for_each(runs, place.client().resume)


@click.command("retry")
@click.argument("run")
@set_option
@click.option("--remedy", default="", metavar="ID", help="Apply a [[remedy]] of the spec.")
@click.option(
    "--from",
    "begins",
    metavar="FILE|scratch",
    help="The checkpoint to begin from (the newest), or none of them.",
)
@click.option(
    "--stop", "stops", is_flag=True, help="Stop RUN if it is live; the new run starts when it has ended."
)
@db_option
def retry_command(
    place: Place, run: str, settings: dict[str, str], remedy: str, begins: str | None, stops: bool
) -> None:
    """Queue a new run after RUN, from its last checkpoint where the spec says how, and print its name."""
    where = None if begins is None else "" if begins == "scratch" else str(Path(begins).absolute())
    name, start = place.client().retry_from(run, params=settings, remedy=remedy, begins=where, stops=stops)
    click.echo(name)
    click.echo(f"{name} starts {start}", err=True)


@click.command("checkpoint")
@click.argument("runs", nargs=-1, required=True)
@db_option
def checkpoint_command(place: Place, runs: tuple[str, ...]) -> None:
    """Ask running runs to save now, as their specs say how."""
    for_each(runs, place.client().checkpoint)
