"""The second of a pair, and the job's parent: starts it, and watches it to its end."""

from __future__ import annotations

import os

from . import child, linux
from .failpoint import i_am, reach
from .files import lock, read_json, write_json_once
from .order import EXIT, GUARD, GUARD_LOCK, STOP, Order
from .revive import Reviver
from .watch import Watch, exit_record, write_identity, write_job


def guard(order: Order, *, oom_score: str | None) -> int:
    """Be the guard of a run; returns its exit code, 0 when the job's end is recorded. Raises OSError."""
    i_am("guard")
    wake = linux.Wake()
    linux.become_subreaper()
    held = lock(os.path.join(order.run_dir, GUARD_LOCK))
    if held is None:
        return 1
    write_identity(os.path.join(order.run_dir, GUARD))
    stop = read_json(os.path.join(order.run_dir, STOP))
    if stop is not None:  # asked before it began: it never does
        write_json_once(os.path.join(order.run_dir, EXIT), exit_record(by="guard", stop=stop))
        return 0
    job, gate = child.fork(order, oom_score=oom_score)
    told = write_job(order, job)
    if told is None:
        return 1  # our child reads the end of the gate, is not the one named, and leaves
    os.write(gate, b"!")
    os.close(gate)
    reach("opened gate")
    reviver = Reviver(order, is_senior=False, oom_score=oom_score)
    Watch(order, told, by="guard", wake=wake, reviver=reviver).run()
    reviver.part(wake)
    return 0
