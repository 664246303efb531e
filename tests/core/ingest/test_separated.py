"""Tables: what a column is, which rows belong, and which files are the curves of one training."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainui.core.ingest.follow import read_chunk
from trainui.core.ingest.formats import format_named, reader_for, recognise
from trainui.core.ingest.records import Record
from trainui.core.ingest.separated import Separated

NAN = math.nan


def read(text):
    """The records of a table, and its reader."""
    reader = Separated()
    return [record for line in text.encode().split(b"\n") for record in reader.read(line)], reader


def rows(*lines):
    records, _ = read("\n".join(lines))
    return records


def shown(records):
    """(step, epoch, metrics) of each; repr, so that NaN equals NaN."""
    return repr([(one.step, one.epoch, dict(one.metrics)) for one in records])


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["epoch,loss", "0,0.5", "1,nan"], [(None, 0.0, {"loss": 0.5}), (None, 1.0, {"loss": NAN})]),
        (["step\tloss", "10\t0.5", "20\tinf"], [(10, None, {"loss": 0.5}), (20, None, {"loss": math.inf})]),
        (["sep=;", "epoch;loss", "0;0,5", "1;1.25"], [(None, 0.0, {"loss": 0.5}), (None, 1.0, {"loss": 1.25})]),
        (["epoch  loss   acc", "1  0.5  3.2%"], [(None, 1.0, {"loss": 0.5, "acc": 3.2})]),
        (["# step, loss", "# a remark", "3, 1e-3"], [(3, None, {"loss": 0.001})]),
        (["\ufeffepoch,loss\r", "1,0.5\r"], [(None, 1.0, {"loss": 0.5})]),
        (["   epoch,   train/loss,", "       0,      0.5,"], [(None, 0.0, {"train/loss": 0.5})]),
        # sparse rows of Lightning: step and epoch join what belongs together
        (
            ["epoch,step,train_loss,val_loss", "0,49,2.5,", "0,49,,1.5"],
            [(49, 0.0, {"train_loss": 2.5}), (49, 0.0, {"val_loss": 1.5})],
        ),
        (["step,loss", "1,None", "2,N/A", "3,", "4,0.5"], [(4, None, {"loss": 0.5})]),
        (['"Step","a, b"', '"0","2.5"'], [(0, None, {"a, b": 2.5})]),
        ([",loss", "0,0.5", "1,0.4"], [(0, None, {"loss": 0.5}), (1, None, {"loss": 0.4})]),
        ([",epoch,loss", "7,3,0.5"], [(None, 3.0, {"loss": 0.5})]),
        ([",0,1", "0,0.5,0.25"], [(0, None, {"col_1": 0.5, "col_2": 0.25})]),
        (["0,0.693", "1,0.5"], [(0, None, {"col_2": 0.693}), (1, None, {"col_2": 0.5})]),
        (["0.7,0.8", "0.6,0.9"], [(None, None, {"col_1": 0.7, "col_2": 0.8}), (None, None, {"col_1": 0.6, "col_2": 0.9})]),
        # an array that is filled in row by row is saved whole, its rest still zero
        (["0.7,0.8", "0.0,0.0"], [(None, None, {"col_1": 0.7, "col_2": 0.8})]),
        (["epoch,split,loss", "1,train,2", "1,valid,3"], [(None, 1.0, {"train/loss": 2.0}), (None, 1.0, {"val/loss": 3.0})]),
        (["tag,step,value", "loss,1,0.5", "acc,1,0.25"], [(1, None, {"loss": 0.5}), (1, None, {"acc": 0.25})]),
        (["step,loss", "1,tensor(0.5)", "2,[0.25]"], [(1, None, {"loss": 0.5}), (2, None, {"loss": 0.25})]),
        (["epoch,loss,loss", "1,2,3"], [(None, 1.0, {"loss": 2.0, "loss.1": 3.0})]),
        (["epoch,loss,seed,run_id", "1,2,42,7"], [(None, 1.0, {"loss": 2.0})]),
        (["epoch,time,loss", "1,12.5,2"], [(None, 1.0, {"time": 12.5, "loss": 2.0})]),
        (["round,accuracy", "1,0.5"], [(1, None, {"accuracy": 0.5})]),
        (["time/total_timesteps,time/fps,reward", "2048,10,1"], [(2048, None, {"time/fps": 10.0, "reward": 1.0})]),
        (["episode,reward,steps", "1,10,200"], [(1, None, {"reward": 10.0, "steps": 200.0})]),
        (["step,loss", "9007199254740993,1"], [(9007199254740993, None, {"loss": 1.0})]),
        (["epoch,loss", "3/50,1"], [(None, 3.0, {"loss": 1.0})]),
        (["my first run", "epoch,loss", "3,1"], [(None, 3.0, {"loss": 1.0})]),
    ],
)  # fmt: skip
def test_rows_become_their_records(lines, expected):
    assert shown(rows(*lines)) == repr(expected)


def test_a_place_of_so_many_tells_how_many_there_are():
    (record,) = rows("epoch,loss", "3/50,1")
    assert record.total_epochs == 50


def test_a_clock_tells_when_and_seconds_elapsed_are_a_metric():
    first, second = rows("Wall time,Step,Value", "1526476513.5,0,0.25", "12.5,1,0.5")
    assert first == Record(at=1526476513.5, step=0, metrics={"Value": 0.25})
    assert dict(second.metrics) == {"Wall time": 12.5, "Value": 0.5}


def test_a_counter_that_begins_again_with_every_epoch_goes_on():
    lines = ["epoch,iter,loss", *(f"{epoch},{step},1" for epoch in (1, 2, 3) for step in (10, 20, 30))]
    assert [one.step for one in rows(*lines)] == [10, 20, 30, 40, 50, 60, 70, 80, 90]
    lines = ["epoch,step,loss", *(f"{epoch},{step},1" for epoch in (0, 1) for step in (0, 5))]
    assert [one.step for one in rows(*lines)] == [0, 5, 10, 15]


def test_a_step_of_the_run_stays_what_it_is():
    lines = ["epoch,step,loss", "0,99,1", "1,99,1", "1,199,1", "0,50,1"]
    assert [one.step for one in rows(*lines)] == [99, 99, 199, 50]


@pytest.mark.parametrize("cells", [["579e621", "30886e6", "5681e36"], ["01d1f8e", "5681361", "1234567"]])
def test_hashes_are_no_numbers(cells):
    for name in ("commit", "rev"):
        lines = [f"step,{name},loss", *(f"{n},{cell},1" for n, cell in enumerate(cells))]
        assert {metric for one in rows(*lines) for metric in one.metrics} == {"loss"}


def test_a_column_of_words_gives_nothing_and_a_word_among_numbers_costs_one_point():
    records = rows("step,state,loss", "1,good,0.5", "2,bad,diverged", "3,7,0.25", "4,8,0.125")
    assert [dict(one.metrics) for one in records] == [{"loss": 0.5}, {"loss": 0.25}, {"loss": 0.125}]


def test_two_headers_in_turns_each_have_their_rows():
    records, reader = read(
        "a_loss,b_loss,c\n1,2,3\nlow,high\n[0.1 0.2],[0.3 0.4]\n4,5,6\n[0.1 0.2],[0.3 0.4]\n"
    )
    assert [list(one.metrics.values()) for one in records] == [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]
    assert reader.understood == reader.lines == 6


def test_a_header_that_comes_again_is_no_row():
    records, reader = read("epoch,loss\n1,2\nepoch,loss\n1,3\nepoch,acc\n1,4\n")
    assert [dict(one.metrics) for one in records] == [{"loss": 2.0}, {"loss": 3.0}, {"acc": 4.0}]
    assert reader.understood == 6


def test_a_row_with_other_cells_is_not_understood():
    records, reader = read('epoch,loss,acc\n1,2,3\n2,3\n3,4,5,6\n4,"5,6\n5,6,7\n')
    assert [one.epoch for one in records] == [1.0, 5.0]
    assert (reader.lines, reader.understood, len(reader.samples)) == (6, 3, 3)


def test_a_summary_far_beyond_the_last_epoch_is_no_row():
    lines = ["epoch,loss", *(f"{n},{n}" for n in range(100))]
    assert [one.epoch for one in rows(*lines, "1000,0.5")][-1] == 99.0
    gone_on = rows(*lines, "1000,0.5", "1001,0.5", "1002,0.5")
    assert [one.epoch for one in gone_on][-3:] == [99.0, 1001.0, 1002.0]


def test_yolo_tables_without_a_header_are_known():
    line = "     0/299     11.8G   0.0787   0.0373   0.0682    0.1843        42       640         0         0         0         0    0.1022   0.0422   0.0617"
    (record,) = rows(line)
    assert (record.epoch, record.total_epochs) == (0.0, 299)
    assert record.metrics["gpu_mem"] == 11.8
    assert record.metrics["train/box_loss"] == 0.0787
    assert record.metrics["val/cls_loss"] == 0.0617


def test_a_gap_in_an_epoch_is_no_leap_when_epochs_are_far_apart():
    lines = ["epoch,loss", *(f"{n},1" for n in range(0, 100, 10)), "150,1"]
    assert [one.epoch for one in rows(*lines)][-1] == 150.0


def followed(path, *contents):
    """The records of a file that held each content in turn, as the manager follows it."""
    form, state, place, told = format_named("csv"), "", {"offset": 0, "inode": None, "mark": ""}, []
    for content in contents:
        path.write_text(content)
        told.append([])
        while chunk := read_chunk(path, **place, form=form):
            reader = form.make(form.anew(state) if chunk.rewound else state, ())
            told[-1] += [record for item in chunk.items for record in reader.read(item)]
            place = {"offset": chunk.end, "inode": chunk.inode, "mark": chunk.mark}
            state = reader.state()
    return told


def test_a_table_written_anew_with_a_wider_header_tells_only_what_is_new(tmp_path):
    """Lightning and Stable-Baselines3 do so at the first validation: columns come, and go to other places."""
    narrow = "step,loss\n" + "".join(f"{n},{n}.5\n" for n in range(3000))
    wide = "loss,step,val_loss\n" + "".join(f"{n}.5,{n},\n" for n in range(3000))
    told = followed(tmp_path / "m.csv", narrow, wide + ",2999,7.0\n", wide + ",2999,7.0\n3.5,3000,\n")
    assert len(told[0]) == 3000
    assert shown(told[1]) == repr([(2999, None, {"val_loss": 7.0})])
    assert shown(told[2]) == repr([(3000, None, {"loss": 3.5})])


@pytest.mark.parametrize("changed", [0, 1, 50, 2500, 2999])
def test_a_table_written_anew_is_told_from_where_it_says_something_else(tmp_path, changed):
    rows = [f"{n},{n}.5\n" for n in range(3000)]
    others = [row.replace(".5", ".25") if n >= changed else row for n, row in enumerate(rows)]
    told = followed(
        tmp_path / "m.csv",
        "step,loss\n" + "".join(rows),
        "step,loss,x\n" + "".join(others).replace("\n", ",\n"),
    )
    assert [one.step for one in told[1]] == list(range(changed, 3000))


def test_another_table_in_the_same_place_is_told_whole_and_a_shorter_one_again_only_where_it_goes_on(
    tmp_path,
):
    first = "step,loss\n" + "".join(f"{n},{n}.5\n" for n in range(10))
    told = followed(tmp_path / "m.csv", first, "step,acc\n0,0.5\n1,0.75\n")
    assert [one.step for one in told[1]] == [0, 1]
    shorter = "step,loss\n0,0.5\n1,1.5\n"
    told = followed(tmp_path / "n.csv", first, shorter, shorter + "2,99\n")
    assert [[one.step for one in records] for records in told[1:]] == [[], [2]]


METRICS = [
    ("metrics.csv", "epoch,step,train_loss\n0,49,0.5\n"),
    ("any.csv", "Wall time,Step,Value\n1526476513.5,0,0.25\n"),
    ("progress.csv", "Iteration,AverageReturn\n0,1.5\n1,2.5\n"),
    ("training.log", "epoch,acc,loss\n0,0.5,0.7\n1,0.6,0.6\n"),
    ("final_metrics.csv", "Metric,Value\nAccuracy,0.9\nF1,0.8\n"),
    ("x/monitor.csv", '#{"t_start": 1.5}\nr,l,t\n20.0,20,0.7\n'),
    ("loss.csv", "loss\n0.5\n0.4\n"),
    ("metrics.csv", "epoch,loss\n"),
    ("log.csv", "timestamp,epoch,avg_train_loss\n2025-10-29 23:00:01,1,0.5\n"),
    ("metrics.csv", "step,loss\n" + "1,0.5\n" * 15 + "1,2,0.5\n" * 60),
    ("a.csv", "epoch,loss,checkpoint\n1,0.5,a.pt\n2,0.4,b.pt\n3,0.3,c.pt\n"),
]
OTHERS = [
    ("predictions.csv", "id,label,pred\n1,0,0.3\n2,1,0.8\n"),
    ("train.csv", "path,label\na.wav,1\nb.wav,2\n"),
    ("results.csv", "model,accuracy,f1\ngru,0.5,0.4\nlstm,0.6,0.5\nrnn,0.3,0.2\n"),
    ("results.tsv", "run_id\tsteps\tbpb_loss\nfast\t386\t1.48\nslow\t258\t1.68\nwide\t515\t1.4\n"),
    ("ETTh1_train.csv", "date,HUFL,OT\n2016-07-01 00:00:00,5.8,30.5\n2016-07-01 01:00:00,5.6,27.7\n"),
    ("housing_train.csv", "longitude,latitude,price\n-122,37,450000\n-121,36,350000\n"),
    ("log.csv", "timestamp,epoch,vA,lux\n2025-01-01 00:00:01,1735689601,3.3,120\n"),
    ("features.csv", "0.1,0.2\n0.3,0.4\n"),
    ("metrics.csv", "Fold,Accuracy\n1,0.9\n2,0.8\n3,0.7\n"),
    ("results.csv", ",simulation,p,val_loss\n9,1c67e83e,1,0.3\n7,1d3ac292,1,0.4\n8,1ba97bda,1,0.2\n"),
    ("best_result.csv", "9.5e-01\n9.9e-01\n"),
    ("a.json", '{"epoch": 1}\n'),
    ("notes.txt", "epoch, loss and other words\nare prose, not a table\n"),
    ("output.log", "epoch  loss\n1  0.5\nsaved the model\n"),
    ("x.csv", ""),
    ("x.csv", "\x00\x01\x02,\x00\n"),
]


@pytest.mark.parametrize(("name", "text"), METRICS)
def test_curves_of_a_training_are_known(name, text):
    assert recognise(name, text.encode()).kind == "csv"


@pytest.mark.parametrize(("name", "text"), OTHERS)
def test_other_tables_are_left_alone(name, text):
    assert recognise(name, text.encode()).kind != "csv"


def test_a_sweep_with_one_row_for_a_run_is_no_curve():
    header = "model,epoch_num,batch_size,dropout,seed,val_loss\n"
    text = header + "".join(f"m{n},5,20,0.{n},11,{n}\n" for n in range(9))
    assert recognise("results.csv", text.encode()).kind != "csv"


TABLE = st.lists(
    st.one_of(
        st.sampled_from(
            ["epoch,iter,loss,note", "1,1,0.5,a", "1,2,nan,b", "2,1,0.25,", "# remark", "low,high", "[1 2],[3 4]", '"a,b', ""]
        ),
        st.tuples(st.integers(0, 99), st.integers(0, 9), st.floats()).map(lambda row: ",".join(map(str, row)) + ",x"),
    ),
    max_size=40,
)  # fmt: skip


@given(TABLE, st.lists(st.integers(0, 2000), max_size=6))
def test_a_table_that_grows_while_the_manager_is_killed_is_read_like_a_finished_one(
    tmp_path_factory, lines, cuts
):
    folder = tmp_path_factory.mktemp("table")
    data = "\n".join(lines).encode()
    assert grown(folder / "b", data, cuts) == grown(folder / "a", data, [])


def grown(path, data, cuts):
    """The records of `data` written in pieces, each read by a reader made from the last state."""
    records, state, place, start = [], "", {"offset": 0, "inode": None, "mark": ""}, 0
    for end in [*sorted(min(cut, len(data)) for cut in cuts), len(data)]:
        with path.open("ab") as file:
            file.write(data[start:end])
        start = end
        while chunk := read_chunk(path, **place, limit=100, form=format_named("csv")):
            reader = reader_for("csv", state=state)
            records += [record for item in chunk.items for record in reader.read(item)]
            place = {"offset": chunk.end, "inode": chunk.inode, "mark": chunk.mark}
            state = reader.state()
    return repr(records), state


@given(st.lists(st.binary(max_size=300), max_size=30), st.sampled_from([b"", b"epoch,loss\n", b"1 2 3\n"]))
def test_any_bytes_are_harmless(lines, head):
    reader = Separated()
    for line in [*head.split(b"\n"), *lines]:
        for record in reader.read(line):
            assert all(name.isprintable() and type(value) is float for name, value in record.metrics.items())
        again = Separated.restore(reader.state())
        assert again.state() == reader.state()
    assert reader.understood <= reader.lines
    recognise("metrics.csv", head + b"\n".join(lines))


def test_the_state_stays_small():
    _, reader = read("epoch,loss,acc\n" + "".join(f"{n},{n},{n}\nword {n},x\n" for n in range(3000)))
    assert len(reader.state()) < 8000
    json.loads(reader.state())


@pytest.mark.parametrize(("columns", "told"), [(5000, 5000), (10_000, 0)])
def test_a_wide_table_keeps_its_names_or_gives_nothing(columns, told):
    """Its header must not be passed over as too wide, and its rows be taken for a table without one."""
    reader = Separated()
    header = ",".join(["step", *(f"loss{place}" for place in range(columns))])
    rows = [",".join([str(step), *["0.5"] * columns]) for step in range(2)]
    found = [record for line in (header, *rows) for record in reader.read(line.encode())]
    assert [(record.step, len(record.metrics)) for record in found] == (
        [(0, told), (1, told)] if told else []
    )
    assert all("loss4999" in record.metrics for record in found)
