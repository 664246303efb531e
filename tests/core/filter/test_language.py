"""The filter language: what picks which run, and what a mistake is answered."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainui.core.filter import FilterError, parse_filter
from trainui.core.filter.language import NAMES

RUN = {
    NAMES: ("transformer-3", "transformer", "boundary", "best so far"),
    "run": "transformer-3",
    "status": ("ended", "finished"),
    "usd": 2.5,
    "best": 86.4,
    "lr": 1e-4,
    "hours": 1.5,
    "max_hours": 48,
    "wait_minutes": 20.0,
    "progress": 0.5,
    "arch": "mlp[2]",
    "live": False,
    "eta": None,
    "gate": ("ok", "warn"),
    "loss": math.nan,
}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  ",
        "transf",
        "TRANSF",
        "trans*",
        "*-3",
        "transformer-?",
        "boundary transformer",
        "boundary and transformer",
        '"best so"',
        "status:finished",
        "status:running,finished",
        "status=ended",
        "run=transformer-3",
        "run:former",
        "usd>2",
        "usd>=2.5 usd<=2.5",
        "usd=2.5",
        "usd:2.5",
        "usd>$2",
        "lr=1e-4",
        "lr<1e-3",
        "lr=0.0001",
        "best<100ms",
        "progress=50%",
        "hours<1k",
        "hours>30m",
        "hours=90m",
        "max_hours=2d",
        "wait_minutes<1h",
        "arch=mlp[2]",
        "arch~^mlp",
        "live=no",
        "live:false",
        "-mlp",
        "!mlp",
        "not mlp",
        "-usd>3",
        "usd!=3",
        "gate:warn",
        "mlp or transformer",
        "mlp | transformer",
        "(mlp or transformer) usd>2",
        "-(mlp or contrastive)",
        "mlp or usd>2 hours>1",
        "unknown!=5",
        "loss!=5",
    ],
)
def test_these_pick_the_run(text):
    assert parse_filter(text)(RUN)


@pytest.mark.parametrize(
    "text",
    [
        "mlp",
        "transformer mlp",
        "trans?",
        "-transformer",
        "not (mlp or transformer)",
        "status:running",
        "status=end",
        "usd<2",
        "usd>3 or best<50",
        "(mlp or contrastive) transformer",
        "live=yes",
        "eta<2h",
        "eta>0",
        "hours<1m",
        "hours>2h",
        "unknown=5",
        "unknown<5",
        "gate:tripped",
        "loss<1",
        "loss>=1",
        "arch~^nlp",
        "run>3",
        "lr!=1e-4",
    ],
)
def test_these_do_not(text):
    assert not parse_filter(text)(RUN)


@pytest.mark.parametrize(
    ("text", "seconds"), [("2h", 7200), ("90m", 5400), ("30s", 30), ("1d", 86400), ("5", 5)]
)
def test_times_have_units(text, seconds):
    assert parse_filter(f"eta={text}")({"eta": float(seconds)})


@pytest.mark.parametrize(
    ("text", "at", "said"),
    [
        ("usd>", 4, "what?"),
        ("usd>cheap", 0, "cheap is not a number"),
        ("a (b or c", 2, "not closed"),
        ("a b)", 3, "closes nothing"),
        ('a "b', 2, "not closed"),
        ("a or", 4, "missing"),
        ("or a", 0, "missing"),
        ("()", 1, "missing"),
        ("not", 3, "missing"),
        ("run~[", 0, "no regular expression"),
    ],
)
def test_a_mistake_is_named_with_its_place(text, at, said):
    with pytest.raises(FilterError, match=said.replace("?", r"\?")) as caught:
        parse_filter(text)
    assert caught.value.at == at


def test_a_name_that_is_not_there_is_answered_with_the_nearest():
    with pytest.raises(FilterError, match="did you mean 'status'"):
        parse_filter("statsu:running", known={"status", "usd"})


@given(st.text(max_size=40))
def test_no_text_breaks_it(text):
    assert 0 <= place_of_mistake(text) <= len(text)


def place_of_mistake(text: str) -> int:
    """Where it says the mistake is; 0 when there is none."""
    try:
        parse_filter(text)(RUN)
    except FilterError as error:
        return error.at
    return 0


words = st.text(alphabet="abcxyz19_", min_size=1, max_size=6).filter(
    lambda word: word not in ("or", "and", "not")
)


@given(words, words)
def test_it_obeys_logic(one, other):
    values = {NAMES: ("abc1", "xyz9")}
    a, b = parse_filter(one)(values), parse_filter(other)(values)
    assert parse_filter(f"{one} {other}")(values) == (a and b)
    assert parse_filter(f"{one} or {other}")(values) == (a or b)
    assert parse_filter(f"not ({one} or {other})")(values) == (not (a or b))
    assert parse_filter(f"-({one}) -({other})")(values) == (not a and not b)


@pytest.mark.parametrize("text", ["(" * 5000 + "a" + ")" * 5000, "not " * 5000 + "a", "-" * 5000 + "a"])
def test_a_filter_that_is_nested_beyond_reason_is_refused_in_a_sentence(text):
    with pytest.raises(FilterError, match="this holds more than 100 of"):
        parse_filter(text)


def test_a_filter_may_be_nested_deeply():
    assert parse_filter("(" * 50 + "not " * 50 + "a" + ")" * 50)({"": ("a",)})
