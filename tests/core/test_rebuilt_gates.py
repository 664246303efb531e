"""A runs.db that is made anew knows what its gates were answered, and what they brought about is not done again."""

from __future__ import annotations

import os
import signal

from tests.conftest import until
from tests.core.acted import LOW, add_job, deeds, rows, runs_of

ASK = '[[gate]]\nid = "look"\ntest = "ask"\nquestion = "well?"\non.passed = ["launch:count"]\n'
SLOW = ("--set", "steps=100000", "--set", "delay=0.02")


def rebuild(scene):
    """Make runs.db anew, of a manager that was killed."""
    manager = scene.client.manager()
    if manager is not None:
        os.kill(manager.pid, signal.SIGKILL)
    scene("doctor", "--rebuild", "--force")


def verdict(scene, run, gate):
    """Where a gate of a run stands, as it is shown."""
    return next(one["verdict"] for one in scene.json("gates", run) if one["gate"] == gate)


def test_what_a_live_run_brought_about_is_not_done_again_after_a_rebuild(cockpit):
    add_job(cockpit, tables=LOW.format(more='on.passed = ["launch:count", "notify"]') + ASK)
    cockpit("start", "learn", "--arm", *SLOW)
    until(lambda: ("low", "launch:count") in deeds(cockpit, "learn-1"))
    cockpit("answer", "learn-1", "look", "yes")
    until(lambda: ("look", "launch:count") in deeds(cockpit, "learn-1"))
    before = runs_of(cockpit, "count")
    rebuild(cockpit)
    cockpit.client.ensure_manager()
    found = until(lambda: (now := deeds(cockpit, "learn-1")) and ("low", "notify") in now and now)
    assert found["low", "launch:count"] == ("launched before", False)
    assert runs_of(cockpit, "count") == before == ["count-1", "count-2"]
    assert verdict(cockpit, "learn-1", "look") == "passed"
    cockpit("stop", "learn-1", "--now")
    cockpit.until_status("learn-1", "ended")
    assert verdict(cockpit, "learn-1", "look") == "passed"


def test_an_answer_outlives_a_rebuild_of_the_run_that_ended(cockpit):
    add_job(cockpit, tables=ASK)
    cockpit("start", "learn", "--wait")
    cockpit("answer", "learn-1", "look", "yes", "--note", "looks fine")
    until(lambda: ("look", "launch:count") in deeds(cockpit, "learn-1"))
    rebuild(cockpit)
    assert verdict(cockpit, "learn-1", "look") == "passed"
    assert [one["note"] for one in rows(cockpit, "SELECT note FROM answers")] == ["looks fine"]
    cockpit.client.ensure_manager()
    cockpit.until_status("count-1", "ended")
    assert runs_of(cockpit, "count") == ["count-1"]
