"""runs.db: everything written comes back as it was, and a kill loses or doubles nothing."""

import math
import sqlite3

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainui.core.errors import NotFoundError, StoreError
from trainui.core.ingest.records import Record
from trainui.core.store.envelope import WIDTHS
from trainui.core.store.intents import Desk, close_intent, open_intents
from trainui.core.store.migrations import MIGRATIONS
from trainui.core.store.read import Reader
from trainui.core.store.schema import atomic, connect
from trainui.core.store.streams import Source, StreamWriter


def point(step, value, metric="m", epoch=None):
    return Record(metrics={metric: value}, step=step, epoch=epoch, at=float(step or 0))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "runs.db"


def write(db, points, run="a-1", source="jsonl", batch=7):
    for place in range(0, len(points), batch):
        writer = StreamWriter(db)  # a new one for each batch: as after a restart of the manager
        with atomic(db):
            writer.add_records(run, source, points[place : place + batch], now=0.0)


@pytest.mark.parametrize(
    "value",
    [0.0, -0.0, 1e-300, 1e308, math.nan, math.inf, -math.inf, 0.1, 2.0**53 + 1],
)
def test_a_value_comes_back_as_it_was(path, value):
    write(connect(path), [point(1, value)])
    found = Reader(path).curve("a-1", "m")[0].value
    assert found == value or (math.isnan(found) and math.isnan(value))


@pytest.mark.parametrize("step", [0, -3, 2**53 + 1, 2**62, 0.5])
def test_a_step_comes_back_exactly(path, step):
    write(connect(path), [point(step, 1.0)])
    assert Reader(path).curve("a-1", "m")[0].step == step


def test_a_point_without_a_step_gets_its_number(path):
    write(connect(path), [point(None, 5.0), point(None, 6.0)])
    assert [one.step for one in Reader(path).curve("a-1", "m")] == [0, 1]


values = st.one_of(st.floats(-1e6, 1e6), st.just(math.nan), st.just(math.inf))


@settings(max_examples=20, deadline=None)
@given(st.lists(values, min_size=1, max_size=700), st.integers(1, 300), st.integers(1, 60))
def test_no_spike_is_lost_whatever_the_batches(tmp_path_factory, curve, batch, buckets):
    path = tmp_path_factory.mktemp("store") / "runs.db"
    write(connect(path), [point(step, value) for step, value in enumerate(curve)], batch=batch)
    reader = Reader(path)
    found = reader.envelope("a-1", "m", buckets=buckets)
    finite = [value for value in curve if math.isfinite(value)]
    assert len(found) <= 2 * buckets
    assert sum(one.count for one in found) == len(curve)
    assert sum(one.nonfinite for one in found) == len(curve) - len(finite)
    assert min((one.min for one in found if one.min is not None), default=None) == min(finite, default=None)
    assert max((one.max for one in found if one.max is not None), default=None) == max(finite, default=None)
    assert found[0].step_from == 0
    assert found[-1].step_to == len(curve) - 1
    reader.close()


def test_one_spike_in_a_long_curve_stands_in_every_width(path):
    curve = [1.0] * (WIDTHS[2] * 2 + 5)
    curve[4321] = 99.0
    write(connect(path), [point(step, value) for step, value in enumerate(curve)], batch=2500)
    for buckets in (10, 100, 1000):
        assert max(one.max for one in Reader(path).envelope("a-1", "m", buckets=buckets)) == 99.0


def test_the_more_structured_source_is_the_curve(path):
    db = connect(path)
    write(db, [point(1, 1.0), point(2, 2.0)], source="console")
    write(db, [point(1, 1.5)], source="jsonl")
    assert [one.value for one in Reader(path).curve("a-1", "m")] == [1.5]
    assert [one.source for one in Reader(path).metrics("a-1")] == ["jsonl"]


