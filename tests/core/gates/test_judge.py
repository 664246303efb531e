"""Where gates stand as numbers come: states, moments, endings, questions and gates made of gates."""

from __future__ import annotations

import math

import pytest

from trainui.core.errors import NotFoundError, UserError
from trainui.core.gates import State

NAN, INF = math.nan, math.inf


def value(left: str, op: str, right: object, role: str = "flag", **more: object) -> dict[str, object]:
    return {"id": "g", "role": role, "test": "value", "left": left, "op": op, "right": right, **more}


def flag(test: str, **more: object) -> dict[str, object]:
    return {"id": "g", "role": "flag", "test": test, **more}


STALL = flag("stall", metric="loss", min_delta=0.1, window="3 epochs", clear_for=1)
FINITE = flag("finite", metrics=["loss"])
REGRESS = flag("regress", metric="acc", by=5)


@pytest.mark.parametrize(
    ("gate", "values", "story"),
    [
        # value as a flag: for, clear_for, warn_at, grace, when
        (value("last(loss)", "<", 5), [1, 9, 1], "ok@1 tripped@2 ok@3"),
        (
            value("last(loss)", "<", 5, **{"for": 2}),
            [1, 9, 1, 9, 9, 1, 1],
            "ok@1 warn@2 ok@3 warn@4 tripped@5 ok@7",
        ),
        (value("last(loss)", "<", 5, clear_for=3), [9, 1, 1, 9, 1, 1, 1], "tripped@1 ok@7"),
        (value("last(loss)", "<", 5, **{"for": "2m"}), [9, 9, 9, 9], "warn@1 tripped@3"),
        (value("last(loss)", "<=", 8, warn_at=6), [6, 7, 8, 9, 7], "ok@1 warn@2 tripped@4 warn@5"),
        (value("last(loss)", "<", 5, grace="3 epochs"), [9, 9, 9, 1], "tripped@3 ok@4"),
        (value("last(loss)", "<", 5, grace="2 points"), [9, 9, 9, 1], "tripped@3 ok@4"),
        (value("last(loss)", "<", 5, when="from epoch 3"), [9, 9, 9, 1], "tripped@3 ok@4"),
        (value("last(loss)", "<", 5, when="until epoch 2"), [9, 1, 9, 9], "tripped@1 ok@2"),
        (value("last(loss)", "<", 5, when="at epoch 2"), [9, 1, 9], "ok@2"),
        (value("last(loss)", "<", 5, when="every 2m"), [9, 1, 9, 1, 1], "tripped@3 ok@5"),
        (value("last(loss)", "within", [1, 2]), [1, 2, 2.5], "ok@1 tripped@3"),
        (value("last(loss)", "outside", [1, 2]), [1, 2, 2.5], "tripped@1 ok@3"),
        # criteria: a claim that can only become truer passes at once, one that cannot any more fails at once
        (value("best(loss)", "<", 5, "criterion"), [9, 4, NAN, 9], "ok@1 passed@2"),
        (value("max(loss)", "<=", 5, "criterion"), [1, 9, 1], "ok@1 failed@2"),
        (value("last(loss)", "<", 5, "criterion"), [9, 4, 9], "ok@1 failed@3"),
        (value("last(loss)", "<", 5, "criterion"), [9, 9, 4], "ok@1 passed@3"),
        (value("best(loss)", "<", 5, "criterion"), [9, 8], "ok@1 failed@2"),
        (value("best(loss)", "<", 5, "criterion", when="until epoch 2"), [9, 8, 1], "ok@1 failed@3"),
        (value("best(loss)", "<", 5, "expect", when="end"), [1, 9], "passed@2"),
        (value("at(loss, epoch 2)", "<", 5, "hypothesis", when="at epoch 2"), [9, 1, 9], "passed@2"),
        (value("first-epoch(loss < 5)", "<", 3, "criterion"), [9, 1, 9], "passed@2"),
        (value("first-epoch(loss < 5)", "<", 3, "criterion"), [9, 9, 9], "failed@3"),
        # what is not a number is never read as ok
        (value("last(loss)", "<", 5), [NAN, 1, NAN, 1], "unknown@1 ok@2 unknown@3 ok@4"),
        (value("last(loss)", "<", 5), [9, NAN], "tripped@1"),
        (value("mean(loss, 2 epochs)", "<", 5), [1, NAN, INF], "ok@1 unknown@3"),
        (value("best(loss)", "<", 5, "criterion"), [NAN, NAN], "unknown@1"),
        (FINITE, [1, NAN, 1, INF, -INF, 1, 1], "ok@1 warn@2 ok@3 warn@4 tripped@5"),
        (FINITE | {"k": 1}, [NAN, 1], "tripped@1"),
        (FINITE | {"zero_is_bad": True}, [1, 0, 0], "ok@1 warn@2 tripped@3"),
        (FINITE | {"zero_is_bad": True}, [0.04, 0, 0], "ok@1"),
        (STALL, [3, 2, 1, 1, 1, 1, NAN, 0.9, 0.5], "ok@4 tripped@6 ok@9"),
        (STALL, [3, 2, NAN, NAN, NAN, NAN], "tripped@5"),
        (STALL | {"min_delta": 0}, [3, 3, 3, 3], "tripped@4"),
        (STALL, [3, 3], "unknown@2"),
        (REGRESS, [50, 44, 46], "ok@1 tripped@2 ok@3"),
        (REGRESS, [50, NAN, 60, 54], "ok@1 unknown@2 ok@3 tripped@4"),
        (REGRESS | {"by": "10%"}, [50, 45, 44], "ok@1 tripped@3"),
        (REGRESS | {"ref": "first"}, [50, 90, 46, 44], "ok@1 tripped@4"),
        (REGRESS | {"window": 3}, [50, 10, 50, 50, 10, 10], "ok@1 tripped@2 ok@3 tripped@6"),
    ],
)
def test_a_gate_goes_through_its_states(bench, gate, values, story):
    metric = "acc" if gate["test"] == "regress" else "loss"
    assert bench(gate).feed(metric, *values).end().story == story


