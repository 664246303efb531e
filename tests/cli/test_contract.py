"""The command line is a contract: names, fields, exit codes, one sentence on stderr."""

import json
import math
import os
import signal
from pathlib import Path

import pytest

from tests.conftest import SPEC, until

LS_FIELDS = {
    "run", "job", "study", "status", "result", "cause", "pid", "gpus", "queued_at", "started_at", "ended_at",
    "seconds", "gpu_hours", "usd", "step", "epoch", "progress", "eta_seconds", "metric", "gates", "parent", "directory",
}  # fmt: skip


def test_a_run_from_start_to_export(cockpit):
    """Start and wait, then look at it from every side."""
    assert cockpit("start", "count", "--wait").stdout == "count-1\n"
    (run,) = cockpit.json("ls", "--all")
    assert run.keys() >= LS_FIELDS
    assert (run["status"], run["result"], run["cause"], run["parent"]) == ("ended", "finished", "", None)
    assert run["metric"] == {"name": "val/mae", "goal": "min", "last": 20.0, "best": 20.0, "best_step": 4}
    assert run["gates"] == {
        "ok": 1, "warn": 0, "tripped": 0, "passed": 1, "failed": 0, "unknown": 0, "pending": 0,
    }  # fmt: skip
    assert run["progress"] is not None
    curve = cockpit.json("curve", "count-1", "val/mae")
    assert [point[:2] for point in curve["points"]] == [
        [0, 100.0],
        [1, 50.0],
        [2, pytest.approx(100 / 3)],
        [3, 25.0],
        [4, 20.0],
    ]
    gates = {gate["gate"]: gate for gate in cockpit.json("gates", "count-1")}
    assert gates["below-30"]["verdict"] == "passed"
    assert gates["below-30"]["at_step"] == 3
    assert gates["no-nan"]["verdict"] == "ok"
    shown = cockpit.json("show", "count-1")
    assert "step 4 of 5" in shown["log"][-1]
    assert "step 4 of 5" in cockpit("logs", "count-1").stdout
    folder = Path(run["directory"])
    assert {"spec.toml", "origin.json", "job.json", "exit.json", "metrics.jsonl", "output.log"} <= set(
        os.listdir(folder)
    )
    assert folder.stat().st_mode & 0o077 == 0
    cockpit("export", "count-1", "--to", str(cockpit.project / "out"))
    text = (cockpit.project / "out" / "summary.md").read_text()
    assert "count-1" in text
    assert "under thirty" in text
    assert json.loads((cockpit.project / "out" / "summary.json").read_text())["runs"][0]["run"] == "count-1"
    assert (cockpit.project / "out" / "training_curves.png").read_bytes().startswith(b"\x89PNG")


def test_nan_is_a_fact_and_an_armed_run_is_stopped_for_it(cockpit):
    cockpit("start", "count", "--arm", "--set", "nan_at=3", "--set", "steps=100000", "--set", "delay=0.02")
    cockpit.until_status("count-1", "ended")
    run = cockpit.run("count-1")
    assert (run["result"], run["cause"]) == ("stopped", "gate no-nan")
    points = cockpit.json("curve", "count-1", "val/mae")["points"]
    assert points[2][1] == pytest.approx(100 / 3)
    assert points[3][1] == points[4][1] == "nan"
    gate = next(gate for gate in cockpit.json("gates", "count-1") if gate["gate"] == "no-nan")
    assert (gate["verdict"], gate["action"]) == ("tripped", "stopped")


def test_an_unarmed_run_only_says_what_would_have_been(cockpit):
    cockpit("start", "count", "--set", "nan_at=2", "--set", "steps=6", "--wait", code=1)
    assert cockpit.run("count-1")["result"] == "finished"
    gate = next(gate for gate in cockpit.json("gates", "count-1") if gate["gate"] == "no-nan")
    assert (gate["verdict"], gate["action"]) == ("tripped", "would have stopped")


def test_wait_tells_a_failed_run_and_a_failed_criterion_by_its_exit_code(cockpit):
    assert (
        "criteria failed: below-30" in cockpit("start", "count", "--set", "steps=2", "--wait", code=1).stderr
    )
    cockpit("start", "count", "--set", "exit_code=3", "--wait", code=1)
    assert cockpit.run("count-2")["cause"] == "exit 3"


