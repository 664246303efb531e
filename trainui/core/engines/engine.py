"""What the core asks of whatever runs its runs. Nothing else in the house knows which engine it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

from trainui.core.process.identity import Identity
from trainui.core.process.order import Allowance, Order


class Phase(StrEnum):
    """Where a run's processes stand, from locks and files; never guessed."""

    ABSENT = "absent"
    """Never launched, or its keeper died before the job began: submitting it (again) is right."""
    STARTING = "starting"
    RUNNING = "running"
    EXITED = "exited"
    """Its exit is recorded and no process of it is left."""
    LINGERING = "lingering"
    """Its exit is recorded, but something it started still runs."""
    UNATTENDED = "unattended"
    """It runs, but keeper and guard are dead: nobody will learn its exit code."""
    LOST = "lost"
    """It is over and nobody knows how."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Exit:
    """How a job ended, as its watcher saw it."""

    code: int | None
    """None when a signal ended it, or it was stopped before it began."""
    signal: str | None
    at: float
    """Unix seconds."""
    boot_seconds: float
    seconds: float
    """Since the job started, by the boot clock."""
    by: str
    """`guard` or `keeper`."""
    stop: Mapping[str, Any] | None
    """The stop that was in force, with its `reason`."""
    killed: bool
    """The grace was over and we had to SIGKILL it."""
    max_rss: int
    """Bytes, of its biggest process that was waited for; 0: unknown."""
    oom_kills: int = 0
    """Processes of its control group that the kernel killed for memory while it ran."""
    kernel: str = ""
    """What the kernel log says of the killing of one of its processes for memory."""
    could_not_start: str = ""
    """Why the command never began; then `code` is ours (126, 127), not the job's."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Observation:
    """What can be seen of a run now."""

    phase: Phase
    pid: int | None = None
    job: Identity | None = None
    exit: Exit | None = None
    started_boot: float | None = None
    """Boot seconds at which the job began."""
    stop_deadline: float | None = None
    """Boot seconds at which SIGKILL falls; None when it is not stopping."""
    cause: str = ""
    """Why it is lost, from evidence."""
    is_paused: bool = False
    is_kept: bool = True
    """Whether keeper or guard lives; without, nobody holds its deadlines or ends what it left behind."""
    is_saving: bool = False
    """Its checkpoint was asked for, and its stop waits for that."""


class Engine(Protocol):
    """Runs runs."""

    def submit(self, order: Order, allowance: Allowance) -> None:
        """Launch it, once however often it is said. Raises LaunchError."""

    def poll(self, run_dir: Path) -> Observation:
        """What can be seen of it now; changes nothing."""

    def stop(
        self, run_dir: Path, *, reason: str, signal: str, grace_seconds: float, checkpoint_seconds: float = 0,
        now: bool = False,
    ) -> None:  # fmt: skip
        """End it: ask for a checkpoint where the order says how, then the signal, the grace, SIGKILL.

        `now` cuts all that to SIGKILL, also of a stop under way.
        """

    def request_checkpoint(self, run_dir: Path, *, signal: str = "", file: str = "") -> bool:
        """Ask for a checkpoint without stopping; False when nothing of it reached the job."""

    def saved(self, run_dir: Path, *, at: float | None = None) -> None:
        """A checkpoint was seen, told at Unix second `at`: a stop that waits for it need wait no more."""

    def output(self, run_dir: Path) -> Path:
        """Where what it prints is."""

    def seconds(self, run_dir: Path) -> float:
        """What it cost so far: seconds its job has run, or did."""
