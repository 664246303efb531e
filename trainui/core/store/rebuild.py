"""Writing a new runs.db from what run directories tell and what a damaged one still gives."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from trainui.core.gates import State
from trainui.core.ingest.discover import newest_copy
from trainui.core.run import Result, Status
from trainui.core.store.actions import ACTING_SINCE, DONE_BEFORE
from trainui.core.store.salvage import Row, Wreck
from trainui.core.store.segments import cut_anew

OF_A_RUN = (
    "metrics", "sources", "gates", "verdicts", "readings", "events", "checkpoints", "notes", "tags", "usage",
)  # fmt: skip
"""Tables with a `run` column that tell of one run; money and intents are kept apart."""

TOLD_BY_ITS_DIRECTORY = frozenset({
    "id", "name", "job", "status", "result", "cause", "spec", "project", "directory", "started_boot", "boot_id",
    "ended_at", "ended_boot", "seconds", "pid", "gpus", "step", "epoch", "total_steps", "total_epochs", "exit_code",
    "exit_signal", "waits_for", "stop_at", "was_launched",
})  # fmt: skip
"""Columns of a run that its directory knows better than a damaged file; all others are wishes, or exact times."""


def insert(db: sqlite3.Connection, table: str, row: Mapping[str, Any], *, keep_id: bool = False) -> int:
    """Insert the columns of `row` that `table` has; returns the new id. Call inside a transaction."""
    names = [name for name in _columns(db, table) if name in row and (keep_id or name != "id")]
    if not names:
        return 0
    marks = ", ".join("?" * len(names))
    cursor = db.execute(
        f"INSERT OR IGNORE INTO {table} ({', '.join(names)}) VALUES ({marks})",  # noqa: S608
        [row[name] for name in names],
    )
    return int(cursor.lastrowid or 0)


def copy_run(db: sqlite3.Connection, wreck: Wreck, row: Row) -> None:
    """Take a run over as the damaged file told it, with all that belongs to it. Call inside a transaction."""
    insert(db, "runs", row)
    for table in OF_A_RUN:
        for one in wreck.rows_of(table, "run", row["name"]) if _columns(db, table) else ():
            if table == "metrics":
                _insert_curve(db, wreck, one, wreck.rows_of("points", "metric", one["id"]))
            else:
                insert(db, table, one)


def restore_gone(db: sqlite3.Connection, wreck: Wreck, run: str, folder: Path) -> int:
    """Give a run the curves back whose files are gone and that were whole in the damaged file; returns how many.

    Call inside a transaction. A curve that was read again is left as it is.
    """
    gone = [
        row for row in wreck.rows_of("sources", "run", run) if not newest_copy(folder / row["path"]).exists()
    ]
    kinds, restored = {row["kind"] for row in gone}, 0
    known = {tuple(row) for row in db.execute("SELECT name, source FROM metrics WHERE run=?", (run,))}
    for row in wreck.rows_of("metrics", "run", run):
        if row["source"] not in kinds or (row["name"], row["source"]) in known:
            continue
        points = wreck.rows_of("points", "metric", row["id"])
        if len(points) == row["points"]:
            _insert_curve(db, wreck, row, points)
            restored += 1
    for row in gone if restored else ():
        db.execute("DELETE FROM sources WHERE run=? AND path=?", (run, row["path"]))
        insert(db, "sources", row)
    return restored


def _insert_curve(db: sqlite3.Connection, wreck: Wreck, metric: Row, points: Sequence[Row]) -> None:
    place = insert(db, "metrics", metric)
    for one in points:
        insert(db, "points", one | {"metric": place})
    for one in wreck.rows_of("envelopes", "metric", metric["id"]):
        insert(db, "envelopes", one | {"metric": place})
    cut_anew(db, place)  # an older file has no segments


def restore_run(db: sqlite3.Connection, row: Row, *, is_same_end: bool) -> None:
    """Give a run that was read from its directory back what only the damaged file knows.

    Everything when both say that it ended the same way (`is_same_end`), else wishes and exact times only.
    """
    kept = {"id", "name", "directory"} if is_same_end else TOLD_BY_ITS_DIRECTORY
    names = [name for name in _columns(db, "runs") if name in row and name not in kept]
    change = ", ".join(f"{name}=?" for name in names)
    db.execute(f"UPDATE runs SET {change} WHERE name=?", [*(row[name] for name in names), row["name"]])  # noqa: S608


def restore_gate(db: sqlite3.Connection, row: Row) -> None:
    """Give a gate back what was done about it; a meter's gate also its verdict, which no file of the run tells."""
    db.execute(
        "UPDATE gates SET verdict=:verdict, value=:value, reason=:reason, step=:step, epoch=:epoch, at=:at"
        " WHERE run=:run AND gate=:gate AND digest=:digest AND metric LIKE '@%'",
        row,
    )
    db.execute(
        "UPDATE gates SET action=:action, would_save_seconds=:would_save_seconds, at=:at"
        " WHERE run=:run AND gate=:gate AND digest=:digest AND verdict=:verdict",
        row,
    )


