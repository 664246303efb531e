"""How far, and how long still."""

import pytest

from trainui.core.forecast import eta_seconds, progress


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"step": 50, "total_steps": 200}, 0.25),
        ({"epoch": 3, "total_epochs": 12}, 0.25),
        ({"step": 50, "total_steps": 200, "epoch": 11, "total_epochs": 12}, 0.25),
        ({"step": 300, "total_steps": 200}, 1.0),
        ({"step": 5}, None),
        ({"total_steps": 5}, None),
        ({"step": 5, "total_steps": 0}, None),
    ],
)
def test_progress(told, expected):
    nothing = dict.fromkeys(("step", "epoch", "total_steps", "total_epochs"))
    assert progress(**nothing | told) == expected


@pytest.mark.parametrize(
    ("done", "seconds", "begun", "expected"),
    [
        (0.25, 100, 0.0, 300),
        (0.75, 100, 0.5, 100),
        (0.5, 100, 0.5, None),
        (None, 100, 0.0, None),
        (0.0, 100, 0.0, None),
        (0.5, 0, 0.0, None),
        (1.0, 100, 0.0, 0),
    ],
)
def test_a_resumed_run_is_timed_from_where_it_took_over(done, seconds, begun, expected):
    assert eta_seconds(progress=done, seconds=seconds, begun=begun) == expected
