"""Nothing is promised that is not left, with every kind of billing."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainui.core.money.amounts import micro_usd
from trainui.core.money.cap import CENTURY, lasts_until, own_until, paid_until
from trainui.core.money.lease import Lease, accrued, billed, committed, reaches

RATE = micro_usd(1.29)
BILLINGS = ("second", "minute", "hour")


def lease(billing: str = "second", rate: int = RATE, start: float = 1000.0) -> Lease:
    return Lease(machine="a100", rate=rate, billing=billing, start=start)


@pytest.mark.parametrize(
    ("left", "rate", "expected"),
    [
        (None, RATE, None),
        (micro_usd(10), 0, None),
        (micro_usd(10), RATE, 1060.0),
        (RATE // 360, RATE, 1010.0),
        (0, RATE, 1000.0),
        (-5, RATE, 1000.0),
    ],
)
def test_nobody_is_paid_further_than_the_money_reaches(left, rate, expected):
    found = paid_until(lease(rate=rate), now=1000.0, left=left, want=60.0)
    assert found == (None if expected is None else pytest.approx(expected, abs=0.01))


@pytest.mark.parametrize(
    ("billing", "seconds", "dollars"),
    [
        ("second", 1800, 0.645),
        ("minute", 1800, 0.645),
        ("minute", 1801, 0.6665),
        ("hour", 1, 1.29),
        ("hour", 3600, 1.29),
        ("hour", 3601, 2.58),
        ("hour", 0, 0),
    ],
)
def test_a_started_step_is_paid_whole(billing, seconds, dollars):
    assert billed(lease(billing), 1000 + seconds) == micro_usd(dollars)


def test_by_the_hour_the_money_reaches_to_the_end_of_the_last_hour_that_can_be_paid():
    by_hour = lease("hour")
    assert reaches(by_hour, 1000 + 600, micro_usd(1.29) - accrued(by_hour, 1600)) == 1000 + 3600
    assert reaches(by_hour, 1000 + 600, micro_usd(1.28) - accrued(by_hour, 1600)) == 1600  # not even this one
    assert lasts_until(by_hour, now=1000, left=micro_usd(3)) == 1000 + 2 * 3600
    assert lasts_until(by_hour, now=1000, left=None) is None
    assert math.isinf(reaches(lease(rate=0), 1000, 5))


def test_money_for_more_than_a_hundred_years_has_no_end_that_a_calendar_could_show():
    slow = lease(rate=1)
    assert lasts_until(slow, now=1000, left=876_500) == pytest.approx(1000 + CENTURY, rel=1e-3)
    assert lasts_until(slow, now=1000, left=micro_usd(1e12)) is None


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(BILLINGS),
    st.integers(1_000, 90_000_000),
    st.integers(0, 10**10),
    st.integers(0, 40_000_000),
)
def test_the_money_reaches_exactly_so_far(billing, rate, left, later):
    one = lease(billing, rate)
    now = one.start + later / 1000
    until = reaches(one, now, left)
    step = {"second": 0.001, "minute": 60, "hour": 3600}[billing]
    assert until >= now
    if until > now:
        assert committed(one, now, until) <= left
    assert committed(one, now, until + step) > left or until == now


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(BILLINGS),
    st.integers(1_000, 90_000_000),
    st.integers(0, 3_000_000),
    st.lists(st.tuples(st.integers(1, 120_000), st.floats(1, 90)), min_size=1, max_size=20),
)
def test_settled_and_leased_never_pass_the_cap(billing, rate, cap, turns):
    """Whoever is paid is paid from what is left; when nobody is, the machine is idle and that is not a promise."""
    one, until, now = lease(billing, rate), 0.0, 1000.0
    for ms, want in turns:
        left = cap - accrued(one, now)
        paid = paid_until(one, now=now, left=left, want=want)
        assert paid is not None
        if paid > now:
            until = max(until, paid)
        if until > now:
            assert accrued(one, now) + committed(one, now, until) <= cap
        now += ms / 1000


@given(st.integers(-5, 10**8), st.integers(1, 90_000_000), st.floats(1, 500))
def test_a_limit_of_ones_own_holds_even_if_one_is_left_alone_on_the_machine(left, rate, want):
    until = own_until(now=50.0, left=left, rate=rate, want=want)
    assert 50.0 <= until <= 50.0 + want
    assert rate * (until - 50.0) / 3600 <= max(left, 0) + 1e-3
