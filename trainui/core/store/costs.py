"""What runs took: cost, GPU time and seconds over time, of a run with those it goes on from; what people decided."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from trainui.core.money.outlook import Mark, course, taken, thinned
from trainui.core.process.identity import boot_id, boot_seconds
from trainui.core.run import Result
from trainui.core.store.intents import REFUSED
from trainui.core.store.lineage import learnt_gpu_memory, lineage
from trainui.core.store.money import Ledger

if TYPE_CHECKING:
    from trainui.core.money.outlook import Row
    from trainui.core.store.views import RunView

MOST_PASTS = 40
"""Finished runs of a job that are looked at, the newest."""


class Past(Struct, frozen=True, kw_only=True):
    """What it took until a run had finished: its own and what the runs had taken that it goes on from."""

    run: str
    params: Mapping[str, Any]
    seconds: float
    micro: int
    gpu_ms: int


class Decision(Struct, frozen=True, kw_only=True):
    """What a person wanted of a run, or answered."""

    verb: str
    subject: str
    """A run, or `study:NAME`."""
    study: str
    job: str
    """'' for an answer to a study."""
    at: float
    """Unix seconds."""


class CostReader:
    """The part of a Reader that tells what runs took."""

    _db: sqlite3.Connection

    def line_of(self, run: str) -> list[str]:
        """The runs it goes on from, the oldest first, and the run itself."""
        return [row["name"] for row in lineage(self._db, run)][::-1] or [run]

    def course(self, view: RunView, *, now: float | None = None) -> tuple[Mark, ...]:
        """What a run and those it goes on from took, over Unix time, in as few marks as that needs; it never falls.

        A live run's goes to `now`. A correction counts as if its sum had been paid from the beginning: it changes
        what every moment of the run cost in one proportion.
        """
        marks: list[Mark] = []
        for name in self.line_of(view.run):
            base = marks[-1] if marks else Mark(at=0.0)
            own = (
                _of_live(self._db, view, now or time.time()) if name == view.run else _of_past(self._db, name)
            )
            marks += [
                replace(one, micro=base.micro + one.micro, gpu_ms=base.gpu_ms + one.gpu_ms,
                        seconds=base.seconds + one.seconds)
                for one in own
            ]  # fmt: skip
        return course(marks)

    def extremes(self, runs: Sequence[str], metric: str, goal: str) -> tuple[float | None, float | None]:
        """(the first finite value, the best) of a metric over a line of runs, the oldest first."""
        first: float | None = None
        bests: list[float] = []
        for run in runs:
            row = self._db.execute(
                "SELECT id, min, max FROM metrics WHERE run=? AND name=? AND points > 0 ORDER BY rank, id LIMIT 1",
                (run, metric),
            ).fetchone()
            if row is None:
                continue
            if first is None:
                begun = self._db.execute(
                    "SELECT value FROM points WHERE metric=? AND abs(value) < 9e999 ORDER BY n LIMIT 1",
                    (row["id"],),
                ).fetchone()
                first = None if begun is None else begun["value"]
            best = row["max" if goal == "max" else "min"]
            bests += [] if best is None else [best]
        return first, (max if goal == "max" else min)(bests, default=None)

    def pasts(self, job: str) -> list[Past]:
        """What the finished runs of a job took, the newest first; none that were imported."""
        rows = self._db.execute(
            "SELECT name, json_extract(spec, '$.params') AS params FROM runs WHERE job=? AND status='ended'"
            " AND result=? AND imported='' AND seconds > 0 ORDER BY id DESC LIMIT ?",
            (job, str(Result.FINISHED), MOST_PASTS),
        ).fetchall()
        return [self._past(row["name"], json.loads(row["params"] or "{}")) for row in rows]

    def _past(self, name: str, params: Mapping[str, Any]) -> Past:
        seconds, micro, gpu_ms = 0.0, 0, 0
        for one in lineage(self._db, name):
            row = self._db.execute("SELECT seconds, result FROM runs WHERE name=?", (one["name"],)).fetchone()
            if one["name"] != name and row["result"] == Result.FINISHED:
                break  # that one had come to its end: going on from there was another piece of work
            paid = _paid(self._db, one["name"])
            seconds, micro, gpu_ms = seconds + row["seconds"], micro + paid[0], gpu_ms + paid[1]
        return Past(run=name, params=params, seconds=seconds, micro=micro, gpu_ms=gpu_ms)

    def decisions(self) -> list[Decision]:
        """What people wanted of runs and answered, oldest first; not what was refused, nor what gates and retries
        started by themselves."""
        rows = self._db.execute(
            "SELECT verb, run AS subject, created_at AS at,"
            " coalesce((SELECT study FROM runs WHERE name=run), json_extract(payload, '$.study'), '') AS study,"
            " coalesce((SELECT job FROM runs WHERE name=run), json_extract(payload, '$.job'), '') AS job"
            " FROM intents WHERE verb NOT IN ('answer', 'correct', 'cancel') AND run != '' AND outcome NOT LIKE ?||'%'"
            " AND (verb != 'start' OR json_type(payload, '$.held') IS NOT NULL)"  # only a person's start says it
            " UNION ALL SELECT 'answer', answers.run, at, coalesce(runs.study, substr(answers.run, 7)),"
            " coalesce(runs.job, '') FROM answers LEFT JOIN runs ON runs.name = answers.run ORDER BY at",
            (REFUSED,),
        ).fetchall()
        return [Decision(**dict(row)) for row in rows]

    def study_texts(self) -> dict[str, str]:
        """Study → its canonical text, of those that were written down here: of others nothing is still to come."""
        rows = self._db.execute("SELECT name, text FROM studies WHERE status != 'imported' ORDER BY at, name")
        return {row["name"]: row["text"] for row in rows}

    def learnt_gpu_memory(self, job: str) -> int | None:
        """The most bytes of GPU memory the last runs of a job held; None when none has shown it."""
        return learnt_gpu_memory(self._db, job)

    def charged_boot(self) -> str:
        """The boot of the machine that was charged last; '' before the first charge."""
        row = self._db.execute(
            "SELECT boot_id FROM ledger WHERE boot_id != '' ORDER BY id DESC LIMIT 1"
        ).fetchone()
        return str(row["boot_id"]) if row else ""

    def unreckoned(self) -> float:
        """Seconds for which no manager has reckoned what this machine costs, in this boot; 0 where none ever did."""
        seen = Ledger(self._db).seen()
        return max(0.0, boot_seconds() - seen.boot) if seen and seen.boot_id == boot_id() else 0.0


def _paid(db: sqlite3.Connection, run: str) -> tuple[int, int]:
    """(micro-dollars, GPU-milliseconds) a run was charged."""
    row = db.execute(
        "SELECT coalesce(sum(micro_usd), 0), coalesce(sum(gpu_ms), 0) FROM balances WHERE run=?1 AND kind IN"
        " ('run', 'idle', 'rounding', 'gap', 'over', 'correction')",  # all there are: kind comes first in its key
        (run,),
    ).fetchone()
    return int(row[0]), int(row[1])


def _of_past(db: sqlite3.Connection, run: str) -> list[Mark]:
    row = db.execute("SELECT started_at, ended_at, seconds FROM runs WHERE name=?", (run,)).fetchone()
    micro, gpu_ms = _paid(db, run)
    return _marks(db, run, row["started_at"], row["ended_at"], Mark(at=0.0, micro=micro, gpu_ms=gpu_ms,
                  seconds=row["seconds"]))  # fmt: skip


def _of_live(db: sqlite3.Connection, view: RunView, now: float) -> list[Mark]:
    """Of a run that may be live: up to now, with what it cost since its last line."""
    whole = Mark(at=0.0, micro=view.usd * 1e6, gpu_ms=view.gpu_hours * 3_600_000, seconds=view.seconds)
    return _marks(db, view.run, view.started_at, now if view.is_live else view.ended_at, whole)


def _marks(
    db: sqlite3.Connection, run: str, start: float | None, end: float | None, whole: Mark
) -> list[Mark]:
    """The marks of one run alone from its ledger lines, its last one at `whole`."""
    if start is None:
        return []
    rows, corrected = _rows(db, run, start, end)
    uncorrected = whole.micro - corrected
    final = max(rows[-1][0], start + whole.seconds if end is None else end)
    rows.append((final, uncorrected, whole.gpu_ms, 0.0))
    factor = whole.micro / uncorrected if uncorrected > 0 else 0.0
    first = whole.micro if uncorrected <= 0 else 0.0
    kept = [
        Mark(at=at, micro=first + micro * factor, gpu_ms=gpu_ms) for at, micro, gpu_ms, _ in thinned(rows)
    ]
    turn = start + whole.seconds
    return [
        replace(one, seconds=min(max(one.at - start, 0.0), whole.seconds))
        for one in sorted([*kept, taken(kept, turn)], key=lambda one: (one.at, one.micro))
        if one.at <= final
    ]


def _rows(db: sqlite3.Connection, run: str, start: float, end: float | None) -> tuple[list[Row], int]:
    """(what the ledger lines of a run sum to over time, corrections left out; what these sum to)."""
    at, micro, gpu_ms, corrected = start, 0, 0, 0
    rows: list[Row] = [(at, 0.0, 0.0, 0.0)]
    lines = db.execute(
        "SELECT at, kind, micro_usd, gpu_ms, to_boot - from_boot FROM ledger WHERE run=? ORDER BY id", (run,)
    )
    lines.row_factory = None
    for told, kind, cost, held, took in lines:
        if kind == "correction":
            corrected += cost
            continue
        until = told if end is None else min(told, end)
        if until - took > at:
            rows.append((until - took, micro, gpu_ms, 0.0))
        at = max(at, until)
        micro, gpu_ms = micro + cost, gpu_ms + held
        rows.append((at, micro, gpu_ms, 0.0))
    return rows, corrected
