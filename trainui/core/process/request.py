"""Asking a job for a checkpoint: by a signal to its main process, by a file that it removes when it has saved."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping

from . import linux
from .failpoint import reach
from .files import write_json
from .identity import Identity, boot_seconds, send_signal
from .order import SAVED
from .record import signal_number

TYPE_CHECKING = False  # typing itself is too dear for a keeper
if TYPE_CHECKING:
    from typing import Any


def ask(run_dir: str, job: Identity, *, signal: str, file: str, by: str) -> dict[str, Any]:
    """Ask in every way that is given; returns what requested.json holds, `signal` and `file` as far as they worked.

    `file` is relative to the run directory, or absolute.
    """
    path = os.path.join(run_dir, file) if file else ""
    record = {"by": by, "boot_seconds": boot_seconds(), "at": time.time(), "signal": "", "file": ""}
    if path:
        try:
            write_json(path, {"by": by, "at": record["at"]})
            record["file"] = path
        except OSError as error:
            linux.say(f"{by}: {path} cannot be written: {error}")
    try:
        if signal and _tell(job, signal_number(signal)):
            record["signal"] = signal
            reach("sent checkpoint signal")
    except PermissionError as error:
        linux.say(f"{by}: {signal} cannot be sent: {error}")
    return record


def _tell(job: Identity, signum: int) -> bool:
    """Signal a job that waits for it; one that has not got so far yet, or is a mere wrapper, would die of it."""
    return linux.hears(job.pid, signum) and send_signal(job, signum)


def is_answered(run_dir: str, requested: Mapping[str, Any] | None) -> bool:
    """Whether the job has saved, or cannot have heard: there is nothing to wait for."""
    if requested is None:
        return False
    file, signal = requested.get("file"), requested.get("signal")
    if file and not os.path.exists(file):
        return True
    return os.path.exists(os.path.join(run_dir, SAVED)) or not (file or signal)
