"""HAND: one run told again from its directory, through the same code that reads and buries a live one."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trainui.core.clock import Clock
from trainui.core.engines.local import LocalEngine, Observation, Phase
from trainui.core.errors import NotFoundError, TrainuiError, UserError
from trainui.core.importing import import_again, is_imported
from trainui.core.judging.retelling import answer_reading
from trainui.core.lives import Lives
from trainui.core.metering import Metering
from trainui.core.process import order as names
from trainui.core.process.files import read_json, recall
from trainui.core.process.identity import boot_id, boot_seconds
from trainui.core.run import Result, Status
from trainui.core.spec import Spec
from trainui.core.spec.file import load_spec
from trainui.core.store.readings import write_reading
from trainui.core.store.runs import RunRow, RunWriter
from trainui.core.store.salvage import Row, Wreck
from trainui.core.store.schema import atomic
from trainui.core.treasury.accounts import Accounts

ORIGIN, SPEC = "origin.json", "spec.toml"
OWN = ("TRAINUI_", "CUDA_VISIBLE_DEVICES")
"""What of a launched run's environment was its own: its name, its GPUs."""
NEVER_BEGAN = "it had not begun when runs.db was rebuilt"


class UnclearError(TrainuiError):
    """A run directory that does not say what it is; it is left alone."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """What a run directory says of its run."""

    folder: Path
    spec: Spec
    origin: dict[str, Any]
    launch: dict[str, Any]
    claim: dict[str, Any]
    job: dict[str, Any]
    queued_at: float

    @property
    def name(self) -> str:
        """The run's name: that of its directory."""
        return self.folder.name


def run_folders(db: Path) -> list[Path]:
    """The run directories beside a runs.db."""
    runs = db.parent / "runs"
    return sorted(path for path in runs.iterdir() if path.is_dir()) if runs.is_dir() else []


def hear(folder: Path, db: Path) -> Told | None:
    """What `folder` says; None for that of another runs.db. Raises UnclearError for one that makes no sense."""
    try:
        origin, launch, claim, job = (
            read_json(folder / name) for name in (ORIGIN, names.LAUNCH, names.CLAIM, names.JOB)
        )
        if origin is None and launch is None:
            raise UnclearError(f"it holds neither {ORIGIN} nor {names.LAUNCH}")
        origin, launch = origin or {}, launch or {}
        named = str(launch.get("run") or origin.get("run"))
        if named != folder.name:
            raise UnclearError(f"it is a copy of {named}")
        if Path(str(launch.get("db") or origin.get("db") or db)).name != db.name:
            return None
        spec = load_spec(folder / SPEC)
        if spec is None:
            raise UnclearError(f"its {SPEC} has no [job]")
        claimed_at = (claim or {}).get("at") or (folder / SPEC).stat().st_mtime
        return Told(
            folder=folder,
            spec=spec,
            origin=origin,
            launch=launch,
            claim=claim or {},
            job=job or {},
            queued_at=float(origin.get("queued_at") or claimed_at),
        )
    except (OSError, ValueError, TypeError) as error:
        raise UnclearError(str(error)) from error


def missing_runs(db: Path) -> list[str]:
    """Runs that were launched, by their directories, and are not in a runs.db that can be read."""
    wreck = Wreck(db).open()
    known = {str(row["name"]) for row in wreck.rows("runs")}
    wreck.close()
    missing = []
    for folder in run_folders(db):
        if folder.name not in known and (folder / names.CLAIM).exists():
            try:
                told = hear(folder, db)
            except UnclearError:
                continue
            if told is not None:
                missing.append(folder.name)
    return missing


def launch_environment(folder: Path) -> dict[str, str]:
    """The environment a run was launched with, without what was given to this one run; {} when nobody knows."""
    told = (recall(folder / names.LAUNCH) or {}).get("env")
    if not isinstance(told, dict):
        return {}
    return {key: str(value) for key, value in told.items() if not key.startswith(OWN)}


class _Watcher(LocalEngine):
    """Sees, and touches nothing."""

    def stop(
        self, run_dir: Path, *, reason: str, signal: str, grace_seconds: float, checkpoint_seconds: float = 0,
        now: bool = False,
    ) -> None:  # fmt: skip
        """What was to be stopped then has ended since, or its keeper knows."""

    def attend(self, run_dir: Path) -> None:
        """The next manager does."""


class _ClosedAccounts(Accounts):
    """Charges nothing: what a run of the past cost stands in the ledger."""

    def settle(self, now: Clock) -> None:
        """Not now."""