@pytest.mark.parametrize(
    ("gate", "values", "reason"),
    [
        (STALL | {"min_delta": "1%", "window": "8 epochs"}, [1] * 8 + [0.996], "best loss moved 0.4 % in 8 epochs (1 % expected)"),
        (FINITE, [1] * 22 + [NAN, NAN], "loss was nan twice in a row at step 240"),
        (FINITE | {"k": 3}, [-INF] * 3, "loss was -inf 3 times in a row at step 30"),
        (value("last(loss)", "<", 5), [7.12345], "last(loss) is 7.123 (should be < 5)"),
        (value("last(loss)", "<", 5), [NAN], "loss was never finite"),
        (value("last(loss)", "<", 5), [1, NAN], "loss is not finite"),
        (value("best(loss)", ">", 75, bands=[[0, "poor"], [75, "ready"]]), [80], "best(loss) is 80 (should be > 75): ready"),
        (value("last(loss)", ">", "best(loss)"), [9, 2], "last(loss) is 9 (should be > best(loss), 9)"),
    ],
)  # fmt: skip
def test_a_reason_is_one_sentence_for_people(bench, gate, values, reason):
    assert bench(gate).feed("loss", *values).said[-1].reason == reason


@pytest.mark.parametrize(
    ("gate", "result", "state", "reason"),
    [
        (value("best(mae)", "<", 5, "criterion"), "finished", "unknown", "metric mae never appeared"),
        (value("max(@wall_h)", "<", 5), "finished", "unknown", "@wall_h was never measured"),
        (FINITE | {"metrics": ["loss", "mae"]}, "finished", "unknown", "metric mae never appeared"),
        (value("best(loss)", "<", 1, "criterion"), "failed", "unknown", "the run failed before it was decided; best(loss) is 2 (should be < 1)"),
        (value("best(loss)", "<", 1, "criterion"), "stopped", "unknown", "the run was stopped before it was decided; best(loss) is 2 (should be < 1)"),
        (value("best(loss)", "<", 5, "criterion"), "failed", "passed", "best(loss) is 4 (should be < 5)"),
        (value("last(loss)", "<", 1, "criterion", when="at epoch 9"), "finished", "unknown", "the run ended at epoch 3, before epoch 9"),
        (value("last(loss)", "<", 1, when="from epoch 9"), "finished", "unknown", "the run ended at epoch 3, before epoch 9"),
        (value("last(loss)", "<", 1, grace="9 epochs"), "finished", "unknown", "the run ended within its grace of 9 epochs"),
        (value("at(loss, epoch 2)", "<", 9, "criterion", when="end"), "finished", "passed", "at(loss, epoch 2) is 3 (should be < 9)"),
        (value("a: best(loss)", "<", 9, "hypothesis", when="end"), "finished", "unknown", "a: best(loss) needs other runs"),
        (value("best(loss)", "<", "b: best(loss)", "hypothesis", when="end"), "finished", "unknown", "b: best(loss) needs other runs"),
        (value("last(loss)", "<", 1), "failed", "tripped", "last(loss) is 4 (should be < 1)"),
        (value("last(loss)", ">", 1), "failed", "ok", "last(loss) is 2 (should be > 1)"),
        (value("last(loss)", "<", 5, over="max(loss)"), "finished", "ok", "last(loss) / max(loss) is 0.5 (should be < 5)"),
    ],
)  # fmt: skip
def test_the_end_of_a_run_is_the_last_word(bench, gate, result, state, reason):
    """What was never seen is unknown, and says so; flags stay as they are."""
    ended = bench(gate).feed("loss", 4, 3, 2).end(result)
    assert ended.now.state == state
    assert ended.now.reason == reason
    assert ended.feed("loss", 0, first=4).now.state == state


