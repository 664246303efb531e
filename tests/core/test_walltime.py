"""Times as people write them, also in the nights in which the clock is changed, and around midnight."""

import os
import time
from datetime import datetime
from datetime import time as clock
from zoneinfo import ZoneInfo

import pytest

from trainui.core.errors import UserError
from trainui.core.walltime import day_words, is_within, last_at, moment, next_at

BERLIN, UTC, KOLKATA = ZoneInfo("Europe/Berlin"), ZoneInfo("UTC"), ZoneInfo("Asia/Kolkata")


def at(text, zone=BERLIN, fold=0):
    return datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold).timestamp()


@pytest.mark.parametrize(
    ("text", "now", "then"),
    [
        ("22:00", "2026-11-21 08:00", "2026-11-20 22:00"),
        ("22:00", "2026-11-21 22:00", "2026-11-21 22:00"),
        ("7:30", "2026-11-21 08:00", "2026-11-21 07:30"),
        ("00:00", "2026-11-21 00:00:01", "2026-11-21 00:00"),
        ("23:59:59", "2026-11-21 00:00", "2026-11-20 23:59:59"),
        ("yesterday", "2026-11-21 08:00", "2026-11-20 00:00"),
        ("yesterday 22:00", "2026-11-21 23:00", "2026-11-20 22:00"),
        ("today", "2026-11-21 08:00", "2026-11-21 00:00"),
        ("2026-11-20", "2026-11-21 08:00", "2026-11-20 00:00"),
        ("2026-11-20 22:00", "2026-11-21 08:00", "2026-11-20 22:00"),
        ("2026-11-20T22:00", "2026-11-21 08:00", "2026-11-20 22:00"),
        ("2026-11-20 22:00+00:00", "2026-11-21 08:00", "2026-11-20 23:00"),
        ("2026-11-20T22:00:00Z", "2026-11-21 08:00", "2026-11-20 23:00"),
        ("2h", "2026-11-21 08:00", "2026-11-21 06:00"),
        ("90 min ago", "2026-11-21 08:00", "2026-11-21 06:30"),
        # the clock goes back at 03:00 on 2026-10-25: that day has 25 hours
        ("22:00", "2026-10-25 08:00", "2026-10-24 22:00"),
        ("1d", "2026-10-25 12:00", "2026-10-24 13:00"),
        ("yesterday", "2026-10-26 08:00", "2026-10-25 00:00"),
        # and forward at 02:00 on 2026-03-29: 02:30 is never shown
        ("22:00", "2026-03-29 08:00", "2026-03-28 22:00"),
        ("2:30", "2026-03-29 08:00", "2026-03-29 03:30"),
    ],
)
def test_a_moment_is_the_last_that_the_clock_showed(text, now, then):
    assert moment(text, at(now), BERLIN) == at(then)


def test_an_hour_that_comes_twice_is_told_from_its_first():
    assert moment("2:30", at("2026-10-25 08:00"), BERLIN) == at("2026-10-25 02:30", fold=0)
    assert moment("2:30", at("2026-10-25 02:40", fold=1), BERLIN) == at("2026-10-25 02:30", fold=0)


@pytest.mark.parametrize(
    "text",
    [
        "25:00",
        "22:60",
        "soon",
        "",
        "2026-13-01",
        "-2h",
        "yesterday 25:00",
        "9" * 12 + "d",
        "9" * 400 + "d",
        "0001-01-01",
    ],
)
def test_what_is_no_time_is_refused_with_those_that_are(text):
    with pytest.raises(UserError, match="is no time") as refused:
        moment(text, at("2026-11-21 08:00"), BERLIN)
    assert "yesterday" in refused.value.hint


def test_what_is_still_to_come_is_refused():
    with pytest.raises(UserError, match="still to come"):
        moment("2026-11-22", at("2026-11-21 08:00"), BERLIN)


def test_next_and_last_are_a_day_of_the_calendar_apart():
    now = at("2026-10-24 23:00")
    assert next_at(clock(7), now, BERLIN) - last_at(clock(7), now, BERLIN) == 25 * 3600
    assert next_at(clock(23), now, BERLIN) == at("2026-10-25 23:00")
    assert last_at(clock(23), now, BERLIN) == now


@pytest.mark.parametrize(
    ("now", "within"),
    [("22:00", True), ("23:59", True), ("00:00", True), ("06:59", True), ("07:00", False), ("21:59", False)],
)
def test_a_stretch_of_the_clock_reaches_over_midnight(now, within):
    assert is_within(at(f"2026-11-21 {now}", KOLKATA), clock(22), clock(7), KOLKATA) is within
    assert is_within(at(f"2026-11-21 {now}", KOLKATA), clock(7), clock(22), KOLKATA) is not within


def test_a_moment_is_told_as_short_as_it_is_clear():
    now = at("2026-11-21 08:00")
    told = [
        day_words(at(then), now, BERLIN)
        for then in (
            "2026-11-21 07:00",
            "2026-11-20 23:59",
            "2026-11-22 00:01",
            "2026-11-17 09:00",
            "2026-10-01 09:00",
        )
    ]
    assert told == ["07:00", "yesterday 23:59", "tomorrow 00:01", "Tue 09:00", "2026-10-01 09:00"]


def test_without_a_zone_it_is_the_clock_of_this_machine(monkeypatch):
    before = os.environ.get("TZ")
    try:
        os.environ["TZ"] = "Europe/Berlin"
        time.tzset()
        for text, now in (
            ("22:00", "2026-10-25 08:00"),
            ("yesterday", "2026-03-30 09:00"),
            ("2:30", "2026-03-29 08:00"),
        ):
            assert moment(text, at(now)) == moment(text, at(now), BERLIN)
    finally:
        os.environ.pop("TZ")
        if before is not None:
            os.environ["TZ"] = before
        time.tzset()
