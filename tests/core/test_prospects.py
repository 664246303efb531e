"""What a run is expected to come to, from the store to `show`."""

import json
import math

import pytest
from msgspec.structs import replace

from trainui.cli.expecting import forecast_json
from trainui.core.gates import parse_gates
from trainui.core.ingest.records import Record
from trainui.core.prospects import FEW, hints, prospects, seconds_until
from trainui.core.store.read import Reader
from trainui.core.store.runs import RunWriter
from trainui.core.store.schema import atomic, connect
from trainui.core.store.streams import StreamWriter
from trainui.core.store.verdicts import write_gates

RUN = "teacher-1"
WORDS = {"acc": {"from": ["val/acc"], "goal": "max", "fraction": "auto"}}
GATES = [
    {"id": "wer-25", "role": "criterion", "test": "value", "left": "best(val/wer)", "op": "<", "right": 25},
    {"id": "wer-90", "role": "criterion", "test": "value", "left": "best(val/wer)", "op": "<", "right": 90},
    {"id": "acc-99", "role": "criterion", "test": "value", "left": "best(acc)", "op": ">=", "right": 99},
    {"id": "no-nan", "role": "flag", "test": "finite", "metrics": ["train/loss"]},
]


@pytest.fixture
def store(tmp_path):
    """A live run at epoch 40 of 100; gives a function that writes its points and opens a reader."""
    path = tmp_path / "runs.db"
    db = connect(path)
    runs, streams = RunWriter(db), StreamWriter(db)
    spec = {"job": {"name": "teacher", "command": ["x"]}, "metrics": {"primary": "val/wer", "goal": "min"}}
    readers = []

    def write(last=40, per_epoch=1, status="running"):
        with atomic(db):
            payload = {"job": "teacher", "study": "slr", "spec": json.dumps(spec), "project": str(tmp_path)}
            runs.add(RUN, payload, directory=tmp_path / "runs" / RUN, queued_at=0.0)
            write_gates(db, RUN, parse_gates(GATES, goals={"val/wer": "min"}, words=WORDS))
            records = [
                Record(metrics={"val/wer": 20 + 78 * n**-0.6, "val/acc": 0.9 - 0.6 * n**-0.5, "lr": 0.1 / n},
                       step=n * 10, epoch=n, at=n)
                for n in (1 + k / per_epoch for k in range((last - 1) * per_epoch + 1))
            ]  # fmt: skip
            streams.add_records(RUN, "jsonl", records, now=0.0)
            db.execute(
                "UPDATE runs SET status=?, epoch=?, step=?, total_epochs=100", (status, last, last * 10)
            )
        readers.append(Reader(path))
        return readers[-1]

    yield write
    for reader in readers:
        reader.close()
    db.close()


def expected(reader):
    view = reader.run(RUN)
    return view, {one.metric: one for one in prospects(reader, view, reader.gates(RUN))}


def test_metrics_with_a_limit_are_forecast_and_a_learning_rate_is_not(store):
    _, found = expected(store())
    assert set(found) == {"val/wer", "val/acc"}
    assert found["val/wer"].found.at(100).value == pytest.approx(20 + 78 * 100**-0.6, rel=0.05)


def test_gates_that_hold_already_have_no_outlook_and_others_speak_in_their_own_units(store):
    reader = store()
    _, found = expected(reader)
    assert set(found["val/wer"].outlooks) == {"wer-25", "wer-90"}  # neither was judged yet
    told = hints(list(found.values()))
    assert told["acc-99"].startswith("expected to miss 99: 8")


def test_a_long_curve_is_read_in_buckets_to_the_same_end(store):
    reader = store(per_epoch=60)
    assert next(one.points for one in reader.metrics(RUN)) > FEW
    _, found = expected(reader)
    assert found["val/wer"].unit == "epoch"
    assert found["val/wer"].found.at(100).value == pytest.approx(20 + 78 * 100**-0.6, rel=0.08)


def test_an_ended_run_is_expected_to_come_to_nothing_more(store):
    _, found = expected(store(status="ended"))
    assert {one.why_not for one in found.values()} == {"the run has ended"}


def test_too_few_evaluations_are_told_in_json(store):
    view, found = expected(store(last=5))
    told = forecast_json(view, found["val/wer"])
    assert told["value"] is None
    assert told["why_not"] == "8 evaluations are needed, and there are 5"


def test_seconds_until_follow_the_pace_of_the_run(store):
    view, found = expected(store())
    wer = found["val/wer"]
    assert seconds_until(replace(view, eta_seconds=600), wer, 70) == 300
    assert seconds_until(replace(view, eta_seconds=600), wer, None) is None
    assert seconds_until(replace(view, eta_seconds=None), wer, 70) is None


def test_json_tells_the_end_and_its_band(store):
    view, found = expected(store())
    told = forecast_json(view, found["val/wer"])
    assert told["at"] == 100
    assert told["low"] < told["value"] < told["high"]
    assert all(math.isfinite(told[name]) for name in ("low", "value", "high"))
