"""Questions to people: asked while a run goes on, answered then or after its end, and acted on."""

from __future__ import annotations

import getpass

from tests.conftest import until
from tests.core.acted import add_job, deeds, rows, runs_of

ASK = """
[[gate]]
id = "plausible"
test = "ask"
question = "curves still plausible?"
when = "from step 2"
on.passed = ["launch:count"]
on.failed = ["stop"]

[[gate]]
id = "go"
role = "criterion"
test = "all"
of = ["plausible"]
"""


def standing(cockpit, gate):
    (row,) = rows(cockpit, "SELECT verdict FROM gates WHERE run='learn-1' AND gate=?", gate)
    return row["verdict"]


def test_a_question_is_shown_and_its_answer_decides_and_launches(cockpit):
    add_job(cockpit, tables=ASK)
    cockpit("start", "learn", "--set", "steps=100000", "--set", "delay=0.02")
    until(lambda: cockpit.reader().questions())
    shown = cockpit("ls").stdout
    assert "learn-1 asks: curves still plausible? (trainui answer learn-1 plausible yes|no)" in shown
    cockpit("answer", "learn-1", "plausible", "yes", "--note", "as in the paper; $(no shell)")
    assert standing(cockpit, "plausible") == "passed"
    assert until(lambda: runs_of(cockpit, "count")) == ["count-1"]
    (kept,) = cockpit.reader().answers("learn-1")
    assert (kept.gate, kept.is_yes, kept.who) == ("plausible", True, getpass.getuser())
    assert kept.note == "as in the paper; $(no shell)"
    assert "asks" not in cockpit("ls").stdout


def test_no_stops_an_armed_run(cockpit):
    add_job(cockpit, tables=ASK)
    cockpit("start", "learn", "--arm", "--set", "steps=100000", "--set", "delay=0.02")
    until(lambda: cockpit.reader().questions())
    cockpit("answer", "learn-1", "plausible", "no")
    assert cockpit.until_status("learn-1", "ended").cause == "gate plausible"


def test_an_answer_after_the_end_decides_what_rests_on_it(cockpit):
    add_job(cockpit, tables=ASK)
    cockpit("start", "learn", "--wait")
    assert [standing(cockpit, gate) for gate in ("plausible", "go")] == ["unknown", "unknown"]
    cockpit("answer", "learn-1", "plausible", "y")
    assert [standing(cockpit, gate) for gate in ("plausible", "go")] == ["passed", "passed"]
    assert until(lambda: runs_of(cockpit, "count")) == ["count-1"]
    cockpit("answer", "learn-1", "plausible", "no", "--note", "on second thought")
    assert standing(cockpit, "plausible") == "failed"
    assert [one.is_yes for one in cockpit.reader().answers("learn-1")] == [True, False]
    assert ("plausible", "stop") in deeds(cockpit, "learn-1")
    assert cockpit.until_status("count-1", "ended").result == "finished"
    assert runs_of(cockpit, "count") == ["count-1"]


def test_what_cannot_be_answered_says_why(cockpit):
    cockpit("start", "count", "--wait")
    assert "there is no run or study 'coun-1'" in cockpit("answer", "coun-1", "x", "yes", code=2).stderr
    assert "count-1 has no gate 'x'" in cockpit("answer", "count-1", "x", "yes", code=2).stderr
    done = cockpit("answer", "count-1", "no-nan", "yes", code=2)
    assert "gate 'no-nan' of count-1 asks nothing" in done.stderr
    assert cockpit("answer", "count-1", "no-nan", "perhaps", code=2).stderr.startswith("trainui: ")


def test_a_run_that_ended_before_its_question_was_due_asks_nobody(cockpit):
    add_job(cockpit, tables=ASK.replace("from step 2", "from step 1000000"))
    cockpit("start", "learn", "--wait")
    assert standing(cockpit, "plausible") == "unknown"
    assert cockpit.reader().questions() == []
    assert "asks" not in cockpit("ls").stdout
    assert "answer: trainui" not in cockpit("gates", "learn-1").stdout
    cockpit("answer", "learn-1", "plausible", "yes")
    assert standing(cockpit, "plausible") == "passed"
