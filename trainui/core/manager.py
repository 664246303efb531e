"""The conductor: one tick() that takes intents, watches runs, judges, charges, and starts what may start.

One manager per runs.db, held by a lock. It may be killed at any moment: the next one finds every run by
its directory and every stream at its offset. `python -m trainui.core.manager --db PATH --project PATH`.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from trainui.core.acting.actor import Subject
from trainui.core.acting.summing import Summaries
from trainui.core.clock import Clock
from trainui.core.complaints import complaints
from trainui.core.config import load_config
from trainui.core.countdowns import Countdowns
from trainui.core.engines.local import LocalEngine, Phase
from trainui.core.errors import SpecError
from trainui.core.folder import lock_path
from trainui.core.gates import Gate
from trainui.core.idling import Idling
from trainui.core.lives import Lives
from trainui.core.metering import Metering
from trainui.core.process import beat
from trainui.core.process.failpoint import i_am
from trainui.core.process.files import lock, write_json
from trainui.core.process.identity import boot_id, boot_seconds, identity_of
from trainui.core.queue import Queue
from trainui.core.ruling import Rulings
from trainui.core.run import Result, Status
from trainui.core.store.intents import open_intents
from trainui.core.store.outbox import Outbox
from trainui.core.store.runs import RunRow, RunWriter, live_of
from trainui.core.store.schema import Files, atomic, connect
from trainui.core.studies.hand import Studies
from trainui.core.telling.herald import Herald
from trainui.core.treasury.accounts import Accounts
from trainui.core.treasury.means import Means
from trainui.core.treasury.noting import Notes
from trainui.core.treasury.purse import Purse
from trainui.core.treasury.steps import Hands, Steps
from trainui.core.wishes import Wishes

WAKE = 0.1
"""Seconds between looks for intents: a key press must have its effect within 300 ms."""
LOOK = 0.25
"""Seconds between looks at the runs while one is open."""
SETTLE = 5.0
"""Seconds between charges, meters and samples while a run is live."""
TORN = 2.0
"""Seconds for which a trainui.toml that is gone or empty may be one that is just being saved."""
LINGER = 300.0
"""Seconds a manager with nothing to do waits for more."""


class Manager:
    """Owns runs.db for writing."""

    def __init__(self, db_path: Path, project: Path) -> None:
        self.db_path = db_path
        self.project = project
        self.files = Files(db_path)
        self._db = connect(db_path)
        self._runs = RunWriter(self._db)
        self._engine = LocalEngine()
        self._accounts = Accounts(self._db)
        means = Means(self._db, self._accounts)
        self._purse = Purse(self._db, means)
        self._notes = Notes()
        self._metering = Metering(self._db, self._engine, db_path.parent)
        self._lives = Lives(self._db, self._engine, self._accounts, self._metering)
        runs, post = db_path.parent / "runs", Outbox(self._db).posting
        self._herald = Herald(self._db, project, runs, config=lambda: self._accounts.config)
        counting = post("countdown", is_critical=True)
        self._countdowns = Countdowns(self._db, project, runs, stop=self._lives.stop, notify=counting)
        budget = post("budget", is_critical=True)
        hands = Hands(stop=self._lives.stop, eta=self._lives.eta, notify=budget, countdowns=self._countdowns)
        self._steps = Steps(self._db, db_path, project=project, means=means, purse=self._purse, hands=hands)
        self._queue = Queue(
            self._db,
            db_path,
            engine=self._engine,
            lives=self._lives,
            purse=self._purse,
            closed=self._steps.closed,
            slots=lambda: self._accounts.slots,
            metering=self._metering,
        )
        self._summaries = Summaries(self._db, db_path, project, config=lambda: self._accounts.config)
        self._studies = Studies(self._db, project, act=self._act_on_study)
        rulings = Rulings(self._db, lives=self._lives, studies=self._studies)
        self._idling = Idling(self._db, self._accounts, self._metering, self._countdowns, post("idle"))
        self._wishes = Wishes(
            self._db,
            runs,
            engine=self._engine,
            lives=self._lives,
            rulings=rulings,
            accounts=self._accounts,
            countdowns=self._countdowns,
        )
        self._config_seen: float | None = -1.0
        self._config_gone_at: float | None = None
        self._next_look = self._next_settle = 0.0
        self.is_idle_since = time.monotonic()

    def tick(self) -> None:
        """Do everything that is due now."""
        now = _clock()
        intents = open_intents(self._db)
        for intent in intents:
            with complaints(f"intent {intent.id}"):
                self._wishes.carry_out(intent, now)
        if not intents and now.boot < self._next_look:
            return
        runs = self._runs.open_runs()
        for run in live_of(runs):
            with complaints(run.name):
                self._look_at(run)
        self._read_config(now)
        self._lives.catch_up(now)
        if now.boot >= self._next_settle:
            self._reckon(now)
        with complaints("budget"):
            self._steps.attend(now)
        with complaints("studies"):
            self._studies.look(now)  # before anything starts: a gate may hold it back
        if self._queue.start_queued(now):
            self._next_settle = now.boot + 1  # what was idle time until now is somebody's from here on
            self._idling.look_soon()
        with complaints("idle"):
            self._idling.attend(now)  # after the start of what waited: that ends an idle stretch
        with complaints("summaries"):
            self._summaries.attend(now)
        with complaints("messages"):
            self._herald.attend(now)
        self._next_look = now.boot + (LOOK if runs else 4 * LOOK)
        if runs or intents or self._steps.is_busy or self._summaries.is_busy:
            self.is_idle_since = time.monotonic()

    def _act_on_study(self, subject: str, gates: Mapping[str, Gate], now: Clock) -> None:
        about = Subject(name=subject, project=self.project, runs=self.db_path.parent / "runs")
        self._lives.acting.act(about, gates, now)

    def reaped(self, pid: int, code: int) -> None:
        """A child of this process has ended; `code` is negative for a signal."""
        self._herald.reaped(pid, code)
        self._countdowns.reaped(pid, code)

    @property
    def is_needed(self) -> bool:
        """Whether a run is open, something is to be told, or the machine costs and may stand idle unseen."""
        return self._idling.is_wanted or self._herald.is_busy or bool(self._runs.open_runs())

    def _look_at(self, run: RunRow) -> None:
        if self._lives.is_quiet(run, _clock()):
            return
        seen = self._engine.poll(run.directory)
        now = _clock()  # after the look: what is found dead died before
        if seen.phase is not Phase.ABSENT:
            self._lives.look_at(run, seen, now)
        elif run.was_launched and not (run.directory / "launch.json").exists():
            self._lives.look_for(run, now)  # it was there: somebody deleted it
        elif run.status is Status.STARTING:
            self._queue.submit(run, now)  # a manager was killed between the commit and the launch
        else:
            with atomic(self._db):
                self._lives.end(run, Result.STOPPED, run.stop_reason or "user", now)

    def _reckon(self, now: Clock) -> None:
        """Charge, renew what was paid ahead, judge the meters, look at the machine."""
        runs = self._runs.open_runs()
        live = live_of(runs)
        self._accounts.reckon(now)
        with complaints("lease"):
            self._notes.note(live, self._accounts.row(now))
        for run in live:
            if run.status is not Status.STARTING:
                with complaints(run.name):
                    self._renew(run, now)
                    self._lives.judge_meters(run, now)
        with complaints("budget"):
            self._steps.look(runs, now)
        if live or not self._next_settle:
            with complaints("telemetry"):
                self._metering.keep(live, now)
                self._see_gpus()
        # an idle machine that costs is looked at as often: what it costs is shown beside how long it stands idle
        self._next_settle = now.boot + (SETTLE if live or self._accounts.rate else 12 * SETTLE)

    def _renew(self, run: RunRow, now: Clock) -> None:
        """Pay a run's next seconds in advance; near the cap there are none left, and it is stopped in time."""
        if run.status is Status.STOPPING or self._accounts.trouble:
            return
        self._purse.renew(run, now, lambda allowance: self._engine.renew(run.directory, allowance))

    def _read_config(self, now: Clock) -> None:
        """Take trainui.toml in when it changed; a broken one, or none any more, leaves the last good one in force."""
        path = self.project / "trainui.toml"
        stat = path.stat() if path.exists() else None
        seen = stat.st_mtime if stat else None
        if seen == self._config_seen:
            self._config_gone_at = None
            return
        if not (stat and stat.st_size) and self._accounts.costs:
            self._config_gone_at = self._config_gone_at or now.boot
            if now.boot - self._config_gone_at < TORN:
                return
        self._config_gone_at = None
        with complaints("telemetry"):
            self._metering.look(live_of(self._runs.open_runs()), now)
            self._see_gpus()  # a lease says how many there are
        try:
            if stat is None and self._accounts.costs:
                raise SpecError(
                    f"{path} is gone", hint="put it back; an empty one says that nothing costs anything"
                )
            self._accounts.use(load_config(self.project), now, file=path)
        except SpecError as error:
            till = "the last good one stays in force" if self._accounts.costs else "nothing starts until then"
            text = f"trainui.toml is to be mended, {till}: {error}"
            with atomic(self._db):
                self._runs.event("", "manager", text, at=now.unix)
                Outbox(self._db).posting("manager")(text, {"reason": str(error)}, now)
            self._accounts.distrust(str(error), now)
        else:
            # what was paid ahead at another rate is paid anew at once
            self._next_settle = min(now.boot, self._next_settle)
        self._config_seen = seen

    def _see_gpus(self) -> None:
        machine = self._metering.machine
        self._accounts.sees(len(machine.gpus) if machine else 0)


