"""A project whose processes and whose clocks are made up: hours of a rented machine in a moment. The manager is real."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from unittest import mock

import msgspec

from tests.torture.world import Meter, World
from trainui.core import manager as managers
from trainui.core import queue as queues
from trainui.core.clock import Clock
from trainui.core.manager import Manager
from trainui.core.store.intents import Desk
from trainui.core.store.moneyviews import BudgetView
from trainui.core.store.schema import connect
from trainui.core.treasury import steps

MACHINE = """
[[machine]]
name = "here"
usd_per_hour = {rate}
billing = "{billing}"
[queue]
slots = 8
[idle]
tell_minutes = 100000.0
"""


class NoFarewell:
    """Stands where Farewell stands: real exports take real time. Nothing is written."""

    is_busy = False

    def __init__(self, *_for: object, **_rest: object) -> None:
        self.terms = ""

    def begin(self, terms: str, stopped: object, now: object) -> None:
        """As Farewell, and it is over at once."""
        self.terms = terms

    def is_over(self, terms: str) -> bool:
        """As Farewell."""
        return self.terms == terms


class Stage:
    """A manager, its store, and the world that a test makes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.world = World()
        self.paid: list[tuple[str, float, float]] = []
        """(run, until, when) of every allowance."""
        self.world.on_paid = lambda run, given: self.paid.append((run, given.until, self.world.boot))
        self.told: list[str] = []
        self.manager: Manager | None = None
        self._patches = contextlib.ExitStack()
        clock = lambda: Clock(unix=self.world.unix, boot=self.world.boot, boot_id=self.world.boot_id)  # noqa: E731
        for where, name, stand_in in (
            (managers, "LocalEngine", lambda: self.world),
            (managers, "_clock", clock),
            (managers, "complaints", lambda _about: contextlib.nullcontext()),
            (queues, "complaints", lambda _about: contextlib.nullcontext()),
            (managers, "Metering", Meter),
            (steps, "Farewell", NoFarewell),
            (queues, "prepare_directory", lambda run, _order: run.directory.mkdir(exist_ok=True)),
        ):
            self._patches.enter_context(mock.patch.object(where, name, stand_in))
        self.desk = Desk(folder / "runs.db")
        self.eye = connect(folder / "runs.db", reading=True)
        self._stopped_at: dict[str, float] = {}
        self._config = 0

    def close(self) -> None:
        """Leave nothing open."""
        self.kill_manager()
        self.eye.close()
        self.desk.close()
        self._patches.close()

    # ---------------------------------------------------------------- what people do

    def config(self, budget: str, *, rate: float = 3.6, billing: str = "second") -> None:
        """Write trainui.toml: 3.60 an hour is 0.001 a second."""
        path = self.folder / "trainui.toml"
        path.write_text(budget + MACHINE.format(rate=rate, billing=billing))
        self._config += 1
        os.utime(path, (self._config, self._config))  # two writes may fall into one tick of the file system

    def start(self, job: str, *, study: str = "", grace: float = 5, more: str = "", **row: object) -> str:
        """Queue a run; it begins as soon as it is launched."""
        spec = f'{{"job":{{"name":"{job}","command":["true"],"grace_seconds":{grace}}}{more}}}'
        payload = {"job": job, "study": study or job, "spec": spec, "project": str(self.folder), **row}
        name = self.desk.start(job, payload)
        self.tick()
        return name

    # ---------------------------------------------------------------- what the world does

    def tick(self) -> None:
        """Let the manager look; what was launched begins, and who is told to stop ends a second later, politely."""
        self.world.pass_time(0.3)
        for run, life in self.world.lives.items():
            if life.has_pair and life.began is None and life.exit is None:
                self.world.begin(run)
            if life.is_alive and life.stop and self.world.boot - life.stop["boot_seconds"] >= 1:
                self.world.end(run, code=0, signal=None)
        self.manager = self.manager or Manager(self.folder / "runs.db", self.folder)
        self.manager.tick()

    def pass_time(self, seconds: float, *, step: float = 5.0) -> None:
        """So many seconds, in each `step` of which the manager looks; the pairs hold what they were told."""
        end = self.world.boot + seconds
        while self.world.boot < end:
            self.world.pass_time(min(step, end - self.world.boot))
            self._stop_who_is_not_paid()
            self.tick()

    def _stop_who_is_not_paid(self) -> None:
        """As keepers do: so long before the end of what is paid that the grace of five seconds is paid too."""
        for life in self.world.lives.values():
            until = life.allowance.until if life.allowance else None
            if life.is_alive and until is not None and self.world.boot >= until - 5 and not life.stop:
                life.stop = {
                    "reason": life.allowance.reason,
                    "boot_seconds": self.world.boot,
                    "grace_seconds": 5,
                }

    def progress(self, run: str, done: float, *, of: float = 100) -> None:
        """The run tells how far it is."""
        with (self.folder / "runs" / run / "metrics.jsonl").open("a") as file:
            file.write(json.dumps({"step": done, "total_steps": of, "loss": 1.0}) + "\n")
        self.tick()

    def kill_manager(self) -> None:
        """What it had not committed is gone."""
        if self.manager is not None:
            self.manager._db.close()
        self.manager = None

    # ---------------------------------------------------------------- what can be seen

    def runs(self) -> dict[str, str]:
        """Run → where it stands, with its cause when it ended."""
        rows = self.eye.execute("SELECT name, status, result, cause FROM runs ORDER BY id")
        return {
            row["name"]: row["status"]
            if row["status"] != "ended"
            else f"{row['result']} {row['cause']}".strip()
            for row in rows
        }

    def waits(self, run: str) -> str:
        """What a queued run waits for."""
        return self.eye.execute("SELECT waits_for FROM runs WHERE name=?", (run,)).fetchone()[0]

    def events(self, kind: str = "budget") -> list[tuple[str, str]]:
        """(run, text) of all events of a kind."""
        rows = self.eye.execute("SELECT run, text FROM events WHERE kind=? ORDER BY id", (kind,))
        return [(row["run"], row["text"]) for row in rows]

    def view(self) -> BudgetView:
        """The money strip, as it was last published."""
        row = self.eye.execute("SELECT value FROM facts WHERE name='budget'").fetchone()
        return msgspec.json.decode(row[0], type=BudgetView)

    def cost(self, *, but: str = "over") -> float:
        """What the ledger holds, without what went over."""
        self.pass_time(120)  # until lines are written
        row = self.eye.execute("SELECT sum(micro_usd) FROM ledger WHERE kind != ?", (but,)).fetchone()
        return (row[0] or 0) / 1e6
