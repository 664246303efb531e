"""A runs.db in which every table that tells of runs has something to tell, written without any process."""

from __future__ import annotations

import json
import math
from pathlib import Path

from tests.core.money_store import START, Books
from trainui.core.gates import Place, State, Verdict
from trainui.core.ingest.records import Record
from trainui.core.spec.study import study_with
from trainui.core.store.actions import ActionWriter, Reached
from trainui.core.store.intents import Desk
from trainui.core.store.readings import Reading, write_reading
from trainui.core.store.runs import RunWriter
from trainui.core.store.schema import atomic
from trainui.core.store.streams import StreamWriter
from trainui.core.store.verdicts import write_checkpoint, write_gates, write_verdict

GATES = [
    {"id": "below-3", "quote": "under three", "source": "001:4", "role": "criterion", "test": "value",
     "left": "best(val/mae)", "op": "<", "right": 3},
    {"id": "plausible", "role": "ask", "test": "ask", "question": "plausible?"},
]  # fmt: skip
SPEC = {
    "job": {"name": "mlp", "command": ["{python}", "train.py"], "about": "a | b"},
    "params": {"lr": 0.1, "note": "two words", "deep": True},
    "metrics": {"primary": "val/mae", "goal": "min"},
    "gate": GATES,
}
HOSTILE = "../a/../../b\nc\x1b[31m =cmd() <script> ünïcödé " + "x" * 300
NAMES = ("val/mae", "train/loss", "-dash", HOSTILE)
CURVE = [9.5, math.nan, math.inf, -math.inf, 1e-320, -0.0, 4.0, 1 / 3, 2.5]


