"""Documents that are rewritten whole: each entry of a history once, and nothing from settings."""

import json
import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainui.core.ingest.formats import format_named, reader_for, recognise
from trainui.core.ingest.formats.rewritten import Rewritten
from trainui.core.ingest.records import Record


def read(*documents):
    """What a reader tells of each document in turn; it is made from its state each time, as after a kill."""
    state, told = "", []
    for one in documents:
        reader = Rewritten.restore(state)
        records = reader.read(one if isinstance(one, bytes) else json.dumps(one).encode())
        told.append([record for record in records if record.metrics])
        state = reader.state()
        assert Rewritten.restore(state).state() == state
    return told


def points(records):
    return [(one.step, one.epoch, dict(one.metrics)) for one in records]


def entry(step, loss=None):
    return {"epoch": step / 100, "loss": step if loss is None else loss, "step": step}


def trainer(*steps, **more):
    return {"global_step": steps[-1], "max_steps": 500, "num_train_epochs": 5, "best_metric": 1.5, "total_flos": 1e9,
            "log_history": [entry(step) for step in steps], **more}  # fmt: skip


def test_entries_are_told_under_the_names_they_have():
    history = [
        {"epoch": 0.1, "loss": 1.5, "grad_norm": 2.0, "learning_rate": 5e-5, "step": 10},
        {"epoch": 0.1, "eval_loss": 1.25, "eval_runtime": 9.0, "step": 10},
    ]
    (told,) = read(trainer(10, log_history=history))
    assert points(told) == [
        (10, 0.1, {"loss": 1.5, "grad_norm": 2.0, "learning_rate": 5e-5}),
        (10, 0.1, {"eval_loss": 1.25, "eval_runtime": 9.0}),
    ]


def test_how_far_it_is_to_go_is_told_with_what_is_new():
    records = Rewritten().read(json.dumps(trainer(10)).encode())
    assert records[-1] == Record(total_steps=500, total_epochs=5)


def test_snapshots_of_one_growing_file_give_each_entry_once():
    told = read(trainer(10, 20), trainer(10, 20), trainer(10, 20, 30, 40), trainer(10, 20, 30, 40, 50))
    assert [[one.step for one in records] for records in told] == [[10, 20], [], [30, 40], [50]]


def test_a_history_that_went_back_gives_only_what_is_said_anew():
    first = trainer(10, 20, 30, 40)
    shorter = trainer(10, 20)
    again = trainer(10, 20, log_history=[entry(10), entry(20), entry(30, 99.0), entry(40, 98.0), entry(50)])
    told = read(first, shorter, again, again)
    assert points(told[2]) == [
        (30, 0.3, {"loss": 99.0}),
        (40, 0.4, {"loss": 98.0}),
        (50, 0.5, {"loss": 50.0}),
    ]
    assert (told[1], told[3]) == ([], [])


def test_a_file_written_by_halves_gives_nothing_and_changes_nothing():
    whole = json.dumps(trainer(10, 20)).encode()
    reader = Rewritten()
    reader.read(json.dumps(trainer(10)).encode())
    before = reader.state()
    for end in range(len(whole)):
        assert list(reader.read(whole[:end])) == []
    assert reader.state() == before
    assert [one.step for one in reader.read(whole) if one.metrics] == [20]


def test_another_run_in_the_same_file_is_told_whole():
    told = read(trainer(10, 20, 30), trainer(5, log_history=[entry(5, 1.0), entry(15, 2.0)]))
    assert [one.step for one in told[1]] == [5, 15]


def test_long_histories_are_known_and_remembered_in_little():
    steps = list(range(1, 20_001))
    reader = Rewritten()
    assert len(reader.read(json.dumps(trainer(*steps)).encode())) == 20_001
    assert len(reader.state()) < 8000
    again = Rewritten.restore(reader.state())
    assert [one.step for one in again.read(json.dumps(trainer(*steps, 20_001)).encode()) if one.metrics] == [
        20_001
    ]


