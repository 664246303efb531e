"""Finding the streams a script leaves by itself: event files, CSV, JSON, W&B, wherever in a folder they lie."""

from __future__ import annotations

import glob
import os
import re
import time
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from itertools import chain, islice, zip_longest
from pathlib import Path, PurePosixPath

from trainui.core.ingest.dialects.names import PHASES
from trainui.core.ingest.follow import open_regular
from trainui.core.ingest.format import HEAD, Format
from trainui.core.ingest.formats import FORMATS, recognise

DEEPEST = 6
"""Folders below the one that is looked through."""
MOST_FOLDERS = 500
MOST_PEERS = 5000
"""Folders in one folder of which the newest are taken, where not all can be."""
MARKED = "origin.json"
"""What shows a folder to be a run directory."""
EXPORTED = ".written.json"
"""What shows a folder to hold an export: what stands there was told by runs before, and is news of none."""
JUST_NOW = 10**9
"""Nanoseconds for which a folder that changed is listed again."""
MOST_STREAMS = 200
"""Of one run: who writes a file for every batch is followed no further."""

WATCHED = tuple(pattern for form in FORMATS for pattern in form.watched)
"""What is followed in a run directory without being asked for."""

_SNAPSHOT = re.compile(r"(?:^|(?<=/))checkpoint[-_]\d+/")


