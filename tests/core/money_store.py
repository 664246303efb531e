"""A runs.db with runs that were charged, written as the manager writes it, without any process."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from trainui.core.ingest.records import Record
from trainui.core.store.read import Reader
from trainui.core.store.runs import RunWriter
from trainui.core.store.schema import atomic, connect
from trainui.core.store.streams import StreamWriter

BOOT = "boot-1"
START = 1_000_000.0
"""Unix seconds at which the boot clock of these stores stands at 0."""


class Books:
    """Writes runs, their points and their cost."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "runs.db"
        self.db = connect(self.path)
        self.runs, self.streams = RunWriter(self.db), StreamWriter(self.db)

    def run(
        self, name: str, *, parent: str | None = None, start: float | None = 0.0, end: float | None = None,
        status: str = "", result: str = "finished", study: str = "s", spec: dict[str, Any] | None = None,
        **columns: Any,
    ) -> None:  # fmt: skip
        """A run of the job its name begins with; `start` and `end` are boot seconds, no end: it is live."""
        job = name.rpartition("-")[0]
        whole = {"job": {"name": job, "command": ["x"]}, "metrics": {"primary": "val/mae", "goal": "min"}}
        payload = {"job": job, "study": study, "spec": json.dumps(whole | (spec or {})), "project": "/",
                   "parent": parent}  # fmt: skip
        status = status or ("running" if end is None else "ended")
        changes = {"status": status, **columns}
        if start is not None:
            changes |= {"started_at": START + start, "started_boot": start, "boot_id": BOOT}
        if end is not None and start is not None:
            changes |= {
                "ended_at": START + end, "ended_boot": end, "seconds": end - start, "result": result,
            }  # fmt: skip
        with atomic(self.db):
            self.runs.add(name, payload, directory=self.path.parent / "runs" / name, queued_at=START)
            self.runs.change(name, **changes)

    def line(
        self, run: str, start: float, end: float, micro: int, *, gpu_ms: int = 0, kind: str = "run",
        late: float = 0.0,
    ) -> None:  # fmt: skip
        """A line of the ledger, written `late` seconds after what it charges."""
        with atomic(self.db):
            self.db.execute(
                "INSERT INTO ledger (at, kind, run, machine, micro_usd, gpu_ms, boot_id, from_boot, to_boot)"
                " VALUES (?, ?, ?, 'box', ?, ?, ?, ?, ?)",
                (START + end + late, kind, run, micro, gpu_ms, BOOT, start, end),
            )

    def points(
        self, run: str, metric: str, points: list[tuple[float, float]], *, first_step: int = 0
    ) -> None:
        """(boot second, value) each; steps count up."""
        with atomic(self.db):
            self.streams.add_records(
                run,
                "jsonl",
                [
                    Record(metrics={metric: value}, step=first_step + n, epoch=None, at=START + at)
                    for n, (at, value) in enumerate(points)
                ],
                now=START,
            )

    def fact(self, name: str, value: Any) -> None:
        """What the manager publishes."""
        with atomic(self.db):
            self.db.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, json.dumps(value)))

    def intent(self, verb: str, run: str, at: float, **payload: Any) -> None:
        """What somebody asked for and was done."""
        with atomic(self.db):
            self.db.execute(
                "INSERT INTO intents (verb, run, payload, created_at, done_at, outcome) VALUES (?, ?, ?, ?, ?, 'x')",
                (verb, run, json.dumps(payload), START + at, START + at),
            )

    def reader(self) -> Reader:
        """Eyes on it."""
        return Reader(self.path)