def test_an_epoch_that_was_missed_is_unknown_not_guessed(bench):
    """Evaluations every 20 epochs say nothing of epoch 10."""
    gate = value("at(loss, epoch 10)", "<", 5, "criterion", when="at epoch 10")
    missed = bench(gate).feed("loss", 9, first=1).feed("loss", 1, first=20)
    assert (missed.now.state, missed.now.reason) == (State.UNKNOWN, "loss has no value at epochs 10..10")


def test_a_run_without_epochs_ends_before_any_of_them(bench):
    gate = value("best(loss)", "<", 5, "criterion", when="at epoch 10")
    verdict = bench(gate).feed("loss", 9, epochs=False).end().now
    assert (verdict.state, verdict.reason) == (
        State.UNKNOWN,
        "the run ended without an epoch, before epoch 10",
    )


def test_a_metric_without_epochs_uses_the_epoch_the_run_is_in(bench):
    gate = value("median(loss, 2 epochs)", "<", 5)
    assert bench(gate).feed("loss", 1, epochs=False).end().now.reason == "loss was logged without an epoch"
    assert bench(gate).feed("other", 1).feed("loss", 1, epochs=False).now.state == "ok"


def test_a_difference_is_evaluated_once_per_pair_whichever_comes_first(bench):
    """Two metrics of one line arrive one after the other: that is one evaluation, not two."""
    gate = value("last(val)", "<=", 1, minus="last(train)", **{"for": 2})
    for order in (("val", "train"), ("train", "val")):
        judged = bench(gate)
        for epoch, gap in enumerate([0, 5, 0, 5, 5], start=1):
            for metric in order:
                judged.feed(metric, gap if metric == "val" else 0, first=epoch)
        assert judged.story == "ok@1 warn@2 ok@3 warn@4 tripped@5"


def test_a_sparse_partner_does_not_hold_a_difference_up(bench):
    """A baseline measured once is used again and again, and a frequent one does not multiply evaluations."""
    gate = value("last(val)", "<=", 1, minus="last(base)", **{"for": 3})
    assert bench(gate).feed("base", 0).feed("val", 5, 5, 5, 5, 5).now.state == "tripped"
    often = bench(gate).feed("base", 0, 0, 0, 0).feed("val", 5).feed("base", 0, 0, 0, 0)
    assert often.now.state == "warn"


def test_meters_are_judged_and_a_meter_that_counts_up_is_not_summed_twice(bench):
    hours = value("max(@wall_h)", "<=", 8, "budget", warn_at=6)
    assert [v.state for v in bench(hours).meter("@wall_h", 1, 7, 9).said] == ["ok", "warn", "tripped"]
    assert bench(value("sum(@cost_usd)", "<=", 10)).meter("@cost_usd", 4, 5, 6).now.value == 6
    ram = value("last(@host_mem_gb)", "<=", 12, "budget", warn_at=10.8, **{"for": "2m"})
    assert [v.state for v in bench(ram).meter("@host_mem_gb", 11, 13, 13, 13).said] == ["warn", "tripped"]


def test_epochs_are_counted_from_the_points_themselves(bench):
    gate = value("max(@epoch)", ">=", 3, "criterion", when="end", protect=True)
    assert bench(gate).feed("loss", 1, 1, 1).end().now.state == "passed"
    assert bench(gate).feed("loss", 1, 1).end().now.state == "failed"


def test_actions_come_with_the_change_and_people_are_told_once(bench):
    gate = value("last(loss)", "<", 5, on={"tripped": ["flag", "notify", "stop"], "ok": ["flag"]})
    told = [verdict.actions for verdict in bench(gate).feed("loss", 9, 9, 1, 9).said]
    assert told == [("flag", "notify", "stop"), ("flag",), ("flag", "stop")]
    assert bench(gate).feed("loss", 9).now.actions == ()


def test_the_newest_value_is_shown_though_nothing_changed(bench):
    judged = bench(value("best(loss)", "<", 1, "criterion")).feed("loss", 5, 4, 3)
    assert (judged.story, judged.now.value, judged.now.epoch, judged.now.window) == ("ok@1", 3, 3, (5, 4, 3))
    passed = judged.feed("loss", 0.5, 0.1, first=4)
    assert (passed.now.state, passed.now.value, passed.now.epoch) == ("passed", 0.5, 4)


