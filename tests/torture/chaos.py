"""One round: a load of jobs, kills at random moments, then quiet; what is left is for the oracle.

The seed decides what is done, in which order, after which pauses and to the how-manieth candidate; who the
candidates are at that moment is the machine's doing.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.torture import truth
from tests.torture.oracle import violations
from tests.torture.scene import ENDLESS, JOBS, MICRO_PER_SECOND, Process, Scene, make, tell
from tests.torture.watcher import Watcher
from trainui.core.client import Client
from trainui.core.errors import TrainuiError
from trainui.core.project import find_job
from trainui.core.spec import resolve
from trainui.core.store.intents import Desk

KILLS = {"manager": 4, "keeper": 4, "guard": 4, "pair": 3, "job": 3, "start": 2, "stop": 2}
"""Victim → weight. `start` and `stop` are command lines in the act."""
OTHERS = {"pause": 3, "resume": 3, "stop a run": 2, "retry": 1, "stop a run now": 2}
SLOTS = 5
ENDS_WITHIN = 60.0
"""Seconds until a quiet project must have ended all its runs; a deadline, not a measurement."""
GONE_WITHIN = 20.0
"""Seconds until nothing of an ended project may run any more."""


class Round:
    """A load and a killer."""

    def __init__(
        self,
        scene: Scene,
        *,
        seed: int,
        slots: int,
        jobs: Sequence[str] = tuple(JOBS),
        cap: float | None = None,
    ) -> None:
        self.scene = scene
        self.slots = slots
        self.cap = cap
        """Seconds of the machine that there is money for."""
        self.kills: Counter[str] = Counter()
        self.watcher = Watcher(scene)
        self._dice = random.Random(seed)
        self._jobs = list(jobs)
        self._client = Client(scene.folder, scene.db)
        self.is_alone = bool(seed % 2)
        """Nobody helps: while the killing lasts only keepers and guards start a manager again."""

    # ---------------------------------------------------------------- what the round does

    def play(self, kills: int, *, pause: float, seconds: float) -> None:
        """Kill so many, `pause` seconds apart on average, for at most `seconds`."""
        self._start([*self._jobs, *self._dice.choices(self._jobs, k=5)])
        self._client.ensure_manager()
        self.watcher.start()
        deadline = time.monotonic() + seconds
        while self.kills.total() < kills and time.monotonic() < deadline:
            time.sleep(min(4 * pause, self._dice.expovariate(1 / pause)))
            if len(self._runs("queued", "starting", "running")) < self.slots + 3:
                self._start(self._dice.choices(self._jobs, k=4))
            actions = KILLS | OTHERS
            action = self._dice.choices(list(actions), weights=list(actions.values()))[0]
            place = self._dice.random()
            if action in OTHERS:
                self._wish(action, place)
            else:
                self._kill(action, place)
        self.finish()

    def finish(self) -> None:
        """No more kills: whatever waits gets its turn, what never ends is stopped, and all must be gone."""
        if self._until(self._is_all_ended, ENDS_WITHIN):
            self._until(lambda: not self.scene.pairs() and not self.scene.named(), GONE_WITHIN)
        self.watcher.stop()
        for manager in self.scene.managers():
            with contextlib.suppress(ProcessLookupError):
                os.kill(manager.pid, signal.SIGTERM)
        self._until(lambda: not self.scene.managers(), GONE_WITHIN)

    def sweep(self) -> None:
        """Leave nothing behind, whatever became of the round."""
        told = truth.read(self.scene.truth)
        pairs = [one for pair in self.scene.pairs().values() for one in pair.values()]
        jobs = [one for run in told.runs.values() for one in run.processes]
        for one in (*self.scene.managers(), *pairs, *self.scene.named(), *jobs):
            one.kill()

    def judge(self) -> list[str]:
        """What was violated."""
        cap = None if self.cap is None else round(self.cap * MICRO_PER_SECOND)
        return violations(self.scene, slots=self.slots, cap_micro=cap, paid=self.watcher.paid)

    # ---------------------------------------------------------------- steps

    def _until(self, fact: Callable[[], bool], seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while not fact():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.1)
        return True

    def _is_all_ended(self) -> bool:
        """Whether nothing is open; as a user who comes back would, sees to it that it can end."""
        self.is_alone = False
        with contextlib.suppress(TrainuiError):
            self._client.ensure_manager()
        for run in self._runs("paused"):
            self._ask_for("resume", run)
        for run in self._runs("queued", "running"):
            if self.cap is not None or run.rpartition("-")[0] in ENDLESS:
                self._stop(run)
        return not self._runs("queued", "starting", "running", "paused", "stopping") and self._is_all_taken()

    def _start(self, jobs: list[str]) -> None:
        desk = Desk(self.scene.db)
        for job in jobs:
            spec = resolve(find_job(self.scene.folder, job))
            payload = {"job": job, "study": job, "spec": spec.to_json(), "project": str(self.scene.folder)}
            tell(self.scene, what="acknowledged", run=desk.start(job, payload))
        desk.close()
        self._call_manager()

    def _stop(self, run: str, *, now: bool = False) -> None:
        tell(self.scene, what="stop", run=run)
        self._ask_for("stop", run, now=now)

    def _ask_for(self, verb: str, run: str, **payload: bool) -> None:
        desk = Desk(self.scene.db)
        desk.add(verb, run, payload)
        desk.close()
        self._call_manager()

    def _call_manager(self) -> None:
        if not self.is_alone:
            with contextlib.suppress(TrainuiError):
                self._client.ensure_manager()

    def _wish(self, action: str, place: float) -> None:
        of = {"resume": "paused", "retry": "ended"}.get(action, "running")
        run = _pick(self._runs(of), place)
        if run is None:
            return
        if action.startswith("stop"):
            self._stop(run, now=action.endswith("now"))
        elif action == "retry":
            with contextlib.suppress(TrainuiError):
                tell(self.scene, what="acknowledged", run=self._client.retry(run))
        else:
            self._ask_for(action, run)

    def _kill(self, victim: str, place: float) -> None:
        if victim in ("start", "stop"):
            self._kill_command_line(victim, place)
        elif victim == "manager" and self.is_alone and not self.scene.pairs():
            return  # there is nobody yet who could start another
        elif victim == "manager":
            self._slay("manager", "", _pick(self.scene.managers(), place))
        elif victim == "job":
            runs = truth.read(self.scene.truth).runs.values()
            alive = [run for run in runs if run.starts and run.gone is None]
            run = _pick(alive, place)
            if run:
                self._slay("job", run.run, run.processes[0])
        else:
            pairs = self.scene.pairs()
            run_name = _pick(sorted(pairs), place)
            for one in ("keeper", "guard") if victim == "pair" else (victim,):
                if run_name:
                    self._slay(one, run_name, pairs[run_name].get(one))

    def _slay(self, victim: str, run: str, process: Process | None) -> None:
        if process is not None and process.kill():
            self.tell_kill(victim, run)

    def tell_kill(self, victim: str, run: str) -> None:
        """Write down that somebody was killed."""
        tell(self.scene, what="kill", victim=victim, run=run)
        self.kills[victim] += 1

    def _kill_command_line(self, verb: str, place: float) -> None:
        """Kill `trainui start` or `stop` somewhere in its doing. A name it printed is a promise."""
        object_ = _pick(self._jobs if verb == "start" else self._runs("running", "queued"), place)
        if object_ is None:
            return
        if verb == "stop":
            tell(self.scene, what="stop", run=object_)
        command = subprocess.Popen(
            [sys.executable, "-m", "trainui", verb, object_],
            cwd=self.scene.folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        with contextlib.suppress(subprocess.TimeoutExpired):
            command.wait(self._dice.uniform(0.1, 0.7))
        if command.poll() is None:
            command.kill()
            tell(self.scene, what="kill", victim=verb)
            self.kills[f"trainui {verb}"] += 1
        said, _ = command.communicate()
        for name in said.splitlines() if verb == "start" else ():
            tell(self.scene, what="acknowledged", run=name)

    def _runs(self, *statuses: str) -> list[str]:
        marks = ", ".join("?" * len(statuses))
        return [
            row[0]
            for row in self.scene.ask(
                f"SELECT name FROM runs WHERE status IN ({marks}) ORDER BY id", *statuses
            )
        ]

    def _is_all_taken(self) -> bool:
        return not self.scene.ask("SELECT id FROM intents WHERE done_at IS NULL")


def play_round(
    folder: Path,
    *,
    seed: int,
    kills: int,
    long: float,
    pause: float,
    jobs: Sequence[str] = tuple(JOBS),
    cap: float | None = None,
) -> tuple[Round, list[str]]:
    """One round in `folder`, with money for `cap` seconds of the machine; what was violated in it."""
    scene = make(folder, long=long, slots=SLOTS, cap_usd=cap * MICRO_PER_SECOND / 1e6 if cap else None)
    one = Round(scene, seed=seed, slots=SLOTS, jobs=jobs, cap=cap)
    try:
        one.play(kills, pause=pause, seconds=cap or 10 * pause * kills)
        return one, one.judge()
    finally:
        one.sweep()


def _pick(candidates, place: float):
    """The candidate at `place`, 0 to 1; None when there is none."""
    return candidates[int(place * len(candidates))] if candidates else None
