"""The verb that tries a log: parse."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from trainui.cli.place import Place, db_option
from trainui.cli.printing import is_person, number, plain, print_json, table
from trainui.cli.teaching import ask_names, lesson_of, names_of, print_lesson, print_numbers
from trainui.core.errors import NotFoundError, SpecError, UserError, nearest
from trainui.core.ingest.formats import FORMATS
from trainui.core.ingest.patterns import Pattern, compile_patterns
from trainui.core.ingest.report import ParseReport, parse_file
from trainui.core.spec.file import load_spec

PRINTED = "console"
"""The kind of file that patterns are for."""


@click.command("parse")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.option("--kind", metavar="KIND", help=f"Read it as {', '.join(one.kind for one in FORMATS)}.")
@click.option("--spec", type=click.Path(path_type=Path), help="Read it with the patterns of this spec file.")
@click.option(
    "--pattern", "regexes", metavar="REGEX", multiple=True, help="Try a pattern, before the spec's."
)
@click.option(
    "--line", "chosen", metavar="N|TEXT", help="Make a pattern from this line: its number, or words in it."
)
@click.option(
    "--name", "named", metavar="PLACE=NAME", multiple=True, help="Name a number of that line: 2=val/loss."
)
@db_option
def parse_command(
    place: Place,
    file: Path,
    as_json: bool,
    kind: str | None,
    spec: Path | None,
    regexes: tuple[str, ...],
    chosen: str | None,
    named: tuple[str, ...],
) -> None:
    """What would be read from a log FILE: metrics, coverage, lines not understood.

    With --line and --name: the pattern that reads such lines, to be pasted into a spec.
    """
    if not file.is_file():
        raise NotFoundError(f"{file} is not a file")
    if kind is not None and kind not in (kinds := [one.kind for one in FORMATS]):
        raise UserError(f"{kind!r} is no kind of file", hint=nearest(kind, kinds))
    if named and chosen is None:
        raise UserError("--name needs --line", hint="--line 12 --name 1=step --name 2=loss")
    patterns = _patterns(regexes, spec)
    if chosen is not None:
        names = names_of(named)
        lesson = lesson_of(file, chosen)
        if not names and not as_json and _can_ask():
            print_numbers(lesson)
            names = ask_names(lesson)
        lesson.learn(file, names)
        if not as_json:
            print_lesson(lesson)
            return
        print_json({**_read(file, kind, patterns).document(), "taught": lesson.document()})
        return
    report = _read(file, kind or (PRINTED if regexes else None), patterns)
    if as_json:
        print_json(report.document())
    else:
        _print(report, with_patterns=bool(patterns))


def _patterns(regexes: Sequence[str], spec: Path | None) -> tuple[Pattern, ...]:
    tables = [{"regex": regex} for regex in regexes]
    if spec is None:
        return compile_patterns(tables)
    loaded = load_spec(spec)
    if loaded is None:
        raise SpecError(f"{spec}:1: has no [job] table", hint="name the spec file of a job")
    return compile_patterns(tables) + compile_patterns(loaded.metrics.pattern)


def _read(file: Path, kind: str | None, patterns: Sequence[Pattern]) -> ParseReport:
    return parse_file(file, patterns=patterns, kind=kind)


def _can_ask() -> bool:
    """Whether a person sits there."""
    return sys.stdin.isatty() and is_person()


def _print(report: ParseReport, *, with_patterns: bool) -> None:
    click.echo(f"{report.kind}: {report.understood} of {report.lines} lines understood")
    if with_patterns and report.kind != PRINTED:
        click.echo(f"  patterns are for what a program prints; --kind {PRINTED} reads the file as that")
    rows = [
        [name, str(one.points), *map(number, (one.first, one.last, one.min, one.max))]
        for name, one in report.metrics.items()
    ]
    if rows:
        table(["metric", "points", "first", "last", "min", "max"], rows, right=(1, 2, 3, 4, 5))
    for line in report.samples_not_understood:
        click.echo(f"  not understood: {plain(line)}")
    if report.samples_not_understood and report.kind == PRINTED:
        click.echo("teach one: trainui parse FILE --line 'words of it'")
