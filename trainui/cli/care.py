"""Verbs that look after trainui itself: doctor and manager."""

from __future__ import annotations

from contextlib import suppress

import click

from trainui.cli.place import Place, db_option
from trainui.cli.printing import plain, print_json
from trainui.core.doctor import examine
from trainui.core.doctor.processes import open_runs
from trainui.core.errors import TrainuiError
from trainui.core.process.beat import EVERY, LATE, last_beat
from trainui.core.process.identity import boot_seconds
from trainui.core.rebuild.replacing import rebuild

SIGNS = {"ok": "✔", "note": "·", "problem": "✖"}


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.option("--rebuild", "wants_rebuild", is_flag=True, help="Make runs.db anew from the run directories.")
@click.option("--force", is_flag=True, help="With --rebuild: also when runs.db is healthy.")
@db_option
def doctor_command(place: Place, as_json: bool, wants_rebuild: bool, force: bool) -> None:
    """What is wrong with the set-up, and how to mend it; exit 1 when something is."""
    if wants_rebuild:
        _rebuild(place, as_json=as_json, force=force)
        return
    if force:
        raise click.UsageError("--force goes with --rebuild")
    findings = examine(place.project, place.db)
    if as_json:
        print_json(findings)
    else:
        for one in findings:
            click.echo(f"{SIGNS[one.verdict]} {one.what}: {plain(one.text)}")
    problems = [one.what for one in findings if one.verdict == "problem"]
    if problems:
        raise TrainuiError(f"the doctor found {len(problems)} problem(s): {', '.join(problems)}")


def _rebuild(place: Place, *, as_json: bool, force: bool) -> None:
    client = place.client()
    was_alive = client.manager() is not None
    try:
        report = rebuild(place.project, place.db, force=force)
    except BaseException:
        if was_alive or open_runs(place.db):
            with suppress(TrainuiError, OSError):  # why there is no new file matters more
                client.ensure_manager()
        raise
    if was_alive or report.is_busy:
        client.ensure_manager()
    if as_json:
        print_json(report)
        return
    for run, state in report.runs.items():
        click.echo(f"{SIGNS['ok']} {run}: {plain(state)}")
    if report.salvaged:
        counts = ", ".join(f"{number} {what}" for what, number in report.salvaged.items())
        click.echo(f"{SIGNS['ok']} taken over from the old file: {counts}")
    for sentence in report.lost:
        click.echo(f"{SIGNS['problem']} {plain(sentence)}")
    kept = f"; the old file is {report.kept}" if report.kept else ""
    click.echo(f"{SIGNS['note']} {place.db} is rebuilt, {len(report.runs)} runs{kept}")


@click.group("manager")
def manager_command() -> None:
    """The process that starts and watches runs; it comes and goes by itself."""


@manager_command.command("status")
@db_option
def status_command(place: Place) -> None:
    """Whether a manager is alive."""
    identity = place.client().manager()
    if identity is None:
        click.echo("not running; a keeper of a live run or the next command brings it up")
        return
    beat = last_beat(str(place.db))
    still = boot_seconds() - beat if beat is not None else 0.0
    hangs = (
        f"; it has stood still for {still:.0f} s, and is replaced after {LATE:.0f}"
        if still > 3 * EVERY
        else ""
    )
    click.echo(f"alive, pid {identity.pid}{hangs}")


@manager_command.command("stop")
@db_option
def stop_command(place: Place) -> None:
    """End the manager when nothing is live."""
    click.echo(place.client().stop_manager())
