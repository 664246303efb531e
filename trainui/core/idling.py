"""HAND: sees that the machine costs and nothing makes progress, tells people, and begins the countdown of `on_idle`."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Sequence
from dataclasses import replace

import msgspec

from trainui.core.clock import Clock
from trainui.core.config.model import Idle
from trainui.core.countdown import Stage
from trainui.core.countdowns import Countdowns, Notify
from trainui.core.metering import Metering
from trainui.core.money.amounts import MICRO, sign
from trainui.core.money.idle import (
    BUSY_GPU,
    FULL_CPU,
    Sight,
    Stretch,
    cost_of,
    duration,
    looked,
    next_telling,
    tellings,
    why,
)
from trainui.core.run import Status
from trainui.core.store.money import Ledger
from trainui.core.store.progress import last_end, mark_of
from trainui.core.store.runs import RunRow, RunWriter, live_of
from trainui.core.store.schema import atomic
from trainui.core.treasury.accounts import Accounts

LOOK = 5.0
"""Seconds between looks while a run is live; at least four come before anything is told."""
REST = 60.0
"""Seconds between looks while none is; and what a stretch must last to be shown."""
CLOSE = 1.0
"""Seconds between looks while something counts down."""
SOONEST = 0.25


class Idling:
    """Watches over one machine."""

    def __init__(
        self,
        db: sqlite3.Connection,
        accounts: Accounts,
        metering: Metering,
        countdowns: Countdowns,
        notify: Notify,
    ) -> None:
        self._db = db
        self._ledger = Ledger(db)
        self._runs = RunWriter(db)
        self._accounts = accounts
        self._metering = metering
        self._countdowns = countdowns
        self._notify = notify
        kept = self._ledger.fact("stretch")
        self._stretch: Stretch | None = None
        with contextlib.suppress(msgspec.DecodeError):  # kept by a trainui that knew it otherwise
            self._stretch = msgspec.json.decode(kept, type=Stretch) if kept else None
        self._next_look = 0.0

    @property
    def is_wanted(self) -> bool:
        """Whether a manager must stay for this, though nothing is live."""
        return self._countdowns.is_busy or self._is_watching()

    def attend(self, now: Clock) -> None:
        """Look at the machine when that is due, and go on with what counts down."""
        is_watching = self._is_watching()
        if not is_watching and self._stretch is not None:
            self._forget(now)
        is_due = is_watching and now.boot >= self._next_look
        if not is_due and not self._countdowns.is_busy:
            return
        runs = self._runs.open_runs()
        if is_due or (is_watching and self._countdowns.is_due("idle", now)):
            self._look(runs, now)
        self._countdowns.attend(live_of(runs), now)

    def look_soon(self) -> None:
        """A run was started: do not call the machine idle until the next look would be due."""
        self._next_look = 0.0

    def _is_watching(self) -> bool:
        """Whether the machine costs anything, and somebody wants to hear of it."""
        idle = self._accounts.config.idle
        return self._accounts.rate > 0 and (_tell(idle) is not None or _act(idle) is not None)

    def _forget(self, now: Clock) -> None:
        self._stretch = None
        with atomic(self._db):
            self._ledger.set_fact("stretch", "")
            self._ledger.set_fact("idle", "")
        self._countdowns.call_off(
            "idle", "the machine costs nothing, or trainui.toml asks for it no longer", now
        )

    def _look(self, runs: Sequence[RunRow], now: Clock) -> None:
        live = live_of(runs)
        self._metering.look(live, now)
        idle, old = self._accounts.config.idle, self._stretch
        sights = [self._sight(run) for run in live]
        stretch, active = looked(
            old, sights, boot=now.boot, unix=now.unix, boot_id=now.boot_id, ended=last_end(self._db, now.boot_id),
            in_use=self._is_gpu_used() or any(_starts_by_itself(run, now) for run in runs),
            starting=idle.starting_minutes * 60,
        )  # fmt: skip
        seconds = now.boot - stretch.since
        told = tellings(seconds, _tell(idle))
        queued = {run.name: run.waits_for for run in runs if run.status is Status.QUEUED}
        text = f"{self._sum(seconds)}: {why(sights, queued)}"
        with atomic(self._db):
            if old is not None and old.told and stretch.at != old.at:
                of = f": {', '.join(active)} made progress" if active else ""
                end = f"no longer idle, after {self._sum(stretch.since - old.since)}{of}"
                self._runs.event("", "idle", end, at=now.unix)
            if told > stretch.told:
                self._runs.event("", "idle", text, at=now.unix)
            self._keep(replace(stretch, told=max(told, stretch.told)), seconds)
            if told > stretch.told:
                self._notify(text, {"reason": text, "seconds": f"{seconds:.0f}"}, now)
        self._count(stretch, text, active, now)
        self._next_look = now.boot + self._pause(stretch, bool(live), now)

    def _sight(self, run: RunRow) -> Sight:
        used, machine = self._metering.usage.get(run.name), self._metering.machine
        return Sight(
            run=run.name,
            mark=mark_of(self._db, run),
            cpu=used.cpu if used else None,
            gpu=used.gpu if used else None,
            is_crowded=machine is not None and machine.cpu >= FULL_CPU,
            started=run.started_boot,
            is_sent_away=run.status is Status.STOPPING and run.stop_reason == "idle",
        )

    def _is_gpu_used(self) -> bool:
        """Whether any GPU works, for whomever: a machine on which others work is not idle."""
        machine = self._metering.machine
        return any((gpu.utilisation or 0.0) >= BUSY_GPU for gpu in (machine.gpus if machine else ()))

    def _sum(self, seconds: float) -> str:
        """`GPU idle 14 min = 0.38 $`."""
        machine, currency = self._metering.machine, self._accounts.config.budget.currency
        what = "GPU" if machine and machine.gpus else "machine"
        amount = cost_of(seconds, self._accounts.rate) / MICRO
        return f"{what} idle {duration(seconds)} = {amount:.2f} {sign(currency)}"

    def _keep(self, stretch: Stretch, seconds: float) -> None:
        """Remember the stretch, and publish it when it is long enough to be one. Call inside a transaction."""
        idle = self._accounts.config.idle
        shown = min(REST, *(due for due in (_tell(idle), _act(idle)) if due is not None))
        usd = cost_of(seconds, self._accounts.rate) / MICRO
        fact = {"since": stretch.at, "seconds": seconds, "usd": usd} if seconds >= shown else None
        self._ledger.set_fact("idle", msgspec.json.encode(fact).decode() if fact else "")
        self._ledger.set_fact("stretch", msgspec.json.encode(stretch).decode())
        self._stretch = stretch

    def _count(self, stretch: Stretch, text: str, active: Sequence[str], now: Clock) -> None:
        """Begin the countdown of `on_idle` when its time has come; call it off when something made progress."""
        idle = self._accounts.config.idle
        after, seconds = _act(idle), now.boot - stretch.since
        if after is None:
            self._countdowns.call_off("idle", "trainui.toml asks for it no longer", now)
        elif seconds >= after:
            key = time.strftime("%Y%m%dT%H%M%S", time.gmtime(stretch.at))
            self._countdowns.begin("idle", key, reason=text, how=idle.on_idle, now=now)
        elif self._countdowns.stage("idle") is Stage.COUNTING:
            what = f"{', '.join(active)} made progress" if active else "the machine is in use"
            self._countdowns.call_off("idle", what, now)

    def _pause(self, stretch: Stretch, is_live: bool, now: Clock) -> float:
        """Seconds until the next look."""
        if self._countdowns.stage("idle") is Stage.COUNTING:
            return CLOSE
        idle, seconds = self._accounts.config.idle, now.boot - stretch.since
        told = self._stretch.told if self._stretch else 0
        tell, act = _tell(idle), _act(idle)
        dues = [next_telling(told, tell)] if tell is not None else []
        dues += [act] if act is not None and seconds < act else []
        often = min([LOOK, *(due / 4 for due in (tell, act) if due is not None)])
        return max(SOONEST, min([often if is_live else REST, *(due - seconds for due in dues)]))


def _tell(idle: Idle) -> float | None:
    """Seconds after which people are told."""
    return None if idle.tell_minutes is None else 60 * idle.tell_minutes


def _act(idle: Idle) -> float | None:
    """Seconds after which the countdown of `on_idle` begins."""
    minutes = idle.tell_minutes if idle.act_minutes is None else idle.act_minutes
    return 60 * minutes if minutes is not None and idle.on_idle.command else None


def _starts_by_itself(run: RunRow, now: Clock) -> bool:
    """Whether a queued run waits for nothing but the time of its next try."""
    is_waiting = run.status is Status.QUEUED and not run.held and run.boot_id == now.boot_id
    return is_waiting and run.start_after is not None and run.start_after > now.boot
