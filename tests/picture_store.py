"""The store that the pictures are taken of: made up, but written as the manager writes it. Its clock stands still."""

from __future__ import annotations

import json
import math
import random
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from trainui.core.config import load_config
from trainui.core.gates import Judge, Point, parse_gates
from trainui.core.ingest.records import Record
from trainui.core.store.leases import Leases, Terms
from trainui.core.store.money import Ledger, Line
from trainui.core.store.moneyviews import BudgetView
from trainui.core.store.runs import RunWriter
from trainui.core.store.schema import atomic, connect
from trainui.core.store.streams import StreamWriter
from trainui.core.store.usage import write_machine, write_usage
from trainui.core.store.verdicts import write_checkpoint, write_gates, write_verdict
from trainui.core.store.views import GpuView, MachineView, UsageView

NOW, BOOT = 1_700_010_000.0, 90_000.0
"""Unix seconds (2023-11-15 01:00 UTC), and boot seconds at the same moment."""
RENTED = 7800.0
"""Seconds since when the machine is rented."""
RATE = 1_290_000
BEFORE = 1.9
GIB = 1 << 30
PROJECT = f"""\
[budget]
total_usd = 10.00
reserve_usd = 1.00
spent_usd = {BEFORE}

[[machine]]
name = "a100"
usd_per_hour = 1.29
gpus = 1
"""
GATES: tuple[dict[str, Any], ...] = (
    {"id": "mae-100", "quote": "Best model achieves <100ms MAE?", "role": "criterion", "test": "value",
     "left": "best(val/mae)", "op": "<", "right": 100},
    {"id": "no-nan", "quote": "no NaN/Inf", "role": "flag", "test": "finite", "metrics": ["train/loss"], "k": 2,
     "on": {"tripped": ["stop"]}},
    {"id": "mae-improving", "quote": "validation MAE improving", "role": "flag", "test": "stall", "metric": "val/mae",
     "min_delta": 2, "window": "8 epochs"},
    {"id": "acc-80", "quote": "boundaries within 100 ms: 80 %", "role": "criterion", "test": "value",
     "left": "best(val/acc100)", "op": ">", "right": 80},
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Training:
    """A run, and what its curves look like."""

    run: str
    begun: float
    """Seconds before now."""
    ended: float | None = None
    epochs: float
    """How many it has come to."""
    floor: float
    """What its error falls to."""
    nan_from: float = math.inf
    parent: str | None = None
    seed: int = 0
    estimate: tuple[float, float] = (1.0, 1.5)


TRAININGS = (
    Training(run="transformer-1", begun=7500, ended=4650, epochs=21.5, floor=93, nan_from=21, seed=1, estimate=(1.5, 2)),
    Training(run="mlp-1", begun=4500, epochs=27, floor=118, seed=2),
    Training(run="contrastive-1", begun=4500, epochs=41, floor=88, seed=3),
    Training(run="transformer-2", begun=4500, epochs=34, floor=79, parent="transformer-1", seed=4, estimate=(1.5, 2)),
)  # fmt: skip


def make(folder: Path) -> Path:
    """A project folder with its runs.db; that file. Where its runs are is told relative to the folder."""
    (folder / "jobs").mkdir(parents=True)
    (folder / "trainui.toml").write_text(PROJECT)
    db = connect(folder / "runs.db")
    with atomic(db):
        for one in TRAININGS:
            _write_run(db, folder, one)
        _write_waiting(db)
        _write_money(db, folder)
        _write_machine(db)
        in_order = db.execute("SELECT at, run, kind, text FROM events ORDER BY at, id").fetchall()
        db.execute("DELETE FROM events")
        db.executemany("INSERT INTO events (at, run, kind, text) VALUES (?, ?, ?, ?)", map(tuple, in_order))
    db.close()
    return folder / "runs.db"


def _spec(one: Training) -> str:
    job = one.run.rpartition("-")[0]
    about = "finds the moment a speaker starts or stops"
    spec = {
        "job": {"name": job, "command": ["python", "train.py", "--model", job], "about": about},
        "params": {"epochs": 50, "learning_rate": 3e-4 if one.parent is None else 1e-4, "batch_size": 32},
        "metrics": {"primary": "val/mae", "goal": "min"},
        "estimate": {"usd": list(one.estimate), "gpu_hours": [1, 1.5]},
    }
    return json.dumps(spec)


def _write_run(db: sqlite3.Connection, folder: Path, one: Training) -> None:
    runs, directory = RunWriter(db), Path("runs") / one.run
    job = one.run.rpartition("-")[0]
    payload = {"job": job, "study": "phase 3", "spec": _spec(one), "project": "/boundary", "parent": one.parent,
               "armed": one.nan_from < math.inf}  # fmt: skip
    runs.add(one.run, payload, directory=directory, queued_at=NOW - one.begun - 5)
    records = list(_records(one))
    StreamWriter(db).add_records(one.run, "jsonl", records, now=NOW)
    gates = parse_gates(GATES, goals={"val/mae": "min"})
    write_gates(db, one.run, gates)
    judge = Judge(gates)
    for record in records:
        for metric, value in record.metrics.items():
            point = Point(
                metric=metric, step=record.step, epoch=record.epoch, value=value, at=record.at or NOW
            )
            for verdict in judge.feed(point):
                write_verdict(db, one.run, verdict, is_change=True)
    for verdict in judge.current().values():
        write_verdict(db, one.run, verdict, is_change=False)
    changes: dict[str, Any] = {
        "status": "running", "started_at": NOW - one.begun, "started_boot": BOOT - one.begun, "boot_id": "boot",
        "gpus": '["0"]', "pid": 4200 + one.seed, "step": records[-1].step, "epoch": one.epochs, "total_epochs": 50.0,
    }  # fmt: skip
    runs.event(one.run, "status", "running", at=NOW - one.begun)
    if one.ended is not None:
        cause = "gate no-nan at epoch 21.5"
        changes |= {"status": "ended", "result": "stopped", "cause": cause, "ended_at": NOW - one.ended,
                    "ended_boot": BOOT - one.ended, "seconds": one.begun - one.ended}  # fmt: skip
        runs.event(one.run, "gate", "no-nan: train/loss is nan, twice in a row: stopped", at=NOW - one.ended)
        db.execute("INSERT INTO actions (run, gate, verdict, action, outcome, is_done, would_save_seconds, at)"
                   " SELECT run, gate, id, 'stop', 'stopped', 1, 3600, at FROM verdicts"
                   " WHERE run=? AND verdict='tripped'", (one.run,))  # fmt: skip
    runs.change(one.run, **changes)
    best = min((r.metrics["val/mae"], r.epoch or 0.0, r.at or NOW) for r in records if "val/mae" in r.metrics)
    write_checkpoint(db, one.run, path="best.pt", at=best[2], step=best[1] * 90, epoch=best[1], metric="val/mae",
                     value=best[0])  # fmt: skip
    runs.event(one.run, "checkpoint", f"checkpoint best.pt, val/mae {best[0]:.1f}", at=best[2])
    (folder / directory).mkdir(parents=True)
    told = [
        f"epoch {r.epoch:g}/50  " + "  ".join(f"{k} {v:.4g}" for k, v in r.metrics.items()) for r in records
    ]
    (folder / directory / "output.log").write_text("\n".join(told[-80:]) + "\n")
    if one.ended is None:
        write_usage(db, UsageView(run=one.run, at=NOW - 2, cpu=1.3 * one.seed, memory=2 * GIB, gpu=0.31,
                                  gpu_memory=int(3.4 * GIB), processes=3))  # fmt: skip


def _records(one: Training) -> Iterator[Record]:
    """Four times an epoch what training says, once what validation says."""
    chance = random.Random(one.seed)
    lasted = one.begun - (one.ended or 0.0)
    for quarter in range(1, int(one.epochs * 4) + 1):
        epoch = quarter / 4
        at = NOW - one.begun + lasted * epoch / one.epochs
        loss = 0.5 + one.floor / 120 + 3.4 * math.exp(-epoch / 7) + chance.gauss(0, 0.05)
        told: dict[str, float] = {
            "train/loss": math.nan if epoch > one.nan_from else loss,
            "train/grad_norm": 1.4 + abs(chance.gauss(0, 0.25)) + 3 * math.exp(-epoch / 4),
            "train/lr": 3e-4 * min(1, epoch) * (0.5 + 0.5 * math.cos(math.pi * epoch / 50)),
        }
        if quarter % 4 == 0 and epoch <= one.nan_from:
            mae = one.floor + 480 * math.exp(-epoch / 6.5) + chance.gauss(0, one.floor * 0.015)
            told |= {
                "val/mae": mae,
                "val/acc100": 100 * math.exp(-mae / 500),
                "val/acc50": 100 * math.exp(-mae / 230),
            }
        yield Record(metrics=told, step=round(epoch * 90), epoch=epoch, at=at)


def _write_waiting(db: sqlite3.Connection) -> None:
    spec = json.dumps({"job": {"name": "evaluate", "command": ["python", "evaluate.py"]}})
    payload = {"job": "evaluate", "study": "phase 3", "spec": spec, "project": "/boundary"}
    runs = RunWriter(db)
    runs.add("evaluate-1", payload, directory=Path("runs/evaluate-1"), queued_at=NOW - 4400)
    runs.change("evaluate-1", waits_for="waits for transformer, mlp, contrastive")


def _write_money(db: sqlite3.Connection, folder: Path) -> None:
    """A line a minute for each live run, in equal parts; idle where none lived."""
    terms = Terms(machine="a100", rate=RATE, gpus=1)
    lease = Leases(db).begin(terms, boot_id="boot", start=BOOT - RENTED, at=NOW - RENTED)
    ledger, minute = Ledger(db), RATE / 60
    for ago in range(int(RENTED), 0, -60):
        live = [one.run for one in TRAININGS if one.begun >= ago > (one.ended or 0.0)]
        for run in live or [""]:
            ledger.write(Line(
                at=NOW - ago + 60, kind="run" if run else "idle", run=run, machine="a100", boot_id="boot",
                micro=round(minute / max(1, len(live))), gpu_ms=round(60_000 / max(1, len(live))),
                start=BOOT - ago, end=BOOT - ago + 60, lease=lease.id,
            ))  # fmt: skip
    sums = ledger.sums()
    spent, held = BEFORE + sums.settled / 1e6, 0.04
    left = 9.0 - spent - held
    view = BudgetView(
        machine="a100", usd_per_hour=RATE / 1e6, gpus=1, total_usd=10.0, reserve_usd=1.0, spent_usd=spent,
        idle_usd=sums.idle / 1e6, held_usd=held, left_usd=left, used=spent / 9.0, step="tell",
        lasts_until=NOW + left / (RATE / 1e6) * 3600, gpu_hours=sums.gpu_ms / 3.6e6,
    )  # fmt: skip
    ledger.set_fact("config", msgspec.json.encode(load_config(folder)).decode())
    live = [one.run for one in TRAININGS if one.ended is None]
    ledger.set_fact("rates", msgspec.json.encode(dict.fromkeys(live, RATE / 1e6 / len(live))).decode())
    ledger.set_fact("budget", msgspec.json.encode(view).decode())
    RunWriter(db).event("", "budget", "50 % of what may be spent is spent", at=NOW - 240)


def _write_machine(db: sqlite3.Connection) -> None:
    gpu = GpuView(name="NVIDIA A100 40G", uuid="GPU-1", utilisation=0.94, memory_used=int(11.3 * GIB),
                  memory_total=40 * GIB, temperature=62.0, watts=214.0)  # fmt: skip
    write_machine(db, MachineView(at=NOW - 2, cpu=0.38, cores=16, memory_used=21 * GIB, memory_total=200 * GIB,
                                  disk_free=412 * GIB, gpus=(gpu,)))  # fmt: skip
