"""The verb that tells what happened while nobody looked: report."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any

import click

from trainui.cli.place import Place, db_option
from trainui.cli.printing import is_person, plain, print_json
from trainui.core.away.gathering import gather
from trainui.core.away.model import Away
from trainui.core.away.words import detail, five_lines, title
from trainui.core.errors import NotFoundError
from trainui.core.export.plain import jsonable
from trainui.core.store.intents import Desk
from trainui.core.store.read import Reader
from trainui.core.walltime import FORMS, moment
from trainui.ui.memory import memory_path, recall

VIEWER = "report"
A_DAY = 86400.0


@click.command("report")
@click.option(
    "--since", metavar="TIME", default=None, help=f"From when: {FORMS}. Else: since you last looked."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@db_option
def report_command(place: Place, since: str | None, as_json: bool) -> None:
    """What happened while you were away: what ended, what it cost, what waits for you."""
    now = time.time()
    begin = moment(since, now) if since is not None else None
    if not place.db.exists():
        nothing = Away(since=now - A_DAY if begin is None else begin, until=now)
        print_json(_document(nothing)) if as_json else click.echo("no runs yet: trainui start JOB")
        return
    reader = place.reader()
    away = gather(reader, _last_look(place, reader, now) if begin is None else begin, now=now)
    if as_json:
        print_json(_document(away))
        return
    click.echo(plain(title(away)))
    for line in five_lines(away):
        click.echo(f"  {plain(line)}")
    for head, lines in detail(away):
        click.echo(f"\n{head}")
        for line in lines:
            click.echo(f"  {plain(line)}")
    if is_person() and begin is None:
        desk = Desk(place.db)
        desk.looked(VIEWER, now)
        desk.close()


def _last_look(place: Place, reader: Reader, now: float) -> float:
    """When a person last saw the runs, here, by `ls` or in the dashboard; a day ago if never."""
    looks = [reader.last_look(VIEWER), reader.last_look("ls")]
    with suppress(NotFoundError):
        looks.append(recall(memory_path(place.project, place.db))[0].left_at)
    return max((at for at in looks if at is not None and at <= now), default=now - A_DAY)


def _document(away: Away) -> dict[str, Any]:
    found: dict[str, Any] = jsonable(away)
    told = found.pop("told")
    return {**found, "told": [{"at": at, "text": text} for at, text in told], "lines": list(five_lines(away))}
