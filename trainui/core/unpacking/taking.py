"""HAND: the runs of an archive taken into a runs.db: first their points, where nobody sees them, then every other row
in one transaction, every directory moved into place.

A process that is killed leaves all or nothing of it that anybody is told of. What it leaves beside it, a directory
without a run and points without a metric, the next import clears away.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trainui.core.export.carry.archive import LEASES
from trainui.core.export.carry.manifest import ROWS, PackedRun
from trainui.core.process.beat import beat
from trainui.core.process.failpoint import reach
from trainui.core.process.files import read_json, write_json
from trainui.core.spec import spec_from_json
from trainui.core.store.landing import Landed, Landing, clear_landed
from trainui.core.store.lines import UnreadableError, decoded
from trainui.core.store.packing import MARK
from trainui.core.store.runs import RunWriter
from trainui.core.store.schema import atomic
from trainui.core.store.subjects import subject_of
from trainui.core.store.unpacking import (
    IMPORTED,
    Taker,
    known_as,
    taken_names,
    taken_studies,
)
from trainui.core.unpacking.again import placed
from trainui.core.unpacking.opening import Archive, opened

ORIGIN, SPEC = "origin.json", "spec.toml"
STAGE = ".unpacking-"
"""What a folder beside the run directories begins with in which an archive is unpacked."""
REST = ".rest.jsonl"
"""Beside the rows of a run while it is taken in: those that were not written yet."""
OLD = "carried"
"""In origin.json: what it said of the project the run came from."""
MOVED = ("run", "study", "parent", "project", "db", "leases")


@dataclass(frozen=True, kw_only=True, slots=True)
class Taken:
    """What became of one run of an archive."""

    run: str
    """As it is called here."""
    called: str
    """As it is called in the archive."""
    points: int
    metrics: int
    is_new: bool


def take_archive(db: sqlite3.Connection, path: Path, *, to: Path, project: Path) -> list[Taken]:
    """Take the runs of the archive at `path` into the runs.db at `to`; those that are there already stay as they are.

    Raises UserError in one sentence, and then nothing was taken.
    """
    with opened(path) as archive:
        runs = to.parent / "runs"
        runs.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _alone(runs):
            stage = Path(tempfile.mkdtemp(prefix=STAGE, dir=runs))
            try:
                for run in archive.manifest.runs:
                    if known_as(db, run.identity, run.name, run.queued_at) is None:
                        _unpack(archive, run, stage / Path(run.place).name)
                reach("unpacked")
                return _Taking(db, archive, stage, runs, to=to, project=project).run()
            finally:
                shutil.rmtree(stage, ignore_errors=True)


@contextmanager
def _alone(runs: Path) -> Iterator[None]:
    """One import of an archive after the other; what those left that were killed is thrown away."""
    fd = os.open(runs, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        for folder in runs.glob(f"{STAGE}*"):
            shutil.rmtree(folder, ignore_errors=True)
        yield
    finally:
        os.close(fd)


def _unpack(archive: Archive, run: PackedRun, folder: Path) -> None:
    """The files of one run into a folder of its own, where nobody looks yet."""
    folder.mkdir(mode=0o700)
    wanted = archive.files(run.place) | {
        f"{run.place}/{ROWS}": ROWS,
        f"{run.place}/{LEASES}.json": f"{LEASES}.json",
    }
    for entry, inner in wanted.items():
        path = folder / inner
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(fd, "wb") as file:
            for piece in archive.pieces(entry) if inner != ROWS else archive.lines(entry):
                file.write(piece if inner != ROWS else piece + b"\n")
            beat()
            file.flush()
            os.fsync(file.fileno())


class _Taking:
    """One archive, unpacked into `stage`, on its way into one runs.db."""

    def __init__(
        self, db: sqlite3.Connection, archive: Archive, stage: Path, runs: Path, *, to: Path, project: Path
    ) -> None:
        self._db = db
        self._archive = archive
        self._stage = stage
        self._runs = runs
        self._to = to
        self._project = project
        self._moved: list[Path] = []
        self._landing: Landing

    def run(self) -> list[Taken]:
        try:
            landed = self._land()
            reach("landed")
            with atomic(self._db):
                return self._take(landed)
        except UnreadableError as error:
            self._take_back()
            raise self._archive.refused(str(error)) from error
        except BaseException:
            self._take_back()
            raise

    def _take_back(self) -> None:
        runs = RunWriter(self._db)
        for folder in self._moved:
            if runs.get(folder.name) is None:  # ^C may come when all of it was just committed
                shutil.rmtree(folder, ignore_errors=True)
        clear_landed(self._db)

    def _land(self) -> dict[str, Landed]:
        """The points of the runs that were unpacked."""
        clear_landed(self._db)
        fresh = [run for run in self._archive.manifest.runs if self._stage_of(run).is_dir()]
        self._landing = Landing(self._db, sum(run.metrics for run in fresh))
        found = {}
        for run in fresh:
            stage = self._stage_of(run)
            with (stage / ROWS).open("rb") as lines, (stage / REST).open("wb") as rest:
                found[run.name] = self._landing.take(lines, rest)
        return found

    def _stage_of(self, run: PackedRun) -> Path:
        return self._stage / Path(run.place).name

    def _take(self, landed: Mapping[str, Landed]) -> list[Taken]:
        packed = self._archive.manifest.runs
        known = {
            run.name: found
            for run in packed
            if (found := known_as(self._db, run.identity, run.name, run.queued_at)) is not None
        }
        fresh = [run for run in packed if run.name not in known]
        if {run.name for run in fresh} != landed.keys():
            raise UnreadableError("a run of it came or went meanwhile")
        names = {**known, **self._names(fresh)}
        runs = RunWriter(self._db)
        joined = {
            run.study: row.study
            for run in packed
            if run.name in known and (row := runs.get(known[run.name])) is not None
        }
        studies = self._study_names(fresh, joined)
        for study in self._archive.manifest.studies:
            if study.name in studies and study.name not in joined:
                self._take_study(study.place, study.name, studies[study.name], names)
        done = {run.name: self._take_run(run, names, studies, landed[run.name]) for run in fresh}
        self._landing.release()
        if fresh:
            text = f"imported from {self._archive.path}: {', '.join(names[run.name] for run in fresh)}"
            runs.event("", "manager", text, at=self._archive.manifest.written_at)
        return [
            done.get(run.name)
            or Taken(run=names[run.name], called=run.name, points=0, metrics=run.metrics, is_new=False)
            for run in packed
        ]

    def _names(self, fresh: Sequence[PackedRun]) -> dict[str, str]:
        """What the new runs are called here: as they were, or with a number behind it where that is taken."""
        taken = taken_names(self._db)
        found: dict[str, str] = {}
        for run in fresh:
            name, number = run.name, 1
            while name in taken or self._is_taken(self._runs / name, run, name in taken):
                number += 1
                name = f"{run.name}-{number}"
            taken.add(name)
            found[run.name] = name
        return found

    def _is_taken(self, folder: Path, run: PackedRun, is_known: bool) -> bool:
        """Whether a directory stands in the way; one that a killed import of the same run left is cleared away."""
        with suppress(ValueError, OSError):
            if not is_known and (read_json(folder / ORIGIN) or {}).get("imported") == MARK + run.identity:
                shutil.rmtree(folder)
        return os.path.lexists(folder)

    def _study_names(self, fresh: Sequence[PackedRun], joined: Mapping[str, str]) -> dict[str, str]:
        """Study → what it is called here: as runs of it that were `joined` to it before have it, else as it was,
        unless there is another of that name."""
        taken, found = taken_studies(self._db), {}
        for study in dict.fromkeys(run.study for run in fresh):
            if study in joined:
                found[study] = joined[study]
                continue
            name, number = study, 1
            while name in taken and study:
                number += 1
                name = f"{study}-{number}"
            found[study] = name
        return found

    def _take_study(self, entry: str, study: str, name: str, names: Mapping[str, str]) -> None:
        taker = Taker(self._db, subject_of(name), {"name": name, "status": IMPORTED}, names=names)
        for line in self._archive.lines(entry):
            taker.take(*decoded(line))
        taker.close()

    def _take_run(
        self, run: PackedRun, names: Mapping[str, str], studies: Mapping[str, str], landed: Landed
    ) -> Taken:
        name, stage = names[run.name], self._stage_of(run)
        folder = self._runs / name
        own = {
            "name": name, "directory": str(folder), "project": str(self._project), "study": studies[run.study],
            "parent": names.get(run.parent or ""), "imported": MARK + run.identity,
        }  # fmt: skip
        taker = Taker(self._db, name, own, names=names, landed=iter(landed.metrics))
        spec = ""
        with (stage / REST).open("rb") as file:
            for line in file:
                table, row = decoded(line)
                spec = spec or str(row.get("spec", ""))
                taker.take(table, row if table != "checkpoints" else placed(row, folder))
                beat()
        taker.close()
        self._landing.give(landed, name)
        (stage / REST).unlink()
        self._describe(stage, own | {"db": str(self._to), "job": run.job}, run, spec)
        os.rename(stage, folder)
        self._moved.append(folder)
        reach(f"moved {name}")
        return Taken(run=name, called=run.name, points=landed.points, metrics=taker.metrics, is_new=True)

    def _describe(self, stage: Path, own: Mapping[str, Any], run: PackedRun, spec: str) -> None:
        """origin.json and spec.toml as a run of this project has them; what they said before is kept aside."""
        try:
            origin = read_json(stage / ORIGIN) or {}
            leases = json.loads((stage / f"{LEASES}.json").read_bytes())
        except (ValueError, RecursionError) as error:
            raise UnreadableError(f"{run.name}: {error}") from error
        (stage / f"{LEASES}.json").unlink()
        kept = {key: origin[key] for key in MOVED if key in origin}
        told = {key: value for key, value in origin.items() if key not in MOVED}
        told |= {"run": own["name"]}
        told |= {key: own[key] for key in ("job", "study", "parent", "project", "db", "imported")}
        write_json(stage / ORIGIN, told | {"queued_at": run.queued_at, OLD: kept | {LEASES: leases}})
        (stage / SPEC).write_text(spec_from_json(spec).to_toml(), encoding="utf-8")
        (stage / SPEC).chmod(0o600)
