"""The meters of a live run: what is measured of it rather than by it, named with an @ in gates."""

from __future__ import annotations

import os
import sqlite3

from trainui.core.clock import Clock
from trainui.core.forecast import eta_seconds, progress
from trainui.core.metering import Metering
from trainui.core.store.curves import begun_at
from trainui.core.store.lineage import saved_by
from trainui.core.store.money import Ledger
from trainui.core.store.runs import RunRow
from trainui.core.watching import Watch

GIB = 2**30
MB = 10**6


class Meters:
    """Reads the meters of the runs of one runs.db."""

    def __init__(self, db: sqlite3.Connection, metering: Metering) -> None:
        self._db = db
        self._metering = metering

    def of(self, run: RunRow, watch: Watch, now: Clock) -> dict[str, float]:
        """Meter → reading, as far as there is one.

        `@model_mb` is the size of the newest checkpoint and `@age_s` the seconds since it was told of, or since the
        run began.
        """
        hours = (now.boot - (run.started_boot or now.boot)) / 3600
        eta = self.eta(run, now)
        used = self._metering.usage.get(run.name)
        gpu_memory = used.gpu_memory if used else None
        saved = saved_by(self._db, run.name)
        measured = {
            "@wall_h": hours,
            "@cost_usd": Ledger(self._db).cost_of(run.name) / 1e6,
            "@eta_total_h": None if eta is None else hours + eta / 3600,
            "@step": run.step,
            "@epoch": run.epoch,
            "@total_steps": run.total_steps,
            "@total_epochs": run.total_epochs,
            "@host_mem_gb": used.memory / GIB if used else None,
            "@gpu_mem_gb": None if gpu_memory is None else gpu_memory / GIB,
            "@gpu_util": used.gpu if used else None,
            "@silent_s": watch.silent_seconds(now.unix),
            "@age_s": max(0.0, now.unix - (watch.saved_at or run.started_at or now.unix)),
            "@model_mb": None if saved is None else _megabytes(saved),
        }
        return {name: value for name, value in measured.items() if value is not None}

    def eta(self, run: RunRow, now: Clock) -> float | None:
        """Seconds to go at the pace so far; None before there is one, or when the run told no total."""
        totals = {"total_steps": run.total_steps, "total_epochs": run.total_epochs}
        step, epoch = begun_at(self._db, run.name) if run.parent else (None, None)
        already = progress(step=step, epoch=epoch, **totals) or 0.0
        done = progress(step=run.step, epoch=run.epoch, **totals)
        return eta_seconds(progress=done, seconds=now.boot - (run.started_boot or now.boot), begun=already)


def _megabytes(path: str) -> float | None:
    """Size of a checkpoint, file or folder, in MB (10^6 bytes); None when it is gone."""
    try:
        if not os.path.isdir(path):
            return os.path.getsize(path) / MB
        with os.scandir(path) as entries:
            return sum(entry.stat().st_size for entry in entries if entry.is_file()) / MB
    except OSError:
        return None
