"""What gates cost: a point judged, a million points judged again, and how soon a NaN stops an armed run."""

from __future__ import annotations

import json
import random
import statistics
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.bench.measure import Row, clock, milliseconds, wait_for
from tests.bench.place import project
from tests.conftest import Cockpit
from trainui.core.gates import Judge, Point, parse_gates

POINTS = 100_000
MANY = 1_000_000
METRICS = ("train/loss", "train/acc", "val/loss", "val/acc", "grad_norm")

NAN = """\
import json, os, signal, sys, time
def stop(*_):
    at = time.time()
    with open("heard.tmp", "w") as file:
        file.write(repr(at))
    os.rename("heard.tmp", "heard")
    sys.exit(0)
signal.signal(signal.SIGTERM, stop)
out = open(os.environ["TRAINUI_METRICS"], "a")
def say(**record):
    out.write(json.dumps(record) + "\\n"); out.flush()
say(step=0, loss=1.0)
while not os.path.exists("now"):
    time.sleep(0.001)
say(step=1, loss=float("nan"))
wrote = time.time()
with open("wrote.tmp", "w") as file:
    file.write(repr(wrote))
os.rename("wrote.tmp", "wrote")
while True:
    time.sleep(60)
"""
"""A job whose loss is no number as soon as a file tells it so; it writes down when, and when it hears the signal."""
SPEC = """\
[job]
name = "nan"
command = {command}
arm = true

[[gate]]
id = "no-nan"
role = "flag"
test = "finite"
metrics = ["loss"]
k = 1
on.tripped = ["stop"]
"""


def value(left: str, op: str, right: object, role: str = "flag", **more: object) -> dict[str, object]:
    """The keys of a value gate."""
    return {"role": role, "test": "value", "left": left, "op": op, "right": right, **more}


def flag(test: str, **more: object) -> dict[str, object]:
    """The keys of a flag."""
    return {"role": "flag", "test": test, **more}


MIXED: tuple[Mapping[str, Any], ...] = (
    flag("finite", metrics=["train/loss", "val/loss"]),
    flag("finite", metrics=["grad_norm"], k=3),
    flag("finite", metrics=["train/acc", "val/acc"]),
    flag("spike", metric="train/loss"),
    flag("spike", metric="grad_norm", z=20, rel="300%", **{"for": 3}),
    flag("regress", metric="val/acc", by="8 points", **{"for": 2}),
    flag("regress", metric="val/loss", by="1.5x", window=5, **{"for": 10}),
    flag("regress", metric="train/loss", by="1.5x", ref="first"),
    flag("stall", metric="val/loss", min_delta="1%", window="8 epochs"),
    flag("stall", metric="val/acc", min_delta=0.1, window="10 epochs"),
    flag("stall", metric="train/loss", min_delta="0.5%", window="4 epochs"),
    flag("overfit", val="val/loss", train="train/loss", primary="val/acc", **{"for": 3}),
    flag("track", metric="val/acc", points=[[1, 10], [20, 60], [100, 80]], tol="15%", side="below"),
    flag("track", metric="val/loss", points=[[1, 3], [20, 1], [100, 0.5]], tol="25%", side="above"),
    value("median(train/loss, 3 epochs)", "outside", [0.683, 0.705]),
    value("distinct(val/acc, 4 epochs)", ">=", 2, when="from epoch 4"),
    value("last(train/loss)", "<", 20),
    value("max(grad_norm)", "<=", 1e6),
    value("mean(grad_norm, 100)", "<", 50),
    value("std(val/loss, 20)", "<", 1),
    value("median(val/loss, 5)", "<=", 20, minus="median(train/loss, 5)"),
    value("max(@epoch)", "<=", 1e6, role="budget"),
    value("best(val/acc)", ">", 99, role="criterion"),
    value("best(val/loss)", "<", 0.01, role="criterion"),
    value("best(train/acc)", ">=", 99.9, role="criterion"),
    value("drawdown(val/acc, epochs 1..10)", "<", 15, role="hypothesis", when="at epoch 10"),
    value("at(val/acc, epoch 10)", ">", 5, role="expect", when="at epoch 10"),
    value("first-epoch(val/acc < 1)", ">", 3, role="hypothesis"),
    {"role": "criterion", "test": "all", "of": ["g22", "!g5"]},
    {"role": "criterion", "test": "any", "of": ["g22", "g23"]},
)
FEW = (MIXED[0], MIXED[3], MIXED[23])


