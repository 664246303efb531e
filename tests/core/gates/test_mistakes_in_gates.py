"""Each mistake in a spec's gates, metrics and remedies: the line it stands on, what is wrong, and what was meant."""

from __future__ import annotations

import json
import math
import random

import pytest

from trainui.core.errors import SpecError
from trainui.core.gates import PRIMITIVES, parse_gates
from trainui.core.gates.parse import COMMON, COUNTING
from trainui.core.spec.file import load_spec

BEFORE = """\
[job]
name = "a"
command = ["{python}", "a.py"]

[params]
batch_size = 8

[metric.val_acc]
from = ["val/acc"]
goal = "max"
fraction = "auto"
n_eval = 500

[metric.lr]
goal = "none"

[[gate]]
id = "first"
role = "flag"
test = "value"
left = "last(val_acc)"
op = ">="
right = 75
warn_at = 80
for = 2
on.tripped = ["flag"]

[[remedy]]
id = "smaller"
set = { batch_size = 4 }

[[remedy]]
id = "words"
advice = true
text = "look at the data"
"""
"""A spec whose own gate has the keys that others get wrong below it."""

CRITERION = 'id = "g"\nrole = "criterion"\n'
FLAG = 'id = "g"\nrole = "flag"\n'
VALUE = CRITERION + 'test = "value"\n'
GOOD = VALUE + 'left = "best(val_acc)"\nop = ">="\nright = 75\n'
LIMIT = FLAG + 'test = "value"\nleft = "last(x)"\nop = "<="\nright = 12\n'
STALL = FLAG + 'test = "stall"\nmetric = "x"\nwindow = "8 epochs"\n'
EVENT = FLAG + 'test = "event"\n'
TRACK = FLAG + 'test = "track"\nmetric = "x"\nside = "above"\n'
ALL = CRITERION + 'test = "all"\n'

