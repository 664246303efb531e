"""Offline W&B files: the history is the run's metrics, and nothing else in the file is."""

import itertools
import json
import math
import os
import random
import re
import struct
import subprocess
import sys
import zlib
from importlib.util import find_spec
from pathlib import Path

import pytest

from trainui.core.ingest.follow import chunks_of, read_chunk
from trainui.core.ingest.formats import format_named, recognise
from trainui.core.ingest.formats.leveldb import BLOCK, FIRST, FULL, LAST, LONGEST, MAGIC, MIDDLE, cut
from trainui.core.ingest.formats.messages import nested, number
from trainui.core.ingest.formats.wandb import WandbRecords
from trainui.core.ingest.report import parse_file

CORPUS = Path(__file__).parents[4] / "shared" / "corpus"
needs_corpus = pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus of real logs is not here")
HEAD = MAGIC + b"\0"
AT = 1_763_000_000.0

SCRIPT = """
import math, sys
import wandb
run = wandb.init(project="speech", name="a name", mode="offline", dir=sys.argv[1], config={"lr": 0.1, "model": {"dim": 3}},
                 settings=wandb.Settings(console="off", x_disable_stats=True, silent=True))
for i in range(30):
    run.log({"loss": 1 / (i + 1), "epoch": i // 5, "nan": math.nan, "inf": -math.inf, "nested": {"a": 1.5 * i},
             "text": "hi", "flag": True, "none": None, "list": [1, 2], "seen": wandb.Histogram([1, 2, 3])})
run.log({"late": 3}, step=50)
run.summary["best"] = 3
run.finish(exit_code=7)
"""


def written(records, start=7):
    """Serialized records in frames, as they stand in a file from `start` on."""
    out = bytearray()
    for record in records:
        is_first = True
        while is_first or record:
            left = BLOCK - (start + len(out)) % BLOCK
            if left < 7:
                out += bytes(left)
                continue
            piece, record = record[: left - 7], record[left - 7 :]
            kind = (FIRST if record else FULL) if is_first else MIDDLE if record else LAST
            out += struct.pack("<IHB", zlib.crc32(piece, zlib.crc32(bytes([kind]))), len(piece), kind) + piece
            is_first = False
    return bytes(out)


def history(step=None, is_nested=False, **values):
    """A serialized history record; the values are JSON, "__" in a name is a "/"."""
    items = b""
    for name, value in values.items():
        names = (
            [part.encode() for part in name.split("__")] if is_nested else [name.replace("__", "/").encode()]
        )
        item = b"".join(nested(2 if is_nested else 1, part) for part in names)
        items += nested(1, item + nested(16, value.encode()))
    if step is not None:
        items += nested(2, number(1, step))
    return nested(2, items)


def read(*records):
    """The records of a file that holds these, in order, and the reader."""
    reader = WandbRecords()
    items = cut(HEAD + written(records), 0, True).items
    return [record for item in items for record in reader.read(item)], reader


def series(path):
    """Metric → (time, step, epoch, value), and the reader that read the whole file."""
    form = format_named("wandb")
    reader, found = form.make("", ()), {}
    for record in (
        one for chunk in chunks_of(path, form) for item in chunk.items for one in reader.read(item)
    ):
        for name, value in record.metrics.items():
            found.setdefault(name, []).append((record.at, record.step, record.epoch, value))
    return found, reader


@pytest.mark.parametrize("is_nested", [False, True])
def test_a_history_entry_tells_where_when_and_what(is_nested):
    told = {
        "loss": "0.5",
        "val__acc": "1",
        "epoch": "2",
        "_step": "7",
        "_timestamp": str(AT),
        "_runtime": "81.5",
    }
    (record,), reader = read(history(is_nested=is_nested, **told))
    assert record.metrics == {"loss": 0.5, "val/acc": 1.0}
    assert (record.step, record.epoch, record.at) == (7, 2.0, AT)
    assert (reader.lines, reader.understood) == (1, 1)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("NaN", math.nan), ('"NaN"', math.nan), ("Infinity", math.inf), ('"-Infinity"', -math.inf), ("1e999", math.inf),
        ("1.1805916207174113e+21", 2.0**70), (str(2**70), 2.0**70), ("0", 0.0), ("-3", -3.0),
    ],
)  # fmt: skip
def test_every_number_is_read_as_it_was_meant(text, value):
    (record,), _ = read(history(step=1, loss=text))
    assert repr(record.metrics["loss"]) == repr(value)


