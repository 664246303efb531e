"""Event files: what TensorBoard shows as a scalar is a metric, and nothing else is."""

import itertools
import json
import math
import random
import struct
from pathlib import Path

import pytest

from trainui.core.ingest.follow import chunks_of, read_chunk
from trainui.core.ingest.formats import format_named, recognise
from trainui.core.ingest.formats.tensorboard import Events
from trainui.core.ingest.formats.tfrecord import LONGEST, WINDOW, cut, framed
from trainui.core.ingest.report import parse_file

CORPUS = Path(__file__).parents[4] / "shared" / "corpus"
needs_corpus = pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus of real logs is not here")
AT = 1_763_000_000.0


@pytest.fixture(scope="module")
def theirs():
    """TensorBoard's own messages and reader."""
    pytest.importorskip("tensorboard", reason="TensorBoard is not installed")
    from tensorboard.backend.event_processing import event_file_loader
    from tensorboard.compat.proto import event_pb2, summary_pb2, tensor_pb2
    from tensorboard.util import tensor_util

    class Theirs:
        """The parts of TensorBoard these tests use."""

        Event, Summary, Tensor = event_pb2.Event, summary_pb2.Summary, tensor_pb2.TensorProto
        SessionLog = event_pb2.SessionLog
        make = staticmethod(tensor_util.make_tensor_proto)

        @staticmethod
        def series(path):
            """Tag → (time, step, value) of all it takes for scalars, by the plugin each tag began with."""
            plugins, found = {}, {}
            for event in event_file_loader.EventFileLoader(str(path)).Load():
                for value in event.summary.value:
                    plugin = plugins.setdefault(value.tag, value.metadata.plugin_data.plugin_name)
                    if plugin == "scalars":
                        number = float(tensor_util.make_ndarray(value.tensor).item())
                        found.setdefault(value.tag, []).append((event.wall_time, event.step, number))
            return found

    return Theirs


def series(path):
    """Metric → (time, step, value), and the reader that read the whole file."""
    form = format_named("tensorboard")
    reader, found = form.make("", ()), {}
    for record in (
        one for chunk in chunks_of(path, form) for item in chunk.items for one in reader.read(item)
    ):
        for name, value in record.metrics.items():
            found.setdefault(name, []).append((record.at, record.step, value))
    return found, reader


def read(*events):
    """The records of serialized events, in order, and the reader."""
    reader = Events()
    items = cut(b"".join(map(framed, events)), 0, True).items
    return [record for item in items for record in reader.read(item)], reader


def scalar(step=1, tag=b"loss", value=0.5, at=AT):
    """A serialized event with one simple value, made by hand."""
    told = b"\x0a" + bytes([len(tag)]) + tag + b"\x15" + struct.pack("<f", value)
    told = b"\x0a" + bytes([len(told)]) + told
    return b"\x09" + struct.pack("<d", at) + b"\x10" + bytes([step]) + b"\x2a" + bytes([len(told)]) + told


def test_an_event_tells_where_when_and_what():
    (record,), reader = read(b"\x1a\x0dbrain.Event:2", scalar(step=7))
    assert (record.metrics, record.step, record.at) == ({"loss": 0.5}, 7, AT)
    assert (reader.lines, reader.understood, reader.samples) == (2, 2, [])


@pytest.mark.parametrize(
    "value", [math.nan, math.inf, -math.inf, 0.0, -0.0, 1.401298464324817e-45, 3.4028234663852886e38]
)
def test_values_are_kept_as_they_were_written(value):
    (record,), _ = read(scalar(value=value))
    assert repr(record.metrics["loss"]) == repr(value)


@pytest.mark.parametrize("step", [0, -1, -(2**63), 2**53 - 1, 2**53 + 1, 2**63 - 1])
def test_steps_are_any_64_bit_number(theirs, step):
    event = theirs.Event(
        step=step, summary=theirs.Summary(value=[theirs.Summary.Value(tag="a", simple_value=1)])
    )
    (record,), _ = read(event.SerializeToString())
    assert record.step == step
    assert record.at is None


