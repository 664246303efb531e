"""Runs as one zip that `trainui import` reads back equal: every row, every point, small files, checksums."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import time
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from trainui.core.errors import UserError
from trainui.core.export.carry.files import file_name
from trainui.core.export.carry.manifest import (
    FORMAT,
    MANIFEST,
    ROWS,
    VERSION,
    Entry,
    Manifest,
    PackedRun,
    PackedStudy,
)
from trainui.core.export.model import Digest
from trainui.core.export.whole import whole
from trainui.core.process import order
from trainui.core.store.packing import Line, Packer
from trainui.core.store.read import Reader

SMALL = ("origin.json", "results.json", order.EXIT, order.OUTPUT)
"""Files of a run directory that always go along."""
OURS = frozenset({
    order.LAUNCH, order.ALLOWANCE, order.STOP, order.PAUSE, order.CLAIM, order.KEEPER, order.GUARD, order.JOB,
    order.KEEPER_LOCK, order.GUARD_LOCK, order.JOB_LOCK, order.SIGNALLED, order.REFUSED, order.REQUESTED, order.SAVED,
    order.KEEPER_LOG, "spec.toml", "streams.json", ROWS,
})  # fmt: skip
"""Files of a run directory that steer a living run, hold its whole environment, or are written anew: they never go
along, and none of their names is taken out of an archive."""
LEASES = "leases"
RUN_DIR = "{run_dir}"
"""Stands before the path of what lies in the directory of its run."""
PIECE = 1 << 20
QUICK = 3
"""Level of compression: half again as large as the best, ten times as fast."""


def write(reader: Reader, digest: Digest, folder: Path) -> list[Path]:
    """Write the archive of the runs that are told; one that has not ended is a UserError."""
    return write_archive(reader, [run.run for run in digest.runs], folder / archive_name(digest))


def archive_name(digest: Digest) -> str:
    """What the archive is called: as the one run, or the one study, that it holds."""
    names = [run.run for run in digest.runs]
    if len(names) > 1:
        names = [one.study for one in digest.studies]
    return f"{file_name(names[0]) if len(names) == 1 else 'runs'}.zip"


def write_archive(reader: Reader, runs: Sequence[str], path: Path, *, with_files: bool = False) -> list[Path]:
    """Write the archive of `runs`, which must have ended. `with_files`: with all that they saved.

    Raises UserError for a live run.
    """
    views = [reader.run(name) for name in runs]
    if live := [view.run for view in views if view.status != "ended"]:
        hint = "wait for the end, or name the runs that have ended"
        raise UserError(f"{live[0]} has not ended, and an archive holds runs that have", hint=hint)
    packer = Packer(reader.path)
    try:
        with (
            whole(path) as written,
            packer.one_look(),
            zipfile.ZipFile(written.file, "w", zipfile.ZIP_DEFLATED, compresslevel=QUICK) as packed,
        ):
            _Writer(packer, packed, with_files).write(runs)
    finally:
        packer.close()
    return written.paths


class _Writer:
    def __init__(self, packer: Packer, packed: zipfile.ZipFile, with_files: bool) -> None:
        self._packer = packer
        self._zip = packed
        self._with_files = with_files
        self._entries: dict[str, Entry] = {}
        self._left_out: list[str] = []

    def write(self, runs: Sequence[str]) -> None:
        packed = [self._run(f"runs/{number:04}", name) for number, name in enumerate(runs, 1)]
        studies = []
        for number, study in enumerate(dict.fromkeys(run.study for run in packed), 1):
            place = f"studies/{number:04}.jsonl"
            if lines := list(self._packer.packed_study(study)):
                self._add(place, _encoded(lines))
                studies.append(PackedStudy(place=place, name=study))
        manifest = Manifest(
            format=FORMAT, version=VERSION, schema=self._packer.schema(), written_at=time.time(), runs=packed,
            studies=studies, entries=self._entries, left_out=self._left_out,
        )  # fmt: skip
        self._zip.writestr(MANIFEST, msgspec.json.format(msgspec.json.encode(manifest)))

    def _run(self, place: str, name: str) -> PackedRun:
        lines = self._packer.packed_run(name)
        _, row = first = next(lines)
        counts = {"points": 0, "metrics": 0}

        def counted() -> Iterator[Line]:
            yield first
            for table, told in lines:
                if table == "metrics":
                    counts["metrics"] += 1
                    counts["points"] += told["points"]
                elif table == "checkpoints":
                    told["path"] = _inside(told["path"], folder)
                yield table, told

        folder = Path(row["directory"])
        self._add(f"{place}/{ROWS}", _encoded(counted()))
        self._add(f"{place}/{LEASES}.json", [json.dumps(self._packer.packed_leases(name)).encode()])
        for path, inner in self._files(folder):
            self._add_file(f"{place}/files/{inner}", path)
        return PackedRun(
            place=place, name=name, identity=self._packer.identity_of(name), job=row["job"], study=row["study"],
            parent=row["parent"], queued_at=row["queued_at"], **counts,
        )  # fmt: skip

    def _files(self, folder: Path) -> Iterator[tuple[Path, str]]:
        """(path, its name within the run directory) of every file that goes along."""
        for name in SMALL:
            if _is_regular(folder / name):
                yield folder / name, name
        if not self._with_files:
            return
        for root, folders, names in os.walk(folder, onerror=self._not_read):
            hidden = [name for name in folders if name.startswith(".") and Path(root) == folder]
            self._left_out += [f"{name!a:.200} of {folder.name} is hidden" for name in hidden]
            folders[:] = sorted(set(folders) - set(hidden))
            linked = [name for name in folders if Path(root, name).is_symlink()]
            for name in sorted([*names, *linked]):
                path = Path(root, name)
                inner = str(path.relative_to(folder))
                if inner in SMALL or path.relative_to(folder).parts[0] in OURS:
                    continue
                if inner.startswith("."):
                    self._left_out.append(f"{inner!a:.200} of {folder.name} is hidden")
                    continue
                if not _is_regular(path) or not _is_text(inner):
                    self._left_out.append(f"{inner!a:.200} of {folder.name} is no plain file")
                    continue
                yield path, inner

    def _not_read(self, error: OSError) -> None:
        self._left_out.append(f"{error.filename!a:.200} cannot be read: {error.strerror}")

    def _add_file(self, entry: str, path: Path) -> None:
        try:
            file = path.open("rb")
        except OSError as error:
            self._not_read(error)
            return
        with file:
            self._add(entry, iter(lambda: file.read(PIECE), b""))

    def _add(self, entry: str, pieces: Iterable[bytes]) -> None:
        size, checksum = 0, hashlib.sha256()
        info = zipfile.ZipInfo(entry, date_time=time.localtime()[:6])
        info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o600 << 16
        with self._zip.open(info, "w", force_zip64=True) as out:
            for piece in pieces:
                out.write(piece)
                checksum.update(piece)
                size += len(piece)
        self._entries[entry] = Entry(size, checksum.hexdigest())


def _encoded(lines: Iterable[Line]) -> Iterator[bytes]:
    encode = msgspec.json.Encoder().encode
    return (encode(line) + b"\n" for line in lines)


def _inside(saved: str, folder: Path) -> str:
    """Where a checkpoint lies in its run directory, whatever that is called; outside of it, as it was told."""
    path = Path(saved)
    return f"{RUN_DIR}/{path.relative_to(folder)}" if path.is_relative_to(folder) else saved


def _is_regular(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False


def _is_text(name: str) -> bool:
    return name.isprintable() and "\\" not in name and not any("\ud800" <= one <= "\udfff" for one in name)