def test_what_is_no_number_is_no_metric():
    media = '{"_type": "image-file", "size": 69, "width": 4}'
    records, reader = read(
        history(
            step=1,
            a='"text"',
            b="true",
            c="null",
            d="[1, 2]",
            e=media,
            f=f'{{"g": {media}, "h": 2}}',
            i="{torn",
        ),
        history(step=2, is_nested=True, seen__size="69", seen___type='"table-file"', _wandb__x="3", loss="1"),
    )
    assert [record.metrics for record in records] == [{"f/h": 2.0}, {"loss": 1.0}]
    assert reader.understood == 2


def test_the_step_is_the_one_that_was_declared_or_logged_before_the_count_of_calls():
    declared = nested(12, nested(2, b"*") + nested(4, b"train/global_step"))
    later = {"_step": "2", "loss": "1"}
    records, _ = read(
        history(_step="0", loss="1"),
        history(_step="1", iter="250", loss="1"),
        declared,
        history(**later, train__global_step="500", iter="3"),
        history(**later),
        history(step=9, loss="1"),
    )
    assert [record.step for record in records] == [0, 250, 500, 2, 9]
    assert {name for record in records for name in record.metrics} == {"loss"}


def test_how_a_run_ended_and_what_it_was_is_kept_in_the_state():
    item = nested(1, nested(1, b"lr") + nested(16, b"0.1"))
    run = nested(17, nested(1, b"abc") + nested(3, b"speech") + nested(8, b"a \x1b[2Jname") + nested(4, item))
    summary, output, stats = nested(3, item), nested(13, nested(2, b"loss 3\n")), nested(7, nested(3, item))
    records, reader = read(run, summary, output, stats)
    assert (records, reader.exit_code) == ([], None)
    reader = WandbRecords.restore(reader.state())
    assert reader.read(nested(18, number(1, 3))) == ()
    reader = WandbRecords.restore(reader.state())
    assert reader.exit_code == 3
    assert reader.about == {"id": "abc", "project": "speech", "name": "a name", "config": {"lr": 0.1}}
    assert (reader.lines, reader.understood) == (5, 5)


def test_a_run_that_went_well_ended_with_zero():
    assert read(nested(18, b""))[1].exit_code == 0


def test_thousands_of_settings_do_not_swell_the_state():
    items = (nested(1, nested(1, b"a%d" % i) + nested(16, b'"%s"' % (b"x" * 999))) for i in range(5000))
    _, reader = read(nested(17, nested(4, b"".join(items))))
    assert len(reader.state()) < 20_000


@pytest.mark.parametrize("size", [0, 1, BLOCK - 24, BLOCK - 7, BLOCK, 5 * BLOCK, LONGEST - 2000])
def test_records_of_any_size_are_put_together(size):
    records = [b"a" * size, b"b" * 20_000, b"c" * 11]
    assert cut(HEAD + written(records), 0, True).items == records


def test_a_record_of_megabytes_is_passed_over_and_the_next_is_read():
    huge = history(step=1, loss="1" + " " * (2 * LONGEST))
    (record,), reader = read(huge, history(step=2, loss="2"))
    assert record.step == 2
    assert (reader.lines, reader.understood) == (2, 1)


