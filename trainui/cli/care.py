"""Verbs that look after trainui itself: doctor and manager."""

from __future__ import annotations

import click

from trainui.cli.place import Place, db_option
from trainui.cli.printing import print_json
from trainui.core.doctor import examine
from trainui.core.errors import TrainuiError

SIGNS = {"ok": "✔", "note": "·", "problem": "✖"}


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@db_option
def doctor_command(place: Place, as_json: bool) -> None:
    """What is wrong with the set-up, and how to mend it; exit 1 when something is."""
    findings = examine(place.project, place.db)
    if as_json:
        print_json(findings)
    else:
        for one in findings:
            click.echo(f"{SIGNS[one.verdict]} {one.what}: {one.text}")
    problems = [one.what for one in findings if one.verdict == "problem"]
    if problems:
        raise TrainuiError(f"the doctor found {len(problems)} problem(s): {', '.join(problems)}")


@click.group("manager")
def manager_command() -> None:
    """The process that starts and watches runs; it comes and goes by itself."""


@manager_command.command("status")
@db_option
def status_command(place: Place) -> None:
    """Whether a manager is alive."""
    identity = place.client().manager()
    click.echo(f"alive, pid {identity.pid}" if identity else "not running; the next start brings it up")


@manager_command.command("stop")
@db_option
def stop_command(place: Place) -> None:
    """End the manager when nothing is live."""
    click.echo(place.client().stop_manager())
