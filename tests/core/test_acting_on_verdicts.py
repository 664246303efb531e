"""What gates ask for is done, once, and what is withheld is told: real runs, a real manager."""

from __future__ import annotations

import json
from importlib.util import find_spec

import pytest

from tests.conftest import until
from tests.core.acted import LOW, NAN, add_job, deeds, rows, runs_of, told

LONG = ("--set", "steps=100000", "--set", "delay=0.02")
PROTECT = """
[[gate]]
id = "let-run"
role = "criterion"
test = "value"
when = "end"
left = "max(@step)"
op = ">="
right = 3
protect = true
"""


def acted(cockpit, run, gate, action):
    """Wait until something became of an action: (outcome, whether it was done)."""
    return until(
        lambda: (found := deeds(cockpit, run).get((gate, action))) and found[0] != "to be done" and found
    )


def test_an_armed_run_is_stopped_and_its_gate_says_so(cockpit):
    add_job(cockpit, tables=NAN.format(actions='["flag", "notify", "stop"]', more=""))
    cockpit("start", "learn", "--arm", *LONG, "--set", "nan_at=3")
    view = cockpit.until_status("learn-1", "ended")
    assert (view.result, view.cause) == ("stopped", "gate no-nan")
    assert acted(cockpit, "learn-1", "no-nan", "stop") == ("stopped at step 4", True)
    assert deeds(cockpit, "learn-1")["no-nan", "flag"] == ("flagged", True)
    assert told(cockpit, "learn-1", "notify") == [
        "learn-1: no-nan tripped at step 4: loss was nan twice in a row at step 4"
    ]
    (gate,) = cockpit.json("gates", "learn-1")
    assert gate["action"] == "stopped"


def test_an_unarmed_run_goes_on_and_is_told_what_a_stop_would_have_saved(cockpit):
    (cockpit.project / "trainui.toml").write_text('[[machine]]\nname = "a"\nusd_per_hour = 3600.0\n')
    add_job(cockpit, tables=NAN.format(actions='["stop"]', more=""))
    cockpit("start", "learn", *LONG, "--set", "nan_at=3")
    assert acted(cockpit, "learn-1", "no-nan", "stop") == ("would have stopped (not armed)", False)
    (row,) = rows(cockpit, "SELECT * FROM actions WHERE action='stop'")
    assert row["would_save_seconds"] > 0
    assert row["would_save_micro"] == pytest.approx(row["would_save_seconds"] * 1e6, rel=1e-3)
    (said,) = [text for text in told(cockpit, "learn-1", "gate") if "would" in text]
    assert said.startswith("no-nan would have stopped the run at step 4: ")
    assert said.endswith("saved (not armed)")
    (gate,) = cockpit.json("gates", "learn-1")
    assert (gate["action"], gate["would_save_seconds"]) == ("would have stopped", row["would_save_seconds"])
    assert cockpit.run("learn-1")["status"] == "running"


def test_a_protected_run_is_stopped_by_no_gate_and_still_by_a_person(cockpit):
    add_job(cockpit, tables=NAN.format(actions='["stop"]', more="") + PROTECT)
    cockpit("start", "learn", "--arm", *LONG, "--set", "nan_at=1")
    assert acted(cockpit, "learn-1", "no-nan", "stop") == ("would have stopped (protected by let-run)", False)
    cockpit("stop", "learn-1")
    assert cockpit.until_status("learn-1", "ended").cause == "user"


def test_a_run_may_be_armed_and_disarmed_while_it_goes_on(cockpit):
    add_job(cockpit, tables=NAN.format(actions='["stop"]', more=""))
    cockpit("start", "learn", "--arm", *LONG, "--set", "nan_at=60")
    cockpit.until_status("learn-1", "running")
    cockpit("disarm", "learn-1")
    assert acted(cockpit, "learn-1", "no-nan", "stop")[1] is False
    assert json.loads((cockpit.project / "runs" / "learn-1" / "origin.json").read_text())["armed"] is False
    cockpit("start", "learn", *LONG, "--set", "nan_at=60")
    cockpit.until_status("learn-2", "running")
    cockpit("arm", "learn-2")
    assert cockpit.until_status("learn-2", "ended").cause == "gate no-nan"
    assert "it had ended" in cockpit("arm", "learn-2", code=2).stderr


