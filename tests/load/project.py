"""A project for load: jobs that write down what they did, so that the store can be held to it."""

from __future__ import annotations

import json
import os
import sqlite3
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import Cockpit

BRIEF = """\
import json, os, signal, sys, time
name, seconds = os.environ["TRAINUI_RUN"], float(sys.argv[2])
how = ["exit 0", "exit 1", "exit 3", "signal SIGKILL", "exit 0", "exit 77", "signal SIGTERM"]
how = how[int(name.rpartition("-")[2]) % len(how)]
oracle = open(os.path.join("oracle", name), "a")  # appended: a second copy of a run would show
print(os.getpid(), file=oracle, flush=True)
metrics = open(os.environ["TRAINUI_METRICS"], "a")
for step in range(5):
    metrics.write(json.dumps({"step": step, "loss": 1 / (step + 1)}) + "\\n"); metrics.flush()
    time.sleep(seconds / 5)
print(how, file=oracle, flush=True)
kind, which = how.split()
if kind == "signal":
    os.kill(os.getpid(), getattr(signal, which)); time.sleep(60)
sys.exit(int(which))
"""
"""Short, and it ends in one of seven ways."""

FLOOD = """\
import os, sys, time
rate, seconds = float(sys.argv[2]), float(sys.argv[4])
out = os.open(os.environ["TRAINUI_METRICS"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
start, step = time.monotonic(), 0
while (now := time.monotonic() - start) < seconds:
    while step < rate * now:
        os.write(out, b'{"step": %d, "time": %.3f, "loss": %d}\\n' % (step, time.time(), step % 97))
        step += 1
    time.sleep(0.01)
open(os.path.join("oracle", os.environ["TRAINUI_RUN"]), "w").write(str(step))
"""
"""So many lines a second, a write each, as a loop that flushes does."""

SPECS = {
    "brief": '[params]\nseconds = 1.0\n[metrics]\nprimary = "loss"\ngoal = "min"\n',
    "flood": '[params]\nrate = 1000.0\nseconds = 120.0\n[metrics]\nprimary = "loss"\ngoal = "min"\n',
}


def make_project(folder: Path, *, slots: int) -> Cockpit:
    """A project with the jobs `brief` and `flood`."""
    (folder / "jobs").mkdir(parents=True)
    (folder / "oracle").mkdir()
    for name, source in (("brief", BRIEF), ("flood", FLOOD)):
        (folder / f"{name}.py").write_text(source)
        command = json.dumps([sys.executable, "-S", f"{name}.py"])
        spec = f'[job]\nname = "{name}"\ncommand = {command}\n{SPECS[name]}'
        (folder / "jobs" / f"{name}.toml").write_text(spec)
    (folder / "trainui.toml").write_text(f"[queue]\nslots = {slots}\n")
    return Cockpit(folder)


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """What the store says of a run, beside what the run says of itself."""

    run: str
    result: str
    cause: str
    rows: int
    lines: int
    is_in_order: bool
    oracle: tuple[str, ...]


def tell(cockpit: Cockpit) -> list[Told]:
    """Every run of the project, in the order they were queued."""
    db = sqlite3.connect(cockpit.db)
    told = []
    for name, result, cause, folder in db.execute(
        "SELECT name, result, cause, directory FROM runs ORDER BY queued_at, name"
    ):
        steps = [row[0] for row in db.execute(
            "SELECT p.step FROM points p JOIN metrics m ON m.id = p.metric WHERE m.run = ? ORDER BY p.n", (name,)
        )]  # fmt: skip
        log = Path(folder) / "metrics.jsonl"
        oracle = cockpit.project / "oracle" / name
        told.append(
            Told(
                run=name,
                result=result,
                cause=cause,
                rows=len(steps),
                lines=log.read_bytes().count(b"\n") if log.exists() else 0,
                is_in_order=steps == list(range(len(steps))),
                oracle=tuple(oracle.read_text().split("\n")[:-1] or [oracle.read_text()])
                if oracle.exists()
                else (),
            )
        )
    db.close()
    return told


def cpu_seconds(pid: int) -> float:
    """Seconds of a core a process has used; 0 when it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