class Filled(Books):
    """Two runs of a study, the second after the first; `-2` has a NaN, infinities, a curve that goes back."""

    def __init__(self, folder: Path, points: int = 9, spec: dict | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        super().__init__(folder)
        self.run("mlp-1", start=0, end=50, spec=spec or SPEC, study="both", cause="exit 1", result="failed", exit_code=1,
                 evidence=json.dumps(["it said so"]), peak_memory=12345, pid=77, gpus='["0"]', step=8, total_steps=9)  # fmt: skip
        self.run(
            "mlp-2",
            start=60,
            end=200,
            spec=spec or SPEC,
            study="both",
            parent="mlp-1",
            armed=1,
            retried_for="exit",
        )
        self.line("mlp-1", 0, 50, 50_000, gpu_ms=50_000)
        self.line("mlp-2", 60, 200, 140_001, gpu_ms=140_000)
        self.line("mlp-2", 200, 200, -41, kind="correction")
        self.line("", 200, 300, 100_000, kind="idle")
        for name in ("mlp-1", "mlp-2"):
            self._fill(name, points)
        self._judge()

    def _fill(self, name: str, points: int) -> None:
        folder = self.path.parent / "runs" / name
        folder.mkdir(parents=True, mode=0o700)
        (folder / "output.log").write_text(f"hello from {name}\nLast line of it\n")
        origin = {"run": name, "job": "mlp", "study": "both", "parent": None, "project": "/", "command": ["a b", "c"],
                  "db": str(self.path), "queued_at": START, "leases": [{"id": 1}], "host": "far"}  # fmt: skip
        (folder / "origin.json").write_text(json.dumps(origin))
        (folder / "results.json").write_text('{"mae": 3}')
        (folder / "launch.json").write_text('{"env": {"TOKEN": "hush"}}')
        (folder / "spec.toml").write_text("[job]\nname = 'mlp'\ncommand = ['x']\n")
        (folder / "best.pt").write_bytes(b"\0weights")
        told = [
            Record(
                metrics=dict.fromkeys(NAMES, CURVE[n % len(CURVE)]), step=n % 700, epoch=n / 3, at=START + n
            )
            for n in range(points)
        ]
        with atomic(self.db):
            self.streams.add_records(name, "jsonl", told, now=START)
            self.streams.add_records(name, "console", told[:2], now=START)
            self.db.execute(
                "INSERT INTO sources (run, path, kind, offset, lines, understood) VALUES (?, 'metrics.jsonl', 'jsonl', 99, 9, 8)",
                (name,),
            )
            self.db.execute(
                "INSERT INTO usage VALUES (?, ?, 0.5, 10, NULL, NULL, 2, 'no GPU')", (name, START + 1)
            )
            write_checkpoint(
                self.db,
                name,
                path=str(folder / "best.pt"),
                at=START + 3,
                step=3,
                epoch=None,
                metric="val/mae",
                value=4.0,
            )
            write_checkpoint(
                self.db, name, path="s3://far/last.pt", at=START + 4, step=4, epoch=0.5, metric="", value=None
            )
            self.runs.event(name, "status", "queued", at=START)
            self.runs.event(name, "note", f"odd {HOSTILE}", at=START + 1)

    def _judge(self) -> None:
        desk = Desk(self.path)
        desk.note("mlp-1", "looked\nfine <b>")
        desk.tag("mlp-2", ["best", "paper"])
        desk.close()
        gates = self.runs.get("mlp-1").spec.gates()
        acts = ActionWriter(self.db)
        with atomic(self.db):
            for subject in ("mlp-1", "mlp-2", "study:both"):
                write_gates(self.db, subject, gates)
                for state, value in ((State.FAILED, 4.0), (State.PASSED, 2.5)):
                    verdict = Verdict(gate="below-3", state=state, value=value, reason="by the curve", step=6, epoch=2.0,
                                      at=START + 6, window=(4.0, math.nan), interval=(2.0, 5.0), label="band")  # fmt: skip
                    write_verdict(self.db, subject, verdict, is_change=True)
                    number = self.db.execute("SELECT max(id) FROM verdicts").fetchone()[0]
                    reached = Reached(id=number, gate="below-3", state=state, value=value, reason="",
                                      place=Place(step=6, epoch=2.0, at=START + 6))  # fmt: skip
                    acts.write(
                        subject, reached, "notify", "told", is_done=True, at=START + 7, saves=(3.5, 41)
                    )
                acts.answer(subject, "plausible", yes=True, who="ann", note="# fine", at=START + 9)
                write_reading(
                    self.db, subject, Reading(kind="began", seq=-1, name="mlp-2", text="mlp", at=START)
                )
            study = study_with("both", [{**GATES[0], "run": "mlp"}], {}, [], path=Path())
            self.db.execute(
                "INSERT INTO studies (name, text, digest, source, status, at) VALUES ('both', ?, 'd', 's.toml', 'over', 1.0)",
                (
                    study.text.replace('"about":""', '"about":"two"').replace(
                        '{"both":["both"]}', '{"mlp":["mlp"]}'
                    ),
                ),
            )


def views(reader, run, folder):
    """Everything a front end can be told of a run, apart from numbers of rows and where it lies."""
    detail = reader.detail(run)
    text = repr(
        (
            detail.view, detail.command, detail.params, detail.about, detail.gates, detail.notes, detail.lines_read,
            detail.lines_understood, [(one.at, one.kind, one.text) for one in detail.events], detail.checkpoints,
            reader.metrics(run), reader.outcomes(run), reader.usage(run), reader.log_tail(run, 5), reader.spec(run),
            reader.course(reader.run(run)), reader.offers(run),
        )
    )  # fmt: skip
    for one in reader.metrics(run):
        text += repr(
            (one.metric, reader.curve(run, one.metric), reader.segments(run, one.metric), reader.chain(run, one.metric),
             [reader.envelope(run, one.metric, buckets=count) for count in (3, 40, 10_000)])
        )  # fmt: skip
    return text.replace(str(folder), "PROJECT")


__all__ = ["CURVE", "GATES", "HOSTILE", "NAMES", "SPEC", "Filled", "RunWriter", "StreamWriter", "views"]
