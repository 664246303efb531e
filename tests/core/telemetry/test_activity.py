"""A silent run is hung when it computes nothing either."""

import pytest

from trainui.core.death import kind_of
from trainui.core.store.views import UsageView
from trainui.core.telemetry import Activity, hung_reason, is_hung, silent_but_busy


def usage(cpu, gpu=None):
    return UsageView(run="a", at=0, cpu=cpu, memory=1, gpu_memory=None, gpu=gpu, processes=1, cpu_seconds=1)


@pytest.mark.parametrize(
    ("silent", "idle", "limit", "expected"),
    [
        (1800, 1800, 30, True),
        (1799, 1800, 30, False),
        (1800, 1799, 30, False),
        (9e9, 0, 30, False),
        (0, 9e9, 30, False),
        (9e9, 9e9, None, False),
        (31, 31, 0.5, True),
    ],
)
def test_hung_is_silent_and_idle_for_the_whole_limit(silent, idle, limit, expected):
    assert is_hung(silent, idle, limit) is expected


@pytest.mark.parametrize(
    ("looks", "expected"),
    [
        ([], 0),
        ([(10, usage(None))], 90),
        ([(10, usage(None)), (20, usage(0.0)), (30, usage(0.009))], 90),
        ([(10, usage(None)), (20, usage(0.01)), (30, usage(0.0))], 80),
        ([(10, usage(None)), (20, usage(0.0, 0.5)), (30, usage(0.0, 0.0))], 80),
        ([(10, usage(1.0)), (40, usage(0.0)), (60, usage(2.0))], 40),
    ],
)
def test_idle_is_since_the_last_look_that_saw_it_busy(looks, expected):
    activity = Activity()
    for boot, view in looks:
        activity.see(view, boot=boot)
        assert activity.usage is view
    assert activity.idle_seconds(100) == expected


def test_a_pause_is_no_idleness():
    activity = Activity()
    activity.see(usage(None), boot=10)
    activity.begin_anew(70)
    activity.see(usage(0.0), boot=80)
    assert activity.idle_seconds(100) == 30


@pytest.mark.parametrize(
    ("silent", "idle", "view", "expected"),
    [
        (1860, 0, usage(1.25), "silent for 31 min, but not hung: it uses 1.25 cores"),
        (1860, 0, usage(0.0, 0.87), "silent for 31 min, but not hung: it uses 87% of its GPU"),
        (1860, 0, usage(0.5, 0.87), "silent for 31 min, but not hung: it uses 0.50 cores and 87% of its GPU"),
        (1860, 120, usage(0.0), "silent for 31 min, but not hung yet: it was busy 2 min ago"),
        (1860, 1860, usage(0.0), ""),
        (1799, 0, usage(1.25), ""),
        (1860, 0, None, ""),
    ],
)
def test_silent_but_busy_is_said_and_no_more(silent, idle, view, expected):
    assert silent_but_busy(silent, idle, 30, view) == expected
    assert silent_but_busy(silent, idle, None, view) == ""


def test_the_reason_of_a_stop_is_of_its_kind():
    assert kind_of(hung_reason(0.5)) == "hung"
