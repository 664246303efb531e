"""Every number a script can write, from its line in metrics.jsonl to `trainui curve --json`."""

import json
import math

import pytest
from click.testing import CliRunner
from hypothesis import example, given, settings
from hypothesis import strategies as st

from trainui.cli import trainui
from trainui.core.gates import Judge, Point, parse_gates
from trainui.core.ingest.records import Record
from trainui.core.store.read import Reader
from trainui.core.store.runs import RunWriter
from trainui.core.store.schema import atomic, connect
from trainui.core.store.streams import StreamWriter
from trainui.core.watching import Watch

SPEC = '{"job":{"name":"a","command":["true"]},"metrics":{"primary":"m","goal":"min"}}'


class Run:
    """A run whose files are read by a real watch, a new one each time: as after a restart of the manager."""

    def __init__(self, folder, spec=SPEC):
        self.path = folder / "runs.db"
        self.db = connect(self.path)
        self.folder = folder / "runs" / "a-1"
        self.folder.mkdir(parents=True)
        payload = {"job": "a", "study": "a", "spec": spec, "project": str(folder)}
        with atomic(self.db):
            self.row = RunWriter(self.db).add("a-1", payload, directory=self.folder, queued_at=0.0)

    def wrote(self, *lines, to="metrics.jsonl"):
        with (self.folder / to).open("a") as file:
            file.writelines(f"{line}\n" for line in lines)
        watch = Watch(self.db, self.row, StreamWriter(self.db))
        watch.read(now=1.7e9, final=True)
        return watch

    def curve(self, metric="m"):
        done = CliRunner().invoke(trainui, ["curve", "a-1", metric, "--json", "--db", str(self.path)])
        assert done.exit_code == 0, done.output
        return json.loads(done.output)


@pytest.fixture
def run(tmp_path):
    return Run(tmp_path)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("NaN", "nan"), ("Infinity", "inf"), ("-Infinity", "-inf"), ("1e999", "inf"), ("-1e999", "-inf"),
        ('"nan"', "nan"), ("0.0", 0.0), ("-0.0", 0.0), ("0", 0.0), ("1e-320", 1e-320), ("1.7976931348623157e308", 1.7976931348623157e308),
        ("5e-324", 5e-324), ("0.1", 0.1), ("3.0000000000000004", 3.0000000000000004), ("123456789012345678", 123456789012345680.0),
    ],
)  # fmt: skip
def test_a_value_comes_out_as_it_went_in(run, written, read):
    run.wrote(f'{{"step": 1, "metrics": {{"m": {written}}}}}', f'{{"step": 2, "m": {written}}}')
    assert [point[1] for point in run.curve()["points"]] == [read, read]


def test_huge_finite_values_are_not_taken_for_infinite(run):
    """Their sum is infinite; they are not."""
    run.wrote(*(f'{{"step": {n}, "metrics": {{"m": 1e308}}}}' for n in range(40)))
    view = Reader(run.path).metrics("a-1")[0]
    assert (view.nonfinite, view.max, view.points) == (0, 1e308, 40)
    found = Reader(run.path).envelope("a-1", "m", buckets=2)
    assert (sum(one.nonfinite for one in found), max(one.max for one in found)) == (0, 1e308)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("0", 0), ("-7", -7), ("1.5", 1.5), (str(2**53 + 1), 2**53 + 1), (str(2**62 + 1), 2**62 + 1),
        (str(2**63 - 1), 2**63 - 1), (str(-(2**63) + 1), -(2**63) + 1), (str(2**63), float(2**63)), (str(2**70), float(2**70)), ("1e3", 1000),
    ],
)  # fmt: skip
def test_a_step_comes_out_exactly_up_to_2_63(run, written, read):
    run.wrote(f'{{"step": {written}, "metrics": {{"m": 1.0}}}}', f'{{"step": {written}, "m": 1.0}}')
    assert [point[0] for point in run.curve()["points"]] == [read, read]
    view = Reader(run.path)
    assert (view.metrics("a-1")[0].last_step, view.run("a-1").step) == (read, read)
    assert view.envelope("a-1", "m", buckets=1)[0].step_to == read