def test_the_average_of_the_summary_stands_in_no_curve_of_that_name():
    summary = {"epoch": 1.0, "step": 30, "train_loss": 7.0, "train_runtime": 60.0}
    (told,) = read(trainer(10, log_history=[entry(10), summary]))
    assert points(told)[-1] == (30, 1.0, {"train_loss": 7.0, "train_runtime": 60.0})
    curve = [{"step": 10, "train_loss": 1.0}, {"step": 20, "train_loss": 0.5}, summary]
    (told,) = read(trainer(10, log_history=curve))
    assert [one.metrics.get("train_loss") for one in told] == [1.0, 0.5, None]


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        # Keras keeps its history so; with the epochs beside, or without
        ({"loss": [3, 2], "val_loss": [4, math.inf]}, [(0, None, {"loss": 3.0, "val_loss": 4.0}), (1, None, {"loss": 2.0, "val_loss": math.inf})]),
        ({"epochs": [1, 5], "train_loss": [3, 2], "lr": [0.1, 0.2]}, [(None, 1.0, {"train_loss": 3.0, "lr": 0.1}), (None, 5.0, {"train_loss": 2.0, "lr": 0.2})]),
        ({"loss": [3, 2], "val_acc": [0.5]}, [(0, None, {"loss": 3.0, "val_acc": 0.5}), (1, None, {"loss": 2.0})]),
        ({"train": {"loss": [3, 2]}, "val": {"loss": [4, 5]}}, [(0, None, {"train/loss": 3.0, "val/loss": 4.0}), (1, None, {"train/loss": 2.0, "val/loss": 5.0})]),
        ({"history": {"loss": [3, 2]}, "config": {"losses": [1, 2]}}, [(0, None, {"loss": 3.0}), (1, None, {"loss": 2.0})]),
        ([{"epoch": 1, "loss": 3, "exits": {"early": 2}}, {"epoch": 2, "loss": 2}], [(None, 1.0, {"loss": 3.0, "exits/early": 2.0}), (None, 2.0, {"loss": 2.0})]),
        ({"dev_metrics": [{"loss_mean": 3}, {"loss_mean": 2}]}, [(0, None, {"dev_metrics/loss_mean": 3.0}), (1, None, {"dev_metrics/loss_mean": 2.0})]),
        ({"epochs": [{"epoch": 1, "loss": 3}]}, [(None, 1.0, {"loss": 3.0})]),
        ({"epoch_1": {"loss": 3}, "epoch_2": {"loss": 2}}, [(None, 1.0, {"loss": 3.0}), (None, 2.0, {"loss": 2.0})]),
        ([{"round": 0, "accuracy": 0.5}, {"round": 1, "accuracy": 0.75}], [(0, None, {"accuracy": 0.5}), (1, None, {"accuracy": 0.75})]),
        # results
        ({"test_wer": 0.31}, [(None, None, {"test_wer": 0.31})]),
        ({"epoch": 3.0, "eval_loss": 0.5, "eval_runtime": 9.5}, [(None, 3.0, {"eval_loss": 0.5, "eval_runtime": 9.5})]),
        ({"test": {"wer": 0.3, "cer": 0.1}, "seed": 42, "config": {"loss": 3}}, [(None, None, {"test/wer": 0.3, "test/cer": 0.1})]),
        ({"test_loss": 0.25, "history": {"loss": [3]}, "train_size": 14000}, [(0, None, {"loss": 3.0}), (None, None, {"test_loss": 0.25})]),
        ({"wer": {"mean": 0.3, "std": 0.1}}, [(None, None, {"wer/mean": 0.3, "wer/std": 0.1})]),
        # nothing of the kind
        ({"shapes": {"ServerError": {"error": {"httpStatusCode": 500}}}}, []),
        ({"name": "x", "version": "1.0.0", "dependencies": {"a": "^1"}}, []),
        ({"hidden_size": 768, "dropout": 0.1, "betas": [0.9, 0.999], "milestones": [30, 60]}, []),
        ({"lr": 0.1, "batch_size": 8, "epochs": 3, "loss": 1.0}, []),
        ([{"id": 1, "score": 0.5}, {"id": 2, "score": 0.25}], []),
        ([{"model": "gru", "acc": 0.5}, {"model": "lstm", "acc": 0.6}], []),
        ({"results": [{"text": "a", "confidence": 0.5}, {"text": "b", "confidence": 0.25}]}, []),
        ({"precision": [0.5, 0.6], "recall": [0.5, 0.6], "support": [10, 20]}, []),
        ({"fpr": [0, 0.1], "tpr": [0.5, 1], "thresholds": [0.5, 0.25]}, []),
        ({"per_class_iou": [0.5, 0.25]}, []),
        ([1, 2, 3], []),
        ({}, []),
    ],
)  # fmt: skip
def test_documents_tell_their_histories_and_results_and_nothing_else(document, expected):
    (told,) = read(document)
    assert repr(points(told)) == repr(expected)
    assert read(document, document)[1] == []


