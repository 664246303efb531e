"""What there is much of in an archive, written before the runs it is of: in short transactions, and nobody sees it.

The points belong to metrics that have no row yet, what was used to runs that are none. Until the rows of the runs are
written, one row that is of no run keeps the numbers of the metrics from everybody else; where an import was killed, it
tells the next what to clear away.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import IO, TypeVar

from trainui.core.store.lines import NONSENSE, PointTaker, RowTaker, UnreadableError, decoded
from trainui.core.store.schema import atomic

Kind = TypeVar("Kind")

SUBJECT = ".landing/"
"""What stands where other rows name their run begins with; no run can be called so."""
_BEYOND = ".landing0"
HOLD = 0.3
"""Seconds after which a transaction ends, and of transactions after which there is a gap: a manager that has something
to commit waits for two of them at most."""
GAP = 0.1
"""Seconds between two: who waits for a lock looks again as often as that."""
MOST = 10_000_000
"""Metrics of one archive."""
PIECE = 50_000
"""Points that are deleted at once."""


@dataclass(frozen=True, slots=True)
class Landed:
    """What was written of one run."""

    subject: str
    """What its rows in `usage` call it."""
    metrics: list[int]
    """The number of each of its metrics, in the order they were told."""
    points: int


class Landing:
    """Writes the points of one archive."""

    def __init__(self, db: sqlite3.Connection, metrics: int) -> None:
        """Keep numbers for so many `metrics`. Raises UnreadableError."""
        if not 0 <= metrics <= MOST:
            raise UnreadableError("it has more metrics than any run")
        self._db = db
        self._turns = Turns(db)
        self._runs = 0
        with atomic(db):
            self._next = 1 + int(db.execute("SELECT coalesce(max(id), 0) FROM metrics").fetchone()[0])
            self._end = self._next + metrics
            db.execute(
                "INSERT INTO metrics (id, run, name, source, rank) VALUES (?, ?, ?, '', 0)",
                (self._end, SUBJECT, str(self._next)),
            )

    def take(self, lines: Iterable[bytes], rest: IO[bytes]) -> Landed:
        """Write the points of one run and what it used; what else its `lines` tell goes to `rest`. Raises
        UnreadableError."""
        self._runs += 1
        subject, metrics = f"{SUBJECT}{self._runs}", list[int]()
        points, rows = PointTaker(self._db), RowTaker(self._db)

        def one(line: bytes) -> None:
            table, row = decoded(line)
            if table == "points":
                points.take(row)
                return
            if table == "usage":
                rows.insert(table, row | {"run": subject})
                return
            rest.write(line)
            if table == "metrics":
                points.begin(self._number(), int(row["points"]))
                metrics.append(self._next - 1)

        try:
            self._turns.each(lines, one)
            points.close()
        except UnreadableError:
            raise
        except NONSENSE as error:
            raise UnreadableError(f"a row makes no sense: {error}") from error
        return Landed(subject, metrics, points.points)

    def _number(self) -> int:
        if self._next == self._end:
            raise UnreadableError("it has more metrics than it says")
        self._next += 1
        return self._next - 1

    def give(self, landed: Landed, run: str) -> None:
        """What was written is of this run. Call in the transaction that writes it."""
        self._db.execute("UPDATE usage SET run=? WHERE run=?", (run, landed.subject))

    def release(self) -> None:
        """The rows of all its metrics are written. Call in the same transaction."""
        self._db.execute("DELETE FROM metrics WHERE id=? AND run=?", (self._end, SUBJECT))


def clear_landed(db: sqlite3.Connection) -> None:
    """Take away what imports left that came to no end. Nobody may be importing an archive."""
    for end, first in db.execute("SELECT id, name FROM metrics WHERE run=?", (SUBJECT,)).fetchall():
        Turns(db).each(_leftovers(db, int(first), end), lambda one: db.execute(*one))


def _leftovers(db: sqlite3.Connection, first: int, end: int) -> Iterator[tuple[str, tuple[object, ...]]]:
    """What deletes all that an import left whose metrics are `first` to before `end`, piece by piece."""
    yield "DELETE FROM usage WHERE run>=? AND run<?", (SUBJECT, _BEYOND)
    yield "DELETE FROM envelopes WHERE metric>=? AND metric<?", (first, end)
    yield "DELETE FROM segments WHERE metric>=? AND metric<?", (first, end)
    while row := db.execute(
        "SELECT metric, n FROM points WHERE metric>=? AND metric<? ORDER BY metric, n LIMIT 1", (first, end)
    ).fetchone():
        yield "DELETE FROM points WHERE metric=? AND n<?", (row[0], row[1] + PIECE)
    yield "DELETE FROM metrics WHERE id=?", (end,)


class Turns:
    """Does what is much in short transactions, with gaps in which others write."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._held = 0.0
        """Seconds since the last gap."""

    def each(self, all_of: Iterable[Kind], do: Callable[[Kind], object]) -> None:
        """Do something with each; all of it is committed in the end."""
        them = iter(all_of)
        todo = next(them, None)
        while todo is not None:
            begun, is_over = time.monotonic(), False
            with atomic(self._db):
                while todo is not None and not is_over:
                    do(todo)
                    todo, is_over = next(them, None), time.monotonic() >= begun + HOLD
            self._held += time.monotonic() - begun
            if self._held >= HOLD:
                time.sleep(GAP)
                self._held = 0.0
