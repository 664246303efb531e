"""The verb that writes summaries: export."""

from __future__ import annotations

from pathlib import Path

import click

from trainui.cli.place import Place, db_option
from trainui.cli.printing import plain
from trainui.core.errors import UserError

FORMATS = ("md", "json", "png")


def _formats(_ctx: click.Context, _param: click.Parameter, given: str) -> tuple[str, ...]:
    wanted = tuple(one.strip() for one in given.split(",") if one.strip())
    unknown = [one for one in wanted if one not in FORMATS]
    if unknown or not wanted:
        raise click.UsageError(f"--format {given!r}: known are {', '.join(FORMATS)}")
    return wanted


@click.command("export")
@click.argument("runs", nargs=-1)
@click.option("--study", default="", help="Every run of a study: its newest run of each job.")
@click.option(
    "--to", "folder", type=click.Path(file_okay=False, path_type=Path), required=True, help="Where to write."
)
@click.option("--format", "formats", default="md,json,png", show_default=True, callback=_formats)
@db_option
def export_command(
    place: Place, runs: tuple[str, ...], study: str, folder: Path, formats: tuple[str, ...]
) -> None:
    """Write a summary of RUNS, or of a study, and print the files."""
    if bool(runs) == bool(study):
        raise UserError("say which runs, or --study NAME", hint="trainui ls --all shows both")
    written = place.client().export(runs, study=study, to=folder, formats=formats)
    for path in sorted(written.iterdir()):
        click.echo(plain(str(path)))