def test_a_checkpoint_that_cannot_be_asked_for_becomes_a_notice(cockpit):
    add_job(cockpit, tables=NAN.format(actions='["checkpoint"]', more=""))
    cockpit("start", "learn", *LONG, "--set", "nan_at=2")
    outcome, _ = acted(cockpit, "learn-1", "no-nan", "checkpoint")
    assert outcome.startswith("it could not be asked; shown in the dashboard")
    assert len(told(cockpit, "learn-1", "notify")) == 1


def test_people_are_told_once_of_a_verdict_that_asks_for_a_checkpoint_too(cockpit):
    add_job(cockpit, tables=NAN.format(actions='["checkpoint", "notify"]', more=""))
    cockpit("start", "learn", *LONG, "--set", "nan_at=2")
    assert acted(cockpit, "learn-1", "no-nan", "checkpoint") == ("it could not be asked", False)
    assert acted(cockpit, "learn-1", "no-nan", "notify")[1] is True
    assert len(told(cockpit, "learn-1", "notify")) == 1


# ---------------------------------------------------------------- what holds the queue


def test_a_gate_holds_the_queue_until_a_person_releases_it(cockpit):
    add_job(cockpit, tables=NAN.format(actions='["hold-queue"]', more=""))
    cockpit("start", "learn", *LONG, "--set", "nan_at=2")
    acted(cockpit, "learn-1", "no-nan", "hold-queue")
    cockpit("start", "count")
    waits = until(lambda: cockpit.run("count-1")["waits_for"])
    assert waits.startswith("gate no-nan of learn-1: loss was nan twice in a row at step 3")
    assert "trainui release --queue" in waits
    cockpit("release", "--queue")
    assert cockpit.until_status("count-1", "ended").result == "finished"
    (block,) = rows(cockpit, "SELECT * FROM blocks")
    assert block["released_by"]
    assert "no gate holds the queue" in cockpit("release", "--queue", code=2).stderr


def test_a_gate_that_fails_blocks_the_jobs_it_names_and_no_others(cockpit):
    more = "on.failed = ['block:coun*, other']"
    add_job(cockpit, tables=LOW.format(more=more))
    add_job(cockpit, "free")
    cockpit("start", "learn", "--set", "steps=1", "--wait", code=1)
    assert acted(cockpit, "learn-1", "low", "block:coun*, other") == ("holds coun*, other", True)
    cockpit("start", "count", "free")
    assert cockpit.until_status("free-1", "ended").result == "finished"
    assert cockpit.run("count-1")["waits_for"].startswith("gate low of learn-1: ")
    cockpit("release", "--job", "count")
    assert cockpit.until_status("count-1", "ended").result == "finished"


# ---------------------------------------------------------------- launching


def test_a_gate_that_passes_launches_a_job_once(cockpit):
    add_job(cockpit, tables=LOW.format(more='on.passed = ["notify", "launch:count"]'))
    cockpit("start", "learn", "--wait")
    assert acted(cockpit, "learn-1", "low", "launch:count") == ("launched count-1", True)
    assert cockpit.until_status("count-1", "ended").result == "finished"
    assert runs_of(cockpit, "count") == ["count-1"]


def test_a_job_that_cannot_be_launched_is_told(cockpit):
    add_job(cockpit, tables=LOW.format(more='on.passed = ["launch:cuont"]'))
    cockpit("start", "learn", "--wait")
    outcome, is_done = acted(cockpit, "learn-1", "low", "launch:cuont")
    assert (outcome, is_done) == ("could not be launched: there is no job 'cuont'", False)
    assert any("did you mean 'count'" in text for text in told(cockpit, "learn-1", "gate"))


