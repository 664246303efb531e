"""Verbs by which a person rules on gates: answer, arm, disarm."""

from __future__ import annotations

import click

from trainui.cli.act import for_each
from trainui.cli.place import Place, db_option


@click.command("answer")
@click.argument("name", metavar="RUN|STUDY")
@click.argument("gate")
@click.argument("word", metavar="yes|no", type=click.Choice(["yes", "no", "y", "n"], case_sensitive=False))
@click.option("--note", default="", metavar="TEXT", help="Why; it is kept with the answer.")
@db_option
def answer_command(place: Place, name: str, gate: str, word: str, note: str) -> None:
    """Answer a question (an ask gate) of a run or a study, while it goes on or after its end."""
    place.client().answer(name, gate, yes=word.lower().startswith("y"), note=note)


@click.command("arm")
@click.argument("runs", nargs=-1, required=True)
@db_option
def arm_command(place: Place, runs: tuple[str, ...]) -> None:
    """Let gates stop these runs, from what they find from now on."""
    client = place.client()
    for_each(runs, lambda run: client.arm(run))


@click.command("disarm")
@click.argument("runs", nargs=-1, required=True)
@db_option
def disarm_command(place: Place, runs: tuple[str, ...]) -> None:
    """Let no gate stop these runs; it will only be told what one would have done."""
    client = place.client()
    for_each(runs, lambda run: client.arm(run, is_armed=False))
