"""A run's life against a model: any order of wishes, ends, deaths, restarts, and a manager that dies at any commit.

The manager is the real one, its store is real SQLite; only the processes and the clock are made up.
"""

from __future__ import annotations

import contextlib
import gc
import json
import shutil
import tempfile
from pathlib import Path
from unittest import mock

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from tests.torture.holding import CAP, RATE, SLOTS, Holding
from tests.torture.world import Meter
from trainui.core import manager as managers
from trainui.core import queue as queues
from trainui.core.clock import Clock
from trainui.core.manager import Manager
from trainui.core.store import schema
from trainui.core.store.intents import Desk

GOOD = '{"job":{"name":"job","command":["true"],"grace_seconds":5}}'
BAD = '{"job":{"name":"job","command":["missing"],"grace_seconds":5}}'
AGAIN = """{"job":{"name":"job","command":["true"],"grace_seconds":5},
"retry":{"on":{"signal":2,"lost":1,"machine-restarted":1},"delay_seconds":2.0}}"""
PICKS = st.integers(min_value=0, max_value=7)
THEN = st.sampled_from([0.3, 0.3, 0.3, 0.0, 1.0, 6.0])
"""Seconds until the manager looks after something happened; 0: not before something else happens too."""


class Killed(BaseException):
    """SIGKILL, as far as one process can play it."""