class Retelling:
    """Tells runs again into a new runs.db."""

    def __init__(self, db: sqlite3.Connection, project: Path) -> None:
        self._db = db
        self._project = project
        self._runs = RunWriter(db)
        self._engine = _Watcher()
        metering = Metering(db, self._engine, project)
        # What lies about now may be of any run: of those to come nothing is known yet.
        self._lives = Lives(
            db, self._engine, _ClosedAccounts(db), metering, tries_again=False, looks_around=False
        )

    def catch_up(self, now: Clock) -> None:
        """Tell the last words of the gates, too; nothing is done about them again."""
        self._lives.catch_up(now)

    def answer(self, row: Row) -> None:
        """What somebody had answered to a gate, as the old file says; nothing is done about it again.

        A live run's next judge is told it before all else: when it was answered is not known in its points.
        """
        run, gate, is_yes = self._runs.get(str(row["run"])), str(row["gate"]), bool(row["is_yes"])
        who, note, at = str(row["who"]), str(row["note"]), float(row["at"])
        if run is None:
            return
        if run.status is not Status.ENDED:
            with atomic(self._db):
                told = answer_reading(gate, is_yes, who=who, note=note, seq=-1, at=at)
                write_reading(self._db, run.name, told)
            return
        with contextlib.suppress(NotFoundError, UserError):  # the gate is none of its spec, or asks nothing
            self._lives.answer(
                run, gate, is_yes, who=who, note=note, now=Clock(unix=at, boot=0.0, boot_id="")
            )

    def tell(self, told: Told, *, has_row: bool = False) -> RunRow:
        """Everything the directory says of its run, from its row to its last point; returns the row. `has_row`: the
        old file still tells of it.

        A live run gets its row and its gates: the next manager reads its streams, from the start.
        """
        if is_imported(told.origin):
            return import_again(self._db, told.folder, told.spec, told.origin, has_row=has_row)
        seen = self._engine.poll(told.folder)
        with atomic(self._db):
            run = self._queued(told)
            self._lives.take_in(run)
            if seen.phase is Phase.ABSENT:
                at = told.queued_at
                self._lives.end(run, Result.LOST, NEVER_BEGAN, Clock(unix=at, boot=0.0, boot_id=""))
                return self._again(run)
            run = self._started(run, told)
        if seen.phase in (Phase.EXITED, Phase.LOST):
            self._lives.look_at(run, seen, _end_of(told, seen))
        else:
            self._go_on(run, told, seen)
        with atomic(self._db):
            self._runs.event(run.name, "manager", "rebuilt from its run directory", at=time.time())
        return self._again(run)

    def _again(self, run: RunRow) -> RunRow:
        row = self._runs.get(run.name)
        assert row is not None
        return row

    def _queued(self, told: Told) -> RunRow:
        project = Path(str(told.origin.get("project") or told.launch.get("project") or self._project))
        payload = {
            "job": told.spec.job.name,
            "study": told.origin.get("study") or told.spec.job.study or told.spec.job.name,
            "spec": told.spec.to_json(),
            "project": str(project if project.is_dir() else self._project),
            "armed": bool(told.origin.get("armed", told.spec.job.arm)),
            "parent": told.origin.get("parent"),
            "priority": int(told.origin.get("priority") or 0),
            "retried_for": str(told.origin.get("retried_for") or ""),
        }
        run = self._runs.add(told.name, payload, directory=told.folder, queued_at=told.queued_at)
        origin = f", after {run.parent}" if run.parent else ""
        self._runs.event(run.name, "status", f"queued{origin}", at=told.queued_at)
        return run

    def _started(self, run: RunRow, told: Told) -> RunRow:
        gpus = [str(gpu) for gpu in told.origin.get("gpus", ())]
        return self._runs.move(
            run, Status.STARTING, "starting", at=float(told.claim.get("at") or told.queued_at),
            gpus=json.dumps(gpus), boot_id=told.claim.get("boot_id") or boot_id(), was_launched=1,
        )  # fmt: skip

    def _go_on(self, run: RunRow, told: Told, seen: Observation) -> None:
        """The row of a run that is live, as the manager left it."""
        if seen.started_boot is None:
            return
        started_at = time.time() - (boot_seconds() - seen.started_boot)
        stop = recall(told.folder / names.STOP)
        with atomic(self._db):
            self._runs.change(
                run.name,
                started_boot=seen.started_boot,
                started_at=started_at,
                boot_id=boot_id(),
                pid=seen.pid,
            )
            run = self._runs.move(run, Status.RUNNING, f"running, pid {seen.pid}", at=started_at)
            if stop is not None:
                reason = str(stop.get("reason", "user"))
                at = float(stop.get("at", time.time()))
                self._runs.move(run, Status.STOPPING, f"stopping: {reason}", at=at, stop_reason=reason)
            elif seen.is_paused:
                at = float((recall(told.folder / names.PAUSE) or {}).get("at", time.time()))
                self._runs.move(run, Status.PAUSED, "paused: it holds its memory and its GPUs", at=at)


def _end_of(told: Told, seen: Observation) -> Clock:
    """When a run ended, on both clocks of its own boot: of a lost one, its last sign of life."""
    boot = str(told.claim.get("boot_id", ""))
    if seen.exit is not None:
        return Clock(unix=seen.exit.at, boot=seen.exit.boot_seconds, boot_id=boot)
    files = [told.folder / name for name in (names.CLAIM, names.JOB, names.OUTPUT, "metrics.jsonl")]
    last = max(path.stat().st_mtime for path in files if path.exists())
    began = (told.folder / names.JOB).stat().st_mtime if told.job else last
    return Clock(unix=last, boot=(seen.started_boot or 0.0) + last - began, boot_id=boot)
