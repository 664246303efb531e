"""The last transactions of a run: what it died of, what it cost, how its gates ended, whether it is tried again."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from trainui.core.acting.relaunching import Relauncher
from trainui.core.clock import Clock
from trainui.core.death import Death, cause_of_death, kind_of
from trainui.core.engines.local import Exit, Observation
from trainui.core.gates import Gate
from trainui.core.ingest.text import tail_lines
from trainui.core.launching import start_payload
from trainui.core.retry import next_try
from trainui.core.run import Status
from trainui.core.store.actions import ActionWriter
from trainui.core.store.curves import last_nonfinite
from trainui.core.store.intents import environment_of, forget_environment, queue_start
from trainui.core.store.lineage import tries
from trainui.core.store.oneview import view_of
from trainui.core.store.outbox import Outbox
from trainui.core.store.runs import RunRow, RunWriter
from trainui.core.store.schema import atomic
from trainui.core.telemetry import memory_there_is
from trainui.core.telling.words import ended_facts, ended_kind, ended_words
from trainui.core.treasury.accounts import Accounts
from trainui.core.watching import Watch

GIB = 2**30
Measure = Callable[[RunRow, Clock], dict[str, float]]
"""(run, moment) → meter → reading."""
LAST_LINES = 400
"""Lines of the log that may say what a run died of: launchers add long epilogues."""


class Endings:
    """Ends the runs of one runs.db."""

    def __init__(self, db: sqlite3.Connection, accounts: Accounts, *, tries_again: bool = True) -> None:
        self._db = db
        self._runs = RunWriter(db)
        self._accounts = accounts
        self._tries_again = tries_again
        self._relauncher = Relauncher(db, accounts)
        self._actions = ActionWriter(db)
        self._outbox = Outbox(db)

    def bury(self, run: RunRow, watch: Watch, seen: Observation, now: Clock, meters: Measure) -> None:
        """Record how a run ended: its streams were read to the end just before."""
        left = seen.exit
        if left is None:
            self.lose(run, watch, seen.cause, now)
            return
        if not left.could_not_start:
            watch.count_files(now=now.unix, again=True)  # a short run may have saved after the last look
        death = self._death(run, left)
        with atomic(self._db):
            self._runs.change(
                run.name,
                exit_code=left.code,
                exit_signal=left.signal,
                ended_boot=left.boot_seconds,
                ended_at=left.at,
                seconds=left.seconds,
            )
        self._accounts.settle(now)  # who sees that a run ended also sees what it cost
        with atomic(self._db):
            self.end(run, watch, death, now, left=left, meters=self._last_meters(run, left, meters))

    def _last_meters(self, run: RunRow, left: Exit, meters: Measure) -> dict[str, float]:
        """What the meters of a run read when it ended: one that was short was not looked at before."""
        if left.could_not_start:
            return {}
        run = self._now(run)
        then = Clock(unix=left.at, boot=left.boot_seconds, boot_id=run.boot_id or "")
        peak = max(left.max_rss, run.peak_memory)
        return ({"@host_mem_gb": peak / GIB} if peak else {}) | meters(run, then)

    def lose(self, run: RunRow, watch: Watch, why: str, now: Clock) -> None:
        """End a run nobody saw the end of: it is charged till now, the last at which it may have lived."""
        self._accounts.settle(now)
        with atomic(self._db):
            self.end(run, watch, cause_of_death(code=None, signal=None, lost=why), now)

    def _death(self, run: RunRow, left: Exit) -> Death:
        return cause_of_death(
            code=left.code,
            signal=left.signal,
            stopped_for=str(left.stop.get("reason", "user")) if left.stop else "",
            could_not_start=left.could_not_start,
            oom_kills=left.oom_kills,
            kernel_line=left.kernel,
            killed_by_us=left.killed,
            had_grace=bool(left.stop and left.stop.get("grace_seconds")),
            max_rss=max(left.max_rss, run.peak_memory),
            memory_total=memory_there_is(),
            nonfinite=last_nonfinite(self._db, run.name, run.spec.metrics.primary),
            last_lines=tail_lines(run.directory / "output.log", LAST_LINES),
        )

    def end(
        self,
        run: RunRow,
        watch: Watch,
        death: Death,
        now: Clock,
        *,
        left: Exit | None = None,
        meters: Mapping[str, float] | None = None,
    ) -> None:
        """The very last. Call inside a transaction."""
        exit_code = left.code if left else None
        watch.end(result=str(death.result), exit_code=exit_code, now=now.unix, meters=meters)
        shown = f"{death.result}: {death.cause}" if death.cause else str(death.result)
        changes: dict[str, Any] = {
            "result": str(death.result),
            "cause": death.cause,
            "evidence": msgspec.json.encode(death.evidence).decode(),
            "stop_at": None,
        }
        if left is None:
            changes |= {"ended_at": now.unix}
            if run.started_boot is not None and run.boot_id == now.boot_id:
                changes |= {"ended_boot": now.boot, "seconds": now.boot - run.started_boot}
        self._runs.move(run, Status.ENDED, shown, at=left.at if left else now.unix, **changes)
        is_remedied = self._tries_again and self._relauncher.after_death(self._now(run), death.cause, now)
        if not is_remedied:
            self._try_again(run, death.cause, now)
        if self._tries_again:
            self._tell(run.name, now)
        if not any(_may_start(gate) for gate in watch.gates.values()):
            forget_environment(self._db, run.name)  # it may hold secrets, and nobody starts this run again

    def _tell(self, name: str, now: Clock) -> None:
        """Put it into the outbox, but for what a person took out of the queue before it began."""
        view = view_of(self._db, name)
        if view is None or (view.started_at is None and view.cause == "user"):
            return
        follows = self._actions.child_of(name)
        text = ended_words(
            view,
            currency=self._accounts.config.budget.currency,
            tries_again=f"{follows} follows" if follows else "",
        )
        self._outbox.post(
            ended_kind(view), text, key=f"ended {name}", at=now.unix, subject=name, facts=ended_facts(view)
        )

    def _now(self, run: RunRow) -> RunRow:
        """The row as it stands in this transaction."""
        return self._runs.get(run.name) or run

    def _try_again(self, run: RunRow, cause: str, now: Clock) -> None:
        """Queue the next of the line, in the transaction that ended this one, where its spec says so."""
        wish = self._runs.stop_reason(run.name)  # `run` may be older than a stop that was asked meanwhile
        if wish and kind_of(wish) != "hung":
            return  # who stopped it wants it to stay so, however it ended then
        kind = kind_of(cause)
        policy = run.spec.retry
        done = tries(self._db, run.name, kind)
        delay = next_try(policy, kind, tries=done)
        if delay is None or policy is None or not self._tries_again:
            return
        payload = start_payload(run.spec, run.project, armed=run.armed, priority=run.priority) | {
            "study": run.study,
            "parent": run.name,
            "retried_for": kind,
            "env": environment_of(self._db, run.name),
            "start_after": now.boot + delay,
            "boot_id": now.boot_id,
        }
        name = queue_start(self._db, run.directory.parent, run.job, payload)
        text = f"{name} tries again in {delay:.0f} s, after {kind}: {done + 1} of {policy.on[kind]}"
        self._runs.event(run.name, "queue", text, at=now.unix)


def _may_start(gate: Gate) -> bool:
    """Whether a gate may queue a run that takes over this one's environment."""
    return any(
        action.startswith(("launch:", "relaunch")) for actions in gate.actions.values() for action in actions
    )
