"""Runs in W&B's and Trackio's own files, read back by their own libraries; no account, no network."""

import importlib.util
import json
import math
import sqlite3
import subprocess
import sys

import pytest

from tests.core.carry.filled import NAMES, Filled
from trainui.core.errors import TrainuiError
from trainui.core.export.carry import as_trackio, as_wandb, trackers
from trainui.core.export.gathering import gather
from trainui.core.ingest.bundles import bundles_in
from trainui.core.store.read import Reader

RUNS = ["mlp-1", "mlp-2"]


def needs(module):
    is_here = importlib.util.find_spec(module) is not None
    return pytest.mark.skipif(not is_here, reason=f"{module} not installed: make test-callbacks")


@pytest.fixture
def reader(tmp_path, monkeypatch):
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("WANDB_API_KEY", "0" * 40)
    monkeypatch.setenv("HF_TOKEN", "hf_nothing")
    Filled(tmp_path / "here", points=30)
    (tmp_path / "out").mkdir()
    reader = Reader(tmp_path / "here" / "runs.db")
    yield reader
    reader.close()


def curves(reader, run):
    """Metric → its points in the order written, NaN as a word."""
    return {
        one.metric: [(point.step, repr(point.value), point.at) for point in reader.curve(run, one.metric)]
        for one in reader.metrics(run)
    }


@needs("wandb")
def test_wandb_reads_every_point_from_its_offline_files(reader, tmp_path):
    (folder,) = as_wandb.write(reader, gather(reader, RUNS), tmp_path / "out")
    files = sorted(folder.glob("offline-run-*/run-*.wandb"))
    assert len(files) == 2
    script = """
import json, sys
from wandb.proto import wandb_internal_pb2 as pb
from trainui.core.ingest.formats.leveldb import cut
rows, config, run, summary, code = [], {}, {}, {}, None
for data in cut(open(sys.argv[1], "rb").read(), 0, True).items:
    record = pb.Record(); record.ParseFromString(data)
    kind = record.WhichOneof("record_type")
    if kind == "run":
        run = {"project": record.run.project, "name": record.run.display_name, "tags": list(record.run.tags), "notes": record.run.notes}
        config |= {item.key: json.loads(item.value_json) for item in record.run.config.update}
    if kind == "summary":
        summary |= {item.key: item.value_json for item in record.summary.update}
    if kind == "history":
        rows.append({(item.key or ".".join(item.nested_key)): json.loads(item.value_json) for item in record.history.item})
    if kind == "exit":
        code = record.exit.exit_code
print(json.dumps([rows, config, run, summary, code]))
"""
    for file in files:
        done = subprocess.run([sys.executable, "-c", script, file], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        rows, config, run, summary, code = json.loads(done.stdout)
        wanted = curves(reader, run["name"])
        for metric, points in wanted.items():
            found = [
                (row["trainui/step"], repr(float(row[metric])), row["_timestamp"])
                for row in rows
                if metric in row
            ]
            assert found == points
        assert (config["lr"], config["note"], config["deep"]) == (0.1, "two words", True)
        assert "trainui/usd" in summary
        assert code == {"mlp-1": 1, "mlp-2": 0}[run["name"]]
        assert run["project"] == "both"


@needs("wandb")
def test_wandb_leaves_nothing_elsewhere_and_our_own_reader_takes_it_back(reader, tmp_path):
    (folder,) = as_wandb.write(reader, gather(reader, RUNS), tmp_path / "out")
    assert list((tmp_path / "home").rglob("*")) == []
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["wandb"]
    assert not any(
        b"000000000000000000000000" in path.read_bytes() for path in folder.rglob("*") if path.is_file()
    )
    bundles = bundles_in(folder)
    assert len(bundles) == 2
    assert {stream.kind for bundle in bundles for stream in bundle.streams} == {"wandb"}


@needs("trackio")
def test_trackio_reads_every_point_from_a_folder_of_its_own(reader, tmp_path):
    (folder,) = as_trackio.write(reader, gather(reader, RUNS), tmp_path / "out")
    (file,) = folder.glob("*.db")
    db = sqlite3.connect(file)
    for run in RUNS:
        rows = [
            (step, json.loads(metrics))
            for step, metrics in db.execute(
                "SELECT step, metrics FROM metrics WHERE run_name=? ORDER BY id", (run,)
            )
        ]
        for metric, points in curves(reader, run).items():
            assert [(step, repr(float(row[metric]))) for step, row in rows if metric in row] == [
                one[:2] for one in points
            ]
    (config,) = db.execute("SELECT config FROM configs WHERE run_name='mlp-1'").fetchone()
    assert json.loads(config)["lr"] == 0.1
    assert list((tmp_path / "home").rglob("*")) == []
    script = """
import sys
from trackio.sqlite_storage import SQLiteStorage
print(sorted(SQLiteStorage.get_runs(sys.argv[1])))
"""
    env = {
        "PATH": "/usr/bin",
        "TRACKIO_DIR": str(folder),
        "HOME": str(tmp_path / "home"),
        "PYTHONPATH": ":".join(sys.path),
    }
    done = subprocess.run([sys.executable, "-c", script, file.stem], capture_output=True, text=True, env=env)
    assert "mlp-1" in done.stdout, done.stderr
    assert "mlp-2" in done.stdout


def test_names_of_others_stay_names():
    for study in ("../x", "a.b", "registry-x", "x_configs", "ü" * 300, ""):
        made = as_trackio.project_of(study)
        assert made.replace("-", "").replace("_", "").isalnum()
        assert len(made) < 128
    assert as_trackio.project_of("a.b") != as_trackio.project_of("a_b")
    assert len(NAMES) == 4
    assert math.isnan(float(str(math.nan)))


def test_a_library_that_fails_is_told_in_a_sentence(tmp_path):
    script = tmp_path / "broken.py"
    script.write_text("raise SystemExit('no such thing as a run')\n")
    with pytest.raises(
        TrainuiError, match="the wandb library could not write the run: no such thing as a run"
    ):
        trackers.feed(str(script), [], ({"n": n} for n in range(100_000)), "wandb")
