"""Every format under any bytes: the same records however a file grows, bounded state, nothing that harms."""

import json
import math
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.holding import check_reader, follow, points
from tests.fuzz.samples import HURTS, SAMPLES
from trainui.core.ingest.formats import FORMATS, format_named
from trainui.core.store.runs import RunWriter
from trainui.core.store.schema import atomic, connect
from trainui.core.store.streams import StreamWriter

KINDS = [form.kind for form in FORMATS]
PLACE = st.integers(0, 1 << 12)


def flipped(data, at, byte):
    at %= len(data) + 1
    return data[:at] + bytes([byte]) + data[at + 1 :]


def spliced(data, at, piece):
    at %= len(data) + 1
    return data[:at] + piece + data[at:]


def dropped(data, at, count):
    at %= len(data) + 1
    return data[:at] + data[at + count :]


def repeated(data, at, count):
    at %= len(data) + 1
    return data[:at] + data[at : at + 40] * count + data[at:]


CHANGES = st.one_of(
    st.tuples(st.just(spliced), PLACE, st.sampled_from(HURTS)),
    st.tuples(st.just(flipped), PLACE, st.integers(0, 255)),
    st.tuples(st.just(dropped), PLACE, st.integers(1, 200)),
    st.tuples(st.just(repeated), PLACE, st.integers(2, 60)),
    st.tuples(st.just(spliced), PLACE, st.binary(max_size=30)),
)


def changed(data, changes):
    for change, at, what in changes:
        data = change(data, at, what)[: 64 << 10]
    return data


def shaped(kind):
    """Valid files of a kind, joined and hurt."""
    own = SAMPLES.get(kind, ()) or tuple(one for some in SAMPLES.values() for one in some)
    joined = st.lists(st.sampled_from(own), min_size=1, max_size=3).map(b"".join)
    return st.builds(changed, joined, st.lists(CHANGES, max_size=5))


