"""The wire as a training script meets it: whole lines, and never an exception."""

import json
import math
import os
import subprocess
import sys

import pytest

import trainui
from trainui.core.ingest.jsonl import JsonLines
from trainui.wire import encode


@pytest.fixture
def metrics(tmp_path, monkeypatch):
    """The metrics file of a run, empty so far."""
    path = tmp_path / "metrics.jsonl"
    monkeypatch.setenv("TRAINUI_METRICS", str(path))
    monkeypatch.setenv("TRAINUI_RUN_DIR", str(tmp_path))
    return path


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


class Tensor:
    """What numpy and torch give: no float, but becomes one."""

    def __init__(self, value):
        self.value = value

    def __float__(self):
        return float(self.value)


def test_log_writes_one_line(metrics):
    trainui.log({"train/loss": 0.31, "val": {"mae": Tensor(91)}}, step=120, epoch=3)
    (line,) = lines(metrics)
    assert line.pop("time") > 1.7e9
    assert line == {"step": 120, "epoch": 3, "metrics": {"train/loss": 0.31, "val/mae": 91.0}}


def test_non_finite_numbers_arrive_as_what_they_are(metrics):
    trainui.log({"a": math.nan, "b": math.inf, "c": -math.inf, "d": 10**400}, step=Tensor(2))
    (record,) = JsonLines().read(metrics.read_bytes())
    assert repr(dict(record.metrics)) == "{'a': nan, 'b': inf, 'c': -inf, 'd': inf}"
    assert record.step == 2


def test_progress_and_event(metrics):
    trainui.progress(total_steps=4500, total_epochs=50)
    trainui.event("unfroze\nthe encoder")
    first, second = lines(metrics)
    assert (first["total_steps"], first["total_epochs"]) == (4500, 50)
    assert second["event"] == "unfroze\nthe encoder"
    assert metrics.read_bytes().count(b"\n") == 2


def test_a_checkpoint_is_named_relative_to_the_run(metrics, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "run").mkdir()
    monkeypatch.setenv("TRAINUI_METRICS", str(tmp_path / "run" / "metrics.jsonl"))
    monkeypatch.setenv("TRAINUI_RUN_DIR", str(tmp_path / "run"))
    (tmp_path / "run" / "spec.toml").write_text('[metrics]\nprimary = "val/mae"\n')
    (tmp_path / "run" / "best.pt").touch()
    trainui.checkpoint(tmp_path / "run" / "last.pt", metric={"val/mae": 91.2}, step=5)
    trainui.checkpoint("run/last.pt", metric=90.1)
    trainui.checkpoint("best.pt")
    trainui.checkpoint("elsewhere.pt")
    first, second, third, fourth = lines(tmp_path / "run" / "metrics.jsonl")
    assert (first["checkpoint"], first["metrics"], first["step"]) == ("last.pt", {"val/mae": 91.2}, 5)
    assert (second["checkpoint"], second["metrics"]) == ("last.pt", {"val/mae": 90.1})
    assert third["checkpoint"] == "best.pt"
    assert fourth["checkpoint"] == str(tmp_path / "elsewhere.pt")


def test_what_is_no_number_is_left_out_and_said_once(metrics, capsys):
    for _ in range(3):
        trainui.log({"loss": 0.5, "ok": True, "name": "best", "none": None}, step=1)
    assert [line["metrics"] for line in lines(metrics)] == [{"loss": 0.5}] * 3
    said = capsys.readouterr().err
    assert said.count("metric 'ok'") == said.count("metric 'name'") == said.count("metric 'none'") == 1


@pytest.mark.parametrize("place", ["gone/metrics.jsonl", "/dev/full", "", "a\0b", "/", "pipe"])
def test_nothing_raises_into_training(tmp_path, monkeypatch, capsys, place):
    """The folder is gone, the disk is full, nobody asked, nonsense, a folder, a pipe nobody reads."""
    os.mkfifo(tmp_path / "pipe")
    if "\0" in place:
        monkeypatch.setattr("trainui.wire._reporter.path", place)
        monkeypatch.setattr("os.environ", {"TRAINUI_METRICS": place})
    else:
        monkeypatch.setenv("TRAINUI_METRICS", str(tmp_path / place) if place else "")
    for _ in range(3):
        trainui.log({"loss": 0.5}, step=1)
        trainui.progress(total_steps=3)
        trainui.checkpoint("last.pt", metric=1.0)
        trainui.event("here")
    trainui.log(None, step="x")
    trainui.log({"loss": 0.5}, step=object(), epoch=[1])
    trainui.checkpoint(None)
    said = capsys.readouterr().err.splitlines()
    assert len(said) == len(set(said))
    if place and place != "a\0b":
        assert sum("trainui: log was not reported" in line for line in said) == 1


def test_a_lost_stderr_does_no_harm(monkeypatch):
    monkeypatch.setenv("TRAINUI_METRICS", "/dev/full")
    monkeypatch.setattr(sys, "stderr", None)
    trainui.log({"loss": 0.5})


def test_after_a_torn_write_the_next_line_is_whole(metrics, monkeypatch):
    real = os.write
    monkeypatch.setattr(os, "write", lambda file, data: real(file, data[:9]))
    trainui.log({"loss": 1.0}, step=1)
    monkeypatch.setattr(os, "write", real)
    trainui.log({"loss": 2.0}, step=2)
    reader = JsonLines()
    records = [record for line in metrics.read_bytes().split(b"\n") for record in reader.read(line)]
    assert [(record.step, dict(record.metrics)) for record in records] == [(2, {"loss": 2.0})]


WRITER = """
import sys, threading, trainui
def write(who):
    for step in range(300):
        trainui.log({"loss": step / 7, "pad": float(who), "x" * 900: 1.0}, step=step)
threads = [threading.Thread(target=write, args=(int(sys.argv[1]) * 2 + n,)) for n in range(2)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
"""


def test_processes_and_threads_share_a_file_line_by_line(metrics):
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(n)]) for n in range(4)]
    assert [writer.wait() for writer in writers] == [0] * 4
    reader = JsonLines()
    records = [record for line in metrics.read_bytes().splitlines() for record in reader.read(line)]
    assert (reader.lines, reader.understood) == (2400, 2400)
    for who in range(8):
        assert [r.step for r in records if r.metrics["pad"] == who] == list(range(300))


def test_importing_the_wire_loads_nothing_heavy():
    heavy = "numpy torch msgspec asyncio typing_extensions subprocess dataclasses logging"
    code = f"import trainui, trainui.wire, sys; print([m for m in {heavy.split()} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_encode_leaves_out_what_is_none():
    assert encode({"step": None, "metrics": {"ä": math.nan}}) == '{"metrics": {"\\u00e4": NaN}}\n'