def _clock() -> Clock:
    return Clock(unix=time.time(), boot=boot_seconds(), boot_id=boot_id())


def main() -> int:
    """Be the manager of a runs.db until there is nothing more to do, or SIGTERM."""
    parser = argparse.ArgumentParser(prog="trainui.core.manager")
    parser.add_argument("--db", type=Path, required=True)
    parser.add_argument("--project", type=Path, required=True)
    given = parser.parse_args()
    i_am("manager")
    held = lock(lock_path(given.db))
    if held is None:
        return 0  # somebody else is it
    beat.begin(held)  # before it is known by name: whoever knows it also sees it move
    identity = identity_of(os.getpid())
    assert identity is not None
    write_json(given.db.with_name(given.db.name + "-manager.json"), identity.to_dict())
    stopping: list[int] = []
    signal.signal(signal.SIGTERM, lambda signum, _frame: stopping.append(signum))
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    return _serve(Manager(given.db, given.project), stopping)


def _serve(manager: Manager, stopping: list[int]) -> int:
    while not stopping:
        beat.beat()
        with complaints("tick"):
            manager.tick()
        _reap(manager)
        if not manager.db_path.exists():
            break  # nobody can reach what we would write
        if not manager.files.are_ours():
            print(
                f"{manager.db_path}: its files were taken away while it was open; begins anew",
                file=sys.stderr,
            )
            os.execv(sys.executable, [sys.executable, "-m", "trainui.core.manager", *sys.argv[1:]])
        if time.monotonic() - manager.is_idle_since > LINGER and not manager.is_needed:
            break
        time.sleep(WAKE)
    return 0


def _reap(manager: Manager) -> None:
    """Keepers we started are our children until we die: do not leave zombies."""
    try:
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            manager.reaped(ended[0], os.waitstatus_to_exitcode(ended[1]))
    except ChildProcessError:
        pass


if __name__ == "__main__":
    sys.exit(main())