def test_a_run_that_prints_nothing_wrong_is_known_to_have_printed_nothing_wrong(cockpit):
    spec = cockpit.project / "jobs" / "count.toml"
    gate = '[[gate]]\nid = "no-errors"\nrole = "flag"\ntest = "event"\nmatch = "(?i)error"\n'
    spec.write_text(f"{spec.read_text()}\n{gate}")
    cockpit("start", "count", "--wait")
    stands = next(gate for gate in cockpit.json("gates", "count-1") if gate["gate"] == "no-errors")
    assert (stands["verdict"], stands["reason"]) == ("ok", "nothing it printed matches /(?i)error/")


def test_wait_forgives_a_stretch_goal_that_was_not_met(cockpit):
    spec = cockpit.project / "jobs" / "count.toml"
    spec.write_text(spec.read_text().replace('role = "criterion"', 'role = "criterion"\nseverity = "info"'))
    cockpit("start", "count", "--set", "steps=2", "--wait")
    assert {gate["verdict"] for gate in cockpit.json("gates", "count-1") if gate["gate"] == "below-30"} == {
        "failed"
    }


def test_stop_is_graceful_and_retry_goes_on_where_it_stopped(cockpit):
    """The job saves on SIGTERM; its next run begins at that step, as a child of the first."""
    cockpit("start", "count", "--set", "steps=100000", "--set", "delay=0.02")
    reader_saw = lambda: cockpit.run("count-1")["step"] and cockpit.run("count-1")["step"] >= 2  # noqa: E731
    until(reader_saw)
    cockpit("stop", "count-1")
    cockpit.until_status("count-1", "ended")
    first = cockpit.run("count-1")
    assert (first["result"], first["cause"]) == ("stopped", "user")
    saved = int((Path(first["directory"]) / "last.txt").read_text())
    name = cockpit("retry", "count-1", "--set", f"steps={saved + 3}", "--set", "delay=0").stdout.strip()
    assert name == "count-2"
    cockpit.until_status(name, "ended")
    assert cockpit.run(name)["parent"] == "count-1"
    steps = [point[0] for point in cockpit.json("curve", name, "val/mae")["points"]]
    assert steps == [saved, saved + 1, saved + 2]


def test_killing_manager_and_screen_changes_nothing_for_the_run(cockpit):
    """SIGKILL to the manager: a keeper brings up the next, which goes on at the byte where the first stopped."""
    cockpit("start", "count", "--set", "steps=400", "--set", "delay=0.02")
    until(lambda: (cockpit.run("count-1")["step"] or 0) > 5)
    before = cockpit.client.manager()
    os.kill(before.pid, signal.SIGKILL)
    after = until(lambda: (found := cockpit.client.manager()) and found.pid != before.pid and found)
    assert after.pid != before.pid
    cockpit.until_status("count-1", "ended")
    assert cockpit.run("count-1")["result"] == "finished"
    points = cockpit.json("curve", "count-1", "val/mae")["points"]
    assert [point[0] for point in points] == list(range(400))


def test_a_paused_run_stands_still_and_can_be_stopped(cockpit):
    cockpit("start", "count", "--set", "steps=100000", "--set", "delay=0.02")
    until(lambda: cockpit.run("count-1")["step"])
    cockpit("pause", "count-1")
    cockpit.until_status("count-1", "paused")
    assert "only a running run" in cockpit("pause", "count-1", code=2).stderr
    job = Path(f"/proc/{cockpit.run('count-1')['pid']}/stat")
    until(lambda: job.read_text().rpartition(")")[2].split()[0] == "T")
    cockpit("resume", "count-1")
    cockpit.until_status("count-1", "running")
    step = cockpit.run("count-1")["step"]
    until(lambda: cockpit.run("count-1")["step"] > step)
    cockpit("pause", "count-1")
    cockpit.until_status("count-1", "paused")
    cockpit("stop", "count-1")
    cockpit.until_status("count-1", "ended")
    assert (cockpit.run("count-1")["result"], cockpit.run("count-1")["cause"]) == ("stopped", "user")


