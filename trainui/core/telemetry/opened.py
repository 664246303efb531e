"""The files the processes of a run hold open for writing: where an unmodified script keeps its numbers."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable

RENEW = 60.0
"""Seconds after which descriptors that were looked at are looked at again: a number may stand for another file."""


class Opened:
    """Remembers which descriptors it has looked at, so that a look costs one listing a process."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, str], str] = {}
        self._renewed = float("-inf")

    def look(self, pids: Iterable[int], *, boot: float) -> list[str]:
        """Absolute paths of regular files, sorted. Processes of other users show nothing. `boot` is boot seconds."""
        if boot - self._renewed > RENEW:
            self._known, self._renewed = {}, boot
        now: dict[tuple[int, str], str] = {}
        for pid in pids:
            try:
                descriptors = os.listdir(f"/proc/{pid}/fd")
            except OSError:
                continue
            for one in descriptors:
                known = self._known.get((pid, one))
                now[pid, one] = _written_file(f"/proc/{pid}/fd/{one}") if known is None else known
        self._known = now
        return sorted({path for path in now.values() if path})


def _written_file(descriptor: str) -> str:
    """The path behind a descriptor that can be written to, or "" for all others."""
    try:
        file = os.stat(descriptor)
        if (
            not os.lstat(descriptor).st_mode & stat.S_IWUSR
            or not stat.S_ISREG(file.st_mode)
            or not file.st_nlink
        ):
            return ""
        return os.readlink(descriptor)
    except OSError:  # closed meanwhile, or another user's
        return ""
