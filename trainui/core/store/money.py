"""The ledger: append-only lines of integer micro-dollars, their balances, and the facts the budget is reckoned from."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from trainui.core.money.shares import Owed, Span
from trainui.core.run import LIVE

if TYPE_CHECKING:
    from trainui.core.money.shares import Bearer

RUN, IDLE, ROUNDING, GAP, OVER, CORRECTION = "run", "idle", "rounding", "gap", "over", "correction"
"""Kinds of lines. What went `over` the cap is in no sum but its own."""

ELSEWHERE = "elsewhere"
"""Kind of the lines that take off again what runs out of an archive cost: another project paid for them."""


NOTHING = Owed()


class Line(Struct, frozen=True, kw_only=True):
    """A line to be written. `start` and `end` are seconds of `boot_id`, `at` is a Unix time."""

    at: float
    kind: str
    run: str = ""
    machine: str
    micro: int
    gpu_ms: int = 0
    boot_id: str
    start: float
    end: float
    lease: int | None = None
    share: str = "time"
    owed: Owed = NOTHING
    """What the bearer still owes of this lease: less than a micro-dollar, less than a millisecond of a GPU."""
    text: str = ""


class Sums(Struct, frozen=True, kw_only=True):
    """Micro-dollars of the whole ledger, by what they were charged for."""

    settled: int = 0
    """Runs, idle time, gaps, rounding and corrections: all but what went over the cap."""
    idle: int = 0
    """Idle time, and the gaps between two boots."""
    over: int = 0
    gpu_ms: int = 0
    """GPU-milliseconds of runs."""
    lines: int = 0
    """0 while nothing was ever charged."""


class Seen(Struct, frozen=True, kw_only=True):
    """When the manager last saw the machine, on both clocks, and how many GPUs it has shown in that boot."""

    boot_id: str
    boot: float
    unix: float
    gpus: int = 0


class _Allowed(msgspec.Struct):
    """How far runs are paid ahead, as a fact."""

    boot_id: str = ""
    runs: dict[str, float] = {}


class Ledger:
    """Reads and appends ledger lines. Lines are never changed."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    # ---------------------------------------------------------------- sums

    def sums(self) -> Sums:
        """The whole ledger, from its balances."""
        found: dict[str, tuple[int, int]] = {
            row["kind"]: (row["micro"], row["gpu_ms"])
            for row in self._db.execute(
                "SELECT kind, sum(micro_usd) AS micro, sum(gpu_ms) AS gpu_ms FROM balances GROUP BY kind"
            )
        }
        micro = {kind: one[0] for kind, one in found.items()}
        micro[RUN] = micro.get(RUN, 0) + micro.pop(ELSEWHERE, 0)
        return Sums(
            settled=sum(one for kind, one in micro.items() if kind != OVER),
            idle=micro.get(IDLE, 0) + micro.get(GAP, 0),
            over=micro.get(OVER, 0),
            gpu_ms=found.get(RUN, (0, 0))[1] + found.get(ELSEWHERE, (0, 0))[1],
            lines=sum(map(bool, micro.values())),
        )

    def over(self) -> dict[str, int]:
        """Run, or '' for idle time → micro-dollars that went over the cap and that no budget covers yet."""
        rows = self._db.execute("SELECT run, micro_usd FROM balances WHERE kind=? AND micro_usd > 0", (OVER,))
        return {row["run"]: row["micro_usd"] for row in rows}

    def total(self) -> int:
        """Micro-dollars settled so far; what went over the cap is in no sum."""
        return self.sums().settled

    def total_of(self, run: str) -> int:
        """Micro-dollars of the lines of a run, its corrections included."""
        row = self._db.execute(
            "SELECT sum(micro_usd) FROM balances WHERE kind IN (?, ?) AND run=?", (RUN, CORRECTION, run)
        ).fetchone()
        return int(row[0] or 0)

    def cost_of(self, run: str) -> int:
        """Micro-dollars a run cost so far, with what accrued since its last line, as it was last reckoned."""
        return self.total_of(run) + self.accrued().get(run, 0)

    # ---------------------------------------------------------------- lines

    def write(self, line: Line) -> None:
        """Append one line. Call inside a transaction."""
        self._db.execute(
            "INSERT INTO ledger (at, kind, run, machine, micro_usd, gpu_ms, boot_id, from_boot, to_boot, text, lease,"
            " share, owed, owed_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                line.at, line.kind, line.run, line.machine, line.micro, line.gpu_ms, line.boot_id, line.start, line.end,
                line.text, line.lease, line.share, float(line.owed.micro), float(line.owed.gpu_ms),
            ),
        )  # fmt: skip

    def owed(self, lease: int, runs: Iterable[str]) -> dict[Bearer, Owed]:
        """What these runs, and idle time, still owe of a lease beyond their lines."""
        found: dict[Bearer, Owed] = {}
        for run in ("", *runs):
            row = self._db.execute(
                "SELECT owed, owed_ms FROM ledger WHERE lease=? AND run=? AND kind IN ('run', 'idle')"
                " ORDER BY id DESC LIMIT 1",
                (lease, run),
            ).fetchone()
            if row is not None:
                found[run or None] = Owed(micro=row["owed"], gpu_ms=row["owed_ms"])
        return found

    def owed_ms(self, lease: int) -> int:
        """GPU-milliseconds of a lease that are in no line, of all its bearers together."""
        row = self._db.execute(
            "SELECT sum(owed_ms) FROM ledger WHERE id IN"
            " (SELECT max(id) FROM ledger WHERE lease=? AND kind IN ('run', 'idle') GROUP BY run)",
            (lease,),
        ).fetchone()
        return round(row[0] or 0)

    def count(self) -> int:
        """Lines there are."""
        return int(self._db.execute("SELECT count(*) FROM ledger").fetchone()[0])

    def charged_until(self, boot_id: str) -> float | None:
        """Boot second until which the lines of a boot reach; None when it has none."""
        row = self._db.execute(
            "SELECT max(to_boot) FROM ledger WHERE boot_id=? AND kind IN ('run', 'idle')", (boot_id,)
        ).fetchone()
        return None if row[0] is None else float(row[0])

    # ---------------------------------------------------------------- who held the machine

    def first_start(self, boot_id: str) -> float | None:
        """Boot second at which the first run of this boot began."""
        row = self._db.execute("SELECT min(started_boot) FROM runs WHERE boot_id=?", (boot_id,)).fetchone()
        return None if row[0] is None else float(row[0])

    def last_sign(self, boot_id: str) -> float:
        """The last boot second at which a run of that boot is known to have begun or ended; 0 without one."""
        row = self._db.execute(
            "SELECT max(coalesce(ended_boot, started_boot)) FROM runs WHERE boot_id=?", (boot_id,)
        ).fetchone()
        return float(row[0] or 0.0)

    def spans(self, boot_id: str, *, since: float) -> list[Span]:
        """Who held the machine since `since` (boot clock)."""
        columns = "SELECT id, name, started_boot, ended_boot, gpus FROM runs WHERE started_boot IS NOT NULL"
        rows = self._db.execute(
            f"{columns} AND boot_id=?1 AND ended_boot IS NULL"
            f" UNION ALL {columns} AND boot_id=?1 AND ended_boot > ?2 ORDER BY id",
            (boot_id, since),
        ).fetchall()
        return [
            Span(
                run=row["name"],
                start=row["started_boot"],
                end=row["ended_boot"],
                gpus=tuple(msgspec.json.decode(row["gpus"], type=list[str])),
            )
            for row in rows
        ]

    def use(self, runs: Iterable[str], *, since: float, until: float) -> dict[str, float]:
        """How much of its GPUs each run used between two Unix times, 0 to 1, as far as that was measured."""
        found: dict[str, float] = {}
        for run in runs:
            row = self._db.execute(
                "SELECT avg(gpu) FROM usage WHERE run=? AND at>? AND at<=?", (run, since, until)
            ).fetchone()
            if row[0] is not None:
                found[run] = float(row[0])
        return found

    def has_live(self) -> bool:
        """Whether any run may have a process."""
        marks = ", ".join("?" * len(LIVE))
        query = f"SELECT EXISTS (SELECT 1 FROM runs WHERE status IN ({marks}))"  # noqa: S608
        return bool(self._db.execute(query, tuple(LIVE)).fetchone()[0])

    # ---------------------------------------------------------------- facts

    def fact(self, name: str) -> str:
        """A fact the manager keeps for the front ends, or ''."""
        row = self._db.execute("SELECT value FROM facts WHERE name=?", (name,)).fetchone()
        return str(row["value"]) if row else ""

    def set_fact(self, name: str, value: str) -> None:
        """Keep a fact. Call inside a transaction."""
        self._db.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, value))

    def accrued(self) -> dict[str, int]:
        """Run → micro-dollars it cost since its last line, as it was last reckoned; '' is idle time."""
        kept = self.fact("accrued")
        try:
            return msgspec.json.decode(kept, type=dict[str, int]) if kept else {}
        except msgspec.MsgspecError:  # out of a damaged file
            return {}

    def note_accrued(self, micro: Mapping[str, int], gpu_ms: Mapping[str, int]) -> None:
        """Publish what accrued since the last lines, of runs and, as '', of idle time. Call inside a transaction."""
        self.set_fact("accrued", msgspec.json.encode(micro).decode())
        self.set_fact("accrued_gpu_ms", msgspec.json.encode(gpu_ms).decode())

    def seen(self) -> Seen | None:
        """When the machine was last seen."""
        text = self.fact("machine_seen")
        try:
            return msgspec.json.decode(text, type=Seen) if text else None
        except msgspec.MsgspecError:  # out of a damaged file
            return None

    def note_seen(self, seen: Seen) -> None:
        """Remember that it is up. Call inside a transaction."""
        self.set_fact("machine_seen", msgspec.json.encode(seen).decode())

    def allowed_until(self, boot_id: str) -> float:
        """Boot second at which the last allowance of this boot ends; those of another boot ended with it."""
        return max(self._allowed(boot_id).values(), default=0.0)

    def _allowed(self, boot_id: str) -> dict[str, float]:
        try:
            kept = msgspec.json.decode(self.fact("allowed") or "{}", type=_Allowed)
        except msgspec.MsgspecError:  # out of a damaged file
            kept = _Allowed()
        return kept.runs if kept.boot_id == boot_id else {}

    def note_allowed(self, run: str, until: float, boot_id: str) -> None:
        """Remember how far a run is paid ahead; who has ended is forgotten. Call inside a transaction."""
        live = {row["name"] for row in self._db.execute("SELECT name FROM runs WHERE status != 'ended'")}
        paid = {name: end for name, end in self._allowed(boot_id).items() if name in live} | {run: until}
        self.set_fact("allowed", msgspec.json.encode({"boot_id": boot_id, "runs": paid}).decode())


def spent_by_run(db: sqlite3.Connection) -> dict[str, tuple[int, int]]:
    """Run → (micro-dollars, GPU-milliseconds) so far: its lines, and what accrued since, as it was last reckoned."""
    rows = db.execute(
        "SELECT run, sum(micro) AS micro, sum(gpu_ms) AS gpu_ms FROM ("
        " SELECT run, micro_usd AS micro, gpu_ms FROM balances WHERE kind IN ('run', 'correction') UNION ALL"
        " SELECT one.key, one.value, 0 FROM facts, json_each(facts.value) AS one WHERE facts.name='accrued' UNION ALL"
        " SELECT one.key, 0, one.value FROM facts, json_each(facts.value) AS one WHERE facts.name='accrued_gpu_ms'"
        ") GROUP BY run"
    )
    return {row["run"]: (row["micro"], row["gpu_ms"]) for row in rows}
