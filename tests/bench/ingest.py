"""What it costs to take points in: time beside other trackers, and memory."""

from __future__ import annotations

import json
import random
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.bench.measure import Row, clock
from tests.bench.rivals import RIVALS, points_per_second
from trainui.core.store.read import Reader
from trainui.core.store.runs import RunRow, RunWriter
from trainui.core.store.schema import atomic, connect
from trainui.core.store.streams import StreamWriter
from trainui.core.watching import Watch

POINTS = 300_000
TURNS = 3
METRICS = ("train/loss", "train/acc", "lr")
SPEC = '{"job":{"name":"bench","command":["true"]},"metrics":{"primary":"train/loss","goal":"min"}}'

WIRE = '{"step": %d, "time": %r, "metrics": {%s}}\n'
"""What trainui.log writes."""
BY_HAND = '{"step": %d, "seconds": %r, %s}\n'
"""What a script of any other origin writes."""

GIGABYTE = 1 << 30
PEAK = """
import resource, sys
from pathlib import Path
from tests.bench.ingest import taken_in
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
seconds = taken_in(Path(sys.argv[1]))
print(before, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, seconds)
"""


def add_run(folder: Path, db: sqlite3.Connection, name: str = "bench-1") -> RunRow:
    """A run that was taken in and never started, for the watch to read."""
    payload = {"job": "bench", "study": "bench", "spec": SPEC, "project": str(folder)}
    (folder / "runs" / name).mkdir(parents=True, exist_ok=True)
    with atomic(db):
        return RunWriter(db).add(name, payload, directory=folder / "runs" / name, queued_at=0.0)


def taken_in(folder: Path, name: str = "bench-1") -> float:
    """Seconds from a file that is there to its points, envelopes and offset committed."""
    db = connect(folder / "runs.db")
    watch = Watch(db, add_run(folder, db, name), StreamWriter(db))
    seconds = clock(lambda: watch.read(now=1.7e9, final=True))
    db.close()
    return seconds


def write_log(
    path: Path, names: tuple[str, ...], *, lines: int = sys.maxsize, size: int = sys.maxsize, form: str = WIRE
) -> int:
    """JSON lines until there are so many lines or bytes; how many lines."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draw = random.Random(7).random
    with path.open("w") as file:
        step = 0
        while step < lines and file.tell() < size:
            piece = []
            for step in range(step + 1, min(step + 10_000, lines) + 1):  # noqa: B020
                metrics = ", ".join(f'"{name}": {draw()}' for name in names)
                piece.append(form % (step, 1.7e9 + step, metrics))
            file.writelines(piece)
    return step


def ingest(folder: Path) -> Iterator[Row]:
    """A file of JSON lines to committed points with envelopes and offset; beside it a bare loop and other trackers."""
    for number, names in enumerate((METRICS[:1], METRICS), 1):
        name = f"bench-{number}"
        log = folder / "runs" / name / "metrics.jsonl"
        lines = write_log(log, names, lines=POINTS // len(names))
        seconds = []
        for turn in range(
            TURNS
        ):  # the machine may be doing something else too: the best turn is what it costs
            place = folder / f"{name}-{turn}"
            shutil.copytree(log.parent, place / "runs" / name)
            seconds.append(taken_in(place, name))
            assert {one.points for one in Reader(place / "runs.db").metrics(name)} == {lines}
        ours = POINTS / min(seconds)
        yield f"ingest to committed points, {len(names)} to a JSON line", f"{ours:,.0f} points/s", "1"
        floor = POINTS / min(
            clock(lambda log=log, db=folder / f"bare-{number}-{turn}.db": _bare(log, db))
            for turn in range(TURNS)
        )
        yield "  bare json.loads and executemany", f"{floor:,.0f} points/s", f"{ours / floor:.2f}"
        for nth, what in enumerate(RIVALS):
            turns = [
                points_per_second(what, names, folder / f"rival-{number}-{nth}-{turn}")
                for turn in range(TURNS)
            ]
            theirs = [one for one in turns if one is not None]
            if theirs:
                yield (
                    f"  {what}, {len(names)} a step",
                    f"{max(theirs):,.0f} points/s",
                    f"{ours / max(theirs):.1f}",
                )
            else:
                yield f"  {what}", "not installed", "–"


def _bare(log: Path, db: Path) -> None:
    """The least a program in Python would do: no offset, no envelope, no index."""
    bare = sqlite3.connect(db)
    bare.execute("CREATE TABLE points (metric, step, value)")
    rows = []
    for line in log.open():
        told = json.loads(line)
        rows += [(name, told["step"], value) for name, value in told["metrics"].items()]
    bare.executemany("INSERT INTO points VALUES (?, ?, ?)", rows)
    bare.commit()
    bare.close()


def by_hand(folder: Path) -> Iterator[Row]:
    """The same of lines that a script writes by hand."""
    lines = write_log(
        folder / "runs" / "bench-1" / "metrics.jsonl", METRICS[:1], lines=POINTS // 2, form=BY_HAND
    )
    ours = lines * 2 / taken_in(folder)
    assert {one.points for one in Reader(folder / "runs.db").metrics("bench-1")} == {lines}
    yield "ingest to committed points, flat lines of two metrics", f"{ours:,.0f} points/s", "–"


def reading(folder: Path) -> Iterator[Row]:
    """What a gigabyte of JSON lines weighs while it is read, in a process of its own."""
    log = folder / "runs" / "bench-1" / "metrics.jsonl"
    lines = write_log(log, METRICS, size=GIGABYTE)
    done = subprocess.run(
        [sys.executable, "-c", PEAK, str(folder)], capture_output=True, text=True, check=True
    )
    before, peak, seconds = (float(word) for word in done.stdout.split())
    assert {one.points for one in Reader(folder / "runs.db").metrics("bench-1")} == {lines}
    yield (
        f"memory while a log of 1 GB is read ({lines * len(METRICS):,} points, {seconds:.0f} s)",
        f"{peak / 1024:.0f} MiB RSS at most",
        f"{before / 1024:.0f} MiB before",
    )
    size = sum(path.stat().st_size for path in folder.glob("runs.db*"))
    yield "  bytes in runs.db for each of its bytes", f"{size / log.stat().st_size:.2f}", "–"
