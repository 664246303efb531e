"""The verb budget: what was spent and what is left, and the verbs below it, loaded when they are used.

summary    trainui budget: the reckoning, the ladder, where the money went
books      ledger, leases, burn: the lines themselves
mending    correct, cancel: what a person asks of the money
init       the wizard that writes trainui.toml
answers    its questions, and the options that answer them
"""

from __future__ import annotations

from importlib import import_module

import click

from trainui.cli.place import Place, db_option
from trainui.core.errors import nearest
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


class BudgetVerbs(click.Group):
    """Loads a verb's file when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The verbs, in the order of the table."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """The verb `name`, or None."""
        if name not in VERBS:
            return None
        module = import_module(f"trainui.cli.budget.{VERBS[name]}")
        command: click.Command = getattr(module, f"{name}_command")
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, but an unknown verb names the nearest known one."""
        if args and args[0] not in VERBS and not args[0].startswith("-"):
            raise click.UsageError(f"there is no `budget {args[0]}` ({nearest(args[0], VERBS)})")
        return super().resolve_command(ctx, args)


@click.group("budget", cls=BudgetVerbs, invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.option("--by", type=click.Choice(BY), default=None, help="Sum by this (default: by run and by study).")
@db_option
@click.pass_context
def budget_command(ctx: click.Context, /, place: Place, as_json: bool, by: str | None) -> None:
    """What was spent, what is held, what is left and how long it lasts."""
    if ctx.invoked_subcommand is None:
        from trainui.cli.budget.summary import print_budget

        print_budget(place, as_json=as_json, by=by)
    elif as_json or by:
        raise click.UsageError(f"give --json after the verb: trainui budget {ctx.invoked_subcommand} --json")
