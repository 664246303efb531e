"""The verb budget: what was spent and what is left, and the verbs below it, loaded when they are used.

summary    trainui budget: the reckoning, the ladder, where the money went
books      ledger, leases, burn: the lines themselves
mending    correct, cancel: what a person asks of the money
init       the wizard that writes trainui.toml
answers    its questions, and the options that answer them
"""

from __future__ import annotations

import click

from trainui.cli.place import Place, db_option
from trainui.cli.verbs import Verbs
from trainui.core.store.spending import BY

VERBS = {
    "init": "init",
    "ledger": "books",
    "leases": "books",
    "burn": "books",
    "correct": "mending",
    "cancel": "mending",
}
"""Verb below budget → the file of this package that holds it."""


@click.group(
    "budget",
    cls=Verbs,
    verbs=VERBS,
    package="trainui.cli.budget",
    unknown="there is no `budget {}`",
    invoke_without_command=True,
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.option("--by", type=click.Choice(BY), default=None, help="Sum by this (default: by run and by study).")
@db_option
@click.pass_context
def budget_command(ctx: click.Context, /, place: Place, as_json: bool, by: str | None) -> None:
    """What was spent, is held and is left, and how long that lasts."""
    if ctx.invoked_subcommand is None:
        from trainui.cli.budget.summary import print_budget

        print_budget(place, as_json=as_json, by=by)
    elif as_json or by:
        raise click.UsageError(f"give --json after the verb: trainui budget {ctx.invoked_subcommand} --json")
