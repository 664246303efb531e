"""Runs on this machine: a keeper and a guard each, spoken to through the files of the run directory."""

from __future__ import annotations

import contextlib
import signal as signals
import time
from dataclasses import fields, replace
from pathlib import Path

from trainui.core.engines.engine import Engine, Exit, Observation, Phase
from trainui.core.process import order as names
from trainui.core.process import request, tree
from trainui.core.process.failpoint import reach
from trainui.core.process.files import is_locked, recall, write_json, write_json_once
from trainui.core.process.identity import Identity, boot_id, boot_seconds, is_alive, send_signal
from trainui.core.process.ladder import Done, kill_at
from trainui.core.process.launch import launch, spawn_keeper
from trainui.core.process.order import Allowance, Order, Stop

__all__ = ["Engine", "Exit", "LocalEngine", "Observation", "Phase"]

PARTING = 10.0
"""Seconds a pair may need to go when nothing is left to watch; one that takes longer hangs, and is ignored."""


class LocalEngine:
    """Holds nothing: everything is in the run directories, so any process may ask at any time."""

    def submit(self, order: Order, allowance: Allowance) -> None:
        """Launch it, once however often it is said. Raises LaunchError."""
        launch(order, allowance)

    def poll(self, run_dir: Path) -> Observation:
        """What can be seen of a run now; changes nothing."""
        claim = _identity(run_dir / names.CLAIM)
        if claim is None:
            is_born = is_locked(run_dir / names.KEEPER_LOCK)
            return Observation(phase=Phase.STARTING if is_born else Phase.ABSENT)
        # locks before records: a pair lets go only after it has written
        is_kept = is_locked(run_dir / names.KEEPER_LOCK) or is_locked(run_dir / names.GUARD_LOCK)
        left, job = _exit(run_dir), _identity(run_dir / names.JOB)
        phase, cause = _phase(run_dir, claim, job, is_kept=is_kept, left=left)
        told = recall(run_dir / names.JOB) or {}
        done = _done(run_dir)
        return Observation(
            phase=phase,
            pid=job.pid if job else None,
            job=job,
            exit=left,
            started_boot=told.get("started_boot"),
            stop_deadline=_stop_deadline(run_dir, done),
            cause=cause,
            is_paused=(run_dir / names.PAUSE).exists(),
            is_kept=is_kept,
            is_saving=done.is_requested and done.signalled_at is None and left is None,
        )

    def stop(
        self, run_dir: Path, *, reason: str, signal: str, grace_seconds: float, checkpoint_seconds: float = 0,
        now: bool = False,
    ) -> None:  # fmt: skip
        """End it: ask for a checkpoint where the order says how, then the signal, the grace, SIGKILL.

        `now` cuts all that to SIGKILL, also of a stop under way.
        """
        stop = Stop(
            reason=reason,
            signal=signal,
            grace_seconds=0.0 if now else grace_seconds,
            boot_seconds=boot_seconds(),
            at=time.time(),
            by="manager",
            checkpoint_seconds=0.0 if now or not _can_ask(run_dir) else checkpoint_seconds,
        )
        if not write_json_once(run_dir / names.STOP, stop.to_dict()):
            told = recall(run_dir / names.STOP)
            if told is None:  # damaged
                write_json(run_dir / names.STOP, stop.to_dict())
                return self._hear(run_dir)
            old = Stop.from_dict(told)
            if stop.end < old.end:
                merged = replace(stop, reason=old.reason, signal=old.signal, by=old.by, first=old.to_dict())
                write_json(run_dir / names.STOP, merged.to_dict())
        return self._hear(run_dir)

    def request_checkpoint(self, run_dir: Path, *, signal: str = "", file: str = "") -> bool:
        """Ask for a checkpoint without stopping; False when nothing of it reached the job."""
        job = _identity(run_dir / names.JOB)
        if job is None or not is_alive(job):
            return False
        asked = request.ask(str(run_dir), job, signal=signal, file=file, by="manager")
        return bool(asked["signal"] or asked["file"])

    def saved(self, run_dir: Path, *, at: float | None = None) -> None:
        """A checkpoint was seen, told at Unix second `at`: a stop that waits for it need wait no more."""
        requested = recall(run_dir / names.REQUESTED)
        if requested is None or (at is not None and at < requested["at"]):
            return  # nobody waits, or it was saved before that was asked for
        if write_json_once(run_dir / names.SAVED, {"at": time.time() if at is None else at}):
            self._hear(run_dir)

    def remind(self, run_dir: Path) -> None:
        """Poke the pair of a run that should be gone by now."""
        self._hear(run_dir)

    def renew(self, run_dir: Path, allowance: Allowance) -> None:
        """Replace what was paid ahead."""
        write_json(run_dir / names.ALLOWANCE, allowance.to_dict())
        self._hear(run_dir)

    def pause(self, run_dir: Path) -> None:
        """Let every process of the job stand still. Its allowance runs on: so does the machine."""
        job = _identity(run_dir / names.JOB)
        if job is None or not is_alive(job):
            return
        write_json(run_dir / names.PAUSE, {"at": time.time(), "boot_seconds": boot_seconds()})
        tree.freeze(str(run_dir), job)
        reach("froze job")

    def resume(self, run_dir: Path) -> None:
        """Let a paused job go on."""
        job = _identity(run_dir / names.JOB)
        if job is not None:
            tree.thaw(str(run_dir), job)
            reach("thawed job")
        (run_dir / names.PAUSE).unlink(missing_ok=True)
        reach("removed pause.json")

    def attend(self, run_dir: Path) -> None:
        """Give a run whose pair died a keeper again: its deadlines hold, what it left behind is ended."""
        seen = self.poll(run_dir)
        if not seen.is_kept and seen.phase in (Phase.UNATTENDED, Phase.LINGERING):
            spawn_keeper(run_dir, attend=True)

    def has_strays(self, run_dir: Path, *, kill: bool) -> bool:
        """Whether anything carries the name of a run whose directory is gone; `kill` sends it SIGKILL."""
        nobody = Identity(pid=0, ticks=0, boot_id="")
        strays = tree.members(str(run_dir), nobody)
        if kill:
            tree.signal_all(strays, signals.SIGKILL)
        return bool(strays)

    def processes(self, run_dir: Path) -> tuple[Identity | None, int | None, int | None]:
        """(the job, whether or not it lives; the pids of its keeper and its guard, None for one that does not)."""
        job, keeper, guard = (_identity(run_dir / name) for name in (names.JOB, names.KEEPER, names.GUARD))
        alive = [one.pid if one and is_alive(one) else None for one in (keeper, guard)]
        return job, alive[0], alive[1]

    def output(self, run_dir: Path) -> Path:
        """Where what it prints is."""
        return run_dir / names.OUTPUT

    def seconds(self, run_dir: Path) -> float:
        """Seconds its job has run, or did; 0 for one that never began, or is lost."""
        seen = self.poll(run_dir)
        if seen.exit is not None:
            return seen.exit.seconds
        is_over = seen.phase is Phase.LOST or seen.started_boot is None
        return 0.0 if is_over or seen.started_boot is None else boot_seconds() - seen.started_boot

    def _hear(self, run_dir: Path) -> None:
        """Poke the pair, also one that somebody made stand still; a run that has none gets a keeper."""
        for name in (names.KEEPER, names.GUARD):
            identity = _identity(run_dir / name)
            if identity is not None:
                with contextlib.suppress(PermissionError):
                    send_signal(identity, signals.SIGCONT)
                    send_signal(identity, signals.SIGUSR1)
        reach("poked pair")
        self.attend(run_dir)


