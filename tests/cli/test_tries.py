"""What is tried again by itself, and what is not: who stopped a run wants it to stay so."""

import os
import signal

import pytest

from tests.conftest import until
from trainui.core.process.files import read_json

STUBBORN = """[job]
name = "stubborn"
command = ["sh", "-c", "trap '' TERM; echo on; while :; do sleep 0.1; done"]
grace_seconds = 60
[retry]
on = { lost = 5, signal = 5, hung = 5, exit = 5 }
delay_seconds = 0
"""


def names(cockpit):
    return [run["run"] for run in cockpit.json("ls", "--all")]


@pytest.fixture
def stubborn(cockpit):
    (cockpit.project / "jobs" / "stubborn.toml").write_text(STUBBORN)
    cockpit("start", "stubborn")
    until(lambda: "on" in cockpit("logs", "stubborn-1").stdout)
    cockpit("stop", "stubborn-1")
    until(lambda: cockpit.run("stubborn-1")["status"] == "stopping")
    return cockpit


def test_a_run_that_a_person_stopped_and_whose_pair_was_killed_is_lost_and_stays_so(stubborn):
    directory = stubborn.project / "runs" / "stubborn-1"
    for who in ("keeper", "guard", "job"):
        os.kill(read_json(directory / f"{who}.json")["pid"], signal.SIGKILL)
    stubborn.until_status("stubborn-1", "ended")
    assert stubborn.run("stubborn-1")["result"] in ("lost", "stopped")
    assert names(stubborn) == ["stubborn-1"]


def test_a_person_who_stops_a_run_that_is_being_stopped_as_hung_wants_no_other(cockpit):
    text = STUBBORN + "[limits]\nsilent_minutes = 0.01\n"
    text = text.replace("while :; do sleep 0.1; done", "sleep 1000").replace(
        "trap '' TERM; ", "trap : TERM; "
    )
    (cockpit.project / "jobs" / "stubborn.toml").write_text(
        text.replace("sleep 1000", "sleep 1000; sleep 1000")
    )
    cockpit("start", "stubborn")
    until(lambda: cockpit.run("stubborn-1")["status"] == "stopping")
    cockpit("stop", "stubborn-1", "--now")
    cockpit.until_status("stubborn-1", "ended")
    assert cockpit.run("stubborn-1")["cause"].startswith("hung")
    assert names(cockpit) == ["stubborn-1"]


def test_what_comes_after_a_job_waits_for_its_next_try_too(cockpit):
    """The next try is queued in the instant in which the last one failed: nothing slips in between."""
    (cockpit.project / "jobs" / "fails.toml").write_text(
        '[job]\nname = "fails"\ncommand = ["sh", "-c", "exit 1"]\n[retry]\non = { exit = 1 }\ndelay_seconds = 3000\n'
    )
    (cockpit.project / "jobs" / "later.toml").write_text(
        '[job]\nname = "later"\ncommand = ["true"]\nafter = ["fails"]\n'
    )
    cockpit("start", "fails", "later")
    cockpit.until_status("fails-1", "ended")
    until(lambda: cockpit.run("later-1")["waits_for"] == "fails-2")
    assert cockpit.run("later-1")["status"] == "queued"
    cockpit("release", "fails-2")
    cockpit.until_status("later-1", "ended")
    assert cockpit.run("fails-2")["status"] == "ended"


def test_who_looks_wakes_a_manager_that_was_killed_while_a_try_waits(cockpit):
    (cockpit.project / "jobs" / "fails.toml").write_text(
        '[job]\nname = "fails"\ncommand = ["sh", "-c", "exit 1"]\n[retry]\non = { exit = 1 }\ndelay_seconds = 3000\n'
    )
    cockpit("start", "fails")
    until(lambda: "fails-2" in names(cockpit))
    until(lambda: not cockpit.keepers())
    before = cockpit.client.manager()
    os.kill(before.pid, signal.SIGKILL)
    until(lambda: cockpit.client.manager() is None)
    cockpit("ls", "--db", str(cockpit.db))
    assert cockpit.client.manager() is None, "it may be a copy that is looked at"
    cockpit("ls")
    assert until(cockpit.client.manager) != before


def test_wait_follows_a_run_to_its_next_try(cockpit):
    (cockpit.project / "jobs" / "once.toml").write_text(
        '[job]\nname = "once"\ncommand = ["sh", "-c", "test -e done || { touch done; exit 1; }"]\n'
        "[retry]\non = { exit = 1 }\ndelay_seconds = 0\n"
    )
    said = cockpit("start", "once", "--wait").stderr
    assert "once-1: failed" in said
    assert "once-2: finished" in said


def test_a_job_that_waits_for_what_never_comes_is_refused(cockpit):
    for name, needs, said in (
        ("a", '["a"]', "it needs itself"),
        ("b", '["cuont"]', "it needs 'cuont', and there is no such job"),
    ):
        (cockpit.project / "jobs" / f"{name}.toml").write_text(
            f'[job]\nname = "{name}"\ncommand = ["true"]\nneeds = {needs}\n'
        )
        assert said in cockpit("start", name, code=2).stderr
    assert not cockpit.db.exists() or names(cockpit) == []