Listing = tuple[int, list[str], list[str]]
"""When a folder changed (nanoseconds), its watched files, its folders."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """A stream of a run.

    Attributes:
        path: relative to the run directory, or absolute where it lies elsewhere. A history that is saved again in
            `checkpoint-500/`, `checkpoint-1000/` … is one stream, named without that folder.
        prefix: what its metrics' names begin with, so that two files may use the same names.
        skip: bytes that were there before the run began: another wrote them.
    """

    path: str
    kind: str
    prefix: str = ""
    skip: int = 0


class Finder:
    """Looks through one folder again and again; a folder in which nothing changed is not listed again."""

    def __init__(self, folder: Path, watched: Sequence[str] = WATCHED, most: int | None = None) -> None:
        """`watched`: fnmatch patterns of names. `most`: folders that are looked through, else MOST_FOLDERS."""
        self._most = most or MOST_FOLDERS
        self._folder = folder
        self._watched = watched
        self._listed: dict[str, Listing] = {}
        self._passed_over: dict[str, int] = {}
        """Path → its size when it was no stream; what grows beyond its head does not become one."""

    def look(self) -> list[str]:
        """Relative paths of the files whose names are watched for, those of outer folders first."""
        before, self._listed = self._listed, {}
        found: list[str] = []
        level = [""]
        for _ in range(DEEPEST + 1):
            below: list[str] = []
            room = self._most - len(self._listed)
            for folder in level if len(level) <= room else self._some(level, room // 2):
                told = self._list(folder, before.get(folder))
                if told is not None:
                    self._listed[folder] = told
                    found += [f"{folder}{name}" for name in told[1]]
                    below += [f"{folder}{name}/" for name in told[2]]
            level = below
        return found

    def _some(self, level: Sequence[str], room: int) -> list[str]:
        """As many of too many folders as there is room for, in their order: of each folder above the newest, so that
        one with thousands (a data set) does not hide the others."""
        siblings: dict[str, list[tuple[float, str]]] = {}
        for folder in level:
            peers = siblings.setdefault(folder[:-1].rpartition("/")[0], [])
            if len(peers) < MOST_PEERS:
                seen = _stat(self._folder / folder)
                peers.append((-seen.st_mtime if seen else 0.0, folder))
        turns = zip_longest(*(sorted(peers) for peers in siblings.values()))
        chosen = {one[1] for one in islice(filter(None, chain.from_iterable(turns)), room)}
        return [folder for folder in level if folder in chosen]

    def fresh(
        self,
        paths: Iterable[str],
        known: Sequence[Found],
        *,
        printed: bool = False,
        silent: Collection[Found] = (),
    ) -> list[Found]:
        """The streams among `paths` (relative to the folder, or absolute) that are not `known`.

        `printed`: take a text file without a structure too, as what a program prints. `silent`: those known that
        say nothing, so that no name must be kept apart from theirs.
        """
        streams = list(known)
        names = {one.path for one in known}
        for path in paths:
            if len(streams) >= MOST_STREAMS:
                break
            if path in names or not path.isprintable() or self._is_passed_over(path):
                continue
            form = form_of(self._folder / path, printed=printed)
            if form is None:
                self._passed_over[path] = _size(self._folder / path)
                continue
            name, kind = stream_path(path, form), "log" if form.kind == "console" else form.kind
            if name not in names:
                names.add(name)
                peers = [one for one in streams if one not in silent]
                streams.append(Found(path=name, kind=kind, prefix=prefix_for(name, kind, peers)))
        return streams[len(known) :]

    def _is_passed_over(self, path: str) -> bool:
        size = self._passed_over.get(path)
        return size is not None and (size >= HEAD or size == _size(self._folder / path))

    def _list(self, folder: str, known: Listing | None) -> Listing | None:
        """What is in a folder, as known where nothing changed; None when it is gone or not ours to read."""
        try:
            changed = os.stat(self._folder / folder).st_mtime_ns
            if time.time_ns() - changed < JUST_NOW:
                changed = -1  # what is made in the same tick of the clock would not show
            return (
                known
                if known and known[0] == changed >= 0
                else (changed, *self._names(self._folder / folder))
            )
        except OSError:
            return None

    def _is_watched(self, name: str) -> bool:
        return any(fnmatch(name, pattern) for pattern in self._watched)

    def _names(self, folder: Path) -> tuple[list[str], list[str]]:
        """(files that are watched for, folders) in a folder, sorted; links are not followed. What lies in a run
        directory below is that run's; in an export, nobody's. A name that no terminal and no database would take is
        passed over."""
        files, folders = [], []
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name in (MARKED, EXPORTED) and folder != self._folder:
                    return [], []
                if not entry.name.isprintable():
                    continue
                if entry.is_dir(follow_symlinks=False):
                    if not entry.name.startswith((".", "__")):
                        folders.append(entry.name)
                elif self._is_watched(entry.name) and entry.is_file(follow_symlinks=False):
                    files.append(entry.name)
        return sorted(files), sorted(folders)


def form_of(path: Path, *, printed: bool = False) -> Format | None:
    """The format of a file as its first bytes show; None for one that is empty, gone, or only prints text where
    that is not wanted (`printed`)."""
    file = open_regular(path)
    if file is None:
        return None
    with file:
        head = file.read(HEAD)
    form = recognise(path.name, head) if head else None
    return form if form is not None and (printed or form.kind != "console") else None


def stream_path(path: str, form: Format) -> str:
    """Under which path a file is one stream with its earlier copies."""
    return _SNAPSHOT.sub("", path) if form.is_whole else path


def newest_copy(path: Path) -> Path:
    """Of a file that is rewritten, and saved again in checkpoint-N folders beside it, the one written last."""
    copies = [path, *path.parent.glob(f"checkpoint[-_]*/{glob.escape(path.name)}")]
    written = [(told.st_mtime_ns, copy) for copy in copies if (told := _stat(copy)) is not None]
    return max(written)[1] if written else path


def _stat(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except OSError:
        return None


def _size(path: Path) -> int:
    told = _stat(path)
    return told.st_size if told else 0


def prefix_for(path: str, kind: str, known: Iterable[Found]) -> str:
    """What distinguishes the metrics of a file from those of others of its kind.

    A folder named for a phase (`train/`, `validation/`) names it; the first of all others keeps its names as they
    are, the next are named by their folder, as TensorBoard does. In one folder event files go together; of other
    files the second is named for its phase (`val_log.csv`), or as it is called.
    """
    file = PurePosixPath(path)
    folder = file.parent
    peers = [(PurePosixPath(one.path).parent, one.prefix) for one in known if one.kind == kind]
    beside = next((prefix for other, prefix in peers if other == folder), None)
    if beside is not None:
        return beside if kind == "tensorboard" else f"{beside}{_phase_in(file.stem) or file.stem}/"
    if phase := PHASES.get(folder.name.lower()):
        return f"{phase}/"
    first = next((other for other, prefix in peers if not prefix), None)
    return "" if first is None else f"{_beyond(folder, first)}/"


def _phase_in(stem: str) -> str:
    return next((PHASES[word] for word in re.split(r"[\W_]+", stem.lower()) if word in PHASES), "")


def _beyond(folder: PurePosixPath, first: PurePosixPath) -> str:
    """The parts of `folder` below what it shares with `first`."""
    if folder.is_absolute() != first.is_absolute():
        return folder.name or "top"
    shared = 0
    for mine, its in zip(folder.parts, first.parts, strict=False):
        if mine != its:
            break
        shared += 1
    return "/".join(folder.parts[shared:]) or folder.name or "top"