@pytest.mark.parametrize("shape", [(), (1,), (1, 1)])
@pytest.mark.parametrize(
    "dtype",
    [
        "float16",
        "float32",
        "float64",
        "int8",
        "int16",
        "int32",
        "int64",
        "uint8",
        "uint16",
        "uint32",
        "uint64",
    ],
)
def test_a_tensor_of_one_number_is_a_scalar_in_every_type_and_layout(theirs, dtype, shape):
    np = pytest.importorskip("numpy")
    number = np.array(-3 if dtype.startswith(("i", "f")) else 200, dtype).reshape(shape)
    field = {"float16": "half_val", "float32": "float_val", "float64": "double_val"}.get(dtype, "int_val")
    field = f"{dtype}_val" if dtype in ("int64", "uint32", "uint64") else field
    kind = theirs.make(np.zeros((), "float32" if dtype in ("uint32", "uint64") else dtype)).dtype
    kind = {"uint32": 22, "uint64": 23}.get(dtype, kind)
    packed, listed = theirs.Tensor(dtype=kind), theirs.Tensor(dtype=kind)
    packed.tensor_content = number.tobytes()
    getattr(listed, field).append(number.view("uint16").item() if dtype == "float16" else number.item())
    for tensor in (packed, listed):
        for size in shape:
            tensor.tensor_shape.dim.add(size=size)
        (record,), _ = read(event_of(theirs, tensor))
        assert record.metrics == {"a": number.item()}


def event_of(theirs, tensor, plugin="", tag="a", step=1):
    """An event with one tensor, and its plugin's name where one is given."""
    event = theirs.Event(step=step, wall_time=AT)
    value = event.summary.value.add(tag=tag, tensor=tensor)
    if plugin:
        value.metadata.plugin_data.plugin_name = plugin
    return event.SerializeToString()


def test_a_bfloat16_and_a_zero_that_was_left_out_are_numbers(theirs):
    bits = struct.unpack("<I", struct.pack("<f", -1.5))[0] >> 16
    tensors = [
        theirs.Tensor(dtype=14, half_val=[bits]),
        theirs.Tensor(dtype=14, tensor_content=struct.pack("<H", bits)),
        theirs.Tensor(dtype=1),
    ]
    records, _ = read(*(event_of(theirs, tensor) for tensor in tensors))
    assert [record.metrics["a"] for record in records] == [-1.5, -1.5, 0.0]


def test_what_is_no_single_number_is_known_and_no_metric(theirs):
    np = pytest.importorskip("numpy")
    tensors = [
        theirs.make(one) for one in (np.zeros(3), np.zeros((0, 3)), np.array(b"text", object), np.array(True))
    ]
    tensors += [
        theirs.make(np.array(1j)),
        theirs.Tensor(dtype=1, tensor_content=b"\0" * 5),
        theirs.Tensor(dtype=99),
    ]
    events = [event_of(theirs, tensor) for tensor in tensors]
    event = theirs.Event(step=1, wall_time=AT, graph_def=b"\0" * 100)
    image = theirs.Event(summary=theirs.Summary(value=[theirs.Summary.Value(tag="seen")]))
    image.summary.value[0].image.encoded_image_string = b"\x89PNG"
    start = theirs.Event(session_log=theirs.SessionLog(status=theirs.SessionLog.START))
    records, reader = read(
        *events, event.SerializeToString(), image.SerializeToString(), start.SerializeToString()
    )
    assert (records, reader.lines, reader.understood) == ([], 10, 10)


def test_the_plugin_told_with_a_tags_first_value_holds_for_the_others_after_a_restart_too(theirs):
    one = theirs.Tensor(dtype=1, float_val=[2])
    items = cut(framed(event_of(theirs, one, "hparams")) + framed(event_of(theirs, one)), 0, True).items
    first = Events()
    assert first.read(items[0]) == ()
    second = Events.restore(first.state())
    assert second.read(items[1]) == ()
    assert read(event_of(theirs, one, "scalars"), event_of(theirs, one))[0][1].metrics == {"a": 2.0}


