"""Holds what trainui says against what is true. Reads SQLite, JSON and /proc; imports nothing of the product.

Each check yields one sentence per violation. What trainui may be late by, and why, is said where it is granted.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from tests.torture.booked import money
from tests.torture.scene import Scene
from tests.torture.truth import RunTruth, Truth, read

Row = Mapping[str, Any]


def violations(
    scene: Scene,
    *,
    slots: int,
    cap_micro: int | None = None,
    paid: Mapping[str, float] | None = None,
    asks_command_line: bool = True,
) -> list[str]:
    """Everything that is not as it was promised. `paid`: run → until when it ever was, boot seconds."""
    truth = read(scene.truth)
    db = sqlite3.connect(f"file:{scene.db}?mode=ro", uri=True)
    db.row_factory = sqlite3.Row
    with contextlib.closing(db):
        rows = {row["name"]: row for row in db.execute("SELECT * FROM runs ORDER BY id")}
        found = [
            *store(db, rows, truth),
            *(listing(scene, rows) if asks_command_line else ()),
            *remains(scene, truth),
            *tries(rows),
            *slots_held(truth, slots),
            *money(db, rows, truth, cap_micro=cap_micro, paid=paid or {}),
        ]
        for name, row in rows.items():
            run = truth.runs.get(name, RunTruth(name))
            told = [*life(db, row, run), *lines(db, scene, row, run)]
            if row["status"] == "ended":
                told += [*ending(row, run), *times(row, run)]
            found += [f"{name}: {said}" for said in told]
    return found


def store(db: sqlite3.Connection, rows: Mapping[str, Row], truth: Truth) -> Iterator[str]:
    """The file is whole, every promise was kept, no job ran that nobody knows of."""
    for row in db.execute("PRAGMA integrity_check"):
        if row[0] != "ok":
            yield f"runs.db is damaged: {row[0]}"
    for run in sorted(truth.acknowledged - rows.keys()):
        yield f"{run}: was acknowledged and is not there"
    for name, run in truth.runs.items():
        if run.starts and name not in rows:
            yield f"{name}: ran, and the store does not know it"
    for row in db.execute("SELECT id, verb, run FROM intents WHERE done_at IS NULL"):
        yield f"{row['run']}: nobody took intent {row['id']} ({row['verb']})"


def listing(scene: Scene, rows: Mapping[str, Row]) -> Iterator[str]:
    """What `ls --all --json` says is what the store holds."""
    done = subprocess.run(
        [sys.executable, "-m", "trainui", "ls", "--all", "--json"],
        cwd=scene.folder, capture_output=True, text=True, check=True,
    )  # fmt: skip
    said = {one["run"]: one for one in json.loads(done.stdout)}
    if said.keys() != rows.keys():
        yield f"ls tells of other runs than the store: {sorted(said.keys() ^ rows.keys())}"
    for name in said.keys() & rows.keys():
        for field in ("status", "result", "cause"):
            if said[name][field] != rows[name][field]:
                yield f"{name}: ls says {field} {said[name][field]!r}, the store {rows[name][field]!r}"


def remains(scene: Scene, truth: Truth) -> Iterator[str]:
    """Nothing runs any more: no pair, no manager, no process with a run's name, nobody a job started."""
    for name, pair in scene.pairs().items():
        yield f"{name}: its {' and '.join(pair) or 'pair'} still runs"
    for one in scene.managers():
        yield f"manager {one.pid} still runs"
    for one in scene.named():
        yield f"process {one.pid} still carries the name of a run"
    for run in truth.runs.values():
        for told in (*run.starts, *run.children):
            if any(one.pid == told["pid"] and one.is_alive() for one in run.processes):
                yield f"{run.run}: its {told.get('kind', 'first process')} {told['pid']} still runs"


def slots_held(truth: Truth, slots: int) -> Iterator[str]:
    """Never more jobs at once than there are slots, by the jobs' own clocks."""
    edges: list[tuple[float, int, str]] = []
    for run in truth.runs.values():
        life_ = run.certain_life
        if life_ and life_[0] < life_[1]:
            edges += [(life_[0], 1, run.run), (life_[1], -1, run.run)]
    live: set[str] = set()
    for _, step, run_name in sorted(edges):
        live.add(run_name) if step > 0 else live.discard(run_name)
        if len(live) > slots:
            yield f"{len(live)} jobs at once on {slots} slots: {', '.join(sorted(live))}"
            return


def tries(rows: Mapping[str, Row]) -> Iterator[str]:
    """Who died by a signal and whose spec says so is tried again, once, and the second is the last.

    Not one that was asked to stop, even if it died before it heard of that.
    """
    for name, row in rows.items():
        nexts = [one for one in rows.values() if one["parent"] == name and one["retried_for"]]
        is_due = row["job"] == "again" and row["result"] == "failed" and row["exit_signal"] is not None
        is_due = is_due and not row["stop_reason"]
        is_first = is_due and not _was_retried(rows, row)
        if len(nexts) != is_first:
            yield f"{name} ({row['result']}) was tried again {len(nexts)} times, not {int(is_first)}"


def _was_retried(rows: Mapping[str, Row], row: Row) -> bool:
    """Whether any of its line was: the limit is one in all."""
    while row["parent"]:
        if row["retried_for"]:
            return True
        row = rows[row["parent"]]
    return False


