"""Teaching a line in a terminal: which line, which numbers, what the pattern covers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from trainui.cli.printing import number, plain, table
from trainui.core.errors import NotFoundError, UserError
from trainui.core.ingest.coverage import Coverage, coverage
from trainui.core.ingest.follow import chunks_of
from trainui.core.ingest.formats import format_named
from trainui.core.ingest.printed import printed_in
from trainui.core.ingest.teach import Number, Taught, line_text, numbers_in, teach

SHOWN = 300
"""Characters of a line that are printed."""
LEFT_OUT = "-"
"""What a person types for a number that is not to be kept."""


@dataclass(kw_only=True, slots=True)
class Lesson:
    """One line, and what was made of it."""

    line: str
    numbers: tuple[Number, ...]
    names: Mapping[int, str]
    taught: Taught | None = None
    found: Coverage | None = None

    def learn(self, file: Path, names: Mapping[int, str]) -> None:
        """Make the pattern and try it on the whole file; without names there is none. Raises UserError."""
        self.names = names
        if names:
            self.taught = teach(self.line, names)
            self.found = coverage(self.taught.pattern(), self.line, printed_in(file))

    def document(self) -> dict[str, Any]:
        """What `parse --json` says under "taught"."""
        told: dict[str, Any] = {
            "line": self.line,
            "numbers": [
                {
                    "place": one.place,
                    "text": one.text,
                    "value": one.value,
                    "suggested": one.suggested,
                    "name": self.names.get(one.place, ""),
                }
                for one in self.numbers
            ],
        }
        if self.taught is not None and self.found is not None:
            found = self.found
            told |= {**self.taught.table(), "toml": self.taught.toml()}
            told |= {"lines": found.lines, "matched": found.matched, "values": found.values}
            told |= {"alike": found.alike, "samples_alike": found.samples}
        return told


def lesson_of(file: Path, chosen: str) -> Lesson:
    """The line of `file` with that number, or the first that holds those words. Raises UserError."""
    line = _numbered(file, int(chosen)) if chosen.isdecimal() else _holding(file, chosen)
    numbers = numbers_in(line)
    if not numbers:
        raise UserError(f"there is no number to name in {line[:80]!r}", hint="choose another --line")
    return Lesson(line=line, numbers=numbers, names={})


def _numbered(file: Path, wanted: int) -> str:
    count = 0
    for chunk in chunks_of(file, format_named("console")):
        if count < wanted <= count + len(chunk.items):
            if text := line_text(chunk.items[wanted - count - 1]):
                return text
            raise UserError(f"line {wanted} of {file} is blank", hint="choose another --line")
        count += len(chunk.items)
    raise NotFoundError(f"{file} has no line {wanted}", hint=f"it has {count}")


def _holding(file: Path, words: str) -> str:
    for text in printed_in(file):
        if words in text:
            return text
    raise NotFoundError(
        f"no line of {file} holds {words!r}", hint="give its number, or words as they stand in it"
    )


def names_of(given: Sequence[str]) -> dict[int, str]:
    """`2=val/loss` … → {2: "val/loss"}. Raises UserError."""
    names: dict[int, str] = {}
    for one in given:
        place, sign, name = one.partition("=")
        if not sign or not place.strip().isdecimal() or not name.strip():
            raise UserError(f"{one!r} is not PLACE=NAME", hint="--name 2=val/loss names the second number")
        if int(place) in names:
            raise UserError(f"number {int(place)} is named twice")
        names[int(place)] = name.strip()
    return {place: name for place, name in names.items() if name != LEFT_OUT}


def ask_names(lesson: Lesson) -> dict[int, str]:
    """Ask a person for each number of the line."""
    click.echo(f"name each number; enter takes what stands in [], {LEFT_OUT} leaves the number out")
    names: dict[int, str] = {}
    for one in lesson.numbers:
        name = click.prompt(f"  {one.place}: {one.text}", default=one.suggested or LEFT_OUT).strip()
        if name and name != LEFT_OUT:
            names[one.place] = name
    if not names:
        raise UserError("no number was named", hint="name at least one, like loss")
    return names


def print_numbers(lesson: Lesson) -> None:
    """The line and its numbers."""
    click.echo(plain(lesson.line)[:SHOWN])
    rows = [
        [str(one.place), one.text, lesson.names.get(one.place) or one.suggested] for one in lesson.numbers
    ]
    table(["place", "number", "name" if lesson.names else "could be"], rows, right=(0, 1))


def print_lesson(lesson: Lesson) -> None:
    """The pattern and what it covers; without one, the numbers and how to name them."""
    if lesson.taught is None or lesson.found is None:
        print_numbers(lesson)
        example = " ".join(f"--name {one.place}={one.suggested or 'NAME'}" for one in lesson.numbers[:4])
        click.echo(f"name them for a pattern: {plain(example)}")
        return
    found = lesson.found
    click.echo(plain(lesson.line)[:SHOWN])
    click.echo("")
    click.echo(lesson.taught.toml())
    click.echo(f"it matches {found.matched} of {found.lines} lines")
    rows = [
        [name, str(one.points), *map(number, (one.first, one.last, one.min, one.max))]
        for name, one in found.values.items()
    ]
    table(["name", "values", "first", "last", "min", "max"], rows, right=(1, 2, 3, 4, 5))
    if found.alike:
        click.echo(f"{found.alike} look alike and do not match, such as")
        for text in found.samples:
            click.echo(f"  {plain(text)[:SHOWN]}")
