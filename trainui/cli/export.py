"""The verb that writes summaries: export."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from trainui.cli.place import Place, db_option
from trainui.cli.printing import plain, tell_left_out
from trainui.core.errors import UserError
from trainui.core.export.writing import ABOUT, FORMATS, USUAL, export_runs


def _formats(_ctx: click.Context, _param: click.Parameter, given: str) -> tuple[str, ...]:
    wanted = tuple(one.strip() for one in given.split(",") if one.strip())
    unknown = [one for one in wanted if one not in FORMATS]
    if unknown or not wanted:
        raise click.UsageError(f"--format {given!r}: known are {', '.join(FORMATS)}")
    return wanted


def _listed() -> str:
    wide = max(map(len, ABOUT)) + 2
    return "\b\nFormats:\n" + "\n".join(f"  {name:{wide}}{about}" for name, about in ABOUT.items())


def _tell(path: Path) -> None:
    try:
        click.echo(plain(str(path)))
    except BrokenPipeError:  # nobody reads on; the rest is written all the same
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@click.command("export", epilog=_listed())
@click.argument("runs", nargs=-1)
@click.option("--study", default="", help="Every run of a study.")
@click.option("--all", "everything", is_flag=True, help="Every run there is.")
@click.option(
    "--to", "folder", type=click.Path(file_okay=False, path_type=Path), required=True, help="Where to write."
)
@click.option(
    "--format",
    "formats",
    default=",".join(USUAL),
    show_default=True,
    callback=_formats,
    help="Any of those below, commas between.",
)
@click.option("--with-files", is_flag=True, help="With zip: all that the runs saved, too.")
@db_option
def export_command(
    place: Place,
    runs: tuple[str, ...],
    study: str,
    everything: bool,
    folder: Path,
    formats: tuple[str, ...],
    with_files: bool,
) -> None:
    """Write a summary of RUNS, of a study or of all runs, and print the files.

    What is told of a live run is so far. A file that somebody edited since it was written is put aside as
    NAME.edited; NOTES.md keeps what people write in it.
    """
    if bool(runs) + bool(study) + everything != 1:
        raise UserError(
            "say which runs, or --study NAME, or --all", hint="trainui ls --all shows runs and studies"
        )
    if with_files and "zip" not in formats:
        raise UserError("--with-files goes with --format zip")
    if with_files:
        formats = tuple("zip-files" if one == "zip" else one for one in formats)
    written = export_runs(
        place.db, runs, study=study, everything=everything, to=folder, formats=formats, tell=_tell
    )
    for archive in (path for path in written if path.suffix == ".zip"):
        tell_left_out(archive)
