"""The verb that tries a log: parse."""

from __future__ import annotations

from pathlib import Path

import click

from trainui.cli.place import Place, db_option
from trainui.cli.printing import number, plain, print_json, table
from trainui.core.errors import NotFoundError
from trainui.core.ingest.report import parse_file


@click.command("parse")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@db_option
def parse_command(place: Place, file: Path, as_json: bool) -> None:
    """What would be read from a log FILE: metrics, coverage, lines not understood."""
    if not file.is_file():
        raise NotFoundError(f"{file} is not a file")
    document = parse_file(file).document()
    if as_json:
        print_json(document)
        return
    click.echo(f"{document['kind']}: {document['understood']} of {document['lines']} lines understood")
    rows = [
        [name, str(one["points"]), *(number(_value(one[key])) for key in ("first", "last", "min", "max"))]
        for name, one in document["metrics"].items()
    ]
    if rows:
        table(["metric", "points", "first", "last", "min", "max"], rows, right=(1, 2, 3, 4, 5))
    for line in document["samples_not_understood"]:
        click.echo(f"  not understood: {plain(line)}")


def _value(told: float | str | None) -> float | None:
    """JSON says non-finite numbers as words."""
    return float(told) if isinstance(told, str) else told
