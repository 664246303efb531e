"""The default watch over real runs: stopped when armed, told when not, quiet when healthy, told once over restarts."""

import os
import signal

import pytest

from tests.conftest import until

LOSING = """\
import argparse, json, os, time
flags = argparse.ArgumentParser()
flags.add_argument("--steps", type=int, default=8)
flags.add_argument("--nan_at", type=int, default=-1)
flags.add_argument("--wait", default="")
given = flags.parse_args()
with open(os.environ["TRAINUI_METRICS"], "a") as out:
    for step in range(given.steps):
        loss = float("nan") if 0 <= given.nan_at <= step else 3.0 / (step + 1)
        out.write(json.dumps({"step": step, "train/loss": loss}) + "\\n")
        out.flush()
        if given.wait and 0 <= given.nan_at < step:
            while not os.path.exists(given.wait):
                time.sleep(0.02)
"""

JOB = """\
[job]
name = "lose"
command = ["{python}", "lose.py"]
grace_seconds = 5

[params]
steps = 8
nan_at = -1
"""


@pytest.fixture
def losing(project, cockpit):
    """A project whose job has no gate at all."""
    (project / "lose.py").write_text(LOSING)
    (project / "jobs" / "lose.toml").write_text(JOB)
    return cockpit


def default_gates(cockpit, run):
    return [(one["gate"], one["verdict"]) for one in cockpit.json("gates", run)]


def told(cockpit, run, words):
    reader = cockpit.reader()
    texts = [event.text for event in reader.events(run=run) if event.kind == "gate"]
    reader.close()
    return [text for text in texts if words in text]


def test_an_armed_run_is_stopped_for_a_loss_that_is_no_number(losing, project):
    losing("start", "lose", "--arm", "--set", "nan_at=3", "--set", f"wait={project / 'never'}")
    view = losing.until_status("lose-1", "ended")
    assert view.result == "stopped"
    assert default_gates(losing, "lose-1") == [("watch/nonfinite", "tripped")]
    assert len(told(losing, "lose-1", "watch/nonfinite tripped: train/loss was nan twice in a row")) == 1


def test_an_unarmed_run_goes_on_and_says_what_would_have_been(losing):
    losing("start", "lose", "--set", "nan_at=3", "--wait", code=None)
    assert losing.until_status("lose-1", "ended").result == "finished"
    assert len(told(losing, "lose-1", "watch/nonfinite would have stopped the run")) == 1
    assert losing.run("lose-1")["gates"]["tripped"] == 1


def test_a_healthy_run_has_no_gate_that_nobody_wrote(losing):
    losing("start", "lose", "--wait")
    assert default_gates(losing, "lose-1") == []
    assert not any(losing.run("lose-1")["gates"].values())


def test_a_detector_that_is_switched_off_says_nothing(losing, project):
    (project / "jobs" / "lose.toml").write_text(JOB + '[watch]\noff = ["nonfinite"]\n')
    losing("start", "lose", "--set", "nan_at=3", "--wait", code=None)
    assert default_gates(losing, "lose-1") == []
    (project / "jobs" / "lose.toml").write_text(JOB + '[watch]\noff = ["nonfinit"]\n')
    assert "did you mean" in losing("start", "lose", code=2).stderr


def test_of_a_nan_that_a_written_gate_sees_one_event_tells(losing, project):
    gate = '[[gate]]\nid = "nan"\nrole = "flag"\ntest = "finite"\nmetrics = ["train/loss"]\non.tripped = ["stop"]\n'
    (project / "jobs" / "lose.toml").write_text(JOB + gate)
    losing("start", "lose", "--set", "nan_at=3", "--wait", code=None)
    assert default_gates(losing, "lose-1") == [("nan", "tripped")]
    assert len(told(losing, "lose-1", "tripped: train/loss was nan")) == 1


def test_what_was_told_is_not_told_again_by_the_next_manager(losing, project):
    losing("start", "lose", "--set", "nan_at=3", "--set", f"wait={project / 'go'}")
    until(lambda: told(losing, "lose-1", "watch/nonfinite tripped"))
    manager = losing.client.manager()
    os.kill(manager.pid, signal.SIGKILL)
    (project / "go").touch()
    assert losing.until_status("lose-1", "ended").result == "finished"
    assert len(told(losing, "lose-1", "watch/nonfinite tripped")) == 1
    assert default_gates(losing, "lose-1") == [("watch/nonfinite", "tripped")]


def test_imported_runs_are_watched_too(cockpit, project):
    rows = "".join(f"{step},{3.0 / (step + 1) if step < 5 else 'nan'}\n" for step in range(9))
    (project / "loss.csv").write_text("step,train/loss\n" + rows)
    run = cockpit.json("import", "loss.csv")[0]["run"]
    assert default_gates(cockpit, run) == [("watch/nonfinite", "tripped")]
    assert cockpit.run(run)["gates"]["tripped"] == 1
