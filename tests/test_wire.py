"""The wire as a training script meets it: whole lines, and never an exception."""

import json
import math
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import trainui
from trainui.core.ingest.jsonl import JsonLines
from trainui.ranks import rank_here
from trainui.wire import encode

ROOT = Path(__file__).parent.parent


@pytest.fixture(autouse=True)
def _nothing_was_said_and_nobody_launched_us(monkeypatch):
    monkeypatch.setattr("trainui.wire._warned", set())
    for name in ("RANK", "LOCAL_RANK", "SLURM_PROCID", "PMI_RANK", "OMPI_COMM_WORLD_RANK"):
        monkeypatch.delenv(name, raising=False)


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


@pytest.mark.parametrize(
    "place", ["gone/metrics.jsonl", "/dev/full", "", "a\0b", "/", "pipe", "/proc/version"]
)
def test_nothing_raises_into_training(tmp_path, monkeypatch, capsys, place):
    """The folder is gone, the disk is full, nobody asked, nonsense, a folder, a pipe nobody reads, read-only."""
    os.mkfifo(tmp_path / "pipe")
    if "\0" in place:
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
    assert sum("trainui: log was not reported" in line for line in said) == (1 if place else 0)


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


class Evil:
    """Everything about it raises."""

    def __float__(self):
        raise RuntimeError("no number")

    def __str__(self):
        raise RuntimeError("no text")

    __repr__ = __index__ = __str__


def records(path):
    reader = JsonLines()
    return [record for line in path.read_bytes().splitlines() for record in reader.read(line)]


def test_whatever_holds_a_number_becomes_one(metrics):
    from decimal import Decimal
    from fractions import Fraction

    np = pytest.importorskip("numpy")
    torch = pytest.importorskip("torch")
    given = {
        "bf16": torch.tensor(1.5, dtype=torch.bfloat16),
        "grad": torch.tensor([2.5], requires_grad=True),
        "half": np.float16(0.25),
        "single": np.float32(0.1),
        "matrix": np.array([[3.0]]),
        "whole": np.int64(7),
        "decimal": Decimal("1.25"),
        "fraction": Fraction(1, 4),
        "huge": Fraction(-(10**400)),
        "nan": torch.tensor(math.nan),
    }
    trainui.log(given, step=torch.tensor(120.0), epoch=np.float16(2.5))
    (line,) = lines(metrics)
    assert (line["step"], type(line["step"]), line["epoch"]) == (120, int, 2.5)
    assert repr(line["metrics"]) == (
        "{'bf16': 1.5, 'grad': 2.5, 'half': 0.25, 'single': 0.10000000149011612, 'matrix': 3.0, 'whole': 7.0,"
        " 'decimal': 1.25, 'fraction': 0.25, 'huge': -inf, 'nan': nan}"
    )


def test_what_is_not_a_number_takes_nothing_else_with_it(metrics, capsys):
    np = pytest.importorskip("numpy")
    torch = pytest.importorskip("torch")
    for bad in (
        Evil(),
        True,
        np.True_,
        "0.5",
        b"1",
        None,
        1j,
        np.complex64(1j),
        [1.0],
        torch.zeros(3),
        object,
    ):
        trainui.log({"bad": bad, "good": 1.0}, step=bad)
    trainui.log({Evil(): 1.0, "good": 1.0, 5: 2.0, (1, "a"): 3.0, "\udc80ä": 4.0})
    *some, last = lines(metrics)
    assert [line["metrics"] for line in some] == [{"good": 1.0}] * 11
    assert not any("step" in line for line in some)
    assert last["metrics"] == {"good": 1.0, "5": 2.0, "(1, 'a')": 3.0, "?ä": 4.0}
    assert capsys.readouterr().err.count("step was not reported") == 1


def test_a_mapping_that_holds_itself_ends(metrics):
    knot = {"loss": 1.0}
    knot["again"] = {"and": knot, "loss": 2.0}
    deep = {"loss": 3.0}
    for _ in range(50):
        deep = {"d": deep}
    trainui.log({**knot, "deep": deep})
    (line,) = lines(metrics)
    assert line["metrics"] == {"loss": 1.0, "again/loss": 2.0, "again/and/loss": 1.0}


def test_mappings_that_share_mappings_cost_little(metrics, capsys):
    """Ten names for the same mapping, eight times over: a hundred million, were they all visited."""
    many = {"loss": 1.0}
    for _ in range(7):
        many = {str(n): many for n in range(10)}
    trainui.log(many, step=1)
    found = [name for line in lines(metrics) for name in line["metrics"]]
    assert len(found) == len(set(found)) == 100_000
    assert "more than 100000 values" in capsys.readouterr().err


def test_a_very_large_report_is_told_in_lines_a_reader_keeps(metrics):
    given = {f"layer/{n}/" + "é😀" * (n % 40): float(n) for n in range(20_000)}
    trainui.log(given, step=3)
    written = metrics.read_bytes().splitlines()
    assert len(written) > 1
    assert max(map(len, written)) < 1 << 20
    told = records(metrics)
    assert {record.step for record in told} == {3}
    assert {name: value for record in told for name, value in record.metrics.items()} == given


