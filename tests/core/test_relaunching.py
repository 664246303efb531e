"""Remedies: tried by themselves where that was allowed, offered where not, never more often or dearer than said."""

from __future__ import annotations

from tests.conftest import until
from tests.core.acted import NAN, add_job, deeds, rows, runs_of, told

OOM = """
[[remedy]]
id = "oom"
on = "out-of-gpu-memory"
set = {{ "--batch-size" = "{batch}" }}
from = "scratch"
max = 1
auto = {auto}
"""


def oom(auto="true", batch=4):
    return OOM.format(auto=auto, batch=batch)


def ended(cockpit, run):
    """Wait until a run that nobody asked for has come and ended."""
    until(lambda: run in runs_of(cockpit, "learn"))
    return cockpit.until_status(run, "ended")


def spec_of(cockpit, run):
    reader = cockpit.reader()
    try:
        return reader.spec(run)
    finally:
        reader.close()


def test_an_armed_run_that_ran_out_of_gpu_memory_is_tried_again_with_its_remedy(cockpit):
    add_job(cockpit, tables=oom())
    cockpit("start", "learn", "--arm", "--set", "fits=4")
    assert cockpit.until_status("learn-1", "ended").cause == "out of GPU memory"
    view = ended(cockpit, "learn-2")
    assert (view.result, view.parent, view.armed) == ("finished", "learn-1", True)
    assert spec_of(cockpit, "learn-2").params["batch_size"] == 4
    (text,) = told(cockpit, "learn-1", "remedy")
    assert (
        text == "learn-2 is queued after out-of-gpu-memory: remedy oom (--batch-size=4), from the beginning"
    )


def test_a_remedy_that_does_not_help_is_tried_no_more_often_than_it_says(cockpit):
    add_job(cockpit, tables=oom(batch=6))
    cockpit("start", "learn", "--arm", "--set", "fits=4")
    cockpit.until_status("learn-1", "ended")
    ended(cockpit, "learn-2")
    (text,) = until(lambda: told(cockpit, "learn-2", "remedy"))
    assert text == "remedy oom: trainui retry learn-2 --remedy oom (not by itself: tried 1 of 1 times)"
    assert runs_of(cockpit, "learn") == ["learn-1", "learn-2"]
    assert "was tried 1 of 1 times" in cockpit("retry", "learn-2", "--remedy", "oom", code=2).stderr
    assert "was tried 1 of 1 times" in cockpit("retry", "learn-1", "--remedy", "oom", code=2).stderr


def test_what_is_not_auto_or_not_armed_is_offered_and_applied_by_a_person(cockpit):
    add_job(cockpit, tables=oom(auto="false"))
    cockpit("start", "learn", "--arm", "--set", "fits=4", "--wait", code=1)
    (text,) = told(cockpit, "learn-1", "remedy")
    assert text == "remedy oom: trainui retry learn-1 --remedy oom (not by itself: it is not auto)"
    add_job(cockpit, "other", tables=oom())
    cockpit("start", "other", "--set", "fits=4", "--wait", code=1)
    (text,) = told(cockpit, "other-1", "remedy")
    assert text.endswith("(not by itself: the run is not armed)")
    done = cockpit("retry", "other-1", "--remedy", "oom")
    assert done.stdout.strip() == "other-2"
    assert "from the beginning: remedy oom says so" in done.stderr
    assert cockpit.until_status("other-2", "ended").result == "finished"


def test_another_try_that_the_budget_does_not_hold_is_not_begun(cockpit):
    """The run told that it is one of a million steps far: the next try would cost a million times as much."""
    config = '[budget]\ntotal_usd = 50.0\n[[machine]]\nname = "a"\nusd_per_hour = 36.0\n'
    (cockpit.project / "trainui.toml").write_text(config)
    add_job(cockpit, tables=oom())
    cockpit(
        "start",
        "learn",
        "--arm",
        "--set",
        "fits=4",
        "--set",
        "steps=1000000",
        "--set",
        "oom_at=2",
        "--wait",
        code=1,
    )
    (text,) = told(cockpit, "learn-1", "remedy")
    assert "not by itself: budget: " in text
    assert "needed" in text
    assert runs_of(cockpit, "learn") == ["learn-1"]


