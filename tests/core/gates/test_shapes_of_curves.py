"""spike, track, overfit and event: what they see, and what they leave alone."""

from __future__ import annotations

import math
import statistics

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainui.core.errors import SpecError
from trainui.core.gates import parse_gates
from trainui.core.gates.primitives.spike import deviation

NAN = math.nan


def flag(test, **more):
    return {"id": "g", "role": "flag", "test": test, **more}


SPIKE = flag("spike", metric="loss", window=5)
NOISE = [2.0, 2.1, 1.9, 2.0, 2.1]
TRACK = flag("track", metric="wer", points=[[2, 100], [4, 80]], tol="10%", side="above")
OVERFIT = flag("overfit", val="val_loss", train="train_loss", by="10%")


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(-20, 20).map(float), min_size=1, max_size=30))
def test_the_deviation_is_the_median_of_all_distances(values):
    middle = statistics.median(values)
    assert deviation(sorted(values), middle) == statistics.median(abs(value - middle) for value in values)


@pytest.mark.parametrize(
    ("gate", "metric", "values", "story"),
    [
        (SPIKE, "loss", [*NOISE, 9, 2], "tripped@6 ok@7"),
        (SPIKE, "loss", [*NOISE, 0.1, 2.4], "ok@6"),  # better than ever, and within a quarter
        (SPIKE, "loss", [9, 2, 2, 2, 2, 2.2], "ok@6"),  # a rough start is no spike
        (SPIKE, "loss", [*NOISE, NAN, 2], "unknown@6 ok@7"),
        (SPIKE | {"metric": "acc"}, "acc", [50, 51, 49, 50, 51, 90, 10], "ok@6 tripped@7"),
        (SPIKE | {"metric": "grad_norm"}, "grad_norm", [1, 1, 1, 1, 1, 9, 1], "tripped@6 ok@7"),
        (SPIKE | {"window": 50}, "loss", [1] * 30 + [9], "tripped@31"),
        (TRACK, "wer", [200, 109, 90, 95, 89, 87], "ok@2 tripped@4 ok@6"),
        (TRACK | {"side": "below"}, "wer", [1, 95, 80, 95], "ok@2 tripped@3 ok@4"),
        (TRACK | {"side": "both", "tol": 2}, "wer", [1, 100, 93, 80, 77], "ok@2 tripped@3 ok@4 tripped@5"),
        (TRACK, "wer", [1, NAN, 80], "unknown@2 ok@3"),
        (TRACK | {"axis": "step", "points": [[20, 100], [40, 80]]}, "wer", [200, 111, 80], "tripped@2 ok@3"),
    ],
)
def test_a_shape_is_seen_where_it_is(bench, gate, metric, values, story):
    assert bench(gate).feed(metric, *values).story == story


def test_a_pace_is_missed_also_by_standing_still(bench):
    """Epoch 5 after half an hour was promised; the clock alone shows that it did not come."""
    gate = flag(
        "track", metric="@epoch", axis="@wall_h", points=[[0.5, 5], [1.5, 15]], tol="30%", side="below"
    )
    judged = bench(gate).feed("loss", 1, 1, 1, 1).meter("@wall_h", 0.5)
    assert judged.now.state == "ok"
    assert judged.meter("@wall_h", 1.0).now.state == "tripped"
    assert judged.now.reason == "@epoch is 4, where 10 was expected at @wall_h 1 (30 % allowed)"


def test_overfitting_needs_both_and_stays_a_warning_while_the_primary_improves(bench):
    val, train, acc = [2, 1, 1.05, 1.2, 1.3], [2, 1, 0.9, 0.8, 0.7], [50, 60, 70, 80, 90]

    def run(gate, training):
        judged = bench(gate)
        for epoch, numbers in enumerate(zip(training, val, acc, strict=True), start=1):
            for metric, value in zip(("train_loss", "val_loss", "acc"), numbers, strict=True):
                judged.feed(metric, value, first=epoch)
        return judged.now

    assert run(OVERFIT | {"by": "25%"}, train).state == "tripped"
    assert (
        run(OVERFIT | {"by": "25%"}, [2, 1, 1.1, 1.2, 1.3]).state == "ok"
    )  # both got worse: not overfitting
    assert run(OVERFIT | {"by": "40%"}, train).state == "ok"
    assert run(OVERFIT | {"by": "25%", "primary": "acc"}, train).state == "warn"


def test_what_its_own_noise_allows_is_told_beside_what_was_allowed(bench):
    judged = bench(OVERFIT | {"by": "3%"})
    for epoch, (train, val) in enumerate(
        zip(range(9, 0, -1), [9, 7, 5, 3, 2, 1.8, 1.5, 1.4, 1.5], strict=True), 1
    ):
        judged.feed("train_loss", train, first=epoch).feed("val_loss", val, first=epoch)
    assert judged.now.state == "ok"
    assert judged.now.reason.endswith("went from 2 to 1 (3 % allowed, and 146 % by its own noise)")


@pytest.mark.parametrize(
    ("gate", "result", "code", "state"),
    [
        ({"exit": "zero"}, "finished", 0, "passed"),
        ({"exit": "zero"}, "failed", 1, "failed"),
        ({"exit": "zero"}, "stopped", 143, "unknown"),  # we stopped it: that is no crash
        ({"exit": "zero"}, "lost", None, "unknown"),
        ({"exit": "nonzero"}, "failed", 3, "passed"),
        ({"match": "(?i)error"}, "finished", 0, "unknown"),
    ],
)
def test_the_exit_code_decides(bench, gate, result, code, state):
    judged = (
        bench({"id": "g", "role": "criterion", "test": "event", **gate}).feed("loss", 1).end(result, code)
    )
    assert judged.now.state == state


@pytest.mark.parametrize(
    ("gate", "sentence"),
    [
        (SPIKE | {"z": 0}, "z should be above 0"),
        (TRACK | {"points": [[4, 80], [2, 100]]}, "points should go forward"),
        (TRACK | {"axis": "time"}, "axis 'time' is not known"),
        (TRACK | {"side": "left"}, "side 'left' is not known"),
        (flag("event", match="("), "match is no regular expression"),
        (flag("event"), "it says no event"),
        (flag("overfit", val="v"), "train is missing"),
    ],
)
def test_what_is_wrong_is_said(gate, sentence):
    with pytest.raises(SpecError, match="gate 'g': ") as caught:
        parse_gates([gate])
    assert sentence in str(caught.value)