def forget_run(db: sqlite3.Connection, name: str) -> None:
    """Take a run out again that could not be read to its end. Call inside a transaction."""
    for table in ("points", "envelopes", "segments"):
        db.execute(
            f"DELETE FROM {table} WHERE metric IN (SELECT id FROM metrics WHERE run=?)",  # noqa: S608
            (name,),
        )
    for table in OF_A_RUN:
        if _columns(db, table):
            db.execute(f"DELETE FROM {table} WHERE run=?", (name,))  # noqa: S608
    db.execute("DELETE FROM runs WHERE name=?", (name,))


def replace_events(db: sqlite3.Connection, salvaged: Sequence[Row]) -> None:
    """Put the events that were saved in the place of those told again, all in the order of their time."""
    told = {str(row["run"]) for row in salvaged}
    events = [dict(row) for row in db.execute("SELECT at, run, kind, text FROM events ORDER BY id")]
    events = [*salvaged, *(event for event in events if event["run"] not in told)]
    db.execute("DELETE FROM events")
    for event in sorted(events, key=lambda one: float(one["at"])):
        insert(db, "events", event)


def run_names(db: sqlite3.Connection) -> set[str]:
    """The runs there are."""
    return {str(row[0]) for row in db.execute("SELECT name FROM runs")}


def without_environment(db: sqlite3.Connection) -> list[Row]:
    """The rows of runs that have not ended and of which no intent keeps the environment."""
    rows = db.execute(
        "SELECT * FROM runs WHERE status != 'ended' AND name NOT IN"
        " (SELECT run FROM intents WHERE verb='start' AND json_extract(payload, '$.env') IS NOT NULL) ORDER BY id"
    )
    return [dict(row) for row in rows]


def keep_environment(db: sqlite3.Connection, run: Row, env: Mapping[str, str]) -> None:
    """Write the intent again that a run came from, as done, with its environment. Call inside a transaction."""
    payload = {
        key: run[key] for key in ("job", "study", "spec", "project", "parent", "priority", "retried_for")
    }
    payload |= {"armed": bool(run["armed"]), "env": dict(env)}
    db.execute("DELETE FROM intents WHERE verb='start' AND run=?", (run["name"],))
    intent = {"verb": "start", "run": run["name"], "payload": json.dumps(payload), "outcome": "queued"}
    insert(db, "intents", intent | {"created_at": run["queued_at"], "done_at": run["queued_at"]})


def act_from_here(db: sqlite3.Connection) -> None:
    """What the verdicts there are asked for was done in the file before. Call inside a transaction."""
    db.execute(
        "INSERT OR REPLACE INTO facts SELECT ?, CAST(coalesce(max(id), 0) AS TEXT) FROM verdicts",
        (ACTING_SINCE,),
    )


def remember_deeds(db: sqlite3.Connection, wreck: Wreck, subjects: Collection[str]) -> None:
    """Keep what was done about these runs and studies, as far as it can be read: their gates will come to the same
    again, and it is not to be done twice. Call inside a transaction."""
    row = db.execute("SELECT value FROM facts WHERE name=?", (DONE_BEFORE,)).fetchone()
    kept = {tuple(one[:4]): one for one in (json.loads(row[0]) if row else ())}
    for subject in subjects:
        reached = {one["id"]: one for one in wreck.rows_of("verdicts", "run", subject)}
        for one in wreck.rows_of("actions", "run", subject):
            verdict = reached.get(one["verdict"])
            if one["is_done"] and verdict and _is_sound_deed(one, verdict):
                key = subject, one["gate"], one["action"], verdict["verdict"]
                kept[key] = [*key, verdict["step"], verdict["epoch"], verdict["at"], one["at"]]
    told = json.dumps([one for one in kept.values() if one[0] in subjects])
    db.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (DONE_BEFORE, told))


def _is_sound_deed(action: Row, verdict: Row) -> bool:
    texts = (action["gate"], action["action"], verdict["verdict"])
    numbers = (verdict["at"], action["at"], verdict["step"] or 0, verdict["epoch"] or 0)
    is_known = verdict["verdict"] in tuple(State)
    return is_known and all(isinstance(one, str) for one in texts) and _are_numbers(numbers)


def _are_numbers(values: Iterable[object]) -> bool:
    return all(isinstance(one, int | float) for one in values)


def finish(db: sqlite3.Connection) -> None:
    """Everything into the one file, durably: it is about to be renamed."""
    db.execute("PRAGMA synchronous=FULL")
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    db.close()


def is_sound_run(row: Row) -> bool:
    """Whether a row of `runs` from a damaged file can be what was written."""
    try:
        return (
            bool(row["name"])
            and Status(row["status"]) is not None
            and (row["result"] is None or Result(row["result"]) is not None)
            and isinstance(json.loads(row["spec"]), dict)
            and isinstance(json.loads(row["gpus"]), list)
            and Path(row["directory"]).name == row["name"]
            and float(row["queued_at"]) > 0
        )
    except (TypeError, ValueError, KeyError):
        return False


def is_sound_intent(row: Row) -> bool:
    """Whether an intent from a damaged file can be carried out."""
    try:
        payload = json.loads(row["payload"])
        is_whole = isinstance(payload, dict) and isinstance(row["run"], str) and float(row["created_at"]) > 0
        return is_whole and (row["verb"] != "start" or {"job", "study", "spec", "project"} <= payload.keys())
    except (TypeError, ValueError, KeyError):
        return False


def _columns(db: sqlite3.Connection, table: str) -> list[str]:
    return [str(row["name"]) for row in db.execute(f"PRAGMA table_info({table})")]
