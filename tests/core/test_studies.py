"""Studies live: written down before their runs begin, judged as they go on, told again the same after a kill."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Cockpit, until
from trainui.core.clock import Clock
from trainui.core.errors import NotFoundError, UserError
from trainui.core.gates import Gate, Judge, Verdict
from trainui.core.ingest.records import Record
from trainui.core.run import Result, Status
from trainui.core.spec import Job, Spec
from trainui.core.spec.carried import with_studies
from trainui.core.spec.study import load_studies
from trainui.core.store.read import Reader
from trainui.core.store.runs import RunWriter
from trainui.core.store.schema import atomic, connect
from trainui.core.store.streams import StreamWriter
from trainui.core.store.verdicts import write_gates, write_verdict
from trainui.core.studies.hand import Studies

STUDY = """\
[study]
name = "speech"
runs = { ami = "ami", libri = "libri*" }

[[gate]]
id = "H1"
role = "hypothesis"
test = "value"
left = "ami: best(val_acc)"
minus = "libri: best(val_acc)"
op = ">="
right = 15
when = "end"
on.passed = ["notify", "launch:evaluate"]

[[gate]]
id = "H2"
role = "hypothesis"
test = "value"
left = "ami: drawdown(val_acc, epochs 1..10)"
op = "<"
right = 5
when = "at epoch 10"

[[gate]]
id = "ahead"
role = "flag"
test = "value"
left = "ami: last(val_acc)"
minus = "libri: last(val_acc)"
op = ">="
right = -2
for = 3
clear_for = 2

[[gate]]
id = "level"
run = "*"
across = "any"
role = "criterion"
test = "value"
left = "best(val_acc)"
op = ">="
right = 70

[[gate]]
id = "both"
role = "criterion"
test = "all"
of = ["level", "H1"]

[[gate]]
id = "hours"
role = "budget"
run = "*"
test = "value"
left = "sum(@epoch)"
op = "<="
right = 30
on.tripped = ["hold-queue"]

