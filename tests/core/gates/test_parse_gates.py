"""What may be written in a [[gate]] table, and the sentence for what may not."""

from __future__ import annotations

import json

import pytest

from trainui.core.errors import SpecError
from trainui.core.gates import State, Words, default_goal, parse_gates

GOOD = {
    "id": "mae-100",
    "role": "criterion",
    "test": "value",
    "left": "best(val/mae)",
    "op": "<",
    "right": 100,
}
FLAG = {
    "id": "f",
    "role": "flag",
    "test": "stall",
    "metric": "val/mae",
    "min_delta": "1%",
    "window": "8 epochs",
}
ASK = {"id": "q", "test": "ask", "question": "go on?"}


def without(table, key):
    return {name: raw for name, raw in table.items() if name != key}


@pytest.mark.parametrize(
    ("tables", "sentence"),
    [
        ([{**GOOD, "op": "=<"}], "gate 'mae-100': op '=<' is not known (did you mean '<='?)"),
        (
            [{**GOOD, "opp": "<"}],
            "gate 'mae-100': key 'opp' is not known to test 'value' (did you mean 'op'?)",
        ),
        ([without(GOOD, "right")], "gate 'mae-100': right is missing (test 'value' needs left, op, right)"),
        ([without(GOOD, "role")], "gate 'mae-100': role is missing"),
        ([without(GOOD, "id")], "gate '#1': id is missing"),
        ([without(GOOD, "test")], "gate 'mae-100': test is missing"),
        ([{**GOOD, "test": "valeu"}], "gate 'mae-100': test 'valeu' is not known (did you mean 'value'?)"),
        ([{**GOOD, "role": "criterium"}], "role 'criterium' is not known (did you mean 'criterion'?)"),
        ([{**GOOD, "left": "bets(val/mae)"}], "reducer 'bets' is not known; did you mean 'best'?"),
        ([{**GOOD, "left": "val/mae"}], "is not of the form reducer(metric), for example last(val/mae)"),
        ([{**GOOD, "left": "last(@cost)"}], "meter '@cost' is not known; did you mean '@cost_usd'?"),
        ([{**GOOD, "left": "at(val/mae)"}], "should be like at(val/acc, epoch 10)"),
        ([{**GOOD, "left": "first-epoch(val/mae)"}], "should be like first-epoch(val/wer < 25)"),
        ([{**GOOD, "left": "mean(val/mae, 3 weeks)"}], "it should be in points, epochs, steps"),
        ([{**GOOD, "left": "mean(val/mae, epochs 9..3)"}], "ends before it begins"),
        ([{**GOOD, "right": True}], "gate 'mae-100': right should be a number, not True"),
        ([{**GOOD, "right": float("nan")}], "right should be a number, not nan"),
        ([{**GOOD, "op": "within"}], "right should be [low, high] with op 'within', not 100"),
        ([{**GOOD, "op": "within", "right": [9, 1]}], "right should be [low, high]"),
        ([{**GOOD, "minus": "best(a)", "over": "best(b)"}], "minus and over exclude each other"),
        ([{**GOOD, "warn_at": 120}], "warn_at = 120 should lie where the claim still holds"),
        ([{**GOOD, "confidence": 90}], "confidence should lie between 0 and 1"),
        ([{**GOOD, "bands": [["75", "x"]]}], "bands should be a list like"),
        ([{**GOOD, "for": 2}], "for and clear_for belong to flags"),
        ([{**GOOD, "when": "at epoch ten"}], "when = 'at epoch ten': it should be"),
        ([{**GOOD, "grace": "-3"}], "grace = '-3': it should be like"),
        ([{**GOOD, "on": {"trip": ["flag"]}}], "on.trip is no state (did you mean 'tripped'?)"),
        ([{**GOOD, "on": {"failed": ["stpo"]}}], "action 'stpo' is not known (did you mean 'stop'?)"),
        ([{**GOOD, "on": {"failed": "stop"}}], "on.failed should be a list of actions"),
        ([{**FLAG, "on": {"warn": ["stop"]}}], "on.warn may not stop"),
        ([{**FLAG, "on": {"unknown": ["stop"]}}], "on.unknown may not stop"),
        ([{**FLAG, "on": {"tripped": ["relaunch"]}}], "relaunch needs a remedy"),
        ([{**FLAG, "min_delta": "-1%"}], "it should not be negative"),
        ([{**FLAG, "protect": "yes"}], "protect should be true or false"),
        ([{"id": "n", "role": "flag", "test": "finite"}], "gate 'n': metrics is missing"),
        ([{"id": "n", "role": "flag", "test": "finite", "metrics": ["a"], "k": 0}], "whole number from 1"),
        (
            [{"id": "n", "role": "flag", "test": "finite", "metrics": ["a"], "for": 3}],
            "key 'for' is not known",
        ),
        ([{**ASK, "role": "flag"}], "role 'flag' does not go with test 'ask'"),
        ([{**ASK, "question": " "}], "question is empty"),
        ([GOOD, GOOD], "gate 'mae-100': this id is used twice"),
        (
            [GOOD, {"id": "a", "role": "criterion", "test": "all", "of": ["!mae-10"]}],
            "gate 'a': there is no gate 'mae-10' (did you mean 'mae-100'?)",
        ),
        (
            [
                {"id": "a", "role": "criterion", "test": "all", "of": ["b"]},
                {"id": "b", "role": "criterion", "test": "any", "of": ["a"]},
            ],
            "gate 'a': it rests on itself",
        ),
        ([{**ASK, "needs": ["mae-100"]}], "there is no gate 'mae-100'"),
    ],
)
def test_what_is_wrong_is_said_with_the_gate_and_what_was_meant(tables, sentence):
    with pytest.raises(SpecError) as caught:
        parse_gates(tables)
    assert str(caught.value).startswith("gate '")
    assert sentence in str(caught.value)