def _identity(path: Path) -> Identity | None:
    told = recall(path)
    return Identity.from_dict(told) if told else None


def _exit(run_dir: Path) -> Exit | None:
    told = recall(run_dir / names.EXIT)
    if told is None:
        return None
    known = {field.name for field in fields(Exit)}
    try:
        return Exit(**{key: value for key, value in told.items() if key in known})
    except TypeError:
        return None  # not written by a pair; what is said of it then is that it is damaged


def _phase(
    run_dir: Path, claim: Identity, job: Identity | None, *, is_kept: bool, left: Exit | None
) -> tuple[Phase, str]:
    """(phase, why it is lost)."""
    is_this_boot = claim.boot_id == boot_id()
    if left is not None:
        # a pair that goes looks for a manager last: who sees EXITED may end without being revived
        is_parting = is_kept and boot_seconds() - left.boot_seconds < PARTING
        lingers = is_this_boot and (is_parting or _has_members(run_dir, job))
        return (Phase.LINGERING if lingers else Phase.EXITED), ""
    if not is_this_boot:
        return Phase.LOST, "machine restarted"
    if is_kept:
        return (Phase.RUNNING if job else Phase.STARTING), ""
    if job is None:
        is_free = not is_locked(run_dir / names.JOB_LOCK)  # or its child is still at the gate
        return (Phase.ABSENT if is_free else Phase.STARTING), ""
    if _has_members(run_dir, job):
        return Phase.UNATTENDED, ""
    is_damaged = (run_dir / names.EXIT).exists()
    return Phase.LOST, "exit.json is damaged" if is_damaged else "its keeper and its guard died"


def _has_members(run_dir: Path, job: Identity | None) -> bool:
    """Whether a process of the job lives: it holds the lock, or is found."""
    if job is None:
        return False
    return is_locked(run_dir / names.JOB_LOCK) or bool(tree.members(str(run_dir), job))


def _can_ask(run_dir: Path) -> bool:
    """Whether its pair knows how to ask for a checkpoint; one from before that existed could not read the wish."""
    told = recall(run_dir / names.LAUNCH) or {}
    return bool(told.get("checkpoint_signal") or told.get("checkpoint_file"))


def _done(run_dir: Path) -> Done:
    signalled = recall(run_dir / names.SIGNALLED)
    return Done(
        is_requested=(run_dir / names.REQUESTED).exists(),
        signalled_at=signalled["boot_seconds"] if signalled else None,
    )


def _stop_deadline(run_dir: Path, done: Done) -> float | None:
    stop, allowance = recall(run_dir / names.STOP), recall(run_dir / names.ALLOWANCE)
    if not stop or not allowance:
        return None
    return kill_at(Stop.from_dict(stop), Allowance.from_dict(allowance), done)
