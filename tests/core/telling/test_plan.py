"""When a message goes: alone or together, held by quiet hours and limits, tried again, given up."""

from datetime import time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainui.core.telling.plan import Manners, Waiting, choose, next_try
from trainui.core.walltime import local

HOUR, DAY = 3600.0, 86400.0
BERLIN = ZoneInfo("Europe/Berlin")
NOON = 1_795_258_800.0  # 2026-11-21 12:00 in Berlin
NIGHT = (time(22), time(7))


def waits(number, at=NOON, **how):
    return Waiting(id=number, at=at, next_at=how.pop("next_at", at), **how)


def test_each_goes_alone_and_in_order_where_nothing_holds_it():
    assert choose([waits(1), waits(2)], Manners(), [], now=NOON).now == (1,)


def test_a_digest_waits_for_its_first_and_takes_all():
    manners = Manners(digest=600)
    first = choose([waits(1), waits(2, NOON + 300)], manners, [], now=NOON + 300)
    assert (first.now, first.look_at) == ((), NOON + 600)
    assert choose([waits(1), waits(2, NOON + 300)], manners, [], now=NOON + 600).now == (1, 2)


def test_what_is_critical_passes_digest_limit_quiet_hours_and_an_outage_at_once_and_alone():
    midnight = NOON + 12 * HOUR
    manners = Manners(digest=600, most=1, quiet=NIGHT, zone=BERLIN)
    waiting = [waits(1, midnight, tries=3, next_at=midnight + 900), waits(2, midnight, is_critical=True)]
    assert choose(waiting, manners, [midnight - 1], now=midnight).now == (2,)


def test_a_limit_holds_until_the_oldest_of_the_window_is_out_of_it_and_then_all_come_together():
    manners, sent = Manners(most=2), [NOON - 3000, NOON - 600]
    held = choose([waits(1), waits(2)], manners, sent, now=NOON)
    assert (held.now, held.look_at) == ((), NOON + 600)
    assert choose([waits(1), waits(2)], manners, sent, now=NOON + 600).now == (1, 2)


def test_quiet_hours_end_on_the_clock_also_in_the_night_that_has_an_hour_more():
    evening = 1_792_879_200.0  # 2026-10-25 00:00 in Berlin; the clock goes back at 03:00
    assert f"{local(evening, BERLIN):%F %H:%M}" == "2026-10-25 00:00"
    found = choose([waits(1, evening)], Manners(quiet=NIGHT, zone=BERLIN), [], now=evening)
    assert found.look_at == evening + 8 * HOUR
    assert f"{local(found.look_at, BERLIN):%H:%M}" == "07:00"
    assert choose([waits(1, evening)], Manners(quiet=NIGHT, zone=BERLIN), [], now=found.look_at).now == (1,)


def test_what_is_new_waits_with_what_failed_before_it():
    waiting = [waits(1, tries=2, next_at=NOON + 60), waits(2)]
    assert choose(waiting, Manners(), [], now=NOON).look_at == NOON + 60
    assert choose(waiting, Manners(), [], now=NOON + 60).now == (1, 2)


def test_a_critical_one_that_failed_waits_its_time():
    assert choose(
        [waits(1, is_critical=True, tries=1, next_at=NOON + 30)], Manners(), [], now=NOON
    ) == choose([waits(1, is_critical=True, tries=1, next_at=NOON + 30)], Manners(quiet=NIGHT), [], now=NOON)


def test_tries_grow_apart_for_a_day_and_then_end():
    at, first, gaps = NOON, NOON, []
    for tries in range(1, 100):
        again = next_try(tries, first, now=at)
        if again is None:
            break
        gaps.append(again - at)
        at = again
    assert gaps[:4] == [30, 60, 120, 240]
    assert max(gaps) == 4 * HOUR
    assert gaps[:-1] == sorted(gaps[:-1])
    assert DAY <= at - first <= DAY + 30
    assert tries < 30


def test_the_other_end_may_ask_for_more_time_but_not_for_more_than_the_day():
    assert next_try(1, NOON, now=NOON, asked=300) == NOON + 300
    assert next_try(1, NOON, now=NOON, asked=1) == NOON + 30
    assert next_try(1, NOON, now=NOON, asked=10 * DAY) == NOON + DAY


@pytest.mark.parametrize("digest", [0, 600])
@given(
    st.lists(st.tuples(st.floats(-3 * HOUR, 0), st.booleans()), max_size=8),
    st.lists(st.floats(-2 * HOUR, 0), max_size=6),
)
def test_whatever_waits_goes_now_or_is_looked_at_later(digest, told, sent):
    waiting = [waits(n, NOON + at, is_critical=is_critical) for n, (at, is_critical) in enumerate(told)]
    manners = Manners(digest=digest, most=3, quiet=NIGHT, zone=BERLIN)
    found = choose(waiting, manners, sorted(NOON + at for at in sent), now=NOON)
    assert bool(found.now) != (bool(waiting) and found.look_at is not None) or not waiting
    assert found.look_at is None or found.look_at > NOON
    assert set(found.now) <= set(range(len(waiting)))
