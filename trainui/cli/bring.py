"""The verb that brings in finished logs as runs: import."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from trainui.cli.place import Place, db_option
from trainui.cli.printing import plain, print_json, tell_left_out
from trainui.core.errors import NotFoundError, UserError
from trainui.core.importing import Imported, NoMetricError, being_written, import_bundle
from trainui.core.ingest.bundles import Bundle, bundles_in
from trainui.core.project import find_job, find_jobs
from trainui.core.spec import Spec
from trainui.core.spec.check import NAME
from trainui.core.store.schema import connect
from trainui.core.unpacking.opening import is_archive
from trainui.core.unpacking.taking import take_archive

MIB = 1 << 20
SHOWN = 5
"""Files without a metric that are named."""


@click.command("import")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PATH...")
@click.option(
    "--job",
    default="",
    metavar="NAME",
    help="The job they are runs of: its gates judge them.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@db_option
def import_command(place: Place, paths: tuple[Path, ...], job: str, as_json: bool) -> None:
    """Bring in finished logs as runs, or whole folders of them.

    JSON lines, printed output, TensorBoard event files, CSV, HF trainer_state.json, W&B offline files. The files stay
    where they are; importing them again takes what is new. An archive that `trainui export --format zip` wrote brings
    its runs back whole.
    """
    archives = [path for path in paths if is_archive(path)]
    logs = [path for path in paths if path not in archives]
    bundles = _bundles(logs, others=bool(archives))
    if archives and job:
        raise click.UsageError("--job is for logs: the runs of an archive know their jobs")
    path, project = _here(place)
    db = connect(path, durable=True)
    taken = [one for archive in archives for one in _take(db, archive, path, project, as_json)]
    if not bundles:
        if as_json:
            print_json(taken)
        return
    spec, growing = _spec_of(place, job), being_written()
    done: list[Imported] = []
    empty: list[NoMetricError] = []
    without: list[Path] = []
    for bundle in bundles:
        try:
            tell = _progress(bundle, as_json)
            one = import_bundle(
                db, bundle, spec, path=path, project=project, job=job, growing=growing, tell=tell
            )
        except NoMetricError as error:
            empty.append(error)
            without.append(bundle.root)
            continue
        done.append(one)
        if not as_json:
            _tell(one)
    if as_json:
        print_json([*taken, *(_json(one) for one in done)])
    if done and without:
        shown = ", ".join(plain(str(one)) for one in without[:SHOWN]) + (" …" if len(without) > SHOWN else "")
        click.echo(f"trainui: {len(without)} without a metric: {shown}", err=True)
    if not done and not taken:
        raise empty[0] if len(empty) == 1 else NotFoundError(f"none of {len(empty)} files holds a metric")


def _bundles(logs: Sequence[Path], *, others: bool) -> list[Bundle]:
    """The runs in `logs`, each once. A folder without any is told of; it is an error where there are no `others`."""
    found: dict[Bundle, None] = {}
    without: list[NotFoundError] = []
    for path in logs:
        try:
            found |= dict.fromkeys(bundles_in(path))
        except NotFoundError as error:
            if not path.is_dir():  # a slip of the pen: nothing is brought in before it is mended
                raise
            without.append(error)
    if without and not found and not others:
        raise without[0]
    for one in without:
        click.echo(f"trainui: {plain(str(one))}", err=True)
    return list(found)


def _take(
    db: sqlite3.Connection, archive: Path, path: Path, project: Path, is_quiet: bool
) -> list[dict[str, Any]]:
    """The runs of an archive, as `--json` tells them."""
    told = []
    for one in take_archive(db, archive, to=path, project=project):
        told.append(
            {
                "run": one.run,
                "from": str(archive),
                "points": one.points,
                "metrics": one.metrics,
                "is_new": one.is_new,
            }
        )
        if not is_quiet:
            news = (
                f"{one.points:,} points of {one.metrics} metrics"
                if one.is_new
                else "nothing new: it is here already"
            )
            was = f", {one.called} there" if one.called != one.run else ""
            click.echo(f"{one.run}  {news}, from {plain(str(archive))}{was}")
    if any(one["is_new"] for one in told):
        tell_left_out(archive)
    return told


def _tell(one: Imported) -> None:
    news = f"{one.points:,} points of {one.metrics} metrics" if one.points else "nothing new"
    click.echo(f"{one.run}  {news}, from {plain(str(one.root))}")


def _json(one: Imported) -> dict[str, Any]:
    return {
        "run": one.run,
        "from": str(one.root),
        "points": one.points,
        "metrics": one.metrics,
        "is_new": one.is_new,
    }


def _here(place: Place) -> tuple[Path, Path]:
    """(runs.db, project); with --db no project is needed. Raises NotFoundError."""
    path = place.db
    try:
        return path, place.project
    except NotFoundError:
        return path, Path.cwd()


def _spec_of(place: Place, job: str) -> Spec | None:
    """The spec of a job that is one of the project's."""
    if not job:
        return None
    if not NAME.fullmatch(job):
        raise UserError(f"{job!a:.80} is not a usable name for a job", hint="letters, digits, - and _")
    try:
        found = {one.name: one for one in find_jobs(place.project)}
    except NotFoundError:
        return None
    one = found.get(job)
    return find_job(place.project, job) if one is not None and one.spec is not None else None


def _progress(bundle: Bundle, is_quiet: bool) -> Callable[[int], None]:
    """Draws how far a large import is, on a terminal."""
    total = sum(path.stat().st_size for one in bundle.streams if (path := Path(one.path)).is_file())
    if is_quiet or not sys.stderr.isatty() or total < 16 * MIB:
        return lambda _bytes: None
    read = 0

    def tell(count: int) -> None:
        nonlocal read
        read += count
        end = "\r" if read < total else "\r\x1b[K"
        click.echo(f"{bundle.root.name}: {read / MIB:.0f} of {total / MIB:.0f} MiB", nl=False, err=True)
        click.echo(end, nl=False, err=True)

    return tell
