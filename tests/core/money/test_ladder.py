"""The ladder of the budget: what is due at which part of the money, each step once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainui.core.money.ladder import STEPS, Funds, Memory, climb, is_past, step_of

PERCENTS = {"tell": 50.0, "admit_no_more": 75.0, "stop_least": 90.0, "stop_all": 100.0}


@pytest.mark.parametrize(
    ("used", "percents", "step"),
    [
        (0.0, PERCENTS, ""),
        (0.4999, PERCENTS, ""),
        (0.5, PERCENTS, "tell"),
        (0.7499, PERCENTS, "tell"),
        (0.75, PERCENTS, "admit_no_more"),
        (0.9, PERCENTS, "stop_least"),
        (0.99999, PERCENTS, "stop_least"),
        (1.0, PERCENTS, "stop_all"),
        (7.0, PERCENTS, "stop_all"),
        (0.0, PERCENTS | {"tell": 0.0}, "tell"),
        (0.8, PERCENTS | {"admit_no_more": None}, "tell"),
        (0.95, PERCENTS | {"stop_all": 95.0}, "stop_all"),
        (0.95, PERCENTS | {"stop_least": None}, "admit_no_more"),
    ],
)
def test_a_step_is_reached_at_its_per_cent(used, percents, step):
    assert step_of(used, percents) == step


@pytest.mark.parametrize(
    ("funds", "used"),
    [
        ((20, 5, 15), 0.25),
        ((20, 20, 0), 1.0),
        ((20, 25, 0), 1.25),
        ((20, 10, 0), 1.0),  # the rest pays no whole hour more
        ((5_000_000, 1_935_000, 1_935_000), 0.5),  # 1.29 an hour by the hour: of 5.00 only 3.87 can be spent
        ((0, 0, 0), 1.0),
        ((-3, 1, 0), 1.0),
    ],
)
def test_what_is_used_counts_of_what_can_be_spent_at_all(funds, used):
    may, spent, reachable = funds
    assert Funds(may=may, spent=spent, reachable=reachable).used == pytest.approx(used)


def test_every_step_is_told_once_though_the_manager_starts_again():
    memory, told = Memory(), []
    for used in (0.1, 0.5, 0.6, 0.76, 0.93, 0.95, 1.0, 1.2):
        for _ in range(3):  # a manager that comes back looks again
            memory, news = climb(memory, terms="20", used=used, percents=PERCENTS)
            told.append((used, news))
    assert [one for one in told if one[1]] == [
        (0.5, ("tell",)),
        (0.76, ("admit_no_more",)),
        (0.93, ("stop_least",)),
        (1.0, ("stop_all",)),
    ]


def test_a_jump_tells_every_step_it_passed_and_none_that_is_left_out():
    _, news = climb(Memory(), terms="20", used=0.92, percents=PERCENTS | {"admit_no_more": None})
    assert news == ("tell", "stop_least")


def test_a_raise_puts_it_back_and_what_is_passed_again_is_told_again():
    memory, _ = climb(Memory(), terms="20", used=0.92, percents=PERCENTS)
    memory, news = climb(memory, terms="30", used=0.62, percents=PERCENTS)
    assert (memory.reached, news) == ("tell", ())
    assert not is_past(memory, "admit_no_more", PERCENTS)
    memory, news = climb(memory, terms="30", used=0.8, percents=PERCENTS)
    assert (memory.reached, news) == ("admit_no_more", ("admit_no_more",))


def test_when_no_more_can_be_paid_everything_is_stopped_whatever_the_percentage():
    memory, news = climb(Memory(), terms="20", used=0.8, percents=PERCENTS, is_out=True)
    assert (memory.reached, news) == ("stop_all", STEPS)


def test_a_step_that_is_left_out_is_never_past():
    memory = Memory(terms="20", reached="stop_all")
    assert is_past(memory, "admit_no_more", PERCENTS)
    assert not is_past(memory, "admit_no_more", PERCENTS | {"admit_no_more": None})


def test_what_another_trainui_remembered_is_no_step():
    memory, news = climb(Memory(terms="20", reached="sing"), terms="20", used=0.6, percents=PERCENTS)
    assert (memory.reached, news) == ("tell", ("tell",))


looks = st.lists(st.tuples(st.floats(0, 2), st.booleans()), max_size=30)
ladders = st.fixed_dictionaries(
    {step: st.one_of(st.none(), st.floats(0, 120)) for step in STEPS[:-1]} | {"stop_all": st.floats(1, 120)}
)


@given(looks, ladders)
def test_the_ladder_never_goes_back_by_itself_and_tells_nothing_twice(given_looks, percents):
    memory, told, height = Memory(), [], -1
    for used, is_out in given_looks:
        memory, news = climb(memory, terms="20", used=used, percents=percents, is_out=is_out)
        told += news
        here = STEPS.index(memory.reached) if memory.reached else -1
        assert here >= height
        height = here
    assert len(told) == len(set(told))
    assert told == sorted(told, key=STEPS.index)