@pytest.fixture(scope="module")
def path():
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder) / "metrics"


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A store with one run; what a test adds is taken back."""
    folder = tmp_path_factory.mktemp("store")
    db = connect(folder / "runs.db")
    spec = json.dumps({"job": {"name": "a", "command": ["true"]}})
    payload = {"job": "a", "study": "a", "spec": spec, "project": str(folder)}
    with atomic(db):
        RunWriter(db).add("a-1", payload, directory=folder, queued_at=0.0)
    yield db
    db.close()


class TakenBackError(Exception):
    """Raised to roll a transaction back."""


def keeps(store, kind, records):
    """Whether the store takes these points, all of them, with the values they have."""
    writer, told = StreamWriter(store), [one for one in records if one.checkpoint is None]
    with pytest.raises(TakenBackError), atomic(store):
        writer.add_records("a-1", kind, told, now=1.0, wanted=lambda _: True)
        kept = store.execute("SELECT value FROM points ORDER BY seq").fetchall()
        assert sorted(repr(row[0]) for row in kept) == sorted(
            repr(None if math.isnan(value) else value) for one in told for value in one.metrics.values()
        )
        raise TakenBackError


@pytest.mark.parametrize("kind", KINDS)
def test_every_format_has_samples_it_can_read(kind, path):
    assert SAMPLES.get(kind), "add valid files of the new format to tests/fuzz/samples.py"
    for sample in SAMPLES[kind]:
        assert any(record.metrics for record in follow(format_named(kind), path, sample)[0]), sample


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(given_data=st.data())
def test_a_hurt_file_gives_the_same_records_however_it_grows(kind, path, store, given_data):
    form = format_named(kind)
    data = given_data.draw(shaped(kind) | st.binary(max_size=600), label="data")
    ends = given_data.draw(st.lists(PLACE, max_size=6), label="ends")
    limit = given_data.draw(st.integers(1, 4000), label="limit")
    whole, state = follow(form, path, data)
    keeps(store, kind, whole)
    grown, grown_state = follow(form, path, data, ends, limit)
    if form.is_whole:  # told stage by stage, then: what is new in the end
        assert not form.make(grown_state, ()).read(data), "told twice"
    else:
        assert points(grown) == points(whole)
        assert grown_state == state


FAR = ["9" * 5000, "9" * 400, "9" * 300, "9223372036854775808", "1e308", "1e999", "-1e308"]
"""Numbers that are no place a run can be at."""
FOUND = [
    ("csv", "epoch,step,loss\n0,{far},1\n1,{far},1\n1,1,1\n2,0,1\n"),
    ("csv", "epoch,step,loss\n0,0,1\n{far},3,1\n{far},1,1\n3,1,1\n"),
    ("csv", "epoch,loss,max_steps\n0/{far},1,{far}\n{far},1,1\n{far}/{far},1,0\n"),
    ("csv", "step,time,loss\n0/{far},{far},1\n"),
    ("jsonl", '{{"epoch": 1, "step": {far}, "loss": 1}}\n{{"epoch": 2, "step": 1, "loss": 1}}\n'),
    ("jsonl", '{{"mode": "train", "epoch": 1, "iter": {far}, "loss": 1}}\n{{"mode": "train", "epoch": 2, "iter": 1}}\n'),
    ("jsonl", '{{"total_steps": {far}, "time": {far}, "round": {far}, "loss": {far}}}\n'),
    ("json", '{{"max_steps": {far}, "log_history": [{{"epoch": {far}, "loss": 1}}, {{"step": {far}, "loss": 1}}]}}'),
]  # fmt: skip


PRINTED = [
    "step {far}: loss 1\n",
    "Epoch {far}/{far} loss: 1\n",
    "| epoch {far} | {far}/{far} batches | loss 5\n",
]


@pytest.mark.parametrize("far", FAR)
@pytest.mark.parametrize("text", PRINTED)
def test_a_printed_place_no_run_can_reach_harms_nobody(text, far, path, store):
    told, _ = follow(format_named("console"), path, text.format(far=far).encode())
    keeps(store, "console", told)


@pytest.mark.parametrize("far", FAR, ids=lambda far: f"{far[:8]} of {len(far)}")
@pytest.mark.parametrize(("kind", "text"), FOUND)
def test_a_place_no_run_can_reach_harms_nobody(kind, text, far, path, store):
    told, _ = follow(format_named(kind), path, text.format(far=far).encode())
    keeps(store, kind, told)


def test_after_a_place_no_run_can_reach_epochs_are_added_up_as_before(path):
    far = "9" * 30
    rows = ["0,1", "0,2", f"0,{far}", f"{far},1", "1,1", "1,2", "2,1"]
    told, _ = follow(
        format_named("csv"), path, ("epoch,step,loss\n" + "".join(f"{row},0.5\n" for row in rows)).encode()
    )
    assert [one.step for one in told][-3:] == [3, 4, 5]


WIDE_DOCUMENTS = [
    {f"loss{n}": 1.0 for n in range(3000)},
    {f"{'x' * 180}{n}_loss": [1.0] * 50 for n in range(300)},
    {"x" * 50_000 + "loss": 1.0},
    {"\ud800loss": 1.0, "history": {"\ud800loss": [1.0, 0.5]}},
]


@pytest.mark.parametrize(
    "document", WIDE_DOCUMENTS, ids=["results", "histories", "a long name", "half a character"]
)
def test_a_wide_document_is_told_once_and_remembered_in_little(document, path):
    form = format_named("json")
    data = json.dumps(document).encode()
    told, state = follow(form, path, data)
    assert not form.make(state, ()).read(data)
    assert any(record.metrics for record in told)


def test_a_document_with_other_names_each_time_is_remembered_in_little():
    form, state = format_named("json"), ""
    for number in range(300):
        reader = form.make(state, ())
        many = {f"{n}-{number}_loss": 1.0 for n in range(5)}
        assert reader.read(json.dumps({**many, "history": {f"h{number}_loss": [1.0, 0.5]}}).encode())
        state = reader.state()
    check_reader(form, reader)
    assert len(state) < 32_000


def test_headers_that_take_turns_are_remembered_in_bounded_room():
    reader = format_named("csv").make("", ())
    for width in range(300, 320):
        reader.read(",".join(["step", *(f"{'wide' * 20}_{n}_loss" for n in range(width))]).encode())
    assert reader.understood == 20
    assert len(reader.state()) < 60_000
    assert not format_named("csv").make("", ()).read(b"x" * 100_000 + b" loss")


@pytest.mark.parametrize(
    "data", [b'{"step":\r1,"loss":2}\n{"step":2,"loss":1}\r\n', b'{"step":1,\r"loss":2}\n']
)
def test_a_return_between_the_words_of_an_object_ends_it_however_the_file_grows(data, path):
    form = format_named("jsonl")
    whole = follow(form, path, data)
    for end in range(len(data)):
        assert points(follow(form, path, data, [end])) == points(whole)
