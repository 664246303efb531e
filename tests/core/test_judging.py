"""What a judge is told is remembered: whenever the manager is killed, the gates stand where they would have stood."""

from __future__ import annotations

import math
import sqlite3
import tempfile
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainui.core.gates import Judge, Notice
from trainui.core.ingest.records import Record
from trainui.core.judging.remembered import Judging
from trainui.core.judging.retelling import retell
from trainui.core.spec import Job, MetricWords, Spec
from trainui.core.store.readings import readings_of
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
    flag("track", metric="m", points=[[1, 5], [4, 0]], tol=2, side="above"),
    flag("spike", metric="n", window=4, z=2, goal="min"),
    flag("overfit", val="m", train="n", by="5%"),
    value("mean(acc, 3)", ">", 50, grace="2 points"),
    value("drawdown(acc, epochs 1..4)", "<", 30, "hypothesis", when="at epoch 4"),
    value("last(acc)", ">", 40, confidence=0.9),
    value("distinct(m, 2 epochs)", ">=", 2, when="from epoch 3"),
]
"""Gates that need no more than the points of their own metrics."""
LOUD = [
    *QUIET,
    {"role": "ask", "test": "ask", "question": "?", "when": "every 10s"},
    {"role": "ask", "test": "ask", "question": "?", "when": "at epoch 4", "needs": ["g0"]},
    {"role": "criterion", "test": "any", "of": ["g1", "g16"], "when": "from step 5"},
    value("max(@epoch)", "<", 7, "budget"),
]
"""And gates that mind how far the run is, or are answered."""


def named(tables):
    return [{"id": f"g{n}", **table} for n, table in enumerate(tables)]


class Store:
    """A run in a store of its own, and whoever judges it."""

    def __init__(self, folder, tables, *, parent=None, name="a-1", db=None):
        self.db = db or connect(Path(folder) / "runs.db")
        words = {"acc": MetricWords(from_=["n", "nn"], goal="max", fraction="auto", n_eval=100)}
        spec = Spec(job=Job(name="a", command=["true"]), gate=named(tables), metric=words)
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
        elif len(self.judging.gates) > 16:
            self.said += self.judging.answer("g16", what, who="me", note="n", now=now)

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


@pytest.mark.parametrize("tables", [QUIET, LOUD], ids=["quiet", "loud"])
@settings(max_examples=80, deadline=None)
@given(told=TOLD)
def test_what_was_said_live_is_what_is_said_again_of_the_finished_run(tables, told):
    """Of a metric that has one source from the beginning; where a better one appears, gates stand by that one."""
    told = [(kind, "jsonl", more) if kind == "batch" else (kind, what, more) for kind, what, more in told]
    with tempfile.TemporaryDirectory() as folder:
        live = Store(folder, tables)
        for what, now in walk(told):
            live.tell(what, now)
        again = Judge(live.judging.gates)
        rows = RunWriter(live.db).points_in_order("a-1")
        said = list(retell(again, rows, readings_of(live.db, "a-1")))
        assert [comparable(one) for one in said] == [comparable(one) for one in live.said]
        assert again.current() == live.now


def comparable(verdict):
    return verdict.gate, verdict.state, verdict.value, verdict.reason, verdict.at, verdict.actions


@settings(max_examples=60, deadline=None)
@given(told=TOLD)
def test_points_of_metrics_that_nobody_watches_change_nothing(told):
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        noisy, calm = Store(one, QUIET), Store(other, QUIET)
        for (kind, what, more), now in walk(told):
            records = [only("mnxy", record) for record in more] if kind == "batch" else more
            noisy.tell((kind, what, records), now)
            if kind == "batch":
                records = [only("mn", record) for record in more if record.metrics.keys() & {"m", "n"}]
            calm.tell((kind, what, records), now)
        assert {name: one.state for name, one in noisy.now.items()} == {
            name: one.state for name, one in calm.now.items()
        }


