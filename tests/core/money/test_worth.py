"""Which run is stopped first when the money will not last for all, and the reason in words."""

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainui.core.money.worth import Candidate, ends_in_time, least, moment

NOW = datetime(2026, 11, 21, 1, 40).timestamp()
HALF_AN_HOUR = 1800.0


def one(run, **changes):
    return Candidate(run=run, **({"eta": 3600.0, "begun": 100.0} | changes))


@pytest.mark.parametrize(
    ("live", "stopped"),
    [
        ([one("a", priority=1), one("b", priority=0, gates={"passed": 3})], "b"),
        ([one("a", gates={"warn": 2}), one("b", gates={"failed": 1}), one("c", gates={"ok": 2})], "b"),
        ([one("a", gates={"warn": 2}), one("b", gates={"tripped": 1}), one("c", gates={"ok": 2})], "b"),
        ([one("a", gates={"ok": 1}), one("b", gates={"warn": 1})], "b"),
        ([one("a", outlook="reach"), one("b")], "b"),
        ([one("a", eta=None), one("b")], "b"),
        ([one("a", eta=None), one("b", eta=None, outlook="miss")], "b"),
        ([one("a", eta=None, outlook="reach"), one("b", eta=None)], "b"),
        ([one("a", begun=50.0), one("b", begun=60.0)], "b"),
        ([one("a", begun=50.0), one("b", begun=60.0, priority=1)], "a"),
        ([one("a", eta=1700.0), one("b")], "b"),
        ([one("a", eta=1700.0, priority=-5, gates={"failed": 9}), one("b", priority=9)], "b"),
        ([one("a", eta=1700.0, ending=200.0), one("b", eta=1700.0, priority=1)], "a"),
        ([one("a", eta=1700.0), one("b", eta=0.0)], None),
        ([one("a")], None),
        ([], None),
    ],
)
def test_the_order_is_priority_then_gates_then_prospects_then_the_last_begun(live, stopped):
    for order in (live, live[::-1]):
        found = least(order, left=HALF_AN_HOUR, now=NOW)
        assert (found[0] if found else None) == stopped


def test_the_reason_is_said_in_words():
    live = [one("mlp-3", gates={"failed": 1, "ok": 2}), one("mlp-4")]
    assert least(live, left=HALF_AN_HOUR, now=NOW) == (
        "mlp-3",
        "mlp-3 is worth least: priority 0, 1 gate failed, would end 02:40, the money lasts until 02:10",
    )


def test_it_says_when_only_the_beginning_decides_and_when_nobody_knows_the_end():
    live = [
        one("a", eta=None, outlook="miss", gates={"ok": 1}),
        one("b", eta=None, outlook="miss", gates={"ok": 1}, begun=200.0),
    ]
    assert least(live, left=HALF_AN_HOUR, now=NOW) == (
        "b",
        "b is worth least: priority 0, no gate in warning, nobody knows when it ends, is expected to miss its target,"
        " begun last, the money lasts until 02:10",
    )


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "01:40"),
        (3600, "02:40"),
        (14 * 3600, "Sat 15:40"),
        (8 * 86400, "2026-11-29 01:40"),
        (1e18, "in more than a hundred years"),
    ],
)
def test_a_moment_carries_its_day_when_it_is_far(seconds, text):
    assert moment(NOW + seconds, NOW) == text


candidates = st.lists(
    st.builds(
        Candidate,
        run=st.integers(0, 999).map(str),
        priority=st.integers(-2, 2),
        gates=st.dictionaries(st.sampled_from(["ok", "warn", "tripped", "failed"]), st.integers(0, 3)),
        eta=st.one_of(st.none(), st.floats(0, 10_000)),
        ending=st.floats(0, 600),
        outlook=st.sampled_from(["", "miss", "reach"]),
        begun=st.floats(0, 1000),
    ),
    max_size=8,
    unique_by=lambda each: each.run,
)


@given(candidates, st.floats(0, 10_000))
def test_stopping_one_by_one_spares_who_ends_in_time_and_the_last(live, left):
    """Played to its end, as the manager does it: who is stopped is gone, then the next is chosen."""
    spared = [each for each in live if ends_in_time(each, left)]
    while (found := least(live, left=left, now=NOW)) is not None:
        assert len(live) > 1
        live = [each for each in live if each.run != found[0]]
    assert all(each in live for each in spared)
    assert len(live) <= 1 or live == spared
