"""A scene in which every numbered step of the protocol happens, and somebody is killed at one of them.

Three runs: one ends by itself; one is paused, goes on, is stopped, saves before, and leaves a deaf child; and one,
where a SIGKILL is a step of it, hears no stop. Whoever reaches the point dies there; a manager that is gone is
started again, as the next `trainui` would. In a second form the guards are dead by then, and the keepers do their work.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tests.torture import truth
from tests.torture.oracle import violations
from tests.torture.scene import Scene, make, tell
from tests.torture.watcher import Watcher
from trainui.core.client import Client
from trainui.core.errors import TrainuiError
from trainui.core.store.intents import Desk

NAME = "TRAINUI_FAILPOINT"
SLOTS = 3
WITHIN = 60.0
"""Seconds until a step of the scene must have had its effect; a deadline, not a measurement."""
OPEN = ("queued", "starting", "running", "paused", "stopping")


class Play:
    """One scene under one failpoint."""

    def __init__(self, folder: Path, point: str, *, without_guards: bool = False) -> None:
        self.scene: Scene = make(folder, long=5.0, slots=SLOTS, grace=0.6)
        self.point = point
        wants_deaf = "SIGKILL" in point or point == "trace"
        self._runs = ["polite-1", "fails-1", *(["deaf-1"] if wants_deaf else [])]
        self._without_guards = without_guards
        self.there = folder / "there"
        """Made by whoever reaches the point; the trace, when that is asked for."""
        self._env = {key: value for key, value in os.environ.items() if not key.startswith("TRAINUI_")}
        self._env[NAME] = f"{point}@{self.there}"
        self._manager: subprocess.Popen[bytes] | None = None
        self._watcher = Watcher(self.scene, every=0.1)

    def play(self) -> list[str]:
        """Everything from start to end; what was violated."""
        try:
            return self._play()
        finally:
            self._sweep()

    def _play(self) -> list[str]:
        self._queue()
        self._watcher.start()
        missed = [text for text, is_missed in self._acts() if is_missed]
        gone = self._until(lambda: not self.scene.pairs() and not self.scene.named(), every=0.1)
        self._watcher.stop()
        self._end_manager()
        who = self.point.split()[0]
        if self.there.exists() and self.point != "trace":
            for run in self._runs:
                tell(self.scene, what="kill", victim="job" if who == "child" else who, run=run)
        return (
            missed
            + ([] if gone else ["something is left"])
            + violations(self.scene, slots=SLOTS, asks_command_line=False)
        )

    def _acts(self):
        """What a user does, each time when the effect of the last is there; (what never came, True if so)."""
        for verb, *effect in (
            ("", "running"), ("pause", "paused"), ("resume", "running"), ("stop", "ended"),
        ):  # fmt: skip
            if verb == "pause" and self._without_guards:
                self._kill_guards()
            if verb:
                self._wish(verb, "polite-1", *(self._runs[2:] if verb == "stop" else []))
            came = self._until(lambda effect=effect: self._status("polite-1") in (*effect, "ended"))
            yield f"polite-1 stands at {self._status('polite-1')}, never came to {effect[0]}", not came
        came = self._until(lambda: not self._count(f"SELECT 1 FROM runs WHERE status IN {OPEN}"))
        yield "a run never ended", not came

    def _wish(self, verb: str, *runs: str) -> None:
        desk = Desk(self.scene.db)
        for run in runs:
            if verb == "stop":
                tell(self.scene, what="stop", run=run)
            desk.add(verb, run, {})
        desk.close()

    def _kill_guards(self) -> None:
        for run, pair in self.scene.pairs().items():
            if run != "fails-1" and "guard" in pair and pair["guard"].kill():
                tell(self.scene, what="kill", victim="guard", run=run)

    def _queue(self) -> None:
        """All runs are asked for while no manager lives: so the first one of the scene sees all of it."""
        with contextlib.suppress(TrainuiError):
            client = Client(self.scene.folder, self.scene.db)
            client.ensure_manager = lambda: None
            for name in client.start_all([run[:-2] for run in self._runs]):
                tell(self.scene, what="acknowledged", run=name)

    def _until(self, fact: Callable[[], Any], *, every: float = 0.03) -> bool:
        deadline = time.monotonic() + WITHIN
        while not fact():
            if time.monotonic() > deadline:
                return False
            self._ensure_manager()
            time.sleep(every)
        return True

    def _ensure_manager(self) -> None:
        """Start one when there is none, as any command of a user does."""
        if self._manager is not None and self._manager.poll() is None:
            return
        if _is_locked(self.scene.db.with_name("runs.db-lock")):
            return  # a keeper was first
        log = (self.scene.folder / "runs" / "manager.log").open("ab")
        self._manager = subprocess.Popen(
            [sys.executable, "-m", "trainui.core.manager", "--db", self.scene.db, "--project", self.scene.folder],
            cwd=self.scene.folder, env=self._env, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            start_new_session=True,
        )  # fmt: skip
        log.close()

    def _end_manager(self) -> None:
        for one in self.scene.managers():
            with contextlib.suppress(ProcessLookupError):
                os.kill(one.pid, signal.SIGTERM)
        deadline = time.monotonic() + WITHIN
        while self.scene.managers() and time.monotonic() < deadline:
            time.sleep(0.1)
        if self._manager is not None:
            self._manager.wait(WITHIN)

    def _sweep(self) -> None:
        told = truth.read(self.scene.truth)
        pairs = [one for pair in self.scene.pairs().values() for one in pair.values()]
        jobs = [one for run in told.runs.values() for one in run.processes]
        for one in (*self.scene.managers(), *pairs, *self.scene.named(), *jobs):
            one.kill()
        if self._manager is not None:
            self._manager.wait(WITHIN)

    def _status(self, run: str) -> str:
        rows = self.scene.ask("SELECT status FROM runs WHERE name=?", run)
        return rows[0][0] if rows else "asked"

    def _count(self, sql: str) -> int:
        return len(self.scene.ask(sql)) + len(self.scene.ask("SELECT 1 FROM intents WHERE done_at IS NULL"))


def _is_locked(path: Path) -> bool:
    if not path.exists():
        return False
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def play(point: str, *, without_guards: bool = False) -> tuple[bool, list[str]]:
    """Whether somebody was killed at `point`, and what was violated."""
    with tempfile.TemporaryDirectory(prefix="point-") as folder:
        one = Play(Path(folder).resolve(), point, without_guards=without_guards)
        wrong = one.play()
        return one.there.exists(), wrong


def trace(*, without_guards: bool = False) -> list[str]:
    """Every point that the scene reaches, in order, repeated ones as often as they came."""
    with tempfile.TemporaryDirectory(prefix="point-") as folder:
        one = Play(Path(folder).resolve(), "trace", without_guards=without_guards)
        wrong = one.play()
        assert not wrong, wrong
        return one.there.read_text().splitlines()


def play_all(
    points: Sequence[str], *, without_guards: bool = False, at_once: int = 6
) -> dict[str, list[str]]:
    """Point → what was violated; nobody having come to it is told as well."""
    with ThreadPoolExecutor(at_once) as pool:
        played = pool.map(lambda point: play(point, without_guards=without_guards), points)
        found = dict(zip(points, played, strict=True))
    return {
        point: wrong + ([] if was_reached or "#" in point else ["nobody came to this point"])
        for point, (was_reached, wrong) in found.items()
    }