GATES = [
    # what is not there
    ('#<\nrole = "flag"', "gate '#2': id is missing"),
    ('id = 3  #<\nrole = "flag"', "gate '#2': id is missing"),
    ('id = "first"  #<\nrole = "flag"\ntest = "finite"\nmetrics = ["x"]', "this id is used twice"),
    ('#<\nid = "g"\nrole = "flag"', "test is missing (known: all, any, ask"),
    ('#<\nid = "g"\ntest = "value"\nleft = "last(x)"\nop = "<"\nright = 1', "role is missing (known: ask, budget, criterion,"),
    ("#<\n" + VALUE + 'left = "best(x)"\nop = "<"', "right is missing (test 'value' needs left, op, right)"),
    # words that are not known
    ('id = "g"\nrole = "falg"  #<\ntest = "finite"\nmetrics = ["x"]', "role 'falg' is not known (did you mean 'flag'?)"),
    (CRITERION + 'test = "valeu"  #<', "test 'valeu' is not known (did you mean 'value'?)"),
    (GOOD + "warn_a = 80  #<", "key 'warn_a' is not known to test 'value' (did you mean 'warn_at'?)"),
    (STALL + 'min_delta = "1%"\npatience = 3  #<', "key 'patience' is not known to test 'stall'"),
    (EVENT + 'exit = "zero"\nfor = 2  #<', "key 'for' is not known to test 'event'"),
    (GOOD + 'severity = "high"  #<', "severity 'high' is not known"),
    (GOOD + 'across = "every"  #<', "across 'every' is not known"),
    (VALUE + 'left = "best(x)"\nop = "=<"  #<\nright = 1', "op '=<' is not known (did you mean '<='?)"),
    (GOOD + 'goal = "up"  #<', "goal 'up' is not known"),
    # values of the wrong kind
    (VALUE + 'left = 3  #<\nop = "<"\nright = 1', "left should be a string, not 3"),
    (VALUE + 'left = "best(x)"\nop = "<"\nright = true  #<', "right should be a number, not True"),
    (VALUE + 'left = "best(x)"\nop = "<"\nright = "75"  #<', "right = '75' is a number in quotes (write right = 75)"),
    (VALUE + 'left = "best(x)"\nop = "within"\nright = 75  #<', "right should be [low, high] with op 'within', not 75"),
    (VALUE + 'left = "best(x)"\nop = "within"\nright = [85, 75]  #<', "right should be [low, high]"),
    (GOOD + 'protect = "yes"  #<', "protect should be true or false, not 'yes'"),
    (GOOD + "quote = 25  #<", "quote should be a string, not 25"),
    (LIMIT + "for = 1.5  #<", "it should be like \"8 epochs\""),
    (LIMIT + 'for = "2 weeks"  #<', "it should be in points, epochs, steps, s, m, h or d"),
    (LIMIT + 'grace = "0 epochs"  #<', "it should be like \"8 epochs\""),
    (GOOD + 'when = "at epoch ten"  #<', "when = 'at epoch ten': it should be"),
    (GOOD + 'when = "epoch 10"  #<', "when = 'epoch 10': it should be"),
    (GOOD + 'bands = [["75", "x"]]  #<', "bands should be a list like"),
    (GOOD + 'bands = [[75, "x"], [75, "y"]]  #<', "bands begin at the same number twice"),
    # quantities
    (VALUE + 'left = "val_acc"  #<\nop = "<"\nright = 1', "is not of the form reducer(metric), for example last(val_acc)"),
    (VALUE + 'left = "bets(x)"  #<\nop = "<"\nright = 1', "reducer 'bets' is not known; did you mean 'best'?"),
    (VALUE + 'left = "avg(x)"  #<\nop = "<"\nright = 1', "reducer 'avg' is not known; did you mean 'mean'?"),
    (VALUE + 'left = "last(@ram_gb)"  #<\nop = "<"\nright = 1', "meter '@ram_gb' is not known; did you mean '@host_mem_gb'?"),
    (VALUE + 'left = "best(x) - best(y)"  #<\nop = "<"\nright = 1', "it is one quantity, without arithmetic; a second one is named by minus or over"),
    (VALUE + 'left = "best(x)"\nop = "<"\nright = "75%"  #<', "right = '75%' is a number in quotes (write right = 75)"),
    (VALUE + 'left = "last(@cost)"  #<\nop = "<"\nright = 1', "meter '@cost' is not known; did you mean '@cost_usd'?"),
    (VALUE + 'left = "best()"  #<\nop = "<"\nright = 1', "it names no metric"),
    (VALUE + 'left = "at(x)"  #<\nop = "<"\nright = 1', "should be like at(val/acc, epoch 10)"),
    (VALUE + 'left = "first-epoch(x)"  #<\nop = "<"\nright = 1', "should be like first-epoch(val/wer < 25)"),
    (VALUE + 'left = "mean(x, epochs 9..3)"  #<\nop = "<"\nright = 1', "ends before it begins"),
    (VALUE + 'left = "best-of(a,b) best(x)"  #<\nop = "<"\nright = 1', "best-of says of which runs a quantity is: best-of(a,b): best(metric)"),
    (VALUE + 'left = "worst-of(a,b): best(x)"  #<\nop = "<"\nright = 1', "'worst-of' is no way to join runs"),
    (VALUE + 'left = "best-of(a,): best(x)"  #<\nop = "<"\nright = 1', "should name runs"),
    (VALUE + 'left = "best-of(a,a): best(x)"  #<\nop = "<"\nright = 1', "names a run twice"),
    (VALUE + 'left = "best(lr)"  #<\nop = "<"\nright = 1', "whether lr should fall or rise, and its goal is none"),
    (GOOD + 'minus = "best(a)"  #<\nover = "best(b)"', "minus and over exclude each other"),
    (GOOD + 'minus = "best(val_acc)"  #<', "minus is the same as left"),
    (VALUE + 'left = "at(x, epoch 20)"\nop = "<"\nright = 1\nwhen = "at epoch 10"  #<', "comes before at(x, epoch 20) is there"),
    (FLAG + 'test = "stall"\nmetric = "best(x)"  #<\nwindow = 3\nmin_delta = 1', "should name a metric, not a quantity (did you mean 'x'?)"),
    # thresholds that contradict each other
    (LIMIT + "warn_at = 13  #<", "warn_at = 13 should lie where the claim still holds: it warns before <= 12"),
    (LIMIT + "clear_at = 13  #<", "clear_at = 13 should lie where the claim still holds: it clears a trip of <= 12"),
    (GOOD + "clear_at = 80  #<", "clear_at belong to flags"),
    (VALUE + 'left = "best(x)"\nop = "within"\nright = [1, 2]\nwarn_at = 1.5  #<', "warn_at needs a right that is one number"),
    (GOOD + "confidence = 90  #<", "confidence should lie between 0 and 1, not 90"),
    (VALUE + 'left = "best(x)"\nop = "<"\nright = 1\nconfidence = 0.9  #<', "on how many samples x is measured (for example n_eval = 1000 in [metric.x])"),
    (VALUE + 'left = "std(val_acc)"\nop = "<"\nright = 1\nconfidence = 0.9  #<', "confidence of std(val_acc) cannot be said"),
    (VALUE + 'left = "best(val_acc)"\nop = ">="\nright = 0.75  #<', "val_acc is counted from 0 to 100 by its fraction (write 75)"),
    (GOOD + "for = 2  #<", "for and clear_for belong to flags; a criterion is decided once"),
    # single tests
    (FLAG + 'test = "finite"\n' + "k = 0  #<\nmetrics = [\"x\"]", "k should be a whole number from 1, not 0"),
    (FLAG + 'test = "spike"\nmetric = "x"\nz = -1  #<', "z should be above 0, not -1"),
    (STALL + 'min_delta = "-1%"  #<', "it should not be negative"),
    (STALL + 'min_delta = "1 percent"  #<', "it should be a number, \"8 points\", \"1%\" or \"1.25x\""),
    (STALL + 'min_delta = "2%"\nclear_at = "1%"  #<', "clear_at = 1 % should be no less than min_delta = 2 %"),
    (STALL + 'min_delta = "2%"\nclear_at = 3  #<', "and of its kind"),
    (TRACK + "points = [[10, 1], [5, 2]]  #<", "points should go forward"),
    (TRACK + 'points = [[1, 1]]\naxis = "hours"  #<', "axis 'hours' is not known"),
    (EVENT.replace('test = "event"', 'test = "event"  #<'), "it says no event"),
    (EVENT + 'exit = "one"  #<', "exit 'one' is not known"),
    (EVENT + 'match = "(oom"  #<', "match is no regular expression"),
    (EVENT + 'match = "x*"  #<', "match 'x*' is in every line"),
    (EVENT + 'match = "oom"\nsilent = "5m"  #<', "match and silent are two events"),
    (EVENT + 'match = "oom"\nexit = "zero"  #<', 'exit "zero" says something of its own beside match'),
    (EVENT + 'exit = "zero"\ncount = 5  #<', "count needs a file"),
    (EVENT + 'file = "*.pt"\ncount = "many"  #<', "count 'many' is not understood (for example \">= 5400\")"),
    (EVENT + 'file = "*.pt"\nnewer_than = 12  #<', "newer_than counts in epochs, steps or time"),
    (EVENT + 'silent = "3 epochs"  #<', "silent is a time"),
    (ALL + 'of = []  #<', "of names no gate"),
    (ALL + 'of = ["frist"]  #<', "there is no gate 'frist' (did you mean 'first'?)"),
    (ALL + 'of = ["first", "!first"]  #<', "of names 'first' twice"),
    (ALL + 'of = ["g"]  #<', "it rests on itself"),
    ('id = "g"\ntest = "ask"\nquestion = " "  #<', "question is empty"),
    ('id = "g"\nrole = "flag"  #<\ntest = "ask"\nquestion = "go on?"', "role 'flag' does not go with test 'ask'"),
    ('id = "g"\ntest = "ask"\nquestion = "go on?"\nneeds = ["nothing"]  #<', "there is no gate 'nothing'"),
    # actions and remedies
    (GOOD + "on.tripped = ['flag']  #<", "on.tripped never comes: a criterion passes or fails"),
    (LIMIT + "on.failed = ['flag']  #<", "on.failed never comes: a flag trips"),
    (LIMIT + "on.trip = ['flag']  #<", "on.trip is no state (did you mean 'tripped'?)"),
    (LIMIT + "on.tripped = ['stpo']  #<", "action 'stpo' is not known (did you mean 'stop'?)"),
    (LIMIT + "on.tripped = 'stop'  #<", "on.tripped should be a list of actions"),
    (LIMIT + "on.tripped = ['flag', 'flag']  #<", "on.tripped names an action twice"),
    (LIMIT + "on.warn = ['stop']  #<", "on.warn may not stop"),
    (LIMIT + "on.unknown = ['relaunch']  #<", "on.unknown may not relaunch"),
    (LIMIT + "on.tripped = ['block:']  #<", "'block:' names no job (for example block:evaluate)"),
    (LIMIT + "[gate.on]\ntripped = ['stpo']  #<", "action 'stpo' is not known"),
    (LIMIT + "protect = true  #<\non.tripped = ['stop']", "protect keeps its run from every gate, and on says stop"),
    (LIMIT + 'cooldown = "1h"  #<', "cooldown is between actions, and it has none"),
    (LIMIT + 'cooldown = 8  #<\non.tripped = ["notify"]', "cooldown counts in epochs, steps or time"),
    ('id = "watch/spike"  #<\nrole = "flag"\ntest = "finite"\nmetrics = ["x"]', "ids that begin with watch/ are those of the default watch"),
    ('id = "!g"  #<\nrole = "flag"\ntest = "finite"\nmetrics = ["x"]', "id is no name"),
    (LIMIT + 'run = "a,a"  #<', "run names a run twice"),
    (LIMIT + 'run = "a b"  #<', "run holds 'a b', which is no name of a run"),
    (LIMIT + "on.tripped = ['relaunch']  #<", "relaunch needs a remedy"),
    (LIMIT + 'remedy = "smalle"  #<', "there is no remedy 'smalle' (did you mean 'smaller'?)"),
    (LIMIT + 'on.tripped = ["relaunch"]\nremedy = "words"  #<', "relaunch needs a remedy that sets something"),
    (LIMIT + '"~goals" = { x = "min" }  #<', "key '~goals' is not for people to write"),
]  # fmt: skip