def test_a_queued_run_waits_for_its_slot_and_may_be_stopped_there(cockpit):
    (cockpit.project / "trainui.toml").write_text("[queue]\nslots = 1\n")
    cockpit("start", "count", "--set", "steps=100000", "--set", "delay=0.02")
    cockpit("start", "count")
    until(lambda: "a slot" in cockpit.run("count-2")["waits_for"])
    cockpit("stop", "count-2")
    cockpit.until_status("count-2", "ended")
    assert cockpit.run("count-2")["cause"] == "user"


def test_the_budget_stops_runs_and_admits_no_more(cockpit):
    """Half a dollar at 3,600 $/h: half a second beyond what the grace needs."""
    (cockpit.project / "trainui.toml").write_text(
        '[budget]\ntotal_usd = 8\n[[machine]]\nname = "dear"\nusd_per_hour = 3600\n'
    )
    spec = (
        (cockpit.project / "jobs" / "count.toml")
        .read_text()
        .replace("grace_seconds = 5", "grace_seconds = 2")
    )
    (cockpit.project / "jobs" / "count.toml").write_text(spec)
    cockpit("start", "count", "--set", "steps=100000", "--set", "delay=0.02")
    cockpit.until_status("count-1", "ended")
    run = cockpit.run("count-1")
    assert (run["result"], run["cause"]) == ("stopped", "budget")
    money = cockpit.json("budget")
    assert 0 < run["usd"] <= 8
    assert money["total_usd"] == 8
    cockpit("start", "count")
    until(lambda: "budget" in cockpit.run("count-2")["waits_for"])


def test_the_second_job_waits_for_the_first_to_pass(cockpit):
    second = '[job]\nname = "second"\ncommand = ["true"]\nneeds = ["count"]\n'
    (cockpit.project / "jobs" / "second.toml").write_text(second)
    cockpit("start", "second")
    until(lambda: "count (no run yet)" in cockpit.run("second-1")["waits_for"])
    cockpit("start", "count", "--set", "steps=2", "--wait", code=1)
    until(lambda: "did not pass below-30" in cockpit.run("second-1")["waits_for"])
    cockpit("start", "count", "--wait")
    cockpit.until_status("second-1", "ended")
    assert cockpit.run("second-1")["result"] == "finished"


def test_a_run_that_falls_silent_is_stopped_as_hung(cockpit):
    (cockpit.project / "jobs" / "mute.toml").write_text(
        '[job]\nname = "mute"\ncommand = ["sh", "-c", "echo on; sleep 600"]\n[limits]\nsilent_minutes = 0.01\n'
    )
    cockpit("start", "mute")
    cockpit.until_status("mute-1", "ended")
    run = cockpit.run("mute-1")
    assert (run["result"], run["cause"]) == ("stopped", "hung: no output, no metric and no CPU for 0.01 min")


def test_a_command_that_does_not_exist_is_told_in_one_sentence(cockpit):
    (cockpit.project / "jobs" / "no.toml").write_text('[job]\nname = "no"\ncommand = ["no-such-program"]\n')
    assert "no-such-program" in cockpit("start", "no", "--wait", code=2).stderr
    assert cockpit.json("ls", "--all") == []


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("start", "cuont"), 2, "did you mean 'count'"),
        (("start", "count", "--set", "step=3"), 2, "did you mean 'steps'"),
        (("start", "count", "--set", "steps"), 2, "not key=value"),
        (("start", "count", "--preset", "x"), 2, "no preset 'x'"),
        (("strat", "count"), 2, "did you mean 'start'"),
        (("ls", "--al"), 2, "--al"),
        (("export", "--to", "x"), 2, "--study"),
        (("ls", "--json", "--db", "/nowhere/at/all/runs.db"), 0, ""),
        (("show", "x-1", "--db", "/nowhere/at/all/runs.db"), 1, "does not exist"),
    ],
)
def test_an_error_is_one_sentence_with_a_hint(cockpit, words, code, said):
    done = cockpit(*words, code=code)
    assert said in done.stderr
    assert done.stderr.count("\n") <= 1
    assert "Traceback" not in done.stderr
    if code:
        assert done.stdout == ""


def test_an_unknown_run_names_what_there_is(cockpit):
    cockpit("start", "count", "--wait")
    for words in (
        ("show", "count-2"),
        ("logs", "count-2"),
        ("stop", "count-2"),
        ("retry", "count-2"),
        ("gates", "c"),
    ):
        assert "count-1" in cockpit(*words, code=2).stderr


