"""Rows of runs.db as the values a front end is shown."""

from __future__ import annotations

import json
import math
import sqlite3
import time
from typing import Any

from trainui.core.forecast import eta_seconds, progress
from trainui.core.gates.drawing import drawing_of
from trainui.core.run import LIVE, Result, Status
from trainui.core.store.views import GateView, MetricView, PrimaryView, RunView

VERDICTS = ("ok", "warn", "tripped", "passed", "failed", "unknown", "pending")
"""Where a gate may stand, as `ls --json` counts them."""


def run_view(
    row: sqlite3.Row,
    *,
    primary: PrimaryView | None,
    begun: tuple[float | None, float | None],
    spent: tuple[int, int],
    gates: dict[str, int],
    usd_per_hour: float,
    tags: tuple[str, ...] = (),
) -> RunView:
    """A row of `runs` with what belongs to it from the other tables; `spent` is (micro-dollars, GPU-milliseconds)."""
    status = Status(row["status"])
    done = progress(
        step=row["step"],
        epoch=row["epoch"],
        total_steps=row["total_steps"],
        total_epochs=row["total_epochs"],
    )
    totals = {"total_steps": row["total_steps"], "total_epochs": row["total_epochs"]}
    already = progress(step=begun[0], epoch=begun[1], **totals) or 0.0
    is_live = status in LIVE
    seconds = row["seconds"]
    if is_live and row["started_boot"] is not None:
        seconds = max(0.0, time.clock_gettime(time.CLOCK_BOOTTIME) - row["started_boot"])
    return RunView(
        run=row["name"],
        job=row["job"],
        study=row["study"],
        status=status,
        result=Result(row["result"]) if row["result"] else None,
        cause=row["cause"],
        pid=row["pid"],
        gpus=tuple(json.loads(row["gpus"])),
        queued_at=row["queued_at"],
        started_at=row["started_at"],
        ended_at=row["ended_at"],
        seconds=seconds,
        gpu_hours=spent[1] / 3_600_000,
        usd=spent[0] / 1e6,
        usd_per_hour=usd_per_hour if is_live else 0.0,
        step=row["step"],
        epoch=row["epoch"],
        total_steps=row["total_steps"],
        total_epochs=row["total_epochs"],
        progress=done,
        eta_seconds=eta_seconds(progress=done, seconds=seconds, begun=already) if is_live else None,
        metric=primary,
        gates={verdict: gates.get(verdict, 0) for verdict in VERDICTS},
        parent=row["parent"],
        directory=row["directory"],
        armed=bool(row["armed"]),
        waits_for=row["waits_for"] if status is Status.QUEUED else "",
        stop_at=row["stop_at"] if status is Status.STOPPING else None,
        priority=row["priority"],
        held=bool(row["held"]) and status is Status.QUEUED,
        evidence=tuple(json.loads(row["evidence"])),
        peak_memory=row["peak_memory"],
        peak_gpu_memory=row["peak_gpu_memory"],
        tags=tags,
    )


def queue_order(row: sqlite3.Row) -> tuple[float, float, int]:
    """Where a queued run stands: priority first, then its place."""
    return -row["priority"], row["id"] if row["place"] is None else row["place"], row["id"]


def primary_names(row: sqlite3.Row) -> tuple[str, tuple[str, ...]]:
    """The goal of the metric a run is judged by, and its name with those [metric.NAME] says it is written under.

    No names where the spec says of none.
    """
    spec = json.loads(row["spec"])
    name, goal = (
        spec.get("metrics", {}).get(key, default) for key, default in (("primary", ""), ("goal", "min"))
    )
    return goal, (name, *spec.get("metric", {}).get(name, {}).get("from", ())) if name else ()


def primary_view(name: str, goal: str, metric: sqlite3.Row | None) -> PrimaryView:
    """Where that metric stands; `metric` is its row, None before the first point."""
    if metric is None:
        return PrimaryView(name=name, goal=goal)
    return PrimaryView(
        name=name,
        goal=goal,
        last=number(metric["last"], is_finite=bool(metric["last_is_finite"])),
        best=metric[goal],
        best_step=metric[f"{goal}_step"],
    )


def number(value: Any, *, is_finite: bool) -> float | None:
    """NULL in a column that says its value is not finite was NaN."""
    return math.nan if value is None and not is_finite else value


def metric_view(row: sqlite3.Row) -> MetricView:
    """A row of `metrics`."""
    return MetricView(
        run=row["run"],
        metric=row["name"],
        points=row["points"],
        nonfinite=row["nonfinite"],
        first=math.nan if row["first"] is None else row["first"],
        last=number(row["last"], is_finite=bool(row["last_is_finite"])),
        min=row["min"],
        max=row["max"],
        last_step=row["last_step"],
        last_epoch=row["last_epoch"],
        source=row["source"],
    )


def gate_view(row: sqlite3.Row) -> GateView:
    """A row of `gates`."""
    return GateView(
        gate=row["gate"],
        role=row["role"],
        run=row["run"],
        verdict=row["verdict"],
        at_epoch=row["epoch"],
        at_step=row["step"],
        value=row["value"],
        reason=row["reason"],
        action=row["action"],
        would_save_seconds=row["would_save_seconds"],
        quote=row["quote"],
        rule=row["rule"],
        threshold=row["threshold"],
        metric=row["metric"],
        at=row["at"],
        label=row["label"],
        interval=None if row["low"] is None or row["high"] is None else (row["low"], row["high"]),
        severity=row["severity"],
        source=row["source"],
        digest=row["digest"],
        is_default=bool(row["is_default"]),
        drawing=drawing_of(row["text"], row["metric"]),
    )
