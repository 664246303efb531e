"""A run's life: where it is (status), how it ended (result), and the moves that are allowed."""

from __future__ import annotations

from enum import StrEnum


class Status(StrEnum):
    """Where in its life a run is."""

    QUEUED = "queued"
    STARTING = "starting"
    RUNNING = "running"
    PAUSED = "paused"
    STOPPING = "stopping"
    ENDED = "ended"

    @property
    def told(self) -> str:
        """As a sentence goes on: `is running`, `has ended`."""
        return "has ended" if self is Status.ENDED else f"is {self}"


class Result(StrEnum):
    """How a run ended. Never guessed: no exit record means `lost`."""

    FINISHED = "finished"
    FAILED = "failed"
    STOPPED = "stopped"
    LOST = "lost"


KINDS = (
    "exit", "signal", "out-of-gpu-memory", "out-of-host-memory", "non-finite-loss", "disk-full", "time-limit",
    "hang-up", "hung", "machine-restarted", "lost", "could-not-start", "budget", "idle", "user", "gate",
)  # fmt: skip
"""Every kind of cause of an end, as specs name them."""

LIVE = frozenset({Status.STARTING, Status.RUNNING, Status.PAUSED, Status.STOPPING})
"""Statuses in which a process may exist: it costs money and holds its GPUs."""

NEXT: dict[Status, frozenset[Status]] = {
    Status.QUEUED: frozenset({Status.STARTING, Status.ENDED}),
    Status.STARTING: frozenset({Status.RUNNING, Status.STOPPING, Status.ENDED}),
    Status.RUNNING: frozenset({Status.PAUSED, Status.STOPPING, Status.ENDED}),
    Status.PAUSED: frozenset({Status.RUNNING, Status.STOPPING, Status.ENDED}),
    Status.STOPPING: frozenset({Status.ENDED}),
    Status.ENDED: frozenset(),
}
"""The moves a run may make."""


def may_move(old: Status, new: Status) -> bool:
    """Whether a run in `old` may go to `new`."""
    return new in NEXT[old]
