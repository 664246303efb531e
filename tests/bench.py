"""`make bench`: what things cost on this machine, beside peers in the same run. A table, no verdicts.

python -m tests.bench              everything
python -m tests.bench ingest open  only these
"""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import select
import signal
import sqlite3
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from trainui.core.engines.local import LocalEngine, Phase
from trainui.core.gates import Judge, Point, parse_gates
from trainui.core.process.identity import boot_id
from trainui.core.process.order import Allowance, Order
from trainui.core.store.read import Reader
from trainui.core.store.runs import RunWriter
from trainui.core.store.schema import atomic, connect
from trainui.core.store.streams import StoredPoint, StreamWriter
from trainui.core.watching import Watch

ROOT = Path(__file__).parent.parent
LINES = 150_000
SPEC = '{"job":{"name":"bench","command":["true"]},"metrics":{"primary":"train/loss","goal":"min"}}'
BARE_APP = (
    "from textual.app import App\nfrom textual.widgets import Static\n"
    "class Bare(App):\n    def compose(self): yield Static('first frame')\nBare().run()\n"
)

Row = tuple[str, str, str]


def clock(work: Callable[[], object]) -> float:
    """Seconds `work` takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _run(folder: Path, db: sqlite3.Connection):
    """A run that was taken in and never started, for the watch to read."""
    runs = RunWriter(db)
    payload = {"job": "bench", "study": "bench", "spec": SPEC, "project": str(folder)}
    (folder / "runs" / "bench-1").mkdir(parents=True)
    with atomic(db):
        return runs.add("bench-1", payload, directory=folder / "runs" / "bench-1", queued_at=0.0)


def ingest(folder: Path) -> Iterator[Row]:
    """A file of JSON lines to committed points with envelopes and offset; beside it a bare loop and TensorBoard."""
    db = connect(folder / "runs.db")
    run = _run(folder, db)
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
            writer.add_points(
                run,
                "jsonl",
                (
                    StoredPoint(metric="m", step=n, value=float(n % 97), epoch=None, at=0.0)
                    for n in range(points)
                ),
            )
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


def launching(folder: Path) -> Iterator[Row]:
    """One run through keeper and guard, and what the pair weighs."""
    engine = LocalEngine()

    def order(number: int, *argv: str) -> Order:
        run_dir = folder / "runs" / f"l-{number}"
        run_dir.mkdir(parents=True)
        return Order(
            run=f"l-{number}", argv=argv, cwd=str(folder), env=dict(os.environ), run_dir=str(run_dir),
            db=str(folder / "none.db"), project=str(folder), python=sys.executable, manager_argv=("true",),
        )  # fmt: skip

    allowance = Allowance(until=None, boot_id=boot_id())

    def once(number: int) -> None:
        one = order(number, "true")
        engine.submit(one, allowance)
        while engine.poll(Path(one.run_dir)).phase is not Phase.EXITED:
            time.sleep(0.002)

    taken = sorted(clock(lambda number=number: once(number)) for number in range(10))
    bare = sorted(clock(lambda: subprocess.run(["true"], check=True)) for _ in range(10))
    yield "launch, run `true`, know its exit", f"{taken[5] * 1000:.0f} ms", f"{taken[5] / bare[5]:.0f} x bare"
    one = order(99, "sleep", "60")
    engine.submit(one, allowance)
    while engine.poll(Path(one.run_dir)).phase is not Phase.RUNNING:
        time.sleep(0.01)
    for role in ("keeper", "guard"):
        pid = json.loads((Path(one.run_dir) / f"{role}.json").read_text())["pid"]
        pss = re.search(r"Pss:\s+(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text())
        yield f"memory of a {role}", f"{int(pss[1]) / 1024:.1f} MiB PSS" if pss else "–", "–"
    engine.stop(Path(one.run_dir), reason="bench", signal="SIGTERM", grace_seconds=1, now=True)


def first_frame(argv: list[str], sign: str, cwd: Path) -> float:
    """Seconds until a program in an 80x24 terminal shows `sign`."""
    start = time.perf_counter()
    pid, terminal = pty.fork()
    if pid == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        os.chdir(cwd)
        os.environ["TERM"] = "xterm-256color"
        os.execvp(argv[0], argv)
    seen = b""
    try:
        while sign.encode() not in seen and time.perf_counter() - start < 30:
            if select.select([terminal], [], [], 0.05)[0]:
                seen += os.read(terminal, 65536)
        return time.perf_counter() - start
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(terminal)


def starting(folder: Path) -> Iterator[Row]:
    """From the command to something to read."""
    (folder / "jobs").mkdir(exist_ok=True)
    connect(folder / "runs.db").close()
    (folder / "bare.py").write_text(BARE_APP)
    trainui = str(Path(sys.executable).with_name("trainui"))
    bare = min(first_frame([sys.executable, "bare.py"], "first frame", folder) for _ in range(3))
    ours = min(first_frame([trainui], "no runs yet", folder) for _ in range(3))
    yield "first frame of a bare Textual app", f"{bare:.2f} s", "1"
    yield "first useful frame of the dashboard", f"{ours:.2f} s", f"{ours / bare:.2f}"
    listing = min(
        clock(lambda: subprocess.run([trainui, "ls"], cwd=folder, capture_output=True, check=True))
        for _ in range(3)
    )
    bare_python = min(clock(lambda: subprocess.run([sys.executable, "-c", ""], check=True)) for _ in range(3))
    yield "trainui ls", f"{listing:.2f} s", f"{listing / bare_python:.0f} x python"


SECTIONS = {"ingest": ingest, "open": opening, "judge": judging, "launch": launching, "start": starting}


def main(wanted: list[str]) -> None:
    """Print the table."""
    print(f"{os.cpu_count()} cores, Python {sys.version.split()[0]}, {time.strftime('%F')}\n")
    print("| what | measured | ratio |\n|---|---|---|")
    for name, section in SECTIONS.items():
        if wanted and name not in wanted:
            continue
        with tempfile.TemporaryDirectory() as folder:
            for what, measured, ratio in section(Path(folder)):
                print(f"| {what} | {measured} | {ratio} |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