# ---------------------------------------------------------------- telling people


def test_a_notify_command_gets_the_text_and_no_shell_ever_sees_it(cockpit):
    script = "import os, sys\nopen('told', 'a').write(repr((sys.stdin.read(), os.environ['TRAINUI_TEXT'], os.environ['TRAINUI_GATE'])) + '\\n')\n"
    (cockpit.project / "tell.py").write_text(script)
    (cockpit.project / "trainui.toml").write_text(
        '[notify]\non = ["gate"]\ncommand = ["python3", "tell.py"]\n'
    )
    name = "loss'; touch pwned; echo $(touch pwned) `touch pwned`"
    hostile = NAN.format(actions='["notify"]', more="").replace('"no-nan"', json.dumps(name))
    add_job(cockpit, tables=hostile)
    cockpit("start", "learn", "--set", "nan_at=1", "--set", "steps=5", "--wait")
    assert acted(cockpit, "learn-1", name, "notify") == ("handed on to command", True)
    (line,) = until(lambda: (p := cockpit.project / "told").exists() and p.read_text().splitlines())
    text, also, gate = eval(line)
    assert text == also == f"learn-1: {name} tripped at step 2: loss was nan twice in a row at step 2"
    assert gate == name
    assert not (cockpit.project / "pwned").exists()


def test_a_notify_command_that_fails_or_hangs_holds_nothing_up(cockpit):
    for command, says in (
        ('["false"]', "the notify command false failed: exit 1"),
        ('["sleep", "1000"]', "the notify command sleep took too long and was killed"),
    ):
        config = f"[notify]\ncommand = {command}\ntimeout_seconds = 0.3\n"
        (cockpit.project / "trainui.toml").write_text(config)
        add_job(cockpit, tables=NAN.format(actions='["notify"]', more=""))
        cockpit("start", "learn", "--set", "nan_at=1", "--set", "steps=5", "--wait")
        begins = f"command: {says}; tried again in "
        until(lambda begins=begins: any(text.startswith(begins) for text in told(cockpit, "", "manager")))


def test_no_command_and_no_apprise_is_told_in_a_sentence(cockpit):
    (cockpit.project / "trainui.toml").write_text('[notify]\nurls = ["json://localhost"]\n')
    add_job(cockpit, tables=NAN.format(actions='["notify"]', more=""))
    cockpit("start", "learn", "--set", "nan_at=1", "--set", "steps=5", "--wait")
    assert acted(cockpit, "learn-1", "no-nan", "notify") == ("handed on to urls", True)
    wanted = "pip install 'trainui[notify]'" if find_spec("apprise") is None else "apprise could not send it"
    until(lambda: any(wanted in text for text in told(cockpit, "", "manager")))


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ("comand = ['x']", "trainui.toml:2: [notify] has no key 'comand' (did you mean 'command'?)"),
        ("command = ['']", "trainui.toml:2: the notify command is empty"),
        ("timeout_seconds = 0", "trainui.toml:2: timeout_seconds cannot be 0"),
    ],
)
def test_a_wrong_notify_table_is_refused_with_its_line(cockpit, table, says):
    (cockpit.project / "trainui.toml").write_text(f"[notify]\n{table}\n")
    assert says in cockpit("start", "count", code=2).stderr


