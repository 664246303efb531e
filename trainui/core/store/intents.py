"""What a front end may write: intents, notes, tags and when it last looked. Works with no manager alive.

An intent is committed with synchronous=FULL before anyone says "queued"; the manager carries it out.
"""

from __future__ import annotations

import contextlib
import json
import re
import sqlite3
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from msgspec import Struct

from trainui.core.store.remarks import write_tags
from trainui.core.store.schema import atomic, cannot_be_used, connect

REFUSED = "no: "
"""What the outcome of an intent begins with when it could not be done."""


class Intent(Struct, frozen=True, kw_only=True):
    """What a user wants: `start`, `stop`, `answer`… of a run."""

    id: int
    verb: str
    run: str
    payload: Mapping[str, Any]
    created_at: float


class Desk:
    """A front end's way to write into runs.db."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._db = connect(path, durable=True)
        self._runs = path.parent / "runs"

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def start(self, job: str, payload: Mapping[str, Any]) -> str:
        """Queue a run of `job` and return its name, which no run ever had. Raises StoreError."""
        return self.start_all([{**payload, "job": job}])[0]

    def start_all(self, payloads: Sequence[Mapping[str, Any]]) -> list[str]:
        """Queue a run of the `job` of each, or none of them; their names, in order. Raises StoreError."""
        made: list[str] = []
        try:
            with self._writing():
                for payload in payloads:
                    made.append(queue_start(self._db, self._runs, payload["job"], payload))
        except BaseException:
            for name in made:  # a name without a run would stay taken for ever
                with contextlib.suppress(OSError):
                    (self._runs / name).rmdir()
            raise
        return made

    def add(self, verb: str, run: str, payload: Mapping[str, Any] | None = None) -> int:
        """Ask for `verb` on a run; returns the intent's id."""
        with self._writing():
            return _insert(self._db, verb, run, payload or {})

    def outcome(self, intent: int) -> str | None:
        """What came of an intent; None while nobody took it."""
        row = self._db.execute("SELECT done_at, outcome FROM intents WHERE id=?", (intent,)).fetchone()
        return None if row is None or row["done_at"] is None else str(row["outcome"])

    def note(self, run: str, text: str) -> None:
        """Keep a remark beside a run."""
        with self._writing():
            self._db.execute("INSERT INTO notes (at, run, text) VALUES (?, ?, ?)", (time.time(), run, text))

    def tag(self, run: str, give: Collection[str], take: Collection[str] = ()) -> list[str]:
        """Put tags on a run and take others away; what changed, as `+best` and `-old`."""
        with self._writing():
            return write_tags(self._db, run, give, take)

    def looked(self, viewer: str, at: float) -> None:
        """Remember that a person has seen the list of runs."""
        with self._writing():
            self._db.execute("INSERT OR REPLACE INTO looks VALUES (?, ?)", (viewer, at))

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """All of the block is written durably, or nothing. Raises StoreError in one sentence."""
        try:
            with atomic(self._db):
                yield
        except sqlite3.Error as error:
            raise cannot_be_used(self._path, str(error)) from error
        except OSError as error:
            raise cannot_be_used(Path(error.filename or self._path), error.strerror or str(error)) from error


def queue_start(db: sqlite3.Connection, folder: Path, job: str, payload: Mapping[str, Any]) -> str:
    """Queue a run of `job`, its directory in `folder`, and return its name. Call inside a transaction."""
    name = f"{job}-{next_number(db, folder, job)}"
    # the directory is ours from here on, also against another runs.db beside this one
    (folder / name).mkdir(mode=0o700, parents=True)
    try:
        _insert(db, "start", name, payload)
    except BaseException:
        (folder / name).rmdir()
        raise
    return name


def environment_of(db: sqlite3.Connection, run: str) -> dict[str, str] | None:
    """The environment of whoever asked for a run; None when that was not kept."""
    row = db.execute(
        "SELECT json_extract(payload, '$.env') FROM intents WHERE verb='start' AND run=?", (run,)
    ).fetchone()
    return json.loads(row[0]) if row and row[0] else None


def beginning_of(db: sqlite3.Connection, run: str) -> str | None:
    """The checkpoint a run was told to begin from, '' for none of them; None: the newest of its line."""
    row = db.execute(
        "SELECT json_extract(payload, '$.begins_from') FROM intents WHERE verb='start' AND run=?", (run,)
    ).fetchone()
    return None if row is None or row[0] is None else str(row[0])


def forget_environment(db: sqlite3.Connection, run: str) -> None:
    """Drop what `environment_of` tells. Call inside a transaction."""
    db.execute(
        "UPDATE intents SET payload=json_remove(payload, '$.env') WHERE verb='start' AND run=?", (run,)
    )


def coming(db: sqlite3.Connection) -> dict[str, str]:
    """Job → its newest run that was asked for and that nobody took in yet."""
    rows = db.execute(
        "SELECT json_extract(payload, '$.job'), run FROM intents WHERE verb='start' AND done_at IS NULL ORDER BY id"
    )
    return {row[0]: row[1] for row in rows}


def _insert(db: sqlite3.Connection, verb: str, run: str, payload: Mapping[str, Any]) -> int:
    cursor = db.execute(
        "INSERT INTO intents (verb, run, payload, created_at) VALUES (?, ?, ?, ?)",
        (verb, run, json.dumps(dict(payload)), time.time()),
    )
    return int(cursor.lastrowid or 0)


def next_number(db: sqlite3.Connection, folder: Path, job: str) -> int:
    """The number of the next run of `job`: higher than any a run, an intent or a directory in `folder` has."""
    taken = re.compile(re.escape(job) + r"-(\d+)")
    pattern = job.replace("_", "\\_").replace("%", "\\%") + "-%"
    rows = db.execute(
        "SELECT run FROM intents WHERE verb='start' AND run LIKE ? ESCAPE '\\' UNION "
        "SELECT name FROM runs WHERE name LIKE ? ESCAPE '\\'",
        (pattern, pattern),
    ).fetchall()
    names = [str(row[0]) for row in rows]
    if folder.is_dir():
        names.extend(entry.name for entry in folder.iterdir())
    return 1 + max((int(match[1]) for name in names if (match := taken.fullmatch(name))), default=0)


def open_intents(db: sqlite3.Connection) -> list[Intent]:
    """Intents nobody has carried out yet, oldest first."""
    rows = db.execute(
        "SELECT id, verb, run, payload, created_at FROM intents WHERE done_at IS NULL ORDER BY id"
    ).fetchall()
    return [
        Intent(
            id=row["id"],
            verb=row["verb"],
            run=row["run"],
            payload=json.loads(row["payload"]),
            created_at=row["created_at"],
        )
        for row in rows
    ]


def close_intent(db: sqlite3.Connection, intent: int, outcome: str, at: float) -> None:
    """Mark an intent as carried out. Call inside the transaction that did it."""
    db.execute("UPDATE intents SET done_at=?, outcome=? WHERE id=?", (at, outcome, intent))
