"""Verbs that keep something beside a run: note, tag."""

from __future__ import annotations

import click

from trainui.cli.place import Place, db_option
from trainui.cli.printing import plain


@click.command("note")
@click.argument("run")
@click.argument("text")
@db_option
def note_command(place: Place, run: str, text: str) -> None:
    """Keep a remark beside a run."""
    place.client().note(run, text)


# -old is a word here, not an option; a -h would be found inside -the
@click.command("tag", context_settings={"ignore_unknown_options": True, "help_option_names": ["--help"]})
@click.argument("run")
@click.argument("words", nargs=-1, type=click.UNPROCESSED, metavar="[+TAG|-TAG]...")
@db_option
def tag_command(place: Place, run: str, words: tuple[str, ...]) -> None:
    """Put tags on RUN (+best) and take others away (-old); then its tags are printed."""
    if words:
        place.client().tag(run, words)
    click.echo(plain(" ".join(place.reader().run(run).tags)))
