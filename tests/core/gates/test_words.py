"""One metric by several names, in fractions or percent; how far chance moves it; what its bands are called."""

from __future__ import annotations

import math
import random

import pytest

from trainui.core.gates import Judge, Naming, Point, Words, parse_gates
from trainui.core.gates.chance import of_difference, of_ratio, of_share, z_of

AUTO = {"acc": Words(from_=("val/acc", "Val Acc"), goal="max", fraction="auto", n_eval=1000)}


def point(metric, value, step=1.0):
    return Point(metric=metric, step=step, value=value, epoch=step, at=step)


def seen(naming, metric, *values):
    """What gates see: (name, value) pairs."""
    found = []
    for step, value in enumerate(values, 1):
        found += [(one.metric, one.value) for one in naming.of(point(metric, value, step))]
    return found


def judged(words, gate, *values, metric="acc", end=True):
    judge = Judge(parse_gates([{"id": "g", **gate}], words=words))
    said = []
    for step, value in enumerate(values, 1):
        said += judge.feed(point(metric, value, step))
    if end:
        said += judge.end(result="finished", exit_code=0, at=99.0)
    return judge.current()["g"], " ".join(str(one.state) for one in said)


def value(left, op, right, role="criterion", **more):
    return {"role": role, "test": "value", "left": left, "op": op, "right": right, **more}


def test_the_first_name_a_run_writes_is_the_metric():
    naming = Naming({"loss": Words(from_=("train/loss", "Loss"))})
    assert naming.bound_to("loss") == ""
    assert seen(naming, "Loss", 3.0) == [("Loss", 3.0), ("loss", 3.0)]
    assert seen(naming, "train/loss", 2.0) == [("train/loss", 2.0)]
    assert naming.bound_to("loss") == "Loss"
    assert seen(naming, "other", 1.0) == [("other", 1.0)]


def test_a_run_that_goes_on_may_write_the_metric_under_another_name():
    judge = Judge(parse_gates([{"id": "g", **value("best(acc)", ">=", 75)}], words=AUTO))
    judge.feed(point("val/acc", 0.5))
    judge.begin_again()
    (verdict,) = judge.feed(point("Val Acc", 0.9))
    assert (verdict.state, verdict.value) == ("passed", 90.0)


@pytest.mark.parametrize(
    ("fraction", "values", "shown"),
    [
        ("auto", (0.25, 0.5), [25, 50]),
        ("auto", (25.0, 0.5), [25, 0.5]),
        ("auto", (0.0, math.nan, 0.25), [0, math.nan, 25]),
        (True, (0.25, 1.5), [25, 150]),
        (False, (0.25, 1.5), [0.25, 1.5]),
        ("auto", (0.25, 80.0), [25]),
        ("auto", (1.25, 0.5), []),
    ],
)
def test_fractions_are_told_by_the_first_value(fraction, values, shown):
    naming = Naming({"acc": Words(fraction=fraction)})
    assert [value for _, value in seen(naming, "acc", *values)] == pytest.approx(shown, nan_ok=True)


def test_a_scale_that_was_mistaken_makes_the_gate_unknown_and_says_what_to_declare():
    now, story = judged(AUTO, value("best(acc)", ">=", 75), 0.3, 30.0, metric="val/acc")
    assert story == "ok unknown"
    assert now.reason == (
        "acc looked like a fraction, and now it is 30: declare fraction = true or false in [metric.acc]"
    )
    assert now.value == 30.0


def test_a_mistaken_scale_passes_no_criterion():
    """0.3 was taken for 30 %; 80 would then be 8000 %."""
    assert judged(AUTO, value("best(acc)", ">=", 75), 0.3, 80.0)[1] == "ok unknown"


def test_gates_see_percent_whatever_the_script_writes():
    now, story = judged(AUTO, value("best(acc)", ">=", 75), 0.5, 0.9, metric="Val Acc")
    assert (story, now.value) == ("ok passed", 90.0)


