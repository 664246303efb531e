"""What a script wrote beside its run directory: which of the project's files are a run's own.

Event files carry the pid of their writer. Of the rest a run owns what lies in a folder its command names, and
everything that was written while no other run of the project lived.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from trainui.core.following import matches, stamp_of
from trainui.core.ingest.discover import Finder
from trainui.core.ingest.follow import size_and_mark
from trainui.core.spec import Spec

LOOK = 5.0
"""Seconds between two looks through a project."""
LAG = 1.0
"""Seconds by which the clock of a file system may lag."""

_WRITER = re.compile(r"tfevents\.\d+\..*?\.(\d+)\.\d+(?:\.v2)?$")


@dataclass(frozen=True, kw_only=True, slots=True)
class Owner:
    """By what a run's files are known.

    Attributes:
        since: when it began, Unix seconds: older files are not its own.
        until: when it ended: what was written later is another's.
        pids: of all its processes that were ever seen.
        strangers: those of the runs that lived at the same time.
        named: files and folders its command names, absolute.
        is_alone: whether no other run of the project lived at the same time.
    """

    since: float
    until: float = math.inf
    pids: Collection[int] = ()
    strangers: Collection[int] = ()
    named: Collection[Path] = ()
    is_alone: bool = False

    def owns(self, path: Path) -> bool:
        """Whether a file is the run's."""
        stamp = stamp_of(path)
        if not stamp or not self.since - LAG <= stamp[2] / 1e9 <= self.until + LAG:
            return False
        found = _WRITER.search(path.name)
        writer = int(found[1]) if found else 0
        if writer in self.pids:
            return True
        if writer in self.strangers or (writer and not self.is_alone and os.path.exists(f"/proc/{writer}")):
            return False  # of a run that lived meanwhile, or of one that begins just now
        return self.is_alone or any(one == path or one in path.parents for one in self.named)


class Surroundings:
    """Looks through the projects of all runs, each once for all of its runs."""

    def __init__(self) -> None:
        self._finders: dict[Path, Finder] = {}
        self._found: dict[Path, tuple[float, list[Path]]] = {}

    def files(self, project: Path, owner: Owner, *, now: float, final: bool = False) -> Iterator[str]:
        """Absolute paths of the files in a project that may be streams and are the owner's. `now`: Unix seconds;
        `final`: look at once."""
        at, found = self._found.get(project, (float("-inf"), []))
        if final or not 0 <= now - at < LOOK:
            finder = self._finders.setdefault(project, Finder(project))
            found = [project / name for name in finder.look()]
            self._found[project] = now, found
        return (str(path) for path in found if owner.owns(path))


def files_before(project: Path, named: Iterable[str]) -> dict[str, tuple[int, str]]:
    """Absolute path → (bytes, mark of its end) of every file in a project that may be a stream, and of what glob
    patterns name."""
    paths = [project / name for name in Finder(project).look()]
    paths += [Path(path) for pattern in named for path in matches(project, pattern)]
    return {str(path): found for path in paths if (found := size_and_mark(path))[0]}


def named_by(spec: Spec, project: Path) -> set[Path]:
    """Files and folders below the project that a command's words name, whether they exist yet or not."""
    words = [*spec.job.command, *map(str, spec.params.values())]
    paths = {
        Path(project, word.rpartition("=")[2])
        for word in words
        if word and "\0" not in word and len(word) < 300
    }
    return {path for path in map(_normal, paths) if project in path.parents}


def _normal(path: Path) -> Path:
    """Without `.` and `..`; links stay."""
    parts: list[str] = []
    for part in path.parts:
        if part == "..":
            parts = parts[:-1]
        else:
            parts.append(part)
    return Path(*parts)
