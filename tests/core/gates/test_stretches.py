"""Stretches say what points say: however a run is read in batches, its gates and the default watch end alike."""

import math
import random

from hypothesis import given, settings
from hypothesis import strategies as st

from trainui.core.gates import DefaultWatch, Judge, Pace, parse_gates
from trainui.core.ingest.records import Record
from trainui.core.store.columns import Batch

NAN, INF = math.nan, math.inf
BATCHES = (1, 7, 16, 33, 100, 450)
"""Lines that are read together; a stretch has from 16 to 256."""

GATES = [
    {"id": "finite", "role": "flag", "test": "finite", "metrics": ["loss"]},
    {"id": "low", "role": "criterion", "test": "value", "left": "best(val_loss)", "op": "<", "right": 1.0},
    {"id": "both", "role": "flag", "test": "any", "of": ["finite", "low"]},
]


def written(seed, *, lines):
    """A run that might have been: losses that fall, jump, stand still and break, beside what nobody watches."""
    chance = random.Random(seed)
    kinds = [
        ["loss"], ["loss", "lr"], ["loss", "grad_norm", "lr"], ["cls_loss", "box_loss"], ["loss", "free"],
        ["loss", "accuracy"], ["reward", "loss"],
    ]  # fmt: skip
    names = chance.choice(kinds)
    every = chance.choice([0, 3, 20])  # lines between two that tell of validation
    trouble = chance.choice([0.0, 0.0, 0.002, 0.02])
    epochs = chance.choice(["none", "all", "some"])
    at, step, level, records, still = 1e9, 0, 3.0, [], 0
    for line in range(lines):
        at += chance.choice([1, 1, 1, 2, 0, 0.5]) if chance.random() > trouble else chance.choice([900, -50])
        step = step + 1 if chance.random() > trouble else chance.choice([0, step, step + 100])
        still = max(still - 1, 0) if chance.random() > trouble else chance.choice([12, 35])
        level = level if still else max(level * 0.997, 0.3) * (1 + 0.01 * chance.gauss(0, 1))
        level *= 4 if chance.random() < trouble / 4 else 1
        told = {}
        for name in [*names, *(["val_loss"] if every and line % every == 0 else [])]:
            value = {"lr": 1e-3 * (1 - line / lines), "accuracy": 1 - level / 4}.get(name, level)
            if chance.random() < trouble:
                value = chance.choice([NAN, INF, -INF, 0.0, 10 * level, 1.7 * level])
            told[name] = value
        says = epochs == "all" or (epochs == "some" and chance.random() < 0.1)
        records.append(Record(metrics=told, step=step, epoch=step // 50 if says else None, at=at))
    return records


def fresh(gates, **said):
    return Judge(parse_gates(GATES[:gates]), DefaultWatch(**said))


class Reading:
    """A judge that is fed a run in batches, as `Judging` feeds it, and all that it said."""

    def __init__(self, judge, *, stretches):
        self.judge = judge
        self.heard = []
        self._pace = Pace() if stretches else None
        self._read = 0

    def read(self, records):
        batch = Batch(records, now=0.0, first=self._read)
        steps = {name: batch.steps(column, self._read) for name, column in batch.columns.items()}
        told = batch.told(steps, frozenset())
        if self._pace is not None:
            self.heard += self._pace.feed(self.judge, told)
        else:
            self.heard += self.judge.feed_all(told.points(0, told.lines))
        self._read += batch.size

    def meters(self, values, at):
        self.heard += self.judge.meters(values, at=at)


def cut(records, chance, sizes):
    start = 0
    while start < len(records):
        size = chance.choice(sizes)
        yield records[start : start + size]
        start += size


def story(reading):
    place = reading.judge.place
    return (
        repr(reading.heard),
        repr(reading.judge.current()),
        (place.step, place.epoch, place.at),
        sorted(reading.judge.unwritten),
    )


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    gates=st.sampled_from([0, 0, 1, 3]),
    classes=st.sampled_from([None, 10]),
    primary=st.sampled_from([(), ("loss",), ("free",)]),
)
def test_stretches_equal_point_by_point_in_any_batches_with_meters_and_another_run_between(
    seed, gates, classes, primary
):
    chance = random.Random(seed)
    records = written(seed, lines=chance.choice([40, 400, 900]))
    said = {"classes": classes, "primary": primary}
    plain, paced = (Reading(fresh(gates, **said), stretches=one) for one in (False, True))
    again = chance.random() < 0.3
    for number, batch in enumerate(cut(records, chance, BATCHES)):
        for one in (plain, paced):
            one.read(batch)
            if number % 3 == 2:
                one.meters({"@silent_s": 2.0, "@gpu_util": 0.0, "@total_steps": 5000.0}, batch[-1].at + 1)
            if again and number == 4:
                one.judge.begin_again()
        assert story(paced) == story(plain)
    for one in (plain, paced):
        one.heard += one.judge.end(result="finished", exit_code=0, at=records[-1].at + 5)
    assert story(paced) == story(plain)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10**6), gates=st.sampled_from([0, 1, 3]))
def test_a_judge_that_was_begun_anew_and_read_all_again_in_other_batches_goes_on_alike(seed, gates):
    chance = random.Random(seed)
    records = written(seed, lines=600)
    done = chance.randrange(1, len(records))
    first, second = (Reading(fresh(gates), stretches=True) for _ in range(2))
    for batch in cut(records[:done], chance, BATCHES):
        first.read(batch)
    for batch in cut(records[:done], chance, BATCHES):
        second.read(batch)
    assert story(second) == story(first)
    for batch in cut(records[done:], chance, BATCHES):
        for one in (first, second):
            one.read(batch)
        assert story(second) == story(first)


def test_the_runs_drawn_here_are_read_in_stretches_and_some_of_them_are_told_of(monkeypatch):
    """Else those tests would show nothing."""
    taken, passes = [], DefaultWatch.passes
    monkeypatch.setattr(
        DefaultWatch, "passes", lambda self, all_: taken.append(passes(self, all_)) or taken[-1]
    )
    heard = set()
    for seed in range(40):
        reading = Reading(fresh(0), stretches=True)
        reading.read(written(seed, lines=400))
        heard |= {(one.gate, one.state) for one in reading.heard}
    assert taken.count(True) > 100
    assert taken.count(False) > 20
    assert {gate for gate, _ in heard} >= {"watch/nonfinite", "watch/frozen"}
    assert len(heard) >= 6
