"""Curves in outline, and what they said at an epoch: the same as all their points say."""

import math
import random

import pytest

from tests.core.money_store import START, Books
from trainui.core.ingest.records import Record
from trainui.core.store.schema import atomic

nan, inf = math.nan, math.inf


@pytest.fixture
def books(tmp_path):
    return Books(tmp_path)


def log(books, told, *, metric="m", run="a-1"):
    """(step, epoch, value) of each point, a second apart."""
    records = [
        Record(metrics={metric: value}, step=step, epoch=epoch, at=START + n)
        for n, (step, epoch, value) in enumerate(told)
    ]  # fmt: skip
    with atomic(books.db):
        books.streams.add_records(run, "jsonl", records, now=START)


@pytest.mark.parametrize("count", [1, 15, 16, 17, 256, 3000, 70_000])
@pytest.mark.parametrize("buckets", [1, 30, 400])
def test_the_pieces_of_a_curve_hold_all_its_points_and_their_extremes(books, count, buckets):
    draw = random.Random(count).gauss
    values = [draw(0, 1) if n % 997 else (nan, inf, -inf)[n % 3] for n in range(count)]
    log(books, [(n, n / 7, value) for n, value in enumerate(values)])
    outline = books.reader().outlines("a-1", ["m", "gone"], buckets=buckets)["m"]
    assert sum(one.points for one in outline.pieces) == outline.points == count
    assert len(outline.pieces) <= 2 * buckets + 2
    start = 0
    for one in outline.pieces:
        part = values[start : start + one.points] or values[start : start + 1]
        finite = [value for value in part if math.isfinite(value)]
        assert (one.low, one.high) == (min(finite, default=None), max(finite, default=None))
        assert one.nonfinite == len(part) - len(finite)
        assert one.last == (finite[-1] if finite else None)
        assert (one.step_from, one.step) == (start, start + len(part) - 1)
        assert one.at == pytest.approx(START + one.step)
        assert one.epoch == pytest.approx(one.step / 7)
        start += one.points
    assert sum(odd.points for odd in outline.oddities) == sum(not math.isfinite(value) for value in values)


def test_a_metric_of_two_sources_is_told_from_the_more_structured_one(books):
    log(books, [(0, None, 1.0), (1, None, 2.0)])
    with atomic(books.db):
        books.streams.add_records("a-1", "console", [Record(metrics={"m": 9.0}, step=0, at=START)], now=START)
    reader = books.reader()
    assert reader.outlines("a-1", ["m"], buckets=9)["m"].points == 2
    rows = list(reader.rows_of_points("a-1", "m", before=("x", "y")))
    assert rows == [("x", "y", 0, None, START, 1.0), ("x", "y", 1, None, START + 1, 2.0)]


def test_where_steps_begin_anew_a_piece_ends(books):
    log(books, [(n, None, 1.0) for n in range(1000)] + [(n, None, 2.0) for n in range(500, 900)])
    outline = books.reader().outlines("a-1", ["m"], buckets=10)["m"]
    (cut,) = outline.cuts
    assert outline.pieces[cut].step == 500
    assert {one.last for one in outline.pieces[:cut]} == {1.0}
    assert {one.last for one in outline.pieces[cut:]} == {2.0}


@pytest.mark.parametrize("seed", range(4))
def test_what_a_long_curve_said_last_in_an_epoch_is_found_among_uneven_ones(books, seed):
    chance = random.Random(seed)
    told, epoch = [], 0.0
    for n in range(9000):
        epoch += chance.choice((0, 0, 1 / 64, 1 / 8, 2.5)) if n % 500 < 20 else 1 / 256
        told.append((n * 3, epoch, float(n)))
    log(books, told)
    reader = books.reader()
    keys = [float(key) for key in range(-1, math.ceil(epoch) + 3)]
    said = {math.ceil(at - 1e-9): value for _step, at, value in told}
    assert reader.values_at("a-1", "m", "epoch", keys) == [said.get(int(key)) for key in keys]
    steps = [-1.0, 0.0, 1.0, 3.0, 13_000.5, 26_997.0, 1e9]
    expected = [max((value for step, _at, value in told if step <= key), default=None) for key in steps]
    assert reader.values_at("a-1", "m", "step", steps) == expected
