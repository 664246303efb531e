"""serve: the dashboard in a browser, through a forwarded port."""

from __future__ import annotations

import os
import socket
import sys

import click

from trainui.cli.place import Place, db_option
from trainui.cli.printing import plain
from trainui.core.errors import TrainuiError, UserError


@click.command("serve")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, help="On loopback; default: any that is free."
)
@click.option("--readonly", is_flag=True, help="For a colleague: only look.")
@db_option
def serve_command(place: Place, port: int, readonly: bool) -> None:
    """Show the dashboard in a browser: on loopback, behind a token, until Ctrl+C."""
    try:
        from trainui.ui.web.server import Dashboards
    except ImportError as error:
        raise TrainuiError("serve needs textual-serve", hint="pip install 'trainui[serve]'") from error
    project, db = place.project, place.db
    argv = [sys.executable, "-m", "trainui", "--db", str(db), *(["--readonly"] if readonly else [])]
    os.chdir(project)
    try:
        server = Dashboards(argv, title=f"trainui {project.resolve().name}", port=port)
    except OSError as error:
        raise UserError(f"port {port} cannot be had: {error.strerror}", hint="give another --port") from error
    host = socket.gethostname()
    click.echo(plain(server.address))
    click.echo(
        plain(
            f"from your own machine: ssh -L {server.port}:127.0.0.1:{server.port} {host}, then open that address there"
        ),
        err=True,
    )
    click.echo("Ctrl+C ends it; runs go on", err=True)
    server.run()
