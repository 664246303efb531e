"""The streams of one run: the two every run has, those its spec names, and those its script leaves by itself."""

from __future__ import annotations

import contextlib
import glob
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from itertools import islice
from pathlib import Path
from typing import Any

from trainui.core.ingest.discover import MOST_STREAMS, Finder, Found, newest_copy
from trainui.core.ingest.follow import LIMIT, Chunk, read_chunk, size_and_mark
from trainui.core.ingest.format import Reader
from trainui.core.ingest.formats import format_named
from trainui.core.ingest.records import Record
from trainui.core.process.files import read_json, recall, write_json
from trainui.core.store.streams import Source

OWN = (Found(path="metrics.jsonl", kind="jsonl"), Found(path="output.log", kind="console"))
"""The files of every run directory that are followed."""
FOUND = "streams.json"
"""What else is followed, in the run directory: runs.db can be made anew from it."""
BEFORE = "before.json"
"""How long the files were that lay about when the run began: what is appended to one is its own, the rest is not."""

FIND = 2.0
"""Seconds between two looks for new streams."""
SHRUNK = 5.0
"""Seconds a file may be shorter than what was read of it: who rewrites a file empties it first."""


class Stream:
    """One file that is followed, its reader, and how far it was read."""

    def __init__(
        self, directory: Path, found: Found, source: Source, make: Callable[[str, str], Reader]
    ) -> None:
        """`make`: a reader of a kind, from a state."""
        self.source = source
        self.prefix = found.prefix
        self.skip = found.skip
        self.form = format_named(found.kind)
        self._make = make
        self.reader = make(found.kind, source.state)
        self._path = directory / found.path
        self._seen: tuple[int, ...] = ()
        self._shrunk_at: float | None = None

    def next(self, *, now: float, final: bool) -> Chunk | None:
        """What is new, or None; `final` takes an unfinished end too. `now` is Unix seconds.

        A file that is shorter than before is not believed at once: it may be about to be written again.
        """
        path = self.path()
        stamp = stamp_of(path)
        if stamp == self._seen and not final:
            return None
        limit = self.skip - self.source.offset if self.source.offset < self.skip else LIMIT
        chunk = self._chunk(path, limit=limit, final=final)
        if chunk is not None and chunk.rewound == "replaced" and not self.form.is_whole:
            rotated = self._rotated()
            rest = self._chunk(rotated, final=True) if rotated else None
            if rest is not None and not rest.rewound:
                return rest
        if chunk is None:
            self._seen, self._shrunk_at = stamp, None
        elif chunk.rewound == "truncated" and not final:
            self._shrunk_at = now if self._shrunk_at is None else self._shrunk_at
            if 0 <= now - self._shrunk_at < SHRUNK:
                return None
        return chunk

    def _chunk(self, path: Path, *, limit: int = LIMIT, final: bool) -> Chunk | None:
        source = self.source
        return read_chunk(
            path,
            offset=source.offset,
            inode=source.inode,
            mark=source.mark,
            limit=limit,
            final=final,
            form=self.form,
        )

    def read(self, chunk: Chunk) -> list[tuple[bytes, Sequence[Record]]]:
        """The items of a chunk with their records; none of what was there before the run."""
        told = [(item, self.reader.read(item)) for item in chunk.items]
        if chunk.start < self.skip:  # the item over the border was begun by another
            told = told[1:] if chunk.end > self.skip else []
        return told

    def _rotated(self) -> Path | None:
        """Where the file that was read lies since another took its name: `train.log.1` beside `train.log`."""
        for beside in self._path.parent.glob(f"{glob.escape(self._path.name)}?*"):
            stamp = stamp_of(beside)
            if stamp and stamp[0] == self.source.inode:
                return beside
        return None

    def path(self) -> Path:
        """Where it lies now: of a history with copies, the newest."""
        return newest_copy(self._path) if self.form.is_whole else self._path

    def begin_anew(self) -> None:
        """Another file took its place: what was remembered of the old one is void, but for what it told."""
        anew = self.form.anew
        self.reader = self._make(self.form.kind, anew(self.reader.state()) if anew else "")
        self._shrunk_at = None
        self.skip = 0


