"""What other programs read of our event files and Parquet is what was written, whatever it is called."""

import math
import struct

import pytest

from tests.core.carry.filled import HOSTILE, NAMES, SPEC, Filled
from trainui.core.errors import UserError
from trainui.core.export.carry import as_trackio, as_wandb, parquet, tensorboard
from trainui.core.export.carry.files import file_name
from trainui.core.export.gathering import gather
from trainui.core.ingest.bundles import bundles_in
from trainui.core.ingest.discover import form_of
from trainui.core.ingest.follow import chunks_of
from trainui.core.store.read import Reader

RUNS = ["mlp-1", "mlp-2"]


@pytest.fixture
def reader(tmp_path):
    Filled(tmp_path / "here", points=700)
    reader = Reader(tmp_path / "here" / "runs.db")
    yield reader
    reader.close()


def written(write, reader, folder):
    folder.mkdir(exist_ok=True)
    return write(reader, gather(reader, RUNS), folder)


def single(value):
    """As 32 bits keep it."""
    return struct.unpack("<f", struct.pack("<f", value))[0] if math.isfinite(value) else value


def same(one, other):
    return one == other or (math.isnan(one) and math.isnan(other))


def test_tensorboard_shows_every_point(reader, tmp_path):
    accumulator = pytest.importorskip(
        "tensorboard.backend.event_processing.event_accumulator", reason="extra train"
    )
    (folder,) = written(tensorboard.write, reader, tmp_path / "out")
    assert names(folder) == RUNS
    for run in RUNS:
        events = accumulator.EventAccumulator(
            str(folder / run), size_guidance=accumulator.STORE_EVERYTHING_SIZE_GUIDANCE
        )
        events.Reload()
        assert sorted(events.Tags()["scalars"]) == sorted(one.metric for one in reader.metrics(run))
        for metric in events.Tags()["scalars"]:
            curve, told = reader.curve(run, metric), events.Scalars(metric)
            assert [(one.step, one.wall_time) for one in told] == [(one.step, one.at) for one in curve]
            assert all(same(one.value, single(wanted.value)) for one, wanted in zip(told, curve, strict=True))


def test_tensorboard_shows_params_and_notes(reader, tmp_path):
    accumulator = pytest.importorskip(
        "tensorboard.backend.event_processing.event_accumulator", reason="extra train"
    )
    from tensorboard.plugins.hparams import metadata
    from tensorboard.util import tensor_util

    (folder,) = written(tensorboard.write, reader, tmp_path / "out")
    events = accumulator.EventAccumulator(str(folder / "mlp-1"))
    events.Reload()
    content = events.PluginTagToContent("hparams")
    start = metadata.parse_session_start_info_plugin_data(content[metadata.SESSION_START_INFO_TAG])
    assert {name: getattr(value, value.WhichOneof("kind")) for name, value in start.hparams.items()} == SPEC[
        "params"
    ]
    assert start.start_time_secs == reader.run("mlp-1").started_at
    end = metadata.parse_session_end_info_plugin_data(content[metadata.SESSION_END_INFO_TAG])
    assert (end.status, end.end_time_secs) == (2, reader.run("mlp-1").ended_at)
    (note,) = events.Tensors("notes")
    assert list(tensor_util.make_ndarray(note.tensor_proto)) == [b"looked\nfine <b>"]


def test_our_own_reader_takes_the_event_files_back(reader, tmp_path):
    (folder,) = written(tensorboard.write, reader, tmp_path / "out")
    (bundle,) = bundles_in(folder / "mlp-2")
    (stream,) = bundle.streams
    form = form_of(next((folder / "mlp-2").iterdir()), printed=False)
    events = form.make("", ())
    points = [
        (record.step, value)
        for chunk in chunks_of(next((folder / "mlp-2").iterdir()), form)
        for item in chunk.items
        for record in events.read(item)
        for name, value in record.metrics.items()
        if name == "val/mae"
    ]
    assert stream.kind == "tensorboard"
    assert len(points) == 700
    assert all(
        step == one.step and same(value, single(one.value))
        for (step, value), one in zip(points, reader.curve("mlp-2", "val/mae"), strict=True)
    )


def test_steps_that_are_not_whole_become_numbers_of_points(tmp_path):
    accumulator = pytest.importorskip(
        "tensorboard.backend.event_processing.event_accumulator", reason="extra train"
    )
    books = Filled(tmp_path / "here")
    books.points("mlp-1", "half", [(1, 5.0), (2, 4.0), (3, 3.0)])
    books.db.execute(
        "UPDATE points SET step=step/2.0 WHERE metric=(SELECT id FROM metrics WHERE run='mlp-1' AND name='half')"
    )
    (folder,) = written(tensorboard.write, Reader(books.path), tmp_path / "out")
    events = accumulator.EventAccumulator(str(folder / "mlp-1"))
    events.Reload()
    assert [(one.step, one.value) for one in events.Scalars("half")] == [(0, 5.0), (1, 4.0), (2, 3.0)]


