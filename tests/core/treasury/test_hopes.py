"""What is expected of the criteria of a live run before the money ends."""

from __future__ import annotations

import json
import time

import pytest

from trainui.core.gates import parse_gates
from trainui.core.ingest.records import Record
from trainui.core.process.identity import boot_id, boot_seconds
from trainui.core.store.runs import RunWriter
from trainui.core.store.schema import atomic, connect
from trainui.core.store.streams import StreamWriter
from trainui.core.store.verdicts import write_gates
from trainui.core.treasury.hopes import hopes_of

RUN = "teacher-1"
HOUR = 3600.0


@pytest.fixture
def store(tmp_path):
    """A run of an hour, at epoch 40 of 100 of a smooth curve; returns a function that gives it gates, and the path."""
    path = tmp_path / "runs.db"
    db = connect(path)

    def write(*gates):
        runs = RunWriter(db)
        spec = {
            "job": {"name": "teacher", "command": ["x"]},
            "metrics": {"primary": "val/wer", "goal": "min"},
        }
        tables = [
            {
                "id": f"g{place}",
                "role": role,
                "test": "value",
                "left": "best(val/wer)",
                "op": "<",
                "right": right,
            }
            for place, (role, right) in enumerate(gates)
        ]
        with atomic(db):
            payload = {"job": "teacher", "study": "slr", "spec": json.dumps(spec), "project": str(tmp_path)}
            runs.add(RUN, payload, directory=tmp_path / "runs" / RUN, queued_at=0.0)
            write_gates(db, RUN, parse_gates(tables, goals={"val/wer": "min"}))
            records = [
                Record(metrics={"val/wer": 20 + 78 * n**-0.6}, step=n * 10, epoch=n, at=n)
                for n in range(1, 41)
            ]
            StreamWriter(db).add_records(RUN, "jsonl", records, now=0.0)
            runs.change(
                RUN, status="running", epoch=40, step=400, total_epochs=100, boot_id=boot_id(),
                started_boot=boot_seconds() - HOUR, started_at=time.time() - HOUR,
            )  # fmt: skip
        return path

    yield write
    db.close()


@pytest.mark.parametrize(
    ("gates", "left", "hope"),
    [
        ([("criterion", 12)], HOUR, "miss"),
        ([("criterion", 12), ("criterion", 28)], HOUR, "miss"),
        ([("criterion", 28)], HOUR, "reach"),
        ([("criterion", 28)], 60.0, ""),  # it would, and not in time
        ([("criterion", 28), ("criterion", 90)], HOUR, "reach"),
        ([("flag", 12)], HOUR, ""),
        ([], HOUR, ""),
    ],
)
def test_it_is_said_only_of_criteria_and_only_when_it_is_clear(store, gates, left, hope):
    assert hopes_of(store(*gates), [RUN], left) == ({RUN: hope} if hope else {})