def test_steps_keep_their_kind_and_epochs_their_fraction(metrics):
    for step in (0, 2**53 + 1, 0.5, 7.0, -3, None, math.nan, math.inf, 10**6000, 2**70):
        trainui.log({"loss": 1.0}, step=step, epoch=0.125)
    told = [line.get("step") for line in lines(metrics)]
    assert repr(told) == f"[0, {2**53 + 1}, 0.5, 7, -3, None, None, None, None, None]"
    assert {line["epoch"] for line in lines(metrics)} == {0.125}


def test_a_call_that_says_nothing_writes_nothing(metrics):
    trainui.log({})
    trainui.log({"loss": None})
    trainui.progress()
    assert not metrics.exists()


def test_a_long_event_and_a_path_in_bytes(metrics):
    trainui.event("ü\udcff" * 5000)
    trainui.checkpoint(b"/far/last.pt")
    first, second = records(metrics)
    assert first.event == "ü?" * 2000
    assert second.checkpoint == "/far/last.pt"


@pytest.mark.parametrize(
    ("place", "rank"),
    [
        ({"RANK": "3", "WORLD_SIZE": "8", "LOCAL_RANK": "1"}, 3),
        ({"RANK": "0", "WORLD_SIZE": "8", "SLURM_PROCID": "5", "SLURM_NTASKS": "8"}, 0),
        ({"SLURM_PROCID": "5", "SLURM_NTASKS": "8", "LOCAL_RANK": "1", "WORLD_SIZE": "8"}, 5),
        ({"OMPI_COMM_WORLD_RANK": "2", "OMPI_COMM_WORLD_SIZE": "4"}, 2),
        ({"LOCAL_RANK": "1", "WORLD_SIZE": "2"}, 1),
        ({"RANK": "16"}, 0),
        ({"RANK": "16", "WORLD_SIZE": "2"}, 0),
        ({"RANK": "high", "WORLD_SIZE": "2", "LOCAL_RANK": "1"}, 1),
        ({}, 0),
    ],
)
def test_a_rank_counts_beside_a_size_it_fits_into(monkeypatch, place, rank):
    for name, value in place.items():
        monkeypatch.setenv(name, value)
    assert rank_here() == rank


def test_only_rank_0_tells_the_curve(metrics, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WORLD_SIZE", "2")
    for rank in ("0", "1"):
        monkeypatch.setenv("RANK", rank)
        trainui.progress(total_steps=10)
        trainui.log({"loss": 0.5 + float(rank)}, step=1)
        trainui.checkpoint("last.pt", step=1)
        trainui.event("done")
    told = records(metrics)
    assert [record.total_steps for record in told if record.total_steps] == [10]
    assert [dict(record.metrics) for record in told if record.metrics] == [{"loss": 0.5}, {"rank1/loss": 1.5}]
    assert [record.checkpoint for record in told if record.checkpoint] == ["last.pt"]
    assert [record.event for record in told if record.event] == ["done", "rank 1: done"]


def test_importing_trainui_loads_next_to_nothing():
    code = "import sys; before = set(sys.modules); import trainui; print(*sorted(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    light = "trainui trainui.wire trainui.ranks __future__ _json collections.abc operator _operator"
    light += " collections _collections itertools keyword reprlib"  # what collections.abc brings along
    assert {"trainui", "trainui.wire"} <= set(done.stdout.split()) <= set(light.split())


def test_encode_leaves_out_what_is_none():
    assert encode({"step": None, "metrics": {"ä": math.nan}}) == '{"metrics": {"\\u00e4": NaN}}\n'


def test_the_pages_line_of_shell_is_read(metrics):
    page = (ROOT / "docs" / "log.md").read_text(encoding="utf-8")
    (line,) = re.findall(r"```sh\n(.*?)```", page, re.DOTALL)
    subprocess.run(["sh", "-c", line], check=True)
    subprocess.run(["sh", "-c", line], check=True, env={})
    assert [(r.step, dict(r.metrics)) for r in records(metrics)] == [(120, {"val/wer": 0.31})]


def test_the_pages_python_says_what_it_shows(metrics, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    page = (ROOT / "docs" / "log.md").read_text(encoding="utf-8")
    code = re.findall(r"```python\n(.*?)```", page, re.DOTALL)[0]
    exec(code, {"loss": 0.31})
    assert [
        (r.total_steps, r.step, r.epoch, dict(r.metrics), r.checkpoint, r.event) for r in records(metrics)
    ] == [
        (4500, None, None, {}, None, None),
        (None, 120, 1.33, {"train/loss": 0.31, "lr": 3e-4}, None, None),
        (None, 120, None, {"val/mae": 91.2}, "last.pt", None),
        (None, None, None, {}, None, "unfroze the encoder"),
    ]