def life(db: sqlite3.Connection, row: Row, run: RunTruth) -> Iterator[str]:
    """It ended, ran once, and its events tell each turn once."""
    if row["status"] != "ended" or row["result"] is None:
        yield f"stands at {row['status']}, {row['result']}"
        return
    if len(run.starts) > 1:
        yield f"ran {len(run.starts)} times"
    said = [
        one["text"]
        for one in db.execute(
            "SELECT text FROM events WHERE run=? AND kind='status' ORDER BY id", (row["name"],)
        )
    ]
    if not said or not said[0].startswith("queued"):
        yield f"its story does not begin with queued: {said[:1]}"
    for turn in ("queued", "starting", "running, pid", "stopping"):
        if sum(text.startswith(turn) and text != "stopping: user, too" for text in said) > 1:
            yield f"its story tells {turn!r} twice: {said}"
    ends = [text for text in said if text.split(":")[0] in ("finished", "failed", "stopped", "lost")]
    if len(ends) != 1 or said[-1] != ends[0] or not ends[0].startswith(str(row["result"])):
        yield f"it ended as {row['result']} and its story says {said}"
    is_told = any(text.startswith(("running, pid", "stopping")) for text in said)
    if run.starts and not is_told and row["result"] != "lost":
        yield f"it ran, and its story does not say so: {said}"


def ending(row: Row, run: RunTruth) -> Iterator[str]:
    """The true exit code or signal; `lost` only when nobody could know it."""
    shown = (row["exit_code"], row["exit_signal"])
    true: set[tuple[int | None, str | None]] = set()
    if run.end:
        true.add((run.end["code"], run.end["signal"]))
    if run.killed.get("job"):
        true.add((None, "SIGKILL"))
    if run.is_stopped or row["cause"] == "budget":
        true |= {(None, "SIGKILL")} | (set() if run.end else {(None, "SIGTERM")})
    if row["result"] == "lost":
        if not run.may_be_lost:
            yield f"lost ({row['cause']}), though of its pair only these were killed: {run.killed}"
        if shown != (None, None):
            yield f"lost, and yet {shown}"
        return
    gave_up = str(row["cause"]).startswith(("could not start", f"{row['name']}: could not start"))
    if not run.starts and gave_up and max(run.killed.values(), default=0) >= 3:
        return
    if not run.starts and row["result"] == "stopped" and run.is_stopped | (row["cause"] == "budget"):
        return
    if shown not in true:
        yield f"{row['result']} ({row['cause']}) with {shown}; true is {sorted(true, key=str)}"
    if row["result"] == "finished" and shown != (0, None):
        yield f"finished with {shown}"
    if row["result"] == "failed" and shown == (0, None):
        yield "failed with exit 0"
    if row["result"] == "stopped" and not run.is_stopped and row["cause"] != "budget":
        yield f"stopped ({row['cause']}), and nobody asked"


def lines(db: sqlite3.Connection, scene: Scene, row: Row, run: RunTruth) -> Iterator[str]:
    """Points are the complete lines with a number, in order, once each; the streams were read to their ends."""
    streams = (
        ("metrics.jsonl", "n", "jsonl", "lines"),
        ("output.log", "printed", "console", "printed"),
        ("left.jsonl", "left/left", "jsonl", "printed"),
    )
    for path, metric, kind, told_as in streams:
        file = scene.folder / "runs" / row["name"] / path
        data = file.read_bytes() if file.exists() else b""
        count = sum(f'"{metric.rpartition("/")[2]}"'.encode() in line for line in data.splitlines() if line)
        told = (run.end or {}).get(told_as) if file.exists() else None
        if told is not None and told != count:
            yield f"{path} holds {count} lines, and it wrote {told}"
        points = db.execute(
            "SELECT points.step, points.value FROM points JOIN metrics ON metrics.id = points.metric"
            " WHERE metrics.run=? AND metrics.name=? AND metrics.source=? ORDER BY points.n",
            (row["name"], metric, kind),
        ).fetchall()
        if [(one[0], one[1]) for one in points] != [(n, n) for n in range(count)]:
            yield f"{path} holds {count} lines, and the store {len(points)} points or another order"
        for source in db.execute("SELECT * FROM sources WHERE run=? AND path=?", (row["name"], path)):
            if source["offset"] != len(data):
                yield f"{path} has {len(data)} bytes and was read to {source['offset']}"


def times(row: Row, run: RunTruth) -> Iterator[str]:
    """Its beginning and its end lie between what was certainly before and certainly after."""
    if not run.starts or row["started_boot"] is None:
        return
    forked, first = run.starts[0]["ticks"] / 100 - 0.01, run.starts[0]["boot"]
    if not forked <= row["started_boot"] <= first:
        yield f"began at {row['started_boot']}, and truly between {forked} and {first}"
    last = max(run.certain_life or (0.0,))
    if row["ended_boot"] is not None and row["ended_boot"] < last:
        yield f"ended at {row['ended_boot']}, and lived at {last}"
    if row["ended_boot"] is None:
        yield "ran, and nobody wrote when it ended"
    elif row["result"] != "lost" and run.gone is not None and row["ended_boot"] > run.gone + 0.01:
        yield f"ended at {row['ended_boot']}, and was gone at {run.gone}"
