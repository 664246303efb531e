"""What points cost: to take in, to open for drawing, to judge."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from tests.bench.measure import Row, clock
from trainui.core.gates import Judge, Point, parse_gates
from trainui.core.ingest.records import Record
from trainui.core.store.read import Reader
from trainui.core.store.runs import RunWriter
from trainui.core.store.schema import atomic, connect
from trainui.core.store.streams import StreamWriter
from trainui.core.watching import Watch

LINES = 150_000
SPEC = '{"job":{"name":"bench","command":["true"]},"metrics":{"primary":"train/loss","goal":"min"}}'


def bench_run(folder: Path, db: sqlite3.Connection):
    """A run that was taken in and never started, for the watch to read."""
    runs = RunWriter(db)
    payload = {"job": "bench", "study": "bench", "spec": SPEC, "project": str(folder)}
    (folder / "runs" / "bench-1").mkdir(parents=True)
    with atomic(db):
        return runs.add("bench-1", payload, directory=folder / "runs" / "bench-1", queued_at=0.0)


def ingest(folder: Path) -> Iterator[Row]:
    """A file of JSON lines to committed points with envelopes and offset; beside it a bare loop and TensorBoard."""
    db = connect(folder / "runs.db")
    run = bench_run(folder, db)
    log = run.directory / "metrics.jsonl"
    with log.open("w") as file:
        for step in range(LINES):
            file.write(
                f'{{"step": {step}, "time": {1.7e9 + step}, "metrics": {{"train/loss": {1 / (step + 1)}}}}}\n'
            )
    watch = Watch(db, run, StreamWriter(db))
    ours = LINES / clock(lambda: watch.read(now=1.7e9, final=True))
    assert Reader(folder / "runs.db").metrics("bench-1")[0].points == LINES
    yield "ingest: JSON lines to committed points", f"{ours:,.0f} points/s", "1"

    def bare() -> None:
        other = sqlite3.connect(folder / "bare.db")
        other.execute("CREATE TABLE points (step, value)")
        rows = []
        for line in log.open():
            told = json.loads(line)
            rows.append((told["step"], told["metrics"]["train/loss"]))
        other.executemany("INSERT INTO points VALUES (?, ?)", rows)
        other.commit()

    floor = LINES / clock(bare)
    yield "  bare json.loads and executemany", f"{floor:,.0f} points/s", f"{ours / floor:.2f}"
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        yield "  TensorBoard", "not installed", "–"
        return
    writer = SummaryWriter(str(folder / "tensorboard"))

    def write() -> None:
        for step in range(LINES // 10):
            writer.add_scalar("train/loss", 1 / (step + 1), step)
        writer.close()

    peer = LINES / 10 / clock(write)
    yield "  TensorBoard SummaryWriter", f"{peer:,.0f} points/s", f"{ours / peer:.2f}"


def opening(folder: Path) -> Iterator[Row]:
    """Opening a metric for drawing, whatever its length."""
    db = connect(folder / "runs.db")
    writer = StreamWriter(db)
    first: float | None = None
    for points in (10_000, 1_000_000):
        run = f"open-{points}"
        with atomic(db):
            told = [Record(metrics={"m": float(n % 97)}, step=n, at=0.0) for n in range(points)]
            writer.add_records(run, "jsonl", told, now=0.0)
        reader = Reader(folder / "runs.db")
        taken = min(
            clock(lambda run=run, reader=reader: reader.envelope(run, "m", buckets=400)) for _ in range(5)
        )
        first = first or taken
        yield f"open {points:,} points for drawing", f"{taken * 1000:.1f} ms", f"{taken / first:.2f}"
    size = (folder / "runs.db").stat().st_size / 1_010_000
    yield "bytes per point, envelopes included", f"{size:.0f} B", "–"


def judging(_folder: Path) -> Iterator[Row]:
    """What a point costs to judge."""
    tables = [
        {"id": f"v{n}", "role": "criterion", "test": "value", "left": "best(m)", "op": "<", "right": n}
        for n in range(15)
    ]
    tables += [{"id": f"f{n}", "role": "flag", "test": "finite", "metrics": ["m"]} for n in range(5)]
    tables += [
        {
            "id": f"s{n}",
            "role": "flag",
            "test": "stall",
            "metric": "m",
            "min_delta": "1%",
            "window": "8 epochs",
        }
        for n in range(10)
    ]
    judge = Judge(parse_gates(tables))
    points = [
        Point(metric="m", step=n, value=100 / (n + 1), epoch=n / 10, at=float(n)) for n in range(20_000)
    ]

    def feed() -> None:
        for point in points:
            judge.feed(point)

    yield "judge one point with 30 gates", f"{clock(feed) / len(points) * 1e6:.1f} µs", "–"
