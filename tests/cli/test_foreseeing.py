"""What the command line tells of costs to come: before a start, of runs, along a curve."""

import json

import pytest

from tests.conftest import until
from trainui.core.costing import AXES

MONEY = """\
[budget]
total_usd = {total}

[[machine]]
name = "box"
usd_per_hour = 3600
"""


def cost_money(cockpit, total=1000):
    """A dollar a second."""
    (cockpit.project / "trainui.toml").write_text(MONEY.format(total=total))


def finished(cockpit, *words):
    (name,) = cockpit("start", *words).stdout.split()
    cockpit.until_status(name, "ended")
    return name


def test_a_dry_run_tells_what_it_would_cost_and_queues_nothing(cockpit):
    cost_money(cockpit)
    (none,) = json.loads(cockpit("start", "count", "--dry-run", "--json").stdout)
    assert (none["basis"], none["hours"], none["fits"]) == ("no finished run of count", None, None)
    assert not cockpit.db.exists()
    finished(cockpit, "count")
    (told,) = json.loads(cockpit("start", "count", "--dry-run", "--json").stdout)
    assert told["basis"] == "1 finished run of count with the same params"
    assert told["usd"]["mid"] == pytest.approx(told["hours"]["mid"] * 3600, abs=0.001)  # told to a thousandth
    assert told["fits"] is True
    other = cockpit("start", "count", "--set", "steps=7", "--dry-run").stdout
    assert "1 finished run of count with other params" in other
    assert len(cockpit.json("ls", "--all")) == 1


def test_a_dry_run_refuses_what_a_start_would_refuse(cockpit):
    assert "no job 'cuont'" in cockpit("start", "cuont", "--dry-run", code=2).stderr
    assert "has no param 'step'" in cockpit("start", "count", "--set", "step=3", "--dry-run", code=2).stderr
    assert "--dry-run" in cockpit("start", "count", "--json", code=2).stderr
    (cockpit.project / "trainui.toml").write_text("[budget]\ntotal_usd = -1\n")
    assert "total_usd" in cockpit("start", "count", "--dry-run", code=2).stderr


def test_a_start_that_does_not_fit_says_so_in_one_line_on_stderr(cockpit):
    cost_money(cockpit)
    finished(cockpit, "count", "--set", "delay=0.2")
    fits = cockpit("start", "count", "--set", "delay=0.2", "--hold")
    assert (fits.stdout, fits.stderr) == ("count-2\n", "")
    spec = cockpit.project / "jobs" / "count.toml"
    spec.write_text(spec.read_text() + "\n[limits]\nusd = 0.5\n")
    done = cockpit("start", "count", "--set", "delay=0.2", "--hold")
    assert done.stdout == "count-3\n"
    (line,) = done.stderr.splitlines()
    assert line.startswith("trainui: count-3: about ")
    assert line.endswith("a run of it may cost 0.50 $: does not fit")


def test_runs_tell_what_they_cost_to_come_and_for_each_per_cent(cockpit):
    cost_money(cockpit)
    (name,) = cockpit("start", "count", "--set", "steps=4000", "--set", "delay=0.05").stdout.split()
    reader = cockpit.reader()
    until(lambda: (view := reader.run(name)).eta_seconds and view.usd and view.step > 20)
    reader.close()
    (live,) = cockpit.json("ls")
    assert live["usd_to_end"] == pytest.approx(live["eta_seconds"], rel=0.2)
    assert live["ends_at"] > live["started_at"]
    assert (live["end_basis"], live["currency"]) == ("pace", "USD")
    assert "more to the end at" in cockpit("show", name).stdout
    cockpit("stop", name)
    cockpit.until_status(name, "ended")
    shown = cockpit.json("show", name)
    assert (shown["usd_to_end"], shown["ends_at"]) == (None, None)
    assert shown["usd_per_percent"] == pytest.approx(shown["usd_of_line"] / shown["better_percent"])


def test_a_curve_is_told_over_any_axis(cockpit):
    cost_money(cockpit)
    name = finished(cockpit, "count", "--set", "delay=0.4")
    plain = cockpit.json("curve", name, "val/mae")["points"]
    for axis in AXES:
        told = cockpit.json("curve", name, "val/mae", "--x", axis)
        xs = [point[0] for point in told["points"]]
        assert told["x"] == axis
        assert [point[1:] for point in told["points"]] == [point[1:] for point in plain]
        if axis == "epoch":
            assert xs == [None] * 5
        elif axis == "gpu_hours":
            assert xs == [0.0] * 5
        else:
            assert xs == sorted(xs)
            assert len(set(xs)) > 2
        assert axis in cockpit("curve", name, "val/mae", "--x", axis).stdout.splitlines()[0]
    assert "'volts' is not one of" in cockpit("curve", name, "val/mae", "--x", "volts", code=2).stderr


def test_the_budget_tells_which_runs_it_lasts_for_and_what_was_planned(cockpit):
    cost_money(cockpit, total=50)
    spec = cockpit.project / "jobs" / "count.toml"
    spec.write_text(spec.read_text() + "\n[estimate]\nusd = [8, 12]\ndecision_points = 4\n")
    (name,) = cockpit("start", "count", "--set", "steps=4000", "--set", "delay=0.05").stdout.split()
    reader = cockpit.reader()
    until(lambda: (view := reader.run(name)).eta_seconds and view.usd > 1)
    reader.close()
    told = cockpit.json("budget")
    (end,) = told["outlook"]["ends"]
    assert (end["run"], end["is_before"]) == (name, False)  # 200 s at a dollar a second
    (plan,) = told["planned"]
    usd = {one["what"]: one for one in plan["compared"]}["usd"]
    assert usd["planned"] == [8, 12]
    assert usd["ratio"] == pytest.approx(usd["actual"] / 10)
    text = cockpit("budget").stdout
    assert f"; {name} ends " in text
    assert "(after)" in text
    assert any(line.split()[:5] == ["job", "count", "decisions", "4", "1"] for line in text.splitlines())