def test_outside_a_project_it_says_what_a_project_is(cockpit, tmp_path_factory):
    cockpit.project = tmp_path_factory.mktemp("empty")
    assert "trainui.toml or a jobs/ folder" in cockpit("ls", code=2).stderr


def test_jobs_lists_what_is_wrong(cockpit):
    (cockpit.project / "jobs" / "bad.toml").write_text("[job]\n")
    jobs = {job["name"]: job for job in cockpit.json("jobs")}
    assert jobs["count"]["problem"] == ""
    assert jobs["bad"]["problem"].startswith("jobs/bad.toml:1: [job] needs")


def test_doctor_and_manager(cockpit):
    assert "not running" in cockpit("manager", "status").stdout
    cockpit("start", "count", "--set", "steps=100000", "--set", "delay=0.02")
    assert "alive" in cockpit("manager", "status").stdout
    assert "in need of a manager" in cockpit("manager", "stop", code=2).stderr
    findings = {
        one["what"]: one["verdict"] for one in json.loads(cockpit("doctor", "--json", code=None).stdout)
    }
    assert findings["runs.db"] == "ok"
    cockpit("stop", "--now", "count-1")
    cockpit.until_status("count-1", "ended")
    assert cockpit.run("count-1")["cause"] == "user"
    assert "has ended" in cockpit("manager", "stop").stdout


def test_a_run_may_print_anything_and_drive_nothing(cockpit):
    """Escapes in the log and in a metric's name reach no terminal."""
    (cockpit.project / "rude.py").write_text(
        'import os\nprint("\\x1b]0;owned\\x07\\x1b[31mred\\x1b[0m [bold]x[/bold]")\n'
        'open(os.environ["TRAINUI_METRICS"], "a").write(\'{"step": 1, "\\\\u001b[31mx": 1.5}\\n\')\n'
    )
    (cockpit.project / "jobs" / "rude.toml").write_text(
        '[job]\nname = "rude"\ncommand = ["{python}", "rude.py"]\n'
    )
    cockpit("start", "rude", "--wait")
    for words in (("logs", "rude-1"), ("show", "rude-1"), ("ls", "--all")):
        assert "\x1b" not in cockpit(*words).stdout
    assert "red [bold]x[/bold]" in cockpit("logs", "rude-1").stdout
    cockpit("export", "rude-1", "--to", str(cockpit.project / "out"))
    assert "\x1b" not in (cockpit.project / "out" / "summary.md").read_text()


def test_a_promise_about_another_name_is_told_early(cockpit):
    """The spec waits for train/loss, the script prints loss: an event says so while it runs."""
    gate = '[[gate]]\nid = "g"\nrole = "flag"\ntest = "finite"\nmetrics = ["train/loss"]\n'
    job(cockpit, "other", "for i in 1 2 3; do echo step $i loss 0.$i; done; sleep 600", gate)
    cockpit("start", "other")
    told = lambda: [event["text"] for event in cockpit.json("show", "other-1")["events"]]  # noqa: E731
    until(lambda: "the spec waits for train/loss, and the run writes loss: is that the one?" in told())
    cockpit("stop", "other-1", "--now")
    cockpit.until_status("other-1", "ended")
    said = cockpit("gates", "other-1").stdout
    assert "metric train/loss never appeared" in said
    assert "\n  it writes: loss\n" in said


def test_a_study_of_a_job_that_is_not_there_says_so(cockpit):
    job(cockpit, "here", "echo")
    study = '[study]\nname = "pair"\nruns = { a = "here", b = "gone*" }\n[[gate]]\nid = "g"\nrole = "hypothesis"\n'
    study += 'test = "value"\nleft = "a: best(x)"\nminus = "b: best(x)"\nop = ">"\nright = 1\n'
    (cockpit.project / "jobs" / "pair.toml").write_text(study)
    assert "no job for b" in cockpit("jobs").stdout


