"""Real logs of the field, where they are at hand: what was printed is found, and nothing else."""

import itertools
import random
import re
from pathlib import Path

import pytest

from trainui.core.ingest.console import Console
from trainui.core.ingest.follow import read_chunk
from trainui.core.ingest.formats import reader_for
from trainui.core.ingest.report import parse_file

CORPUS = Path(__file__).parents[4] / "shared" / "corpus"
pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus of real logs is not here")


def find(name):
    return next(CORPUS.glob(f"*/*{name}*"))


@pytest.mark.parametrize(
    ("name", "points"),
    [
        ("94424a5", {"loss": 3, "time": 3}),
        ("4669c45", {"loss": 2500, "acc": 2500, "train/acc_8-bit": 20, "test/acc_12-bit_extrapolation": 20}),
        ("gumbel_softmax", {"loss": 10, "accuracy": 10, "val_loss": 10, "val_accuracy": 10}),
        ("37cdbc8", {"train/loss": 101, "val/loss": 101, "loss": 1001, "time": 1001, "mfu": 1001}),
        ("0c92ba5", {"train/loss": 1, "val/loss": 1}),
        ("e8293e7", {"tel": 241}),
        ("b9eb1e4", {"train_loss": 1530, "val_loss": 14, "train_time": 1544, "step_avg": 1531}),
        ("db7c87c", dict.fromkeys(("train/loss", "val/loss", "lr", "dice_0", "dice_1", "dice_2"), 42)),
        ("78af4b0", {"lr": 35, "train/loss": 35, "val/loss": 35, "val/error": 35, "test/loss": 1, "test/error": 1}),
        ("ccd43b7", {}),
        ("46085eb", {}),
    ],
)  # fmt: skip
def test_every_point_that_was_printed_is_found_and_no_other(name, points):
    report = parse_file(find(name))
    assert {metric: told.points for metric, told in report.metrics.items()} == points


@pytest.mark.parametrize(
    ("name", "metric", "last", "nonfinite"),
    [
        ("gumbel_softmax", "loss", 1.7892, 1),
        ("gumbel_softmax", "val_accuracy", 0.3024, 0),
        ("fb095ec", "mfu", 0.0, 0),
        ("ee9a7f1", "test/ppl", 55.03, 0),
        ("a29342f", "val/dtw_score", 10.8, 0),
        ("24111a6", "valid_loss", 3.404297, 0),
    ],
)
def test_values_are_what_was_printed(name, metric, last, nonfinite):
    found = parse_file(find(name)).metrics[metric]
    assert (found.last, found.nonfinite) == (last, nonfinite)


NUMBER = r"([-+.\dena]+)"