def gates(folder: Path) -> Iterator[Row]:
    """What judging costs, and how soon it acts."""
    some, few = _named(MIXED), _named(FEW)
    points = list(_run(POINTS))
    yield f"judge one point, {len(some)} mixed gates on 5 metrics", _each(some, points), "–"
    yield "  3 gates on 2 of them", _each(few, points), "–"
    for tables in (some, few):
        yield f"judge {MANY:,} points again, {len(tables)} gates", f"{_again(tables):.2f} s", "–"
    with project(folder / "project", slots=4) as cockpit:
        yield "a NaN written to the signal in the job", milliseconds(list(_nan_stops(cockpit, 20))), "–"


def _named(tables: tuple[Mapping[str, Any], ...]) -> list[dict[str, Any]]:
    numbers = {id(table): f"g{n}" for n, table in enumerate(MIXED)}
    return [{"id": numbers[id(table)], **table} for table in tables]


def _each(tables: list[dict[str, Any]], points: list[Point]) -> str:
    """The median of five goes, a fresh judge each."""

    def once() -> float:
        judge = Judge(parse_gates(tables))

        def feed() -> None:
            for point in points:
                judge.feed(point)

        return clock(feed) / len(points) * 1e6

    return f"{statistics.median(once() for _ in range(5)):.1f} µs"


def _again(tables: list[dict[str, Any]]) -> float:
    """Seconds for many points that lie ready, as on replay."""
    judge, points = Judge(parse_gates(tables)), list(_run(MANY))
    return clock(lambda: judge.feed_all(points))


def _run(count: int) -> Iterator[Point]:
    """A run whose every step logs five metrics: it learns, with noise, a hundred steps an epoch."""
    draw = random.Random(5).gauss
    for step in range(count // len(METRICS)):
        learnt = 1 - 1 / (1 + step / 500)
        values = (
            3 - 2.5 * learnt + draw(0, 0.05),
            80 * learnt + draw(0, 1),
            3.2 - 2.4 * learnt + draw(0, 0.05),
            75 * learnt + draw(0, 1),
            abs(3 + draw(0, 1)),
        )
        for metric, one in zip(METRICS, values, strict=True):
            yield Point(metric=metric, step=step, value=one, epoch=step / 100, at=1.7e9 + step)


def _nan_stops(cockpit: Cockpit, count: int) -> Iterator[float]:
    """Seconds from a NaN in the file to SIGTERM in the job, one armed run after the other."""
    (cockpit.project / "nan.py").write_text(NAN)
    command = json.dumps([sys.executable, "-S", "nan.py"])
    (cockpit.project / "jobs" / "nan.toml").write_text(SPEC.replace("{command}", command))
    draw = random.Random(1).uniform
    for _ in range(count):
        for name in ("now", "wrote", "heard"):
            (cockpit.project / name).unlink(missing_ok=True)
        (run,) = cockpit.client.start_all(["nan"])
        reader = cockpit.reader()
        wait_for(lambda run=run, reader=reader: reader.run(run).status == "running")
        wait_for(lambda run=run, reader=reader: reader.run(run).step is not None)
        time.sleep(draw(1, 2))  # anywhere between two looks of the manager
        (cockpit.project / "now").touch()
        wait_for((cockpit.project / "heard").exists)
        yield float((cockpit.project / "heard").read_text()) - float((cockpit.project / "wrote").read_text())
        wait_for(lambda run=run, reader=reader: reader.run(run).status == "ended")
        reader.close()
