"""Runs and studies of runs.db as lines of an archive: every row that belongs to one, every point exactly.

A line is (table, row). Numbers that JSON cannot say are the strings inf and -inf; NaN is null, as in SQLite. Points
come in chunks, a list per column, after the line of their metric. Envelopes and segments are made anew when they are
read back; rows say `run` of nobody, and numbers of their own only where others point at them.
"""

from __future__ import annotations

import hashlib
import json
import math
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from trainui.core.store.money import CORRECTION, RUN
from trainui.core.store.schema import connect
from trainui.core.store.subjects import subject_of

Line = tuple[str, dict[str, Any]]

CHUNK = 4096
"""Points in one line."""
COLUMNS = ("step", "value", "epoch", "at", "seq")
"""Columns of a point, in the order they are written."""
OF_A_SUBJECT = ("gates", "verdicts", "readings", "actions", "answers", "events")
"""Tables with rows of runs and of `study:NAME`, in an order in which verdicts come before what was done about them."""
OF_A_RUN = (*OF_A_SUBJECT, "sources", "checkpoints", "notes", "tags", "usage")
MARK = "zip:"
"""What `imported` of a run begins with that came out of an archive; then its identity."""

_IDENTITY = ("name", "job", "queued_at", "started_at", "ended_at", "seconds", "spec")


class Chunk(NamedTuple):
    """Neighbouring points of one metric of one source, in the order written; None among the values was NaN."""

    metric: str
    source: str
    n: int
    """The number of its first point."""
    step: Sequence[float]
    value: Sequence[float | None]
    epoch: Sequence[float | None]
    at: Sequence[float]
    """Unix seconds."""
    is_whole: bool
    """Whether every step of the metric, in this chunk or another, is a whole number."""

    @property
    def whole_steps(self) -> Sequence[int]:
        """For those who know no other steps: as they are, or the numbers of the points where some are not whole."""
        return list(map(int, self.step)) if self.is_whole else range(self.n, self.n + len(self.step))


class Row(NamedTuple):
    """What a run told at once; None among the values was NaN."""

    step: float
    epoch: float | None
    at: float
    values: dict[str, float | None]


