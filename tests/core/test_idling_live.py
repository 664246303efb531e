"""The machine costs and nothing gets on: people are told, and what they asked for is counted down to and run once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import pytest

from tests.conftest import until
from trainui.core.manager import Manager
from trainui.core.process.failpoint import NAME
from trainui.core.store.intents import Desk

WORK = """\
import json, os, signal, sys, time
how = sys.argv[1]
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
out = open(os.environ["TRAINUI_METRICS"], "a")
def say(step):
    out.write(json.dumps({"step": step, "loss": 1.0}) + "\\n"); out.flush()
say(0)
step = 1
if how == "computes":
    os.fork(), os.fork()
while not os.path.exists("enough"):
    if how == "logs":
        say(step)
    elif how == "computes":
        end = time.monotonic() + 0.2
        while time.monotonic() < end:
            pass
        print("at", step, flush=True)
    elif os.path.exists("go") and step == 1:
        say(7)
        os.remove("go")
    step += how != "hangs"
    time.sleep(0.01 if how == "computes" else 0.1)
"""
SPEC = """\
[job]
name = "{how}"
command = ["{{python}}", "work.py", "{how}"]
grace_seconds = 5

[retry]
on = {{ "hung" = 3, "exit" = 3 }}

[watch]
off = ["all"]
"""
TELL = "import sys\nopen('told', 'a').write(sys.stdin.read() + chr(10))\n"
CONFIG = """\
[[machine]]
name = "here"
usd_per_hour = 3600
{queue}
[notify]
command = ["python3", "tell.py"]
[idle]
tell_minutes = 0.05
starting_minutes = 0
"""
ON_IDLE = """\
[idle.on_idle]
command = {command}
countdown_seconds = {seconds}
dry_run = {dry}
"""
TOUCH = [
    "python3",
    "-c",
    "import os; open('ran', 'a').write(os.environ['TRAINUI_REASON'] + chr(10)); print('hi')",
]


class Scene:
    """A project whose machine costs a dollar a second."""

    def __init__(self, cockpit):
        self.cockpit = cockpit
        self.project = cockpit.project
        (self.project / "work.py").write_text(WORK)
        (self.project / "tell.py").write_text(TELL)
        for how in ("hangs", "logs", "computes"):
            (self.project / "jobs" / f"{how}.toml").write_text(SPEC.format(how=how))

    def configure(self, *, command=(), seconds=600, dry=False, queue=""):
        text = CONFIG.format(queue=queue)
        if command:
            words = json.dumps(list(command))
            text += ON_IDLE.format(command=words, seconds=seconds, dry=str(dry).lower())
        (self.project / "new.toml").write_text(text)
        os.replace(self.project / "new.toml", self.project / "trainui.toml")

    def events(self, kind="idle"):
        reader = self.cockpit.reader()
        try:
            return [event.text for event in reader.events() if event.kind == kind]
        finally:
            reader.close()

    def told_that(self, *words):
        """Wait for an event that says all of this."""
        return until(lambda: next((one for one in self.events() if all(word in one for word in words)), ""))

    def budget(self):
        reader = self.cockpit.reader()
        try:
            return reader.budget()
        finally:
            reader.close()

    def cancel(self):
        desk = Desk(self.cockpit.db)
        intent = desk.add("cancel", "", {"who": "me"})
        outcome = until(lambda: desk.outcome(intent))
        desk.close()
        return outcome

    def kill_manager(self):
        os.kill(self.cockpit.client.manager().pid, signal.SIGKILL)

    def heard(self):
        """What the notify command was given."""
        path = self.project / "told"
        return path.read_text().splitlines() if path.exists() else []

    def ran(self):
        path = self.project / "ran"
        return path.read_text().splitlines() if path.exists() else []


@pytest.fixture
def scene(cockpit):
    return Scene(cockpit)


def test_a_run_that_hangs_is_told_counted_down_for_cancelled_and_the_next_time_stopped(scene):
    scene.configure(command=TOUCH)
    run = scene.cockpit.client.start("hangs")
    told = scene.told_that("idle 3 s = 3.", f": {run} is live and made no step")
    until(lambda: told in scene.heard())
    counting = until(lambda: scene.budget().countdown)
    assert (counting.kind, counting.command, counting.dry_run) == ("idle", tuple(TOUCH), False)
    assert scene.budget().idle_since < counting.at - 600
    assert scene.cancel() == "cancelled on_idle"
    assert scene.budget().countdown is None
    assert scene.cancel() == "no: nothing counts down"
    scene.told_that("on_idle was cancelled by me")

    scene.configure(command=TOUCH, seconds=4)
    (scene.project / "go").write_text("")
    scene.told_that("no longer idle, after", f"{run} made progress")
    until(lambda: scene.budget().countdown)
    scene.kill_manager()
    assert scene.cockpit.until_status(run, "ended").cause == "idle"
    until(scene.ran)
    scene.told_that("ended: exit 0")
    assert [view.run for view in _runs(scene)] == [run], "what was stopped for this is not tried again"
    assert len(scene.ran()) == 1
    assert f"{run} is live and made no step" in scene.ran()[0]
    (log,) = (scene.project / "runs").glob("on_idle-*.log")
    assert log.read_text().endswith("hi\n")


@pytest.mark.parametrize("how", ["logs", "computes"])
def test_a_run_that_logs_or_computes_and_prints_is_not_idle(scene, how):
    scene.configure(command=TOUCH, seconds=0)
    run = scene.cockpit.client.start(how)
    view = scene.cockpit.until_status(run, "running")
    until(lambda: _runs(scene)[0].seconds > 8, seconds=60)
    assert view.run == run
    assert scene.events() == []
    assert scene.ran() == []
    (scene.project / "enough").write_text("")
    scene.cockpit.until_status(run, "ended")
    scene.told_that("idle", "nothing runs")


def test_a_dry_run_says_what_it_would_do_and_does_nothing(scene):
    scene.configure(command=TOUCH, seconds=1, dry=True)
    run = scene.cockpit.client.start("hangs")
    scene.told_that("on_idle, dry run", f"{run} would be stopped first", "would be run now")
    scene.told_that("idle 6 s")  # the next doubling: the same stretch went on, and nothing more was counted
    assert scene.cockpit.run(run)["status"] == "running"
    assert sum("dry run: it is only said then" in text for text in scene.events()) == 1
    assert scene.ran() == []


def test_a_command_that_cannot_be_started_is_told(scene):
    scene.configure(command=["no-such-command"], seconds=0)
    run = scene.cockpit.client.start("hangs")
    scene.told_that("on_idle: `no-such-command` could not be run: No such file")
    assert scene.cockpit.run(run)["cause"] == "idle"


def test_a_run_that_may_start_when_the_idle_one_is_stopped_calls_the_command_off(scene):
    scene.configure(command=TOUCH, seconds=0, queue="[queue]\nslots = 1\n")
    stuck, waiting = scene.cockpit.client.start("hangs"), scene.cockpit.client.start("logs")
    scene.told_that("on_idle is due", f"{stuck} is stopped first")
    scene.told_that("on_idle was called off", waiting)
    assert scene.cockpit.until_status(stuck, "ended").cause == "idle"
    scene.cockpit.until_status(waiting, "running")
    assert scene.ran() == []


@pytest.mark.parametrize(
    ("point", "times"), [("running on_idle", 1), ("claimed on_idle", 0), ("started on_idle", 1)]
)
def test_a_command_is_never_run_twice_wherever_the_manager_dies(scene, point, times):
    scene.configure(command=TOUCH, seconds=0)
    there = scene.project / "there"
    (scene.project / "runs").mkdir()
    env = {key: value for key, value in os.environ.items() if not key.startswith("TRAINUI_")}
    asleep, scene.cockpit.client.ensure_manager = scene.cockpit.client.ensure_manager, lambda: None
    scene.cockpit.client.start("hangs")
    scene.cockpit.client.ensure_manager = asleep
    manager = subprocess.Popen(
        [sys.executable, "-m", "trainui.core.manager", "--db", scene.cockpit.db, "--project", scene.project],
        cwd=scene.project, env={**env, NAME: f"manager {point}@{there}"}, stdin=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    until(lambda: there.exists() and manager.poll() is not None)
    scene.cockpit.client.ensure_manager()
    told = scene.told_that(
        "on_idle", "ended: exit 0" if point.startswith("running") else "is not started again"
    )
    assert told
    if times:
        until(scene.ran)
    scene.told_that("nothing runs")  # a later telling, of the same stretch
    assert len(scene.ran()) == times


def test_when_the_last_run_has_ended_the_command_is_run_with_no_screen_and_nothing_live(scene):
    scene.configure(command=TOUCH, seconds=2)
    run = scene.cockpit.client.start("count")
    held = scene.cockpit.client.start("logs", held=True)
    assert scene.cockpit.until_status(run, "ended").result == "finished"
    scene.told_that("idle 3 s", f"nothing runs, and {held} waits for you: trainui release {held}")
    until(scene.ran)
    scene.told_that("ended: exit 0")
    scene.told_that("idle 12 s")
    assert len(scene.ran()) == 1
    assert scene.budget().idle_since is not None
    scene.cockpit.client.release(held)
    scene.told_that("no longer idle", f"{held} made progress")
    until(lambda: scene.budget().idle_since is None)


def test_a_countdown_that_is_taken_out_of_the_file_is_called_off(scene):
    scene.configure(command=TOUCH)
    scene.cockpit.client.start("hangs")
    until(lambda: scene.budget().countdown)
    scene.configure()
    scene.told_that("on_idle was called off: trainui.toml asks for it no longer")
    assert scene.budget().countdown is None


def test_a_paused_run_makes_no_progress_and_is_said_to_be_paused(scene):
    scene.configure()
    run = scene.cockpit.client.start("logs")
    scene.cockpit.until_status(run, "running")
    scene.cockpit.client.pause(run)
    scene.told_that(f"{run} is paused")
    scene.cockpit.client.resume(run)
    scene.told_that("no longer idle", f"{run} made progress")


@pytest.mark.parametrize(
    ("rate", "tell", "expected"), [("3.6", "10", True), ("0", "10", False), ("3.6", "1e9", True)]
)
def test_a_manager_stays_only_where_standing_idle_costs_something(project, rate, tell, expected):
    text = f'[[machine]]\nname = "here"\nusd_per_hour = {rate}\n[idle]\ntell_minutes = {tell}\n'
    (project / "trainui.toml").write_text(text)
    manager = Manager(project / "runs.db", project)
    manager.tick()
    assert manager.is_needed is expected


def _runs(scene):
    reader = scene.cockpit.reader()
    try:
        return reader.runs()
    finally:
        reader.close()