def test_after_a_damaged_block_the_next_one_is_read():
    records = [history(step=step, loss="1" + " " * 3000) for step in range(40)]
    data = bytearray(HEAD + written(records))
    data[BLOCK // 2] ^= 1
    reader = WandbRecords()
    steps = [record.step for item in cut(bytes(data), 0, True).items for record in reader.read(item)]
    assert steps == [*range(5), *range(11, 40)]
    assert len(reader.samples) == 1


def test_a_torn_tail_is_waited_for_and_left_out_at_the_end():
    whole = HEAD + written([history(step=1, loss="1"), history(step=2, loss="2")])
    for end in range(len(HEAD), len(whole)):
        items = cut(whole[:end], 0, False).items
        assert len(items) <= 1
        assert cut(whole[:end], 0, True) == (items, end, 0)


@pytest.mark.parametrize(
    ("name", "head", "kind"),
    [("run-1.wandb", HEAD, "wandb"), ("copy", HEAD, "wandb"), ("run-1.wandb", b"", "wandb"), ("wandb.log", b"step 1 loss 2", "console")],
)  # fmt: skip
def test_files_are_known_by_their_beginning(name, head, kind):
    assert recognise(name, head).kind == kind


@pytest.mark.skipif(find_spec("wandb") is None, reason="wandb is not installed")
def test_what_the_library_itself_writes_is_read(tmp_path):
    env = os.environ | {"HOME": str(tmp_path)}
    subprocess.run([sys.executable, "-c", SCRIPT, tmp_path], check=True, env=env, capture_output=True)
    (path,) = tmp_path.rglob("*.wandb")
    found, reader = series(path)
    assert {name: len(points) for name, points in found.items()} == {
        "loss": 30, "nan": 30, "inf": 30, "nested/a": 30, "late": 1,
    }  # fmt: skip
    assert [point[1:] for point in found["loss"]] == [
        (i, i // 5, pytest.approx(1 / (i + 1))) for i in range(30)
    ]
    assert all(math.isnan(point[3]) for point in found["nan"])
    assert {point[3] for point in found["inf"]} == {-math.inf}
    assert found["late"][0][1] == 50
    assert (reader.exit_code, reader.about["name"], reader.about["config"]["model/dim"]) == (7, "a name", 3)
    assert reader.understood == reader.lines


@needs_corpus
def test_a_real_file_agrees_with_what_the_run_printed():
    (path,) = (CORPUS / "wandb_files").iterdir()
    (log,) = CORPUS.glob("nanogpt_stdout/*3c39444*")
    printed = re.findall(
        r"^step (\d+): train loss (\S+) BPC, val loss (\S+) BPC", log.read_text(), re.MULTILINE
    )
    found, reader = series(path)
    assert len(printed) == 21
    assert [point[1] for point in found["train/loss"]] == [int(step) for step, _, _ in printed]
    for column, name in ((1, "train/loss"), (2, "val/loss")):
        assert [f"{point[3]:.4f}" for point in found[name]] == [line[column] for line in printed]
    assert {name: len(points) for name, points in found.items()} == dict.fromkeys(
        ("train/loss", "val/loss", "lr", "mfu"), 21
    )
    assert (reader.exit_code, reader.lines, reader.understood) == (0, 1196, 1196)
    assert parse_file(path).kind == "wandb"


@needs_corpus
@pytest.mark.parametrize("limit", [300, 7000, 100_000])
def test_a_file_that_grows_while_the_manager_is_killed_is_read_like_a_finished_one(tmp_path, limit):
    (path,) = (CORPUS / "wandb_files").iterdir()
    data = path.read_bytes()[:200_000]
    cuts = sorted({0, *random.Random(limit).choices(range(len(data)), k=25)})
    assert grown(tmp_path / "b", data, cuts, limit) == grown(tmp_path / "a", data, [0], len(data))


def grown(path, data, cuts, limit):
    """The records of `data` written in pieces and read by a new reader each time, and the last state."""
    form = format_named("wandb")
    records, state, place = [], "", {"offset": 0, "inode": None, "mark": ""}
    for start, end in itertools.pairwise([*cuts, len(data)]):
        with path.open("ab") as file:
            file.write(data[start:end])
        while chunk := read_chunk(path, **place, limit=limit, final=end == len(data), form=form):
            reader = form.make(state, ())
            records += [record for item in chunk.items for record in reader.read(item)]
            place = {"offset": chunk.end, "inode": chunk.inode, "mark": chunk.mark}
            state = reader.state()
    assert json.loads(state)[0] > 500
    return repr(records), state
