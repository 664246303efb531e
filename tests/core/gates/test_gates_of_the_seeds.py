"""What the gates of the seeds say in words, and how they were read where the seeds can be read in two ways."""

from __future__ import annotations

from dataclasses import replace

import pytest
from seed_drive import drawn, study_file, told
from seed_judge import gates, story
from seed_numbers import AMI, AST_FIRST_TRY, EXPECTED_WER, HEALTHY, LIBRI, REALLY

from trainui.core.gates import Judge, Point, State, Verdict, parse_gates
from trainui.core.gates.rule import Grade
from trainui.core.gates.study import StudyJudge
from trainui.core.spec.study import load_studies

EVERY_GATE = [gate for seed in ("000", "001", "002", "003") for gate in gates(seed)]


def judged(table: dict[str, object], metric: str, series: object) -> list[Verdict]:
    """One gate over one metric, to the end."""
    judge = Judge(parse_gates([{"id": "g", **table}]))
    pairs = drawn(series) if isinstance(series, dict) else list(enumerate(series, start=1))
    verdicts = []
    for epoch, value in pairs:
        point = Point(metric=metric, step=epoch * 10, value=value, epoch=float(epoch), at=epoch * 60.0)
        verdicts += judge.feed(point)
    return verdicts + judge.end(result="finished", exit_code=0, at=1e6)


def whole(gate: str) -> Judge:
    return Judge([one for one in EVERY_GATE if one.id == gate])


def fed(gate: str, metric: str, series: object) -> list[Verdict]:
    judge, verdicts = whole(gate), []
    for epoch, value in drawn(series):
        verdicts += judge.feed(Point(metric=metric, step=epoch * 10, value=value, epoch=epoch, at=epoch * 60))
    return verdicts


def test_a_gate_on_the_first_epoch_says_what_it_saw():
    (verdict,) = fed("002.epoch1", "Val Acc", AST_FIRST_TRY)
    assert verdict.reason == "at(val_acc, epoch 1) is 40.61 (should be >= 46)"
    assert (verdict.state, verdict.value, verdict.epoch) == (State.FAILED, 40.61, 1)
    assert verdict.actions == ("flag", "notify")
    assert verdict.window == (40.61,)


def test_a_divergence_says_how_far_and_how_often():
    tripped = fed("002.diverged", "Val Acc", AST_FIRST_TRY)[-1]
    assert tripped.reason == "val_acc is 25.07, 15.54 worse than its best of 40.61 (8 allowed), 2 in a row"
    assert tripped.actions == ("flag", "notify", "checkpoint", "stop")


def test_a_curve_that_is_left_says_where_it_should_be():
    verdicts = fed("003.curve", "Val WER", REALLY)
    assert [(one.state, one.epoch) for one in verdicts] == [
        (State.OK, 1),
        (State.WARN, 5),
        (State.TRIPPED, 7),
    ]
    assert verdicts[-1].reason.startswith("val_wer is 95.72, where 74 was expected at epoch 7")


@pytest.mark.parametrize("written", ["train/loss", "Train Loss", "loss", "Loss"])
def test_a_gate_hears_a_metric_under_every_name_its_study_knows(written):
    assert fed("001.loss-chance", written, {1: 0.693, 6: 0.693})[-1].state is State.TRIPPED


def test_an_accuracy_written_as_a_fraction_is_the_same_accuracy():
    as_percent = story("001.production", told({"val_acc": [48, 70]}))
    assert story("001.production", told({"val_acc": [0.48, 0.70]})) == as_percent


def test_a_gain_of_15_48_meets_the_hypothesis_by_the_letter_and_is_too_close_to_call_by_its_samples():
    """76.98 against the published 61.50, of 500 and of 1,000 samples."""
    values = [76.98, 61.5]
    asked = next(gate for gate in EVERY_GATE if gate.id == "001.H1-gain").params.claim
    assert asked.value(values) == pytest.approx(15.48)
    assert asked.grade(values) is Grade.CLOSE
    assert replace(asked, confidence=None).grade(values) is Grade.GOOD
    low, high = asked.interval(values)
    assert (low, high) == pytest.approx((11.4, 19.4), abs=0.1)
    assert "too close to call" in asked.says(values)