def test_neighbouring_steps_past_2_53_stay_apart(run):
    run.wrote(*(f'{{"step": {2**53 + n}, "m": {n}}}' for n in range(20)))
    assert [point[0] for point in run.curve()["points"]] == [2**53 + n for n in range(20)]


def test_steps_that_restart_are_all_kept_in_order(run):
    steps = [0, 1, 2, 3, 1, 2, 3, 4]
    for step in steps:
        run.wrote(f'{{"step": {step}, "m": {step}}}')
    told = run.curve()
    assert [point[0] for point in told["points"]] == steps
    assert told["segments"] == [0, 4]


@pytest.mark.parametrize(
    "name", ["损失", "perte/é", "loss 🙂", "a b", "ß/µ²", "x" * 200, "'; DROP TABLE points --", "%s", "-x"]
)
def test_a_name_in_any_script_is_kept(run, name):
    run.wrote(
        json.dumps({"step": 1, "metrics": {name: 1.0}}),
        json.dumps({"step": 2, name: 2.0}, ensure_ascii=False),
    )
    assert [one.metric for one in Reader(run.path).metrics("a-1")] == [name]
    if not name.startswith("-"):
        assert [point[1] for point in run.curve(name)["points"]] == [1.0, 2.0]


def test_a_name_with_half_a_surrogate_harms_nothing(run):
    run.wrote('{"step": 1, "a\\ud800b": 1.0, "m": NaN}', '{"step": 2, "m": 2.0}')
    assert [point[1] for point in run.curve()["points"]] == ["nan", 2.0]


def test_a_metric_that_comes_late_has_all_its_points(run):
    run.wrote(*(f'{{"step": {n}, "metrics": {{"m": {n}}}}}' for n in range(1000)))
    run.wrote(*(f'{{"step": {n}, "metrics": {{"late": {n}, "m": {n}}}}}' for n in range(1000, 1040)))
    assert [point[0] for point in run.curve("late")["points"]] == list(range(1000, 1040))
    assert len(run.curve()["points"]) == 1040


def test_a_point_without_a_step_stands_at_its_epoch_or_its_number(run):
    run.wrote('{"m": 1}', '{"m": 2, "epoch": 7}', '{"m": 3}', '{"other": 1}', '{"m": 4, "other": 2}')
    assert [point[0] for point in run.curve()["points"]] == [0, 7, 2, 3]
    assert [point[0] for point in run.curve("other")["points"]] == [0, 1]


def test_what_a_checkpoint_tells_is_no_point(run):
    run.wrote('{"m": 1, "step": 1}', '{"checkpoint": "c.pt", "step": 1, "metrics": {"m": 1}}')
    assert len(run.curve()["points"]) == 1
    assert [one.value for one in Reader(run.path).checkpoints("a-1")] == [1.0]


def test_one_metric_among_five_thousand_costs_what_it_alone_costs(run):
    """Counted in SQL statements: a batch touches the metrics it tells, not all there are."""
    names = [f"layer{n}/norm" for n in range(5000)]
    run.wrote(
        *(json.dumps({"step": step, "metrics": dict.fromkeys(names, float(step))}) for step in range(3))
    )
    assert len(Reader(run.path).metrics("a-1")) == 5000
    assert [point[1] for point in run.curve("layer4999/norm")["points"]] == [0.0, 1.0, 2.0]
    writer, asked = StreamWriter(run.db), []
    for batch in range(2):
        with atomic(run.db):
            run.db.set_trace_callback(asked.append if batch else None)
            writer.add_records("a-1", "jsonl", [Record(metrics={names[7]: 1.0}, step=3 + batch)], now=0.0)
            run.db.set_trace_callback(None)
    assert 2 <= len(asked) < 10
    assert len(run.curve(names[7])["points"]) == 5


