"""What the files of a run directory are called, and what the manager writes there for the pair.

- launch.json: Order, the command, complete; allowance.json: Allowance, until when it is paid
- stop.json: Stop, it shall end, why and how; signalled.json: the stop signal went out; pause.json: it stands still
- claim: it was launched, once; keeper.json, guard.json: who watches; refused.json: why the command could not start
- requested.json: its checkpoint was asked for before the stop signal; saved.json: it is there
- job.json: who the job is, since when; exit.json: how it ended, by whom observed
- keeper.lock, guard.lock, job.lock: held by the living. flock, not pid files
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields

TYPE_CHECKING = False  # typing itself is too dear for a keeper
if TYPE_CHECKING:
    from typing import Any

LAUNCH, ALLOWANCE, STOP, PAUSE = "launch.json", "allowance.json", "stop.json", "pause.json"
CLAIM, KEEPER, GUARD, JOB, EXIT = "claim", "keeper.json", "guard.json", "job.json", "exit.json"
KEEPER_LOCK, GUARD_LOCK, JOB_LOCK = "keeper.lock", "guard.lock", "job.lock"
SIGNALLED, REFUSED = "signalled.json", "refused.json"
REQUESTED, SAVED = "requested.json", "saved.json"
OUTPUT, KEEPER_LOG = "output.log", "keeper.log"

HIGH = 100
"""The job's lock is held by descriptors from here on: they do not collide with those a shell script opens."""
MARK = "TRAINUI_KEEPER"
"""In the environment of keepers and what they start, but never of a job: these are no stragglers."""
RUN_DIR = "TRAINUI_RUN_DIR"
"""In the environment of a job and, mostly, of all it starts."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """Launch this. Written once, as launch.json."""

    run: str
    argv: tuple[str, ...]
    cwd: str
    env: Mapping[str, str]
    """The complete environment of the job."""
    stop_signal: str = "SIGTERM"
    grace_seconds: float = 60.0
    run_dir: str
    db: str
    project: str
    python: str
    """The interpreter of keeper, guard and manager."""
    manager_argv: tuple[str, ...] = ()
    """The command that starts a manager; empty: `python -m trainui.core.manager …`."""
    umask: int | None = None
    """The user's, given back to the job; None: `launch` fills it in."""
    checkpoint_signal: str = ""
    """What asks the job for a checkpoint, as SIGUSR1."""
    checkpoint_file: str = ""
    """Or a file that does: we make it, the job removes it when it has saved. Relative to the run directory."""
    checkpoint_seconds: float = 0.0
    """How long a stop waits for that checkpoint, before the stop signal; 0: it does not ask."""

    def to_dict(self) -> dict[str, Any]:
        """As written in launch.json."""
        return {**asdict(self), "env": dict(self.env)}

    @classmethod
    def from_dict(cls, told: Mapping[str, Any]) -> Order:
        """The order in launch.json, as written by this trainui or another."""
        told = _known(cls, told)
        lists = {"argv": tuple(told["argv"]), "manager_argv": tuple(told["manager_argv"])}
        return cls(**{**told, **lists})

    @property
    def request_seconds(self) -> float:
        """How long a stop may wait for a checkpoint; 0 when there is no way to ask for one."""
        return self.checkpoint_seconds if self.checkpoint_signal or self.checkpoint_file else 0.0

    @property
    def manager_command(self) -> tuple[str, ...]:
        """What starts a manager of this run's database."""
        default = (self.python, "-m", "trainui.core.manager", "--db", self.db, "--project", self.project)
        return self.manager_argv or default


@dataclass(frozen=True, kw_only=True, slots=True)
class Allowance:
    """Until when a run is paid for, its grace included: SIGKILL falls at `until` at the latest."""

    until: float | None
    """Boot seconds; None: no end."""
    boot_id: str
    reason: str = ""
    """`budget` or `time limit`: what a run that used it up was stopped for."""

    def to_dict(self) -> dict[str, Any]:
        """As written in allowance.json."""
        return asdict(self)

    @classmethod
    def from_dict(cls, told: Mapping[str, Any]) -> Allowance:
        """The allowance in allowance.json."""
        return cls(until=told["until"], boot_id=told["boot_id"], reason=told["reason"])


@dataclass(frozen=True, kw_only=True, slots=True)
class Stop:
    """This run shall end. Written once; only the time until SIGKILL may be shortened later.

    First its checkpoint is asked for, if it can be; then it gets its signal; then SIGKILL.
    """

    reason: str
    signal: str
    grace_seconds: float
    boot_seconds: float
    """When it was asked: all its times run from here, whoever acts on it."""
    at: float
    """The same, in Unix seconds, for people."""
    by: str = "user"
    """Who asked: the `manager`, or `guard` or `keeper` when an allowance ran out."""
    first: Mapping[str, Any] = field(default_factory=dict)
    """The stop this one shortened."""
    checkpoint_seconds: float = 0.0
    """How long the stop signal may wait for the checkpoint that was asked for."""

    @property
    def end(self) -> float:
        """Boot seconds at which SIGKILL falls at the latest."""
        return self.boot_seconds + self.checkpoint_seconds + self.grace_seconds

    def to_dict(self) -> dict[str, Any]:
        """As written in stop.json; a pair from before there were checkpoint requests can read it."""
        told = {**asdict(self), "first": dict(self.first)}
        if not self.checkpoint_seconds:
            del told["checkpoint_seconds"]
        return told

    @classmethod
    def from_dict(cls, told: Mapping[str, Any]) -> Stop:
        """The stop in stop.json, as written by this trainui or another."""
        return cls(**_known(cls, told))


def _known(cls: type[Order | Stop], told: Mapping[str, Any]) -> dict[str, Any]:
    """What of a record is known here: a pair lives through upgrades of whoever writes to it."""
    names = {one.name for one in fields(cls)}
    return {key: value for key, value in told.items() if key in names}