def test_the_judge_wants_a_metric_under_each_of_its_names():
    judge = Judge(parse_gates([{"id": "g", **value("best(acc)", ">=", 75)}], words=AUTO))
    assert [name for name in ("acc", "val/acc", "Val Acc", "loss") if judge.wants(name)] == [
        "acc",
        "val/acc",
        "Val Acc",
    ]


CLOSE = {"confidence": 0.9}


@pytest.mark.parametrize(
    ("values", "story"),
    [
        ((50.0, 79.0), "ok passed"),
        ((50.0, 76.0), "ok warn"),
        ((50.0, 74.0), "ok warn"),
        ((50.0, 70.0), "ok failed"),
    ],
)
def test_a_criterion_is_left_open_where_chance_alone_could_decide_it(values, story):
    """On 1000 samples 76 % may as well be 74 %: it is neither passed nor failed, and it was measured."""
    now, told = judged(AUTO, value("best(acc)", ">=", 75, **CLOSE), *values)
    assert told == story
    assert now.reason.startswith("too close to call: ") == (story == "ok warn")
    assert "by chance at 90 %, 1000 samples, the best of 2" in now.reason
    assert now.interval is not None
    assert now.interval[0] < now.value < now.interval[1]


def test_without_a_confidence_the_interval_is_only_shown():
    now, story = judged(AUTO, value("best(acc)", ">=", 75), 50.0, 76.0)
    assert story == "ok passed"
    assert now.interval == pytest.approx((73.71, 78.15), abs=0.01)


def test_a_flag_only_warns_inside_the_interval_and_keeps_a_trip_there():
    flag = value("last(acc)", ">=", 75, role="flag", **CLOSE)
    assert judged(AUTO, flag, 90, 76, 74, 60, 74, 76, 90)[1] == "ok warn tripped ok"


@pytest.mark.parametrize(
    ("gain", "story"),
    [(13.5, "warn"), (15.5, "warn"), (17.0, "warn"), (25.0, "passed"), (5.0, "failed")],
)
def test_a_gain_carries_the_error_of_both_sides(gain, story):
    words = {"a": Words(n_eval=500, goal="max"), "b": Words(n_eval=500, goal="max")}
    gate = value("best(a)", ">=", 15, minus="best(b)", when="end", **CLOSE)
    judge = Judge(parse_gates([{"id": "g", **gate}], words=words))
    judge.feed(point("a", 60 + gain))
    judge.feed(point("b", 60))
    (verdict,) = judge.end(result="finished", exit_code=0, at=9.0)
    assert verdict.state == story


def test_two_quantities_are_compared_by_the_error_of_their_difference():
    words = {"a": Words(n_eval=500, goal="max"), "b": Words(n_eval=500, goal="max")}
    judge = Judge(
        parse_gates([{"id": "g", **value("best(a)", ">", "best(b)", when="end", **CLOSE)}], words=words)
    )
    judge.feed(point("a", 0.75))
    judge.feed(point("b", 0.73))
    (verdict,) = judge.end(result="finished", exit_code=0, at=9.0)
    assert verdict.state == "warn"


@pytest.mark.parametrize(("right", "more"), [(1.2, {"over": "best(b)"}), ("best(b)", {})])
def test_a_ratio_or_a_moving_limit_is_shown_before_there_is_any_value(right, more):
    words = {name: Words(n_eval=500, goal="max") for name in "ab"}
    gate = value("best(a)", ">=", right, **more, **CLOSE)
    judge = Judge(parse_gates([{"id": "g", **gate}], words=words))
    assert [(one.state, one.interval) for one in judge.current().values()] == [("pending", None)]
    judge.feed(point("b", 60))
    assert judge.current()["g"].state == "pending"


def test_an_error_rate_above_all_is_no_share():
    """A word error rate of 140 % has no sampling error that could be told: the letter decides."""
    words = {"wer": Words(n_eval=500, goal="min")}
    now, story = judged(words, value("last(wer)", "<", 139, when="end", **CLOSE), 140.0, metric="wer")
    assert (story, now.interval) == ("failed", None)


BANDS = {"bands": [[75, "ready for production"], [65, "proof of concept"], [0, "data quality issues"]]}