def test_what_was_done_is_not_done_again_after_runs_db_was_rebuilt(cockpit):
    add_job(cockpit, tables=LOW.format(more='on.passed = ["notify", "launch:count", "hold-queue"]'))
    cockpit("start", "learn", "--wait")
    acted(cockpit, "learn-1", "low", "launch:count")
    cockpit("release", "--queue")
    cockpit.until_status("count-1", "ended")
    cockpit("doctor", "--rebuild", "--force")
    cockpit.client.ensure_manager()
    cockpit("start", "count", "--wait")  # the manager has looked at all there is
    assert [row["name"] for row in rows(cockpit, "SELECT name FROM runs ORDER BY id")] == [
        "learn-1", "count-1", "count-2",
    ]  # fmt: skip
    assert all(row["released_at"] for row in rows(cockpit, "SELECT released_at FROM blocks"))


def test_the_default_watch_stops_an_armed_run_that_nobody_wrote_a_gate_for(cockpit):
    add_job(cockpit)
    spec = cockpit.project / "jobs" / "learn.toml"
    spec.write_text(spec.read_text().replace('off = ["all"]', "off = []"))
    cockpit("start", "learn", "--arm", *LONG, "--set", "nan_at=3")
    assert cockpit.until_status("learn-1", "ended").cause == "gate watch/nonfinite"
    assert acted(cockpit, "learn-1", "watch/nonfinite", "stop") == ("stopped at step 4", True)
    assert len(told(cockpit, "learn-1", "notify")) == 1


SHORT = """
[[gate]]
id = "hours"
role = "budget"
test = "value"
left = "last(@wall_h)"
op = "<="
right = 0.0
on.tripped = ["stop"]

[[gate]]
id = "memory"
role = "budget"
test = "value"
left = "last(@host_mem_gb)"
op = "<="
right = 64
"""


def test_the_meters_of_a_run_too_short_to_be_looked_at_are_read_once_at_its_end(cockpit):
    add_job(cockpit, tables=SHORT)
    cockpit("start", "learn", "--arm", "--wait")
    gates = {one["gate"]: one for one in cockpit.json("gates", "learn-1")}
    assert (gates["hours"]["verdict"], gates["memory"]["verdict"]) == ("tripped", "ok")
    assert gates["hours"]["value"] > 0
    read = rows(cockpit, "SELECT at FROM readings WHERE run='learn-1' AND name LIKE '%@wall_h%'")
    assert len(read) == 1
    assert acted(cockpit, "learn-1", "hours", "stop") == ("it had ended", False)
    assert (cockpit.run("learn-1")["result"], cockpit.run("learn-1")["cause"]) == ("finished", "")
    again = {one["gate"]: one for one in cockpit.json("replay", "learn", "--on", "learn-1")}
    assert again["hours"]["value"] == gates["hours"]["value"]


ONCE = """
[study]
name = "relay"
runs = { teacher = "learn" }

[[gate]]
id = "go"
run = "teacher"
role = "criterion"
test = "value"
left = "best(loss)"
op = "<"
right = 6
on.passed = ["launch:count"]
"""


def test_a_gate_of_a_study_launches_once_however_many_runs_pass_it(cockpit):
    add_job(cockpit)
    (cockpit.project / "jobs" / "study.toml").write_text(ONCE)
    for run in ("learn-1", "learn-2"):
        cockpit("start", "learn", "--wait")
        acted(cockpit, run, "go", "launch:count")
    assert acted(cockpit, "learn-1", "go", "launch:count") == ("launched count-1", True)
    assert acted(cockpit, "learn-2", "go", "launch:count") == ("launched before, by learn-1", False)
    assert runs_of(cockpit, "count") == ["count-1"]


def test_a_gate_launches_once_for_a_run_and_those_that_go_on_from_it(cockpit):
    add_job(cockpit, tables=LOW.format(more='on.passed = ["launch:count"]'))
    cockpit("start", "learn", "--wait")
    acted(cockpit, "learn-1", "low", "launch:count")
    cockpit("retry", "learn-1")
    assert acted(cockpit, "learn-2", "low", "launch:count") == ("launched before, by learn-1", False)
    cockpit("start", "learn", "--wait")
    assert acted(cockpit, "learn-3", "low", "launch:count") == ("launched count-2", True)