def test_a_bare_nan_is_a_value():
    (told,) = read(b'[{"epoch": 1, "loss": NaN}, {"epoch": 2, "loss": Infinity}]')
    assert [repr(one.metrics["loss"]) for one in told] == ["nan", "inf"]


def test_lists_that_grow_at_their_own_pace_are_told_once_each():
    told = read(
        {"loss": [3], "val_loss": [4]},
        {"loss": [3, 2], "val_loss": [4]},
        {"loss": [3, 2, 1], "val_loss": [4, 5]},
    )
    assert points(told[1]) == [(1, None, {"loss": 2.0})]
    assert points(told[2]) == [(1, None, {"val_loss": 5.0}), (2, None, {"loss": 1.0})]


def test_a_result_is_told_again_only_when_it_is_another():
    told = read({"val_acc": 0.5, "val_loss": 1.0}, {"val_acc": 0.75, "val_loss": 1.0})
    assert [dict(one.metrics) for one in told[1]] == [{"val_acc": 0.75}]


@pytest.mark.parametrize(
    ("name", "text", "kind"),
    [
        ("trainer_state.json", json.dumps(trainer(10), indent=2), "json"),
        ("history.json", '{"loss": [3, 2], "val_loss": [4, 5]}', "json"),
        ("results.json", '{"test_wer": 0.31}', "json"),
        ("trainer_state.json", json.dumps(trainer(*range(1, 9000)), indent=2)[: 64 << 10], "json"),
        ("metrics.json", '{"iteration": 19, "total_loss": 2.0}\n', "jsonl"),
        ("metrics.json", '{"iteration": 19, "total_loss": 2.0}\n{"iteration": 39, "total_loss": 1.5}\n', "jsonl"),
        ("x.log.json", '{"env_info": "linux"}\n{"mode": "train", "epoch": 1, "iter": 50, "loss": 2}\n', "jsonl"),
        ("config.json", '{\n "hidden_size": 768\n}', "console"),
        ("package.json", '{\n "version": "1.0.0",\n "score": 3\n}', "console"),
        ("metrics.json", '{\n "loss": [3, 2', "json"),
        ("output.log", '{\n "loss": [3, 2', "console"),
    ],
)  # fmt: skip
def test_a_document_is_told_from_lines_and_from_settings(name, text, kind):
    assert recognise(name, text.encode()).kind == kind


ENTRIES = st.lists(
    st.fixed_dictionaries(
        {"loss": st.floats()}, optional={"acc": st.floats(), "note": st.sampled_from(["a", "b"])}
    ),
    max_size=20,
)


@given(ENTRIES, st.integers(0, 99))
def test_however_often_a_growing_history_is_seen_it_is_told_once(entries, seed):
    entries = [{"step": number, **one} for number, one in enumerate(entries)]
    ends = sorted(random.Random(seed).choices(range(len(entries) + 1), k=6))
    seen = read(*({"log_history": entries[:end]} for end in [*ends, len(entries)]))
    whole = read({"log_history": entries})
    assert repr([one for records in seen for one in records]) == repr(whole[0])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(["", "a", "nan"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(
        st.sampled_from(["loss", "acc", "epoch", "step", "history", "config", "id", "epoch_1", "label", ""]), inner, max_size=5
    ),
    max_leaves=30,
)  # fmt: skip


@given(JSON | st.binary(max_size=200))
def test_any_document_is_harmless(document):
    data = document if isinstance(document, bytes) else json.dumps(document).encode()
    reader = reader_for("json")
    for record in reader.read(data):
        assert all(name.isprintable() and type(value) is float for name, value in record.metrics.items())
    assert [one for one in reader.read(data) if one.metrics] == []
    again = format_named("json").make(reader.state(), ())
    assert again.state() == reader.state()
    recognise("metrics.json", data)


def test_a_deep_document_is_harmless():
    for data in (b'{"loss":' * 50_000, b"[" * 50_000, b'{"a":' * 900 + b"1" + b"}" * 900):
        assert list(Rewritten().read(data)) == []
