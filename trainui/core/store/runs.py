"""Writing runs: every move of a run and its event, in one transaction. Only the manager uses this."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trainui.core.run import LIVE, Result, Status, may_move
from trainui.core.spec import Spec, spec_from_json


@dataclass(frozen=True, kw_only=True, slots=True)
class RunRow:
    """A run as the manager holds it."""

    id: int
    name: str
    job: str
    study: str
    status: Status
    result: Result | None
    parent: str | None
    spec: Spec
    project: Path
    directory: Path
    armed: bool
    queued_at: float
    started_at: float | None
    started_boot: float | None
    boot_id: str | None
    ended_boot: float | None
    gpus: tuple[str, ...]
    step: float | None
    epoch: float | None
    total_steps: float | None
    total_epochs: float | None
    stop_reason: str
    waits_for: str
    pid: int | None
    stop_at: float | None
    was_launched: bool
    priority: int
    place: float
    held: bool
    retried_for: str
    peak_memory: int
    start_after: float | None
    """Boot second before which a run tried again does not start; void after a restart of the machine."""

    @property
    def queue_key(self) -> tuple[int, float, int]:
        """Where it stands in the queue: priority first, then its place."""
        return -self.priority, self.place, self.id


def _row(row: sqlite3.Row) -> RunRow:
    return RunRow(
        id=row["id"],
        name=row["name"],
        job=row["job"],
        study=row["study"],
        status=Status(row["status"]),
        result=Result(row["result"]) if row["result"] else None,
        parent=row["parent"],
        spec=spec_from_json(row["spec"]),
        project=Path(row["project"]),
        directory=Path(row["directory"]),
        armed=bool(row["armed"]),
        queued_at=row["queued_at"],
        started_at=row["started_at"],
        started_boot=row["started_boot"],
        boot_id=row["boot_id"],
        ended_boot=row["ended_boot"],
        gpus=tuple(json.loads(row["gpus"])),
        step=row["step"],
        epoch=row["epoch"],
        total_steps=row["total_steps"],
        total_epochs=row["total_epochs"],
        stop_reason=row["stop_reason"],
        waits_for=row["waits_for"],
        pid=row["pid"],
        stop_at=row["stop_at"],
        was_launched=bool(row["was_launched"]),
        priority=row["priority"],
        place=row["id"] if row["place"] is None else row["place"],
        held=bool(row["held"]),
        retried_for=row["retried_for"],
        peak_memory=row["peak_memory"],
        start_after=row["start_after"],
    )


class RunWriter:
    """The runs table and the events, for the manager."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def open_runs(self) -> list[RunRow]:
        """Every run that has not ended, oldest first."""
        rows = self._db.execute("SELECT * FROM runs WHERE status != 'ended' ORDER BY id").fetchall()
        return [_row(row) for row in rows]

    def get(self, name: str) -> RunRow | None:
        """The run called `name`."""
        row = self._db.execute("SELECT * FROM runs WHERE name=?", (name,)).fetchone()
        return _row(row) if row else None

    def newest_of(self, job: str) -> RunRow | None:
        """The newest run of `job`."""
        row = self._db.execute("SELECT * FROM runs WHERE job=? ORDER BY id DESC LIMIT 1", (job,)).fetchone()
        return _row(row) if row else None

    def add(self, name: str, payload: Mapping[str, Any], *, directory: Path, queued_at: float) -> RunRow:
        """Take a queued run in. Call inside a transaction."""
        self._db.execute(
            "INSERT OR IGNORE INTO runs (name, job, study, status, parent, spec, project, directory, armed, queued_at,"
            " priority, held, start_after, boot_id, retried_for)"
            " VALUES (?, ?, ?, 'queued', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                name, payload["job"], payload["study"], payload.get("parent"), payload["spec"], payload["project"],
                str(directory), int(payload.get("armed", False)), queued_at,
                payload.get("priority", 0), int(payload.get("held", False)), payload.get("start_after"),
                payload.get("boot_id"), payload.get("retried_for", ""),
            ),
        )  # fmt: skip
        self._db.execute("UPDATE runs SET place=id WHERE name=? AND place IS NULL", (name,))
        row = self.get(name)
        assert row is not None
        return row

    def move(self, run: RunRow, status: Status, text: str, *, at: float, **changes: Any) -> RunRow:
        """Move a run on in its life and say why. Call inside a transaction."""
        assert may_move(run.status, status), f"{run.name}: {run.status} -> {status}"
        self.change(run.name, status=str(status), **changes)
        self.event(run.name, "status", text, at=at)
        moved = self.get(run.name)
        assert moved is not None
        return moved

    def change(self, name: str, **columns: Any) -> None:
        """Set columns of a run; the names come from this package, never from a user."""
        names = ", ".join(f"{column}=?" for column in columns)
        self._db.execute(f"UPDATE runs SET {names} WHERE name=?", (*columns.values(), name))  # noqa: S608

    def was_told(self, run: str, kind: str, text: str) -> bool:
        """Whether there is such an event."""
        found = self._db.execute("SELECT 1 FROM events WHERE run=? AND kind=? AND text=?", (run, kind, text))
        return found.fetchone() is not None

    def event(self, run: str, kind: str, text: str, *, at: float) -> None:
        """Keep a past-tense fact. Call inside a transaction."""
        self._db.execute(
            "INSERT INTO events (at, run, kind, text) VALUES (?, ?, ?, ?)", (at, run, kind, text)
        )

    def has_company(self, run: RunRow) -> bool:
        """Whether another run of the same project has lived since this one began."""
        row = self._db.execute(
            "SELECT 1 FROM runs WHERE project=? AND name!=? AND was_launched AND (ended_at IS NULL OR ended_at>=?)"
            " AND status!='queued' LIMIT 1",
            (str(run.project), run.name, run.started_at or run.queued_at),
        ).fetchone()
        return row is not None

    def company(self, run: RunRow) -> list[tuple[Path, int | None]]:
        """(run directory, pid of the job where it was seen) of all runs that have lived since this one began."""
        rows = self._db.execute(
            "SELECT directory, pid FROM runs WHERE name!=? AND was_launched AND (ended_at IS NULL OR ended_at>=?)",
            (run.name, run.started_at or run.queued_at),
        )
        return [(Path(row["directory"]), row["pid"]) for row in rows]

    def criteria(self, name: str) -> list[tuple[str, str]]:
        """(gate, verdict) of the run's criteria. A stretch goal, of severity info, is none that others wait for."""
        rows = self._db.execute(
            "SELECT gate, verdict FROM gates WHERE run=? AND role='criterion' AND severity!='info' ORDER BY place",
            (name,),
        ).fetchall()
        return [(row["gate"], row["verdict"]) for row in rows]

    def stop_reason(self, name: str) -> str:
        """Why a run was asked to stop; '' when it was not."""
        row = self._db.execute("SELECT stop_reason FROM runs WHERE name=?", (name,)).fetchone()
        return str(row[0]) if row else ""

    def saved_at(self, name: str) -> float | None:
        """When a run last told of a checkpoint, Unix seconds."""
        row = self._db.execute("SELECT max(at) FROM checkpoints WHERE run=?", (name,)).fetchone()
        return None if row[0] is None else float(row[0])

    def points_in_order(
        self, name: str
    ) -> Iterator[tuple[str, float, float | None, float | None, float, int]]:
        """Every point of the run's curves as the gates were fed: metric, step, value (None: NaN), epoch, at, and its
        number in the run."""
        rows = self._db.execute(
            "SELECT metrics.name, points.step, points.value, points.epoch, points.at, points.seq"
            " FROM metrics JOIN points ON points.metric = metrics.id"
            " WHERE metrics.run=? AND metrics.id="
            "   (SELECT id FROM metrics AS other WHERE other.run=metrics.run AND other.name=metrics.name"
            "    ORDER BY rank, id LIMIT 1)"
            " ORDER BY points.seq",
            (name,),
        )
        rows.row_factory = None
        yield from rows


def live_of(runs: Sequence[RunRow]) -> list[RunRow]:
    """Those in which a process may exist."""
    return [run for run in runs if run.status in LIVE]