[[gate]]
id = "go-on"
role = "ask"
test = "ask"
question = "go on?"
needs = ["both"]
"""


class Scene:
    """A runs.db with runs that are written by hand, and the hand that judges their study."""

    def __init__(self, project: Path, *, name: str = "runs.db") -> None:
        (project / "jobs").mkdir(exist_ok=True)
        (project / "jobs" / "study.toml").write_text(STUDY)
        self.project = project
        self.db = connect(project / name)
        self.path = project / name
        self.runs = RunWriter(self.db)
        self.acted: list[tuple[str, Mapping[str, Gate]]] = []
        self.now = 1000.0
        self._judges: dict[str, Judge] = {}
        self._streams = StreamWriter(self.db)
        self.studies = self.fresh()

    def fresh(self) -> Studies:
        """The hand of the next manager."""
        self.studies = Studies(
            self.db, self.project, act=lambda name, gates, _now: self.acted.append((name, gates))
        )
        return self.studies

    @property
    def clock(self) -> Clock:
        return Clock(unix=self.now, boot=self.now, boot_id="b")

    def look(self) -> None:
        self.now += 20
        self.studies.look(self.clock)

    def start(self, run: str, *, parent: str | None = None, gates: bool = True, waits: bool = False) -> None:
        job = run.rpartition("-")[0]
        spec = Spec(job=Job(name=job, command=["true"]))
        if gates:
            spec = with_studies(spec, load_studies(self.project / "jobs" / "study.toml"))
        payload = {
            "job": job,
            "study": "speech",
            "spec": spec.to_json(),
            "project": str(self.project),
            "parent": parent,
        }
        with atomic(self.db):
            row = self.runs.add(run, payload, directory=self.project / "runs" / run, queued_at=self.now)
            write_gates(self.db, run, spec.gates())
            if waits:
                return
            row = self.runs.move(row, Status.STARTING, "starting", at=self.now)
            self.runs.move(row, Status.RUNNING, "running", at=self.now, started_boot=self.now, was_launched=1)
        self._judges[run] = Judge(spec.gates())

    def write(self, run: str, *values: float, first: int = 1, metric: str = "val_acc") -> None:
        for epoch, number in enumerate(values, first):
            record = Record(step=epoch, epoch=epoch, metrics={metric: number}, at=self.now)
            with atomic(self.db):
                added = self._streams.add_records(run, "json", [record], now=self.now, wanted=lambda _: True)
                self._judged(run, [one for point in added.points for one in self._judges[run].feed(point)])
                self.runs.change(run, epoch=epoch, step=epoch)

    def end(self, run: str, result: Result = Result.FINISHED) -> None:
        row = self.runs.get(run)
        assert row is not None
        with atomic(self.db):
            self._judged(run, self._judges[run].end(result=str(result), exit_code=0, at=self.now))
            self.runs.move(
                row, Status.ENDED, "ended", at=self.now, result=str(result), exit_code=0, seconds=60.0
            )

    def _judged(self, run: str, verdicts: Sequence[Verdict]) -> None:
        for verdict in verdicts:
            write_verdict(self.db, run, verdict, is_change=True)

    @property
    def states(self) -> dict[str, str]:
        reader = Reader(self.path)
        found = {one.gate.gate: one.gate.verdict for one in reader.study_gates("speech")}
        reader.close()
        return found

    def rows(self) -> list[tuple[Any, ...]]:
        """Where the gates stand and every move they made."""
        gates = self.db.execute(
            "SELECT gate, verdict, value, reason, step, epoch FROM gates WHERE run='study:speech' ORDER BY place"
        ).fetchall()
        moves = self.db.execute(
            "SELECT gate, verdict, value, reason, step, epoch FROM verdicts WHERE run='study:speech' ORDER BY id"
        ).fetchall()
        return [tuple(row) for row in (*gates, *moves)]

    def events(self) -> str:
        reader = Reader(self.path)
        text = "\n".join(event.text for event in reader.events(limit=1000))
        reader.close()
        return text


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


AMI = tuple(50.0 + 2.5 * epoch for epoch in range(12))
LIBRI = (53.8, 53.8, 46.2, 61.5, 45.9)


def test_a_study_is_written_down_when_its_first_run_comes_and_not_before(scene: Scene):
    scene.look()
    assert scene.states == {}
    scene.start("ami-1")
    scene.look()
    assert set(scene.states.values()) == {"pending"}
    (view,) = Reader(scene.path).studies()
    assert (view.study, view.status, view.runs) == ("speech", "open", {"ami": "ami-1"})
    assert len(view.digest) == 64


def test_gates_end_where_the_numbers_put_them(scene: Scene):
    scene.start("ami-1")
    scene.start("libri-1")
    scene.write("ami-1", *AMI)
    scene.write("libri-1", *LIBRI)
    scene.look()
    assert (scene.states["H2"], scene.states["level"], scene.states["H1"]) == ("passed", "passed", "pending")
    scene.end("ami-1")
    scene.end("libri-1")
    scene.look()
    assert scene.states == {
        "H1": "passed", "H2": "passed", "ahead": "ok", "level": "passed", "both": "passed", "hours": "ok",
        "go-on": "warn",
    }  # fmt: skip
    (view,) = Reader(scene.path).studies()
    assert view.status == "over"
    h1, level = (one for one in Reader(scene.path).study_gates("speech") if one.gate.gate in ("H1", "level"))
    assert (h1.runs, h1.gate.value) == ({}, pytest.approx(77.5 - 61.5))
    assert {alias: one.verdict for alias, one in level.runs.items()} == {"ami": "passed", "libri": "failed"}


def test_what_is_committed_is_handed_on_with_what_is_done_once(scene: Scene):
    test_gates_end_where_the_numbers_put_them(scene)
    subject, gates = scene.acted[-1]
    assert subject == "study:speech"
    assert gates["H1"].actions["passed"] == ("notify", "launch:evaluate")
    before = len(scene.acted)
    scene.look()
    assert len(scene.acted) == before
    scene.fresh()
    scene.look()
    assert len(scene.acted) == before + 1, "nobody noted that it was done: the manager may have died before"
    with atomic(scene.db):
        scene.db.execute(
            "INSERT INTO actions (run, gate, verdict, action, outcome, is_done, at)"
            " SELECT run, gate, id, 'flag', 'flagged', 1, 0 FROM verdicts WHERE run='study:speech'"
        )
    scene.fresh()
    scene.look()
    assert len(scene.acted) == before + 1


def test_a_run_that_never_comes_is_unknown_when_nothing_waits_any_more(scene: Scene):
    scene.start("ami-1")
    scene.write("ami-1", *AMI)
    scene.end("ami-1")
    scene.look()
    assert (scene.states["H1"], scene.states["both"]) == ("unknown", "unknown")
    scene.start("libri-1")
    scene.look()
    assert (scene.states["H1"], scene.states["both"]) == ("pending", "pending")


def test_a_run_from_before_the_study_was_written_does_not_carry_its_gates_and_says_so(scene: Scene):
    scene.start("ami-1", gates=False)
    scene.write("ami-1", *AMI)
    scene.end("ami-1")
    scene.start("libri-1")
    scene.look()
    scene.end("libri-1")
    scene.look()
    assert scene.states["level"] == "unknown"
    (level,) = (one.gate for one in Reader(scene.path).study_gates("speech") if one.gate.gate == "level")
    assert "ami-1: it was started before the gate was written so" in level.reason
    assert "after ami-1, libri-1 had begun" in scene.events()


def test_a_next_try_takes_the_place_and_goes_on_where_its_parent_was(scene: Scene):
    scene.start("libri-1")
    scene.write("libri-1", *LIBRI)
    scene.end("libri-1")
    scene.start("ami-1")
    scene.write("ami-1", *AMI[:6], 99.0)  # the last is of an epoch that was done again
    scene.end("ami-1", Result.FAILED)
    scene.look()
    assert scene.states["H1"] == "unknown"
    scene.start("ami-2", parent="ami-1")
    scene.look()
    assert scene.states["H1"] == "pending"
    scene.write("ami-2", *AMI[6:], first=7)
    scene.end("ami-2")
    scene.look()
    assert (scene.states["H1"], scene.states["H2"]) == ("passed", "passed")
    (h1,) = (one.gate for one in Reader(scene.path).study_gates("speech") if one.gate.gate == "H1")
    assert h1.value == pytest.approx(77.5 - 61.5), "99 was thrown away with the epochs that were lost"


def test_what_an_older_run_goes_on_to_use_counts_too(scene: Scene):
    scene.start("ami-1")
    scene.write("ami-1", *AMI)
    scene.look()
    scene.start("ami-2")
    scene.write("ami-2", *AMI)
    scene.look()
    assert scene.states["hours"] == "ok", "12 + 12"
    scene.write("ami-1", *AMI, first=13)
    scene.look()
    assert scene.states["hours"] == "tripped", "24 + 12"


def test_what_is_queued_takes_nobody_s_place_and_keeps_the_last_word_open(scene: Scene):
    scene.start("libri-1")
    scene.write("libri-1", *LIBRI)
    scene.end("libri-1")
    scene.start("ami-1")
    scene.write("ami-1", *AMI)
    scene.look()
    scene.start("ami-2", waits=True)
    scene.end("ami-1")
    scene.look()
    assert scene.states["H1"] == "pending", "its next try waits"
    row = scene.runs.get("ami-2")
    assert row is not None
    with atomic(scene.db):
        scene.runs.move(row, Status.ENDED, "stopped before it started", at=scene.now, result="stopped")
    scene.look()
    assert scene.states["H1"] == "passed"
    (view,) = Reader(scene.path).studies()
    assert (view.status, view.runs["ami"]) == ("over", "ami-1")


def test_a_try_from_scratch_owes_nothing_to_its_parent(scene: Scene):
    scene.start("libri-1")
    scene.write("libri-1", *LIBRI)
    scene.end("libri-1")
    scene.start("ami-1")
    scene.write("ami-1", 90.0, 90.0)
    scene.end("ami-1", Result.FAILED)
    scene.start("ami-2", parent="ami-1")
    scene.write("ami-2", 60.0, 62.0)
    scene.end("ami-2")
    scene.look()
    assert scene.states["H1"] == "failed"


def test_an_edited_gate_is_a_new_gate_and_the_old_one_is_kept(scene: Scene):
    test_gates_end_where_the_numbers_put_them(scene)
    study = scene.project / "jobs" / "study.toml"
    study.write_text(STUDY.replace("right = 15", "right = 20"))
    scene.start("libri-2")
    scene.write("libri-2", *LIBRI)
    scene.end("libri-2")
    scene.look()
    scene.look()
    assert scene.states["H1"] == "failed"
    (old,) = (one for one in Reader(scene.path).study_gates("speech") if one.is_replaced)
    assert old.gate.gate.startswith("H1#was-")
    assert old.gate.verdict == "passed"
    assert "study speech was edited: H1, after ami-1, libri-1, libri-2 had begun" in scene.events()


def test_what_a_run_was_started_with_holds_though_the_study_asks_less_by_now(scene: Scene):
    scene.start("ami-1")
    scene.start("libri-1")
    scene.look()
    study = scene.project / "jobs" / "study.toml"
    study.write_text(STUDY.replace("right = 70", "right = 1"))
    scene.look()
    for run in ("ami-1", "libri-1"):
        scene.write(run, 72.0)
        scene.end(run)
    scene.look()
    assert scene.states["level"] == "unknown", "they passed 70 as they had promised, not 1"


def test_a_file_that_breaks_leaves_what_was_written_down_in_force(scene: Scene):
    scene.start("ami-1")
    scene.look()
    (scene.project / "jobs" / "study.toml").write_text(STUDY.replace('op = ">="', 'op = "=>"'))
    scene.write("ami-1", *AMI)
    scene.look()
    assert scene.states["H2"] == "passed"
    assert "a study cannot be judged as it stands: jobs/study.toml:" in scene.events()


def test_a_question_about_a_study_is_answered_and_stays_so(scene: Scene):
    test_gates_end_where_the_numbers_put_them(scene)
    scene.studies.answer("speech", "go-on", True, who="ann", note="phase 4", now=scene.clock)
    assert scene.states["go-on"] == "passed"
    scene.fresh()
    scene.start("other-1", gates=False)
    scene.look()
    assert scene.states["go-on"] == "passed"
    with pytest.raises(UserError, match="asks nothing"):
        scene.studies.answer("speech", "H1", True, who="ann", note="", now=scene.clock)
    with pytest.raises(NotFoundError, match="no study 'speach'"):
        scene.studies.answer("speach", "H1", True, who="ann", note="", now=scene.clock)


LOOK_IN = """
[[gate]]
id = "look-in"
run = "ami"
role = "ask"
test = "ask"
question = "plausible?"
when = "at epoch 2"
"""


def test_what_a_run_asks_is_asked_of_it_and_not_of_its_study_once_more(scene: Scene):
    (scene.project / "jobs" / "study.toml").write_text(STUDY + LOOK_IN)
    scene.start("ami-1")
    scene.write("ami-1", *AMI[:3])
    scene.look()
    assert scene.states["look-in"] == "warn"
    assert [(one.run, one.gate) for one in Reader(scene.path).questions()] == [("ami-1", "look-in")]


def _story(chance: random.Random) -> Iterator[Sequence[Any]]:
    """What happens in a project: runs begin, write, end, are tried again."""
    live: dict[str, int] = {}
    count = {"ami": 0, "libri": 0}
    for _ in range(40):
        job = chance.choice(("ami", "libri"))
        run = f"{job}-{count[job]}"
        if run not in live:
            count[job] += 1
            run = f"{job}-{count[job]}"
            live[run] = 0
            yield "start", run
        elif chance.random() < 0.12:
            del live[run]
            yield "end", run, chance.choice((Result.FINISHED, Result.FAILED))
        else:
            number = chance.choice((float("nan"), *(chance.uniform(40, 80) for _ in range(9))))
            live[run] += 1
            yield "write", run, number, live[run]


def test_a_run_whose_launch_no_manager_lived_to_note_counts_all_the_same(scene: Scene):
    for run, values in (("ami-1", AMI), ("libri-1", LIBRI)):
        scene.start(run)
        scene.write(run, *values)
        scene.end(run)
        with atomic(scene.db):
            scene.runs.change(run, was_launched=0)
    scene.look()
    assert scene.states["H1"] == "passed"


@pytest.mark.parametrize("seed", range(12))
def test_a_manager_that_dies_at_any_moment_leaves_no_trace_in_the_verdicts(tmp_path: Path, seed: int):
    chance = random.Random(seed)
    once, again = Scene(tmp_path, name="once.db"), Scene(tmp_path, name="again.db")
    for verb, run, *more in _story(random.Random(seed)):
        is_seen, dies = chance.random() < 0.6, chance.random() < 0.5
        for scene in (once, again):
            if verb == "start":
                scene.start(run)
            elif verb == "end":
                scene.end(run, *more)
            else:
                scene.write(run, more[0], first=more[1])
            if is_seen:
                if scene is again and dies:
                    scene.fresh()
                scene.look()
    for scene in (once, again):
        scene.look()
    assert once.rows() == again.rows()
    assert len(once.rows()) > 7


# -------------------------------------------------------------------- real runs, a real manager

TRAIN = """\
import argparse, json, os, time
flags = argparse.ArgumentParser()
flags.add_argument("--values")
flags.add_argument("--delay", type=float, default=0.03)
given = flags.parse_args()
out = open(os.environ["TRAINUI_METRICS"], "a")
for epoch, value in enumerate(given.values.split(","), 1):
    out.write(json.dumps({"step": epoch, "epoch": epoch, "val_acc": float(value)}) + "\\n"); out.flush()
    time.sleep(given.delay)