GATES = [
    {
        "id": "v",
        "role": "criterion",
        "test": "value",
        "left": "best(m)",
        "op": "<",
        "right": 3,
        "when": "from epoch 2",
    },
    {
        "id": "late",
        "role": "criterion",
        "test": "value",
        "left": "last(n)",
        "op": ">",
        "right": 5,
        "when": "until epoch 6",
    },
    {"id": "s", "role": "flag", "test": "stall", "metric": "m", "min_delta": "1%", "window": "2 epochs"},
]
records = st.builds(
    Record,
    metrics=st.dictionaries(st.sampled_from(["m", "n", "x", "y"]), st.floats(0, 9), min_size=1),
    step=st.none() | st.integers(0, 50),
    epoch=st.none() | st.integers(0, 9).map(float),
    at=st.floats(0, 100),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["jsonl", "console"]), st.lists(records, max_size=6)), max_size=8))
@example([  # an epoch that a copy tells is not the epoch of the curve
    ("jsonl", [Record(metrics={"x": 1.0}, at=0.0)]),
    ("console", [Record(metrics={"x": 1.0}, epoch=7.0, at=0.0), Record(metrics={"m": 1.0}, at=0.0)]),
])  # fmt: skip
def test_a_judge_that_is_fed_what_it_watches_says_what_it_would_say_of_all(batches):
    db = connect_in_memory()
    some, everything = Judge(parse_gates(GATES)), Judge(parse_gates(GATES))
    assert not some.wants("y")
    writer = StreamWriter(db)
    told: tuple[list, list] = ([], [])
    for source, batch in batches:
        start = sum(row[0] for row in db.execute("SELECT points FROM metrics"))
        added = writer.add_records("a-1", source, batch, now=0.0, wanted=some.wants)
        for point in added.points:
            told[0].extend(some.feed(point))
        if added.curve_place is not None:
            some.pass_by(added.curve_place)
        for row in db.execute(
            "SELECT name, step, value, epoch, at FROM points JOIN metrics ON metrics.id = metric WHERE seq >= ? AND rank ="
            " (SELECT min(rank) FROM metrics AS other WHERE other.name = metrics.name) ORDER BY seq", (start,)
        ):  # fmt: skip
            told[1].extend(
                everything.feed(Point(metric=row[0], step=row[1], value=row[2], epoch=row[3], at=row[4]))
            )
    assert told[0] == told[1]
    assert some.current() == everything.current()
    assert some.end(result="finished", exit_code=0, at=9.0) == everything.end(
        result="finished", exit_code=0, at=9.0
    )


def connect_in_memory():
    from pathlib import Path

    return connect(Path(":memory:"))


def test_a_watch_that_starts_anew_stands_where_the_last_one_stood(tmp_path):
    gates = [{**gate, "quote": "q"} for gate in GATES]
    run = Run(tmp_path, json.dumps(json.loads(SPEC) | {"gate": gates}))
    first = run.wrote(
        *(
            json.dumps({"step": n, "m": math.sin(n), "x": n, **({"epoch": n // 5} if n % 5 == 0 else {})})
            for n in range(40)
        )
    )
    second = Watch(run.db, run.row, StreamWriter(run.db))
    assert second._judging._judge.current() == first._judging._judge.current()
    assert second._judging._judge._place == first._judging._judge._place
    assert (second._judging._judge._place.step, second._judging._judge._place.epoch) == (39, 7)


def test_the_primary_metric_is_found_under_the_names_that_its_words_say(tmp_path):
    spec = json.loads(SPEC) | {
        "metrics": {"primary": "acc", "goal": "max"},
        "metric": {"acc": {"from": ["val/acc"]}},
    }
    run = Run(tmp_path, json.dumps(spec))
    view = Reader(run.path).run("a-1")
    assert (view.metric.name, view.metric.last) == ("acc", None)
    run.wrote('{"step": 1, "metrics": {"val/acc": 40.5}}', '{"step": 2, "metrics": {"val/acc": 30}}')
    view = Reader(run.path).run("a-1")
    assert (view.metric.name, view.metric.last, view.metric.best) == ("val/acc", 30, 40.5)
