"""The verb that has a run again: reproduce."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import click

from trainui.cli.place import Place, db_option
from trainui.cli.printing import plain, print_json
from trainui.core.errors import NotFoundError, UserError
from trainui.core.reproducing.doing import have_again, recipe_of
from trainui.core.reproducing.recipe import Recipe, moved
from trainui.core.reproducing.script import CODE, RUN_DIR, environment, shell


@click.command("reproduce")
@click.argument("run")
@click.option(
    "--in",
    "folder",
    type=click.Path(path_type=Path),
    help="Where: a folder that is made (default: ./RUN-again).",
)
@click.option("--run", "is_run", is_flag=True, help="Do it: the code in a git worktree, then the command.")
@click.option(
    "--anyway", is_flag=True, help="With --run: also when the code is not all there, or somebody else's."
)
@click.option("--shell", "is_shell", is_flag=True, help="Print a script, and nothing else.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@db_option
def reproduce_command(
    place: Place, run: str, folder: Path | None, is_run: bool, anyway: bool, is_shell: bool, as_json: bool
) -> None:
    """Tell how to have RUN again: its commit, its changes, its command; and what is gone or another now.

    Nothing is done without --run, which runs the command here, to its end, with its exit code.
    """
    if is_run + is_shell + as_json > 1:
        raise UserError("--run, --shell and --json do not go together")
    if anyway and not is_run:
        raise UserError("--anyway goes with --run")
    reader = place.reader()
    one = recipe_of(reader, run, _project(place))
    reader.close()
    where = (folder or Path(f"{run}-again")).absolute()
    if is_shell:
        sys.stdout.buffer.write(shell(one, where).encode("utf-8", "surrogateescape"))
    elif as_json:
        print_json(_json(one, where))
    elif is_run:
        _tell(one, where)
        sys.stdout.flush()
        raise SystemExit(have_again(one, where, anyway=anyway))
    else:
        _tell(one, where)


def _project(place: Place) -> Path:
    try:
        return place.project
    except NotFoundError:
        return Path.cwd()


def _tell(one: Recipe, where: Path) -> None:
    run_dir = where / RUN_DIR
    code = f"commit {one.commit[:12]} of {one.repository}" if one.repository else "no code"
    changes = f", with changes of {one.diff.count(b'diff --git ')} files" if one.diff else ""
    click.echo(f"{plain(one.run)}: {plain(code)}{changes}")
    click.echo(f"  in      {plain(str(where / CODE / one.prefix))}")
    given = environment(one, run_dir)
    click.echo(f"  with    {plain(shlex.join(f'{name}={value}' for name, value in given.items()))}")
    click.echo(f"  run     {plain(shlex.join(moved(one, run_dir)))}")
    if one.is_foreign:
        click.echo("it came out of an archive: somebody else wrote what it runs")
    for head, doubts in (("cannot be restored", one.gone), ("is not as it was", one.differs)):
        if doubts:
            click.echo(f"{head}:")
        for doubt in doubts:
            click.echo(f"  {doubt.kind:<12}{plain(doubt.text)}")
    click.echo(f"to do it: trainui reproduce {plain(one.run)} --run; as a script: --shell")


def _json(one: Recipe, where: Path) -> dict[str, object]:
    run_dir = where / RUN_DIR
    return {
        "run": one.run,
        "commit": one.commit,
        "repository": one.repository,
        "prefix": one.prefix,
        "diff": one.diff.decode("utf-8", "replace"),
        "command": moved(one, run_dir),
        "environment": environment(one, run_dir),
        "folder": str(where / CODE / one.prefix),
        "run_dir": str(run_dir),
        "is_foreign": one.is_foreign,
        "cannot_restore": one.gone,
        "differs": one.differs,
    }