@pytest.mark.parametrize(
    ("name", "metric", "printed"),
    [
        ("3c39444", "loss", r"^iter \d+: loss NUMBER"),
        ("3c39444", "val/loss", r"^step \d+: train loss \S+ BPC, val loss NUMBER"),
        ("61edbf3", "mfu", r"^iter .* mfu NUMBER%"),
        ("29a7509", "loss", r"^iter \d+: loss NUMBER"),
        ("13ce17a", "train/loss", r"^step \d+: train loss NUMBER"),
        ("083a874", "time", r"^iter .* time NUMBERms"),
        ("fb095ec", "loss", r"\| loss: NUMBER \|"),
        ("9d5aec5", "trl", r"^s:\d+ trl:NUMBER"),
        ("9d5aec5", "tel", r"^s:\d+ tel:NUMBER"),
        ("b9eb1e4", "val_loss", r"^step:\d+/\d+ val_loss:NUMBER"),
        ("b4cf10e", "train_loss", r"^step:\d+/\d+ train_loss:NUMBER"),
        ("f13b904", "train_loss", r"^step:\d+/\d+ train_loss:NUMBER"),
        ("69b17b6", "train_loss", r"^step:\d+/\d+ train_loss:NUMBER"),
        ("db7c87c", "train/loss", r"train loss : NUMBER"),
        ("db7c87c", "val/loss", r"validation loss: NUMBER"),
        ("db7c87c", "lr", r"not exact\.\) \n\S+ \S+ lr: NUMBER"),
        ("db7c87c", "dice_1", r"foreground Dice: \[[\d.]+, NUMBER,"),
        ("d0d70c9", "val/error", r"valid error: NUMBER"),
        ("c966b6b", "test/error", r"test error: NUMBER"),
        ("a29342f", "batch_loss", r"Batch Loss: +NUMBER"),
        ("a29342f", "val/dtw_score", r": Val DTW Score: +NUMBER"),
        ("a29342f", "val/gt_dtw_score", r"GT DTW Score: +NUMBER"),
        ("ee9a7f1", "ppl", r"\| ppl +NUMBER$"),
        ("ee9a7f1", "val/ppl", r"valid ppl +NUMBER$"),
        ("RNN_RELU_nlayers_1", "loss", r"\| loss +NUMBER "),
        ("24111a6", "acc", r"^acc: NUMBER"),
        ("4598c46", "train/loss", r"Train Loss NUMBER"),
        ("4598c46", "map", r"^mAP: NUMBER"),
        ("e8d20b4", "reward", r"reward NUMBER eps"),
        ("94424a5", "loss", r'"loss": NUMBER,'),
    ],
)  # fmt: skip
def test_every_value_of_a_metric_is_read_in_order(name, metric, printed):
    """Beside a regular expression made for the one file and the one metric."""
    text = find(name).read_text("utf-8", "replace").replace("\x1b[1m", "").replace("\x1b[0m", "")
    expected = [float(value) for value in re.findall(printed.replace("NUMBER", NUMBER), text, re.MULTILINE)]
    reader = Console()
    records = [r for line in find(name).read_bytes().split(b"\n") for r in reader.read(line)]
    assert expected
    assert repr([r.metrics[metric] for r in records if metric in r.metrics]) == repr(expected)


@pytest.mark.parametrize("name", ["b766aac", "e47ed3f", "2ac7b89", "54559aa", "ccd43b7"])
def test_a_run_that_died_before_its_first_report_has_no_curve(name):
    """Networks printed layer by layer, tracebacks, compilers' graphs: 19,000 lines of numbers, and two losses."""
    points = {metric: told.points for metric, told in parse_file(find(name)).metrics.items()}
    assert points == ({"train/loss": 1, "val/loss": 1} if name == "54559aa" else {})


def test_a_loss_that_broke_is_seen():
    assert parse_file(find("fb095ec")).metrics["loss"].nonfinite == 125


def test_steps_never_go_back_in_a_log_of_one_run():
    reader = Console()
    chunk = read_chunk(find("4598c46"), offset=0, inode=None, final=True)
    steps = [r.step for line in chunk.items for r in reader.read(line) if "train/loss" in r.metrics]
    assert len(steps) == 8137
    assert all(left < right for left, right in itertools.pairwise(steps))


@pytest.mark.parametrize("name", ["4669c45", "fb095ec", "gumbel_softmax", "ee9a7f1", "2d42ee1"])
@pytest.mark.parametrize("kind", ["console", "jsonl"])
def test_a_log_that_grows_while_the_manager_is_killed_is_read_like_a_finished_one(tmp_path, name, kind):
    """The reader is made anew from its committed state for every chunk, and every line arrives exactly once."""
    data = find(name).read_bytes()[:120_000]
    cuts = random.Random(name).choices(range(len(data)), k=25)
    assert grown(tmp_path / "b", data, kind, sorted({0, *cuts})) == grown(tmp_path / "a", data, kind, [0])


def grown(path, data, kind, cuts):
    """The records of `data` written in pieces, and the reader's last state."""
    records, state, place = [], "", {"offset": 0, "inode": None, "mark": ""}
    for start, end in itertools.pairwise([*cuts, len(data)]):
        with path.open("ab") as file:
            file.write(data[start:end])
        while chunk := read_chunk(path, **place, limit=7000, final=end == len(data)):
            reader = reader_for(kind, state=state)
            records += [record for line in chunk.items for record in reader.read(line)]
            place = {"offset": chunk.end, "inode": chunk.inode, "mark": chunk.mark}
            state = reader.state()
    return repr(records), state
