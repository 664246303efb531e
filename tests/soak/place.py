"""A project to soak in: jobs that write three metrics, some values not finite, and keep a checksum of all of it."""

from __future__ import annotations

import json
import math
import sqlite3
import struct
import sys
import zlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import Cockpit

JOB = """\
import json, math, os, random, struct, sys, time, zlib
rate, seconds = float(sys.argv[2]), float(sys.argv[4])
name = os.environ["TRAINUI_RUN"]
dice = random.Random(name)
sums = {}
out = open(os.environ["TRAINUI_METRICS"], "a", buffering=1)
start, step = time.monotonic(), 0
while (now := time.monotonic() - start) < seconds:
    while step < rate * now:
        told = {"loss": 3 / (step + 1) ** 0.3 + dice.gauss(0, 0.02), "lr": 3e-4 * math.exp(-step / 1e5)}
        if step % 20 == 0:
            told["val/mae"] = 80 + 500 / (1 + step / 200) + dice.gauss(0, 2)
        if step % 997 == 996:
            told["loss"] = dice.choice((math.nan, math.inf, -math.inf))
        out.write(json.dumps({"step": step, **told}) + "\\n")
        for metric, value in told.items():
            count, crc = sums.get(metric, (0, 0))
            sums[metric] = (count + 1, zlib.crc32(struct.pack("<qd", step, value), crc))
        if step % 50 == 0:
            print(f"step {step} of many, loss {told['loss']:.4f}", flush=True)
        step += 1
    time.sleep(0.05)
with open(os.path.join("oracle", name), "w") as file:
    json.dump(sums, file)
"""
"""Writes as a training loop does: a line a step, flushed, and now and then a line for people."""

SOURCE = "jsonl"
"""What the jobs print is recognised too, and kept apart from this."""
SPEC = """\
[job]
name = "soak"
study = "soak"
command = {command}

[params]
rate = 20.0
seconds = 3600.0

[metrics]
primary = "val/mae"
goal = "min"

[[gate]]
id = "mae-100"
quote = "Below a hundred?"
role = "criterion"
test = "value"
left = "best(val/mae)"
op = "<"
right = 100

[[gate]]
id = "loss-finite"
quote = "A loss that is not a number is worth a look"
role = "flag"
test = "finite"
metrics = ["loss"]
"""


def make_project(folder: Path, *, slots: int) -> Cockpit:
    """A project with the job `soak`, and a machine that is paid for."""
    (folder / "jobs").mkdir(parents=True)
    (folder / "oracle").mkdir()
    (folder / "soak.py").write_text(JOB)
    command = json.dumps([sys.executable, "-S", "soak.py"])
    (folder / "jobs" / "soak.toml").write_text(SPEC.format(command=command))
    (folder / "trainui.toml").write_text(f"[queue]\nslots = {slots}\n")
    return Cockpit(folder)


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """What the store holds, beside what the jobs wrote."""

    points: int
    written: int
    wrong: tuple[str, ...]
    """One sentence for each curve that is not what its job wrote, and each run that ended in another way."""
    events: dict[str, int]
    """Kind → how many."""


def hold_to_oracle(cockpit: Cockpit) -> Held:
    """Every curve of every run beside the count and the checksum that its job kept."""
    db = sqlite3.connect(cockpit.db)
    points, written, wrong = 0, 0, list[str]()
    runs = db.execute("SELECT name, result FROM runs ORDER BY name").fetchall()
    for name, result in runs:
        kept = cockpit.project / "oracle" / name
        sums = json.loads(kept.read_text()) if kept.exists() else {}
        if result != "finished" or not sums:
            wrong.append(f"{name}: {result}, with {len(sums)} checksums")
        known = {row[0] for row in db.execute(
            "SELECT name FROM metrics WHERE run = ? AND source = ? AND points > 0", (name, SOURCE)
        )}  # fmt: skip
        wrong += [f"{name} {metric}: nobody wrote that" for metric in sorted(known - set(sums))]
        for metric, (count, crc) in sums.items():
            found = checksum(_points(db, name, metric))
            points, written = points + found[0], written + count
            if found != (count, crc):
                wrong.append(f"{name} {metric}: {count} written, {found[0]} stored, or not the same ones")
    events = Counter(row[0] for row in db.execute("SELECT kind FROM events"))
    wrong += _not_sane(db, [run for run, _ in runs])
    db.close()
    return Held(points=points, written=written, wrong=tuple(wrong), events=dict(sorted(events.items())))


def checksum(points: Iterable[tuple[float, float]]) -> tuple[int, int]:
    """(count, CRC) of steps and values in their order, to the last bit; every NaN is one NaN."""
    count = crc = 0
    for step, value in points:
        crc = zlib.crc32(struct.pack("<qd", int(step), value), crc)
        count += 1
    return count, crc


def _points(db: sqlite3.Connection, run: str, metric: str) -> Iterable[tuple[float, float]]:
    """Straight from the tables; SQLite keeps a NaN as NULL."""
    rows = db.execute(
        "SELECT p.step, p.value FROM points p JOIN metrics m ON m.id = p.metric"
        " WHERE m.run = ? AND m.name = ? AND m.source = ? ORDER BY p.n",
        (run, metric, SOURCE),
    )
    return ((step, math.nan if value is None else value) for step, value in rows)


def _not_sane(db: sqlite3.Connection, runs: Iterable[str]) -> list[str]:
    """Runs that did not go through their life once, in order."""
    wrong = []
    for run in runs:
        said = [row[0] for row in db.execute(
            "SELECT text FROM events WHERE run = ? AND kind = 'status' ORDER BY id", (run,)
        )]  # fmt: skip
        heads = [text.split(":")[0].split(",")[0].split(" ")[0] for text in said]
        if heads != ["queued", "starting", "running", "finished"]:
            wrong.append(f"{run}: {' → '.join(heads)}")
    return wrong
