"""HAND: counts down to the commands of the user's, `on_idle` and `on_cap`, and runs each at most once.

A countdown is kept in runs.db, so that the next manager goes on where one died. Whoever runs a command first makes the
file of its output, which is never there twice: a manager that dies between that and the start leaves it not run, and
the next one says so.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import sqlite3
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import msgspec

from trainui.core.clock import Clock
from trainui.core.config.model import Countdown
from trainui.core.countdown import Stage, State, Step, anew, began, clearing, next_step
from trainui.core.money.idle import duration
from trainui.core.process.failpoint import reach
from trainui.core.process.identity import Identity, identity_of, is_alive
from trainui.core.run import Status
from trainui.core.store.money import Ledger
from trainui.core.store.moneyviews import CountdownView
from trainui.core.store.runs import RunRow, RunWriter
from trainui.core.store.schema import atomic

CAUSES = {"idle": "idle", "cap": "budget"}
"""Kind → the cause of the runs that are stopped first, and the kind of its events."""
HOW = "trainui budget cancel"

Notify = Callable[[str, Mapping[str, str], Clock], object]
"""Has people told: a line, and the facts it was made of. Called inside the transaction that made them."""


class Countdowns:
    """The countdowns of one runs.db."""

    def __init__(
        self,
        db: sqlite3.Connection,
        project: Path,
        outputs: Path,
        *,
        stop: Callable[[RunRow, str, Clock], None],
        notify: Notify,
    ) -> None:
        """`outputs`: the folder for what the commands print. `stop`: asks a live run to stop, for a reason."""
        self._ledger = Ledger(db)
        self._db = db
        self._runs = RunWriter(db)
        self._project = project
        self._outputs = outputs
        self._stop = stop
        self._notify = notify
        self._states: dict[str, State] = {}
        for kind in CAUSES:
            kept = self._ledger.fact(f"countdown {kind}")
            with contextlib.suppress(msgspec.DecodeError):  # kept by a trainui that knew it otherwise
                self._states |= {kind: msgspec.json.decode(kept, type=State)} if kept else {}
        self._children: dict[int, subprocess.Popen[bytes]] = {}
        self._ended: dict[int, int] = {}

    # ---------------------------------------------------------------- what may be asked of it

    def begin(self, kind: str, key: str, *, reason: str, how: Countdown, now: Clock) -> None:
        """Count down to the command of `how`, unless that was done for `key` before. May be said again and again.

        `kind`: `idle` or `cap`; `key`: which stretch or cap, as it may stand in the name of a file.
        """
        state, command = self._states.get(kind), tuple(how.command)
        if not command:
            self.call_off(kind, "trainui.toml asks for it no longer", now)
        elif state is not None and (state.stage is Stage.RUNNING or (state.key == key and not state.is_on)):
            return
        elif state is not None and state.key == key:
            if (state.command, state.dry_run) != (command, how.dry_run):
                self._keep(replace(state, command=command, dry_run=how.dry_run), now)
        else:
            new = began(
                kind=kind, key=key, reason=reason, command=command, seconds=how.countdown_seconds,
                dry_run=how.dry_run, boot=now.boot, unix=now.unix, boot_id=now.boot_id,
            )  # fmt: skip
            self._keep(new, now, f"{self._announced(new)}: {reason}", is_loud=True)

    def call_off(self, kind: str, why: str, now: Clock) -> None:
        """The reason is gone: nothing is run for it."""
        state = self._states.get(kind)
        if state is not None and state.is_on:
            self._keep(replace(state, stage=Stage.OVER), now, f"on_{kind} was called off: {why}")

    def cancel(self, who: str, now: Clock) -> list[str]:
        """A person's word: what counts down is not run; the kinds. Call inside a transaction."""
        found = [kind for kind, state in self._states.items() if state.is_on]
        for kind in found:
            until = "something made progress" if kind == "idle" else "the budget was changed"
            text = f"on_{kind} was cancelled by {who}: nothing is run until {until}"
            self._write(replace(self._states[kind], stage=Stage.OVER), now, text)
        return found

    def stage(self, kind: str) -> Stage:
        """Where the countdown of a kind is."""
        return self._states[kind].stage if kind in self._states else Stage.OVER

    def is_due(self, kind: str, now: Clock) -> bool:
        """Whether what counted is over now, and its command would be run next."""
        state = self._states.get(kind)
        return state is not None and state.stage is Stage.COUNTING and now.boot >= state.due

    @property
    def is_busy(self) -> bool:
        """Whether there is anything to attend to."""
        return any(state.stage is not Stage.OVER for state in self._states.values())

    # ---------------------------------------------------------------- going on

    def attend(self, live: Sequence[RunRow], now: Clock) -> None:
        """Do what is due; `live`: the runs in which a process may exist."""
        for kind, state in list(self._states.items()):
            if state.stage is Stage.RUNNING:
                self._look_after(state, now)
                continue
            step = next_step(state, boot=now.boot, boot_id=now.boot_id, live={run.name for run in live})
            if step is Step.ANEW:
                again = anew(state, boot=now.boot, unix=now.unix, boot_id=now.boot_id)
                text = f"{self._announced(again)}: it was due while no manager was there, so it counts anew"
                self._keep(again, now, text, is_loud=True)
            elif step is Step.SAY:
                first = f"{_listed(live)} would be stopped first, then " if live else ""
                text = f"on_{kind}, dry run: {first}`{shlex.join(state.command)}` would be run now"
                self._keep(replace(state, stage=Stage.OVER), now, text, is_loud=True)
            elif step is Step.CALL_OFF:
                others = [run for run in live if run.name not in state.runs]
                self.call_off(kind, f"{_listed(others)} began", now)
            elif step is Step.CLEAR:
                self._clear(state, live, now)
            elif step is Step.RUN:
                self._run(state, now)

    def reaped(self, pid: int, code: int) -> None:
        """A child of this process has ended; `code` is negative for a signal."""
        child = self._children.pop(pid, None)
        if child is not None:
            child.returncode = code  # whoever reaps it does not ask here
            self._ended[pid] = code

    def _clear(self, state: State, live: Sequence[RunRow], now: Clock) -> None:
        """Stop what lives, gracefully; again after a manager that died in between."""
        if state.stage is Stage.COUNTING:
            takes = max(run.spec.ending_seconds for run in live)
            cleared = clearing(state, tuple(run.name for run in live), boot=now.boot, takes=takes)
            text = (
                f"on_{state.kind} is due: {_listed(live)} {'is' if len(live) == 1 else 'are'} stopped first"
            )
            self._keep(cleared, now, text)
            reach("clearing")
        for run in live:
            if run.status is not Status.STOPPING:
                self._stop(run, CAUSES[state.kind], now)

    def _run(self, state: State, now: Clock) -> None:
        """Start the command, once for its key; what it prints goes to a file beside the runs."""
        output = self._output(state)
        shown = f"on_{state.kind}: `{shlex.join(state.command)}`"
        reach(f"running on_{state.kind}")
        try:
            sink = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600)
        except FileExistsError:
            text = f"{shown} was about to be started when a manager died, and is not started again"
            text += f" (see {self._shown(output)})"
            self._keep(replace(state, stage=Stage.OVER), now, text, is_loud=True)
            return
        reach(f"claimed on_{state.kind}")
        try:
            os.write(sink, f"# {state.reason}\n$ {shlex.join(state.command)}\n".encode("utf-8", "replace"))
            os.fsync(sink)
            child = subprocess.Popen(
                state.command, stdin=subprocess.DEVNULL, stdout=sink, stderr=sink, cwd=self._project,
                env=_environment(state), start_new_session=True,
            )  # fmt: skip
        except (OSError, ValueError) as error:  # ValueError: a NUL in a word of the command
            text = f"{shown} could not be run: {getattr(error, 'strerror', None) or error}"
            self._keep(replace(state, stage=Stage.OVER), now, text, is_loud=True)
            return
        finally:
            os.close(sink)
        self._children[child.pid] = child
        reach(f"started on_{state.kind}")
        who = identity_of(child.pid)  # a zombie at worst: it is our child and was not reaped
        ticks = who.ticks if who else 0
        text = f"{shown} was started, pid {child.pid}; what it prints is in {self._shown(output)}"
        self._keep(replace(state, stage=Stage.RUNNING, pid=child.pid, ticks=ticks), now, text)

    def _look_after(self, state: State, now: Clock) -> None:
        """Tell how a command ended; that of a manager that died is nobody's child."""
        if state.pid in self._children:
            return
        code = self._ended.pop(state.pid, None)
        if code is None and is_alive(Identity(pid=state.pid, ticks=state.ticks, boot_id=state.boot_id)):
            return
        how = "nobody saw how" if code is None else f"exit {code}" if code >= 0 else f"signal {-code}"
        text = f"on_{state.kind}: `{shlex.join(state.command)}` ended: {how}"
        self._keep(replace(state, stage=Stage.OVER), now, text, is_loud=bool(code))

    # ---------------------------------------------------------------- keeping and telling

    def _keep(self, state: State, now: Clock, text: str = "", *, is_loud: bool = False) -> None:
        with atomic(self._db):
            self._write(state, now, text)
            if is_loud:
                facts = {"cause": state.kind, "command": shlex.join(state.command), "reason": state.reason}
                self._notify(text, facts, now)

    def _write(self, state: State, now: Clock, text: str) -> None:
        """Keep a state and say why. Call inside a transaction."""
        self._states[state.kind] = state
        self._ledger.set_fact(f"countdown {state.kind}", msgspec.json.encode(state).decode())
        shown = min(
            (one for one in self._states.values() if one.is_on), key=lambda one: one.due, default=None
        )
        view = shown and CountdownView(
            kind=shown.kind,
            reason=shown.reason,
            command=shown.command,
            at=shown.due_at,
            dry_run=shown.dry_run,
        )
        self._ledger.set_fact("countdown", msgspec.json.encode(view).decode() if view else "")
        if text:
            self._runs.event("", CAUSES[state.kind], text, at=now.unix)

    def _announced(self, state: State) -> str:
        at = datetime.fromtimestamp(state.due_at)
        dry = "; dry run: it is only said then" if state.dry_run else ""
        when = f"in {duration(state.seconds)}, at {at:%H:%M:%S}"
        return f"on_{state.kind} runs `{shlex.join(state.command)}` {when} ({HOW}{dry})"

    def _output(self, state: State) -> Path:
        return self._outputs / f"on_{state.kind}-{state.key}.log"

    def _shown(self, path: Path) -> str:
        return os.path.relpath(path, self._project)


def _listed(runs: Sequence[RunRow]) -> str:
    return ", ".join(run.name for run in runs)


def _environment(state: State) -> dict[str, str]:
    told = {"TRAINUI_KIND": state.kind, "TRAINUI_REASON": state.reason.replace("\0", "")}
    return {key: value for key, value in os.environ.items() if not key.startswith("TRAINUI_")} | told