STABLE = {**value("best(acc)", ">", 55, "criterion"), "id": "stable"}
DIVERGED = {**REGRESS, "id": "diverged"}
PROCEED = {"id": "go", "role": "criterion", "test": "all", "of": ["stable", "!diverged"], "when": "end"}


@pytest.mark.parametrize(
    ("values", "result", "state"),
    [
        ([50, 60], "finished", "passed"),
        ([50, 54], "finished", "failed"),
        ([60, 50], "finished", "failed"),
        ([], "finished", "unknown"),
        ([50], "failed", "unknown"),
        ([50, 40], "failed", "failed"),  # it had diverged: that much is known
    ],
)
def test_all_of_a_criterion_and_a_flag_that_must_not_trip(bench, values, result, state):
    """Members come after the gate that names them, and have their last word first."""
    judged = bench(PROCEED, STABLE, DIVERGED).feed("acc", *values).end(result)
    assert judged.now.state == state


def test_any_passes_with_the_first_and_a_flag_of_flags_trips_when_all_have(bench):
    other = {**STABLE, "id": "other", "left": "best(f1)"}
    launch = {"id": "go", "role": "criterion", "test": "any", "of": ["other", "stable"]}
    launch["on"] = {"passed": ["launch:next"]}
    judged = bench(launch, STABLE, other).feed("acc", 50, 60)
    assert [(v.gate, v.state, v.actions) for v in judged.said[-1:]] == [("go", "passed", ("launch:next",))]
    stalls = [flag("stall", metric=m, min_delta=0.1, window=1) | {"id": m} for m in ("a", "b")]
    both = {"id": "both", "role": "flag", "test": "all", "of": ["a", "b"], "when": "until epoch 9"}
    judged = bench(both, *stalls).feed("a", 1, 1).feed("b", 1, 2)
    assert judged.now.state == "ok"
    assert judged.feed("b", 2, first=3).now.state == "tripped"
    assert judged.now.reason == "a tripped, b tripped"


ASK = {"id": "q", "test": "ask", "question": "curves plausible?"}


def test_a_question_waits_until_it_is_answered(bench):
    judged = bench(ASK | {"when": "at epoch 3"}).feed("loss", 1, 1)
    assert judged.now.state == "pending"
    assert (judged.feed("loss", 1, first=3).now.state, judged.now.reason) == (
        "warn",
        "asks: curves plausible?",
    )
    (answer,) = judged.judge.answer("q", True, who="mara", note="smooth", at=500.0)
    assert (answer.state, answer.at) == ("passed", 500.0)
    assert answer.reason == "mara says yes to 'curves plausible?': smooth"
    assert judged.end().now.state == "passed"


def test_a_question_comes_back_every_two_hours(bench):
    judged = bench(ASK | {"when": "every 2h"})
    judged.meter("@wall_h", 0, 2, at=0, apart=7200.0)
    assert judged.now.state == "warn"
    judged.judge.answer("q", False, who="mara", note="", at=7300.0)
    assert judged.meter("@wall_h", 3, at=10000.0).now.state == "failed"
    assert judged.meter("@wall_h", 4, at=14400.0).now.state == "warn"


def test_a_question_may_be_answered_after_the_end_and_what_hangs_on_it_follows(bench):
    judged = bench(
        {"id": "gate4", "role": "criterion", "test": "all", "of": ["stable", "q"]},
        STABLE,
        ASK | {"when": "end", "needs": ["stable"]},
    )
    judged.feed("acc", 60).end()
    states = {name: verdict.state for name, verdict in judged.judge.current().items()}
    assert states == {"gate4": "unknown", "stable": "passed", "q": "unknown"}
    changed = judged.judge.answer("q", True, who="mara", note="", at=2e5)
    assert [(v.gate, v.state) for v in changed] == [("q", "passed"), ("gate4", "passed")]


def test_only_questions_can_be_answered(bench):
    judge = bench(STABLE).judge
    with pytest.raises(NotFoundError, match="no gate is called 'stabel'"):
        judge.answer("stabel", True, who="", note="", at=0)
    with pytest.raises(UserError, match="asks nothing"):
        judge.answer("stable", True, who="", note="", at=0)


def test_a_run_that_starts_over_in_one_file_is_not_judged_by_its_former_self(bench):
    """Five folds in one log: the window of the second fold holds nothing of the first."""
    gate = value("max(loss, 2 epochs)", "<", 5)
    judged = bench(gate).feed("loss", 1, 1, 1, 9, 9).feed("loss", 1, first=1)
    assert (judged.now.state, judged.now.value) == ("ok", 1)
