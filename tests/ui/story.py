"""A store in memory that tells one story: three runs live, one waiting, two ended. Its clock stands still."""

from __future__ import annotations

import math
from pathlib import Path

from money_story import BUDGET, NOW, MoneyStory
from msgspec import Struct, field
from msgspec.structs import replace

from trainui.core.away.model import Away
from trainui.core.ingest.printed import Printed
from trainui.core.money.outlook import Mark
from trainui.core.retrying import RetryChoices
from trainui.core.run import Result, Status
from trainui.core.spec import Spec
from trainui.core.spec.model import Job as SpecJob
from trainui.core.store.outbox import Message
from trainui.core.store.outcomes import Outcomes
from trainui.core.store.views import (
    Bucket,
    CheckpointView,
    CurvePoint,
    EventView,
    GateView,
    GpuView,
    MachineView,
    MetricView,
    PrimaryView,
    RunDetail,
    RunView,
    UsageView,
)
from trainui.ui.exporting import ExportChoices, FormatChoice

GIB = 1 << 30


def run(name, *, status=Status.RUNNING, **changes) -> RunView:
    job = name.rpartition("-")[0]
    return replace(
        RunView(
            run=name, job=job, study="phase 3", status=status, queued_at=NOW - 9000, directory=f"runs/{name}"
        ),
        **changes,
    )


def live(name, *, epoch, value, best, at, eta, gates, order) -> RunView:
    return run(
        name,
        pid=4000 + order,
        gpus=("0",),
        queued_at=NOW - 9000 + order,
        started_at=NOW - 3900,
        seconds=3900.0,
        gpu_hours=0.36,
        usd=1.38,
        usd_per_hour=0.43,
        step=epoch * 90,
        epoch=epoch,
        total_epochs=50.0,
        progress=epoch / 50,
        eta_seconds=eta,
        metric=PrimaryView(name="val/mae", goal="min", last=value, best=best, best_step=at * 90),
        gates=gates,
        armed=order == 1,
        peak_memory=3 * GIB,
        peak_gpu_memory=12 * GIB,
    )


RUNS = [
    live("transformer-3", epoch=34.0, value=88.1, best=86.4, at=31, eta=4320, order=3,
         gates={"passed": 3, "ok": 5, "warn": 1, "pending": 1}) ,
    live("mlp-2", epoch=27.0, value=131.0, best=129.2, at=25, eta=6000, order=2, gates={"passed": 1, "ok": 7}),
    live("contrastive-1", epoch=41.0, value=104.7, best=101.9, at=41, eta=1860, order=1,
         gates={"passed": 2, "ok": 6}),
    run("evaluate-1", status=Status.QUEUED, queued_at=NOW - 600, gates={"pending": 2},
        waits_for="waits for transformer, mlp, contrastive"),
    run("transformer-2", status=Status.ENDED, result=Result.STOPPED, cause="gate no-nan at epoch 3",
        queued_at=NOW - 9500, ended_at=NOW - 4000, seconds=300.0, usd=0.09, gpu_hours=0.08,
        metric=PrimaryView(name="val/mae", goal="min", last=math.nan, best=402.8, best_step=2),
        gates={"tripped": 1, "ok": 4, "pending": 5}),
    run("transformer-1", status=Status.ENDED, result=Result.FAILED, cause="out of GPU memory",
        queued_at=NOW - 9900, ended_at=NOW - 5000, seconds=41.0, usd=0.01, gates={"unknown": 2, "pending": 8}),
]  # fmt: skip

SUPERVISED = [
    replace(RUNS[0], status=Status.STOPPING, stop_at=NOW + 272),
    replace(RUNS[1], status=Status.PAUSED),
    replace(RUNS[2], status=Status.STOPPING, stop_at=NOW + 31),
    run("pipeline-2", status=Status.QUEUED, queued_at=NOW - 60, priority=5, waits_for="a slot: 3 of 3 taken"),
    run("evaluate-1", status=Status.QUEUED, queued_at=NOW - 600, waits_for="transformer-3, which goes first"),
    run("mlp-3", status=Status.QUEUED, queued_at=NOW - 500, held=True, waits_for="you: trainui release mlp-3"),
    replace(RUNS[5], evidence=("exit code 1", "its output says torch.OutOfMemoryError: CUDA out of memory. Tried to"
            " allocate 2.00 GiB (GPU 0; 39.56 GiB total capacity)"), peak_memory=3 * GIB, peak_gpu_memory=39 * GIB),
]  # fmt: skip
"""One of each: being stopped, paused, saving before it stops; queued, behind, held; dead of something."""

