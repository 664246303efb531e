"""Runs that were not started here: their rows are ended from the first moment on."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from trainui.core.run import Result, Status
from trainui.core.spec import Spec
from trainui.core.store.runs import RunRow, RunWriter

BROUGHT_IN = "imported from "
"""What the event of a run begins with that was read from a finished log; then which."""


def imported_from(db: sqlite3.Connection, root: str) -> str | None:
    """The run that `root` was imported as; None when it never was."""
    row = db.execute("SELECT name FROM runs WHERE imported=?", (root,)).fetchone()
    return str(row[0]) if row else None


def imported_with(db: sqlite3.Connection, path: str) -> str | None:
    """The imported run that reads the file `path`; None when none does."""
    row = db.execute(
        "SELECT run FROM sources JOIN runs ON runs.name = sources.run WHERE path=? AND imported IS NOT NULL",
        (path,),
    ).fetchone()
    return str(row[0]) if row else None


def add_imported(
    db: sqlite3.Connection, name: str, spec: Spec, folder: Path, origin: Mapping[str, Any]
) -> RunRow:
    """The row of an imported run, told by its `origin`. Call inside a transaction."""
    runs = RunWriter(db)
    payload = {
        "job": spec.job.name,
        "study": str(origin.get("study") or spec.job.study or spec.job.name),
        "spec": spec.to_json(),
        "project": str(origin["project"]),
    }
    at = float(origin["queued_at"])
    run = runs.add(name, payload, directory=folder, queued_at=at)
    root = str(origin["imported"])
    runs.change(name, imported=root)
    return runs.move(
        run, Status.ENDED, f"{BROUGHT_IN}{root}", at=at,
        result=str(Result.FINISHED), cause="imported", ended_at=at, started_at=at,
    )  # fmt: skip


def points_of_run(db: sqlite3.Connection, run: str) -> int:
    """How many points of a run are stored."""
    row = db.execute("SELECT coalesce(sum(points), 0) FROM metrics WHERE run=?", (run,)).fetchone()
    return int(row[0])


def note_times(db: sqlite3.Connection, run: str, *, exit_code: int | None) -> int:
    """Write down when an imported run began and ended, as far as its points say; returns how many metrics it has.

    Call inside a transaction.
    """
    first, last, metrics = db.execute(
        "SELECT min(points.at), max(metrics.last_at), count(*) FROM metrics"
        " JOIN points ON points.metric = metrics.id AND points.n = 0 WHERE metrics.run=?",
        (run,),
    ).fetchone()
    changes: dict[str, Any] = {}
    if first is not None:
        changes |= {"started_at": first, "ended_at": last, "seconds": max(0.0, last - first)}
    if exit_code is not None:
        failed = exit_code != 0
        changes |= {
            "exit_code": exit_code,
            "result": str(Result.FAILED if failed else Result.FINISHED),
            "cause": f"imported, exit code {exit_code}" if failed else "imported",
        }
    if changes:
        RunWriter(db).change(run, **changes)
    return int(metrics)
