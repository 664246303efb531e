"""The processes of all runs from one pass over /proc, and what they use, summed.

A look is a few milliseconds for all runs together; nothing is asked of a process that belongs to none of them.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from trainui.core.process.identity import Identity, boot_id

PAGE = os.sysconf("SC_PAGE_SIZE")
TICKS = os.sysconf("SC_CLK_TCK")
"""Clock ticks in a second of CPU time."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Roots:
    """Where the processes of a run are found."""

    job: Identity
    keeper: int | None = None
    """Its pid while it lives: what it adopted belongs to the run, it itself does not."""
    guard: int | None = None
    gpus: tuple[str, ...] = ()
    """UUIDs of the GPUs the run holds."""

    @property
    def pair(self) -> list[int]:
        """Keeper and guard, as far as they live."""
        return [pid for pid in (self.keeper, self.guard) if pid is not None]


class Process(NamedTuple):
    """One line of /proc/PID/stat, as far as it matters here."""

    pid: int
    ppid: int
    sid: int
    start: int
    """Ticks since boot: with the pid, who it is."""
    own: int
    """Ticks of CPU it used itself."""
    waited: int
    """Ticks of CPU of its children that are gone and were waited for."""
    is_dead: bool
    """A zombie: it has used what it used, and holds nothing."""

    @property
    def who(self) -> tuple[int, int]:
        """A pid is reused; with the start it is not."""
        return self.pid, self.start


class Table:
    """All processes of the machine at one look."""

    def __init__(self, processes: Iterable[Process]) -> None:
        self.by_pid = {process.pid: process for process in processes}
        self._below: dict[int, list[int]] = {}
        for process in self.by_pid.values():
            self._below.setdefault(process.ppid, []).append(process.pid)

    def of_run(
        self, roots: Roots, *, walls: Collection[int], is_ours: Callable[[Process], bool]
    ) -> list[Process]:
        """A run's session, what its pair adopted, and all below these.

        `walls`: pids that are no run's and that nothing is sought below: every keeper, guard and manager.
        `is_ours` tells of an adopted process whether it is such a one that is not known by its pid.
        """
        leader = self.by_pid.get(roots.job.pid)
        is_reused = roots.job.boot_id != boot_id() or (leader is not None and leader.start != roots.job.ticks)
        seeds = [] if is_reused else [one.pid for one in self.by_pid.values() if one.sid == roots.job.pid]
        if leader is not None and not is_reused:
            seeds.append(leader.pid)
        for pid in roots.pair:
            adopted = (child for child in self._below.get(pid, ()) if child not in walls)
            seeds += [child for child in adopted if not is_ours(self.by_pid[child])]
        found: set[int] = set()
        while seeds:
            pid = seeds.pop()
            if pid not in found and pid not in walls:
                found.add(pid)
                seeds += self._below.get(pid, ())
        return [self.by_pid[pid] for pid in sorted(found)]


def look() -> Table:
    """One pass over all processes."""
    return Table(process for entry in os.listdir("/proc") if entry.isdigit() and (process := _read(entry)))


def _read(pid: str) -> Process | None:
    """None when it ended meanwhile."""
    try:
        with open(f"/proc/{pid}/stat", "rb", buffering=0) as file:
            return parse(file.read(2048))
    except (FileNotFoundError, ProcessLookupError):
        return None


def parse(text: bytes) -> Process:
    """What /proc/PID/stat says."""
    # the name in brackets may hold anything, brackets and blanks too
    opened, closed = text.index(b"("), text.rindex(b")")
    fields = text[closed + 2 :].split(maxsplit=20)
    return Process(
        pid=int(text[:opened]),
        ppid=int(fields[1]),
        sid=int(fields[3]),
        start=int(fields[19]),
        own=int(fields[11]) + int(fields[12]),
        waited=int(fields[13]) + int(fields[14]),
        is_dead=fields[0] in (b"Z", b"X", b"x"),
    )


def memory_of(processes: Iterable[Process]) -> int:
    """Bytes they hold together: files and shared memory once, the rest of each.

    What a fork shares until one of them writes counts for each: to know it costs a walk over every page.
    """
    return together(pages for process in processes if (pages := _pages(process.pid)) is not None)


def together(pages: Iterable[tuple[int, int]]) -> int:
    """Bytes of processes with these (resident, shared) pages."""
    alone = largest = 0
    for resident, shared in pages:
        alone += resident - shared
        largest = max(largest, shared)
    return (alone + largest) * PAGE


def _pages(pid: int) -> tuple[int, int] | None:
    try:
        with open(f"/proc/{pid}/statm", "rb", buffering=0) as file:
            fields = file.read(256).split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return int(fields[1]), int(fields[2])


class CpuMeter:
    """The CPU time of one run, added up over successive looks at its processes. Never falls.

    A child that is waited for hands its time to its parent: what was counted while it lived is not counted again.
    What a process used after the last look is lost if nobody of the run waits for it (one that was adopted).
    """

    def __init__(self) -> None:
        self.ticks = 0
        self._last: dict[tuple[int, int], Process] = {}
        self._owed: Counter[tuple[int, int]] = Counter()
        """Time of dead children that their parent has not handed on yet: a look takes a while itself."""

    def add(self, processes: Iterable[Process]) -> int:
        """Take in a look; returns the ticks used since the look before (all so far at the first)."""
        now = {process.who: process for process in processes}
        died = self._died(now)
        gained = 0
        owed: Counter[tuple[int, int]] = Counter()
        for who, process in now.items():
            old = self._last.get(who)
            gained += max(0, process.own - (old.own if old else 0))
            waited = max(0, process.waited - (old.waited if old else 0))
            due = died[who] + self._owed[who]
            paid = min(waited, due)
            gained += waited - paid
            owed[who] = min(died[who], due - paid)
        self._last, self._owed = now, owed
        self.ticks += gained
        return gained

    def _died(self, now: Mapping[tuple[int, int], Process]) -> Counter[tuple[int, int]]:
        """Ticks counted for processes that are gone, by who inherits them: the next one above that lives."""
        by_pid = {process.pid: process for process in self._last.values()}
        died: Counter[tuple[int, int]] = Counter()
        for who, process in self._last.items():
            if who in now:
                continue
            heir = by_pid.get(process.ppid)
            while heir is not None and heir.who not in now:
                heir = by_pid.get(heir.ppid)
            if heir is not None:
                died[heir.who] += process.own + process.waited
        return died
