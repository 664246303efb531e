"""Patterns of the spec."""

import math

import pytest

from trainui.core.errors import SpecError
from trainui.core.ingest.console import Console
from trainui.core.ingest.patterns import compile_patterns
from trainui.core.ingest.records import Record

EPOCH = r"Epoch (?P<epoch>\d+) .*Val WER: (?P<val_wer>\S+)%"


def read(tables, line):
    return list(Console(compile_patterns(tables)).read(line.encode()))


@pytest.mark.parametrize(
    ("table", "line", "expected"),
    [
        (
            {"regex": EPOCH},
            "Epoch 5  | Val WER: 30.1% | Loss: 8.0",
            Record(epoch=5, metrics={"val_wer": 30.1}),
        ),
        ({"regex": EPOCH}, "Epoch 5  | Val WER: nan%", Record(epoch=5, metrics={"val_wer": math.nan})),
        (
            {"regex": EPOCH, "rename": {"val_wer": "val/wer"}},
            "Epoch 5 Val WER: ~80%",
            Record(epoch=5, metrics={"val/wer": 80.0}),
        ),
        (
            {"regex": r"s:(?P<step>\d+)/(?P<total_steps>\d+) (?P<val__loss>\S+)"},
            "s:3/9 1e-3,",
            Record(step=3, total_steps=9, metrics={"val/loss": 1e-3}),
        ),
        (
            {"regex": r"(?P<loss>\S+) nats(?: at (?P<step>\d+))?"},
            "1,024.5 nats",
            Record(metrics={"loss": 1024.5}),
        ),
        ({"regex": r"EPOCH (?P<epoch>\d+)"}, "EPOCH 4", Record(epoch=4)),
        ({"regex": r"loss (?P<loss>\S+)"}, "\x1b[32mloss\x1b[0m 0.5\x1b[0m", Record(metrics={"loss": 0.5})),
    ],
)
def test_a_pattern_reads_its_line(table, line, expected):
    assert repr(read([table], line)) == repr([expected])


def test_the_first_pattern_that_matches_wins():
    tables = [{"regex": r"a=(?P<first>\d)"}, {"regex": r"a=(?P<second>\d)"}]
    assert read(tables, "a=1") == [Record(metrics={"first": 1.0})]


def test_a_group_without_a_number_is_no_metric():
    assert read([{"regex": r"x (?P<loss>\S+)"}], "x yesterday") == []


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ({"regex": "(?P<loss>"}, "metrics.pattern 1 is not a regular expression"),
        ({"regex": r"loss (\d+)"}, "has no named group"),
        ({"regex": ""}, "needs a regex"),
        ({}, "needs a regex"),
        ({"regex": EPOCH, "renames": {}}, "unknown key 'renames' (did you mean 'rename'?)"),
        ({"regex": EPOCH, "rename": {"wer": "a"}}, "renames 'wer', which is no group"),
        ({"regex": EPOCH, "rename": {"val_wer": 1}}, "rename that is no table of names"),
    ],
)
def test_a_wrong_pattern_is_refused_in_one_sentence(table, says):
    with pytest.raises(SpecError) as error:
        compile_patterns([table])
    assert says in str(error.value)