GATES = [
    GateView(gate="mae-100", role="criterion", run="transformer-3", verdict="passed", at_epoch=29, value=86.4,
             quote="Best model achieves <100ms MAE?", rule="best(val/mae) < 100", threshold=100.0, metric="val/mae"),
    GateView(gate="no-nan", role="guard", run="transformer-3", verdict="ok", value=0, quote="no NaN/Inf",
             rule="finite(train/loss) k=2", metric="train/loss"),
    GateView(gate="mae-improving", role="watch", run="transformer-3", verdict="warn", at_epoch=33, value=0.4,
             quote="validation MAE improving", rule="1 % per 8 epochs", metric="val/mae",
             reason="best moved 0.4 % in 8 epochs, 1 % expected", action="would have stopped"),
    GateView(gate="der-10pct", role="criterion", run="transformer-3", verdict="pending",
             quote="DER improves by >10%?", rule="der / baseline der < 0.90"),
]  # fmt: skip

EVENTS = [
    EventView(id=1, at=NOW - 4000, run="transformer-2", kind="status",
              text="stopped: gate no-nan at epoch 3, train/loss nan twice"),
    EventView(id=2, at=NOW - 3900, run="transformer-3", kind="status",
              text="started as the child of transformer-2 with learning_rate 1e-4"),
    EventView(id=3, at=NOW - 240, run="mlp-2", kind="checkpoint", text="checkpoint best.pt, val/mae 129.2"),
    EventView(id=4, at=NOW - 60, run="transformer-3", kind="gate",
              text="mae-improving: best moved 0.4 % in 8 epochs (1 % expected), warn"),
]  # fmt: skip

HOSTILE_LOG = [
    "[bold red]not markup[/]",
    "\x1b[2J\x1b[31mnot red\x1b[0m",
    "tab\there",
    "plain \x07 bell \u202e end",
]


def curve(scale, floor, epochs, *, nan_at=None, wobble=0.02) -> list[CurvePoint]:
    points = []
    for n in range(int(epochs) + 1):
        value = floor + scale * math.exp(-n / 6) + floor * wobble * math.sin(n * 2.4)
        points.append(
            CurvePoint(step=n * 90.0, epoch=float(n), value=math.nan if n == nan_at else value, at=NOW)
        )
    return points


def curves() -> dict[tuple[str, str], list[CurvePoint]]:
    shapes = {"transformer-3": (520, 84, 34), "mlp-2": (400, 128, 27), "contrastive-1": (460, 100, 41)}
    found = {}
    for name, (scale, floor, epochs) in shapes.items():
        found[name, "val/mae"] = curve(scale, floor, epochs)
        found[name, "train/loss"] = curve(4, floor / 100, epochs, nan_at=12 if name == "mlp-2" else None)
        found[name, "val/acc50"] = curve(-60, 70, epochs)
        found[name, "val/acc100"] = curve(-70, 85, epochs)
        found[name, "train/lr"] = curve(3e-4, 1e-5, epochs, wobble=0)
        found[name, "train/grad_norm"] = curve(9, 1.1, epochs, wobble=0.2)
    found["transformer-2", "val/mae"] = curve(520, 300, 3, nan_at=3)
    return found


class Job(Struct):
    name: str
    about: str = ""
    study: str = ""
    problem: str = ""
    presets: tuple[str, ...] = ()
    params: dict = field(default_factory=dict)
    preset_params: dict = field(default_factory=dict)


JOBS = [
    Job(name="boundary", about="Predict sign boundaries from pose", presets=("full", "smoke"),
        params={"learning_rate": 3e-4, "epochs": 50, "batch_size": 32}),
    Job(name="broken", problem="jobs/broken.toml:3: unknown key 'comand' (did you mean 'command'?)"),
    Job(name="evaluate", about="Score the best checkpoint"),
]  # fmt: skip


PARAMS = {"learning_rate": 1e-4, "epochs": 50, "shuffle": True, "name": "two words", "sizes": [1, 2]}


