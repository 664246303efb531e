"""What the pair writes down: who it is, who the job is, how it ended."""

from __future__ import annotations

import os
import signal
import time

from . import memory
from .files import write_json, write_json_once
from .identity import Identity, boot_seconds, identity_of
from .order import JOB, Order

TYPE_CHECKING = False  # typing itself is too dear for a keeper
if TYPE_CHECKING:
    from typing import Any


def exit_record(
    *,
    code: int | None = None,
    by_signal: str | None = None,
    seconds: float = 0.0,
    by: str,
    stop: dict[str, Any] | None = None,
    killed: bool = False,
    max_rss: int = 0,
    oom_kills: int = 0,
    kernel: str = "",
    could_not_start: str = "",
) -> dict[str, Any]:
    """What exit.json holds."""
    return {
        "code": code,
        "signal": by_signal,
        "at": time.time(),
        "boot_seconds": boot_seconds(),
        "seconds": seconds,
        "by": by,
        "stop": stop,
        "killed": killed,
        "max_rss": max_rss,
        "oom_kills": oom_kills,
        "kernel": kernel,
        "could_not_start": could_not_start,
    }


def write_job(order: Order, job: Identity) -> dict[str, Any] | None:
    """Make the job known, durably; returns what was written, None when another is known. Raises OSError."""
    events = memory.events_of(job.pid)
    record = {
        **job.to_dict(),
        "started_at": time.time(),
        "started_boot": boot_seconds(),
        "oom_kills": memory.oom_kills(events),
        "oom_events": events,
    }
    return record if write_json_once(os.path.join(order.run_dir, JOB), record) else None


def write_identity(path: str) -> Identity:
    """Write who we are, to be poked."""
    identity = identity_of(os.getpid())
    assert identity is not None
    write_json(path, identity.to_dict())
    return identity


def signal_number(name: str) -> int:
    """SIGTERM for a name nobody knows: a run must be able to end."""
    try:
        return signal.Signals[name]
    except KeyError:
        return signal.SIGTERM


def signal_name(number: int) -> str:
    """As in exit.json; real-time signals have none of their own."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