@pytest.mark.parametrize(
    ("table", "rule", "metric", "threshold"),
    [
        (GOOD, "best(val/mae) < 100", "val/mae", 100),
        ({**GOOD, "op": "within", "right": [8.6, 9.6]}, "best(val/mae) within 8.6..9.6", "val/mae", None),
        ({**GOOD, "minus": "last(x, 50)"}, "best(val/mae) - last(x, 50 points) < 100", "val/mae", None),
        ({**GOOD, "left": "first-epoch(wer < 25)"}, "first-epoch(wer < 25) < 100", "wer", None),
        ({**GOOD, "left": "ami: at(acc, epoch 10)"}, "ami: at(acc, epoch 10) < 100", "", 100),
        (
            {**GOOD, "left": "a: best(m)", "right": "best-of(b,c): best(m)"},
            "a: best(m) < best-of(b,c): best(m)",
            "",
            None,
        ),
        (
            {**GOOD, "left": "max(bbox AP .5, epochs 1..10)"},
            "max(bbox AP .5, epochs 1..10) < 100",
            "bbox AP .5",
            100,
        ),
        (FLAG, "best(val/mae) improves by 1 % per 8 epochs", "val/mae", None),
        (
            {"id": "r", "role": "flag", "test": "regress", "metric": "acc", "by": "8 points"},
            "acc within 8 of its best",
            "acc",
            None,
        ),
        (
            {"id": "n", "role": "flag", "test": "finite", "metrics": ["a", "b"]},
            "a, b finite, but for fewer than 2 in a row",
            "a",
            None,
        ),
        (ASK, "asks: go on?", "", None),
    ],
)
def test_a_gate_says_its_rule_and_where_its_line_lies(table, rule, metric, threshold):
    (gate,) = parse_gates([table])
    assert (gate.rule, gate.metric, gate.threshold) == (rule, metric, threshold)


def test_the_text_of_a_gate_is_read_back_to_the_same_gate():
    """The digest is the pre-registration: the goals are in it, the order of the keys is not."""
    (gate,) = parse_gates([{**GOOD, "on": {"failed": ["notify"]}}], goals={"val/mae": "min"})
    (again,) = parse_gates([json.loads(gate.text)])
    (shuffled,) = parse_gates([dict(reversed({**GOOD, "on": {"failed": ["notify"]}}.items()))])
    (edited,) = parse_gates([{**GOOD, "right": 101}])
    (turned,) = parse_gates([{**GOOD, "on": {"failed": ["notify"]}}], goals={"val/mae": "max"})
    assert again == gate
    assert gate.digest == again.digest == shuffled.digest
    assert len({gate.digest, edited.digest, turned.digest}) == 3
    assert len(gate.digest) == 64


