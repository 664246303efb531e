"""Accounts over a real runs.db, with a clock that a test moves and runs that it begins and ends."""

from __future__ import annotations

import json
from pathlib import Path

from trainui.core.clock import Clock
from trainui.core.config import load_config
from trainui.core.store.read import Reader
from trainui.core.store.schema import atomic, connect
from trainui.core.treasury.accounts import Accounts

SPEC = '{"job":{"name":"job","command":["true"]}}'
CONFIG = """\
[budget]
{budget}
[[machine]]
name = "a100"
usd_per_hour = {rate}
{machine}
"""


class Books:
    """One project and its ledger. 3.60 an hour: a second costs 1000 micro-dollars."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "runs.db"
        self.db = connect(self.path)
        self.unix, self.boot, self.boot_id = 1_800_000_000.0, 1000.0, "boot-1"
        self.accounts = Accounts(self.db)

    @property
    def now(self) -> Clock:
        return Clock(unix=self.unix, boot=self.boot, boot_id=self.boot_id)

    def config(self, *, rate: float = 3.6, budget: str = "", machine: str = "") -> None:
        """Write trainui.toml and put it in force, as the manager does."""
        file = self.folder / "trainui.toml"
        file.write_text(CONFIG.format(budget=budget, rate=rate, machine=machine))
        self.accounts.use(load_config(self.folder), self.now, file=file)

    def passes(self, seconds: float, *, wall: float | None = None) -> None:
        """Time goes on, and the manager reckons; `wall`: what the wall clock makes of it."""
        self.boot += seconds
        self.unix += seconds if wall is None else wall
        self.accounts.reckon(self.now)

    def begins(self, run: str, *gpus: str) -> None:
        with atomic(self.db):
            self.db.execute(
                "INSERT INTO runs (name, job, study, status, spec, project, directory, queued_at, started_at,"
                " started_boot, boot_id, gpus, was_launched) VALUES (?, 'job', 'job', 'running', ?, ?, ?, ?, ?, ?, ?, ?, 1)",
                (run, SPEC, str(self.folder), str(self.folder / "runs" / run), self.unix, self.unix, self.boot,
                 self.boot_id, json.dumps(gpus)),
            )  # fmt: skip

    def ends(self, run: str) -> None:
        with atomic(self.db):
            self.db.execute(
                "UPDATE runs SET status='ended', result='finished', ended_boot=?, ended_at=? WHERE name=?",
                (self.boot, self.unix, run),
            )
        self.accounts.settle(self.now)

    def manager_dies(self) -> None:
        """Whatever it held in memory is gone; the next one opens the same file."""
        self.db.close()
        self.db = connect(self.path)
        self.accounts = Accounts(self.db)

    def restarts(self, *, away: float, boot: float = 20.0) -> None:
        """The machine starts again, as another boot, `away` seconds later by the wall clock."""
        self.manager_dies()
        self.unix += away
        self.boot, self.boot_id = boot, f"boot-{int(self.boot_id[5:]) + 1}"

    def lines(self, *columns: str, where: str = "1") -> list[tuple]:
        return [
            tuple(row)
            for row in self.db.execute(f"SELECT {', '.join(columns)} FROM ledger WHERE {where} ORDER BY id")
        ]

    def sums(self) -> dict[str, int]:
        """Kind → micro-dollars, from the lines themselves."""
        rows = self.db.execute(
            "SELECT kind, sum(micro_usd) FROM ledger GROUP BY kind HAVING sum(micro_usd) != 0"
        )
        return {row[0]: row[1] for row in rows}

    def of(self, run: str) -> int:
        return self.db.execute(
            "SELECT coalesce(sum(micro_usd), 0) FROM ledger WHERE run=?", (run,)
        ).fetchone()[0]

    def events(self) -> list[str]:
        return [row[0] for row in self.db.execute("SELECT text FROM events ORDER BY id")]

    def shown(self):
        """(BudgetView, run → RunView) as a front end sees them."""
        reader = Reader(self.path)
        try:
            return reader.budget(), {view.run: view for view in reader.runs()}
        finally:
            reader.close()
