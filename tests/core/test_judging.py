"""What a judge is told is remembered: whenever the manager is killed, the gates stand where they would have stood."""

from __future__ import annotations

import math
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainui.core.gates import Notice
from trainui.core.ingest.records import Record
from trainui.core.judging import Judging
from trainui.core.spec import Job, Spec
from trainui.core.store.runs import RunWriter
from trainui.core.store.schema import atomic, connect
from trainui.core.store.streams import StreamWriter

VALUES = st.one_of(st.integers(-8, 8).map(float), st.sampled_from([math.nan, math.inf, -math.inf]))
RECORDS = st.builds(
    Record,
    metrics=st.dictionaries(st.sampled_from(["m", "n", "x", "y"]), VALUES, min_size=1),
    step=st.none() | st.integers(0, 30),
    epoch=st.none() | st.integers(0, 9).map(float),
    at=st.none() | st.floats(0, 100),
)
METERS = st.dictionaries(
    st.sampled_from(["@wall_h", "@cost_usd", "@host_mem_gb", "@silent_s", "@epoch"]),
    st.sampled_from([0.0, 1.0, 1.0001, 2.0, 9.0]),
)
TOLD = st.lists(
    st.one_of(
        st.tuples(st.just("batch"), st.sampled_from(["jsonl", "console"]), st.lists(RECORDS, max_size=5)),
        st.tuples(st.just("meters"), METERS, st.sampled_from([1.0, 5.0, 70.0])),
        st.tuples(st.just("answer"), st.booleans(), st.just(None)),
        st.tuples(st.just("notice"), st.sampled_from(["line", "stop"]), st.integers(0, 4)),
    ),
    max_size=14,
)


def flag(test, **more):
    return {"role": "flag", "test": test, **more}


def value(left, op, right, role="flag", **more):
    return {"role": role, "test": "value", "left": left, "op": op, "right": right, **more}


QUIET = [
    value("best(m)", "<", -3, "criterion", when="from epoch 2"),
    value("last(n)", ">", 5, "criterion", when="until epoch 6"),
    flag("stall", metric="m", min_delta="1%", window="2 epochs"),
    flag("finite", metrics=["m", "n"]),
    flag("regress", metric="n", by=3, **{"for": 2}),
    value("max(@wall_h)", "<=", 5, "budget", warn_at=1.5),
    value("last(@host_mem_gb)", "<=", 3, **{"for": "5s", "clear_for": 2}),
    value("median(m, 3)", "<=", 2, minus="last(n)"),
    {"role": "criterion", "test": "all", "of": ["g0", "!g4"]},
]
"""Gates that need no more than the points of their own metrics."""
LOUD = [
    *QUIET,
    {"role": "ask", "test": "ask", "question": "?", "when": "every 10s"},
    {"role": "ask", "test": "ask", "question": "?", "when": "at epoch 4", "needs": ["g0"]},
    {"role": "criterion", "test": "any", "of": ["g1", "g9"], "when": "from step 5"},
    value("max(@epoch)", "<", 7, "budget"),
]
"""And gates that mind how far the run is, or are answered."""


def named(tables):
    return [{"id": f"g{n}", **table} for n, table in enumerate(tables)]


class Store:
    """A run in a store of its own, and whoever judges it."""

    def __init__(self, folder, tables, *, parent=None, name="a-1", db=None):
        self.db = db or connect(Path(folder) / "runs.db")
        spec = Spec(job=Job(name="a", command=["true"]), gate=named(tables))
        payload = {"job": "a", "study": "a", "spec": spec.to_json(), "project": str(folder), "parent": parent}
        with atomic(self.db):
            self.row = RunWriter(self.db).add(name, payload, directory=Path(folder), queued_at=0.0)
        self.begin()
        with atomic(self.db):
            self.judging.register()
        self.said = []

    def begin(self):
        """Another manager takes over."""
        self.writer = StreamWriter(self.db)
        self.judging = Judging(self.db, self.row, count=lambda: self.writer.points(self.row.name))

    def tell(self, told, now):
        kind, what, more = told
        if kind == "batch":
            with self.judging.transaction():
                added = self.writer.add_records(self.row.name, what, more, now=now, wanted=self.judging.wants)
                self.said += self.judging.points(added)
        elif kind == "meters":
            self.said += self.judging.meters(what, now=now)
        elif kind == "notice":
            self.said += self.judging.notice(Notice(kind=what, text="x" * more, at=now))
        elif len(self.judging.gates) > 9:
            self.said += self.judging.answer("g9", what, who="me", note="n", now=now)

    @property
    def now(self):
        return self.judging._judge.current()


def walk(told):
    """The same things at their times."""
    now = 1000.0
    for one in told:
        now += one[2] if one[0] == "meters" else 1.0
        yield one, now


@pytest.mark.parametrize("tables", [QUIET, LOUD], ids=["quiet", "loud"])
@settings(max_examples=120, deadline=None)
@given(told=TOLD, kills=st.sets(st.integers(0, 14)))
def test_a_judge_that_was_made_anew_stands_where_it_would_have_stood(tables, told, kills):
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        steady, killed = Store(one, tables), Store(other, tables)
        for number, (what, now) in enumerate(walk(told)):
            steady.tell(what, now)
            if number in kills:
                killed.begin()
            killed.tell(what, now)
            assert killed.now == steady.now
        for store in (steady, killed):
            store.judging.end(result="finished", exit_code=0, now=9999.0)
        assert killed.now == steady.now