def test_known_metrics_bind_when_they_are_known():
    assert parse_gates([GOOD], known_metrics={"val/mae"})
    with pytest.raises(SpecError, match="metric 'val/mae' is not known"):
        parse_gates([GOOD], known_metrics={"val/mse"})


def test_every_key_of_a_full_gate_is_kept():
    (gate,) = parse_gates(
        [
            {
                **FLAG,
                "quote": "validation MAE improving",
                "src": "seed 000",
                "when": "until epoch 40",
                "for": "2m",
            }
            | {"grace": "30 points", "clear_for": 5, "severity": "info", "protect": True, "run": "a,b"}
            | {
                "on": {"tripped": ["flag", "launch:eval"]},
                "remedy": ["r1"],
                "across": "any",
                "cooldown": "1h",
            }
        ]
    )
    assert (gate.quote, gate.source, str(gate.when)) == (
        "validation MAE improving",
        "seed 000",
        "until epoch 40",
    )
    assert (str(gate.for_), str(gate.clear_for), str(gate.grace)) == ("2m", "5 points", "30 points")
    assert gate.actions == {State.TRIPPED: ("flag", "launch:eval")}
    assert (str(gate.cooldown), gate.runs, gate.aliases, gate.is_across) == ("1h", ("a", "b"), (), False)
    assert (gate.remedy, gate.protect, gate.severity, gate.run) == (("r1",), True, "info", "a,b")


@pytest.mark.parametrize(
    ("metric", "goal"),
    [
        ("val/mae", "min"),
        ("boundary_mae_ms", "min"),
        ("valLoss", "min"),
        ("Val WER", "min"),
        ("eval/der", "min"),
        ("perplexity", "min"),
        ("val/acc", "max"),
        ("reorder_rate", "max"),
        ("power", "max"),
        ("mAP@0.5", "max"),
    ],
)
def test_a_metrics_name_suggests_its_goal(metric, goal):
    assert default_goal(metric) == goal


def test_a_gate_knows_which_other_runs_it_speaks_of():
    """`run` says of which runs a gate is, a prefix of which run a quantity is; only the latter makes it theirs."""
    (gate,) = parse_gates(
        [{**GOOD, "left": "ami: best(m)", "right": "best-of( mlp, contrastive ): best(m)", "run": ["ami"]}]
    )
    assert (gate.is_across, gate.aliases, gate.runs) == (True, ("ami", "mlp", "contrastive"), ("ami",))
    assert gate.rule == "ami: best(m) < best-of(mlp,contrastive): best(m)"
    (total,) = parse_gates([{**GOOD, "left": "sum-of(a,b): max(@cost_usd)", "run": "*"}])
    assert (total.aliases, total.runs, total.rule) == (("a", "b"), (), "sum-of(a,b): max(@cost_usd) < 100")
    left = total.params.quantities[0]
    assert (left.join, left.aliases) == ("sum-of", ("a", "b"))


WORDS = {
    "acc": Words(from_=("val/acc", "Val Acc"), goal="max", fraction="auto", n_eval=500),
    "lr": Words(goal="none"),
}


def test_the_words_of_a_metric_are_in_the_text_and_so_in_the_digest():
    table = {**GOOD, "left": "best(acc)", "op": ">=", "right": 75}
    (gate,) = parse_gates([table], words=WORDS)
    (again,) = parse_gates([json.loads(gate.text)])
    (other,) = parse_gates([table], words={"acc": Words(goal="max", n_eval=1000)})
    (plain,) = parse_gates([table])
    assert again == gate
    assert gate.words == {"acc": WORDS["acc"]}
    assert gate.names("acc") == ("acc", "val/acc", "Val Acc")
    assert len({gate.digest, other.digest, plain.digest}) == 3


def test_the_words_of_other_metrics_leave_a_gate_as_it_is():
    (gate,) = parse_gates([GOOD], words=WORDS)
    (plain,) = parse_gates([GOOD])
    assert gate.digest == plain.digest


def test_a_metric_without_a_goal_is_asked_for_none_where_none_is_needed():
    (gate,) = parse_gates([{**GOOD, "left": "max(lr)"}], words=WORDS)
    assert gate.rule == "max(lr) < 100"
    with pytest.raises(SpecError, match="whether lr should fall or rise, and its goal is none"):
        parse_gates([{**GOOD, "left": "best(lr)"}], words=WORDS)
    assert parse_gates([{**GOOD, "left": "best(lr)", "goal": "min"}], words=WORDS)