class Streams:
    """All streams of a run, the most structured first."""

    def __init__(
        self,
        directory: Path,
        own: Sequence[Found],
        *,
        source: Callable[[Found], Source],
        make: Callable[[str, str], Reader],
    ) -> None:
        """`own`: those that need not be found. `source`: how far a stream was read. `make`: a reader of a kind, from
        a state."""
        self._directory = directory
        self._own = own
        self._source = source
        self._make = make
        self._finder = Finder(directory)
        self._found = [*own, *told(directory)]
        self._streams = [self._stream(found) for found in self._found]
        self._next_find = float("-inf")

    def __iter__(self) -> Iterator[Stream]:
        return iter(sorted(self._streams, key=lambda one: one.form.rank))

    def find(
        self,
        others: Iterable[str],
        named: Sequence[str],
        *,
        folder: Path,
        since: float,
        now: float,
        final: bool = False,
    ) -> list[Found]:
        """Take in streams that appeared and return them: in the run directory, among `others` (absolute paths), and
        what the `named` glob patterns find from `folder` on that was written after `since`, Unix seconds.

        Not more often than every FIND seconds, unless `final`; `others` is not asked in between.
        """
        if not final and 0 <= self._next_find - now <= FIND:
            return []
        self._next_find = now + FIND
        by_name = [
            self._shortened(path) for pattern in named for path in written_after(since, folder, pattern)
        ]
        silent = [one for one in self._own if not _says_anything(self._directory / one.path)]
        fresh = self._finder.fresh(by_name, self._found, printed=True, silent=silent)
        left = [*self._finder.look(), *map(self._shortened, others)]
        fresh += self._finder.fresh(left, [*self._found, *fresh], silent=silent)
        if not fresh:
            return []
        before = (recall(self._directory / BEFORE) or {}).get("files", {})
        fresh = [replace(one, skip=self._others(one, before.get(one.path), since)) for one in fresh]
        self._found += fresh
        self._keep()
        self._streams += [self._stream(one) for one in fresh]
        return fresh

    def _others(self, found: Found, before: Any, since: float) -> int:
        """Bytes of a file that were there `before` (size, mark) the run: none when it was written anew since."""
        if before is None or format_named(found.kind).is_whole:
            return 0
        path, (size, mark) = self._directory / found.path, before
        stamp = stamp_of(path)
        is_same = bool(stamp) and size_and_mark(path, int(size)) == (stamp[1], mark)
        was_written = bool(stamp) and stamp[2] / 1e9 > since
        return int(size) if is_same and (stamp[1] > size or not was_written) else 0

    def begin_anew(self, stream: Stream) -> None:
        """Another file took the place of a stream's."""
        stream.begin_anew()
        path = stream.source.path
        if any(one.path == path and one.skip for one in self._found):
            self._found = [replace(one, skip=0) if one.path == path else one for one in self._found]
            self._keep()

    def _keep(self) -> None:
        listed = [asdict(one) for one in self._found[len(self._own) :]]
        write_json(self._directory / FOUND, {"streams": listed})

    def _stream(self, found: Found) -> Stream:
        return Stream(self._directory, found, self._source(found), self._make)

    def _shortened(self, path: str) -> str:
        """Relative to the run directory when it lies inside."""
        relative = os.path.relpath(path, self._directory)
        return path if relative.startswith(os.pardir) else relative


def matches(folder: Path, pattern: str, *, most: int | None = MOST_STREAMS) -> Iterator[str]:
    """Absolute paths of what a glob pattern of the spec finds, `most` of them (None: all)."""
    found = glob.iglob(os.path.join(glob.escape(str(folder)), pattern), recursive=True)
    return islice(found, most)


def written_after(since: float, folder: Path, pattern: str) -> Iterator[str]:
    """What a glob pattern of the spec finds that was written after `since`, Unix seconds."""
    for path in matches(folder, pattern):
        stamp = stamp_of(Path(path))
        if stamp and stamp[2] / 1e9 >= since - 1:  # clocks of file systems lag
            yield path


def told(directory: Path) -> list[Found]:
    """The streams a run directory says were found; none where the list is missing or makes no sense."""
    try:
        listed = (read_json(directory / FOUND) or {}).get("streams", ())
        found = [
            Found(
                path=str(one["path"]),
                kind=str(one["kind"]),
                prefix=str(one["prefix"]),
                skip=int(one.get("skip", 0)),
            )
            for one in listed
        ]
        for one in found:
            format_named(one.kind)
        found = [one for one in found if one.path.isprintable()]
    except (OSError, ValueError, LookupError, TypeError):
        return []
    return found


def _says_anything(path: Path) -> bool:
    stamp = stamp_of(path)
    return bool(stamp and stamp[1])


def stamp_of(path: Path) -> tuple[int, ...]:
    """(inode, bytes, when written in nanoseconds); () when there is no such file."""
    try:
        seen = path.stat()
    except OSError:
        return ()
    return seen.st_ino, seen.st_size, seen.st_mtime_ns


def stamp(directory: Path) -> tuple[int, ...]:
    """What changes when a run writes, is told something or ends; () when its directory cannot be seen."""
    try:
        seen = [os.stat(directory).st_mtime_ns]
    except OSError:
        return ()
    for own in OWN:
        with contextlib.suppress(OSError):
            one = os.stat(directory / own.path)
            seen += [one.st_size, one.st_mtime_ns]
    return tuple(seen)
