"""A real run that prints, saves and dies: its gates hear of it from its own output and files."""

from __future__ import annotations

JOB = """\
import os, sys
out = open("ckpt.pt", "w"); out.close()
print("step 1: loss 0.5, acc 0.25", flush=True)
print("step 2: loss 0.4, acc 0.81", flush=True)
print("torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2 GiB", flush=True)
sys.exit(1)
"""
SPEC = """\
[job]
name = "dies"
command = ["{python}", "dies.py"]

[metric.val_acc]
from = ["acc"]
goal = "max"
fraction = "auto"
n_eval = 400

[[gate]]
id = "oom"
role = "flag"
test = "event"
match = "(?i)cuda out of memory"
exit = "nonzero"

[[gate]]
id = "quiet"
role = "flag"
test = "event"
match = "segmentation fault"

[[gate]]
id = "saved"
role = "flag"
test = "event"
file = "ckpt*.pt"

[[gate]]
id = "good"
role = "criterion"
test = "value"
left = "best(val_acc)"
op = ">="
right = 75
bands = [[75, "ready"], [0, "not ready"]]
"""


def test_a_run_that_dies_of_memory_is_told_by_what_it_printed(cockpit):
    (cockpit.project / "dies.py").write_text(JOB)
    (cockpit.project / "jobs" / "dies.toml").write_text(SPEC)
    cockpit("start", "dies", "--wait", code=None)
    gates = {gate["gate"]: gate for gate in cockpit.json("gates", "dies-1")}
    assert {name: gate["verdict"] for name, gate in gates.items()} == {
        "oom": "tripped",
        "quiet": "ok",
        "saved": "ok",
        "good": "passed",
    }
    assert "ended with exit code 1" in gates["oom"]["reason"]
    assert gates["good"]["value"] == 81
    assert "is that the one?" not in cockpit("show", "dies-1").stdout
    assert gates["good"]["reason"].endswith("400 samples, the best of 2): ready")


def test_a_run_that_prints_nothing_has_printed_no_error(cockpit):
    (cockpit.project / "dies.py").write_text("pass\n")
    (cockpit.project / "jobs" / "dies.toml").write_text(SPEC)
    cockpit("start", "dies", "--wait", code=None)
    gates = {gate["gate"]: gate for gate in cockpit.json("gates", "dies-1")}
    assert gates["quiet"]["verdict"] == "ok"
    assert gates["good"]["verdict"] == "unknown"


def test_of_two_names_of_a_metric_the_one_that_is_read_is_told_once(cockpit):
    job = JOB.replace("acc 0.25", "acc 0.25, accuracy 0.9").replace("acc 0.81", "acc 0.81, accuracy 0.9")
    (cockpit.project / "dies.py").write_text(job)
    (cockpit.project / "jobs" / "dies.toml").write_text(SPEC.replace('["acc"]', '["accuracy", "acc"]'))
    cockpit("start", "dies", "--wait", code=None)
    told = [one["text"] for one in cockpit.json("show", "dies-1")["events"] if "gates read" in one["text"]]
    assert told == ["gates read acc as val_acc, since it came first; the run writes accuracy too"]
