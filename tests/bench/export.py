"""What it costs to write a big study down: 50 runs of 20 metrics of 100,000 points, in every format."""

from __future__ import annotations

import json
import math
import os
import random
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from tests.bench.measure import Row
from trainui.core.ingest.records import Record
from trainui.core.store.runs import RunWriter
from trainui.core.store.schema import atomic, connect
from trainui.core.store.streams import StreamWriter

RUNS, METRICS, POINTS = 50, 20, 100_000
BATCH = 50_000
SPIKE, NAN = POINTS * 2 // 3, POINTS // 2
"""Numbers of the point of m3 that is a million, and of that of m4 that is none."""
FORMATS = ("md", "html", "json", "csv", "png")
WRITE = """\
import sys, time
from pathlib import Path
from trainui.core.export.writing import export_runs
start, burnt = time.perf_counter(), time.process_time()
runs = sys.argv[4].split(",") if sys.argv[4] else ()
export_runs(Path(sys.argv[1]), runs, study="" if runs else "big", to=Path(sys.argv[2]), formats=sys.argv[3].split(","))
peak = next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM")) / 1024
print(time.perf_counter() - start, time.process_time() - burnt, peak)
"""


def exporting(folder: Path) -> Iterator[Row]:
    """The whole study, each format alone, and every point of one run."""
    path = folder / "runs.db"
    size = int(os.environ.get("RUNS", RUNS))
    _fill(path, size)
    told = f"{size} runs x {METRICS} metrics x {POINTS:,} points"
    yield f"export {told}: {', '.join(FORMATS)}", _written(path, folder / "all", FORMATS), "–"
    _check(folder / "all")
    for one in FORMATS:
        yield f"  {one} alone", _written(path, folder / one, (one,)), "–"
    yield (
        f"  points.csv of one run, {METRICS * POINTS:,} points",
        _written(path, folder / "points", ("points",), "run-1"),
        "–",
    )
    weights = ", ".join(
        f"{one.name} {one.stat().st_size / 1e6:.1f} MB" for one in sorted((folder / "all").glob("[!.]*"))
    )
    yield "  what they weigh", weights, "–"


def _written(path: Path, to: Path, formats: tuple[str, ...], runs: str = "") -> str:
    """In a process of its own, as `trainui export` is; imports are counted."""
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", WRITE, str(path), str(to), ",".join(formats), runs], capture_output=True, text=True, check=True
    )  # fmt: skip
    _inside, burnt, peak = map(float, done.stdout.split())
    return f"{time.perf_counter() - start:.1f} s ({burnt:.1f} s of a core), {peak:.0f} MiB"


def _check(folder: Path) -> None:
    """The one spike and the one NaN are in the page and in the table."""
    page = (folder / "summary.html").read_text(encoding="utf-8")
    assert "NaN" in page, "the mark is lost"
    curves = json.loads(page.partition('id="curves">')[2].partition("</script>")[0])
    highs = [max(filter(None, part["hi"])) for chart in curves["charts"] if chart["metric"] == "m3"
             for line in chart["lines"] for part in line["parts"]]  # fmt: skip
    assert min(highs) >= 1e6, "the spike is lost"


def _fill(path: Path, runs: int) -> None:
    """One run as the manager would have written it; the others are its copies, each on a height of its own."""
    db = connect(path)
    writer, draw = StreamWriter(db), random.Random(7).gauss
    with atomic(db):
        for run in range(runs):
            _run(db, path.parent, run)
        for start in range(0, POINTS, BATCH):
            told = [
                Record(metrics={f"m{metric}": _value(metric, n, draw) for metric in range(METRICS)}, step=n, epoch=n / 1000, at=1.7e9 + n / 7)
                for n in range(start, min(start + BATCH, POINTS))
            ]  # fmt: skip
            writer.add_records("run-1", "jsonl", told, now=0.0)
    for run in range(1, runs):
        with atomic(db):
            _copy(db, f"run-{run + 1}", 1 + run / runs)
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    db.close()


def _run(db: sqlite3.Connection, folder: Path, number: int) -> None:
    name = f"run-{number + 1}"
    spec = json.dumps({
        "job": {"name": f"job{number}", "command": ["python", "train.py"]}, "params": {"lr": 1e-4 * (number + 1)},
        "metrics": {"primary": "m0", "goal": "min"},
    })  # fmt: skip
    payload = {"job": f"job{number}", "study": "big", "spec": spec, "project": str(folder)}
    writer = RunWriter(db)
    writer.add(name, payload, directory=folder / "runs" / name, queued_at=1.7e9 + number)
    writer.change(
        name,
        status="ended",
        result="finished",
        started_at=1.7e9,
        ended_at=1.7e9 + POINTS / 7,
        seconds=POINTS / 7,
    )


def _value(metric: int, n: int, draw: object) -> float:
    if (metric, n) == (3, SPIKE):
        return 1e6
    if (metric, n) == (4, NAN):
        return math.nan
    noise = draw(0, 0.1)  # type: ignore[operator]
    return float(1 + metric + 3 * math.exp(-4 * n / POINTS) + noise)


def _copy(db: sqlite3.Connection, run: str, by: float) -> None:
    columns = [row[1] for row in db.execute("PRAGMA table_info(metrics)") if row[1] not in ("id", "run")]
    names = ", ".join(columns)
    for (old,) in db.execute("SELECT id FROM metrics WHERE run='run-1' ORDER BY id").fetchall():
        new = db.execute(
            f"INSERT INTO metrics (run, {names}) SELECT ?, {names} FROM metrics WHERE id=?", (run, old)
        ).lastrowid
        db.execute(
            "INSERT INTO points (metric, n, step, value, epoch, at, seq)"
            " SELECT ?, n, step, value * ?, epoch, at, seq FROM points WHERE metric=? ORDER BY n", (new, by, old),
        )  # fmt: skip
        db.execute(
            "INSERT INTO envelopes (metric, level, bucket, step_from, step_to, min, max, first, last, count, nonfinite)"
            " SELECT ?1, level, bucket, step_from, step_to, min * ?2, max * ?2, first * ?2, last * ?2, count, nonfinite"
            " FROM envelopes WHERE metric=?3 ORDER BY level, bucket", (new, by, old),
        )  # fmt: skip
        db.execute(
            "UPDATE metrics SET first=first*?1, last=last*?1, min=min*?1, max=max*?1 WHERE id=?2", (by, new)
        )
