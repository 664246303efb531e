"""Launching a run: its order on disk, then a keeper that outlives whoever launched it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

from trainui.core.errors import LaunchError

from .beat import beat
from .child import never_began, reason_not_to_start
from .failpoint import reach
from .files import reserve, write_json, write_json_once
from .order import ALLOWANCE, CLAIM, EXIT, KEEPER_LOG, LAUNCH, MARK, STOP, Allowance, Order

SCRIPT = Path(__file__).with_name("keeper.py")
TRIES = 3
"""Keepers that may be killed before they claim their run; each that is, began nothing."""
COMES_UP_IN = 10.0
"""Seconds we wait for a keeper to claim its run; a slower one is not lost, only not waited for."""

_keepers: list[subprocess.Popen[bytes]] = []
"""Children of this process until it dies: each new one is the occasion to reap those that are done."""


def launch(order: Order, allowance: Allowance) -> None:
    """Start the run of `order`, once: a run directory that was launched before is left alone.

    Raises LaunchError in one sentence when it could not be started; then nothing of it runs.
    """
    folder = Path(order.run_dir)
    if (folder / CLAIM).exists() and not never_began(order.run_dir):
        return
    reason, hint = reason_not_to_start(order.argv, order.cwd, order.env.get("PATH", os.defpath))
    if reason:
        raise LaunchError(f"{order.run}: {reason}", hint=hint)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        umask = order.umask if order.umask is not None else _umask()
        write_json(folder / ALLOWANCE, allowance.to_dict())
        for must in (STOP, EXIT):
            reserve(folder / must)
        write_json_once(folder / LAUNCH, replace(order, umask=umask).to_dict())
        for _ in range(TRIES):
            keeper = spawn_keeper(folder, python=order.python)
            if _comes_up(order, folder / CLAIM, keeper):
                return
    except OSError as error:
        raise LaunchError(f"{order.run}: {folder} cannot be written: {error.strerror}") from error
    raise LaunchError(f"{order.run}: could not start: its keeper was killed {TRIES} times")


def spawn_keeper(folder: Path, *, python: str = "", attend: bool = False) -> subprocess.Popen[bytes]:
    """Start a keeper in a session of its own. Raises OSError."""
    env = {key: value for key, value in os.environ.items() if not key.startswith("TRAINUI_RUN")}
    words = [str(folder.absolute()), *(["--attend"] if attend else [])]
    sink = os.open(folder / KEEPER_LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        keeper = subprocess.Popen(
            [python or sys.executable, "-I", "-S", "-X", "utf8", str(SCRIPT), *words],
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
            start_new_session=True,
            cwd="/",
            env=env | {MARK: "1"},
        )
    finally:
        os.close(sink)
    reach("spawned keeper")
    _keepers[:] = [one for one in _keepers if one.poll() is None] + [keeper]
    return keeper


def _comes_up(order: Order, claim: Path, keeper: subprocess.Popen[bytes]) -> bool:
    """Wait for the claim; False when the keeper was killed before. Raises LaunchError when it gave up."""
    deadline = time.monotonic() + COMES_UP_IN
    while not claim.exists() and time.monotonic() < deadline:
        code = keeper.poll()
        if code is not None and code < 0 and not claim.exists():
            return False
        if code not in (None, 0) and not claim.exists():
            log = claim.with_name(KEEPER_LOG)
            lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
            last = lines[-1] if lines else f"its keeper ended with {keeper.returncode}"
            raise LaunchError(f"{order.run}: could not start: {last}", hint=f"see {log}")
        beat()  # a slow machine is no hung manager
        time.sleep(0.002)
    return True


def _umask() -> int:
    """The umask of this process, without changing it for an instant: other threads write files."""
    for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("Umask:"):
            return int(line.split()[1], 8)
    return 0o022
