"""What must hold of the store after every commit of a manager, and at the end, whatever happened in the world."""

from __future__ import annotations

import itertools
import json
import sqlite3
from collections import Counter

from tests.torture.world import World

SLOTS = 2
RATE = 1000
"""Micro-dollars a second."""
CAP = 150
"""Seconds of the machine that the budget reaches for."""
BORNE = ("run", "idle")
"""Kinds of ledger lines that charge a stretch of time."""
MOVES = {
    "queued": {"starting", "ended"},
    "starting": {"running", "stopping", "ended"},
    "running": {"paused", "stopping", "ended"},
    "paused": {"running", "stopping", "ended"},
    "stopping": {"ended"},
    "ended": set(),
}
"""Written down a second time on purpose."""
TRIES = 4
"""What AGAIN allows one lineage in all."""


class Holding:
    """Looks at the store with an eye of its own, and at the world."""

    eye: sqlite3.Connection
    cap: int | None
    """Micro-dollars."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.world.on_paid, self.world.on_submit = self.check_paid, self.check_submit
        self.written: Counter[str] = Counter()
        """Run → lines it wrote."""
        self.stopped: set[str] = set()
        """Runs somebody asked to stop."""
        self.seen: dict[str, dict] = {}
        """Run → its row after the last commit; only its status, `asked`, before the first."""
        self.told: Counter[str] = Counter()
        """Run → events of its status."""

    def check_commit(self) -> None:
        """After each commit: allowed moves, each told once, ended stays ended, slots, results from evidence."""
        rows = {row["name"]: dict(row) for row in self.eye.execute("SELECT * FROM runs")}
        told = Counter(row[0] for row in self.eye.execute("SELECT run FROM events WHERE kind='status'"))
        for name, row in rows.items():
            old = self.seen.get(name, {"status": "asked"})
            has_moved = old["status"] != row["status"]
            if old["status"] == "asked":
                assert row["status"] == "queued"
            elif has_moved:
                assert row["status"] in MOVES[old["status"]], f"{name}: {old['status']} -> {row['status']}"
            elif row["status"] == "ended":
                for field in ("result", "cause", "exit_code", "exit_signal", "ended_boot", "ended_at"):
                    assert row[field] == old[field], f"{name}: {field} changed after the end"
            assert told[name] - self.told[name] == has_moved, (
                f"{name}: events told of a move to {row['status']}"
            )
            if row["status"] == "ended" and has_moved:
                self.check_result(name, row)
        live = [name for name, row in rows.items() if row["status"] not in ("queued", "ended")]
        assert len(live) <= SLOTS, live
        self.check_tries(rows)
        self.seen.update(rows)
        self.told = told

    def check_tries(self, rows: dict[str, dict]) -> None:
        """Nobody runs unasked but the next of a line that its spec lets try again, one after each death."""
        unasked = [row for name, row in rows.items() if name not in self.seen or row["retried_for"]]
        for row in unasked:
            assert row["retried_for"], f"{row['name']}: nobody asked for it"
            assert rows[row["parent"]]["status"] == "ended"
        parents = Counter(row["parent"] for row in unasked)
        assert set(parents.values()) <= {1}, "tried again twice after one death"

    def check_result(self, name: str, row: dict) -> None:
        """Never invented: from the exit record, or lost when there cannot be one, or it never began."""
        life = self.world.lives.get(name)
        left = life.exit if life else None
        if left is not None:
            natural = "finished" if left.code == 0 else "failed"
            assert row["result"] == ("stopped" if left.stop else natural)
            assert (row["exit_code"], row["exit_signal"]) == (left.code, left.signal)
        elif life is not None and life.began is not None:
            assert not life.is_alive, f"{name} lives, and was said to have ended as {row['result']}"
            assert row["result"] == "lost"
        elif row["result"] == "stopped":
            assert name in self.stopped, "nobody asked"
        else:
            is_over = life is not None and life.boot != self.world.boot_id
            assert row["result"] == ("lost" if is_over else "failed")
            assert is_over or "missing" in row["spec"]
        assert (row["exit_code"] is None) == (left is None or left.code is None), "an exit code from nowhere"

    def check_paid(self, run: str, allowance) -> None:
        """What was charged and what is paid ahead never exceed the cap: prepaid means overshoot is nothing."""
        if self.cap is None or allowance.until <= self.world.boot:
            return  # nothing is granted
        total = self._settled()
        lease = self.eye.execute("SELECT * FROM leases WHERE to_boot IS NULL").fetchone()
        assert lease["boot_id"] == self.world.boot_id, "paid on the lease of a boot that is over"
        charged = self.eye.execute(
            "SELECT max(to_boot) FROM ledger WHERE lease=? AND kind IN ('run', 'idle')", (lease["id"],)
        ).fetchone()[0]
        ahead = RATE * max(0.0, allowance.until - (lease["from_boot"] if charged is None else charged))
        assert total + ahead <= self.cap + 2, f"{run} is paid {ahead:.0f} ahead, {self.cap - total} are left"

    def _settled(self) -> int:
        """Micro-dollars of all lines but of those that went over the cap, from the lines themselves."""
        sums = self.eye.execute("SELECT coalesce(sum(micro_usd), 0) FROM ledger WHERE kind != 'over'")
        return int(sums.fetchone()[0])

    def check_submit(self, run: str) -> None:
        row = self.eye.execute("SELECT status FROM runs WHERE name=?", (run,)).fetchone()
        assert row["status"] == "starting", "launched before the store knew"

    def check_whole(self) -> None:
        assert {row["status"] for row in self.seen.values()} <= {"ended"}, "something never ends"
        assert all(life.begins <= 1 for life in self.world.lives.values())
        for name in self.seen:
            line = [name]
            while self.seen[line[-1]]["retried_for"]:
                line.append(self.seen[line[-1]]["parent"])
            assert len(line) <= 1 + TRIES, f"{line[-1]} was tried again and again"
        for run, count in self.written.items():
            points = self.eye.execute(
                "SELECT points.step, points.value FROM points JOIN metrics ON metrics.id=points.metric"
                " WHERE run=? ORDER BY n",
                (run,),
            ).fetchall()
            assert [tuple(one) for one in points] == [(n, n) for n in range(count)]
        self.check_ledger()

    def check_ledger(self) -> None:
        """Each lease is charged from its beginning to its end, once, and what it cost; leases follow each other."""
        ledger = [dict(row) for row in self.eye.execute("SELECT * FROM ledger ORDER BY id")]
        leases = [dict(row) for row in self.eye.execute("SELECT * FROM leases ORDER BY id")]
        assert all(line["micro_usd"] >= 0 for line in ledger)
        assert {line["lease"] for line in ledger} <= {lease["id"] for lease in leases}
        assert sum(lease["to_boot"] is None for lease in leases) <= 1, "two leases at once"
        for lease, following in itertools.pairwise(leases):
            if lease["boot_id"] == following["boot_id"]:
                assert lease["to_boot"] == following["from_boot"]
        for lease in leases:
            lines = [line for line in ledger if line["lease"] == lease["id"]]
            periods = sorted(
                {(line["from_boot"], line["to_boot"]) for line in lines if line["kind"] in BORNE}
            )
            edges = [lease["from_boot"], *(edge for period in periods for edge in period)]
            if lease["to_boot"] is not None:
                edges.append(lease["to_boot"])
            pairs = zip(edges[::2], edges[1::2], strict=False)
            assert all(abs(left - right) < 0.001 for left, right in pairs), "a gap, or paid twice"
            until = max((edge for period in periods for edge in period), default=lease["from_boot"])
            gaps = {(one["from_boot"], one["to_boot"]) for one in lines} - set(periods)
            away = sum(end - begin for begin, end in gaps)
            cost = sum(line["micro_usd"] for line in lines)
            bearers = len({line["run"] for line in lines})
            assert abs(cost - RATE * (until - lease["from_boot"] + away)) <= 2 + bearers
        view = self.eye.execute("SELECT value FROM facts WHERE name='budget'").fetchone()
        if self.cap is not None:
            assert self._settled() <= self.cap, "more is settled than there is"
            if view:
                told = json.loads(view[0])
                promised = round((told["spent_usd"] + told["held_usd"]) * 1e6)
                assert promised <= self.cap, f"{promised} are said to be spent and held of {self.cap}"
