"""Idle or not, from what is seen of the runs alone."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainui.core.money.idle import (
    Mark,
    Sight,
    Stretch,
    cost_of,
    duration,
    looked,
    makes_progress,
    next_telling,
    tellings,
    why,
)

OLD = Mark(points=10, step=5.0, checkpoints=1, output=1000)
AT_WORK = {"boot": 1000.0, "starting": 120.0}


def sight(mark=OLD, **more):
    return Sight(**({"run": "a-1", "mark": mark, "started": 100.0} | more))


@pytest.mark.parametrize(
    ("seen", "before", "expected"),
    [
        (sight(), OLD, False),
        (sight(replace(OLD, points=11)), OLD, True),
        (sight(replace(OLD, step=6.0)), OLD, True),
        (sight(replace(OLD, step=1.0)), OLD, True),  # a script that counts its steps anew each epoch
        (sight(replace(OLD, checkpoints=2)), OLD, True),
        (sight(gpu=0.05), OLD, True),
        (sight(gpu=0.049), OLD, False),
        (sight(replace(OLD, output=1001)), OLD, False),
        (sight(replace(OLD, output=1001), cpu=0.49), OLD, False),
        (sight(replace(OLD, output=1001), cpu=0.5), OLD, True),
        (sight(cpu=8.0), OLD, False),
        (sight(replace(OLD, output=1001), cpu=0.1, is_crowded=True), OLD, True),
        (sight(replace(OLD, output=1001), cpu=0.01, is_crowded=True), OLD, False),
        (sight(cpu=0.1, is_crowded=True), OLD, False),
        (sight(), None, False),
        (sight(gpu=0.5), None, True),
        (sight(started=881.0), OLD, True),
        (sight(started=880.0), OLD, False),
        (sight(started=None), None, True),
        (sight(replace(OLD, is_paused=True), gpu=1.0), OLD, False),
        (sight(replace(OLD, is_paused=True), started=990.0), OLD, False),
        (sight(), replace(OLD, is_paused=True), True),
        (sight(replace(OLD, checkpoints=2), is_sent_away=True, gpu=1.0), OLD, False),
    ],
)  # fmt: skip
def test_a_run_makes_progress_by_what_it_does_not_by_being_there(seen, before, expected):
    assert makes_progress(seen, before, **AT_WORK) is expected


def look(old, sights=(), *, boot, **more):
    return looked(
        old, sights, **({"boot": boot, "unix": boot + 5000, "boot_id": "one", "starting": 120.0} | more)
    )


def test_the_first_look_of_a_boot_begins_the_stretch():
    stretch, active = look(None, boot=50.0)
    assert (stretch.since, stretch.at, active) == (50.0, 5050.0, [])
    after, _ = look(replace(stretch, told=3), boot=7.0, boot_id="two")
    assert (after.since, after.at, after.told) == (7.0, 5007.0, 0)


@pytest.mark.parametrize(
    ("more", "since", "told"),
    [
        ({}, 100.0, 2),
        ({"ended": 90.0}, 100.0, 2),
        ({"ended": 400.0}, 400.0, 0),
        ({"ended": 2000.0}, 900.0, 0),
        ({"in_use": True}, 900.0, 0),
        ({"sights": [sight()]}, 100.0, 2),
        ({"sights": [sight(), sight(run="b-1", gpu=0.9)]}, 900.0, 0),
    ],
)
def test_a_stretch_goes_on_until_something_gets_on(more, since, told):
    old = Stretch(boot_id="one", since=100.0, at=5100.0, told=2, marks={"a-1": OLD})
    stretch, active = look(old, boot=900.0, **more)
    assert (stretch.since, stretch.at, stretch.told) == (since, since + 5000, told)
    assert active == ([] if "sights" not in more or len(more["sights"]) == 1 else ["b-1"])


def test_a_clock_that_was_set_does_not_give_a_stretch_another_name():
    old = Stretch(boot_id="one", since=100.0, at=5100.0, told=1)
    stretch, _ = look(old, boot=900.0, unix=99.0)
    assert stretch.at == 5100.0


@given(
    st.lists(
        st.tuples(st.floats(0.1, 500), st.booleans(), st.one_of(st.none(), st.floats(0, 5000))), max_size=30
    ),
    st.floats(1, 900),
)
def test_people_are_told_once_for_each_doubling_and_only_of_time_in_which_nothing_got_on(looks, first):
    """Against the plain story: the seconds since the last look at which there was progress, or an end."""
    boot, old, last = 0.0, None, 0.0
    told = []
    for seconds, has_progress, ended in looks:
        boot += seconds
        mark = (
            replace(OLD, points=len(told) + int(boot * 10))
            if has_progress
            else (old.marks["a-1"] if old else OLD)
        )
        began = old is None
        old_since = old.since if old else boot
        stretch, active = look(old, [sight(mark, started=-500.0)], boot=boot, ended=ended)
        last = boot if began or active else max(last, min(boot, ended or 0.0))
        assert stretch.since == last
        count = tellings(boot - stretch.since, first)
        if stretch.since != old_since:
            told = []
        if count > stretch.told:
            told.append(boot - stretch.since)
        old = replace(stretch, told=max(count, stretch.told))
        assert all(after >= first for after in told)
        assert all(tellings(a, first) < tellings(b, first) for a, b in pairwise(told))


@pytest.mark.parametrize(
    ("seconds", "first", "expected"),
    [(0, 600, 0), (599, 600, 0), (600, 600, 1), (1199, 600, 1), (1200, 600, 2), (2399, 600, 2), (2400, 600, 3),
     (9999, None, 0), (0, 0, 1), (0.5, 0, 1), (2, 0, 2), (0.5, 0.25, 1)],
)  # fmt: skip
def test_people_are_told_at_first_and_at_its_doublings(seconds, first, expected):
    assert tellings(seconds, first) == expected


@given(st.integers(0, 20), st.floats(1, 10_000))
def test_the_next_telling_is_when_it_says(told, first):
    due = next_telling(told, first)
    assert tellings(due, first) == told + 1
    assert tellings(due * 0.999, first) <= told


def test_fourteen_minutes_of_a_machine_at_1_63_cost_38_cents():
    assert cost_of(14 * 60, 1_630_000) == 380_333
    assert cost_of(-1, 1_630_000) == 0


@pytest.mark.parametrize(
    ("runs", "paused", "waiting", "expected"),
    [
        ("", "", {}, "nothing runs"),
        ("a", "", {}, "a is live and made no step"),
        ("ab", "", {}, "a and b are live and made no step"),
        ("abcde", "", {}, "a, b, c and 2 more are live and made no step"),
        ("", "p", {}, "p is paused"),
        ("a", "p", {}, "a is live and made no step, and p is paused"),
        ("", "", {"q": "you: trainui release q"}, "nothing runs, and q waits for you: trainui release q"),
        ("", "", {"q": "", "r": ""}, "nothing runs, and q (and 1 more) waits"),
    ],
)
def test_it_is_said_what_the_machine_is_left_with(runs, paused, waiting, expected):
    sights = [sight(run=run) for run in runs] + [sight(Mark(is_paused=True), run=run) for run in paused]
    assert why(sights, waiting) == expected


@pytest.mark.parametrize(
    ("seconds", "shown"), [(3.2, "3 s"), (60, "1 min"), (840, "14 min"), (12600, "3.5 h")]
)
def test_a_duration_is_short(seconds, shown):
    assert duration(seconds) == shown
