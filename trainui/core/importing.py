"""Bringing in logs of runs that were not ours: the row, the directory, and every point, once.

An imported run stays where its files are: its run directory says which they are, and importing the same files
again goes on where the last import stopped.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from trainui.core.errors import NotFoundError
from trainui.core.following import FOUND, stamp_of, told
from trainui.core.ingest.bundles import Bundle, job_name, joined
from trainui.core.ingest.discover import Found, form_of, newest_copy
from trainui.core.ingest.follow import chunks_of
from trainui.core.process.files import write_json
from trainui.core.process.order import OUTPUT
from trainui.core.run import Result
from trainui.core.spec import Job, Spec
from trainui.core.store.imports import add_imported, imported_from, imported_with, note_times, points_of_run
from trainui.core.store.intents import next_number
from trainui.core.store.runs import RunRow, RunWriter
from trainui.core.store.schema import atomic
from trainui.core.store.streams import StreamWriter
from trainui.core.store.verdicts import write_gates
from trainui.core.telemetry.opened import Opened
from trainui.core.unpacking.again import is_carried, take_again
from trainui.core.watching import Watch

ORIGIN, SPEC = "origin.json", "spec.toml"
COMMAND = "imported"
"""Stands for the command of a run nobody started here."""


class NoMetricError(NotFoundError):
    """A log in which nothing is a metric."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Imported:
    """What an import did. `points` counts what is new."""

    run: str
    root: Path
    points: int
    metrics: int
    is_new: bool


def import_bundle(
    db: sqlite3.Connection,
    bundle: Bundle,
    spec: Spec | None,
    *,
    path: Path,
    project: Path,
    job: str = "",
    growing: Collection[str] = (),
    tell: Callable[[int], None] = lambda _bytes: None,
) -> Imported:
    """Import one run, or what is new of it, into the runs.db at `path`.

    `spec`: that of its job, whose gates then judge it; without one it is a run of `job`, or of a job named like its
    files. What is not whole at the end of a file that is `growing` is left for the next time. `tell` hears how many
    bytes were read. Raises NoMetricError when there is nothing to take; then nothing
    was made.
    """
    known = _known(db, bundle)
    if known is None and not any(_has_metrics(stream) for stream in bundle.streams):
        hint = f"see what would be read: trainui parse {bundle.streams[0].path}"
        raise NoMetricError(f"{bundle.root} holds no metric", hint=hint)
    if known is None:
        run = _add(db, bundle, spec or _bare(job or job_name(bundle.root)), path, project)
    else:
        run = _take_in(_row(db, known), bundle)
    points, metrics = _read(db, run, tell, growing)
    return Imported(run=run.name, root=bundle.root, points=points, metrics=metrics, is_new=known is None)


def being_written() -> frozenset[str]:
    """The files that some process of this user holds open for writing, absolute paths."""
    try:
        pids = [int(name) for name in os.listdir("/proc") if name.isdigit()]
    except OSError:
        return frozenset()
    return frozenset(Opened().look(pids, boot=0.0))


def import_again(
    db: sqlite3.Connection, folder: Path, spec: Spec, origin: dict[str, Any], *, has_row: bool = False
) -> RunRow:
    """An imported run told again from its directory into a new runs.db. Its files may be gone. `has_row`: a damaged
    file still tells of it."""
    if is_carried(origin):
        return take_again(db, folder, origin, has_row=has_row)
    with atomic(db):
        run = _ended(db, folder.name, spec, folder, origin)
    _read(db, run, lambda _bytes: None)
    return RunWriter(db).get(run.name) or run


def _add(db: sqlite3.Connection, bundle: Bundle, spec: Spec, path: Path, project: Path) -> RunRow:
    """The run's directory, then its row, already ended: no manager will ever start it."""
    runs = path.parent / "runs"
    with atomic(db):
        if known := _known(db, bundle):
            return _row(db, known)  # somebody else was faster
        name = f"{spec.job.name}-{next_number(db, runs, spec.job.name)}"
        folder = runs / name
        folder.mkdir(mode=0o700, parents=True)
        written = [stamp[2] / 1e9 for one in bundle.streams if (stamp := stamp_of(Path(one.path)))]
        origin = {
            "run": name,
            "job": spec.job.name,
            "study": spec.job.study or spec.job.name,
            "project": str(project),
            "db": str(path),
            "queued_at": max(written, default=time.time()),
            "imported": str(bundle.root),
        }
        (folder / SPEC).write_text(spec.to_toml(), encoding="utf-8")
        (folder / SPEC).chmod(0o600)
        write_json(folder / FOUND, {"streams": [asdict(one) for one in bundle.streams]})
        write_json(folder / ORIGIN, origin)
        if (printed := _printed(bundle)) is not None:
            (folder / OUTPUT).symlink_to(printed)
        return _ended(db, name, spec, folder, origin)


def _ended(db: sqlite3.Connection, name: str, spec: Spec, folder: Path, origin: dict[str, Any]) -> RunRow:
    run = add_imported(db, name, spec, folder, origin)
    write_gates(db, name, spec.gates())
    return run


def _printed(bundle: Bundle) -> Path | None:
    """What the run printed, to be looked at as its log: the stream itself, or what W&B keeps beside its file."""
    for stream in bundle.streams:
        path = Path(stream.path)
        if stream.kind == "console":
            return path
        if stream.kind == "wandb" and (beside := path.parent / "files" / OUTPUT).is_file():
            return beside
    return None


def _known(db: sqlite3.Connection, bundle: Bundle) -> str | None:
    """The run that was imported from the same place, or that reads all of these files already."""
    readers = {imported_with(db, one.path) for one in bundle.streams}
    return imported_from(db, str(bundle.root)) or (readers.pop() if len(readers) == 1 else None)


def _row(db: sqlite3.Connection, name: str) -> RunRow:
    found = RunWriter(db).get(name)
    assert found is not None
    return found


def _take_in(run: RunRow, bundle: Bundle) -> RunRow:
    """A known run, with the files that have appeared since."""
    known = told(run.directory)
    streams = joined(known, bundle.streams)
    if len(streams) > len(known):
        write_json(run.directory / FOUND, {"streams": [asdict(one) for one in streams]})
    return run


def _read(
    db: sqlite3.Connection, run: RunRow, tell: Callable[[int], None], growing: Collection[str] = ()
) -> tuple[int, int]:
    """Take every point not read yet; returns (new points, metrics of the run)."""
    watch = Watch(db, run, StreamWriter(db), own=())
    before = points_of_run(db, run.name)
    watch.read(now=run.queued_at, final=True, growing=growing, tell=tell)
    code = watch.exit_code
    result = Result.FAILED if code else Result.FINISHED
    with atomic(db):
        watch.end(result=str(result), exit_code=code, now=run.queued_at)
        metrics = note_times(db, run.name, exit_code=code)
        return points_of_run(db, run.name) - before, metrics


def is_imported(origin: dict[str, Any] | None) -> bool:
    """Whether an origin.json is that of an imported run."""
    return bool(origin and origin.get("imported"))


def _bare(job: str) -> Spec:
    return Spec(job=Job(name=job, command=[COMMAND]))


def _has_metrics(stream: Found) -> bool:
    """Whether a file gives at least one point; it is read no further than that."""
    form = form_of(newest_copy(Path(stream.path)), printed=True)
    if form is None:
        return False
    reader = form.make("", ())
    return any(
        record.metrics
        for chunk in chunks_of(newest_copy(Path(stream.path)), form)
        for item in chunk.items
        for record in reader.read(item)
    )