"""


@pytest.fixture
def speech(project: Path, cockpit: Cockpit) -> Cockpit:
    (project / "train.py").write_text(TRAIN)
    for name, values in (("ami", AMI), ("libri", LIBRI * 3)):
        shown = ",".join(f"{value:g}" for value in values)
        (project / "jobs" / f"{name}.toml").write_text(
            f'[job]\nname = "{name}"\ncommand = ["{{python}}", "train.py"]\n[params]\nvalues = "{shown}"\n'
        )
    (project / "jobs" / "study.toml").write_text(STUDY)
    return cockpit


def study_states(cockpit: Cockpit) -> dict[str, str]:
    reader = cockpit.reader()
    try:
        return {one.gate.gate: one.gate.verdict for one in reader.study_gates("speech")}
    finally:
        reader.close()


def test_real_runs_are_judged_together_though_their_manager_is_killed(speech: Cockpit):
    speech("start", "ami", "libri", "--set", "delay=0.2")
    first = until(speech.client.manager)
    until(lambda: study_states(speech).get("H2") == "passed")
    os.kill(first.pid, signal.SIGKILL)
    until(lambda: (now := speech.client.manager()) and now.pid != first.pid)
    speech.until_status("ami-1", "ended")
    speech.until_status("libri-1", "ended")
    until(lambda: study_states(speech)["H1"] == "passed")
    assert study_states(speech)["both"] == "passed"
    gates = {gate["gate"] for gate in speech.json("gates", "ami-1")}
    assert "level" in gates, "its own gates were in its spec"
    with sqlite3.connect(speech.db) as db:
        moves = db.execute(
            "SELECT gate FROM verdicts WHERE run='study:speech' AND verdict='passed'"
        ).fetchall()
    assert sorted(gate for (gate,) in moves) == ["H1", "H2", "both", "level"], "each once"


def test_jobs_names_the_studies_and_what_is_wrong_with_each(speech: Cockpit):
    assert "speech" in speech("jobs").stdout
    study = speech.project / "jobs" / "study.toml"
    study.write_text(STUDY.replace("across =", "acrosss ="))
    assert "jobs/study.toml:" in speech("jobs").stdout
    refused = speech("start", "ami", code=2)
    assert "jobs/study.toml:" in refused.stderr


def test_a_run_is_not_launched_before_the_files_it_needs_are_there(project: Path, cockpit: Cockpit):
    (project / "jobs" / "study.toml").write_text(
        '[study]\nname = "data"\nruns = { counter = "count" }\n'
        '[[gate]]\nid = "files"\nrun = "counter"\nrole = "preflight"\ntest = "event"\nfile = "data/*.npz"\n'
        'count = ">= 3"\non.failed = ["block:counter"]\n'
    )
    (run,) = cockpit("start", "count").stdout.split()
    until(lambda: "0 files match data/*.npz (should be >= 3)" in cockpit.client._view(run).waits_for)
    assert cockpit.client._view(run).status == "queued"
    (project / "data").mkdir()
    for name in "abc":
        (project / "data" / f"{name}.npz").touch()
    cockpit.until_status(run, "ended")


def test_a_job_may_be_held_against_another_by_its_own_gates(speech: Cockpit):
    (speech.project / "jobs" / "study.toml").unlink()
    with (speech.project / "jobs" / "ami.toml").open("a") as job:
        job.write(
            '[[gate]]\nid = "ratio"\nrole = "hypothesis"\ntest = "value"\nleft = "best(val_acc)"\n'
            'over = "libri: best(val_acc)"\nop = ">="\nright = 1.2\nwhen = "end"\n'
        )
    speech("start", "ami", "libri")
    reader = until(lambda: speech.db.exists() and speech.reader())
    (gate,) = until(lambda: [one.gate for one in reader.study_gates("ami") if one.gate.verdict == "passed"])
    assert gate.value == pytest.approx(77.5 / 61.5)
    assert speech.json("gates", "ami-1") == [], "no single run can be judged by it"


EVALUATE = '[job]\nname = "evaluate"\ncommand = ["{python}", "-c", "print(1)"]\n'


def test_what_a_study_launches_is_launched_once_and_its_question_is_answered(speech: Cockpit):
    (speech.project / "jobs" / "evaluate.toml").write_text(EVALUATE)
    speech("start", "ami", "libri")
    until(lambda: study_states(speech).get("go-on") == "warn")
    until(lambda: any(run["run"] == "evaluate-1" for run in speech.json("ls", "--all")))
    speech.until_status("evaluate-1", "ended")
    manager = speech.client.manager()
    os.kill(manager.pid, signal.SIGKILL)
    speech("answer", "speech", "go-on", "yes", "--note", "phase 4")
    assert study_states(speech)["go-on"] == "passed"
    reader = speech.reader()
    assert [view.run for view in reader.runs() if view.job == "evaluate"] == ["evaluate-1"]
    texts = [event.text for event in reader.events(run="study:speech")]
    assert any(
        text.startswith("H1 passed: ami: best(val_acc) - libri: best(val_acc) is 16") for text in texts
    )


def test_a_baseline_that_misses_its_band_holds_back_the_trainings_that_wait_for_it(speech: Cockpit):
    (speech.project / "jobs" / "study.toml").write_text(
        '[study]\nname = "speech"\nruns = { first = "libri", rest = ["ami"] }\n'
        '[[gate]]\nid = "rebaseline"\nrun = "first"\nrole = "preflight"\ntest = "value"\n'
        'left = "last(val_acc)"\nop = "within"\nright = [80, 90]\nwhen = "end"\non.failed = ["block:rest"]\n'
    )
    ami = speech.project / "jobs" / "ami.toml"
    ami.write_text(ami.read_text().replace("[params]", 'after = ["libri"]\n[params]'))
    speech("start", "ami", "libri")
    speech.until_status("libri-1", "ended")
    until(lambda: "gate rebaseline" in speech.client._view("ami-1").waits_for)
    assert speech.client._view("ami-1").status == "queued"
    speech("release", "--job", "ami")
    speech.until_status("ami-1", "ended")
