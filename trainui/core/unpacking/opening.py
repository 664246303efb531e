"""HAND: an archive opened as what it is: a file from anybody. Nothing of it is believed before it was checked."""

from __future__ import annotations

import hashlib
import re
import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO

import msgspec

from trainui.core.errors import UserError
from trainui.core.export.carry.archive import OURS
from trainui.core.export.carry.manifest import FORMAT, MANIFEST, VERSION, Manifest
from trainui.core.spec.check import NAME
from trainui.core.store.lines import FIRST, LAST
from trainui.core.store.unpacking import check_schema

MAGIC = b"PK\x03\x04"
MOST_MANIFEST = 64 << 20
MOST_DOCUMENT = 16 << 20
"""Bytes of a file of a run that is read at once."""
MOST_ENTRIES = 100_000
ALWAYS = 1 << 30
"""Bytes that any archive may unpack to."""
RATIO = 200
"""So many times its own size a larger one may."""
LONGEST_LINE = 32 << 20
PIECE = 1 << 20
ENCRYPTED = 0x1
WAYS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""How entries may be packed: what was packed in others says itself how much memory it takes to unpack it."""

_ENTRY = re.compile(r"runs/\d{4,6}/(rows\.jsonl|leases\.json|files/.+)|studies/\d{4,6}\.jsonl")
_PLACE = re.compile(r"runs/\d{4,6}")
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError)
"""What reading a damaged one raises; the last where an offset in it leads to before its beginning."""


class HostileError(UserError):
    """An archive that is damaged, cut short, or made to do harm; nothing of it was taken."""


def is_archive(path: Path) -> bool:
    """Whether a file begins as a zip does."""
    try:
        with path.open("rb") as file:
            return file.read(4) == MAGIC
    except OSError:
        return False


class Archive:
    """An archive of which the manifest was checked. Its entries are checked while they are read."""

    def __init__(self, path: Path, packed: zipfile.ZipFile, manifest: Manifest) -> None:
        self.path = path
        self.manifest = manifest
        self._zip = packed

    def lines(self, entry: str) -> Iterator[bytes]:
        """The lines of an entry. Raises HostileError at the end when they are not those that were packed."""
        left = b""
        for piece in self.pieces(entry):
            rows = (left + piece).split(b"\n")
            left = rows.pop()
            if len(left) > LONGEST_LINE or any(len(row) > LONGEST_LINE for row in rows):
                raise self.refused(f"{entry} has a line of more than {LONGEST_LINE >> 20} MiB")
            yield from rows
        if left:
            raise self.refused(f"{entry} ends in the middle of a line")

    def pieces(self, entry: str) -> Iterator[bytes]:
        """The bytes of an entry. Raises HostileError as soon as there are more than it says, or at the end when the
        checksum is another."""
        said = self.manifest.entries[entry]
        size, checksum = 0, hashlib.sha256()
        try:
            with self._zip.open(entry) as file:
                while piece := file.read(PIECE):
                    size += len(piece)
                    if size > said.bytes:
                        raise self.refused(f"{entry} is larger than it says")
                    checksum.update(piece)
                    yield piece
        except _BROKEN as error:
            raise self.refused(f"{entry} is damaged") from error
        if size != said.bytes or checksum.hexdigest() != said.sha256:
            raise self.refused(f"{entry} is not what was packed: its checksum is another")

    def files(self, place: str) -> dict[str, str]:
        """Entry → path within the run directory, of the files of one run."""
        head = f"{place}/files/"
        return {name: name[len(head) :] for name in self.manifest.entries if name.startswith(head)}

    def refused(self, why: str) -> HostileError:
        """The sentence that says why nothing was taken."""
        return HostileError(f"{self.path}: {why}", hint="nothing was imported; get the archive again")


@contextmanager
def opened(path: Path) -> Iterator[Archive]:
    """The archive in `path`, its list of entries checked. Raises HostileError or UserError in one sentence."""
    with path.open("rb") as file:
        try:
            packed = zipfile.ZipFile(file)
            archive = Archive(path, packed, _manifest(path, packed))
            _check_entries(archive, packed, file)
        except _BROKEN as error:
            raise HostileError(f"{path} is no zip that can be read", hint="was it cut short?") from error
        with packed:
            yield archive


def _manifest(path: Path, packed: zipfile.ZipFile) -> Manifest:
    infos = [info for info in packed.infolist() if info.filename == MANIFEST]
    if not infos:
        hint = "trainui export --format zip writes those that can be"
        raise UserError(f"{path} is a zip, but no archive of runs", hint=hint)
    if infos[0].file_size > MOST_MANIFEST:
        raise HostileError(f"{path}: its {MANIFEST} is too large")
    if any(info.compress_type not in WAYS for info in packed.infolist()):
        raise HostileError(f"{path} is packed in a way that no archive of runs is")
    with packed.open(infos[0]) as file:
        text = file.read(MOST_MANIFEST + 1)
    try:
        head = msgspec.json.decode(text)
        if not isinstance(head, dict) or head.get("format") != FORMAT:
            raise HostileError(f"{path}: its {MANIFEST} is none of an archive of runs")
        if head.get("version") != VERSION:
            raise UserError(
                f"{path} was written by another trainui (archive version {head.get('version')!a:.20}; this one reads"
                f" {VERSION})",
                hint="update trainui, here or where it was written",
            )
        manifest = msgspec.json.decode(text, type=Manifest)
    except (msgspec.MsgspecError, UnicodeError) as error:
        raise HostileError(f"{path}: its {MANIFEST} makes no sense: {error}") from error
    check_schema(manifest.schema, path)
    return manifest


def _check_entries(archive: Archive, packed: zipfile.ZipFile, file: IO[bytes]) -> None:
    manifest, refused = archive.manifest, archive.refused
    infos = packed.infolist()
    names = [info.filename for info in infos]
    if len(infos) > MOST_ENTRIES:
        raise refused(f"it has more than {MOST_ENTRIES} entries")
    if len(set(names)) < len(names):
        raise refused(f"it has two entries called {max(names, key=names.count)!a:.80}")
    for info in infos:
        kind = stat.S_IFMT(info.external_attr >> 16)
        if info.filename != info.orig_filename or not _is_safe(info.filename):
            raise refused(f"it has an entry called {info.orig_filename!a:.80}")
        if kind not in (0, stat.S_IFREG) or info.is_dir():
            raise refused(f"{info.filename!a:.80} is a link or no plain file")
        if info.flag_bits & ENCRYPTED:
            raise refused(f"{info.filename!a:.80} is encrypted")
        if info.filename != MANIFEST and info.filename not in manifest.entries:
            raise refused(f"{info.filename!a:.80} is not in its list")
    if missing := manifest.entries.keys() - set(names):
        raise refused(f"{min(missing)!a:.80} is in its list, and not there")
    for name, entry in manifest.entries.items():
        if packed.getinfo(name).file_size != entry.bytes:
            raise refused(f"{name!a:.80} is not as large as its list says")
    total = sum(entry.bytes for entry in manifest.entries.values())
    size = file.seek(0, 2)
    if total > max(ALWAYS, RATIO * size):
        raise refused(f"it would unpack to {total / 2**30:.0f} GiB, more than {RATIO} times its size")
    _check_runs(archive)


def _check_runs(archive: Archive) -> None:
    manifest, refused = archive.manifest, archive.refused
    names = [run.name for run in manifest.runs]
    places = [run.place for run in manifest.runs] + [one.place for one in manifest.studies]
    if not names:
        raise refused("it holds no run")
    if not all(FIRST <= at < LAST for at in (manifest.written_at, *(run.queued_at for run in manifest.runs))):
        raise refused(f"its {MANIFEST} tells a time that no calendar has")
    if len(set(names)) < len(names) or len(set(places)) < len(places):
        raise refused("it has the same run twice")
    for run in manifest.runs:
        if not NAME.fullmatch(run.name):
            raise refused(f"{run.name!a:.80} is no name of a run")
        if not _PLACE.fullmatch(run.place) or not re.fullmatch(r"[0-9a-f]{64}", run.identity):
            raise refused(f"{run.name} is not described as a run is")
        for needed in (f"{run.place}/rows.jsonl", f"{run.place}/leases.json"):
            if needed not in manifest.entries:
                raise refused(f"{needed} is missing")
        for read_at_once in (f"{run.place}/leases.json", f"{run.place}/files/origin.json"):
            if (entry := manifest.entries.get(read_at_once)) is not None and entry.bytes > MOST_DOCUMENT:
                raise refused(f"{read_at_once} is too large")
    for study in manifest.studies:
        if study.place not in manifest.entries:
            raise refused(f"{study.place!a:.80} is missing")


def _is_safe(name: str) -> bool:
    """Whether an entry is one of ours, and leads nowhere but into the directory of its run."""
    if name == MANIFEST:
        return True
    if not _ENTRY.fullmatch(name) or not name.isprintable() or "\\" in name or "//" in name:
        return False
    parts = PurePosixPath(name).parts
    inner = parts[3:] if "files" in parts[2:3] else ()
    is_long = len(parts) > 32 or any(len(part.encode()) > 255 for part in parts)
    is_ours = bool(inner) and (inner[0] in OURS or inner[0].startswith("."))
    return not is_long and not is_ours and ".." not in parts and "." not in name.split("/")