def only(names, record):
    """A record that says where it stands, with some of its metrics."""
    metrics = {name: value for name, value in record.metrics.items() if name in names}
    return Record(metrics=metrics, step=record.step or 0, epoch=record.epoch or 0.0, at=record.at)


def batch(*values, metric="m", first=1):
    told = [Record(metrics={metric: value}, step=n, epoch=n) for n, value in enumerate(values, first)]
    return "batch", "jsonl", told


GOES_ON = [
    value("best(m)", "<", 2, "criterion", goal="min"),
    flag("regress", metric="m", by=3, goal="min", on={"tripped": ["stop"]}),
    value("max(@wall_h)", "<=", 5, "budget"),
    {"role": "criterion", "test": "all", "of": ["g0", "!g1"]},
]


@pytest.mark.parametrize("killed", [False, True])
def test_a_run_that_goes_on_remembers_what_its_parent_saw_before_it(tmp_path, killed):
    parent = Store(tmp_path, GOES_ON)
    parent.tell(batch(9, 5, 4, 9, 1), 1.0)  # what lies after step 3 is not the child's past
    child = Store(tmp_path, GOES_ON, db=parent.db, parent="a-1", name="a-2")
    child.tell(("meters", {"@wall_h": 6.0}, 1.0), 2.0)
    assert [one.state.value for one in child.now.values()] == ["pending", "pending", "tripped", "pending"]
    child.tell(batch(6, first=4), 3.0)
    if killed:
        child.begin()
    assert child.now["g0"].value == 4
    assert child.now["g1"].state == "ok", "what tripped in the parent is not held against the child"
    assert child.now["g2"].state == "tripped"
    child.tell(batch(8, first=5), 4.0)
    trips = [(one.gate, one.actions) for one in child.said if one.state == "tripped"]
    assert trips == [("g2", ()), ("g1", ("stop",))]


def test_a_run_that_begins_anew_remembers_nothing(tmp_path):
    parent = Store(tmp_path, GOES_ON)
    parent.tell(batch(1, 1, 1), 1.0)
    child = Store(tmp_path, GOES_ON, db=parent.db, parent="a-1", name="a-2")
    child.tell(batch(8), 2.0)
    assert (child.now["g0"].state, child.now["g0"].value) == ("ok", 8)


def test_a_better_source_of_a_metric_is_judged_from_its_beginning(tmp_path):
    store = Store(tmp_path, [flag("finite", metrics=["m"], k=1, on={"tripped": ["stop"]})])
    store.tell(("batch", "console", [Record(metrics={"m": 1.0}, step=1)]), 1.0)
    store.tell(("batch", "jsonl", [Record(metrics={"m": math.nan}, step=1)]), 2.0)
    store.tell(("batch", "console", [Record(metrics={"m": 1.0}, step=2)]), 3.0)
    assert [(one.state, one.actions) for one in store.said] == [("ok", ()), ("tripped", ("stop",))]


def test_a_day_of_meters_weighs_little(tmp_path):
    """Told when one of them moved by a thousandth, else each minute: 17 280 looks become a few thousand."""
    store = Store(tmp_path, [value("max(@wall_h)", "<=", 30, "budget"), value("max(@cost_usd)", "<=", 99)])
    for look in range(24 * 720):
        at = look * 5.0
        store.judging.meters({"@wall_h": at / 3600, "@cost_usd": at / 3600 * 2, "@step": look}, now=at)
    told = list(readings_of(store.db, "a-1"))
    gaps = [b.at - a.at for a, b in pairwise(told)]
    assert max(gaps) <= 60
    assert len(told) < 5000
    assert sum(len(one.name) + len(one.text) + 60 for one in told) < 1e6


def test_a_failed_transaction_leaves_a_judge_that_is_known_to_be_ahead(tmp_path):
    store = Store(tmp_path, QUIET)
    store.db.execute("DROP TABLE verdicts")
    with pytest.raises(sqlite3.OperationalError):
        store.tell(("meters", {"@wall_h": 9.0}, 1.0), 1.0)
    assert store.judging.is_stale