def test_a_gate_stops_its_run_and_relaunches_it_from_the_checkpoint_before_the_trouble(cockpit):
    actions = '["notify", "checkpoint:previous", "stop"]'  # the remedy is auto: that is the relaunch
    remedy = '[[remedy]]\nid = "slower"\nauto = true\nset = { "--nan_at" = "-1", steps = 30, delay = 0.0 }\n'
    add_job(cockpit, tables=NAN.format(actions=actions, more='remedy = ["slower"]') + remedy)
    cockpit(
        "start", "learn", "--arm", "--set", "nan_at=12", "--set", "save_every=5",
        "--set", "steps=100000", "--set", "delay=0.02",
    )  # fmt: skip
    assert cockpit.until_status("learn-1", "ended").cause == "gate no-nan"
    view = ended(cockpit, "learn-2")
    assert (view.result, view.parent) == ("finished", "learn-1")
    kept, is_done = deeds(cockpit, "learn-1")["no-nan", "checkpoint:previous"]
    assert is_done
    assert kept.endswith("/10.pt of step 10")
    assert deeds(cockpit, "learn-1")["no-nan", "relaunch"] == (
        "relaunched as learn-2 with remedy slower",
        True,
    )
    first = rows(
        cockpit,
        "SELECT step FROM points JOIN metrics ON metrics.id = points.metric WHERE run='learn-2' AND n=0",
    )
    assert first[0]["step"] == 10
    env = rows(cockpit, "SELECT json_extract(payload, '$.env') AS env FROM intents WHERE run='learn-1'")
    assert env == [{"env": None}], "nobody starts from it any more"


def test_who_stopped_it_wants_it_to_stay_stopped(cockpit):
    """A relaunch that waits for the end of its run is off when a person ended it."""
    remedy = '[[remedy]]\nid = "slower"\nset = { head_lr = 1e-4 }\n'
    add_job(cockpit, tables=NAN.format(actions='["relaunch"]', more='remedy = ["slower"]') + remedy)
    cockpit("start", "learn", "--arm", "--set", "nan_at=2", "--set", "steps=100000", "--set", "delay=0.02")
    until(lambda: ("no-nan", "relaunch") in deeds(cockpit, "learn-1"))
    cockpit("stop", "learn-1")
    cockpit.until_status("learn-1", "ended")
    until(
        lambda: (
            deeds(cockpit, "learn-1")["no-nan", "relaunch"][0] == "it was stopped for another reason: user"
        )
    )
    assert runs_of(cockpit, "learn") == ["learn-1"]


def test_a_gate_does_not_relaunch_what_waits_for_a_person(cockpit):
    remedy = '[[remedy]]\nid = "slower"\nset = { head_lr = 1e-4 }\n'
    actions = '["stop", "relaunch"]'
    add_job(cockpit, tables=NAN.format(actions=actions, more='remedy = ["slower"]') + remedy)
    cockpit("start", "learn", "--arm", "--set", "nan_at=2", "--set", "steps=100000", "--set", "delay=0.02")
    until(lambda: ("no-nan", "relaunch") in deeds(cockpit, "learn-1"))
    cockpit.until_status("learn-1", "ended")
    until(
        lambda: deeds(cockpit, "learn-1")["no-nan", "relaunch"][0].endswith("remedy slower: it is not auto")
    )
    assert told(cockpit, "learn-1", "remedy") == [
        "remedy slower: trainui retry learn-1 --remedy slower (not by itself: it is not auto)"
    ]
    assert runs_of(cockpit, "learn") == ["learn-1"]
    shown = "SELECT action FROM gates WHERE run='learn-1' AND gate='no-nan'"
    assert rows(cockpit, shown)[0]["action"] == "stopped, would have relaunched"


UNSEEN = """
[[gate]]
id = "unseen-{n}"
role = "criterion"
test = "value"
left = "last(m{n})"
op = "<"
right = 1
"""


def test_a_remedy_that_is_offered_stands_out_until_it_is_tried(cockpit):
    add_job(cockpit, tables=oom("false") + "".join(UNSEEN.format(n=n) for n in range(25)))
    cockpit("start", "learn", "--set", "fits=4", "--wait", code=None)
    until(lambda: told(cockpit, "learn-1", "gate"))
    offer = "\n  remedy oom: trainui retry learn-1 --remedy oom (not by itself: the run is not armed)\n"
    shown = cockpit("show", "learn-1").stdout
    assert offer in shown
    assert "status     failed: out of GPU memory" in shown
    assert "unseen-3 unknown: " not in shown
    assert offer in cockpit("gates", "learn-1").stdout
    cockpit("retry", "learn-1", "--remedy", "oom")
    assert "--remedy" not in cockpit("gates", "learn-1").stdout


def test_a_gate_whose_run_was_tried_again_for_its_cause_says_so(cockpit):
    gate = (
        '[[gate]]\nid = "fits"\nrole = "flag"\ntest = "event"\nmatch = "OutOfMemoryError"\nexit = "nonzero"\n'
        'remedy = "oom"\non.tripped = ["relaunch"]\n'
    )
    add_job(cockpit, tables=gate + oom())
    cockpit("start", "learn", "--arm", "--set", "fits=4")
    ended(cockpit, "learn-2")
    shown = "SELECT action FROM gates WHERE run='learn-1' AND gate='fits'"
    until(lambda: rows(cockpit, shown)[0]["action"] == "learn-2 was tried after it already")
