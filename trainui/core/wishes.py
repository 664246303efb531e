"""Carrying out intents: what people asked for, each once, closed in the transaction that did it.

What must be done to a process is done before that commit, and done again by the next manager if this one
dies in between: a stop asked twice is one stop.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from trainui.core.clock import Clock
from trainui.core.complaints import LASTING
from trainui.core.countdowns import Countdowns
from trainui.core.engines.local import LocalEngine, Phase
from trainui.core.lives import Lives
from trainui.core.ruling import Rulings
from trainui.core.run import LIVE, Result, Status
from trainui.core.spec import resolve
from trainui.core.store.intents import REFUSED, Intent, close_intent
from trainui.core.store.runs import RunRow, RunWriter
from trainui.core.store.schema import atomic
from trainui.core.treasury.accounts import Accounts
from trainui.core.treasury.correcting import Corrections

PAUSED = "paused: it holds its memory and its GPUs, and the machine costs on"


class Wishes:
    """Carries out the intents of one runs.db."""

    def __init__(
        self,
        db: sqlite3.Connection,
        runs_folder: Path,
        *,
        engine: LocalEngine,
        lives: Lives,
        rulings: Rulings,
        accounts: Accounts,
        countdowns: Countdowns,
    ) -> None:
        self._db = db
        self._runs = RunWriter(db)
        self._folder = runs_folder
        self._engine = engine
        self._lives = lives
        self._accounts = accounts
        self._corrections = Corrections(db, accounts)
        self._countdowns = countdowns
        self._verbs = {
            "start": self._start,
            "stop": self._stop,
            "pause": self._pause,
            "resume": self._resume,
            "checkpoint": self._checkpoint,
            "hold": self._hold,
            "release": self._release,
            "edit": self._edit,
            "answer": rulings.answer,
            "arm": rulings.arm,
            "lift": rulings.lift,
            "correct": self._correct,
            "cancel": self._cancel,
        }

    def carry_out(self, intent: Intent, now: Clock) -> None:
        """Do what is asked, or close the intent when it never can be done."""
        verb = self._verbs.get(intent.verb)
        try:
            if verb is None:
                with atomic(self._db):
                    self._close(intent, f"{REFUSED}this trainui does not know {intent.verb!r}", now)
            else:
                verb(intent, self._known(intent.run, now), now)
        except LASTING as error:
            with atomic(self._db):
                self._close(intent, f"{REFUSED}{error}", now)
                of = f" of {intent.run}" if intent.run else ""
                text = f"{intent.verb}{of} cannot be done: {error}"
                self._runs.event(intent.run, "manager", text, at=now.unix)
            raise

    def _known(self, name: str, now: Clock) -> RunRow | None:
        """The run as it is now: who saw its first line knows before we do that it runs."""
        run = self._runs.get(name)
        if run is not None and run.status is Status.STARTING:
            seen = self._engine.poll(run.directory)
            if seen.phase is not Phase.ABSENT:
                self._lives.look_at(run, seen, now)
            run = self._runs.get(name)
        return run

    def _close(self, intent: Intent, outcome: str, now: Clock) -> None:
        close_intent(self._db, intent.id, outcome, now.unix)

    def _start(self, intent: Intent, _known: RunRow | None, now: Clock) -> None:
        with atomic(self._db):
            directory = self._folder / intent.run
            run = self._runs.add(intent.run, intent.payload, directory=directory, queued_at=intent.created_at)
            origin = f", after {run.parent}" if run.parent else ""
            held = ", held" if run.held else ""
            self._runs.event(run.name, "status", f"queued{origin}{held}", at=intent.created_at)
            self._lives.take_in(run)
            self._close(intent, "queued", now)

    def _stop(self, intent: Intent, run: RunRow | None, now: Clock) -> None:
        outcome = "stopping"
        if run is not None and run.status in LIVE:
            self._lives.stop(run, "user", now, at_once=bool(intent.payload.get("now")))
        with atomic(self._db):
            if run is None or run.status is Status.ENDED:
                outcome = f"{REFUSED}it had ended" if run else f"{REFUSED}there is no such run"
            elif run.status is Status.QUEUED:
                self._lives.end(run, Result.STOPPED, "user", now)
                outcome = "stopped before it started"
            self._close(intent, outcome, now)

    def _pause(self, intent: Intent, run: RunRow | None, now: Clock) -> None:
        can_pause = run is not None and run.status is Status.RUNNING
        if run is not None and can_pause:
            self._engine.pause(run.directory)
        with atomic(self._db):
            if run is not None and can_pause:
                self._runs.move(run, Status.PAUSED, PAUSED, at=now.unix)
            self._close(intent, "paused" if can_pause else f"{REFUSED}it is not running", now)

    def _resume(self, intent: Intent, run: RunRow | None, now: Clock) -> None:
        can_resume = run is not None and run.status is Status.PAUSED
        if run is not None and can_resume:
            self._engine.resume(run.directory)
            self._lives.woke(run, now)
        with atomic(self._db):
            if run is not None and can_resume:
                self._runs.move(run, Status.RUNNING, "running again", at=now.unix)
            self._close(intent, "running" if can_resume else f"{REFUSED}it is not paused", now)

    def _checkpoint(self, intent: Intent, run: RunRow | None, now: Clock) -> None:
        is_running = run is not None and run.status is Status.RUNNING
        is_asked = run is not None and is_running and self._lives.request_checkpoint(run)
        with atomic(self._db):
            if is_asked:
                self._runs.event(intent.run, "checkpoint", "asked for", at=now.unix)
            why_not = "it could not be asked" if is_running else "it is not running"
            self._close(intent, "asked for" if is_asked else f"{REFUSED}{why_not}", now)

    def _correct(self, intent: Intent, _run: RunRow | None, now: Clock) -> None:
        """A line of the ledger, of a run that the payload or the intent names, or of none."""
        self._accounts.settle(now)
        with atomic(self._db):
            run = intent.run or str(intent.payload.get("run") or "")
            self._close(intent, self._corrections.correct(intent.payload, run, now), now)
        self._accounts.settle(now)

    def _cancel(self, intent: Intent, _known: RunRow | None, now: Clock) -> None:
        """What counts down is not run: `on_idle`, `on_cap`."""
        with atomic(self._db):
            found = self._countdowns.cancel(str(intent.payload.get("who") or "a person"), now)
            told = f"cancelled {' and '.join(f'on_{kind}' for kind in found)}"
            self._close(intent, told if found else f"{REFUSED}nothing counts down", now)

    # ---------------------------------------------------------------- while it waits

    def _hold(self, intent: Intent, run: RunRow | None, now: Clock) -> None:
        self._change_queued(intent, run, "held", now, held=1)

    def _release(self, intent: Intent, run: RunRow | None, now: Clock) -> None:
        """Let a held run start, or one that pauses before its next try start at once."""
        self._change_queued(intent, run, "released", now, held=0, start_after=None, waits_for="")

    def _edit(self, intent: Intent, run: RunRow | None, now: Clock) -> None:
        """Other params, another priority, another place; all of it or, when one is wrong, nothing."""
        told: list[str] = []
        changes: dict[str, Any] = {}
        if run is not None and (overrides := intent.payload.get("params")):
            changes["spec"] = resolve(run.spec, overrides=overrides).to_json()
            told += [f"{key}={value}" for key, value in overrides.items()]
        if "priority" in intent.payload:
            changes["priority"] = int(intent.payload["priority"])
            told.append(f"priority {changes['priority']}")
        order: list[str] = []
        if run is not None and (goal := intent.payload.get("to")):
            order, changes["priority"] = self._order(
                run, str(goal), int(changes.get("priority", run.priority))
            )
            told.append(str(goal))
        self._change_queued(intent, run, f"changed: {', '.join(told)}", now, order, **changes)

    def _order(self, run: RunRow, goal: str, priority: int) -> tuple[list[str], int]:
        """(the queue of a priority with the run in its new place, that priority): `first`, `last`, `before OTHER`."""
        others = [
            one for one in self._runs.open_runs() if one.status is Status.QUEUED and one.name != run.name
        ]
        name = goal.removeprefix("before ")
        if goal not in ("first", "last"):
            priorities = [one.priority for one in others if one.name == name]
            if not priorities:
                raise LookupError(
                    f"{name} is not in the queue" if name != run.name else "it is that run itself"
                )
            priority = priorities[0]
        queue = sorted((one for one in others if one.priority == priority), key=lambda one: one.queue_key)
        order = [one.name for one in queue]
        at = {"first": 0, "last": len(order)}.get(goal)
        order.insert(order.index(name) if at is None else at, run.name)
        return order, priority

    def _change_queued(
        self,
        intent: Intent,
        run: RunRow | None,
        text: str,
        now: Clock,
        order: Sequence[str] = (),
        **changes: Any,
    ) -> None:
        """Change columns of a queued run; `order` gives it and its like new places."""
        is_queued = run is not None and run.status is Status.QUEUED
        with atomic(self._db):
            if is_queued and changes:
                self._runs.change(intent.run, **changes)
                for place, name in enumerate(order):
                    self._runs.change(name, place=place)
                self._runs.event(intent.run, "queue", text, at=now.unix)
            stands = run.status.told if run else "is unknown"
            self._close(intent, text if is_queued else f"{REFUSED}it {stands}, no longer queued", now)
