"""Labels of runs, and what gates did with them."""

import pytest

from trainui.core.backtest.findings import Finding, Moment
from trainui.core.backtest.labels import ANY, label_of, labels_in, read_labels, scores
from trainui.core.errors import UserError
from trainui.core.gates import State

BAD = Moment(verdict=State.TRIPPED, step=1, epoch=None, at=None, value=1.0, reason="")
NEAR = Moment(verdict=State.WARN, step=1, epoch=None, at=None, value=1.0, reason="")


def finding(gate, run, *history):
    fired = next((one for one in history if one.verdict is State.TRIPPED), None)
    return Finding(gate=gate, role="flag", run=run, verdict=State.OK, fired=fired, history=history)


@pytest.mark.parametrize(
    "text",
    [
        "name,labels\na,healthy\nb,diverged;spike\n",
        "# by eye\na\nb,diverged,spike",
        "a=healthy,b=diverged+spike",
        '{"a": "", "b": ["diverged", "spike"]}',
        '[{"name": "a", "labels": [], "train": [1]}, {"name": "b", "labels": ["diverged", "spike"]}]',
        '[{"run": "a", "label": "ok"}, {"run": "b", "label": "diverged|spike"}]',
    ],
)
def test_labels_are_read_in_every_form_they_come_in(text):
    assert read_labels(text) == {"a": (), "b": ("diverged", "spike")}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no label"),
        ("a=,b", "name=label"),
        ("{", "not JSON"),
        ('["a"]', "map names to labels"),
        ('{"a": 3}', "should be words"),
    ],
)
def test_what_are_no_labels_is_told(text, said):
    with pytest.raises(UserError, match=said):
        read_labels(text)


def test_a_label_is_found_by_run_file_or_stem():
    labels = {"count-1": ("bad",), "my run 7": ("spike",), "x.csv": ()}
    assert label_of("count-1", labels) == ("bad",)
    assert label_of("logs/my_run_7.jsonl", labels) == ("spike",)
    assert label_of("deep/x.csv", labels) == ()
    assert label_of("count-2", labels) is None


def test_notes_beside_a_run_may_say_its_label():
    assert labels_in(["looks fine", "label: Diverged, spike"]) == ("diverged", "spike")
    assert labels_in(["Label: healthy"]) == ()
    assert labels_in(["the label is torn"]) is None


def test_scores_count_each_run_once_and_end_with_all_gates_together():
    known = {"a": ("diverged",), "b": ("spike",), "c": (), "d": ()}
    told = [
        finding("g", "a", NEAR, BAD), finding("g", "b"), finding("g", "c", NEAR), finding("g", "d"),
        finding("h", "a"), finding("h", "b", BAD), finding("h", "c"), finding("h", "d", BAD),
        finding("h", "unlabelled", BAD),
    ]  # fmt: skip
    by_gate = {one.gate: one for one in scores(told, known)}
    g, both = by_gate["g"], by_gate[ANY]
    assert (g.found, g.missed, g.false_alarms, g.warned) == (("a",), ("b",), (), ("c",))
    assert (g.rate, g.runs, g.bad, g.healthy) == (0.0, 4, 2, 2)
    assert by_gate["h"].false_alarms == ("d",)
    assert (both.found, both.missed, both.rate) == (("a", "b"), (), 0.5)
    assert both.by_label == {"diverged": (1, 1), "spike": (1, 1)}


def test_a_question_finds_nothing_and_misses_nothing():
    asked = Finding(gate="go-on", role="ask", run="b", verdict=State.UNKNOWN, fired=None, history=())
    assert [one.gate for one in scores([finding("g", "b", BAD), asked], {"b": ("diverged",)})] == ["g"]
