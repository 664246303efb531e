"""What waits in the queue can be held, reordered, changed and stopped; what died may be tried again by itself."""

import json
import os
import re
from pathlib import Path

import pytest

from tests.conftest import SPEC, until


@pytest.fixture
def one_slot(cockpit):
    """One run at a time, and one that runs until it is stopped."""
    (cockpit.project / "trainui.toml").write_text("[queue]\nslots = 1\n")
    cockpit("start", "count", "--set", "steps=100000", "--set", "delay=0.05")
    cockpit.until_status("count-1", "running")
    return cockpit


def queued(cockpit):
    return [run["run"] for run in cockpit.json("ls", "--all") if run["status"] == "queued"]


def test_the_queue_is_ordered_by_priority_then_place(one_slot):
    for options in ([], [], ["--priority", "5"], []):
        one_slot("start", "count", *options)
    until(lambda: queued(one_slot) == ["count-4", "count-2", "count-3", "count-5"])
    one_slot("edit", "count-5", "--first")
    assert queued(one_slot) == ["count-4", "count-5", "count-2", "count-3"]
    one_slot("edit", "count-3", "--before", "count-4")
    assert queued(one_slot) == ["count-3", "count-4", "count-5", "count-2"]
    assert one_slot.run("count-3")["priority"] == 5
    one_slot("edit", "count-4", "--priority", "-1")
    assert queued(one_slot) == ["count-3", "count-5", "count-2", "count-4"]
    one_slot("stop", "count-1", "--now")
    for name in ("count-3", "count-5", "count-2", "count-4"):
        one_slot.until_status(name, "ended")
    started = {run["run"]: run["started_at"] for run in one_slot.json("ls", "--all")}
    assert sorted(started, key=started.get) == ["count-1", "count-3", "count-5", "count-2", "count-4"]


def test_a_held_run_waits_for_a_person(cockpit):
    cockpit("start", "count", "--hold")
    until(lambda: cockpit.run("count-1")["waits_for"] == "you: trainui release count-1")
    assert cockpit.run("count-1")["held"] is True
    cockpit("start", "count", "--wait")  # the other overtakes it
    assert cockpit.run("count-1")["status"] == "queued"
    cockpit("release", "count-1")
    cockpit.until_status("count-1", "ended")
    assert cockpit.run("count-1")["result"] == "finished"
    assert "no longer queued" in cockpit("hold", "count-1", code=2).stderr
    assert "no run 'count-9'" in cockpit("release", "count-9", code=2).stderr


def test_a_queued_run_gets_other_params_and_a_wrong_one_changes_nothing(one_slot):
    one_slot("start", "count", "--set", "delay=0")
    one_slot("edit", "count-2", "--set", "steps=3")
    said = one_slot("edit", "count-2", "--set", "steps=many", "--priority", "9", code=2).stderr
    assert "steps='many' is not a number" in said
    assert one_slot.run("count-2")["priority"] == 0
    assert "nothing to change" in one_slot("edit", "count-2", code=2).stderr
    assert "count-7 is not in the queue" in one_slot("edit", "count-2", "--before", "count-7", code=2).stderr
    one_slot("stop", "count-1", "--now")
    one_slot.until_status("count-2", "ended")
    assert len(one_slot.json("curve", "count-2", "val/mae")["points"]) == 3
    directory = Path(one_slot.run("count-2")["directory"])
    assert "steps = 3" in (directory / "spec.toml").read_text()
    assert "no longer queued" in one_slot("edit", "count-1", "--set", "steps=3", code=2).stderr


def with_retry(cockpit, table, command='["{python}", "count.py"]'):
    text = SPEC.replace('["{python}", "count.py"]', command) + f"\n[retry]\n{table}\n"
    (cockpit.project / "jobs" / "count.toml").write_text(text)


