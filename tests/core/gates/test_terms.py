"""What a gate promises beside its rule, read from its canonical text."""

import pytest

from trainui.core.gates import parse_gates
from trainui.core.gates.terms import Terms, terms_of, what_clears


def terms(**table) -> Terms:
    (gate,) = parse_gates([{"id": "one", **table}], goals={"loss": "min"})
    return terms_of(gate.text)


STALL = {"role": "flag", "test": "stall", "metric": "loss", "min_delta": "1%", "window": "8 epochs"}


def test_the_terms_are_those_that_were_written():
    found = terms(
        **STALL, **{"for": 3}, when="from epoch 5", grace="2 epochs", cooldown="30m",
        on={"tripped": ["stop", "notify"]}, remedy="lower",
    )  # fmt: skip
    assert (found.trips_after, found.clears_after) == ("3 points", "3 points")
    assert (found.when, found.grace, found.cooldown) == ("from epoch 5", "2 epochs", "30m")
    assert str(found.window) == "8 epochs"
    assert found.actions == {"tripped": ("stop", "notify")}
    assert found.remedies == ("lower",)


def test_the_window_of_a_quantity_is_the_gates_window():
    found = terms(role="criterion", test="value", left="median(loss, 3 epochs)", op="<", right=1)
    assert str(found.window) == "3 epochs"
    assert terms(role="criterion", test="value", left="best(loss)", op="<", right=1).window is None


def test_a_text_that_is_not_there_says_nothing():
    assert terms_of("") == Terms()


@pytest.mark.parametrize(
    ("verdict", "ended", "said"),
    [
        ("ok", False, ""),
        ("tripped", False, "it holds again for 3 points, by twice what is asked"),
        ("warn", False, "the next look at which it holds; it trips when it fails for 1 point"),
        ("tripped", True, "nothing: the run has ended"),
        ("pending", False, "its first look"),
    ],
)
def test_a_flag_says_what_clears_it(verdict, ended, said):
    assert what_clears(terms(**STALL), verdict, has_ended=ended) == said


def test_what_is_for_good_is_said_to_be():
    finite = terms(role="flag", test="finite", metrics=["loss"])
    assert "for good" in what_clears(finite, "tripped", has_ended=False)
    once = terms(role="criterion", test="value", left="best(loss)", op="<", right=1)
    assert what_clears(once, "failed", has_ended=False) == "nothing: it is decided once, and was"
    asks = terms(test="ask", question="well?")
    assert what_clears(asks, "unknown", has_ended=True) == "an answer: yes passes it, no fails it"