def test_a_metric_told_twice_in_one_event_gives_both_values(theirs):
    event = theirs.Event(step=3)
    for number in (1, 2):
        event.summary.value.add(tag="a", simple_value=number)
    event.summary.value.add(tag="b", simple_value=3)
    records, _ = read(event.SerializeToString())
    assert [record.metrics for record in records] == [{"a": 1.0}, {"a": 2.0, "b": 3.0}]


def test_thousands_of_tags_are_read_and_do_not_swell_the_state(theirs):
    event = theirs.Event(step=1)
    for index in range(5000):
        event.summary.value.add(tag=f"layer/{index}", simple_value=index)
    nothing = event_of(theirs, theirs.Tensor(dtype=1, float_val=[2]), "hparams", tag="_hparams_/session")
    (record, again), reader = read(event.SerializeToString(), nothing, event.SerializeToString())
    assert len(record.metrics) == 5000
    assert record.metrics == again.metrics
    assert len(reader.state()) < 10_000
    (item,) = cut(framed(event_of(theirs, theirs.Tensor(dtype=1), tag="_hparams_/session")), 0, True).items
    assert Events.restore(reader.state()).read(item) == ()


def test_names_are_harmless_and_a_broken_one_breaks_nothing():
    records, reader = read(scalar(tag=b"\x1b[2Jl\xc3\xb6ss"), scalar(tag=b"\xff"), scalar(tag=b" "))
    assert [record.metrics for record in records] == [{"löss": 0.5}, {"�": 0.5}]
    assert json.loads(reader.state())
    assert Events.restore(reader.state()).state() == reader.state()


def test_steps_that_go_back_in_a_later_file_are_told_as_they_are():
    records, _ = read(scalar(step=9), scalar(step=10), scalar(step=4), scalar(step=5))
    assert [record.step for record in records] == [9, 10, 4, 5]


def test_a_new_name_and_a_nan_must_agree_with_the_checksum():
    def damaged(**told):
        whole = bytearray(framed(scalar(**told)))
        whole[-1] ^= 1
        return bytes(whole)

    data = framed(scalar(value=1)) + damaged(value=math.nan) + damaged(tag=b"lozs") + framed(scalar(value=2))
    reader = Events()
    records = [record for item in cut(data, 0, True).items for record in reader.read(item)]
    assert [record.metrics for record in records] == [{"loss": 1.0}, {"loss": 2.0}]
    assert (reader.lines, reader.understood) == (4, 2)


@pytest.mark.parametrize("junk", [b"\xff" * 5, bytes(1000), b"epoch 1 loss 0.5\n" * 9000, bytes(3 * WINDOW), b"\x10" + bytes(7)])  # fmt: skip
def test_after_garbage_the_next_event_is_found(junk):
    data = framed(scalar(step=1)) + junk + framed(scalar(step=2)) + framed(scalar(step=3))
    reader = Events()
    records = [record for item in cut(data, 0, True).items for record in reader.read(item)]
    assert [record.step for record in records] == [1, 2, 3]
    assert reader.understood == 3 < reader.lines
    assert len(reader.samples) >= 1


def test_a_record_whose_length_is_damaged_costs_itself_alone():
    records = [framed(scalar(step=step)) for step in range(1, 6)]
    records[2] = b"\xee" + records[2][1:]
    reader = Events()
    found = [record for item in cut(b"".join(records), 0, True).items for record in reader.read(item)]
    assert [record.step for record in found] == [1, 2, 4, 5]


def test_a_torn_tail_is_waited_for_and_left_out_at_the_end():
    whole = framed(scalar(step=1))
    for end in range(len(whole)):
        waiting = cut(whole + whole[:end], 0, False)
        assert (len(waiting.items), waiting.taken) == (1, len(whole))
        final = cut(whole + whole[:end], 0, True)
        assert (final.items, final.taken) == (waiting.items, len(whole) + end)