def test_what_died_of_a_hang_up_is_tried_again_from_its_checkpoint_and_not_for_ever(cockpit):
    """Saves at step 2, then a hang-up, each time; two tries by itself, then no more."""
    script = """\
import json, os, signal, sys
start = int(open(sys.argv[-1]).read()) if "--resume" in sys.argv else 0
out = open(os.environ["TRAINUI_METRICS"], "a")
last = os.path.join(os.environ["TRAINUI_RUN_DIR"], "last.txt")
open(last, "w").write(str(start + 2))
for step in range(start, start + 2):
    out.write(json.dumps({"step": step, "val/mae": 1.0}) + "\\n")
out.write(json.dumps({"checkpoint": last, "step": step}) + "\\n")
out.close()
os.kill(os.getpid(), signal.SIGHUP)
"""
    (cockpit.project / "hang.py").write_text(script)
    with_retry(cockpit, "on = { hang-up = 2 }\ndelay_seconds = 0.05", '["{python}", "hang.py"]')
    cockpit("start", "count")
    for name in ("count-1", "count-2", "count-3"):
        until(lambda name=name: any(run["run"] == name for run in cockpit.json("ls", "--all")))
        cockpit.until_status(name, "ended")
    runs = {run["run"]: run for run in cockpit.json("ls", "--all")}
    assert list(runs) == ["count-3", "count-2", "count-1"]
    assert [runs[name]["parent"] for name in runs] == ["count-2", "count-1", None]
    assert {run["cause"] for run in runs.values()} == {"hang-up"}
    steps = [point[0] for point in cockpit.json("curve", "count-3", "val/mae")["points"]]
    assert steps == [4, 5]
    told = [event["text"] for event in cockpit.json("show", "count-2")["events"] if event["kind"] == "queue"]
    assert told == ["count-3 tries again in 0 s, after hang-up: 2 of 2"]


def test_a_try_that_waits_says_until_when_and_can_be_released_or_stopped(cockpit):
    with_retry(cockpit, "on = { exit = 9 }\ndelay_seconds = 3000")
    cockpit("start", "count", "--set", "exit_code=3")
    until(
        lambda: [run for run in cockpit.json("ls", "--all") if run["run"] == "count-2" and run["waits_for"]]
    )
    assert re.fullmatch(r"its next try at \d\d:\d\d:\d\d", cockpit.run("count-2")["waits_for"])
    cockpit("release", "count-2")
    cockpit.until_status("count-2", "ended")
    assert cockpit.run("count-2")["cause"].startswith("exit ")
    cockpit("stop", "count-3")
    cockpit.until_status("count-3", "ended")
    assert cockpit.run("count-3")["result"] == "stopped"
    assert not any(run["run"] == "count-4" for run in cockpit.json("ls", "--all"))


def test_a_run_stopped_by_a_person_is_not_tried_again(cockpit):
    with_retry(cockpit, "on = { exit = 9, signal = 9 }\ndelay_seconds = 0")
    cockpit("start", "count", "--set", "steps=100000", "--set", "delay=0.05")
    cockpit.until_status("count-1", "running")
    cockpit("stop", "count-1", "--now")
    cockpit.until_status("count-1", "ended")
    assert [run["run"] for run in cockpit.json("ls", "--all")] == ["count-1"]


def test_what_a_live_run_uses_is_shown(cockpit):
    """A child that holds 60 MB counts with its parent; without NVML there is a reason instead of a number."""
    script = "import os, time\nos.fork()\nx = bytearray(30_000_000)\ntime.sleep(600)\n"
    (cockpit.project / "hold.py").write_text(script)
    with_retry(cockpit, "", '["{python}", "hold.py"]')
    cockpit("start", "count", "--set", "steps=100000", "--set", "delay=0.01")
    used = until(
        lambda: (usage := cockpit.json("show", "count-1")["usage"]) and usage["memory"] > 60_000_000 and usage
    )
    assert used["processes"] == 2
    assert used["gpu_memory"] is None
    assert used["why_no_gpu"]
    assert "memory" in cockpit("show", "count-1").stdout
    os.kill(cockpit.run("count-1")["pid"], 9)
    cockpit.until_status("count-1", "ended")
    assert cockpit.run("count-1")["peak_memory"] > 60_000_000


def test_a_store_of_the_first_schema_is_brought_up_and_keeps_its_runs(cockpit, monkeypatch):
    from trainui.core.store import schema

    cockpit("start", "count", "--hold")
    with monkeypatch.context() as older:
        older.setattr(schema, "MIGRATIONS", schema.MIGRATIONS[:1])
        old = schema.connect(cockpit.project / "old.db")
        old.execute(
            "INSERT INTO runs (name, job, status, spec, project, directory, queued_at, result) VALUES"
            " ('a-1', 'a', 'ended', ?, '', '', 0, 'finished')",
            (json.dumps({"job": {"name": "a", "command": ["x"]}}),),
        )
        old.close()
    (run,) = json.loads(cockpit("ls", "--all", "--json", "--db", str(cockpit.project / "old.db")).stdout)
    assert (run["run"], run["result"], run["priority"], run["evidence"]) == ("a-1", "finished", 0, [])


SAVES = """\
import json, os, signal, sys, time
out = open(os.environ["TRAINUI_METRICS"], "a", buffering=1)
here = os.environ["TRAINUI_RUN_DIR"]
def save(*_):
    open(os.path.join(here, "saved.pt"), "w").write("weights")
    out.write(json.dumps({"checkpoint": "saved.pt", "step": 7}) + "\\n")
def end(*_):
    print("stopping with", os.listdir(here).count("saved.pt"), "checkpoint", flush=True)
    sys.exit(0)
signal.signal(signal.SIGUSR1, save)
signal.signal(signal.SIGTERM, end)
print("ready", flush=True)
while True:
    time.sleep(0.05)
    if os.path.exists(os.path.join(here, "save-now")):
        save()
        os.remove(os.path.join(here, "save-now"))
"""


