"""The next try of a run: from a checkpoint one names or from none, and after one that is stopped for it."""

import pytest

from tests.conftest import until
from trainui.core.retrying import retry_choices
from trainui.core.store.read import Reader


@pytest.fixture
def done(cockpit):
    """A run that finished and saved."""
    name = cockpit("start", "count").stdout.strip()
    cockpit.until_status(name, "ended")
    return name


def steps(cockpit, run: str) -> list[float]:
    reader = cockpit.reader()
    try:
        return [point.step for point in reader.curve(run, "val/mae")]
    finally:
        reader.close()


def test_a_live_run_is_stopped_and_the_next_waits_until_it_has_ended(cockpit):
    first = cockpit("start", "count").stdout.strip()
    cockpit.until_status(first, "ended")
    long = cockpit("retry", first, "--set", "steps=100000", "--set", "delay=0.05").stdout.strip()
    cockpit.until_status(long, "running")
    refused = cockpit("retry", long, code=2).stderr
    assert "only a run that has ended can be tried again" in refused
    told = cockpit("retry", long, "--stop", "--set", "steps=8", "--from", "scratch")
    name = told.stdout.strip()
    assert "from the beginning: that was asked for" in told.stderr
    cockpit.until_status(name, "ended")
    runs = {run["run"]: run for run in cockpit.json("ls", "--all")}
    assert runs[long]["result"] == "stopped"
    assert runs[name]["parent"] == long
    assert runs[name]["started_at"] >= runs[long]["ended_at"]
    assert steps(cockpit, name) == list(range(8))


def test_the_next_try_begins_where_one_says(cockpit, done):
    reader = Reader(cockpit.db)
    choices = retry_choices(reader, done)
    reader.close()
    assert [one.begins for one in choices.beginnings] == [None, ""]
    assert "last.txt" in choices.beginnings[0].label
    onward = cockpit("retry", done, "--set", "steps=9").stdout.strip()
    cockpit.until_status(onward, "ended")
    assert steps(cockpit, onward) == [5, 6, 7, 8]
    other = cockpit.project / "other.txt"
    other.write_text("3")
    named = cockpit("retry", done, "--from", "other.txt").stdout.strip()
    cockpit.until_status(named, "ended")
    assert steps(cockpit, named) == [3, 4]
    gone = cockpit("retry", done, "--from", "nowhere.pt", code=2).stderr
    assert "there is no checkpoint" in gone
    assert until(lambda: len(cockpit.json("ls", "--all")) == 3)


GATED = """
[[remedy]]
id = "shorter"
on = "too-high"
set = {steps = 2}

[[remedy]]
id = "slower"
set = {delay = 0.1}

[[remedy]]
id = "other"
set = {delay = 0.2}

[[gate]]
id = "too-high"
quote = "never above zero"
role = "criterion"
test = "value"
left = "best(val/mae)"
op = "<"
right = 0.0
when = "end"
remedy = ["slower"]
"""


def test_the_remedies_that_a_failed_gate_names_or_that_name_it_are_called_for(cockpit):
    spec = cockpit.project / "jobs" / "count.toml"
    spec.write_text(spec.read_text() + GATED)
    name = cockpit("start", "count").stdout.strip()
    cockpit.until_status(name, "ended")
    until(lambda: any(one["verdict"] == "failed" for one in cockpit.json("gates", name)))
    reader = Reader(cockpit.db)
    choices = retry_choices(reader, name)
    reader.close()
    assert choices.called_for == {"shorter", "slower"}