def test_an_unmodified_script_shows_its_curve(cockpit):
    (cockpit.project / "plain.py").write_text(
        'for e in range(4):\n    print(f"Epoch {e} Val WER: {40 - e}%")\n'
    )
    (cockpit.project / "jobs" / "plain.toml").write_text(
        '[job]\nname = "plain"\ncommand = ["{python}", "plain.py"]\n[[metrics.pattern]]\n'
        "regex = 'Epoch (?P<epoch>\\d+) .*Val WER: (?P<val_wer>\\S+)%'\n"
    )
    cockpit("start", "plain", "--wait")
    points = cockpit.json("curve", "plain-1", "val_wer")["points"]
    assert [point[:2] for point in points] == [[0, 40.0], [1, 39.0], [2, 38.0], [3, 37.0]]
    assert all(math.isfinite(point[2]) for point in points)


def job(cockpit, name, script, more=""):
    """A job that is one line of shell."""
    command = json.dumps(["sh", "-c", script])
    text = f'[job]\nname = "{name}"\ncommand = {command}\ngrace_seconds = 2\n{more}'
    (cockpit.project / "jobs" / f"{name}.toml").write_text(text)


@pytest.mark.parametrize("damage", ["rm -rf $TRAINUI_RUN_DIR", "rm -rf $TRAINUI_RUN_DIR/*"])
def test_a_job_that_deletes_its_own_directory_runs_once_and_ends(cockpit, damage):
    job(cockpit, "wild", f"echo x >> ran; {damage}; sleep 1.5")
    cockpit("start", "wild")
    cockpit.until_status("wild-1", "ended")
    assert cockpit.run("wild-1")["result"] == "lost"
    assert (cockpit.project / "ran").read_text() == "x\n"


def test_a_job_that_deletes_its_directory_can_still_be_stopped(cockpit):
    job(cockpit, "wild", "rm -rf $TRAINUI_RUN_DIR; sleep 600")
    cockpit("start", "wild")
    until(
        lambda: (
            cockpit.run("wild-1")["status"] != "queued" and not (cockpit.project / "runs" / "wild-1").exists()
        )
    )
    cockpit("stop", "wild-1")
    cockpit.until_status("wild-1", "ended")


def test_a_job_that_writes_its_own_exit_record_ends(cockpit):
    job(cockpit, "forger", "sleep 0.5; echo '{\"done\": true}' > $TRAINUI_RUN_DIR/exit.json; sleep 0.5")
    cockpit("start", "forger")
    cockpit.until_status("forger-1", "ended")
    assert (cockpit.run("forger-1")["result"], cockpit.run("forger-1")["cause"]) == (
        "lost",
        "exit.json is damaged",
    )


@pytest.mark.parametrize(
    "line",
    [
        '{"step": 99999999999999999999, "total_steps": 99999999999999999999, "metrics": {"x": 1}}',
        '{"step": 1, "total_steps": 1e308, "epoch": 99999999999999999999, "metrics": {"x": 1e999}}',
        '{"checkpoint": "a", "step": 99999999999999999999, "metrics": {"x": 1}}',
    ],
)
def test_no_number_a_job_writes_harms_another_run(cockpit, line):
    job(cockpit, "big", f"echo '{line}' >> $TRAINUI_METRICS; echo 'step 5/99999999999999999999 loss 0.3'")
    cockpit("start", "big", "--wait")
    cockpit("ls", "--all")
    assert cockpit("start", "count", "--wait").stdout == "count-1\n"


def test_a_broken_config_admits_nothing_and_bills_as_before(cockpit):
    """A new manager knows the last good file; without one, nothing starts that could cost anything."""
    config = cockpit.project / "trainui.toml"
    config.write_text("[budget\n")
    assert "trainui.toml:1" in cockpit("start", "count", code=2).stderr
    config.write_text('[budget]\ntotal_usd = 14\n[[machine]]\nname = "m"\nusd_per_hour = 3600\n')
    cockpit("start", "count", "--set", "steps=100000", "--set", "delay=0.02")
    until(lambda: cockpit.run("count-1")["usd"] > 0)
    config.write_text("[budget\n")
    os.kill(cockpit.client.manager().pid, signal.SIGKILL)
    cockpit.until_status("count-1", "ended")
    assert cockpit.run("count-1")["cause"] == "budget"
    assert cockpit.run("count-1")["usd"] <= 14