@pytest.mark.parametrize("how", ['checkpoint_signal = "SIGUSR1"', 'checkpoint_file = "{run_dir}/save-now"'])
def test_a_stop_asks_for_a_checkpoint_and_goes_on_when_it_is_there(cockpit, how):
    """With twenty minutes to save in, the stop comes as soon as the job has saved."""
    (cockpit.project / "saves.py").write_text(SAVES)
    (cockpit.project / "jobs" / "saves.toml").write_text(
        f'[job]\nname = "saves"\ncommand = ["{{python}}", "saves.py"]\n{how}\ncheckpoint_seconds = 1200\n'
    )
    cockpit("start", "saves")
    until(lambda: "ready" in cockpit("logs", "saves-1").stdout)
    cockpit("checkpoint", "saves-1")
    until(lambda: len(cockpit.json("show", "saves-1")["checkpoints"]) == 1)
    assert cockpit.run("saves-1")["status"] == "running"
    cockpit("stop", "saves-1")
    cockpit.until_status("saves-1", "ended")
    shown = cockpit.json("show", "saves-1")
    assert (shown["result"], shown["cause"]) == ("stopped", "user")
    assert len(shown["checkpoints"]) == 2
    assert shown["log"][-1] == "stopping with 1 checkpoint"
    told = [event["text"] for event in shown["events"] if event["kind"] == "checkpoint"]
    assert "asked for" in told
    assert "asked for before the stop" in told


def test_a_job_that_does_not_say_how_it_saves_is_not_asked(cockpit):
    cockpit("start", "count", "--set", "steps=100000", "--set", "delay=0.05")
    cockpit.until_status("count-1", "running")
    assert "does not say how it is asked" in cockpit("checkpoint", "count-1", code=2).stderr


def test_a_run_has_the_environment_of_whoever_asked_for_it(cockpit, monkeypatch):
    """The manager was started by another shell; a try again has the environment of the first."""
    script = "import os\nprint(os.environ.get('TOKEN'), os.environ.get('TRAINUI_RUN'))\nraise SystemExit(3)\n"
    (cockpit.project / "env.py").write_text(script)
    with_retry(cockpit, "on = { exit = 1 }\ndelay_seconds = 0", '["{python}", "env.py"]')
    cockpit("start", "count", "--hold")
    monkeypatch.setenv("TOKEN", "café")
    cockpit("start", "count")
    monkeypatch.delenv("TOKEN")
    cockpit("release", "count-1")
    for name in ("count-1", "count-2", "count-3", "count-4"):
        until(lambda name=name: any(run["run"] == name for run in cockpit.json("ls", "--all")))
        cockpit.until_status(name, "ended")
    said = {name: cockpit("logs", name).stdout.split()[0] for name in ("count-1", "count-2")}
    assert said == {"count-1": "None", "count-2": "café"}
    parents = {run["run"]: run["parent"] for run in cockpit.json("ls", "--all")}
    again = {parents[name]: cockpit("logs", name).stdout.split()[0] for name in ("count-3", "count-4")}
    assert again == said


def test_a_manager_that_a_job_caused_to_start_does_not_end_with_that_job(cockpit):
    """A job that starts another run, and ends: its stragglers are swept, the manager and the other run are not."""
    script = """\
import os, subprocess, sys, time
from pathlib import Path
if "--steps" in sys.argv and sys.argv[sys.argv.index("--steps") + 1] == "77":
    os.kill(int(open("manager").read()), 9)
    subprocess.run([sys.executable, "-m", "trainui", "start", "count", "--set", "steps=1"], check=True)
"""
    (cockpit.project / "starter.py").write_text(script)
    with_retry(cockpit, "", '["{python}", "starter.py"]')
    cockpit("start", "count", "--hold", "--set", "steps=77")
    (cockpit.project / "manager").write_text(str(cockpit.client.manager().pid))
    cockpit("release", "count-1")
    cockpit.until_status("count-1", "ended")
    cockpit.until_status("count-2", "ended")
    assert {run["run"]: run["result"] for run in cockpit.json("ls", "--all")} == {
        "count-1": "finished",
        "count-2": "finished",
    }
    until(lambda: cockpit.client.manager() is not None)
    manager = Path(f"/proc/{cockpit.client.manager().pid}/environ").read_bytes()
    assert b"TRAINUI_RUN_DIR" not in manager
