"""A world without processes: an engine whose jobs begin, end and die when a test says so, and a clock it moves.

It stands where LocalEngine stands, and keeps to what that promises: launching is once, a stop is written once,
a pair that dies takes the exit code with it, a machine that starts again leaves nothing alive.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from trainui.core.engines.engine import Exit, Observation, Phase
from trainui.core.errors import LaunchError
from trainui.core.process.order import Allowance, Order
from trainui.core.store.views import MachineView, UsageView


@dataclass
class Life:
    """What is true of one run."""

    boot: str
    """The boot it was launched in."""
    pid: int
    has_pair: bool = True
    is_attended: bool = False
    """Its pair died and a new keeper came: its exit code will not be known."""
    began: float | None = None
    is_alive: bool = False
    is_paused: bool = False
    has_stragglers: bool = False
    """Its first process is dead, and something it started lives."""
    stop: dict[str, Any] | None = None
    exit: Exit | None = None
    allowance: Allowance | None = None
    begins: int = 0


class World:
    """The machine: its clock, its boots, the lives on it. Also the engine."""

    def __init__(self) -> None:
        self.unix, self.boot, self.boot_id = 1_800_000_000.0, 1000.0, "boot-1"
        self.lives: dict[str, Life] = {}
        self.on_paid: Callable[[str, Allowance], None] = lambda run, allowance: None
        """Told of every allowance, before it holds."""
        self.on_submit: Callable[[str], None] = lambda run: None

    # ---------------------------------------------------------------- what a test makes happen

    def pass_time(self, seconds: float) -> None:
        """Both clocks go on; who used up what was paid for is stopped by its pair, or is not."""
        self.unix += seconds
        self.boot += seconds
        for life in self.lives.values():
            until = life.allowance.until if life.allowance else None
            if life.is_alive and life.has_pair and until is not None and self.boot >= until:
                life.stop = life.stop or {"reason": "budget", "boot_seconds": self.boot, "grace_seconds": 0}
                self._die(life, code=None, signal="SIGKILL")

    def begin(self, run: str) -> None:
        """The gate opens; who was told to stop before never begins."""
        life = self.lives[run]
        if life.stop:
            life.exit, life.has_pair = self._record(life, code=None, signal=None, seconds=0.0), False
            return
        life.began, life.is_alive = self.boot, True
        life.begins += 1

    def end(self, run: str, *, code: int | None, signal: str | None, leaves: bool = False) -> None:
        """The job ends; who watches writes it down, and stays while something it left behind lives."""
        life = self.lives[run]
        had_pair = life.has_pair
        self._die(life, code=code, signal=signal)
        if leaves:
            life.has_stragglers, life.has_pair = True, had_pair

    def sweep(self, run: str) -> None:
        """Who watches has ended what was left behind."""
        life = self.lives[run]
        assert life.has_pair, "nobody watches: nobody ends them"
        life.has_stragglers = life.has_pair = False

    def lose_pair(self, run: str) -> None:
        """Keeper and guard die."""
        self.lives[run].has_pair = self.lives[run].is_attended = False

    def restart(self) -> None:
        """The machine restarts: nothing lives, the boot clock begins anew."""
        self.unix += 60
        self.boot, self.boot_id = 20.0, f"boot-{int(self.boot_id[5:]) + 1}"
        for life in self.lives.values():
            life.has_pair = life.is_alive = life.is_attended = life.has_stragglers = False

    def _die(self, life: Life, *, code: int | None, signal: str | None) -> None:
        life.is_alive = False
        if life.has_pair and not life.is_attended:
            assert life.began is not None
            life.exit = self._record(life, code=code, signal=signal, seconds=self.boot - life.began)
        life.has_pair = False

    def _record(self, life: Life, *, code: int | None, signal: str | None, seconds: float) -> Exit:
        return Exit(
            code=code, signal=signal, at=self.unix, boot_seconds=self.boot, seconds=seconds, by="guard",
            stop=life.stop, killed=False, max_rss=0,
        )  # fmt: skip

    # ---------------------------------------------------------------- the engine

    def submit(self, order: Order, allowance: Allowance) -> None:
        """As LocalEngine: once, unless the pair died before the job began."""
        self.on_submit(order.run)
        life = self.lives.get(order.run)
        never_began = life is not None and not life.has_pair and life.began is None and life.exit is None
        if life is not None and not (never_began and life.boot == self.boot_id):
            return
        if "missing" in order.argv:
            raise LaunchError(f"{order.run}: there is no command 'missing'")
        self.on_paid(order.run, allowance)
        begins = life.begins if life else 0
        self.lives[order.run] = Life(
            boot=self.boot_id, pid=1000 + len(self.lives), allowance=allowance, begins=begins
        )
        Path(order.run_dir, "launch.json").write_text("{}")

    def poll(self, run_dir: Path) -> Observation:
        """As LocalEngine."""
        life = self.lives.get(run_dir.name)
        if life is None:
            return Observation(phase=Phase.ABSENT)
        phase, cause = self._phase(life)
        return Observation(
            phase=phase,
            pid=life.pid if life.began else None,
            exit=life.exit,
            started_boot=life.began,
            stop_deadline=self.boot + 1 if life.stop else None,
            cause=cause,
            is_paused=life.is_paused,
            is_kept=life.has_pair,
        )

    def _phase(self, life: Life) -> tuple[Phase, str]:
        if life.exit is not None:
            return (Phase.LINGERING if life.has_stragglers else Phase.EXITED), ""
        if life.boot != self.boot_id:
            return Phase.LOST, "machine restarted"
        if life.has_pair:
            return (Phase.RUNNING if life.began else Phase.STARTING), ""
        if life.began is None:
            return Phase.ABSENT, ""
        lives = life.is_alive or life.has_stragglers
        return (Phase.UNATTENDED, "") if lives else (Phase.LOST, "its keeper and its guard died")

    def stop(self, run_dir: Path, *, reason: str, now: bool = False, **_rest: object) -> None:
        """As LocalEngine; who is not there is asked in vain."""
        life = self.lives.get(run_dir.name)
        if life is not None:
            life.stop = life.stop or {"reason": reason, "boot_seconds": self.boot, "grace_seconds": 5}
            self.attend(run_dir)

    def renew(self, run_dir: Path, allowance: Allowance) -> None:
        """As LocalEngine."""
        self.on_paid(run_dir.name, allowance)
        self.lives[run_dir.name].allowance = replace(allowance)

    def pause(self, run_dir: Path) -> None:
        """As LocalEngine."""
        self.lives[run_dir.name].is_paused = self.lives[run_dir.name].is_alive

    def resume(self, run_dir: Path) -> None:
        """As LocalEngine."""
        self.lives[run_dir.name].is_paused = False

    def attend(self, run_dir: Path) -> None:
        """As LocalEngine."""
        life = self.lives[run_dir.name]
        if not life.has_pair and self._phase(life)[0] in (Phase.UNATTENDED, Phase.LINGERING):
            life.has_pair = life.is_attended = True

    def has_strays(self, run_dir: Path, *, kill: bool) -> bool:
        """As LocalEngine."""
        return self.lives[run_dir.name].is_alive

    def processes(self, run_dir: Path) -> tuple[None, None, None]:
        """As LocalEngine; nobody here has a pid that means anything."""
        return None, None, None

    def saved(self, run_dir: Path) -> None:
        """As LocalEngine."""

    def request_checkpoint(self, run_dir: Path, **_how: str) -> None:
        """As LocalEngine: nobody answers here."""


class Meter:
    """Stands where Metering stands, and sees a machine on which there is room."""

    def __init__(self, *_for: object) -> None:
        self.machine = MachineView(at=0, cpu=0, cores=2, memory_used=1, memory_total=2**34, disk_free=2**40)
        self.usage: dict[str, UsageView] = {}
        self.opened: dict[str, list[str]] = {}
        self.pids: dict[str, set[int]] = {}

    def look(self, live: object, now: object) -> None:
        """As Metering."""

    keep = woke = look

    def idle_seconds(self, run: str, now: object) -> float:
        """As Metering: nobody has looked."""
        return 0.0

    def others(self, uuid: str) -> int:
        """As Metering."""
        return 0
