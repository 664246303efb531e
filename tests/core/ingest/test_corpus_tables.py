"""Every table and JSON file of the corpus against a plain reading of it: names, counts and every value."""

import csv
import json
import math
from pathlib import Path

import pytest

from trainui.core.ingest.follow import chunks_of
from trainui.core.ingest.report import recognise_file

CORPUS = Path(__file__).parents[4] / "shared" / "corpus"
pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus of real logs is not here")
FOLDERS = (
    "ast_finetune_log", "custom_json", "detectron2_metricsjson", "detr_jsonl", "hf_trainer_state", "keras_csvlogger",
    "lightning_csv", "lr_finder_csv", "openmmlab_logjson", "parametergolf_log", "pytorch_wordlm_log",
    "rl_progress_csv", "sweep_jsonl", "torchtitan_log", "yolo_results",
)  # fmt: skip
FILES = sorted(
    path
    for folder in FOLDERS
    for path in CORPUS.glob(f"{folder}/*")
    if path.suffix in (".csv", ".tsv", ".json", ".jsonl")
    or folder in ("yolo_results", "detr_jsonl", "keras_csvlogger")
)
NO_CURVES = ("experiments_gru.csv", "results.tsv", "wa_result.csv", "best_result.csv")
AXES = {"epoch", "step", "iteration", "iter", "Step", "Wall time"}
YOLO = [
    "epoch",
    "gpu_mem",
    "train/box_loss",
    "train/obj_loss",
    "train/cls_loss",
    "train/total_loss",
    "labels",
    "img_size",
    "metrics/precision",
    "metrics/recall",
    "metrics/mAP_0.5",
    "metrics/mAP_0.5:0.95",
    "val/box_loss",
    "val/obj_loss",
    "val/cls_loss",
]


def told(path):
    """name → values, in order, as our readers tell them; and the records."""
    form = recognise_file(path)
    reader = form.make("", ())
    records = [one for chunk in chunks_of(path, form) for item in chunk.items for one in reader.read(item)]
    values = {}
    for record in records:
        for name, value in record.metrics.items():
            values.setdefault(name, []).append(value)
    return values, [one for one in records if one.metrics]


def plain(path):
    """The same, read plainly: each kind in the few lines it takes."""
    if path.name.endswith(NO_CURVES):
        return {}
    if path.suffix == ".txt" and path.parent.name == "yolo_results":
        rows = [line.replace("G", "").split() for line in path.read_text().splitlines()]
        return {name: [float(row[place]) for row in rows] for place, name in enumerate(YOLO) if place}
    if path.parent.name == "ast_finetune_log":
        rows = list(csv.reader(path.open()))
        return {f"col_{place + 1}": [float(row[place]) for row in rows] for place in range(len(rows[0]))}
    if path.suffix in (".csv", ".log") and "json" not in path.name:
        return plain_table(path)
    values = {}
    for entry in entries(path):
        phase = f"{entry['mode']}/" if "mode" in entry else ""
        for name, value in flat(entry):
            if name not in AXES:
                values.setdefault(phase + name, []).append(float(value))
    return values


def plain_table(path):
    """The first row of each length is a header; a cell with a list is no number."""
    values, headers = {}, {}
    for row in csv.reader(path.open()):
        cells = [cell.strip() for cell in row]
        header = headers.setdefault(len(cells), cells)
        if header is not cells:
            for name, cell in zip(header, cells, strict=True):
                if name not in AXES and cell and "[" not in cell:
                    values.setdefault(name, []).append(float(cell))
    return values


def entries(path):
    text = path.read_text()
    if path.parent.name in ("hf_trainer_state", "custom_json"):
        data = json.loads(text)
        if isinstance(data, list):
            return data
        if "log_history" in data:
            return data["log_history"]
        return [{key: value} for key in data for value in data[key]]
    return [json.loads(line) for line in text.splitlines()]


def flat(entry, prefix=""):
    for name, value in entry.items():
        if isinstance(value, dict):
            yield from flat(value, f"{prefix}{name}/")
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield prefix + name, value


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name[-40:]}")
def test_a_real_file_tells_what_a_plain_reading_finds_and_nothing_else(path):
    values, _ = told(path)
    expected = plain(path)
    assert {name: len(one) for name, one in values.items()} == {
        name: len(one) for name, one in expected.items()
    }
    assert repr({name: values[name] for name in sorted(values)}) == repr(
        {name: expected[name] for name in sorted(expected)}
    )


def test_the_plain_reading_finds_much():
    assert len(FILES) >= 48
    assert sum(len(values) for path in FILES for values in plain(path).values()) > 200_000


def test_five_snapshots_of_one_growing_file_give_each_entry_once():
    steps = {
        path: json.loads(path.read_text())["global_step"]
        for path in CORPUS.glob("hf_trainer_state/subro608*")
    }
    snapshots = sorted(steps, key=steps.__getitem__)
    form, state, values = recognise_file(snapshots[0]), "", {}
    for path in snapshots:
        reader = form.make(state, ())
        for record in reader.read(path.read_bytes()):
            for name, value in record.metrics.items():
                values.setdefault(name, []).append((record.step, value))
        state = reader.state()
    expected = {}
    for entry in json.loads(snapshots[-1].read_text())["log_history"]:
        for name, value in entry.items():
            if name not in AXES:
                expected.setdefault(name, []).append((entry["step"], float(value)))
    assert len(snapshots) == 5
    assert values == expected


@pytest.mark.parametrize(
    ("name", "metric", "places"),
    [
        ("Macro1027__b26b42d", "train_loss_epoch", [(31, 0), (63, 1)]),
        ("bhsh0112__36c10aa", "train/box_loss", [(None, 0), (None, 1)]),
        ("WuG978__f23f487__runs", "train/box_loss", [(None, 0), (None, 1)]),
        ("pyannote__f8d8b82", "Value", [(0, None), (1, None)]),
        ("determined-ai__741cba5", "train/loss", [(50, 1), (100, 1)]),
        ("MafasaBytes__e2f5dfb__models", "dev_metrics/loss_mean", [(0, None), (1, None)]),
        ("AlvarSML__2d42ee1", "total_loss", [(19, None), (39, None)]),
        ("NijatZeynalov", "eval_loss", [(100, 0.03), (200, 0.06)]),
    ],
)
def test_points_stand_where_the_file_says(name, metric, places):
    _, records = told(next(CORPUS.glob(f"*/{name}*")))
    assert [(one.step, one.epoch) for one in records if metric in one.metrics][:2] == places


def test_iterations_that_begin_again_with_every_epoch_go_on():
    _, records = told(next(CORPUS.glob("openmmlab_logjson/Areinaqiu*")))
    steps = [one.step for one in records if "train/loss" in one.metrics]
    assert steps == list(range(1, 1726))
    assert [one.step for one in records if "val/AP" in one.metrics] == [345, 690, 1035, 1380, 1725]


def test_a_column_of_infinities_is_told_as_such():
    values, _ = told(next(CORPUS.glob("lightning_csv/Fox-King777__df8e2ce*")))
    assert values == {"train_loss": [math.inf] * 200}
