"""Where the money went: by study, job, day, machine and run; leases, lines, and how it burnt down."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from trainui.core.money.amounts import micro_usd
from trainui.core.run import LIVE
from trainui.core.store.lately import spent_since
from trainui.core.store.moneyviews import BurnPoint, LeaseView, LedgerLine, Spent

if TYPE_CHECKING:
    from trainui.core.config import Config
    from trainui.core.store.moneyviews import SpentLately

BY = ("study", "job", "day", "machine", "run")
"""What `spent` can sum by."""

NONE = "(none)"
"""The name of what runs without a study spent together."""

QUARTER = 900
"""Seconds of one row of `quarters`."""

FEW = 2000
"""So many lines are drawn one by one; more of them by quarters of an hour."""

PER_HOUR = 3_600_000


class _Sum(Struct, kw_only=True):
    micro: int = 0
    gpu_ms: int = 0
    seconds: float = 0.0
    runs: int = 0


class SpendingReader:
    """The part of a Reader that looks at the ledger. Quick on years of lines: it sums sums, not lines."""

    _db: sqlite3.Connection

    def spent(self, by: str) -> list[Spent]:
        """What each study, job, day, machine or run took, the dearest first; days in their order.

        What no run bore is a line of its own: `(idle)`, `(gap)`, `(rounding)`, `(correction)`, and `(elsewhere)`, which
        takes off again what runs out of archives cost. Together they are
        all that was charged; what trainui.toml says was spent before, and idle time `over` the cap, is in none.
        """
        if by in ("day", "machine"):
            found = self._by_day() if by == "day" else self._by_machine()
        else:
            found = self._by_run(by)
        views = [
            Spent(name=name, usd=one.micro / 1e6, gpu_hours=one.gpu_ms / PER_HOUR, seconds=one.seconds, runs=one.runs)
            for name, one in found.items()
        ]  # fmt: skip
        return sorted(views, key=lambda one: one.name if by == "day" else (-one.usd, one.name))

    def config(self) -> Config:
        """The trainui.toml that is in force; one without a budget before the manager has read any."""
        from trainui.core.config.model import Config

        row = self._db.execute("SELECT value FROM facts WHERE name='config'").fetchone()
        try:
            return msgspec.json.decode(row["value"], type=Config) if row else Config()
        except msgspec.MsgspecError:  # kept by a trainui that allowed other keys, or damaged
            return Config()

    def leases(self) -> list[LeaseView]:
        """Every lease, the newest first, with what it cost so far."""
        accrued = sum(self._accrued().values())
        rows = self._db.execute(
            "SELECT leases.*, coalesce(sums.micro, 0) AS micro FROM leases LEFT JOIN"
            " (SELECT lease, sum(micro_usd) AS micro FROM quarters WHERE kind != 'over' GROUP BY lease) AS sums"
            " ON sums.lease = leases.id ORDER BY id DESC"
        ).fetchall()
        return [
            LeaseView(
                id=row["id"],
                machine=row["machine"],
                usd_per_hour=row["micro_per_hour"] / 1e6,
                billing=row["billing"],
                share=row["share"],
                gpus=row["gpus"],
                start=row["from_at"],
                end=row["to_at"],
                usd=(row["micro"] + (accrued if row["to_boot"] is None else 0)) / 1e6,
                text=row["text"],
            )
            for row in rows
        ]

    def ledger_lines(self, *, last: int = 200, run: str | None = None) -> list[LedgerLine]:
        """The newest lines of the ledger, of one run or of all, the oldest of them first; `last` below 0: all."""
        rows = self._db.execute(
            "SELECT * FROM ledger WHERE ?1 IS NULL OR run=?1 ORDER BY id DESC LIMIT ?2", (run, last)
        ).fetchall()
        return [
            LedgerLine(
                id=row["id"],
                at=row["at"],
                kind=row["kind"],
                run=row["run"],
                machine=row["machine"],
                usd=row["micro_usd"] / 1e6,
                gpu_hours=row["gpu_ms"] / PER_HOUR,
                start=row["from_boot"],
                end=row["to_boot"],
                share=row["share"],
                text=row["text"],
            )
            for row in reversed(rows)
        ]

    def burn(self, *, points: int = 400) -> list[BurnPoint]:
        """How much had been spent when, `over` left out: from what was spent before to now, in at most `points`."""
        newest = self._db.execute("SELECT coalesce(max(id), 0) FROM ledger").fetchone()[0]
        if newest <= FEW:
            rows = self._db.execute(
                "SELECT at, sum(micro_usd) AS micro, max(to_boot - from_boot) AS seconds FROM ledger"
                " WHERE kind != 'over' GROUP BY at ORDER BY min(id)"  # what is settled together is one point
            ).fetchall()
            first = rows[0]["at"] - rows[0]["seconds"] if rows else 0.0
        else:
            rows = self._db.execute(
                "SELECT (quarter + 1) * ? AS at, sum(micro_usd) AS micro FROM quarters WHERE kind != 'over'"
                " GROUP BY quarter ORDER BY quarter",
                (QUARTER,),
            ).fetchall()
            first = rows[0]["at"] - QUARTER if rows else 0.0
        if not rows:
            return []
        now, micro = time.time(), micro_usd(self.config().budget.spent_usd)
        found = [BurnPoint(at=first, usd=micro / 1e6)]
        for row in rows:
            micro += row["micro"]
            found.append(BurnPoint(at=max(found[-1].at, min(row["at"], now)), usd=micro / 1e6))
        micro += sum(self._accrued().values())
        found.append(BurnPoint(at=max(found[-1].at, now), usd=micro / 1e6))
        step = -(-len(found) // max(points - 1, 1))
        return found if step <= 1 else [*found[:-1:step], found[-1]]

    def spent_since(self, since: float, now: float) -> SpentLately:
        """What runs and idle time cost since a Unix second."""
        return spent_since(self._db, since, now)

    def _by_run(self, by: str) -> dict[str, _Sum]:
        """By run, or by what a run is of."""
        runs = {
            row["name"]: row
            for row in self._db.execute(
                "SELECT name, study, job, status, seconds, started_at, started_boot FROM runs"
            )
        }
        sums: dict[str, _Sum] = {}
        bearers: dict[str, _Sum] = {}
        for row in self._db.execute("SELECT kind, run, micro_usd, gpu_ms FROM balances WHERE kind != 'over'"):
            one = _of(bearers if row["run"] else sums, row["run"] or f"({row['kind']})")
            one.micro += row["micro_usd"]
            one.gpu_ms += row["gpu_ms"]
        for run, micro in self._accrued().items():
            _of(bearers if run else sums, run or "(idle)").micro += micro
        for run, gpu_ms in self._accrued("accrued_gpu_ms").items():
            _of(bearers if run else sums, run or "(idle)").gpu_ms += gpu_ms
        for name, row in runs.items():
            if row["started_at"] is None and name not in bearers:
                continue
            mine = bearers.pop(name, _Sum())
            if by == "run" and not mine.micro and not mine.gpu_ms:
                continue
            one = _of(sums, name if by == "run" else row[by] or NONE)
            one.micro += mine.micro
            one.gpu_ms += mine.gpu_ms
            one.seconds += _seconds(row)
            one.runs += 1
        for name, mine in bearers.items():  # of runs that a lost runs.db took along
            one = _of(sums, name if by == "run" else NONE)
            one.micro += mine.micro
            one.gpu_ms += mine.gpu_ms
        return sums

    def _by_day(self) -> dict[str, _Sum]:
        """By day of the local calendar."""
        sums: dict[str, _Sum] = {}
        for row in self._db.execute(
            "SELECT date(quarter * ?, 'unixepoch', 'localtime') AS day, sum(micro_usd) AS micro, sum(gpu_ms) AS gpu_ms"
            " FROM quarters WHERE kind != 'over' GROUP BY day",
            (QUARTER,),
        ):
            one = _of(sums, row["day"])
            one.micro, one.gpu_ms = row["micro"], row["gpu_ms"]
        self._add_unwritten(sums, f"{datetime.now():%Y-%m-%d}")
        for row in self._db.execute("SELECT started_at, ended_at FROM runs WHERE started_at IS NOT NULL"):
            for day, seconds in _days(row["started_at"], row["ended_at"] or time.time()):
                if day in sums:
                    sums[day].seconds += seconds
                    sums[day].runs += 1
        return sums

    def _by_machine(self) -> dict[str, _Sum]:
        """By machine; its seconds are those that it was rented, its runs those that began meanwhile."""
        sums: dict[str, _Sum] = {}
        for row in self._db.execute(
            "SELECT machine, sum(micro_usd) AS micro, sum(gpu_ms) AS gpu_ms FROM quarters"
            " WHERE kind != 'over' GROUP BY machine"
        ):
            one = _of(sums, row["machine"])
            one.micro, one.gpu_ms = row["micro"], row["gpu_ms"]
        newest = self._db.execute("SELECT machine FROM leases ORDER BY id DESC LIMIT 1").fetchone()
        if newest is not None:
            self._add_unwritten(sums, newest["machine"])
        boot = time.clock_gettime(time.CLOCK_BOOTTIME)
        for row in self._db.execute("SELECT machine, from_boot, to_boot FROM leases"):
            end = boot if row["to_boot"] is None else row["to_boot"]
            _of(sums, row["machine"]).seconds += max(0.0, end - row["from_boot"])
        for row in self._db.execute(
            "SELECT machine, count(DISTINCT runs.id) AS n FROM leases JOIN runs ON runs.started_at >= from_at"
            " AND (to_at IS NULL OR runs.started_at < to_at) GROUP BY machine"
        ):
            _of(sums, row["machine"]).runs = row["n"]
        return sums

    def _add_unwritten(self, sums: dict[str, _Sum], name: str) -> None:
        """What accrued since the last lines, all of it under one name."""
        micro, gpu_ms = (sum(self._accrued(fact).values()) for fact in ("accrued", "accrued_gpu_ms"))
        if micro or gpu_ms:
            one = _of(sums, name)
            one.micro += micro
            one.gpu_ms += gpu_ms

    def _accrued(self, fact: str = "accrued") -> Mapping[str, int]:
        """Run → what it cost since its last line, in micro-units; '' is idle time. Or GPU-milliseconds."""
        row = self._db.execute("SELECT value FROM facts WHERE name=?", (fact,)).fetchone()
        return {run: int(count) for run, count in json.loads(row["value"]).items()} if row else {}


def _of(sums: dict[str, _Sum], name: str) -> _Sum:
    return sums.setdefault(name, _Sum())


def _seconds(row: sqlite3.Row) -> float:
    """How long a run has lasted."""
    if row["status"] in LIVE and row["started_boot"] is not None:
        return max(0.0, time.clock_gettime(time.CLOCK_BOOTTIME) - float(row["started_boot"]))
    return float(row["seconds"] or 0.0)


def _days(start: float, end: float) -> Iterable[tuple[str, float]]:
    """The local days from `start` to `end` (Unix seconds), each with its seconds."""
    day = datetime.fromtimestamp(start).replace(hour=0, minute=0, second=0, microsecond=0)
    while start < end:
        day += timedelta(days=1)
        until = min(end, day.timestamp())
        yield f"{datetime.fromtimestamp(start):%Y-%m-%d}", until - start
        start = until