OTHERS = [
    ('[metric.x]\ngoal = "up"  #<', "goal 'up' is not known"),
    ('[metric.x]\nfraction = "yes"  #<', "fraction 'yes' is not known (true, false or 'auto')"),
    ("[metric.x]\nn_eval = 1  #<", "n_eval should be 2 or more samples, not 1"),
    ('[metric.x]\nn_eval = "many"  #<', "metric.n_eval: expected `int | null`"),
    ('[metric.x]\nfrom = "y"  #<', "metric.from: it should be a list, from = [...], and not a string"),
    ('[metric.x]\nform = ["y"]  #<', "[metric] has no key 'form' (did you mean 'from'?)"),
    ('[metric.x]\nfrom = ["val/acc"]  #<', "'val/acc' is read as 'val_acc' and as 'x', which differ in goal or fraction"),
    ('[metric.x]\nfrom = [" "]  #<', "from holds ' ', which is no name"),
    ('[metric."@cost_usd"]  #<\ngoal = "min"', "is no name for a metric"),
    ('[metrics]\nprimary = "val_acc"\ngoal = "min"  #<', "val_acc has goal 'min' in [metrics] and 'max' in [metric.val_acc]"),
    ("[metrics]\nclasses = 1  #<", "classes should be 2 or more, not 1"),
    ('[watch]\noff = ["spikes"]  #<', "off names 'spikes', which is no detector (did you mean 'spike'?)"),
    ('[[remedy]]\nid = "smaller"  #<\nset = { batch_size = 2 }', "remedy 'smaller': this id is used twice"),
    ("#<[[remedy]]\nid = 'r'", "remedy 'r': it sets nothing"),
    ("[[remedy]]\nid = 'r'\nset = { batch_size = 2 }\nadvice = true  #<", "it is advice and sets something"),
    ("[[remedy]]\nid = 'r'\nadvice = true  #<", "it advises nothing"),
    ("[[remedy]]\nid = 'r'\nset = { batch_size = 2 }\non = 'out-of-memory'  #<", "is no cause of an end and no gate (did you mean 'out-of-"),
    ("[[remedy]]\nid = 'r'\nset = { batch_sise = 2 }  #<", "no param 'batch_sise' (did you mean 'batch_size'?)"),
    ("[[remedy]]\nid = 'r'\nset = { batch_size = 2 }\nfrom = 'beginning'  #<", "'beginning'"),
    ("[[remedy]]\nid = 'r'\nset = { batch_size = 2 }\nmax = 0  #<", "max cannot be 0"),
    ("[[remedy]]\nid = 'r'\nset = { batch_size = 2 }\nmax = 'once'  #<", "remedy.max: expected `int`"),
    ("[[remedy]]\nid = 'r'\nsets = { batch_size = 2 }  #<", "[remedy] has no key 'sets' (did you mean 'set'?)"),
]  # fmt: skip


