"""A run, its parent, its parent's parent: what the next of the line takes over from them."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

from trainui.core.store.views import Link

DEEPEST = 1000
"""Generations looked at."""


def lineage(db: sqlite3.Connection, name: str) -> list[sqlite3.Row]:
    """name, directory and retried_for of a run and all before it, the run itself first."""
    return db.execute(
        "WITH RECURSIVE line(name, depth) AS (SELECT ?, 0 UNION"
        " SELECT runs.parent, depth + 1 FROM line JOIN runs ON runs.name = line.name"
        " WHERE runs.parent IS NOT NULL AND depth < ?)"
        " SELECT runs.name, runs.directory, runs.retried_for FROM line JOIN runs ON runs.name = line.name"
        " ORDER BY depth",
        (name, DEEPEST),
    ).fetchall()


def chain(db: sqlite3.Connection, name: str, metric: str) -> list[Link]:
    """The runs of a lineage that wrote `metric`, the oldest first, and where each was followed by the next."""
    links: list[Link] = []
    until: float | None = None
    for run in lineage(db, name):
        row = db.execute(
            "SELECT points.step FROM points WHERE n=0 AND metric="
            "(SELECT id FROM metrics WHERE run=? AND name=? AND points > 0 ORDER BY rank, id LIMIT 1)",
            (run["name"], metric),
        ).fetchone()
        if row is not None:
            links.append(Link(run=run["name"], begun=row["step"], until=until))
            until = row["step"]
    return links[::-1]


def told_before(db: sqlite3.Connection, name: str, begun: float) -> list[tuple[str, float]]:
    """(run, step) of those a run goes on from whose points lie before its own first step `begun`, the oldest first:
    what each wrote before that step is the past of the run."""
    found: list[tuple[str, float]] = []
    until = begun
    for run in lineage(db, name)[1:]:
        found.append((run["name"], until))
        row = db.execute(
            "SELECT min(points.step) FROM metrics JOIN points ON points.metric = metrics.id"
            " WHERE metrics.run=? AND points.n=0",
            (run["name"],),
        ).fetchone()
        until = until if row[0] is None else min(until, row[0])
    return found[::-1]


def tries(db: sqlite3.Connection, name: str, kind: str) -> int:
    """How often a lineage was tried again by itself for one kind of cause."""
    return sum(row["retried_for"] == kind for row in lineage(db, name))


def newest_checkpoint(db: sqlite3.Connection, name: str) -> tuple[str, str] | None:
    """(absolute path, the run that saved it) of the newest checkpoint of a lineage that is still on disk.

    A run that died before it saved anything is followed by one that starts where its parent stood.
    """
    for run in lineage(db, name):
        saved = db.execute("SELECT path FROM checkpoints WHERE run=? ORDER BY id DESC", (run["name"],))
        for row in saved.fetchall():
            path = Path(run["directory"]) / row["path"]
            if path.exists():
                return str(path), run["name"]
    return None


def family_tries(db: sqlite3.Connection, name: str, kind: str) -> int:
    """How often any run of a family, from the first of the line on, was queued for `kind`."""
    root = lineage(db, name)[-1]["name"]
    row = db.execute(
        "WITH RECURSIVE children(name, parent, why) AS ("
        "   SELECT run, json_extract(payload, '$.parent'), json_extract(payload, '$.retried_for') FROM intents"
        "   WHERE verb='start' AND done_at IS NULL UNION SELECT name, parent, retried_for FROM runs),"
        " family(name, why) AS (SELECT ?, '' UNION"
        "   SELECT children.name, children.why FROM family JOIN children ON children.parent = family.name)"
        " SELECT count(*) FROM family WHERE why=?",
        (root, kind),
    ).fetchone()
    return int(row[0])


def launched_beside(db: sqlite3.Connection, name: str, gate: str) -> dict[str, str]:
    """`launch:JOB` → the run in which `gate` launched it: one that `name` goes on from, or where its study has the
    gate, any run of that."""
    line = [run["name"] for run in lineage(db, name)[1:]]
    rows = db.execute(
        "SELECT actions.action, actions.run FROM actions JOIN runs ON runs.name = actions.run"
        " WHERE actions.gate=?1 AND is_done AND actions.action LIKE 'launch:%' AND actions.run != ?2"
        " AND (actions.run IN (SELECT value FROM json_each(?3)) OR (runs.study="
        "   (SELECT study FROM runs WHERE name=?2) AND EXISTS"
        "   (SELECT 1 FROM gates WHERE gates.run='study:' || runs.study AND gates.gate=?1)))"
        " ORDER BY actions.id DESC",
        (gate, name, json.dumps(line)),
    )
    return {row["action"]: row["run"] for row in rows}


def beginning(db: sqlite3.Connection, name: str, how: str, primary: str, goal: str) -> str:
    """Where the next try of a run begins: `scratch` ('' then), its `last` checkpoint, or the one at its `best`."""
    if how == "scratch":
        return ""
    best = best_checkpoint(db, name, primary, goal) if how == "best" else ""
    newest = newest_checkpoint(db, name)
    return best or (newest[0] if newest else "")


def best_checkpoint(db: sqlite3.Connection, name: str, primary: str, goal: str) -> str:
    """The absolute path of the checkpoint a lineage saved at its best: one that says so, else the one whose own
    value is best, else the first at or after the best step of `primary`; '' when there is none."""
    for run in lineage(db, name):
        saved = _standing(db, run)
        named = [path for path, _row in saved if "best" in path.name.lower()]
        valued = [
            (row["value"], path)
            for path, row in saved
            if row["value"] is not None and row["metric"] == primary
        ]
        if named:
            return str(named[-1])
        if valued:
            return str((min if goal == "min" else max)(valued, key=lambda one: one[0])[1])
        row = db.execute(
            "SELECT min_step, max_step FROM metrics WHERE run=? AND name=? ORDER BY rank, id LIMIT 1",
            (run["name"], primary),
        ).fetchone()
        best = None if row is None else row["min_step" if goal == "min" else "max_step"]
        later = [path for path, one in saved if None not in (best, one["step"]) and one["step"] >= best]
        if later:
            return str(later[0])
    return ""


def checkpoint_before(db: sqlite3.Connection, name: str, step: float | None) -> tuple[str, float | None]:
    """(absolute path, step) of the newest checkpoint of a lineage saved before `step` (None: the newest) that
    was not overwritten since; ('', None) when there is none."""
    for run in lineage(db, name):
        for path, row in reversed(_standing(db, run)):
            if step is None or (row["step"] is not None and row["step"] < step):
                return str(path), row["step"]
    return "", None


def _standing(db: sqlite3.Connection, run: sqlite3.Row) -> list[tuple[Path, sqlite3.Row]]:
    """The checkpoints of a run that are still what they were when it told of them, oldest first."""
    rows = db.execute(
        "SELECT path, step, metric, value FROM checkpoints AS one WHERE run=? AND NOT EXISTS"
        " (SELECT 1 FROM checkpoints WHERE run=one.run AND path=one.path AND id > one.id) ORDER BY id",
        (run["name"],),
    ).fetchall()
    found = [(Path(run["directory"]) / row["path"], row) for row in rows]
    return [(path, row) for path, row in found if path.exists()]


def saved_by(db: sqlite3.Connection, name: str) -> str | None:
    """Absolute path of the newest checkpoint a run told of, whether it is still on disk or not."""
    row = db.execute(
        "SELECT runs.directory, checkpoints.path FROM checkpoints JOIN runs ON runs.name = checkpoints.run"
        " WHERE run=? ORDER BY checkpoints.id DESC LIMIT 1",
        (name,),
    ).fetchone()
    return None if row is None else str(Path(row["directory"]) / row["path"])


def learnt_gpu_memory(db: sqlite3.Connection, job: str, *, last: int = 5) -> int | None:
    """The most bytes of GPU memory the last runs of a job held; None when none has shown it."""
    row = db.execute(
        "SELECT max(peak_gpu_memory) FROM (SELECT peak_gpu_memory FROM runs WHERE job=? AND status='ended'"
        " AND result IN ('finished', 'stopped') AND peak_gpu_memory > 0 ORDER BY id DESC LIMIT ?)",
        (job, last),
    ).fetchone()
    return None if row[0] is None else int(row[0])
