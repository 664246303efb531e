"""Money: parts sum to the whole, and nothing is promised that is not left."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainui.core.money.amounts import micro_usd
from trainui.core.money.old import Span, charges, horizon, lasts_until

RATE = micro_usd(1.29)


def test_three_runs_in_parallel_for_six_hours_cost_what_the_machine_costs():
    """The first seed document: three models side by side, about six hours, about 7 to 8 dollars."""
    spans = [Span(run=name, start=0, end=6 * 3600) for name in ("transformer", "mlp", "contrastive")]
    parts = charges(spans, rate=RATE, start=0, end=6 * 3600)
    assert sum(parts.values()) == micro_usd(7.74)
    assert set(parts.values()) == {micro_usd(2.58)}


@pytest.mark.parametrize(
    ("spans", "expected"),
    [
        ([], {None: 3600}),
        ([Span(run="a", start=0)], {"a": 3600}),
        ([Span(run="a", start=1800)], {None: 1800, "a": 1800}),
        ([Span(run="a", start=0, end=900), Span(run="b", start=900)], {"a": 900, "b": 2700}),
        ([Span(run="a", start=-50, end=1800), Span(run="b", start=0)], {"a": 900, "b": 2700}),
    ],
)
def test_each_live_run_bears_an_equal_part(spans, expected):
    assert charges(spans, rate=3600, start=0, end=3600) == expected


moments = st.integers(0, 5_000_000).map(lambda ms: ms / 1000)


@given(
    st.lists(st.tuples(st.sampled_from("abc"), moments, moments), max_size=6),
    st.lists(moments, min_size=2, max_size=8),
    st.integers(0, 50_000_000),
)
def test_charging_in_many_steps_costs_the_same_as_in_one(given_spans, cuts, rate):
    spans = [Span(run=run, start=min(a, b), end=max(a, b)) for run, a, b in given_spans]
    times = sorted(cuts)
    whole = sum(charges(spans, rate=rate, start=times[0], end=times[-1]).values())
    steps = sum(
        sum(charges(spans, rate=rate, start=left, end=right).values()) for left, right in pairwise(times)
    )
    assert (
        whole
        == steps
        == rate * round(times[-1] * 1000) // 3_600_000 - rate * round(times[0] * 1000) // 3_600_000
    )


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
    found = horizon(now=1000.0, left=left, rate=rate, want=60.0)
    assert found == (None if expected is None else pytest.approx(expected, abs=0.01))


def test_the_budget_lasts_as_long_as_it_reaches():
    assert lasts_until(now=0, left=RATE, rate=RATE) == 3600
    assert lasts_until(now=0, left=None, rate=RATE) is None
