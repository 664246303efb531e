"""What the machine and the processes of its runs used, sample by sample."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import msgspec

from trainui.core.store.views import UsageView

if TYPE_CHECKING:
    from trainui.core.store.views import MachineView

MACHINE_SAMPLES = 2000
"""Of the machine, the newest are kept."""
RUN_SAMPLES = 1000
"""Of a run, twice as many are kept at most; then every second one of them goes, so that all its life is there."""


def write_machine(db: sqlite3.Connection, view: MachineView) -> None:
    """Keep a sample of the machine. Call inside a transaction."""
    db.execute("INSERT OR REPLACE INTO samples VALUES (?, ?)", (view.at, msgspec.json.encode(view).decode()))
    db.execute(
        "DELETE FROM samples WHERE at < (SELECT min(at) FROM (SELECT at FROM samples ORDER BY at DESC LIMIT ?))",
        (MACHINE_SAMPLES,),
    )


def write_usage(db: sqlite3.Connection, view: UsageView) -> None:
    """Keep a sample of a run, and its peaks. Call inside a transaction."""
    db.execute(
        "INSERT OR REPLACE INTO usage VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            view.run,
            view.at,
            view.cpu,
            view.memory,
            view.gpu_memory,
            view.gpu,
            view.processes,
            view.why_no_gpu,
        ),
    )
    db.execute(
        "UPDATE runs SET peak_memory=max(peak_memory, ?), peak_gpu_memory=max(peak_gpu_memory, ?) WHERE name=?",
        (view.memory, view.gpu_memory or 0, view.run),
    )
    (count,) = db.execute("SELECT count(*) FROM usage WHERE run=?", (view.run,)).fetchone()
    if count > 2 * RUN_SAMPLES:
        db.execute(
            "DELETE FROM usage WHERE run=?1 AND at IN (SELECT at FROM (SELECT at, row_number() OVER (ORDER BY at)"
            " AS n FROM usage WHERE run=?1) WHERE n % 2 = 0)",
            (view.run,),
        )


def usage_of(db: sqlite3.Connection, run: str, *, last: int = -1) -> list[UsageView]:
    """The newest `last` of the kept samples of a run, or all of them; oldest first."""
    rows = db.execute(
        "SELECT run, at, cpu, memory, gpu_memory, gpu, processes, why_no_gpu FROM usage WHERE run=?"
        " ORDER BY at DESC LIMIT ?",
        (run, last),
    ).fetchall()
    return [UsageView(**dict(row)) for row in reversed(rows)]
