"""A made-up study with a bit of everything, written as the manager writes it; its clock stands still.

    baseline-1   finished, and is what the others are measured against
    ast-1        armed; its loss became NaN, a gate stopped it, its remedy was tried as
    ast-2        which finished, and is best
    mlp-1        lost with its machine; a person left a note
    conv-1       live
    evaluate-1   queued

Used by the tests of summaries, of what is carried elsewhere, and of reports.
"""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

from trainui.core.gates import Judge, Point, State, Verdict, parse_gates
from trainui.core.ingest.records import Record
from trainui.core.run import Result
from trainui.core.spec.study import load_studies
from trainui.core.store.actions import ActionWriter
from trainui.core.store.money import Ledger
from trainui.core.store.moneyviews import BudgetView
from trainui.core.store.readings import Reading
from trainui.core.store.runs import RunWriter
from trainui.core.store.schema import atomic, connect
from trainui.core.store.streams import StreamWriter
from trainui.core.store.studies import StudyWriter
from trainui.core.store.subjects import subject_of
from trainui.core.store.usage import write_machine, write_usage
from trainui.core.store.verdicts import write_checkpoint, write_gates, write_verdict
from trainui.core.store.views import GpuView, MachineView, UsageView

START, BOOT = 1_733_340_600.0, 50_000.0
"""Unix seconds (2024-12-04 19:30 UTC) and boot seconds when the study began."""
HOUR = 3600.0
NOW = START + 12 * HOUR
STUDY = "ast"
RATE = 1.29
GIB = 1 << 30
RUNS = ("baseline-1", "ast-1", "ast-2", "mlp-1", "conv-1", "evaluate-1")
PAGE = """\
[study]
name = "ast"
about = "fine-tuning with and without warm-up"
runs = { base = "baseline", ast = "ast", mlp = "mlp" }

[estimate]
quote = "~6-8 hours, ~$8-10"
usd = [8, 10]
gpu_hours = [6, 8]
decision_points = 10

[metric.val_acc]
goal = "max"

[[table]]
title = "Results, to be updated"
columns = { base = "Baseline", ast = "AST" }
delta = "Gain"
rows = [
    { name = "Best accuracy", value = "best(val_acc)", unit = "%" },
    { name = "Epoch 10", value = "at(val_acc, epoch 10)", unit = "%" },
    { name = "Memory of the GPU", value = "max(@gpu_mem_gb)", unit = "GiB" },
    { name = "Cost", value = "last(@cost_usd)", bands = [[5, "dear"], [0, "cheap"]] },
    { name = "Better than the baseline", gate = "H1" },
    { name = "Ready", gate = "ready" },
]

[[gate]]
id = "H1"
quote = "AST will beat the baseline by 15 points"
source = "002"
role = "hypothesis"
test = "value"
left = "ast: best(val_acc)"
minus = "base: best(val_acc)"
op = ">="
right = 15
when = "end"

[[gate]]
id = "H2"
quote = "a plain MLP is enough"
role = "hypothesis"
test = "value"
left = "mlp: best(val_acc)"
op = ">="
right = 60
when = "end"

[[gate]]
id = "ready"
quote = "Best model achieves >60% val acc?"
role = "criterion"
run = "ast"
test = "value"
left = "best(val_acc)"
op = ">"
right = 60
"""
NO_NAN: dict[str, Any] = {
    "id": "no-nan", "quote": "Watch for: no NaN/Inf", "source": "000", "role": "flag", "test": "finite",
    "metrics": ["train_loss"], "k": 2, "on": {"tripped": ["notify", "stop", "relaunch"]}, "remedy": ["no-warmup"],
}  # fmt: skip
READY: dict[str, Any] = {
    "id": "ready", "quote": "Best model achieves >60% val acc?", "role": "criterion", "test": "value",
    "left": "best(val_acc)", "op": ">", "right": 60,
}  # fmt: skip
REMEDY = {
    "id": "no-warmup", "on": "no-nan", "set": {"warmup_epochs": 0}, "from": "scratch", "auto": True, "max": 1,
    "quote": "Warmup is harmful for transfer learning", "source": "002",
}  # fmt: skip


