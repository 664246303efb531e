"""From the command to something to read: beside a bare Textual app, and with a million points beside W&B LEET."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.bench.eyes import Eyes
from tests.bench.measure import Row, children, clock, cpu_seconds, pss
from tests.bench.rivals import ROOT
from tests.bench.store import fill
from trainui.core.store.schema import connect

TRAINUI = str(Path(sys.executable).with_name("trainui"))
PEERS = ROOT / ".venv-bench" / "bin"
SMALL = (80, 24)
BARE_APP = (
    "from textual.app import App\nfrom textual.widgets import Static\n"
    "class Bare(App):\n    def compose(self): yield Static('first frame')\nBare().run()\n"
)
POINTS = 1_000_000
TIMES = 5
PATIENCE = 180.0
"""Seconds that a program may take to draw."""

LEET = """
import json, struct, sys, zlib
from wandb.proto import wandb_internal_pb2 as pb
BLOCK, HEAD = 32768, 7
FULL, FIRST, MIDDLE, LAST = 1, 2, 3, 4
out = open(sys.argv[1], "wb")
out.write(struct.pack("<4sHB", b":W&B", 0xBEE1, 0))
at = 7
def chunk(data, kind):
    global at
    crc = zlib.crc32(data, zlib.crc32(bytes([kind])))
    out.write(struct.pack("<IHB", crc, len(data), kind) + data)
    at += HEAD + len(data)
def keep(record):
    global at
    data, kind = record.SerializeToString(), FULL
    while True:
        room = BLOCK - at % BLOCK
        if room < HEAD:
            out.write(bytes(room)); at += room
            continue
        piece = data[: room - HEAD]
        data = data[len(piece):]
        chunk(piece, {(True, False): FULL, (True, True): FIRST, (False, True): MIDDLE, (False, False): LAST}[kind == FULL, bool(data)])
        kind = MIDDLE
        if not data:
            return
number = 0
def record():
    global number
    number += 1
    one = pb.Record(); one.num = number
    return one
first = record()
first.run.run_id, first.run.project, first.run.display_name = "one", "bench", "one"
first.run.start_time.GetCurrentTime()
keep(first)
for line in sys.stdin:
    step, value = line.split()
    one = record()
    for name, told in (("_step", step), ("m", value)):
        item = one.history.item.add()
        item.nested_key.append(name)
        item.key = name
        item.value_json = told
    one.history.step.num = int(step)
    keep(one)
last = record()
last.exit.exit_code = 0
keep(last)
out.close()
"""
"""Writes (step, value) lines as a .wandb file: W&B's own messages in LevelDB's log format, as its client does."""


def starting(folder: Path) -> Iterator[Row]:
    """First useful frame, of an empty project and of one with runs, beside a bare Textual app of the same version."""
    (folder / "jobs").mkdir(exist_ok=True)
    connect(folder / "runs.db").close()
    (folder / "bare.py").write_text(BARE_APP)
    bare, ours = [], []
    for _ in range(TIMES):  # in turn: what else the machine does meets both
        bare.append(first_frame([sys.executable, "bare.py"], "first frame", folder))
        ours.append(first_frame([TRAINUI], "no runs yet", folder))
    yield "first frame of a bare Textual app", f"{min(bare):.3f} s", "1"
    yield (
        "first useful frame of the dashboard, no runs yet",
        f"{min(ours):.3f} s",
        f"{min(ours) / min(bare):.2f}",
    )
    listing = min(
        clock(lambda: subprocess.run([TRAINUI, "ls"], cwd=folder, capture_output=True, check=True))
        for _ in range(3)
    )
    bare_python = min(clock(lambda: subprocess.run([sys.executable, "-c", ""], check=True)) for _ in range(3))
    yield "trainui ls", f"{listing:.2f} s", f"{listing / bare_python:.0f} x python"


def first_frame(argv: list[str], sign: str, cwd: Path) -> float:
    """Seconds until a program in an 80x24 terminal shows `sign`."""
    with Eyes(argv, cwd=cwd, size=SMALL) as seen:
        return seen.shows(sign)


def a_million(folder: Path) -> Iterator[Row]:
    """A million points: from the command to the curve, beside LEET on the same numbers; what both cost then."""
    (folder / "jobs").mkdir(exist_ok=True)
    fill(folder / "runs.db", POINTS)
    ours, rest = _opened([TRAINUI], _is_drawn, folder)
    yield "a million points: from the command to the curve", f"{ours:.2f} s", "1"
    yield "  then at rest", rest, "–"
    if not (PEERS / "wandb").exists():
        yield "  W&B LEET", "not installed", "–"
        return
    log = folder / "wandb" / "offline-run-20260101_000000-one" / "run-one.wandb"
    log.parent.mkdir(parents=True)
    db = connect(folder / "runs.db")
    rows = db.execute("SELECT step, value FROM points ORDER BY n")
    told = "".join(f"{step} {value!r}\n" for step, value in rows)
    db.close()
    subprocess.run([str(PEERS / "python"), "-c", LEET, str(log)], input=told, text=True, check=True)
    try:
        theirs, rest = _opened([str(PEERS / "wandb"), "beta", "leet", str(log)], _has_read_all, folder)
    except TimeoutError as error:
        yield "  W&B LEET", f"no curve in {PATIENCE:.0f} s: {' '.join(str(error).split())[:80]}", "–"
        return
    yield "  W&B LEET: the same points, all of them read", f"{theirs:.2f} s", f"{theirs / ours:.1f}"
    yield "  then at rest", rest, "–"


def _is_drawn(seen: Eyes) -> bool:
    """The chart has its axis and its curve."""
    return "x step" in seen.text and any("⠀" < letter <= "⣿" for letter in seen.text)


def _has_read_all(seen: Eyes) -> bool:
    """LEET has come to the record that ends the run."""
    return "State: Finished" in seen.text


def _opened(argv: list[str], fact: Callable[[Eyes], object], cwd: Path) -> tuple[float, str]:
    """(seconds from the command until the fact, what the program costs at rest after that in words)."""
    with Eyes(argv, cwd=cwd, size=(120, 36), env={"PYTHONPATH": os.environ.get("PYTHONPATH", "")}) as seen:
        taken = seen.until(fact, PATIENCE) - seen.begun
        seen.rest(3.0)  # what opening it cost is past
        pids = tree(seen.process.pid)
        before, begun = sum(map(cpu_seconds, pids)), time.perf_counter()
        sent = seen.rest(10.0)
        share = 100 * (sum(map(cpu_seconds, pids)) - before) / (time.perf_counter() - begun)
        return taken, f"{sent:.0f} B/s, {share:.1f} % of a core, {sum(map(pss, pids)):.0f} MiB"


def tree(pid: int) -> list[int]:
    """A process and all below it."""
    return [pid, *(one for child in children(pid) for one in tree(child))]
