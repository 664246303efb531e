"""Framed files under any bytes, cut anywhere: the same items, always onwards, never an error."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from test_tensorboard import scalar
from test_wandb import HEAD, history, written

from trainui.core.ingest.follow import LIMIT, read_chunk
from trainui.core.ingest.formats import format_named, leveldb, tfrecord
from trainui.core.ingest.formats.framed import crc32c
from trainui.core.ingest.records import MAX_SAMPLES

JUNK = st.binary(max_size=60) | st.sampled_from(
    [bytes(3 * tfrecord.WINDOW), b"\xff" * 70_000, HEAD, bytes(12)]
)
EVENT = st.builds(scalar, st.integers(0, 127), st.binary(max_size=20), st.floats(width=32))
TEXT = st.sampled_from(
    ["1", "NaN", '"-Infinity"', "{", '{"a": {"b": 2}}', '"x"' + " " * 40_000, "true", "1e999"]
)
ENTRY = st.builds(
    history, st.none() | st.integers(0, 99), is_nested=st.booleans(), a__b=TEXT, epoch=TEXT, _step=TEXT
)


def flipped(data, at, bits):
    """The data with one byte changed."""
    if not data:
        return data
    at %= len(data)
    return data[:at] + bytes([data[at] ^ bits]) + data[at + 1 :]


HURT = st.tuples(st.integers(0, 1 << 20), st.integers(0, 255))
EVENTS = st.builds(
    lambda parts, hurt: flipped(b"".join(parts), *hurt),
    st.lists(EVENT.map(tfrecord.framed) | st.binary(max_size=80).map(tfrecord.framed) | JUNK, max_size=12),
    HURT,
)
HISTORY = st.builds(
    lambda head, entries, junk, hurt: flipped(head + written(entries, len(head)) + junk, *hurt),
    st.sampled_from([HEAD, b""]),
    st.lists(ENTRY | st.binary(max_size=50), max_size=12),
    JUNK,
    HURT,
)
CUTS = st.lists(st.integers(0, 1 << 18), max_size=12)


def read(kind, data, ends, limit):
    """The records of data that grew to these ends, read by a reader made anew for each chunk, and its last state.

    Fails when a place goes back, or the end is never reached.
    """
    form = format_named(kind)
    told, state, place = [], "", {"offset": 0, "inode": None, "mark": ""}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        path.touch()
        for end in [*sorted(end % (len(data) + 1) for end in ends), len(data)]:
            with path.open("ab") as file:
                file.write(data[file.tell() : end])
            while chunk := read_chunk(path, **place, limit=limit, final=end == len(data), form=form):
                assert chunk.end > place["offset"] == chunk.start
                place = {"offset": chunk.end, "inode": chunk.inode, "mark": chunk.mark}
                reader = form.make(state, ())
                told += [record for item in chunk.items for record in reader.read(item)]
                state = reader.state()
    assert place["offset"] == len(data)
    return repr(told), state or form.make("", ()).state()


@settings(max_examples=150, deadline=None)
@given(data=EVENTS, ends=CUTS, limit=st.integers(1, 5000))
@example(data=bytes(2 * tfrecord.WINDOW) + tfrecord.framed(scalar()), ends=[100_000], limit=4000)
def test_event_files_tell_the_same_however_they_are_cut(data, ends, limit):
    assert read("tensorboard", data, ends, limit) == read("tensorboard", data, [], LIMIT)


@settings(max_examples=150, deadline=None)
@given(data=HISTORY, ends=CUTS, limit=st.integers(1, 50_000))
def test_wandb_files_tell_the_same_however_they_are_cut(data, ends, limit):
    assert read("wandb", data, ends, limit) == read("wandb", data, [], LIMIT)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.binary(max_size=300) | EVENT.map(lambda event: event + b"sums") | ENTRY, max_size=30))
@pytest.mark.parametrize("kind", ["tensorboard", "wandb"])
def test_readers_take_any_item_and_keep_a_small_state(kind, items):
    reader = format_named(kind).make("", ())
    for item in items:
        for record in reader.read(item):
            assert all(name and name.isprintable() for name in record.metrics)
    state = reader.state()
    assert json.loads(state)[:2] == [reader.lines, reader.understood]
    assert reader.lines == len(items) >= reader.understood
    assert len(reader.samples) <= MAX_SAMPLES
    assert len(state) < 20_000
    assert format_named(kind).make(state, ()).state() == state


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=2000), st.integers(0, 1 << 40), st.booleans())
@pytest.mark.parametrize("cut", [tfrecord.cut, leveldb.cut])
def test_cuts_take_any_bytes_at_any_place(cut, data, at, final):
    items, taken, wanted = cut(data, at, final)
    assert taken >= len(data) if final else taken + wanted > 0
    assert sum(map(len, items)) <= 2 * len(data)


def test_the_checksum_is_castagnolis():
    assert crc32c(b"123456789") == 0xE3069283
    assert crc32c(bytes(32)) == 0x8A9136AA


def test_protobuf_is_loaded_with_the_first_record_and_not_before():
    code = (
        "import sys, trainui.core.manager\n"
        "from trainui.core.ingest.formats import recognise, reader_for\n"
        "reader = reader_for(recognise('a.tfevents.1', b'').kind)\n"
        "print('google.protobuf' in sys.modules, reader.read(b'sums'), 'google.protobuf' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "()", "True"]