def test_parquet_keeps_every_point_and_tells_nan_from_nothing(reader, tmp_path):
    pq = pytest.importorskip("pyarrow.parquet", reason="extra parquet")
    points, runs = written(parquet.write, reader, tmp_path / "out")
    file = pq.ParquetFile(points)
    assert file.num_row_groups == sum(len(reader.metrics(run)) for run in RUNS)
    assert [str(field.type) for field in file.schema_arrow] == [
        *["dictionary<values=string, indices=int32, ordered=0>"] * 3, "int64", *["double"] * 4,
    ]  # fmt: skip
    rows = [row for number in range(file.num_row_groups) for row in file.read_row_group(number).to_pylist()]
    wanted = [
        (run, one.metric, n, point.step, point.value, point.epoch, point.at)
        for run in RUNS
        for one in reader.metrics(run)
        for n, point in enumerate(reader.curve(run, one.metric))
    ]
    keys = ("run", "metric", "n", "step", "value", "epoch", "at")
    found = sorted((tuple(row[key] for key in keys) for row in rows), key=lambda row: row[:3])
    assert [repr(row) for row in found] == [repr(row) for row in sorted(
        ((*row[:3], float(row[3]), *row[4:]) for row in wanted), key=lambda row: row[:3])]  # fmt: skip
    assert file.read(["value"]).column("value").null_count == 0
    told = {row["run"]: row for row in pq.read_table(runs).to_pylist()}
    assert (told["mlp-1"]["result"], told["mlp-1"]["parent"], told["mlp-2"]["parent"]) == (
        "failed",
        None,
        "mlp-1",
    )
    assert told["mlp-2"]["tags"] == ["best", "paper"]
    assert dict(told["mlp-1"]["gates"])["below-3"] == "passed"


def test_a_point_without_an_epoch_has_none_in_parquet(tmp_path):
    pq = pytest.importorskip("pyarrow.parquet", reason="extra parquet")
    books = Filled(tmp_path / "here")
    books.points("mlp-1", "bare", [(1, math.nan)])
    points, _ = written(parquet.write, Reader(books.path), tmp_path / "out")
    (row,) = [row for row in pq.read_table(points).to_pylist() if row["metric"] == "bare"]
    assert row["epoch"] is None
    assert math.isnan(row["value"])


def test_a_long_curve_has_several_row_groups(reader, tmp_path, monkeypatch):
    pq = pytest.importorskip("pyarrow.parquet", reason="extra parquet")
    monkeypatch.setattr(parquet, "MOST_ROWS", 100)
    monkeypatch.setattr("trainui.core.store.packing.CHUNK", 64)
    points, _ = written(parquet.write, reader, tmp_path / "out")
    file = pq.ParquetFile(points)
    assert file.num_row_groups > 2 * len(NAMES)
    numbers = [
        row["n"] for row in file.read().to_pylist() if (row["run"], row["metric"]) == ("mlp-1", HOSTILE)
    ]
    assert numbers == list(range(len(reader.curve("mlp-1", NAMES[0])))) or not numbers


def test_without_pyarrow_parquet_says_what_to_install(reader, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(UserError, match=r"needs pyarrow.*pip install 'trainui\[parquet\]'"):
        written(parquet.write, reader, tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_without_their_libraries_other_trackers_say_what_to_install(reader, tmp_path, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    for write, name in ((as_wandb.write, "wandb"), (as_trackio.write, "trackio")):
        with pytest.raises(UserError, match=f"needs the {name} library.*pip install '{name}>="):
            written(write, reader, tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize(
    "name", ["../up", "/root", "a/b", "-rf", ".hidden", "x" * 300, "ünï", "a\nb", "", "..", "CON\0"]
)
def test_no_name_leads_out_of_its_folder(name, tmp_path):
    made = file_name(name)
    assert (tmp_path / made).resolve().parent == tmp_path.resolve()
    assert made.isascii() and made[0] not in ".-" and len(made) <= 100  # noqa: PT018
    assert file_name(name) == made != file_name(name + "x")


def names(folder):
    return sorted(path.name for path in folder.iterdir() if path.name != ".written.json")


def test_an_older_export_is_replaced_whole_and_a_failed_one_leaves_it(reader, tmp_path, monkeypatch):
    (folder,) = written(tensorboard.write, reader, tmp_path / "out")
    written(tensorboard.write, reader, tmp_path / "out")
    assert names(folder) == RUNS
    monkeypatch.setattr(tensorboard, "_texts", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        written(tensorboard.write, reader, tmp_path / "out")
    assert names(folder) == RUNS
    assert names(tmp_path / "out") == ["tensorboard"]


def test_a_folder_of_somebody_else_is_put_aside_not_overwritten(reader, tmp_path):
    mine = tmp_path / "out" / "tensorboard" / "mine"
    mine.mkdir(parents=True)
    (mine / "log").write_text("years of work")
    (folder,) = written(tensorboard.write, reader, tmp_path / "out")
    (folder / "mlp-1" / "more").write_text("and this")
    written(tensorboard.write, reader, tmp_path / "out")
    assert (tmp_path / "out" / "tensorboard.edited" / "mine" / "log").read_text() == "years of work"
    assert (tmp_path / "out" / "tensorboard.edited-2" / "mlp-1" / "more").read_text() == "and this"
    assert names(folder) == RUNS