class Story:
    """Writes it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "runs.db"
        self.db = connect(self.path)
        self.runs, self.streams = RunWriter(self.db), StreamWriter(self.db)

    def run(
        self, name: str, *, begun: float | None, ended: float | None = None, params: dict[str, Any] | None = None,
        command: str = "train.py", gates: tuple[dict[str, Any], ...] = (), remedy: tuple[dict[str, Any], ...] = (),
        usd: float = 0.0, parent: str | None = None, retried_for: str = "", armed: bool = False,
        about: str = "audio transformer", log: tuple[str, ...] = (), estimate: dict[str, Any] | None = None,
        primary: str = "val_acc", **changes: Any,
    ) -> None:  # fmt: skip
        """A run; `begun` and `ended` are hours from START."""
        job = name.rpartition("-")[0]
        spec = {
            "job": {"name": job, "command": ["python", command], "about": about, "study": STUDY},
            "params": params or {}, "metrics": {"primary": primary, "goal": "max"}, "gate": list(gates),
            "remedy": list(remedy), "resources": {"gpus": 1}, "estimate": estimate,
        }  # fmt: skip
        directory = self.folder / "runs" / name
        payload = {
            "job": job, "study": STUDY, "spec": json.dumps(spec), "project": str(self.folder), "parent": parent,
            "armed": armed, "retried_for": retried_for,
        }  # fmt: skip
        self.runs.add(name, payload, directory=directory, queued_at=START + (begun or 0) * HOUR - 5)
        if gates:
            write_gates(self.db, name, parse_gates(gates, goals={"val_acc": "max"}))
        if begun is None:
            self.runs.change(name, **changes)
            return
        start = {"started_at": START + begun * HOUR, "started_boot": BOOT + begun * HOUR, "boot_id": "boot"}
        changes = {"status": "running", "gpus": '["0"]', "was_launched": 1, **start, **changes}
        self.runs.event(name, "status", "running", at=START + begun * HOUR)
        if ended is not None:
            changes |= {"status": "ended", "ended_at": START + ended * HOUR, "ended_boot": BOOT + ended * HOUR,
                        "seconds": (ended - begun) * HOUR}  # fmt: skip
            self.runs.event(name, "status", f"ended: {changes['result']}", at=START + ended * HOUR)
        self.runs.change(name, **changes)
        directory.mkdir(parents=True)
        (directory / "output.log").write_text("".join(f"{line}\n" for line in log), encoding="utf-8")
        words = [f"--{key}={value}" for key, value in (params or {}).items()]
        origin = {
            "command": ["python", command, *words], "host": "gpu-7", "system": "Linux-6.1", "python": "3.11.9",
            "git": {"commit": "5f2c9a" + "0" * 34, "diff": ""}, "packages": ["torch==2.11.0", "numpy==2.1.0"],
        }  # fmt: skip
        (directory / "origin.json").write_text(json.dumps(origin))
        self._pay(name, begun, 12.0 if ended is None else ended, usd)

    def _pay(self, run: str, begun: float, ended: float, usd: float) -> None:
        self.db.execute(
            "INSERT INTO ledger (at, kind, run, machine, micro_usd, gpu_ms, boot_id, from_boot, to_boot)"
            " VALUES (?, 'run', ?, 'a100', ?, ?, 'boot', ?, ?)",
            (START + ended * HOUR, run, round(usd * 1e6), round((ended - begun) * HOUR * 1000), BOOT + begun * HOUR,
             BOOT + ended * HOUR),
        )  # fmt: skip

    def train(
        self, run: str, accuracies: list[float], losses: list[float], *, begun: float, epoch_hours: float,
        gates: tuple[dict[str, Any], ...], ending: Result | None = None,
    ) -> None:  # fmt: skip
        """Its epochs, judged by its gates as it went on."""
        records = []
        for place, loss in enumerate(losses):
            epoch, at = place + 1, START + (begun + (place + 1) * epoch_hours) * HOUR
            told = {"train_loss": loss, "lr": 1e-3 / epoch}
            if place < len(accuracies):
                told["val_acc"] = accuracies[place]
            records.append(Record(metrics=told, step=epoch * 100, epoch=epoch, at=at))
        self.streams.add_records(run, "jsonl", records, now=NOW)
        self.runs.change(run, step=len(losses) * 100, epoch=float(len(losses)), total_epochs=50.0)
        judge = Judge(parse_gates(gates, goals={"val_acc": "max"})) if gates else None
        for record in records if judge else ():
            for metric, value in record.metrics.items():
                assert judge is not None
                assert record.step is not None
                assert record.at is not None
                point = Point(metric=metric, step=record.step, epoch=record.epoch, value=value, at=record.at)
                for verdict in judge.feed(point):
                    write_verdict(self.db, run, verdict, is_change=True)
        if judge is not None and ending is not None:
            for verdict in judge.end(result=ending, exit_code=None, at=records[-1].at or NOW):
                write_verdict(self.db, run, verdict, is_change=True)
        for verdict in judge.current().values() if judge else ():
            write_verdict(self.db, run, verdict, is_change=False)

    def saved(
        self, run: str, name: str, epoch: int, value: float, *, at: float, is_there: bool = True
    ) -> None:
        """A checkpoint."""
        write_checkpoint(self.db, run, path=name, at=START + at * HOUR, step=epoch * 100, epoch=epoch,
                         metric="val_acc", value=value)  # fmt: skip
        if is_there:
            (self.folder / "runs" / run / name).write_bytes(b"weights")

    def note(self, run: str, text: str, *, at: float) -> None:
        """What a person remarked."""
        self.db.execute("INSERT INTO notes (at, run, text) VALUES (?, ?, ?)", (START + at * HOUR, run, text))

    def tag(self, run: str, tag: str) -> None:
        """A word that a person put on it."""
        self.db.execute("INSERT INTO tags VALUES (?, ?, ?)", (run, tag, START))


def make(folder: Path) -> Path:
    """The study in a project folder; its runs.db."""
    story = Story(folder)
    with atomic(story.db):
        _write_study(story)
        _write_runs(story)
        _write_rest(story)
    story.db.close()
    return story.path


def _write_study(story: Story) -> None:
    file = story.folder / "study.toml"
    file.write_text(PAGE)
    (study,) = load_studies(file)
    writer = StudyWriter(story.db)
    writer.keep(STUDY, study.text, "d" * 64, "jobs/ast/study.toml", study.plan.gates, START)
    for alias, run in (("base", "baseline-1"), ("ast", "ast-2"), ("mlp", "mlp-1")):
        writer.note(STUDY, Reading(kind="began", seq=-1, name=run, text=alias, at=START))
    for gate, state, value, reason in (
        ("H1", State.PASSED, 17.8, "ast: best(val_acc) - base: best(val_acc) is 17.8 (should be >= 15)"),
        ("H2", State.UNKNOWN, None, "mlp-1 was lost at epoch 2"),
        ("ready", State.PASSED, 66.4, "passed in ast-2"),
    ):
        verdict = Verdict(gate=gate, state=state, value=value, reason=reason, at=START + 9 * HOUR)
        write_verdict(story.db, subject_of(STUDY), verdict, is_change=True)


def _write_runs(story: Story) -> None:
    story.run("baseline-1", begun=0, ended=0.5, command="smoke.py", usd=0.5, result="finished", exit_code=0,
              params={"epochs": 1}, about="one epoch, nothing tuned")  # fmt: skip
    story.train("baseline-1", [48.6], [2.31], begun=0, epoch_hours=0.4, gates=())
    params = {"epochs": 50, "warmup_epochs": 5, "batch_size": 4, "head_lr": 1e-3, "amp": True}
    both = (READY, NO_NAN)
    story.run(
        "ast-1", begun=0.5, ended=3, params=params, gates=both, remedy=(REMEDY,), usd=2.5, armed=True,
        result="stopped", cause="gate no-nan at epoch 7", stop_reason="gate no-nan",
        evidence='["train_loss was nan twice in a row at step 700"]',
        log=("epoch 6/50 loss nan", "epoch 7/50 loss nan", "stopping"), estimate={"usd": [6, 8], "gpu_hours": [6, 8]},
    )  # fmt: skip
    falling = [40.61, 38.2, 30.0, 22.7, 13.42]
    story.train("ast-1", falling, [3.1, 3.3, 4.0, 5.2, 9.9, math.nan, math.nan], begun=0.5, epoch_hours=0.35,
                gates=both, ending=Result.STOPPED)  # fmt: skip
    story.saved("ast-1", "best.pt", 1, 40.61, at=0.9, is_there=False)
    story.db.execute(
        "INSERT INTO actions (run, gate, verdict, action, outcome, is_done, at) SELECT run, gate, id, 'stop', 'stopped',"
        " 1, at FROM verdicts WHERE run='ast-1' AND verdict='tripped'"
    )
    story.runs.event("ast-1", "remedy", "ast-2 is queued after gate no-nan: remedy no-warmup (warmup_epochs=0), from"
                     " the beginning", at=START + 3 * HOUR)  # fmt: skip
    story.run(
        "ast-2", begun=3, ended=9, params={**params, "warmup_epochs": 0}, gates=both, remedy=(REMEDY,), usd=6.0,
        armed=True, result="finished", exit_code=0, parent="ast-1", retried_for="remedy no-warmup",
        estimate={"usd": [6, 8], "gpu_hours": [6, 8]}, log=("epoch 14/50", "early stopping", "done"),
    )  # fmt: skip
    rising = [48.9, 53.1, 56.0, 58.2, 60.4, 61.0, 62.2, 63.8, 64.0, 65.1, 66.4, 66.0, 65.8, 65.9]
    story.train("ast-2", rising, [2.0 - place / 10 for place in range(14)], begun=3, epoch_hours=0.42, gates=both,
                ending=Result.FINISHED)  # fmt: skip
    story.saved("ast-2", "epoch5.pt", 5, 60.4, at=5)
    story.saved("ast-2", "best.pt", 11, 66.4, at=8)
    story.run("mlp-1", begun=3, ended=4, params={"epochs": 50, "hidden": 512}, usd=0.8, result="lost", about="a plain MLP",
              cause="machine restarted", evidence='["the boot id is another since 23:30"]', log=("epoch 2/50",))  # fmt: skip
    story.train("mlp-1", [31.0, 35.5], [2.8, 2.6], begun=3, epoch_hours=0.4, gates=())
    story.saved("mlp-1", "last.pt", 2, 35.5, at=3.9)
    look = {"id": "look-in", "role": "ask", "test": "ask", "question": "do the spectra look right?"}
    story.run("conv-1", begun=11, params={"epochs": 50, "width": 64}, gates=(READY, look), usd=1.29, about="a CNN",
              log=("epoch 3/50",))  # fmt: skip
    story.train("conv-1", [44.0, 51.5, 55.2], [2.5, 2.2, 2.0], begun=11, epoch_hours=0.3, gates=(READY,))
    story.run(
        "evaluate-1",
        begun=None,
        command="evaluate.py",
        primary="",
        waits_for="waits for conv",
        about="on the test set",
    )


def _write_rest(story: Story) -> None:
    writer = ActionWriter(story.db)
    asked = Verdict(
        gate="look-in", state=State.WARN, value=None, reason="nobody has answered", at=START + 11.5 * HOUR
    )
    write_verdict(story.db, "conv-1", asked, is_change=True)
    writer.answer(
        "ast-2", "look-in", yes=True, who="ann", note="as clean as the smoke test", at=START + 4 * HOUR
    )
    watch = Verdict(gate="watch/spike", state=State.WARN, value=9.9, reason="train_loss rose to 9.9, 2.5 times what it was",
                    step=500, epoch=5.0, at=START + 2 * HOUR)  # fmt: skip
    (spike,) = parse_gates([{"id": "spike", "role": "flag", "test": "spike", "metric": "train_loss"}])
    gates = [replace(spike, id="watch/spike")]
    write_gates(story.db, "ast-1", gates, first=100, is_default=True)
    write_verdict(story.db, "ast-1", watch, is_change=True)
    story.note("ast-1", "warm-up drove the head's rate far too high", at=10)
    story.note("mlp-1", "the provider rebooted us", at=4.5)
    story.tag("ast-2", "keep")
    story.tag("baseline-1", "baseline")
    for hour in (3.5, 5.0, 8.0):
        write_usage(story.db, UsageView(run="ast-2", at=START + hour * HOUR, cpu=2.0, memory=6 * GIB, gpu=0.8 + hour / 100,
                                        gpu_memory=14 * GIB, processes=5))  # fmt: skip
    gpu = GpuView(
        name="NVIDIA A100 40G", uuid="GPU-1", utilisation=0.9, memory_used=14 * GIB, memory_total=40 * GIB
    )
    write_machine(story.db, MachineView(at=NOW - 5, cpu=0.2, cores=16, memory_used=20 * GIB, memory_total=200 * GIB,
                                        disk_free=400 * GIB, gpus=(gpu,)))  # fmt: skip
    spent = 11.09 + 0.9
    view = BudgetView(machine="a100", usd_per_hour=RATE, gpus=1, total_usd=20.0, reserve_usd=1.0, spent_usd=spent,
                      idle_usd=0.9, left_usd=20 - 1 - spent)  # fmt: skip
    Ledger(story.db).set_fact("budget", json.dumps({key: getattr(view, key) for key in view.__slots__}))


@contextmanager
def frozen() -> Iterator[None]:
    """The clocks of this process stand at NOW, in UTC."""
    zone = os.environ.get("TZ")
    os.environ["TZ"] = "UTC"
    time.tzset()
    try:
        with (
            patch("time.clock_gettime", lambda _clock: BOOT + NOW - START),
            patch("time.time", lambda: NOW),
        ):
            yield
    finally:
        if zone is None:
            del os.environ["TZ"]
        else:
            os.environ["TZ"] = zone
        time.tzset()