class RunsLife(Holding, RuleBasedStateMachine):
    """Rules make things happen; after every commit of the manager the store is held against the world."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="life-"))
        self.manager: Manager | None = None
        self.is_ticking = False
        self.fuse: int | None = None
        """Steps of a commit (before, after) until the manager dies."""
        self._patches = contextlib.ExitStack()
        clock = lambda: Clock(unix=self.world.unix, boot=self.world.boot, boot_id=self.world.boot_id)  # noqa: E731
        for where, name, stand_in in (
            (managers, "LocalEngine", lambda: self.world),
            (managers, "_clock", clock),
            (managers, "complaints", lambda _about: contextlib.nullcontext()),
            (queues, "complaints", lambda _about: contextlib.nullcontext()),
            (managers, "Metering", Meter),
            (queues, "prepare_directory", lambda run, _order: run.directory.mkdir(exist_ok=True)),
            (schema, "reach", self._commit_step),
        ):
            self._patches.enter_context(mock.patch.object(where, name, stand_in))

    @initialize(is_capped=st.booleans())
    def a_project(self, is_capped: bool) -> None:
        budget = f"[budget]\ntotal_usd = {CAP * RATE / 1e6}\n" if is_capped else ""
        text = f'{budget}[[machine]]\nname = "here"\nusd_per_hour = {RATE * 3600 / 1e6}\n[queue]\nslots = {SLOTS}\n'
        (self.folder / "trainui.toml").write_text(text)
        self.cap = CAP * RATE if is_capped else None
        self.desk = Desk(self.folder / "runs.db")
        self.eye = schema.connect(self.folder / "runs.db", reading=True)

    def teardown(self) -> None:
        try:
            if hasattr(self, "eye"):
                self._finish()
                self.eye.close()
                self.desk.close()
        finally:
            self._drop_manager()
            self._patches.close()
            shutil.rmtree(self.folder)

    # ---------------------------------------------------------------- what people do

    @rule(spec=st.sampled_from([GOOD, GOOD, GOOD, AGAIN, AGAIN, BAD]), then=THEN)
    def start(self, spec: str, then: float) -> None:
        self._queue(spec, parent=None)
        self._turn(then)

    @precondition(lambda self: self._names("ended"))
    @rule(pick=PICKS, then=THEN)
    def retry(self, pick: int, then: float) -> None:
        self._queue(GOOD, parent=self._pick(self._names("ended"), pick))
        self._turn(then)

    @precondition(lambda self: self.seen)
    @rule(
        pick=PICKS,
        verb=st.sampled_from([*2 * ["stop", "stop now", "pause", "resume"], "hold", "release", "unknown"]),
        then=THEN,
    )
    def wish(self, pick: int, verb: str, then: float) -> None:
        """Any verb of any run, however little sense it makes."""
        run = self._pick(sorted(self.seen), pick)
        verb, _, now = verb.partition(" ")
        if verb == "stop":
            self.stopped.add(run)
        self.desk.add(verb, run, {"now": bool(now)})
        self._turn(then)

    # ---------------------------------------------------------------- what the world does

    @rule(seconds=st.sampled_from([0.3, 1.0, 6.0, 30.0]))
    def time_passes(self, seconds: float) -> None:
        self._turn(seconds)

    @precondition(lambda self: self._lives("waiting"))
    @rule(pick=PICKS, then=THEN)
    def job_begins(self, pick: int, then: float) -> None:
        self.world.begin(self._pick(self._lives("waiting"), pick))
        self._turn(then)

    @precondition(lambda self: self._lives("alive"))
    @rule(pick=PICKS, lines=st.integers(min_value=1, max_value=3))
    def job_logs(self, pick: int, lines: int) -> None:
        run = self._pick(self._lives("alive"), pick)
        with (self.folder / "runs" / run / "metrics.jsonl").open("a") as file:
            for _ in range(lines):
                file.write(json.dumps({"step": self.written[run], "n": self.written[run]}) + "\n")
                self.written[run] += 1

    @precondition(lambda self: self._lives("alive"))
    @rule(
        pick=PICKS,
        how=st.sampled_from([(0, None), (3, None), (None, "SIGSEGV"), (None, "SIGKILL")]),
        leaves=st.booleans(),
        then=THEN,
    )
    def job_ends(self, pick: int, how: tuple[int | None, str | None], leaves: bool, then: float) -> None:
        self.world.end(self._pick(self._lives("alive"), pick), code=how[0], signal=how[1], leaves=leaves)
        self._turn(then)

    @precondition(lambda self: self._lives("swept"))
    @rule(pick=PICKS, then=THEN)
    def stragglers_end(self, pick: int, then: float) -> None:
        self.world.sweep(self._pick(self._lives("swept"), pick))
        self._turn(then)

    @precondition(lambda self: self._lives("kept"))
    @rule(pick=PICKS, then=THEN)
    def pair_dies(self, pick: int, then: float) -> None:
        self.world.lose_pair(self._pick(self._lives("kept"), pick))
        self._turn(then)

    @rule(is_reboot=st.sampled_from([False, False, False, True]))
    def manager_dies(self, is_reboot: bool) -> None:
        """Alone, or with the machine."""
        self._drop_manager()
        if is_reboot:
            self.world.restart()

    @rule(seconds=st.sampled_from([-86400.0, 86400.0]), then=THEN)
    def wall_clock_is_set(self, seconds: float, then: float) -> None:
        """No duration may move with it, nor any charge."""
        self.world.unix += seconds
        self._turn(then)

    @rule(steps=st.integers(min_value=1, max_value=12))
    def manager_dies_at_a_commit(self, steps: int) -> None:
        """Before or after the n-th commit from here on, in whatever tick that is."""
        self.fuse = steps

    # ---------------------------------------------------------------- playing the manager

    def _turn(self, seconds: float) -> None:
        if not seconds:
            return
        self.world.pass_time(seconds)
        self.is_ticking = True
        try:
            self.manager = self.manager or Manager(self.folder / "runs.db", self.folder)
            self.manager.tick()
        except Killed:
            self._drop_manager()
        finally:
            self.is_ticking = False
        if self.manager is None:
            gc.collect()  # one that died while it was made still holds its transaction

    def _drop_manager(self) -> None:
        if self.manager is not None:
            self.manager._db.close()  # what was not committed is rolled back, as by a kill
        self.manager, self.fuse = None, None

    def _commit_step(self, step: str) -> None:
        if not self.is_ticking:
            return  # a front end's commit
        if step == "committed":
            self.check_commit()
        if self.fuse is not None:
            self.fuse -= 1
            if self.fuse <= 0:
                raise Killed

    def _queue(self, spec: str, *, parent: str | None) -> None:
        payload = {"job": "job", "study": "job", "spec": spec, "project": str(self.folder), "parent": parent}
        self.seen.setdefault(self.desk.start("job", payload), {"status": "asked"})

    def _names(self, status: str) -> list[str]:
        return sorted(run for run, row in self.seen.items() if row["status"] == status)

    def _lives(self, kind: str) -> list[str]:
        is_it = {
            "waiting": lambda life: life.has_pair and life.began is None and life.exit is None,
            "alive": lambda life: life.is_alive,
            "kept": lambda life: life.has_pair,
            "swept": lambda life: life.has_pair and life.has_stragglers,
        }[kind]
        return sorted(run for run, life in self.world.lives.items() if is_it(life))

    @staticmethod
    def _pick(names: list[str], pick: int) -> str:
        return names[pick % len(names)]

    def _finish(self) -> None:
        """Let everything come to its end, whatever happened, and look at the whole."""
        self.fuse = None
        for _ in range(120):
            for name in self._names("paused"):
                self.desk.add("resume", name)
            for name in self._names("queued"):
                self.desk.add("release", name)
                if self.cap is not None:
                    self.stopped.add(name)
                    self.desk.add("stop", name)
            for run in self._lives("waiting"):
                self.world.begin(run)
            for run in self._lives("alive"):
                self.world.end(run, code=0, signal=None)
            for run in self._lives("swept"):
                self.world.sweep(run)
            self._turn(1.0)
            if not self.eye.execute("SELECT 1 FROM intents WHERE done_at IS NULL").fetchone() and all(
                row["status"] == "ended" for row in self.seen.values()
            ):
                break
        self.check_whole()


TestRunsLife = RunsLife.TestCase
TestRunsLife.settings = settings(
    max_examples=40,
    stateful_step_count=50,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