def complaint(tmp_path, text):
    """What is said of a spec, and the line that is marked in it."""
    marked = next(number for number, row in enumerate(text.splitlines(), 1) if "#<" in row)
    path = tmp_path / "a.toml"
    path.write_text(text.replace("#<[", "["), encoding="utf-8")
    with pytest.raises(SpecError) as caught:
        load_spec(path)
    return str(caught.value), f"{path}:{marked}: "


@pytest.mark.parametrize(("gate", "sentence"), GATES)
def test_a_mistake_in_a_gate_is_named_with_its_own_line(tmp_path, gate, sentence):
    header = "[[gate]]  " if gate.startswith("#<\n") else "[[gate]]\n"
    said, place = complaint(tmp_path, BEFORE + header + gate + "\n")
    assert said.startswith(place + "gate '"), said
    assert sentence in said


@pytest.mark.parametrize(("table", "sentence"), OTHERS)
def test_a_mistake_in_metrics_and_remedies_is_named_with_its_own_line(tmp_path, table, sentence):
    said, place = complaint(tmp_path, BEFORE + table + "\n")
    assert said.startswith(place), said
    assert sentence in said


def test_the_spec_before_them_is_right(tmp_path):
    path = tmp_path / "a.toml"
    path.write_text(BEFORE, encoding="utf-8")
    spec = load_spec(path)
    assert [gate.id for gate in spec.gates()] == ["first"]


