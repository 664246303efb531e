"""A run in a temporary folder, with real processes; nothing of it outlives the test."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

from trainui.core.engines.local import LocalEngine, Phase
from trainui.core.process import tree
from trainui.core.process.files import is_locked, read_json
from trainui.core.process.identity import Identity, boot_id, boot_seconds, send_signal
from trainui.core.process.order import Allowance, Order


def until(fact, seconds=60.0):
    """Wait until `fact()` is true and return it; the deadline only ends a test that has failed."""
    deadline = time.monotonic() + seconds
    while True:
        found = fact()
        if found:
            return found
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.005)


def endless():
    """An allowance without end."""
    return Allowance(until=None, boot_id=boot_id(), reason="")


def seconds_from_now(seconds, reason="budget"):
    """An allowance of so many seconds."""
    return Allowance(until=boot_seconds() + seconds, boot_id=boot_id(), reason=reason)


class Run:
    """One run: its order, its directory, and what can be seen of it."""

    def __init__(self, folder: Path, name: str = "job-1"):
        self.engine = LocalEngine()
        self.folder = folder
        self.name = name
        self.dir = folder / "runs" / name

    def order(self, argv, **changes):
        given = {
            "run": self.name,
            "argv": tuple(argv),
            "cwd": str(self.folder),
            "env": {"PATH": os.environ["PATH"], "TRAINUI_RUN_DIR": str(self.dir)},
            "stop_signal": "SIGTERM",
            "grace_seconds": 5.0,
            "run_dir": str(self.dir),
            "db": str(self.folder / "runs.db"),
            "project": str(self.folder),
            "python": sys.executable,
        }
        return Order(**(given | changes))

    def start(self, argv, allowance=None, **changes):
        self.engine.submit(self.order(argv, **changes), allowance or endless())
        return self

    def shell(self, script, allowance=None, **changes):
        return self.start(["bash", "-c", script], allowance, **changes)

    def python(self, script, allowance=None, **changes):
        return self.start([sys.executable, "-S", "-c", script], allowance, **changes)

    def see(self):
        return self.engine.poll(self.dir)

    def reach(self, phase, seconds=15.0):
        return until(lambda: (seen := self.see()).phase is phase and seen, seconds)

    def exit(self, seconds=15.0):
        return self.reach(Phase.EXITED, seconds).exit

    def who(self, name):
        return until(lambda: (told := read_json(self.dir / f"{name}.json")) and Identity.from_dict(told))

    def kill(self, name, signum=signal.SIGKILL):
        """Signal keeper, guard or job; a killed one is waited for."""
        send_signal(self.who(name), signum)
        if signum == signal.SIGKILL and name != "job":
            until(lambda: not is_locked(self.dir / f"{name}.lock"))

    def output(self):
        path = self.dir / "output.log"
        return path.read_text() if path.exists() else ""

    def says(self, text):
        until(lambda: text in self.output())
        return self

    def stop(self, reason="user", grace_seconds=5.0, now=False):
        self.engine.stop(self.dir, reason=reason, signal="SIGTERM", grace_seconds=grace_seconds, now=now)

    def members(self):
        told = read_json(self.dir / "job.json")
        return tree.members(str(self.dir), Identity.from_dict(told)) if told else []

    def clean_up(self):
        for name in ("keeper", "guard"):
            told = read_json(self.dir / f"{name}.json")
            if told:
                send_signal(Identity.from_dict(told), signal.SIGKILL)
        while left := self.members():
            tree.signal_all(left, signal.SIGKILL)
