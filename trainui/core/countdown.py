"""RULE: a command of the user's that is run after a countdown: when it is due, and what comes next. Pure.

It errs to the side of not running: at most once for one key, and never when nobody watched while it was due.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from enum import StrEnum

LATE = 60.0
"""Seconds after its time at which a countdown that no manager watched begins anew: whoever comes back may cancel."""


class Stage(StrEnum):
    """Where a countdown is."""

    COUNTING = "counting"
    CLEARING = "clearing"
    """Runs that still live are being stopped."""
    RUNNING = "running"
    """The command was started."""
    OVER = "over"
    """Run, cancelled, called off, or only told."""


class Step(StrEnum):
    """What is to be done next."""

    NOTHING = "nothing"
    ANEW = "anew"
    """Count down once more, from the beginning."""
    SAY = "say"
    """A dry run: say what would be done."""
    CLEAR = "clear"
    """Stop the runs that live."""
    CALL_OFF = "call off"
    """A run lives that was not there."""
    RUN = "run"


@dataclass(frozen=True, kw_only=True, slots=True)
class State:
    """A countdown as it is kept; times are boot seconds."""

    kind: str
    """`idle` or `cap`."""
    key: str
    """What it is about: one stretch, one cap. It is run once for it at most."""
    reason: str
    command: tuple[str, ...]
    seconds: float
    dry_run: bool
    boot_id: str
    due: float
    due_at: float
    """Unix seconds, to be shown."""
    expires: float
    """After this, it is not believed that somebody watched."""
    stage: Stage = Stage.COUNTING
    runs: tuple[str, ...] = ()
    """Those that are stopped first."""
    pid: int = 0
    ticks: int = 0
    """With the pid, who the command is."""

    @property
    def is_on(self) -> bool:
        """Whether it can still be cancelled."""
        return self.stage in (Stage.COUNTING, Stage.CLEARING)


def began(
    *, kind: str, key: str, reason: str, command: tuple[str, ...], seconds: float, dry_run: bool,
    boot: float, unix: float, boot_id: str,
) -> State:  # fmt: skip
    """A countdown of `seconds` from now."""
    return State(
        kind=kind, key=key, reason=reason, command=command, seconds=seconds, dry_run=dry_run, boot_id=boot_id,
        due=boot + seconds, due_at=unix + seconds, expires=boot + seconds + LATE,
    )  # fmt: skip


def anew(state: State, *, boot: float, unix: float, boot_id: str) -> State:
    """The same from the beginning."""
    return began(
        kind=state.kind, key=state.key, reason=state.reason, command=state.command, seconds=state.seconds,
        dry_run=state.dry_run, boot=boot, unix=unix, boot_id=boot_id,
    )  # fmt: skip


def clearing(state: State, runs: tuple[str, ...], *, boot: float, takes: float) -> State:
    """Its runs are being stopped, which `takes` seconds at most."""
    return replace(state, stage=Stage.CLEARING, runs=runs, expires=boot + takes + LATE)


def next_step(state: State, *, boot: float, boot_id: str, live: Collection[str]) -> Step:
    """What is to be done now; `live`: the runs that are."""
    if not state.is_on:
        return Step.NOTHING
    if boot_id != state.boot_id or boot > state.expires:
        return Step.ANEW
    is_clearing = state.stage is Stage.CLEARING
    if is_clearing and set(live) - set(state.runs):
        return Step.CALL_OFF
    if not is_clearing and boot < state.due:
        return Step.NOTHING
    if state.dry_run:
        return Step.SAY
    return Step.CLEAR if live else Step.RUN