def test_an_offset_moves_once(path):
    """Two ingesters of one file: the second finds that the offset has moved, and writes nothing."""
    writer = StreamWriter(connect(path))
    before = Source(run="a-1", path="x", kind="jsonl")
    after = Source(run="a-1", path="x", kind="jsonl", offset=10, inode=3, lines=1)
    assert writer.advance(before, after)
    assert not writer.advance(before, after)
    assert writer.source("a-1", "x", "jsonl") == after


def test_a_rolled_back_batch_leaves_nothing(path):
    db = connect(path)
    write(db, [point(0, 1.0)])
    writer = StreamWriter(db)
    with pytest.raises(ZeroDivisionError), atomic(db):
        writer.add_records("a-1", "jsonl", [point(1, 2.0)], now=0.0)
        _ = 1 / 0
    writer.forget()
    with atomic(db):
        writer.add_records("a-1", "jsonl", [point(1, 3.0)], now=0.0)
    assert [one.value for one in Reader(path).curve("a-1", "m")] == [1.0, 3.0]


def test_an_unknown_metric_names_the_nearest(path):
    write(connect(path), [point(1, 1.0, metric="val/mae")])
    db = connect(path)
    db.execute(
        "INSERT INTO runs (name, job, status, spec, project, directory, queued_at) VALUES"
        " ('a-1', 'a', 'queued', '{\"job\":{\"name\":\"a\",\"command\":[\"x\"]}}', '', '', 0)"
    )
    with pytest.raises(NotFoundError, match="val/mae"):
        Reader(path).curve("a-1", "val/mea")
    with pytest.raises(NotFoundError, match="no run 'b-1'"):
        Reader(path).curve("b-1", "val/mae")


PAYLOAD = {
    "job": "a",
    "study": "a",
    "spec": '{"job":{"name":"a","command":["x"]}}',
    "project": "",
    "armed": False,
}


def test_a_name_is_given_once(path, tmp_path):
    (tmp_path / "runs" / "a-7").mkdir(parents=True)
    desk, other = Desk(path), Desk(path)
    assert [desk.start("a", PAYLOAD), other.start("a", PAYLOAD), desk.start("a_b", PAYLOAD)] == [
        "a-8",
        "a-9",
        "a_b-1",
    ]


def test_an_acknowledged_run_is_seen_before_any_manager_was(path):
    desk = Desk(path)
    name = desk.start("a", PAYLOAD)
    (view,) = Reader(path).runs()
    assert (view.run, view.status, view.waits_for) == (name, "queued", "the manager")


def test_an_intent_is_carried_out_once(path):
    desk = Desk(path)
    intent = desk.add("stop", "a-1", {"now": True})
    db = connect(path)
    (found,) = open_intents(db)
    assert (found.id, found.verb, found.run, found.payload) == (intent, "stop", "a-1", {"now": True})
    with atomic(db):
        close_intent(db, intent, "stopping", 1.0)
    assert open_intents(db) == []
    assert desk.outcome(intent) == "stopping"


def test_the_file_is_the_users_alone(path):
    connect(path)
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_newer_file_is_refused_politely(path):
    db = connect(path)
    db.execute(f"PRAGMA user_version={len(MIGRATIONS) + 1}")
    db.close()
    with pytest.raises(StoreError, match="newer trainui"):
        connect(path)


@pytest.mark.parametrize("content", [b"this is not a database, whatever it is called" * 9])
def test_another_file_is_refused_in_one_sentence(path, content):
    path.write_bytes(content)
    with pytest.raises(StoreError, match="cannot be used"):
        connect(path)


def test_reading_never_makes_a_file(path):
    with pytest.raises(StoreError, match="does not exist"):
        Reader(path)
    assert not path.exists()


def test_plain_sql_finds_stable_views(path):
    write(connect(path), [point(3, 0.5, epoch=1.0)])
    row = sqlite3.connect(path).execute("SELECT run, metric, step, epoch, value FROM curves").fetchone()
    assert row == ("a-1", "m", 3, 1.0, 0.5)
