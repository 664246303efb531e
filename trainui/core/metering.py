"""What the machine and each live run use: looked at every few seconds, kept, and told to whoever asks."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path

from trainui.core.clock import Clock
from trainui.core.engines.local import LocalEngine
from trainui.core.store.runs import RunRow
from trainui.core.store.schema import atomic
from trainui.core.store.usage import write_machine, write_usage
from trainui.core.store.views import MachineView, UsageView
from trainui.core.telemetry import Activity, Probe, Roots

FRESH = 1.0
"""Seconds a look is good for: who starts a run wants to know what is free now."""


class Metering:
    """Looks at the machine for the manager."""

    def __init__(self, db: sqlite3.Connection, engine: LocalEngine, folder: Path) -> None:
        self._db = db
        self._engine = engine
        self._folder = folder
        self._probe = Probe()
        self._looked = float("-inf")
        self.machine: MachineView | None = None
        self.usage: Mapping[str, UsageView] = {}
        """The newest sample of each live run."""
        self.opened: Mapping[str, Sequence[str]] = {}
        """Run → the files it holds open for writing, by the newest look."""
        self.pids: Mapping[str, set[int]] = {}
        """Run → every process of it that was ever seen, while it is live."""
        self._activity: dict[str, Activity] = {}

    def look(self, live: Sequence[RunRow], now: Clock) -> None:
        """See what is used now, unless that was seen a moment ago."""
        if now.boot - self._looked < FRESH:
            return
        self._looked = now.boot
        roots = {run.name: found for run in live if (found := self._roots(run)) is not None}
        self.usage = self._probe.usage(roots, at=now.unix, boot=now.boot)
        self.opened = self._probe.opened(boot=now.boot)
        self.pids = {run: self.pids.get(run, set()) | found for run, found in self._probe.pids().items()}
        self._activity = {run: self._activity.get(run) or Activity() for run in self.usage}
        for run, view in self.usage.items():
            self._activity[run].see(view, boot=now.boot)
        self.machine = self._probe.machine(at=now.unix, folder=self._folder)

    def keep(self, live: Sequence[RunRow], now: Clock) -> None:
        """Look, and write down what was seen."""
        self.look(live, now)
        assert self.machine is not None
        with atomic(self._db):
            write_machine(self._db, self.machine)
            for view in self.usage.values():
                write_usage(self._db, view)

    def idle_seconds(self, run: str, now: Clock) -> float:
        """For how long a run used neither CPU nor GPU; 0 when nobody has looked."""
        seen = self._activity.get(run)
        return seen.idle_seconds(now.boot) if seen else 0.0

    def woke(self, run: str, now: Clock) -> None:
        """A paused run goes on: that it did nothing till now means nothing."""
        if run in self._activity:
            self._activity[run].begin_anew(now.boot)

    def others(self, uuid: str) -> int:
        """Bytes on a GPU that no run of ours holds, by the last look."""
        return self._probe.other_use(uuid, self.usage.keys()) or 0

    def _roots(self, run: RunRow) -> Roots | None:
        job, keeper, guard = self._engine.processes(run.directory)
        return Roots(job=job, keeper=keeper, guard=guard, gpus=run.gpus) if job else None
