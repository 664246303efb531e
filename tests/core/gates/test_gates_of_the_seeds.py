"""The seeds' own numbers: what each gate should have said of the runs that were written down."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from trainui.core.gates import Judge, Point, State, Verdict, parse_gates

AST_FIRST_TRY = {"val_acc": {1: 40.61, 8: 13.42}}
"""Attempt 1 of the audio transformer: only its first and last epoch are known, a straight line lies between."""
TEACHER = {
    "train_loss": {1: 15.234, 10: 5.432, 20: 2.345, 40: 1.234, 60: 0.892, 80: 0.654, 100: 0.543, 120: 0.478},
    "val_loss": {1: 16.123, 10: 6.234, 20: 3.456, 40: 2.123, 60: 1.789, 80: 1.567, 100: 1.456, 120: 1.523},
    "train_wer": {1: 95.3, 10: 65.2, 20: 42.1, 40: 28.5, 60: 22.3, 80: 18.9, 100: 16.2, 120: 14.8},
    "val_wer": {1: 97.8, 10: 72.1, 20: 48.5, 40: 35.2, 60: 29.8, 80: 26.4, 100: 24.7, 120: 25.1},
}
LIBRI = {"val_acc": {1: 53.8, 2: 53.8, 3: 46.2, 4: 61.5, 5: 45.9}}
FROZEN = {"val_acc": dict.fromkeys(range(1, 7), 29.2), "train_loss": dict.fromkeys(range(1, 7), 0.693)}

DIVERGED = {"role": "flag", "test": "regress", "metric": "val_acc", "ref": "best", "by": "8 points", "for": 2}
EPOCH_1 = {"role": "expect", "test": "value", "left": "at(val_acc, epoch 1)", "op": ">=", "right": 46}
EPOCH_1 |= {"when": "at epoch 1", "on": {"failed": ["flag", "notify"]}}
CHANCE = {"role": "flag", "test": "value", "left": "median(train_loss, 3 epochs)", "op": "outside"}
CHANCE |= {"right": [0.683, 0.705], "grace": "3 epochs", "for": 2}
STUCK = {"role": "flag", "test": "value", "left": "distinct(val_acc, 4 epochs)", "op": ">=", "right": 2}
STUCK |= {"grace": "4 epochs"}


OVERFIT = {"role": "flag", "test": "overfit", "val": "val_loss", "train": "train_loss", "by": "3%", "for": 3}
WER_CURVE = {"role": "expect", "test": "track", "metric": "val_wer", "tol": "5%", "side": "above", "for": 3}
WER_CURVE |= {"points": [[1, 98], [5, 80], [10, 65], [50, 35], [80, 28], [100, 26], [120, 24.5]]}


def wer(limit: float, **more: object) -> dict[str, object]:
    return {"role": "criterion", "test": "value", "left": "best(val_wer)", "op": "<", "right": limit, **more}


def stall(metric: str, delta: object, window: str, **more: object) -> dict[str, object]:
    return {"role": "flag", "test": "stall", "metric": metric, "min_delta": delta, "window": window, **more}


def drawn(table: Mapping[str, Mapping[int, float]]) -> list[Point]:
    """One point per metric and epoch, on straight lines between the numbers that are known."""
    points = []
    last = max(epoch for known in table.values() for epoch in known)
    for epoch in range(1, last + 1):
        for metric, known in table.items():
            left = max(e for e in known if e <= epoch)
            right = min(e for e in known if e >= epoch)
            share = 0.0 if left == right else (epoch - left) / (right - left)
            value = known[left] + share * (known[right] - known[left])
            points.append(Point(metric=metric, step=epoch * 10, value=value, epoch=epoch, at=epoch * 60.0))
    return points


def judged(gate: Mapping[str, object], points: Sequence[Point]) -> list[Verdict]:
    judge = Judge(parse_gates([{"id": "g", **gate}]))
    verdicts = [verdict for point in points for verdict in judge.feed(point)]
    return verdicts + judge.end(result="finished", exit_code=0, at=1e6)


@pytest.mark.parametrize(
    ("gate", "table", "state", "epoch"),
    [
        (EPOCH_1, AST_FIRST_TRY, State.FAILED, 1),
        (DIVERGED, AST_FIRST_TRY, State.WARN, 4),
        (DIVERGED, AST_FIRST_TRY, State.TRIPPED, 5),
        (CHANCE, FROZEN, State.TRIPPED, 4),
        (STUCK, FROZEN, State.TRIPPED, 4),
        (wer(30), TEACHER, State.PASSED, 60),
        (wer(25), TEACHER, State.PASSED, 97),
        (wer(20), TEACHER, State.FAILED, 120),
        (stall("val_loss", "2%", "8 epochs", grace="5 epochs"), TEACHER, State.TRIPPED, 103),
        (stall("val_loss", 0.001, "15 epochs"), TEACHER, State.TRIPPED, 115),
        (wer(35, when="end"), TEACHER, State.PASSED, 120),
        (
            {**wer(100), "left": "first-epoch(val_wer < 25)", "bands": [[0, "stretch"], [80, "target"]]},
            TEACHER,
            State.PASSED,
            97,
        ),
        (
            {
                **wer(15),
                "role": "flag",
                "left": "median(val_wer, 3 epochs)",
                "minus": "median(train_wer, 3 epochs)",
            },
            TEACHER,
            State.OK,
            1,
        ),
        (OVERFIT, TEACHER, State.TRIPPED, 116),
        ({**OVERFIT, "primary": "val_wer"}, TEACHER, State.TRIPPED, 116),
        (WER_CURVE, TEACHER, State.TRIPPED, 6),
        ({**wer(5), "left": "drawdown(val_acc, epochs 1..10)", "when": "at epoch 5"}, LIBRI, State.FAILED, 5),
    ],
)
def test_the_seeds_numbers_bring_the_verdict_where_they_should(gate, table, state, epoch):
    """Epochs as the prototype measured them."""
    found = [(verdict.state, verdict.epoch) for verdict in judged(gate, drawn(table))]
    assert (state, epoch) in found


def test_a_gate_on_the_first_epoch_says_what_it_saw():
    verdict = judged(EPOCH_1, drawn(AST_FIRST_TRY))[0]
    assert verdict.reason == "at(val_acc, epoch 1) is 40.61 (should be >= 46)"
    assert verdict.value == 40.61
    assert verdict.actions == ("flag", "notify")
    assert verdict.window == (40.61,)


def test_a_divergence_says_how_far_and_how_often():
    tripped = judged(DIVERGED, drawn(AST_FIRST_TRY))[-1]
    assert tripped.reason == "val_acc is 25.07, 15.54 worse than its best of 40.61 (8 allowed), 2 in a row"


def test_the_published_swing_is_a_drawdown_and_not_a_range():
    """61.5 - 45.9 = 15.6 was called a variance; a climb from 50 to 78 has none of it and a range of 28."""
    climb = {"val_acc": {1: 50.0, 10: 78.0}}
    for table, drawdown, spread in ((LIBRI, 15.6, 15.6), (climb, 0.0, 28.0)):
        for reducer, value in (("drawdown", drawdown), ("range", spread)):
            gate = {**wer(99), "left": f"{reducer}(val_acc)", "when": "end"}
            assert judged(gate, drawn(table))[-1].value == pytest.approx(value)


def test_the_standard_deviation_is_the_one_the_seeds_mean():
    gate = {**wer(99), "left": "std(val_acc)", "when": "end"}
    assert judged(gate, drawn(LIBRI))[-1].value == pytest.approx(5.78, abs=0.01)


def every_gate():
    """All gates of the seeds as they were written down, and the goals of their metrics."""
    with (Path(__file__).parent / "data" / "seeds.toml").open("rb") as file:
        written = tomllib.load(file)
    goals = {name: metric["goal"] for name, metric in written["metric"].items() if metric["goal"] != "none"}
    return parse_gates(written["gate"], goals=goals)


def test_all_gates_of_the_seeds_are_read_and_all_end_with_a_word():
    """Nothing stays pending: what could not be seen is unknown."""
    gates = every_gate()
    judge = Judge(gates)
    for point in drawn(TEACHER):
        judge.feed(point)
    judge.end(result="finished", exit_code=0, at=1e6)
    ended = {name: verdict.state for name, verdict in judge.current().items()}
    assert len(gates) == len({gate.digest for gate in gates}) == 76
    assert State.PENDING not in ended.values()
    said = {
        name: ended[name]
        for name in ("004.mvp", "004.stretch", "004.overfitting", "004.completes", "004.both-plateau-early")
    }
    assert said == {
        "004.mvp": State.PASSED,
        "004.stretch": State.FAILED,
        "004.overfitting": State.TRIPPED,
        "004.completes": State.PASSED,
        "004.both-plateau-early": State.OK,
    }
    assert ended["001.H1-gain"] is ended["003.student-fps"] is State.UNKNOWN


def test_two_expected_curves_of_one_run_hold_at_once_only_with_room():
    """Within 15 % the healthy table keeps to the other document's curve; within 5 % one refutes the other."""
    assert [v.state for v in judged(WER_CURVE | {"tol": "15%"}, drawn(TEACHER))] == [State.OK]
