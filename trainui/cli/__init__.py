"""The command line: one file per group of verbs, loaded when the verb is used."""

from __future__ import annotations

import gc
import sqlite3
import sys
from typing import TYPE_CHECKING, Any

import click

from trainui import __version__
from trainui.cli.place import db_option
from trainui.cli.verbs import Verbs
from trainui.core.errors import TrainuiError, UserError

if TYPE_CHECKING:
    from trainui.cli.place import Place

VERBS = {
    "jobs": "look",
    "ls": "ls",
    "show": "show",
    "logs": "show",
    "curve": "show",
    "compare": "comparing",
    "gates": "judging",
    "replay": "replaying",
    "budget": "budget",
    "start": "act",
    "stop": "act",
    "pause": "act",
    "resume": "act",
    "retry": "act",
    "checkpoint": "act",
    "note": "remarks",
    "tag": "remarks",
    "answer": "rule",
    "arm": "rule",
    "disarm": "rule",
    "hold": "waitlist",
    "release": "waitlist",
    "edit": "waitlist",
    "parse": "parse",
    "import": "bring",
    "export": "export",
    "notify": "telling",
    "report": "away",
    "reproduce": "reproducing",
    "doctor": "care",
    "manager": "care",
    "settings": "preferring",
    "keys": "preferring",
    "serve": "serving",
    "demo": "demo",
}
"""Verb → the file of this package that holds it."""


@click.group(
    cls=Verbs,
    verbs=VERBS,
    package="trainui.cli",
    unknown="there is no command {!r}",
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, prog_name="trainui")
@click.option("--readonly", is_flag=True, help="Only look: nothing can be done, and nothing is written.")
@click.option("--fresh", is_flag=True, help="The dashboard as at first, not as it was left here.")
@db_option
@click.pass_context
def trainui(ctx: click.Context, place: Place, readonly: bool, fresh: bool) -> None:
    """The cockpit for training on a rented machine. Without a command: the dashboard."""
    if readonly and ctx.invoked_subcommand is not None:
        raise click.UsageError(
            "--readonly is for the dashboard: trainui --readonly, or trainui serve --readonly"
        )
    if fresh and ctx.invoked_subcommand is not None:
        raise click.UsageError("--fresh is for the dashboard: trainui --fresh")
    if ctx.invoked_subcommand is None:
        from trainui.cli.printing import has_terminal

        if not has_terminal():
            raise UserError("the dashboard needs a terminal", hint="ssh -t gives one; trainui ls needs none")
        gc.disable()  # next to all that is made at the start stays; the dashboard turns it on again
        from trainui.ui.app import run_dashboard

        project = place.project
        goodbye = run_dashboard(project, place.db, only_looks=readonly, fresh=fresh)
        if goodbye:
            click.echo(goodbye)


def main(argv: list[str] | None = None) -> Any:
    """Run the command line; an error is one sentence on stderr and an exit code, never a traceback."""
    try:
        return trainui.main(args=argv, prog_name="trainui", standalone_mode=False)
    except click.UsageError as error:
        return _complain(error.format_message(), 2)
    except click.ClickException as error:
        return _complain(error.format_message(), 1)
    except click.Abort:
        return _complain("stopped at your wish; runs go on", 130)
    except TrainuiError as error:
        return _complain(str(error), error.exit_code)
    except BrokenPipeError:
        sys.stderr.close()  # `trainui ls | head`: the reader has seen enough
        return 0
    except sqlite3.Error as error:
        return _complain(f"runs.db: {error} (see trainui doctor)", 1)
    except OSError as error:
        return _complain(f"{error.filename or 'the output'}: {error.strerror}", 1)
    except UnicodeError:
        return _complain("that is not text in UTF-8", 2)


def _complain(sentence: str, code: int) -> int:
    from trainui.cli.printing import plain

    click.echo(f"trainui: {plain(sentence)}", err=True)
    return code