def test_the_published_swing_is_a_drawdown_and_not_a_range():
    """61.5 - 45.9 = 15.6 was called a variance; a climb from 50 to 78 has none of it and a range of 28."""
    for series, drawdown, spread in ((LIBRI, 15.6, 15.6), (AMI, 0.0, 28.0)):
        for reducer, value in (("drawdown", drawdown), ("range", spread)):
            gate = {
                "role": "criterion",
                "test": "value",
                "left": f"{reducer}(val_acc)",
                "op": "<",
                "right": 99,
            }
            assert judged({**gate, "when": "end"}, "val_acc", series)[-1].value == pytest.approx(value)


def test_the_standard_deviation_is_the_one_the_seeds_mean():
    gate = {
        "role": "criterion",
        "test": "value",
        "left": "std(val_acc)",
        "op": "<",
        "right": 99,
        "when": "end",
    }
    assert judged(gate, "val_acc", LIBRI)[-1].value == pytest.approx(5.78, abs=0.01)


def test_two_expected_curves_of_one_run_hold_at_once_only_with_room():
    """Within 15 % the healthy table of 004 keeps to the curve of 003; within 5 % one refutes the other."""
    curve = {"role": "expect", "test": "track", "metric": "val_wer", "side": "above", "for": 3}
    curve |= {"points": [[epoch, wer] for epoch, wer in EXPECTED_WER.items()]}
    states = {
        tol: [one.state for one in judged({**curve, "tol": tol}, "val_wer", HEALTHY["val_wer"])]
        for tol in ("15%", "5%")
    }
    assert states["15%"] == [State.OK]
    assert State.TRIPPED in states["5%"]


@pytest.mark.parametrize(
    ("hours", "why"),
    [(1, "the run ended before it was asked: curves"), (3, "nobody has answered: curves still plausible?")],
)
def test_a_question_nobody_was_asked_is_told_from_one_that_nobody_answered(hours, why):
    judge = whole("000.look-in")
    for at in range(hours + 1):
        judge.feed(Point(metric="train/loss", step=at, value=1.0, epoch=at, at=at * 3600.0))
    (verdict,) = judge.end(result="finished", exit_code=0, at=hours * 3600.0)
    assert verdict.state is State.UNKNOWN
    assert verdict.reason.startswith(why)


def test_a_comparison_names_the_run_that_ended_too_early_for_it():
    """And not the one that has not begun."""
    (study,) = load_studies(study_file("001"))
    judge = StudyJudge(study.plan)
    for epoch, value in enumerate(LIBRI, start=1):
        judge.feed(
            "libri", "libri-1", Point(metric="Val Acc", step=epoch, value=value, epoch=epoch, at=epoch)
        )
    judge.end("libri", "libri-1", result="finished", exit_code=0, at=99)
    verdict = judge.current()["001.compare-10"]
    assert (verdict.state, verdict.reason) == (State.UNKNOWN, "libri-1 ended at epoch 5, before epoch 10")


def test_nothing_of_a_run_is_left_pending_at_its_end():
    """What could not be seen is unknown."""
    ended = {}
    for seed in ("000", "001", "002", "003"):
        judge = Judge(gates(seed))
        judge.end(result="finished", exit_code=0, at=1e6)
        ended |= {name: verdict.state for name, verdict in judge.current().items()}
    assert len(ended) == 76
    assert {state for name, state in ended.items() if name != "004.completes"} == {State.UNKNOWN}
    assert ended["004.completes"] is State.PASSED


def test_each_gate_has_a_digest_of_its_own():
    assert len({gate.digest for gate in EVERY_GATE}) == 76