class Packer:
    """Eyes on one runs.db that see whole runs. Safe to use from one thread at a time."""

    def __init__(self, path: Path) -> None:
        """Raises StoreError."""
        self._db = connect(path, reading=True)

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    @contextmanager
    def one_look(self) -> Iterator[None]:
        """Everything read in the block is of one moment."""
        self._db.execute("BEGIN")
        try:
            yield
        finally:
            self._db.execute("COMMIT")

    def schema(self) -> int:
        """How many schema steps the file has."""
        return int(self._db.execute("PRAGMA user_version").fetchone()[0])

    def chunks(self, run: str) -> Iterator[Chunk]:
        """Every point of a run's curves, metric by metric, each from its most structured source."""
        for row in self._curves(run):
            is_whole, n = self._is_whole(row["id"]), 0
            for part in self._parts(row["id"]):
                step, value, epoch, at, _ = zip(*part, strict=True)
                yield Chunk(row["name"], row["source"], n, step, value, epoch, at, is_whole)
                n += len(step)

    def rows(self, run: str) -> Iterator[Row]:
        """The points of a run's curves in the order they were written, those that were told together as one."""
        names = {row["id"]: row["name"] for row in self._curves(run)}
        marks = ", ".join("?" * len(names))
        points = self._db.execute(
            f"SELECT metric, step, value, epoch, at FROM points WHERE metric IN ({marks}) ORDER BY seq",  # noqa: S608
            tuple(names),
        )
        points.row_factory = None
        told: Row | None = None
        for metric, step, value, epoch, at in points:
            name = names[metric]
            if told is None or told[:3] != (step, epoch, at) or name in told.values:
                if told is not None:
                    yield told
                told = Row(step, epoch, at, {})
            told.values[name] = value
        if told is not None:
            yield told

    def has_whole_steps(self, run: str) -> bool:
        """Whether every step of its curves is a whole number."""
        return all(self._is_whole(row["id"]) for row in self._curves(run))

    def _curves(self, run: str) -> list[sqlite3.Row]:
        best: dict[str, sqlite3.Row] = {}
        for row in self._db.execute(
            "SELECT id, name, source FROM metrics WHERE run=? AND points > 0 ORDER BY rank, id", (run,)
        ):
            best.setdefault(row["name"], row)
        return list(best.values())

    def _is_whole(self, metric: int) -> bool:
        row = self._db.execute(
            "SELECT EXISTS (SELECT 1 FROM points WHERE metric=? AND step != CAST(step AS INTEGER))", (metric,)
        ).fetchone()
        return not row[0]

    def identity_of(self, run: str) -> str:
        """What tells a run from every other, in whatever project it lies; one out of an archive keeps its own."""
        row = self._db.execute("SELECT * FROM runs WHERE name=?", (run,)).fetchone()
        if str(row["imported"]).startswith(MARK):
            return str(row["imported"]).removeprefix(MARK)
        told = json.dumps([row[name] for name in _IDENTITY]).encode()
        return hashlib.sha256(told).hexdigest()

    def packed_run(self, run: str) -> Iterator[Line]:
        """The lines of one run, its own row first. Call in `one_look`."""
        row = dict(self._db.execute("SELECT * FROM runs WHERE name=?", (run,)).fetchone())
        yield "runs", _plain(row, without=("id", "place", "imported"))
        for metric in self._db.execute("SELECT * FROM metrics WHERE run=? ORDER BY id", (run,)).fetchall():
            yield "metrics", _plain(dict(metric), without=("id", "run"))
            yield from self._points(metric["id"])
        for table in OF_A_RUN:
            yield from self._rows(table, run)
        yield from self._money(run)

    def packed_study(self, study: str) -> Iterator[Line]:
        """The lines of what was judged across the runs of a study; none where nothing was. Call in `one_look`."""
        row = self._db.execute("SELECT * FROM studies WHERE name=?", (study,)).fetchone()
        if row is not None:
            yield "studies", _plain(dict(row))
        for table in OF_A_SUBJECT:
            yield from self._rows(table, subject_of(study))

    def packed_leases(self, run: str) -> list[dict[str, Any]]:
        """The leases that a run was charged on, as they are written down. Call in `one_look`."""
        rows = self._db.execute(
            "SELECT * FROM leases WHERE id IN (SELECT lease FROM ledger WHERE run=?) ORDER BY id", (run,)
        )
        return [_plain(dict(row)) for row in rows]

    def _rows(self, table: str, subject: str) -> Iterator[Line]:
        keys = ("run",) if table == "verdicts" else ("id", "run")
        order = "at" if table in ("tags", "usage") else "rowid"
        rows = self._db.execute(f"SELECT * FROM {table} WHERE run=? ORDER BY {order}", (subject,))  # noqa: S608
        for row in rows:
            yield table, _plain(dict(row), without=keys)

    def _points(self, metric: int) -> Iterator[Line]:
        for part in self._parts(metric):
            columns = zip(COLUMNS, zip(*part, strict=True), strict=True)
            yield "points", {name: [_number(one) for one in values] for name, values in columns}

    def _parts(self, metric: int) -> Iterator[list[tuple[Any, ...]]]:
        """The points of a metric, CHUNK at a time."""
        rows = self._db.execute(
            f"SELECT {', '.join(COLUMNS)} FROM points WHERE metric=? ORDER BY n",  # noqa: S608
            (metric,),
        )
        rows.row_factory = None
        while part := rows.fetchmany(CHUNK):
            yield part

    def _money(self, run: str) -> Iterator[Line]:
        """The lines that a run was charged by, and as one more what accrued since the last of them."""
        for row in self._db.execute(
            "SELECT * FROM ledger WHERE run=? AND kind IN (?, ?) ORDER BY id", (run, RUN, CORRECTION)
        ):
            yield "ledger", _plain(dict(row), without=("id", "run", "boot_id", "lease"))
        micro, gpu_ms = (self._accrued_of(run, fact) for fact in ("accrued", "accrued_gpu_ms"))
        if micro or gpu_ms:
            ended = self._db.execute("SELECT ended_at FROM runs WHERE name=?", (run,)).fetchone()[0]
            yield "ledger", {
                "at": ended or 0.0, "kind": RUN, "machine": "", "micro_usd": micro, "gpu_ms": gpu_ms,
                "from_boot": 0.0, "to_boot": 0.0, "text": "accrued when it was packed",
            }  # fmt: skip

    def _accrued_of(self, run: str, fact: str) -> int:
        row = self._db.execute("SELECT value FROM facts WHERE name=?", (fact,)).fetchone()
        return int(json.loads(row["value"]).get(run, 0)) if row else 0


def _plain(row: dict[str, Any], without: tuple[str, ...] = ()) -> dict[str, Any]:
    return {name: _number(value) for name, value in row.items() if name not in without}


def _number(value: Any) -> Any:
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value
