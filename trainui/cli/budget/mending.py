"""`trainui budget correct` and `cancel`: what a person asks of the money."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

import click

from trainui.cli.place import Place, db_option
from trainui.cli.printing import plain
from trainui.core.errors import UserError
from trainui.core.money.amounts import MICRO

MOST = Decimal(10) ** 9


def _millionths(_ctx: click.Context, _param: click.Parameter, given: str) -> int:
    """A sum with its sign, exact."""
    try:
        exact = Decimal(given.strip().removesuffix("$").strip())
    except InvalidOperation:
        raise click.UsageError(f"{given!r} is no sum of money (for example -1.50)") from None
    if not exact.is_finite() or exact.copy_abs() > MOST:
        raise click.UsageError(f"{given!r} is no sum of money that can be counted")
    micro = exact * MICRO
    if micro != int(micro):
        raise click.UsageError(f"{given!r} is finer than a millionth, which is not counted")
    if not micro:
        raise click.UsageError("a correction of 0 changes nothing")
    return int(micro)


@click.command("correct", context_settings={"ignore_unknown_options": True})
@click.argument("amount", callback=_millionths)
@click.argument("note")
@click.option("--run", default="", metavar="RUN", help="The run it is of (default: none).")
@db_option
def correct_command(place: Place, amount: int, note: str, run: str) -> None:
    """Put the ledger right by AMOUNT (-1.50 takes away), with a NOTE that says why. Lines are only ever added."""
    if not note.strip() or note.startswith("--"):
        raise UserError(
            "a correction needs a note that says why", hint='trainui budget correct -1.50 "refund"'
        )
    click.echo(plain(place.client().correct(amount, note.strip(), run=run)))


@click.command("cancel")
@db_option
def cancel_command(place: Place) -> None:
    """Cancel the countdown to a command of on_idle or on_cap."""
    click.echo(plain(place.client().cancel_countdown()))