def test_an_event_of_gigabytes_is_passed_over_without_its_bytes():
    before = framed(scalar(step=1))
    header = framed(bytes(LONGEST + 1))[:12]
    found = cut(before + header + b"start of it", 0, False)
    assert (len(found.items), found.taken) == (1, len(before))
    found = cut(header + b"start of it", len(before), False)
    assert found.taken == LONGEST + 17
    reader = Events()
    assert reader.read(found.items[0]) == ()
    assert (reader.lines, reader.understood) == (1, 0)


@pytest.mark.parametrize(
    ("name", "head", "expected"),
    [
        ("events.out.tfevents.1.host", b"", True),
        ("events.out.tfevents.1.host.0.v2", b"\xff", True),
        ("renamed.bin", framed(b"\x09" + bytes(8) + b"\x1a\x0dbrain.Event:2"), True),
        ("notes.txt", b"brain.Event:2 is what they begin with", False),
        ("train.log", b"step 1 loss 2", False),
    ],
)
def test_event_files_are_known_by_name_or_beginning(name, head, expected):
    assert (recognise(name, head).kind == "tensorboard") is expected


@pytest.mark.parametrize("size", [0, 11, 12, 40])
def test_files_too_short_for_an_event_hold_nothing(tmp_path, size):
    path = tmp_path / "events.out.tfevents.1.host"
    path.write_bytes((framed(b"\x09" + bytes(8) + b"\x1a\x0dbrain.Event:2"))[:size])
    report = parse_file(path)
    assert (report.kind, report.metrics) == ("tensorboard", {})
    assert report.samples_not_understood == ()


def test_what_torchs_writer_writes_is_read_as_tensorboard_reads_it(tmp_path, theirs):
    tensorboard = pytest.importorskip("torch.utils.tensorboard", reason="PyTorch is not installed")
    np = pytest.importorskip("numpy")
    with tensorboard.SummaryWriter(tmp_path) as writer:
        for step in range(50):
            writer.add_scalar("train/loss", 1 / (step + 1), step)
            writer.add_scalar("new style", step * 0.1, step, new_style=True)
            writer.add_scalar("double", 1e300 * step, step, new_style=True, double_precision=True)
        for value in (math.nan, math.inf, -math.inf):
            writer.add_scalar("broken", value, 99)
        writer.add_image("image", np.zeros((3, 8, 8), np.uint8), 1)
        writer.add_histogram("weights", np.arange(100), 1)
        writer.add_text("note", "loss: 3", 1)
        writer.add_pr_curve("curve", np.array([0, 1]), np.array([0.2, 0.9]), 1)
        writer.add_hparams({"lr": 0.1}, {"hparam/accuracy": 0.5}, run_name="hparams")
        writer.add_custom_scalars({"group": {"both": ["Multiline", ["train/loss"]]}})
    for path in tmp_path.rglob("events.out.*"):
        found, reader = series(path)
        assert repr(found) == repr(theirs.series(path))
        assert reader.understood == reader.lines
    (path,) = tmp_path.glob("events.out.*")
    assert {name: len(points) for name, points in series(path)[0].items()} == {
        "train/loss": 50, "new style": 50, "double": 50, "broken": 3,
    }  # fmt: skip


def test_what_tensorboards_own_writer_writes_is_read_alike(tmp_path, theirs):
    summary = pytest.importorskip("tensorboard.summary")
    np = pytest.importorskip("numpy")
    writer = summary.Writer(summary.DirectoryOutput(str(tmp_path)))
    for step in (5, 6, 7, 5, 6):
        writer.add_scalar("loss", np.float64(0.1 * step), step, wall_time=AT + step)
    writer.close()
    (path,) = tmp_path.iterdir()
    found, _ = series(path)
    assert found == theirs.series(path)
    assert [point[1] for point in found["loss"]] == [5, 6, 7, 5, 6]


