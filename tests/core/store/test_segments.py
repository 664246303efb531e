"""Segments: where the steps of a curve go back, whatever the batches, and buckets that keep to them."""

import sqlite3

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainui.core.ingest.records import Record
from trainui.core.store.migrations import MIGRATIONS
from trainui.core.store.read import Reader
from trainui.core.store.schema import atomic, connect
from trainui.core.store.segments import Track, cut
from trainui.core.store.streams import StreamWriter


def write(path, steps, *, batch=5, values=None):
    db = connect(path)
    told = [
        Record(metrics={"m": float(n if values is None else values[n])}, step=step)
        for n, step in enumerate(steps)
    ]
    for place in range(0, len(told), batch):
        with atomic(db):  # a new writer for each batch: as after a restart of the manager
            StreamWriter(db).add_records("a-1", "jsonl", told[place : place + batch], now=0.0)
    db.close()


@pytest.mark.parametrize(
    ("steps", "begins"),
    [
        ([0, 1, 2, 3], [0]),
        ([0, 1, 2, 1, 2, 3], [0, 3]),  # went on from a checkpoint
        ([5, 6, 0, 1, 2, 3, 4, 5, 6, 7], [0, 2]),  # began anew, and passed where it was
        ([0, 1, 2, 0], [0, 3]),  # the first point after a restart
        ([0, 1, 3, 2, 4, 5], [0]),  # two threads
        ([0, 1, 3, 2, 4, 6, 5, 7], [0]),
        ([0, 1, 4, 2, 3, 5], [0, 3]),  # two points behind are no slip
        ([0, 0, 0, 1, 1], [0]),
        ([9, 5, 1], [0, 1, 2]),
        ([-3, -2, -1, -3, -2], [0, 3]),
        ([0.5, 1, 1.5, 0.75, 1.25], [0, 3]),
        ([2**62, 2**62 + 1, 2**62, 2**62 + 1], [0, 2]),
    ],
)  # fmt: skip
@pytest.mark.parametrize("batch", [1, 2, 100])
def test_a_segment_begins_where_steps_go_back(tmp_path, steps, begins, batch):
    path = tmp_path / "runs.db"
    write(path, steps, batch=batch)
    assert Reader(path).segments("a-1", "m") == begins


@settings(max_examples=300, deadline=None)
@given(st.lists(st.integers(0, 12), min_size=1, max_size=60), st.data())
def test_the_batches_make_no_difference(steps, data):
    whole = {n: step for n, step in cut(Track(), steps, 0).items() if step is not None}
    track, found, n = Track(), {}, 0
    while n < len(steps):
        size = data.draw(st.integers(1, 10))
        for place, step in cut(track, steps[n : n + size], n).items():
            found[place] = step
        n += size
        track = Track(top=track.top, behind=track.behind)
    assert {n: step for n, step in found.items() if step is not None} == whole
    assert all(steps[n - 1] > step for n, step in whole.items())


def test_no_bucket_reaches_over_the_border_of_a_segment(tmp_path):
    path = tmp_path / "runs.db"
    steps = [*range(5000), *range(3000, 9000), *range(100, 4100)]
    write(path, steps, batch=1777)
    reader = Reader(path)
    assert reader.segments("a-1", "m") == [0, 5000, 11_000]
    for buckets in (3, 10, 100, 1000):
        found = reader.envelope("a-1", "m", buckets=buckets)
        ends = [sum(one.count for one in found[: n + 1]) for n in range(len(found))]
        assert {5000, 11_000, 15_000} <= set(ends)
        assert len(found) <= 2 * buckets
        place = 0
        for one in found:  # what each bucket says of the stretch it stands for
            part = range(place, place := place + one.count)
            assert (one.min, one.max, one.first, one.last) == (part[0], part[-1], part[0], part[-1])
            assert (one.step_from, one.step_to) == (steps[part[0]], steps[part[-1]])


def test_more_segments_than_buckets_are_drawn_all_the_same(tmp_path):
    path = tmp_path / "runs.db"
    write(path, list(range(10)) * 200, batch=700)
    found = Reader(path).envelope("a-1", "m", buckets=50)
    assert len(found) <= 100
    assert sum(one.count for one in found) == 2000


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 5000), st.integers(1, 900), st.integers(0, 5000), st.integers(0, 5000), st.integers(1, 80)
)
def test_any_stretch_is_told_whole(tmp_path_factory, points, batch, start, stop, buckets):
    path = tmp_path_factory.mktemp("store") / "runs.db"
    values = [(n * 7919) % 1009 for n in range(points)]
    write(path, range(points), batch=batch, values=values)
    reader = Reader(path)
    start, stop = min(start, points), min(stop, points)
    part = values[start:stop]
    found = reader.envelope("a-1", "m", buckets=buckets, start=start, stop=stop)
    assert sum(one.count for one in found) == len(part)
    assert len(found) <= 2 * buckets
    if part:
        assert (found[0].step_from, found[-1].step_to) == (start, stop - 1)
        assert (min(one.min for one in found), max(one.max for one in found)) == (min(part), max(part))
        assert (found[0].first, found[-1].last) == (part[0], part[-1])
    reader.close()


