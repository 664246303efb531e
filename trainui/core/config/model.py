"""What trainui.toml may say. Sums are in the project's currency; times say their unit."""

from __future__ import annotations

import socket
from fnmatch import fnmatchcase
from typing import Any

import msgspec

from trainui.core.config.exporting import Export
from trainui.core.config.notifying import Notify
from trainui.core.money.amounts import micro_usd


class Ladder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Per cent of what may be spent (the total less the reserve) at which something is done; None: it never is.

    In the file None is `false`.
    """

    tell: float | None = 50
    """People are told."""
    admit_no_more: float | None = 75
    """Nothing new starts."""
    stop_least: float | None = 90
    """The runs worth least are stopped gracefully, until those left are expected to end in time."""
    stop_all: float = 100
    """Everything is stopped in time, and summaries are exported."""


class Countdown(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A command of the user's, run on the machine after a countdown that can be cancelled."""

    command: list[str] = []
    """Without a shell. Empty: nothing is run."""
    countdown_seconds: float = 120
    dry_run: bool = False
    """Count down and say what would be run, and do not run it."""


class Budget(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What may be spent, what was spent before, what is kept back for the end."""

    currency: str = "USD"
    """Three letters. In the file, `total`, `spent`, `reserve` and `per_run` are for any currency, `_usd` for USD."""
    total_usd: float | None = None
    spent_usd: float = 0
    reserve_usd: float = 0
    per_run_usd: float | None = None
    """The most that a run may cost that has no limit of its own."""
    studies: dict[str, float] = {}
    """Study → the most that its runs may cost together."""
    ladder: Ladder = Ladder()
    on_cap: Countdown = Countdown()
    """When the money is used up and nothing runs any more."""


class Idle(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is done while the machine costs and no run makes progress."""

    tell_minutes: float | None = 10
    """People are told after so long; None: never."""
    act_minutes: float | None = None
    """`on_idle` begins its countdown after so long; None: as `tell_minutes`."""
    starting_minutes: float = 2
    """How long a run that was started may take to its first step before it counts as idle."""
    on_idle: Countdown = Countdown()


class Machine(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A rented machine and its rate: of the whole machine, or of each of its GPUs."""

    name: str
    usd_per_hour: float | None = None
    """In the project's currency; in the file `per_hour` and `per_gpu_hour` are for any, as in Budget."""
    usd_per_gpu_hour: float | None = None
    gpus: int | None = None
    """How many it has; needed for a rate per GPU."""
    billing: str = "second"
    """`second`, `minute` or `hour`: every started one is paid whole."""
    host: str = ""
    """A pattern for the host's name (`gpu-*`); '': any."""
    share: str = "time"
    """How runs share its cost: `time` (each GPU by those that hold it), `equal` (all live runs alike), `use`."""

    @property
    def rate(self) -> int:
        """Micro-dollars an hour, of the whole machine."""
        if self.usd_per_gpu_hour is not None:
            return micro_usd(self.usd_per_gpu_hour * (self.gpus or 1))
        return micro_usd(self.usd_per_hour or 0)


class Queue(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many runs may be live at once; None: as many as the machine has GPUs, or CPU slots."""

    slots: int | None = None


class Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """trainui.toml."""

    budget: Budget = Budget()
    machine: list[Machine] = []
    idle: Idle = Idle()
    queue: Queue = Queue()
    notify: Notify = Notify()
    export: Export = Export()
    ui: dict[str, Any] = {}

    @property
    def here(self) -> Machine:
        """The machine that is billed: the first whose `host` is this one's, or one that costs nothing."""
        host = socket.gethostname()
        found = (one for one in self.machine if not one.host or fnmatchcase(host, one.host))
        return next(found, Machine(name="this machine", usd_per_hour=0))
