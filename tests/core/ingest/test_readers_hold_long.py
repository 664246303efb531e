"""Every format under any bytes: the same records however a file grows, bounded state, nothing that harms."""

import json
import math
import sqlite3
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.holding import follow, points
from tests.fuzz.samples import HURTS, SAMPLES
from trainui.core.ingest.formats import FORMATS, format_named
from trainui.core.store.runs import RunWriter
from trainui.core.store.schema import atomic, connect
from trainui.core.store.streams import StreamWriter

KINDS = [form.kind for form in FORMATS]
LIVE = [form.kind for form in FORMATS if not form.is_whole]
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
        writer.add_records("a-1", kind, told, now=1.0, wanted=None)
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
@settings(max_examples=3000, deadline=None, suppress_health_check=list(HealthCheck))
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