def test_a_new_rate_is_not_charged_backwards(cockpit):
    config = cockpit.project / "trainui.toml"
    cockpit("start", "count", "--wait")
    until(lambda: cockpit.run("count-1")["ended_at"] + 2 < __import__("time").time())
    config.write_text('[[machine]]\nname = "m"\nusd_per_hour = 3600000\n')
    until(lambda: cockpit.json("budget")["usd_per_hour"] == 3600000)
    assert cockpit.json("budget")["spent_usd"] < 1500


def test_slots_are_read_when_they_are_needed(cockpit):
    cockpit("start", "count", "--wait")
    (cockpit.project / "trainui.toml").write_text("[queue]\nslots = 1\n")
    cockpit("start", "count", "count", "--set", "steps=100000", "--set", "delay=0.02")
    until(lambda: "a slot" in cockpit.run("count-3")["waits_for"])


def test_two_databases_in_one_folder_share_no_run(cockpit):
    names = {
        cockpit("start", "count", "--db", f"{cockpit.project}/{db}.db").stdout.strip()
        for db in ("runs", "other")
    }
    assert names == {"count-1", "count-2"}
    for db, name in (("runs", "count-1"), ("other", "count-2")):
        until(lambda db=db, name=name: [
            run["result"] for run in cockpit.json("ls", "--all", "--db", f"{cockpit.project}/{db}.db")
        ] == ["finished"])  # fmt: skip
    cockpit("manager", "stop", "--db", f"{cockpit.project}/other.db")


def test_a_third_bad_job_queues_nothing(cockpit):
    cockpit("start", "count", "count", "cuont", code=2)
    assert cockpit.json("ls", "--all") == []


def test_a_number_that_is_none_is_refused(cockpit):
    assert "not a finite number" in cockpit("start", "count", "--set", "delay=nan", code=2).stderr


def test_names_in_specs_cannot_drive_the_terminal(cockpit):
    spec = SPEC.replace('primary = "val/mae"', 'primary = "a\\u001b]0;owned\\u0007"')
    (cockpit.project / "jobs" / "count.toml").write_text(spec)
    (cockpit.project / "jobs" / "\x1b[31mzz.toml").write_text("[job]\n")
    for words in (("start", "count"), ("start", "zzz")):
        done = cockpit(*words, code=2)
        assert "\x1b" not in done.stderr
    assert "\x1b" not in cockpit("jobs").stdout


def test_a_metrics_file_that_is_rewritten_whole_doubles_nothing(cockpit):
    """Each epoch writes the whole history anew and renames it over the old file."""
    (cockpit.project / "whole.py").write_text(
        "import json, os, time\npath = os.environ['TRAINUI_METRICS']\nrows = []\n"
        "for step in range(6):\n    rows.append(json.dumps({'step': step, 'loss': 1 / (step + 1)}))\n"
        "    open(path + '.new', 'w').write('\\n'.join(rows) + '\\n')\n"
        "    os.replace(path + '.new', path)\n    time.sleep(0.4)\n"
    )
    (cockpit.project / "jobs" / "whole.toml").write_text(
        '[job]\nname = "whole"\ncommand = ["{python}", "whole.py"]\n'
    )
    cockpit("start", "whole", "--wait")
    assert [point[0] for point in cockpit.json("curve", "whole-1", "loss")["points"]] == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize("instead", ["mkfifo", "mkdir"])
def test_what_stands_in_place_of_the_log_hangs_nobody(cockpit, instead):
    job(cockpit, "odd", f"rm $TRAINUI_RUN_DIR/output.log; {instead} $TRAINUI_RUN_DIR/output.log; exit 3")
    cockpit("start", "odd", "--wait", code=1)
    assert cockpit.run("odd-1")["cause"] == "exit 3"
    cockpit("show", "odd-1")
    cockpit("logs", "odd-1")


@pytest.mark.parametrize("verb", [(), ("budget",)], ids=["trainui", "trainui-budget"])
def test_the_list_of_verbs_has_whole_clauses_on_one_line_each(cockpit, verb):
    listed = cockpit(*verb, "--help").stdout.partition("Commands:\n")[2].splitlines()
    assert len(listed) >= 6
    assert not [line for line in listed if not line.endswith(".") or line.endswith("...") or len(line) > 80]
