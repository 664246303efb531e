"""trainui compare, as a person uses it."""

from __future__ import annotations


def test_two_runs_side_by_side(cockpit):
    cockpit("start", "count", "--wait")
    cockpit("start", "count", "--set", "steps=8", "--wait")
    found = cockpit.json("compare", "count-1", "count-2")
    assert found["runs"] == ["count-1", "count-2"]
    assert found["params"] == {"steps": {"count-1": 5, "count-2": 8}}
    assert found["alike"] == {"delay": 0.0}
    assert found["metrics"]["val/mae"]["best_run"] == "count-2"
    assert found["metrics"]["val/mae"]["min"]["count-1"] == 20.0
    assert found["gates"]["below-30"]["verdicts"] == {"count-1": "passed", "count-2": "passed"}
    text = cockpit("compare", "count-2", "count-1").stdout
    assert "12.5*" in text
    assert "1 param alike" in text
    assert text.splitlines()[0].split() == ["count-2", "count-1"]


def test_one_run_and_one_that_is_not_there(cockpit):
    cockpit("start", "count", "--wait")
    assert "two runs or more" in cockpit("compare", "count-1", "count-1", code=2).stderr
    assert "count-9" in cockpit("compare", "count-1", "count-9", code=2).stderr