def old_file(path, steps):
    """runs.db as schema 2 left it: partial buckets on every level, no segments."""
    db = sqlite3.connect(path, isolation_level=None)
    db.row_factory = sqlite3.Row
    for step in MIGRATIONS[:2]:
        step(db)
    db.execute("PRAGMA user_version=2")
    db.execute("BEGIN")
    db.execute(
        "INSERT INTO metrics VALUES (1, 'a-1', 'm', 'jsonl', 0, ?, 0, 0, ?, 1, 0, ?, ?, ?, ?, NULL, 0)",
        (len(steps), len(steps) - 1, len(steps) - 1, steps[0], steps[-1], steps[-1]),
    )
    db.executemany(
        "INSERT INTO points VALUES (1, ?, ?, ?, NULL, 0, ?)", [(n, s, n, n) for n, s in enumerate(steps)]
    )
    for level, width in enumerate((16, 256, 4096, 65536)):
        for at in range(0, len(steps), width):
            part = range(at, min(at + width, len(steps)))
            row = (
                level,
                at // width,
                min(steps[n] for n in part),
                max(steps[n] for n in part),
                part[0],
                part[-1],
                part[0],
                part[-1],
                len(part),
            )
            db.execute("INSERT INTO envelopes VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)", row)
    db.execute(
        "INSERT INTO sources VALUES ('a-1', 'metrics.jsonl', 'jsonl', 77, 5, 9, 9, '[9,9,[]]', 'mark')"
    )
    db.execute("COMMIT")
    db.close()


def test_a_file_of_schema_2_opens_reads_the_same_and_goes_on(tmp_path):
    path = tmp_path / "runs.db"
    steps = [*range(700), *range(300, 700)]
    old_file(path, steps)
    reader = Reader(path)
    assert [one.step for one in reader.curve("a-1", "m")] == steps
    assert reader.segments("a-1", "m") == [0, 700]
    assert [one.points for one in reader.metrics("a-1")] == [1100]
    db = connect(path)
    writer = StreamWriter(db)
    source = writer.source("a-1", "metrics.jsonl", "jsonl")
    assert (source.offset, source.mark, source.prefix) == (77, "mark", "")
    with atomic(db):
        writer.add_records(
            "a-1", "jsonl", [Record(metrics={"m": n}, step=n - 400) for n in range(1100, 2000)], now=0.0
        )
        writer.add_records("a-1", "jsonl", [Record(metrics={"m": 2000}, step=5)], now=0.0)
    assert reader.segments("a-1", "m") == [0, 700, 2000]
    found = reader.envelope("a-1", "m", buckets=7)
    assert sum(one.count for one in found) == 2001
    assert (found[0].min, found[-1].max) == (0, 2000)
    assert [one.last for one in found if one.step_to == 699] == [699]  # the border
    assert (
        db.execute("SELECT count(*) FROM envelopes WHERE level=1 AND count=256").fetchone()[0] == 2000 // 256
    )


def test_a_rolled_back_segment_is_gone(tmp_path):
    path = tmp_path / "runs.db"
    write(path, [0, 1, 2])
    db = connect(path)
    writer = StreamWriter(db)
    with pytest.raises(ZeroDivisionError), atomic(db):
        writer.add_records("a-1", "jsonl", [Record(metrics={"m": 0.0}, step=0)], now=0.0)
        _ = 1 / 0
    writer.forget()
    with atomic(db):
        writer.add_records("a-1", "jsonl", [Record(metrics={"m": 0.0}, step=3)], now=0.0)
    assert Reader(path).segments("a-1", "m") == [0]


@pytest.mark.parametrize("buckets", [3, 40, 2000])
@pytest.mark.parametrize(("start", "stop"), [(0, None), (100, 777), (5, 6)])
def test_a_bucket_knows_when_its_first_and_last_point_were_written(tmp_path, buckets, start, stop):
    path = tmp_path / "runs.db"
    db = connect(path)
    with atomic(db):
        told = [Record(metrics={"m": 1.0}, step=n, epoch=n / 10, at=1000.0 + n) for n in range(1000)]
        StreamWriter(db).add_records("a-1", "jsonl", told, now=0.0)
    db.close()
    for one in Reader(path).envelope("a-1", "m", buckets=buckets, start=start, stop=stop):
        assert (one.at_from, one.at_to) == (1000.0 + one.step_from, 1000.0 + one.step_to)
        assert (one.epoch_from, one.epoch_to) == (one.step_from / 10, one.step_to / 10)