class Story(MoneyStory):
    """Reader, actions and source in one; `calls` says what was asked for."""

    def __init__(self, runs=RUNS, *, log=("epoch 34 loss 0.213 val/mae 88.1",)) -> None:
        self.run_views = list(runs)
        self.points = curves()
        self.gate_views = list(GATES)
        self.event_views = list(EVENTS)
        self.log = list(log)
        self.output = Printed()
        self.spec_at: Path | None = Path("jobs/boundary/boundary.toml")
        self.calls: list[tuple] = []
        self.envelopes: list[tuple] = []
        self.marks: list[Mark] = []
        self.refusal: Exception | None = None
        self.trouble: Exception | None = None
        self.changes = 0
        self.tagged: list[str] = []
        self.places: dict[str, tuple] = {}
        self.params_by_run: dict[str, dict] = {}
        self.came_of: dict[str, Outcomes] = {}
        self.used: UsageView | None = None
        self.samples: dict[str, list[UsageView]] = {}
        self.saved: dict[str, list[CheckpointView]] = {}
        self.defaults: dict[str, dict] = {}
        self.texts: dict[tuple[str, str], str] = {}
        self.turned: dict[tuple[str, str], list] = {}
        self.specs: dict[str, Spec] = {}
        self.choices = RetryChoices(run="", job="")
        self.budget_view = BUDGET
        self.message_list: list[Message] = []
        self.away_told = Away(since=NOW - 9 * 3600, until=NOW)
        gpu = GpuView(name="NVIDIA A100 40G", uuid="GPU-1", utilisation=0.94, memory_used=int(11.3 * GIB),
                      memory_total=40 * GIB, temperature=62.0, watts=214.0)  # fmt: skip
        self.machine_view = MachineView(at=NOW, cpu=0.38, cores=16, memory_used=21 * GIB, memory_total=200 * GIB,
                                        disk_free=412 * GIB, gpus=(gpu,))  # fmt: skip

    def reader(self):
        return self

    def actions(self):
        return self

    def version(self) -> int:
        if self.trouble:
            raise self.trouble
        return self.changes

    def runs(self):
        return list(self.run_views)

    def detail(self, name):
        view = next(v for v in self.run_views if v.run == name)
        usage = UsageView(run=name, at=NOW - 1, cpu=3.84, memory=int(2.1 * GIB), gpu_memory=int(11.3 * GIB), gpu=0.94,
                          processes=5)  # fmt: skip
        checkpoint = CheckpointView(path="best.pt", at=NOW - 240, epoch=31, metric="val/mae", value=86.4)
        return RunDetail(
            view=view, about="Predict sign boundaries from pose", command=("python", "jobs/boundary/train.py"),
            params=self.params_by_run.get(name, {"learning_rate": 1e-4, "epochs": 50, "name": "[red]x"}), metrics=tuple(self.metrics(name)),
            gates=tuple(self.gates(name)), checkpoints=(checkpoint,),
            events=tuple(e for e in self.event_views if e.run == name), lines_read=900, lines_understood=880,
             usage=self.used or (usage if view.is_live else None),
        )  # fmt: skip

    def metrics(self, name):
        found = []
        for (run_name, metric), points in self.points.items():
            if run_name == name:
                values = [p.value for p in points if math.isfinite(p.value)]
                found.append(MetricView(run=name, metric=metric, points=len(points), last_step=points[-1].step,
                                        nonfinite=len(points) - len(values), first=values[0], last=points[-1].value,
                                        min=min(values), max=max(values)))  # fmt: skip
        return found

    def curve(self, name, metric):
        return self.points[name, metric]

    def course(self, view, *, now=None):
        self.calls.append(("course", view.run))
        return self.marks or [
            Mark(at=view.queued_at, micro=0),
            Mark(at=now, micro=2e6, gpu_ms=3.6e6, seconds=600),
        ]

    def envelope(self, name, metric, *, buckets, start=0, stop=None):
        self.envelopes.append((name, metric, start, stop))
        points = self.points[name, metric][start:stop]
        size = math.ceil(len(points) / buckets)
        out = []
        for at in range(0, len(points), size):
            part = points[at : at + size]
            values = [p.value for p in part if math.isfinite(p.value)]
            out.append(Bucket(step_from=part[0].step, step_to=part[-1].step, count=len(part),
                              nonfinite=len(part) - len(values), min=min(values, default=None),
                              max=max(values, default=None), first=values[0] if values else None,
                              last=values[-1] if values else None, at_from=part[0].at, at_to=part[-1].at,
                              epoch_from=part[0].epoch, epoch_to=part[-1].epoch))  # fmt: skip
        return out

    def gates(self, name=None):
        return [g for g in self.gate_views if name in (None, g.run)]

    def outcomes(self, subject):
        return self.came_of.get(subject, Outcomes())

    def events(self, *, after=0, limit=200):
        return [e for e in self.event_views if e.id > after][:limit]

    def budget(self):
        return self.budget_view

    def newest_message(self):
        return max((one.id for one in self.message_list), default=0)

    def messages(self, *, after=0, limit=200):
        return [one for one in self.message_list if one.id > after][-limit:]

    def away(self, since, *, now):
        self.calls.append(("away", since, now))
        return replace(self.away_told, since=since, until=now)

    def machine(self):
        return self.machine_view

    def place_at(self, name, at):
        return self.places.get(name, (None, None))

    def log_tail(self, name, lines):
        return [f"{name}: {text}" for text in self.log][-lines:]

    def jobs(self):
        return self._answer(JOBS, "jobs")

    def start(self, job, *, params, preset, armed, held, priority):
        return self._answer(f"{job}-1", "start", job, dict(params), preset, armed, held, priority)

    def start_several(self, wishes):
        return [
            self.start(
                w.job, params=w.params, preset=w.preset, armed=w.armed, held=w.held, priority=w.priority
            )
            for w in wishes
        ]

    def before_several(self, wishes):
        return self._answer([replace(self.fit, job=one.job) for one in wishes], "before_several", *wishes)

    def before_start(self, job, *, params, preset, priority, held=False):
        return self._answer(self.fit, "before_start", job, dict(params), preset, priority)

    def cancel_countdown(self):
        return self._answer("cancelled on_idle", "cancel_countdown")

    def stop(self, name, *, now=False):
        return self._answer(None, "stop", name, now)

    def pause(self, name):
        return self._answer(None, "pause", name)

    def resume(self, name):
        return self._answer(None, "resume", name)

    def checkpoint(self, name):
        return self._answer(None, "checkpoint", name)

    def toggle_hold(self, name):
        is_held = next(v for v in self.run_views if v.run == name).held
        return self._answer(not is_held, "toggle_hold", name)

    def nudge(self, name, by):
        return self._answer(by, "nudge", name, by)

    def shift(self, name, by):
        return self._answer(f"{name} goes elsewhere", "shift", name, by)

    def params(self, name):
        return self._answer(dict(PARAMS), "params", name)

    def params_of(self, name):
        self.calls.append(("params_of", name))
        return self.params_by_run.get(name, dict(PARAMS))

    def edit(self, name, *, params):
        return self._answer(None, "edit", name, dict(params))

    def answer(self, name, gate, *, yes, note=""):
        return self._answer(None, "answer", name, gate, yes, note)

    def retry(self, name, **how):
        return self._answer(f"{name}-again", "retry", name, *([how] if how else []))

    def retry_choices(self, name):
        return self._answer(self.choices, "retry_choices", name)

    def usage(self, name):
        return self.samples.get(name, [])

    def checkpoints(self, name):
        return self.saved.get(name, [])

    def defaults_of(self, job):
        return self.defaults.get(job)

    def gate_text(self, name, gate):
        return self.texts.get((name, gate), "")

    def turns(self, name, gate):
        return self.turned.get((name, gate), [])

    def spec(self, name):
        return self.specs[name] if name in self.specs else Spec(job=SpecJob(name=name, command=["x"]))

    def tries_of(self, name, kind):
        return 0

    def printed(self, name):
        return self._answer(self.output, "printed", name)

    def spec_file(self, name):
        self.calls.append(("spec_file", name))
        return self.spec_at

    def teach(self, name, toml):
        return self._answer(self.spec_at, "teach", name, toml)

    def note(self, name, text):
        return self._answer(None, "note", name, text)

    def tag(self, name, words):
        return self._answer(self.tagged or list(words), "tag", name, *words)

    def export_choices(self, names, *, study=""):
        self.calls.append(("export_choices", study))
        formats = (
            FormatChoice(name="md", about="Markdown", is_usual=True),
            FormatChoice(name="csv", about="Points"),
        )
        return ExportChoices(formats=formats, folder=f"exports/{study or names[0]}")

    def write_out(self, names, *, study, to, formats, tell):
        paths = self._answer(
            [Path(to) / f"summary.{one}" for one in formats], "write_out", *names, study, to, *formats
        )
        for path in paths:
            tell(path)
        return paths

    def ensure_manager(self):
        self._answer(None, "ensure_manager")

    def _answer(self, answer, *call):
        self.calls.append(call)
        if self.refusal and call[0] != "ensure_manager":
            raise self.refusal
        return answer