@needs_corpus
@pytest.mark.parametrize("path", sorted(CORPUS.glob("tensorboard/*")), ids=lambda path: path.name[:24])
def test_real_files_are_read_as_tensorboard_reads_them(theirs, path):
    found, reader = series(path)
    assert found == theirs.series(path)
    assert reader.understood == reader.lines
    assert len(reader.state()) < 2000


def twin(pattern):
    return next(CORPUS.glob(pattern))


@needs_corpus
@pytest.mark.parametrize(
    ("events", "table"),
    [("WuG978__7f2f170", None), ("Kelompok-20-VISKOM__77e6434", "Kelompok-20-VISKOM__50977f7"), ("HanzhenZhang__ddfa28f", "HanzhenZhang__13c4e1a")],
)  # fmt: skip
def test_the_same_run_in_a_table_has_the_same_values(events, table):
    found, _ = series(twin(f"tensorboard/{events}*"))
    if table is None:  # headerless, one line an epoch: epoch, memory, box, …
        rows = [line.split() for line in twin("yolo_results/WuG978__f23f487*").read_text().splitlines()]
        expected = [float(row[2]) for row in rows]
    else:
        head, *rows = [line.split(",") for line in twin(f"yolo_results/{table}*").read_text().splitlines()]
        column = [name.strip() for name in head].index("train/box_loss")
        expected = [float(row[column]) for row in rows]
    values = [value for _, _, value in found["train/box_loss"]]
    assert values == pytest.approx(expected, abs=6e-6)
    assert len(values) >= 33


@needs_corpus
@pytest.mark.parametrize(
    ("events", "other", "epochs"), [("f67b445", "e2f5dfb", 37), ("1620330", "4cf0198", 38)]
)
def test_the_same_run_in_json_has_the_same_values(events, other, epochs):
    found, _ = series(twin(f"tensorboard/MafasaBytes__{events}*"))
    expected = [
        one["loss_mean"]
        for one in json.loads(twin(f"custom_json/MafasaBytes__{other}*").read_text())["dev_metrics"]
    ]
    values = [value for _, _, value in found["epoch/dev_loss_mean"]]
    assert values == pytest.approx(expected, abs=5e-7)
    assert len(values) == epochs


@needs_corpus
def test_the_same_run_in_a_log_of_openmmlab_has_the_same_values():
    found, _ = series(twin("tensorboard/determined-ai__0497117*"))
    lines = map(json.loads, twin("openmmlab_logjson/determined-ai__741cba5*").read_text().splitlines())
    expected = {line["iter"]: line["loss"] for line in lines if "loss" in line}
    assert [value for _, _, value in found["loss/train"]] == pytest.approx(list(expected.values()), abs=6e-6)
    assert len(expected) == 14


@needs_corpus
@pytest.mark.parametrize("name", ["178af07", "259ec1d", "42b421f", "33a36ab"])
def test_an_event_file_that_grows_while_the_manager_is_killed_is_read_like_a_finished_one(tmp_path, name):
    data = twin(f"tensorboard/*{name}*").read_bytes()
    cuts = random.Random(name).choices(range(len(data)), k=25)
    assert grown(tmp_path / "b", data, sorted({0, *cuts})) == grown(tmp_path / "a", data, [0])


def grown(path, data, cuts):
    """The records of `data` written in pieces and read by a new reader each time, and the last state."""
    form = format_named("tensorboard")
    records, state, place = [], "", {"offset": 0, "inode": None, "mark": ""}
    for start, end in itertools.pairwise([*cuts, len(data)]):
        with path.open("ab") as file:
            file.write(data[start:end])
        while chunk := read_chunk(path, **place, limit=700, final=end == len(data), form=form):
            reader = form.make(state, ())
            records += [record for item in chunk.items for record in reader.read(item)]
            place = {"offset": chunk.end, "inode": chunk.inode, "mark": chunk.mark}
            state = reader.state()
    return repr(records), state
