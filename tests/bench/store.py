"""What points cost in the store: to keep, to open for drawing."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

from tests.bench.measure import Row, clock
from trainui.core.ingest.records import Record
from trainui.core.store.read import Reader
from trainui.core.store.schema import atomic, connect
from trainui.core.store.streams import StreamWriter

SPIKE = 1e6
BATCH = 100_000


def opening(folder: Path) -> Iterator[Row]:
    """Opening a metric for drawing, whatever its length, with the one spike it has; and what a point weighs."""
    first: float | None = None
    for points in (10_000, 1_000_000, 10_000_000):
        path = folder / f"{points}.db"
        fill(path, points)
        size = sum(one.stat().st_size for one in folder.glob(f"{points}.db*")) / points
        reader = Reader(path)
        found = reader.envelope("run-1", "m", buckets=400)
        assert max(one.max or 0 for one in found) == SPIKE, "the spike is lost"
        assert sum(one.count for one in found) == points
        taken = min(clock(lambda reader=reader: reader.envelope("run-1", "m", buckets=400)) for _ in range(5))
        first = first or taken
        yield (
            f"open {points:,} points for drawing, spike kept",
            f"{taken * 1000:.1f} ms",
            f"{taken / first:.2f}",
        )
        cold = Reader(path)
        begun = clock(lambda cold=cold: cold.envelope("run-1", "m", buckets=400))
        yield "  the first time on a new connection", f"{begun * 1000:.1f} ms", "–"
        yield "  bytes per point, envelopes included", f"{size:.0f} B", "–"
        reader.close()
        cold.close()


def fill(path: Path, points: int) -> None:
    """One metric of noise with one spike, as a manager would have written it."""
    db = connect(path)
    writer = StreamWriter(db)
    draw = random.Random(7).random
    spike = points * 2 // 3
    for start in range(0, points, BATCH):
        told = [
            Record(metrics={"m": SPIKE if n == spike else draw()}, step=n, at=1.7e9 + n / 7)
            for n in range(start, min(start + BATCH, points))
        ]
        with atomic(db):
            writer.add_records("run-1", "jsonl", told, now=0.0)
    with atomic(db):
        db.execute(
            "INSERT INTO runs (name, job, status, spec, project, directory, queued_at) VALUES ('run-1', 'm', 'ended', '{}', '', '', 0)"
        )
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    db.close()