@pytest.mark.parametrize(
    ("best", "state", "label"),
    [
        (76, "passed", "ready for production"),
        (75, "failed", "ready for production"),
        (70, "failed", "proof of concept"),
        (61.5, "failed", "data quality issues"),
        (0.7, "failed", "proof of concept"),
    ],
)
def test_bands_name_the_result(best, state, label):
    """The seeds' own edge: 75 is in the band from 75 and not > 75."""
    now, _ = judged(AUTO, value("best(acc)", ">", 75, when="end", **BANDS), best)
    assert (now.state, now.label) == (state, label)
    assert now.reason.endswith(": " + label)


def test_what_was_never_measured_has_no_label():
    now, _ = judged(AUTO, value("best(acc)", ">", 75, when="end", **BANDS), math.nan)
    assert (now.state, now.label, now.interval) == ("unknown", "", None)


def test_a_trip_is_cleared_at_its_own_threshold():
    flag = value("last(x)", "<=", 12, role="flag", clear_at=10)
    assert judged({}, flag, 13, 11, 12, 11, 10, metric="x")[1] == "tripped ok"
    assert judged({}, flag, 11, 12, 11, metric="x")[1] == "ok"


def test_between_the_two_thresholds_it_warns_where_a_warning_was_asked_for():
    flag = value("last(x)", "<=", 12, role="flag", clear_at=10, warn_at=11)
    assert judged({}, flag, 11.5, 13, 11.5, 9, metric="x")[1] == "warn tripped ok"


@pytest.mark.parametrize("share", [0.02, 0.5, 0.75, 0.97])
def test_the_interval_holds_what_it_promises(share):
    """Of 2000 evaluations on 400 samples, 90 % of the intervals hold the true share, give or take three."""
    drawn = random.Random(7)
    held = 0
    for _ in range(2000):
        low, high = of_share(sum(drawn.random() < share for _ in range(400)) / 400, 400, z_of(0.9))
        held += low <= share <= high
    assert 0.87 <= held / 2000 <= 0.95


def test_the_interval_of_a_difference_is_that_of_both():
    low, high = of_difference((0.75, 500), (0.60, 500), z_of(0.9))
    assert (low, high) == pytest.approx((0.1016, 0.1974), abs=0.001)
    assert of_ratio((0.0, 500), (0.6, 500), 1.6) is None
    low, high = of_ratio((0.30, 1000), (0.28, 1000), z_of(0.9))
    assert low < 1.0 < 1.10 < high


def test_a_plateau_is_left_at_its_own_threshold_too():
    flag = {
        "role": "flag",
        "test": "stall",
        "metric": "x",
        "min_delta": 1,
        "window": 2,
        "clear_for": 1,
        "goal": "max",
    }
    # Each 0 moves nothing; the last steps are of 1.5, less than twice min_delta.
    values = (10, 10, 10, 11.5, 13, 14.5)
    assert judged({}, flag, *values, metric="x", end=False)[1] == "tripped ok"
    assert judged({}, {**flag, "clear_at": 5}, *values, metric="x", end=False)[1] == "tripped"


def test_what_is_too_close_to_call_is_put_to_people_and_decides_nothing_else():
    gates = [
        {"id": "gain", **value("best(acc)", ">=", 75, **CLOSE, when="at epoch 2")},
        {"id": "go-on", "test": "ask", "question": "go on?", "needs": ["gain"]},
        {"id": "then", "test": "ask", "question": "and then?", "needs": ["go-on"]},
        {"id": "both", "role": "criterion", "test": "all", "of": ["gain"]},
    ]
    judge = Judge(parse_gates(gates, words=AUTO))
    for step, shown in enumerate((50.0, 76.0), 1):
        judge.feed(point("acc", shown, step))
    assert {name: str(one.state) for name, one in judge.current().items()} == {
        "gain": "warn",
        "go-on": "warn",
        "then": "pending",
        "both": "pending",
    }
    judge.end(result="finished", exit_code=0, at=9.0)
    assert judge.current()["both"].state == "unknown"
