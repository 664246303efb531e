"""A group of verbs of which each is loaded when it is used."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click

from trainui.core.errors import nearest


class Verbs(click.Group):
    """Loads a verb's file when it is asked for, so that `trainui ls` never pays for the others."""

    def __init__(self, *args: Any, verbs: Mapping[str, str], package: str, unknown: str, **more: Any) -> None:
        """`verbs`: verb → the file of `package` that holds it. `unknown`: what is said of another, with {} for it."""
        super().__init__(*args, **more)
        self._verbs, self._package, self._unknown = verbs, package, unknown

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The verbs, in the order of the table."""
        return list(self._verbs)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """The verb `name`, or None."""
        if name not in self._verbs:
            return None
        module = import_module(f"{self._package}.{self._verbs[name]}")
        command: click.Command = getattr(module, f"{name}_command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Each verb on one line: what it does, up to the last clause that fits."""
        cells = formatter.width - 6 - max(map(len, self._verbs))
        commands = ((name, self.get_command(ctx, name)) for name in self._verbs)
        rows = [(name, clause(one.get_short_help_str(1000), cells)) for name, one in commands if one]
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, but an unknown verb names the nearest known one."""
        if args and args[0] not in self._verbs and not args[0].startswith("-"):
            raise click.UsageError(f"{self._unknown.format(args[0])} ({nearest(args[0], self._verbs)})")
        return super().resolve_command(ctx, args)


def clause(text: str, cells: int) -> str:
    """A sentence in so many cells: whole, or up to the last clause that fits, or cut where a word ends."""
    if len(text) <= cells:
        return text
    end = max(text.rfind(mark, 0, cells) for mark in ",;:")
    return f"{text[:end]}." if end > 0 else f"{text[: max(0, text.rfind(' ', 0, cells - 2))]}..."
