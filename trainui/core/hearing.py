"""What gates ask beside numbers: printed lines that match, and how many files there are."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from trainui.core.following import matches
from trainui.core.gates import Notice
from trainui.core.ingest.text import MAX_LINE, strip_escapes

EVERY = 5.0
"""Seconds between two counts of the same files, at least."""
SHARE = 0.01
"""Share of the time that counting may take: where it is slow it is done less often."""
ANYWAY = 60.0
"""Seconds after which a count is told though nothing changed: what a gate waits for may be that it does not."""
ALONE = re.compile(r"\(\?(?:P|\w+[):])|\\[1-9]|\(\?\(")
"""In a regular expression that cannot be made part of another: named groups, flags, references to groups."""


def one_of(patterns: Sequence[re.Pattern[str]]) -> Sequence[re.Pattern[str]]:
    """The same in one expression where they go together, since every printed line is held against it."""
    alike = all(one.flags == patterns[0].flags and not ALONE.search(one.pattern) for one in patterns)
    if len(patterns) < 2 or not alike:
        return patterns
    return [re.compile("|".join(f"(?:{one.pattern})" for one in patterns), patterns[0].flags)]


def heard(line: bytes, patterns: Sequence[re.Pattern[str]]) -> Iterator[str]:
    """What of a printed line matches: each piece between carriage returns is one that was printed."""
    for piece in line.split(b"\r"):
        text = strip_escapes(piece[:MAX_LINE]).rstrip()
        if text and any(pattern.search(text) for pattern in patterns):
            yield text


class Files:
    """Counts the files that gates ask for, now and then."""

    def __init__(self, folders: Sequence[Path]) -> None:
        """`folders`: where a relative glob is looked for, each of them."""
        self._folders = folders
        self._due: dict[str, float] = {}
        self._seen: dict[str, tuple[int, float, float]] = {}

    def look(self, globs: Sequence[str], *, now: float, again: bool = False) -> Iterator[Notice]:
        """Notices of what changed, or was not told for a while; `now` is Unix seconds. `again`: of all there is,
        though it was looked at just now."""
        for glob in globs:
            if not again and 0 < self._due.get(glob, 0.0) - now <= ANYWAY:
                continue
            begun = time.monotonic()
            count, newest = self._count(glob)
            self._due[glob] = now + min(ANYWAY, max(EVERY, (time.monotonic() - begun) / SHARE)) * 0.9
            before = self._seen.get(glob)
            if before is None or before[:2] != (count, newest) or not 0 <= now - before[2] < ANYWAY:
                self._seen[glob] = (count, newest, now)
                yield Notice(
                    kind="files", name=glob, value=float(count), text=repr(newest) if count else "", at=now
                )

    def _count(self, glob: str) -> tuple[int, float]:
        """How many there are, and when the newest was written (0 without any)."""
        found: dict[str, float] = {}
        for folder in self._folders:
            for path in matches(folder, glob, most=None):
                try:
                    found[os.path.realpath(path)] = os.stat(path).st_mtime
                except OSError:
                    continue  # gone between the look and this
        return len(found), max(found.values(), default=0.0)
