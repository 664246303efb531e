"""JSON lines: NaN is a fact, axes are found, and nothing is invented."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainui.core.ingest.formats import reader_for
from trainui.core.ingest.jsonl import JsonLines
from trainui.core.ingest.records import Record
from trainui.wire import encode

NAN = math.nan


def same(left, right):
    """Equal, where NaN equals NaN."""
    return repr(left) == repr(right)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        # what trainui writes
        (
            '{"step": 120, "epoch": 3.0, "time": 1763000000.5, "metrics": {"train/loss": 0.31}}',
            Record(step=120, epoch=3.0, at=1763000000.5, metrics={"train/loss": 0.31}),
        ),
        (
            '{"metrics": {"a": NaN, "b": -Infinity}, "step": 1}',
            Record(step=1, metrics={"a": NAN, "b": -math.inf}),
        ),
        ('{"metrics": {"a": "nan", "b": "-inf"}}', Record(metrics={"a": NAN, "b": -math.inf})),
        ('{"total_steps": 4500, "total_epochs": 50}', Record(total_steps=4500, total_epochs=50)),
        ('{"event": "unfroze\\u001b[2J"}', Record(event="unfroze")),
        (
            '{"checkpoint": "last.pt", "step": 7, "metrics": {"val/mae": 91.2}}',
            Record(checkpoint="last.pt", step=7, metrics={"val/mae": 91.2}),
        ),
        ('{"step": 5}', Record(step=5)),
        # by hand
        ('{"step": 1, "loss": 0.5}', Record(step=1, metrics={"loss": 0.5})),
        ('{"step": 1, "loss": 2}', Record(step=1, metrics={"loss": 2.0})),
        ('{"loss": 1e999, "step": 1}', Record(step=1, metrics={"loss": math.inf})),
        (
            '{"global_step": 3, "train": {"loss": 1.5, "lr": {"a": 2}}}',
            Record(step=3, metrics={"train/loss": 1.5, "train/lr/a": 2.0}),
        ),
        (
            '{"_step": 4, "_timestamp": 1763000000, "acc": 1}',
            Record(step=4, at=1763000000.0, metrics={"acc": 1.0}),
        ),
        ('{"step": 9, "iter": 2, "loss": 1}', Record(step=9, metrics={"loss": 1.0})),
        ('{"Epoch": 3, "loss": 1}', Record(epoch=3.0, metrics={"loss": 1.0})),
        ('{"iter": 50, "time": 0.63, "loss": 1}', Record(step=50, metrics={"time": 0.63, "loss": 1.0})),
        ('{"ts": 1763000000000, "loss": 1}', Record(at=1763000000.0, metrics={"loss": 1.0})),
        ('{"time": "2025-11-13T02:13:20+00:00", "loss": 1}', Record(at=1763000000.0, metrics={"loss": 1.0})),
        (
            '{"loss": 1, "ok": true, "dice": [1, 2], "hash": "579e621", "none": null}',
            Record(metrics={"loss": 1.0}),
        ),
        ('{"event": "train step", "loss": 1}', Record(metrics={"loss": 1.0})),
        ('{"mode": "val", "loss": 1, "val_acc": 2}', Record(metrics={"val/loss": 1.0, "val_acc": 2.0})),
        ('{"mode": "max", "loss": 1}', Record(metrics={"loss": 1.0})),
        ('{"step": true, "loss": 1}', Record(metrics={"loss": 1.0})),
        ('{"step": 1.5, "loss": 1}', Record(step=1.5, metrics={"loss": 1.0})),
        ('{"step": NaN, "loss": 1}', Record(metrics={"loss": 1.0})),
        ('{"step": 1, "batch": 8, "loss": 1}', Record(step=1, metrics={"batch": 8.0, "loss": 1.0})),
        ('{"los\\u0000s": 1, "\\ud800": 2}', Record(metrics={"loss": 1.0})),
        ("\ufeff" + '{"step": 1, "loss": 0.5}\r', Record(step=1, metrics={"loss": 0.5})),
        # torn by a full disk, then another line; or behind a logger's prefix
        ('{"step": 1, "metr{"step": 2, "metrics": {"a": 1.0}}', Record(step=2, metrics={"a": 1.0})),
        ('12:00 INFO {"step": 2, "loss": NaN}', Record(step=2, metrics={"loss": NAN})),
    ],
)
def test_a_line_becomes_its_record(line, expected):
    reader = JsonLines()
    (record,) = reader.read(line.encode("utf-8", "surrogatepass"))
    assert same(record, expected)
    assert (reader.lines, reader.understood, list(reader.samples)) == (1, 1, [])


@pytest.mark.parametrize(
    "line",
    [
        "loss 0.5",
        "[1, 2]",
        "3",
        '{"hook_msgs": {}}',
        '{"a": "b"}',
        '{"step": 1, "loss',
        "}{",
        "{}",
        '{"a": true}',
        '{"c": "579e621"}',
        "[" * 50_000,
        '{"a":' * 50_000 + "1" + "}" * 50_000,
        "\udcff\udcfe}",
    ],
    ids=[str(n) for n in range(13)],
)
def test_what_is_not_understood_is_counted_and_sampled(line):
    reader = JsonLines()
    assert list(reader.read(line.encode("utf-8", "surrogateescape"))) == []
    assert (reader.lines, reader.understood, len(reader.samples)) == (1, 0, 1)
    assert reader.samples[0].isprintable()


def test_blank_lines_are_no_lines():
    reader = JsonLines()
    assert [list(reader.read(line)) for line in (b"", b"\r", b"  ", b"\x00\x00")] == [[]] * 4
    assert reader.lines == 0


def test_a_broken_byte_costs_its_character_only():
    (record,) = JsonLines().read(b'{"step": 1, "note": "caf\xe9", "loss": 0.5}')
    assert record == Record(step=1, metrics={"loss": 0.5})


def test_a_restarted_reader_goes_on_counting():
    reader = JsonLines()
    for line in (b'{"loss": 1}', b"nonsense", b'{"loss": 2}'):
        reader.read(line)
    again = reader_for("jsonl", state=reader.state())
    again.read(b"more nonsense")
    assert (again.lines, again.understood, list(again.samples)) == (4, 2, ["nonsense", "more nonsense"])
    json.loads(again.state())


def test_samples_are_few():
    reader = JsonLines()
    for number in range(100):
        reader.read(b"nonsense %d" % number)
    assert (reader.lines, len(reader.samples)) == (100, 20)


@given(
    st.dictionaries(st.text(st.characters(categories=["L", "N"]), min_size=1), st.floats(), min_size=1),
    st.none() | st.integers(-(2**53) + 1, 2**53 - 1),
    st.none() | st.floats(allow_nan=False, allow_infinity=False),
)
def test_what_the_wire_encodes_comes_back_as_it_was(metrics, step, epoch):
    line = encode({"metrics": metrics, "step": step, "epoch": epoch}).encode()
    (record,) = JsonLines().read(line)
    assert same(dict(record.metrics), metrics)
    assert (record.step, record.epoch) == (step, epoch)
