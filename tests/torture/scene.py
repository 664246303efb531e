"""A project full of jobs that tell the truth, and who of it is alive, as /proc says."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

WORK = Path(__file__).with_name("work.py")
MICRO_PER_SECOND = 1000
"""3.60 $ an hour: a millisecond of the machine is one micro-dollar."""

JOBS = {
    "short": "seconds = 0.2",
    "fails": "seconds = 0.3\ncode = 3",
    "long": "seconds = {long}",
    "forks": "seconds = 2.0\nforks = true",
    "cleans": "seconds = 2.0\nforks = true\ncleans = true",
    "deaf": "seconds = 900.0\ndeaf = true",
    "crashes": 'seconds = 0.8\ndies_of = "SIGSEGV"',
    "killed": 'seconds = 0.5\ndies_of = "SIGKILL"',
    "floods": "seconds = 4.0\nrate = 1000",
    "again": 'seconds = 0.4\ndies_of = "SIGSEGV"\n[retry]\non.signal = 1\ndelay_seconds = 0.5',
}
"""What a round runs: short and long ones, forking, deaf to signals, crashing, tried again once, a thousand points
a second."""

ASIDE = {"polite": "seconds = 900.0\nforks = true\nleaves = true"}
"""Jobs of a scene that are no part of the random load."""

ENDLESS = {"deaf"}
"""Jobs that end only when they are made to."""

SPEC = """\
[job]
name = "{name}"
command = ["{{python}}", "-I", "-S", "{work}"]
grace_seconds = {grace}
checkpoint_signal = "{asks}"
checkpoint_seconds = 3
[env]
TORTURE_TRUTH = "{truth}"
[params]
{params}
"""


def boot() -> float:
    """Seconds of the boot clock."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


@dataclass(frozen=True)
class Process:
    """A process for all time, with what was seen of it."""

    pid: int
    ticks: int
    ppid: int = 0
    sid: int = 0

    def is_alive(self) -> bool:
        """Whether it can still do anything."""
        seen = look(self.pid)
        return seen is not None and seen.ticks == self.ticks

    def is_there(self) -> bool:
        """Whether it is alive, or dead and nobody has taken note of it yet."""
        seen = look(self.pid, zombies=True)
        return seen is not None and seen.ticks == self.ticks

    def kill(self) -> bool:
        """SIGKILL, and wait until it is dead; False when it was dead before."""
        try:
            handle = os.pidfd_open(self.pid)
        except ProcessLookupError:
            return False
        try:
            if not self.is_alive():
                return False
            signal.pidfd_send_signal(handle, signal.SIGKILL)
            return bool(select.select([handle], [], [], 10.0)[0])
        except ProcessLookupError:
            return False
        finally:
            os.close(handle)


def look(pid: int, *, zombies: bool = False) -> Process | None:
    """The living process `pid`; None when there is none, or only a zombie unless `zombies`."""
    try:
        text = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return None
    fields = text[text.rindex(b")") + 2 :].split()
    if fields[0] in (b"Z", b"X") and not zombies:
        return None
    return Process(pid=pid, ticks=int(fields[19]), ppid=int(fields[1]), sid=int(fields[3]))


def processes() -> Iterator[tuple[Process, list[bytes]]]:
    """Every living process and the words of its command."""
    for entry in os.listdir("/proc"):
        if entry.isdigit() and (seen := look(int(entry))):
            try:
                yield seen, Path(f"/proc/{entry}/cmdline").read_bytes().split(b"\0")
            except OSError:
                continue


@dataclass(frozen=True)
class Scene:
    """One project: where its files are, and its processes."""

    folder: Path

    @property
    def db(self) -> Path:
        """Its store."""
        return self.folder / "runs.db"

    @property
    def truth(self) -> Path:
        """What its jobs and its killer wrote."""
        return self.folder / "truth.jsonl"

    def ask(self, sql: str, *values: str) -> list[tuple[Any, ...]]:
        """Rows of its store, read with nothing of the product."""
        with contextlib.closing(sqlite3.connect(f"file:{self.db}?mode=ro", uri=True)) as db:
            return db.execute(sql, values).fetchall()

    def managers(self) -> list[Process]:
        """Those of this store."""
        db = os.fsencode(str(self.db))
        return [one for one, words in processes() if b"trainui.core.manager" in words and db in words]

    def pairs(self) -> dict[str, dict[str, Process]]:
        """Run → `keeper` and `guard`, as far as they live.

        Both are one script; the keeper leads their session. A child of theirs that is not yet the job
        leads one of its own, below them.
        """
        found: dict[str, list[Process]] = {}
        below = os.fsencode(f"{self.folder}/runs/")
        for one, words in processes():
            if any(word.endswith(b"process/keeper.py") for word in words):
                for word in words:
                    if word.startswith(below):
                        found.setdefault(os.fsdecode(word[len(below) :]), []).append(one)
        pairs: dict[str, dict[str, Process]] = {}
        for run, them in found.items():
            pids = {one.pid for one in them}
            leads = [one for one in them if one.pid == one.sid and one.ppid not in pids]
            others = [one for one in them if one.pid != one.sid]
            pairs[run] = {"keeper": leads[0]} if leads else {}
            pairs[run] |= {"guard": others[0]} if others else {}
        return pairs

    def named(self) -> list[Process]:
        """Whoever carries the name of a run of this project in its environment."""
        sign = os.fsencode(f"TRAINUI_RUN_DIR={self.folder}/runs/")
        found = []
        for one, _ in processes():
            try:
                environment = Path(f"/proc/{one.pid}/environ").read_bytes()
            except OSError:
                continue
            if sign in environment:
                found.append(one)
        return found


def make(folder: Path, *, long: float, slots: int, grace: float = 1.0, cap_usd: float | None = None) -> Scene:
    """A project in `folder` with all jobs in it, a rate, so many slots and perhaps a cap in US dollars."""
    scene = Scene(folder)
    (folder / "jobs").mkdir()
    for name, params in (JOBS | ASIDE).items():
        text = SPEC.format(
            name=name,
            work=WORK,
            truth=scene.truth,
            grace=grace,
            asks="SIGUSR1" if name in ASIDE else "",
            params=params.format(long=long),
        )
        (folder / "jobs" / f"{name}.toml").write_text(text)
    budget = f"[budget]\ntotal_usd = {cap_usd}\n" if cap_usd is not None else ""
    (folder / "trainui.toml").write_text(
        f'{budget}[[machine]]\nname = "here"\nusd_per_hour = {MICRO_PER_SECOND * 3600 / 1e6}\n[queue]\nslots = {slots}\n'
    )
    return scene


def tell(scene: Scene, **line: object) -> None:
    """Add a line of the killer's to the truth."""
    file = os.open(scene.truth, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(file, json.dumps({"boot": boot(), **line}).encode() + b"\n")
    finally:
        os.close(file)
