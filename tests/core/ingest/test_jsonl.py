"""JSON lines: NaN is a fact, axes are found, and nothing is invented."""

import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainui.core.ingest.formats import reader_for
from trainui.core.ingest.jsonl import JsonLines
from trainui.core.ingest.records import Record
from trainui.core.ingest.report import parse_file
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


@pytest.mark.parametrize(
    "line",
    [
        '{"level": "info", "msg": "listening", "port": 8080, "pid": 12}',
        '{"severity": "ERROR", "message": "slow", "duration": 0.5, "step": 3}',
        '{"event": "user logged in", "level": "info", "user": 7}',
        '{"method": "GET", "path": "/", "status_code": 200, "duration": 0.03}',
        '{"logger": "root", "lineno": 33, "total": 5}',
        '{"id": 3, "score": 0.5}',
        '{"text": "a question", "label": 1}',
        '{"image_id": 7, "accuracy": 1}',
    ],
)
def test_lines_of_a_log_and_rows_of_a_data_set_are_no_report(line):
    reader = JsonLines()
    assert list(reader.read(line.encode())) == []
    assert (reader.lines, reader.understood) == (1, 0)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            '{"level": "info", "msg": "train", "lineno": 3, "pid": 9, "step": 5, "loss": 0.5, "lr": 0.1}',
            Record(step=5, metrics={"loss": 0.5, "lr": 0.1}),
        ),
        ('{"step": 5, "prompt": "a", "loss": 0.5}', Record(step=5, metrics={"loss": 0.5})),
        ('{"episode": 5, "reward": 1, "length": 9}', Record(step=5, metrics={"reward": 1.0, "length": 9.0})),
        ('{"round": 2, "accuracy": 0.5}', Record(step=2, metrics={"accuracy": 0.5})),
        ('{"round": 2, "step": 7, "accuracy": 0.5}', Record(step=7, metrics={"round": 2.0, "accuracy": 0.5})),
        ('{"metrics": {"port": 8080.0, "id": 3.0}}', Record(metrics={"port": 8080.0, "id": 3.0})),
        (
            '{"iter_time": 0.5, "time": 0.25, "step": 1}',
            Record(step=1, metrics={"iter_time": 0.5, "time": 0.25}),
        ),
    ],
)
def test_a_report_is_one_whoever_wrote_it(line, expected):
    assert list(JsonLines().read(line.encode())) == [expected]


def test_a_counter_that_begins_again_with_every_epoch_becomes_the_step_of_the_run():
    lines = [{"hook_msgs": {}}]
    for epoch in (1, 2, 3):
        lines += [{"mode": "train", "epoch": epoch, "iter": step, "loss": 1.0} for step in (50, 100)]
        lines.append({"mode": "val", "epoch": epoch, "iter": 9, "AP .5": 0.5})
    state, records = "", []
    for line in lines:
        reader = reader_for("jsonl", state=state)
        records += reader.read(json.dumps(line).encode())
        state = reader.state()
    assert [one.step for one in records] == [50, 100, 100, 150, 200, 200, 250, 300, 300]
    assert [one.epoch for one in records] == [1, 1, 1, 2, 2, 2, 3, 3, 3]
    assert set(records[2].metrics) == {"val/AP .5"}


def test_steps_that_go_back_without_a_new_epoch_are_as_they_were_written():
    lines = [
        '{"iteration": 25000, "loss": 1}',
        '{"iteration": 249, "loss": 1}',
        '{"epoch": 1, "step": 9, "loss": 1}',
    ]
    reader = JsonLines()
    assert [one.step for line in lines for one in reader.read(line.encode())] == [25000, 249, 9]


def test_a_state_without_laps_is_still_taken():
    assert reader_for("jsonl", state='[3, 2, ["x"]]').lines == 3


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


_names = st.sampled_from(
    [
        "step",
        "iter",
        "global_step",
        "epoch",
        "loss",
        "val/acc",
        "time",
        "mode",
        "id",
        "msg",
        "round",
        "episode",
        "total_steps",
        "a\nb",
        "",
        "metrics",
        "event",
        "损失",
    ]
)
_numbers = (
    st.integers(-(2**70), 2**70)
    | st.integers(0, 9)
    | st.floats()
    | st.booleans()
    | st.none()
    | st.just("val")
)


@settings(max_examples=500, deadline=None)
@given(st.lists(st.dictionaries(_names, _numbers, max_size=4), min_size=1, max_size=6))
def test_the_fast_road_of_flat_lines_leads_where_the_slow_one_does(objects):
    fast, slow = JsonLines(), JsonLines()
    slow._read_flat = lambda _line: ()
    for data in objects:
        line = json.dumps(data).encode()
        assert repr(list(fast.read(line))) == repr(list(slow.read(line)))
        assert fast.state() == slow.state()


def test_lines_longer_than_a_head_are_known_by_the_name_of_their_file(tmp_path):
    metrics = {f"layer/{n}": n for n in range(6000)}
    path = tmp_path / "many.jsonl"
    path.write_text("".join(json.dumps({"step": step, "metrics": metrics}) + "\n" for step in range(3)))
    report = parse_file(path)
    assert report.kind == "jsonl"
    assert {metric.points for metric in report.metrics.values()} == {3}
    assert len(report.metrics) == 6000
