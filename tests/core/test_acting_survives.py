"""Whatever moment the manager is killed at, what its gates ask for is done, and what starts something is done once."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.conftest import until
from tests.core.acted import LOW, NAN, add_job, deeds, rows, runs_of
from trainui.core.process.failpoint import NAME

REMEDY = '[[remedy]]\nid = "slower"\nauto = true\nset = { "--nan_at" = "-1", steps = 3, delay = 0.0 }\n'
ACTIONS = '["notify", "stop", "relaunch", "hold-queue"]'
TELL = "import sys\nopen('told', 'a').write(sys.stdin.read() + chr(10))\n"
POINTS = (
    "deciding",
    "decided",
    "deciding#2",
    "decided#2",
    "deciding#3",
    "telling",
    "told",
    "noted",
    "did stop",
    "relaunching",
)


@pytest.fixture
def scene(cockpit):
    """A run that passes one gate, trips another, and is stopped and relaunched for it."""
    (cockpit.project / "trainui.toml").write_text(
        '[notify]\non = ["gate"]\ncommand = ["python3", "tell.py"]\n'
    )
    (cockpit.project / "tell.py").write_text(TELL)
    gates = NAN.format(actions=ACTIONS, more='remedy = ["slower"]') + LOW.format(
        more='on.passed = ["launch:count"]'
    )
    add_job(cockpit, tables=gates + REMEDY)
    return cockpit


def killed_at(scene, point, **params):
    """Start a manager that dies at `point`, and wish for the run; the file that shows that it died there."""
    there = scene.project / "there"
    (scene.project / "runs").mkdir()
    env = {key: value for key, value in os.environ.items() if not key.startswith("TRAINUI_")}
    log = (scene.project / "runs" / "manager.log").open("ab")
    asleep, scene.client.ensure_manager = scene.client.ensure_manager, lambda: None
    params = params or {"nan_at": "20", "steps": "100000", "delay": "0.02"}
    scene.client.start("learn", armed=True, params=params)
    scene.client.ensure_manager = asleep
    manager = subprocess.Popen(
        [sys.executable, "-m", "trainui.core.manager", "--db", scene.db, "--project", scene.project],
        cwd=scene.project, env={**env, NAME: f"manager {point}@{there}"}, stdin=subprocess.DEVNULL,
        stdout=log, stderr=log, start_new_session=True,
    )  # fmt: skip
    log.close()
    until(lambda: there.exists() and manager.poll() is not None)
    return there


@pytest.mark.parametrize("point", POINTS)
def test_a_manager_that_is_killed_leaves_nothing_undone_and_does_nothing_twice(scene, point):
    killed_at(scene, point)
    scene.client.ensure_manager()
    assert scene.until_status("learn-1", "ended").cause == "gate no-nan"
    done = until(lambda: (found := deeds(scene, "learn-1")) and _is_settled(found) and found)
    assert done["no-nan", "stop"] == ("stopped at step 21", True)
    assert done["no-nan", "relaunch"] == ("relaunched as learn-2 with remedy slower", True)
    assert done["no-nan", "hold-queue"] == ("holds the queue", True)
    assert done["low", "launch:count"] == ("launched count-1", True)
    assert done["no-nan", "notify"] == ("handed on to command", True)
    assert runs_of(scene, "learn") == ["learn-1", "learn-2"]
    assert runs_of(scene, "count") == ["count-1"]
    told = until(lambda: (p := scene.project / "told").exists() and p.read_text().splitlines())
    assert set(told) == {"learn-1: no-nan tripped at step 21: loss was nan twice in a row at step 21"}
    assert len(told) <= 2, "once, and once more when nobody knows whether the first was sent"
    assert len(rows(scene, "SELECT 1 FROM blocks")) == 1
    scene("release", "--queue")
    assert scene.until_status("learn-2", "ended").result == "finished"
    assert scene.until_status("count-1", "ended").result == "finished"


def test_what_the_default_watch_asks_for_is_done_after_a_kill_at_the_end_of_the_run(scene):
    add_job(scene)
    spec = scene.project / "jobs" / "learn.toml"
    spec.write_text(spec.read_text().replace('off = ["all"]', "off = []"))
    killed_at(scene, "deciding", nan_at="1", steps="6", delay="0.0")
    scene.client.ensure_manager()
    done = until(
        lambda: (found := deeds(scene, "learn-1")) and ("watch/nonfinite", "notify") in found and found
    )
    assert ("watch/nonfinite", "stop") in done


def _is_settled(found):
    wanted = {("no-nan", "stop"), ("no-nan", "relaunch"), ("low", "launch:count"), ("no-nan", "notify")}
    return wanted <= found.keys() and all(outcome != "to be done" for outcome, _ in found.values())
