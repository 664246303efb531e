"""A manager that is killed over and over leaves the verdicts that one who lived would have left."""

from __future__ import annotations

import json
import os
import signal
import sqlite3

from tests.conftest import until
from trainui.core.gates import Judge
from trainui.core.judging.retelling import retell
from trainui.core.store.readings import readings_of
from trainui.core.store.runs import RunWriter
from trainui.core.store.schema import connect

JOB = """\
import json, os, time
out = open(os.environ["TRAINUI_METRICS"], "a")
here = os.environ["TRAINUI_RUN_DIR"]
def seen():
    return int(open("seen").read() or 0) if os.path.exists("seen") else 0
for step in range(400):
    value = float("nan") if step in (150, 151) else 10.0 / (1 + step % 60) + (step > 300) * 20
    out.write(json.dumps({"step": step, "epoch": step / 40, "loss": value, "noise": step}) + "\\n"); out.flush()
    if step % 50 == 20:
        print("step", step, "printed 0.5", flush=True)
    if step == 210:
        print("CUDA out of memory, said somebody", flush=True)
    if step % 100 == 0:
        open(f"{here}/{step}.pt", "w").close()
    while step in (80, 149, 170, 240, 310, 350) and seen() < step - 30:
        time.sleep(0.01)
    time.sleep(0.01)
"""
"""It waits until somebody has seen it, so that each manager dies on its way."""
SPEC = """\
[job]
name = "learn"
command = ["{python}", "learn.py"]

[[gate]]
id = "best"
role = "criterion"
test = "value"
left = "best(loss)"
op = "<"
right = 0.2

[[gate]]
id = "close"
role = "flag"
test = "regress"
metric = "loss"
by = 5
for = 2

[[gate]]
id = "low"
role = "flag"
test = "value"
left = "median(loss, 9)"
op = "<"
right = 3
clear_for = 3

[[gate]]
id = "finite"
role = "flag"
test = "finite"
metrics = ["loss"]

[[gate]]
id = "stalls"
role = "flag"
test = "stall"
metric = "loss"
min_delta = "1%"
window = "2 epochs"

[[gate]]
id = "oom"
role = "flag"
test = "event"
match = "out of memory"

[[gate]]
id = "saves"
role = "flag"
test = "event"
file = "runs/learn-1/*.pt"
count = ">= 2"

[[gate]]
id = "short"
role = "budget"
test = "value"
left = "max(@wall_h)"
op = "<="
right = 0.0012

[[gate]]
id = "look"
role = "ask"
test = "ask"
question = "well?"
when = "at epoch 3"

[[gate]]
id = "both"
role = "criterion"
test = "all"
of = ["best", "look"]
"""


def test_what_was_decided_under_many_managers_is_what_one_would_have_decided(cockpit):
    (cockpit.project / "learn.py").write_text(JOB)
    (cockpit.project / "jobs" / "learn.toml").write_text(SPEC)
    cockpit.client.start_all(["learn"])
    cockpit.until_status("learn-1", "running")
    reader = cockpit.reader()
    for step in (60, 149, 151, 215, 290, 330):
        until(lambda step=step: (reader.run("learn-1").step or 0) >= step)
        (cockpit.project / "seen").write_text(str(step))
        manager = until(cockpit.client.manager)
        os.kill(manager.pid, signal.SIGKILL)
        cockpit.client.ensure_manager()
    view = cockpit.until_status("learn-1", "ended")
    assert view.result == "finished"
    reader.close()

    db = connect(cockpit.db)
    row = RunWriter(db).get("learn-1")
    judge = Judge(row.spec.gates(), watch=row.spec.default_watch())
    told = list(readings_of(db, "learn-1"))
    assert {one.kind for one in told} == {"meter", "output", "line", "files"}
    said = list(retell(judge, RunWriter(db).points_in_order("learn-1"), told))
    said += judge.end(result="finished", exit_code=0, at=view.ended_at)
    assert [brief(one.gate, one.state, one.value, one.reason, one.step) for one in said] == [
        brief(*one)
        for one in sqlite3.connect(cockpit.db).execute(
            "SELECT gate, verdict, value, reason, step FROM verdicts WHERE run='learn-1' ORDER BY id"
        )
    ]
    states = {(one.gate, one.state.value) for one in said}
    expected = {("best", "passed"), ("close", "tripped"), ("finite", "tripped"), ("oom", "tripped")}
    assert expected | {("look", "warn"), ("look", "unknown")} <= states
    db.close()


def brief(gate, state, value, reason, step):
    return gate, str(state), None if value is None or value != value else value, reason, step


def test_a_gate_that_is_refused_by_now_spoils_neither_its_run_nor_what_is_shown(cockpit):
    cockpit("start", "count", "--set", "steps=100000", "--set", "delay=0.02")
    until(lambda: (cockpit.run("count-1")["step"] or 0) >= 5)
    manager = cockpit.client.manager()
    os.kill(manager.pid, signal.SIGKILL)
    until(lambda: cockpit.client.manager() is None)
    db = sqlite3.connect(cockpit.db, isolation_level=None)
    spec = json.loads(db.execute("SELECT spec FROM runs").fetchone()[0])
    spec["gate"].append({**spec["gate"][0], "id": "sure", "confidence": 0.9})
    db.execute("UPDATE runs SET spec=?", (json.dumps(spec),))
    db.execute(
        "INSERT INTO gates (run, gate, place, role, quote, source, rule, metric, threshold, digest, text, severity)"
        " SELECT run, 'sure', 2, role, quote, source, rule, metric, threshold, '', '', severity FROM gates"
        " WHERE gate='below-30'"
    )
    db.close()
    cockpit.client.ensure_manager()
    cockpit("stop", "count-1")
    assert cockpit.until_status("count-1", "ended").cause == "user"
    gates = {one["gate"]: one for one in cockpit.json("gates", "count-1")}
    assert (gates["below-30"]["verdict"], gates["no-nan"]["verdict"]) == ("passed", "ok")
    assert gates["sure"]["verdict"] == "unknown"
    assert gates["sure"]["reason"].startswith("this trainui cannot judge it: gate 'sure': confidence needs")
    assert "sure" in cockpit("show", "count-1").stdout
    assert "count-1" in cockpit("ls", "--all").stdout
    assert by_gate(cockpit.json("replay", "count", "--on", "count-1"))["below-30"]["verdict"] == "passed"
    refused = cockpit("retry", "count-1", code=2).stderr
    assert "gate 'sure': confidence needs" in refused
    assert cockpit("start", "count", "--wait").returncode == 0


FLAT = """
[[gate]]
id = "flat"
role = "flag"
test = "finite"
metrics = ["flat"]
"""


def test_why_a_gate_is_ok_is_told_of_its_newest_value_though_that_stays_the_same(cockpit):
    script, spec = cockpit.project / "count.py", cockpit.project / "jobs" / "count.toml"
    script.write_text(script.read_text().replace('"val/mae": value', '"val/mae": value, "flat": 3'))
    spec.write_text(spec.read_text() + FLAT)
    cockpit("start", "count", "--set", "steps=40", "--set", "delay=0.03", "--wait")
    assert by_gate(cockpit.json("gates", "count-1"))["flat"]["reason"] == "flat finite up to step 39"


def by_gate(findings):
    return {one["gate"]: one for one in findings}
