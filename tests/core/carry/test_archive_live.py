"""Runs that lived under a manager, carried into a project that has a manager, a budget and runs of its own."""

import json

import pytest

from tests.conftest import COUNT, SPEC, Cockpit, warm

RATE = '[budget]\ntotal_usd = 5\n[[machine]]\nname = "box"\nusd_per_hour = 36000\n'
"""A run of a second costs ten dollars: twice what the other project has."""
CHEAP = '[budget]\ntotal_usd = 5\n[[machine]]\nname = "nook"\nusd_per_hour = 0.001\n'


@pytest.fixture
def both(tmp_path):
    """A dear project, and a cheap one."""
    found = []
    for name, config in (("dear", RATE.replace("total_usd = 5", "total_usd = 1000000")), ("cheap", CHEAP)):
        project = tmp_path / name
        (project / "jobs").mkdir(parents=True)
        (project / "jobs" / "count.toml").write_text(SPEC)
        (project / "count.py").write_text(COUNT)
        (project / "trainui.toml").write_text(config)
        found.append(Cockpit(project, warm()))
    yield found
    for one in found:
        one.clean_up()


def told(cockpit, *words):
    found = cockpit.json(*words)
    for event in found.get("events", ()) if isinstance(found, dict) else ():
        event.pop("id")
    return json.dumps(found, sort_keys=True).replace(str(cockpit.project), "PROJECT")


def test_a_real_study_is_carried_over_equal_and_the_budget_there_does_not_feel_it(both, tmp_path):
    dear, cheap = both
    dear("start", "count", "--set", "delay=0.1", "--wait")
    dear(
        "start",
        "count",
        "--arm",
        "--set",
        "nan_at=2",
        "--set",
        "steps=100000",
        "--set",
        "delay=0.02",
        "--wait",
        code=1,
    )
    dear("start", "count", "--set", "exit_code=3", "--wait", code=1)
    dear("retry", "count-3", "--set", "exit_code=0")
    dear.until_status("count-4", "ended")
    dear("note", "count-1", "fine | <b>")
    dear("tag", "count-2", "+odd")
    runs = [f"count-{number}" for number in range(1, 5)]
    dear("manager", "stop")
    dear("export", "--study", "count", "--to", str(tmp_path / "out"), "--format", "zip")
    cheap("start", "count", "--wait")
    names = [one["run"] for one in cheap.json("import", str(tmp_path / "out" / "count.zip"))]
    assert names == ["count-1-2", "count-2", "count-3", "count-4"]
    for was, now in zip(runs, names, strict=True):
        for words in (("show", "{}"), ("gates", "{}"), ("curve", "{}", "val/mae"))[
            : 2 if was == "count-4" else 3
        ]:
            before, after = (
                told(one, *(word.format(name) for word in words)) for one, name in ((dear, was), (cheap, now))
            )
            here = after.replace(str(dear.project), "PROJECT").replace("count-1-2", "count-1")
            assert here.replace('"study": "count-2"', '"study": "count"') == before
    assert cheap.run("count-2")["usd"] == dear.run("count-2")["usd"] > 1
    assert cheap.run("count-4")["parent"] == "count-3"
    cheap("start", "count", "--wait")
    assert cheap.run("count-5")["result"] == "finished"
    budget = cheap.json("budget")
    assert budget["spent_usd"] < 0.1
    assert budget["left_usd"] > 4.9
    cheap("doctor", code=None)


def test_runs_that_were_carried_over_start_nothing_and_are_tried_again_only_by_people(both, tmp_path):
    dear, cheap = both
    dear("start", "count", "--arm", "--set", "nan_at=1", "--wait", code=1)
    dear("manager", "stop")
    dear("export", "count-1", "--to", str(tmp_path / "out"), "--format", "zip")
    cheap("import", str(tmp_path / "out" / "count-1.zip"))
    cheap("start", "count", "--wait")
    assert sorted(run["run"] for run in cheap.json("ls", "--all")) == ["count-1", "count-2"]
    assert cheap.run("count-1")["pid"] == dear.run("count-1")["pid"]
    cheap("stop", "count-1", code=2)
    cheap("retry", "count-1", "--set", "nan_at=-1")
    cheap.until_status("count-3", "ended")
    assert cheap.run("count-3")["parent"] == "count-1"
    assert "came out of an archive" in cheap("reproduce", "count-1").stdout