@pytest.mark.parametrize("primary", ["val_acc", "val/acc"])
def test_the_words_of_the_primary_metric_say_its_goal(tmp_path, primary):
    path = tmp_path / "a.toml"
    path.write_text(BEFORE + f'[metrics]\nprimary = "{primary}"\n', encoding="utf-8")
    assert load_spec(path).metrics.goal == "max"


def test_text_that_looks_like_a_table_is_not_taken_for_one(tmp_path):
    quoted = 'quote = """\n[[gate]]\nop = 3\n"""\n'
    said, place = complaint(tmp_path, BEFORE + "[[gate]]\n" + LIMIT + quoted + "warn_at = 13  #<\n")
    assert said.startswith(place), said


ANYTHING = [
    True, -1, 0, 2.5, math.nan, math.inf, 10**30, "", " ", "x", "best(m)", "last(m, 0)", "best-of(): best(m)", "a: best(m)",
    "5%", "-5%", "8 epochs", "every 0h", "at epoch 1e9", "[", "(", "\x00", "é" * 300, [], [[]], [1, 2], [[1, 2]], [[1, "a"]],
    [[math.nan, 1]], {}, {"tripped": ["stop"]}, {"tripped": [1]}, {"failed": [["x"]]}, ["a", "b"], [None], "max", "zero",
    "*", "a,b", "!x", "@epoch", "@nope", "<", "within", "flag", "ask", ">= 5", "(?P<x>a)", "first-epoch(m < 1e999)",
]  # fmt: skip
LEAST = {
    "value": {"left": "best(m)", "op": "<", "right": 1}, "finite": {"metrics": ["m"]}, "spike": {"metric": "m"},
    "regress": {"metric": "m", "by": 1}, "stall": {"metric": "m", "min_delta": 1, "window": 3},
    "overfit": {"val": "a", "train": "b"}, "track": {"metric": "m", "points": [[1, 2]], "side": "above"},
    "event": {"exit": "zero"}, "all": {"of": ["h"]}, "any": {"of": ["h"]}, "ask": {"question": "q"},
}  # fmt: skip


def test_whatever_stands_in_a_gate_is_refused_in_a_sentence_or_read_back_the_same():
    drawn = random.Random(5)
    keys = sorted({*COMMON, *COUNTING, *(k for p in PRIMITIVES.values() for k in (*p.required, *p.optional))})
    other = {"id": "h", "role": "flag", "test": "finite", "metrics": ["m"]}
    read, refused = 0, []
    for _ in range(4000):
        test = drawn.choice(list(PRIMITIVES))
        gate = {"id": "g", "role": drawn.choice(["flag", "criterion", "expect"]), "test": test, **LEAST[test]}
        gate |= {"role": "ask"} if test == "ask" else {}
        gate |= {drawn.choice(keys): drawn.choice(ANYTHING) for _ in range(drawn.choice([1, 1, 2]))}
        try:
            gates = parse_gates([other, gate], words={})
        except SpecError as error:
            refused.append(error.message)
            continue
        read += 1
        assert parse_gates([json.loads(one.text) for one in gates], words={}) == gates
    assert read > 100
    assert [message for message in refused if not message.startswith("gate '")] == []
