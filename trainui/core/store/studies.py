"""Studies in runs.db: what was written down, what their runs tell, and where their gates stand.

In `readings` a study keeps its journal: in which order it took in what its runs had written. Told again in that
order, its judge stands where it stood.
"""

from __future__ import annotations

import heapq
import math
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING

from trainui.core.gates import Point, State, Verdict
from trainui.core.run import Result, Status
from trainui.core.store.lineage import lineage
from trainui.core.store.readings import write_reading
from trainui.core.store.subjects import PREFIX, REPLACED, subject_of
from trainui.core.store.verdicts import write_gates

if TYPE_CHECKING:
    from trainui.core.gates import Gate
    from trainui.core.store.readings import Reading

POINTS = "points"


@dataclass(frozen=True, kw_only=True, slots=True)
class Member:
    """A run, as far as studies look at runs."""

    id: int
    run: str
    job: str
    status: Status
    result: Result | None
    exit_code: int | None
    seconds: float
    started_boot: float | None
    has_begun: bool
    """Whether it was more than a wish: only what was stopped while it was queued was not."""
    step: float | None
    epoch: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """A study as it was written down."""

    name: str
    text: str
    digest: str
    source: str
    status: str


class StudyWriter:
    """Studies, for the manager."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def all(self) -> list[Kept]:
        """Every study that was ever written down here; none that came out of an archive."""
        rows = self._db.execute(
            "SELECT name, text, digest, source, status FROM studies WHERE status != 'imported' ORDER BY rowid"
        )
        return [Kept(**dict(row)) for row in rows.fetchall()]

    def life(self) -> tuple[int, int]:
        """A stamp that changes whenever a run comes or ends: (runs that have ended, the newest run's number)."""
        row = self._db.execute(
            "SELECT (SELECT count(*) FROM runs WHERE status='ended'), (SELECT coalesce(max(id), 0) FROM runs)"
        ).fetchone()
        return int(row[0]), int(row[1])

    def members(self) -> list[Member]:
        """Every run, oldest first."""
        rows = self._db.execute(
            "SELECT id, name, job, status, result, exit_code, seconds, started_boot, step, epoch,"
            " coalesce(was_launched OR imported != '' OR started_at IS NOT NULL OR exit_code IS NOT NULL"
            " OR result != 'stopped', 0) AS has_begun FROM runs ORDER BY id"
        ).fetchall()
        return [
            Member(
                id=row["id"],
                run=row["name"],
                job=row["job"],
                status=Status(row["status"]),
                result=Result(row["result"]) if row["result"] else None,
                exit_code=row["exit_code"],
                seconds=row["seconds"],
                started_boot=row["started_boot"],
                has_begun=bool(row["has_begun"]),
                step=row["step"],
                epoch=row["epoch"],
            )
            for row in rows
        ]

    def keep(
        self, name: str, text: str, digest: str, source: str, gates: Sequence[Gate], at: float
    ) -> list[str]:
        """Write a study and its gates down; the ids of gates that were edited. Call inside a transaction.

        What had been written before stays, under the id and the beginning of its digest.
        """
        subject = subject_of(name)
        rows = self._db.execute("SELECT gate, digest FROM gates WHERE run=?", (subject,)).fetchall()
        digests = {gate.id: gate.digest for gate in gates}
        edited = []
        for row in rows:
            if REPLACED not in row["gate"] and digests.get(row["gate"]) != row["digest"]:
                edited.append(row["gate"])
                old = f"{row['gate']}{REPLACED}{row['digest'][:8]}"
                for table in ("gates", "verdicts", "actions", "answers"):
                    self._db.execute(f"DELETE FROM {table} WHERE run=? AND gate=?", (subject, old))  # noqa: S608
                    self._db.execute(
                        f"UPDATE {table} SET gate=? WHERE run=? AND gate=?",  # noqa: S608
                        (old, subject, row["gate"]),
                    )
        write_gates(self._db, subject, gates)
        for place, gate in enumerate(gates):
            self._db.execute("UPDATE gates SET place=? WHERE run=? AND gate=?", (place, subject, gate.id))
        self._db.execute(
            "INSERT INTO studies (name, text, digest, source, status, at) VALUES (?1, ?2, ?3, ?4, 'open', ?5) ON"
            " CONFLICT (name) DO UPDATE SET text=?2, digest=?3, source=?4, status=replace(status, 'imported', 'open')",
            (name, text, digest, source, at),
        )
        return edited

    def set_status(self, name: str, status: str) -> None:
        """`open`, or `over` while nothing of it is live or waits. Call inside a transaction."""
        self._db.execute("UPDATE studies SET status=? WHERE name=?", (status, name))

    def note(self, study: str, reading: Reading) -> None:
        """Keep what the judge of a study is about to be told. Call inside a transaction.

        More points of the run that told the last ones lengthen that line: a lone run of a million points is one.
        """
        subject = subject_of(study)
        last = self._db.execute(
            "SELECT id, kind, name, text FROM readings WHERE run=? ORDER BY id DESC LIMIT 1", (subject,)
        ).fetchone()
        line = reading.kind, reading.name, reading.text
        if reading.kind == POINTS and last is not None and (last["kind"], last["name"], last["text"]) == line:
            self._db.execute(
                "UPDATE readings SET seq=?, at=? WHERE id=?", (reading.seq, reading.at, last["id"])
            )
        else:
            write_reading(self._db, subject, reading)

    def newest_verdict(self, run: str) -> int:
        """The number of the newest move of a run's gates; 0 before the first."""
        row = self._db.execute("SELECT coalesce(max(id), 0) FROM verdicts WHERE run=?", (run,)).fetchone()
        return int(row[0])

    def begun(self, study: str) -> dict[str, str]:
        """Alias → the run that it means, by the study's journal."""
        rows = self._db.execute(
            "SELECT text, name FROM readings WHERE run=? AND kind='began' ORDER BY id", (subject_of(study),)
        ).fetchall()
        return {row["text"]: row["name"] for row in rows}

    def verdicts_of(self, run: str, *, after: int, until: int = 2**62) -> list[tuple[int, Verdict]]:
        """(number, verdict) of every move of a run's gates, in order."""
        rows = self._db.execute(
            "SELECT id, gate, verdict, value, reason, step, epoch, at, label, low, high FROM verdicts"
            " WHERE run=? AND id>? AND id<=? ORDER BY id",
            (run, after, until),
        ).fetchall()
        return [
            (
                row["id"],
                Verdict(
                    gate=row["gate"],
                    state=State(row["verdict"]),
                    value=row["value"],
                    reason=row["reason"],
                    step=row["step"],
                    epoch=row["epoch"],
                    at=row["at"],
                    label=row["label"],
                    interval=None if row["low"] is None else (row["low"], row["high"]),
                ),
            )
            for row in rows
        ]

    def states(self, study: str) -> dict[str, str]:
        """Gate → where it stands over the study; less those that were edited."""
        rows = self._db.execute(
            "SELECT gate, verdict FROM gates WHERE run=? AND instr(gate, ?)=0", (subject_of(study), REPLACED)
        )
        return {row["gate"]: row["verdict"] for row in rows}

    def waiting(self) -> frozenset[str]:
        """Studies of which a verdict may still want something done, since nothing was noted beside it."""
        rows = self._db.execute(
            "SELECT DISTINCT substr(run, ?) FROM verdicts WHERE run LIKE ? AND verdict NOT IN ('ok', 'pending')"
            " AND NOT EXISTS (SELECT 1 FROM actions WHERE actions.run=verdicts.run AND actions.gate=verdicts.gate"
            " AND actions.verdict=verdicts.id AND actions.is_done)",
            (len(PREFIX) + 1, PREFIX + "%"),
        )
        return frozenset(row[0] for row in rows)


class Points:
    """The points of one run that a study has not heard of yet, in the order the run wrote them."""

    def __init__(self, db: sqlite3.Connection, run: str) -> None:
        self._db = db
        self._run = run
        self._next: dict[str, tuple[int, int]] = {}
        """Metric → (its row, the number of its next point)."""

    @property
    def has_begun(self) -> bool:
        """Whether any point was read."""
        return bool(self._next)

    def newest(self, names: Collection[str]) -> int | None:
        """The number of the newest point of the metrics `names` that was not read yet; None when there is none."""
        numbers = []
        for name, metric in self._metrics(names):
            begun = self._next.get(name, (metric, 0))[1]
            row = self._db.execute(
                "SELECT seq FROM points WHERE metric=? AND n>=? ORDER BY n DESC LIMIT 1", (metric, begun)
            ).fetchone()
            numbers += [int(row["seq"])] if row is not None else []
        return max(numbers, default=None)

    def new(self, names: Collection[str], *, until: int = 2**62) -> list[tuple[int, Point]]:
        """(number in the run, point) of what is new of the metrics `names`, up to number `until`."""
        found: list[list[tuple[int, Point]]] = []
        for name, metric in self._metrics(names):
            begun = self._next.get(name, (metric, 0))[1]
            rows = self._db.execute(
                "SELECT seq, step, value, epoch, at FROM points WHERE metric=? AND n>=? AND seq<=? ORDER BY n",
                (metric, begun, until),
            ).fetchall()
            if rows:
                self._next[name] = metric, begun + len(rows)
            found.append(
                [
                    (
                        row["seq"],
                        Point(
                            metric=name,
                            step=row["step"],
                            value=math.nan if row["value"] is None else row["value"],
                            epoch=row["epoch"],
                            at=row["at"],
                        ),
                    )
                    for row in rows
                ]
            )
        return list(heapq.merge(*found, key=itemgetter(0)))

    def has_moved(self, names: Collection[str]) -> bool:
        """Whether a metric that was read comes from a better source now: then all of it must be told again."""
        return any(name in self._next and self._next[name][0] != row for name, row in self._metrics(names))

    def _metrics(self, names: Collection[str]) -> Iterator[tuple[str, int]]:
        rows = self._db.execute(
            "SELECT name, id FROM metrics WHERE run=? AND points>0 ORDER BY rank DESC, id DESC", (self._run,)
        ).fetchall()
        best = {row["name"]: row["id"] for row in rows}
        return ((name, best[name]) for name in sorted(best) if name in names)


def first_step(db: sqlite3.Connection, run: str) -> float | None:
    """The step of the first point a run wrote; None before it."""
    row = db.execute(
        "SELECT points.step FROM metrics JOIN points ON points.metric = metrics.id"
        " WHERE metrics.run=? AND points.n=0 ORDER BY points.seq LIMIT 1",
        (run,),
    ).fetchone()
    return None if row is None else float(row["step"])


def points_before(db: sqlite3.Connection, run: str, names: Collection[str]) -> list[Point]:
    """What the line of a run had written before the run took over, the oldest first; nothing of what it did anew."""
    until = first_step(db, run)
    parts: list[list[Point]] = []
    for row in lineage(db, run)[1:]:
        if until is None:
            break
        mine = [point for _, point in Points(db, row["name"]).new(names) if point.step < until]
        parts.append(mine)
        begun = first_step(db, row["name"])
        until = until if begun is None else min(until, begun)
    return [point for part in reversed(parts) for point in part]
