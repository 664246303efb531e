"""runs.db for people: the documented views, by plain SQL and by the tools people use for it."""

import json
import re
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from trainui.core.ingest.records import Record
from trainui.core.run import Result, Status
from trainui.core.store.rows import VERDICTS
from trainui.core.store.runs import RunWriter
from trainui.core.store.schema import atomic, connect
from trainui.core.store.streams import StreamWriter

DOC = (Path(__file__).parents[3] / "docs" / "data.md").read_text()
SPEC = '{"job":{"name":"a","command":["true"]}}'


def documented(view):
    part = re.search(rf"^## {view}\n(.*?)(?=^## |\Z)", DOC, re.DOTALL | re.MULTILINE)
    return [(row[0], row[1].strip()) for row in re.findall(r"^\| `(\w+)` \|([^|]*)\|", part[1], re.MULTILINE)]


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "runs.db"
    db = connect(path)
    writer = StreamWriter(db)
    with atomic(db):
        RunWriter(db).add(
            "a-1", {"job": "a", "study": "s", "spec": SPEC, "project": ""}, directory=tmp_path, queued_at=1.0
        )
        told = [(0, 1.5), (1, float("nan")), (2, float("inf")), (3, float("-inf")), (4, 0.0)]
        writer.add_records(
            "a-1", "console", [Record(metrics={"损失": value}, step=n) for n, value in told], now=9.0
        )
        writer.add_records(
            "a-1", "jsonl", [Record(metrics={"损失": value}, step=n, epoch=0.5) for n, value in told], now=9.0
        )
    db.close()
    return path


@pytest.mark.parametrize("view", ["curves", "runs_view", "gates_view"])
def test_the_page_names_every_column_of_a_view(path, view):
    columns = [row[1] for row in sqlite3.connect(path).execute(f"PRAGMA table_info({view})")]
    assert [name for name, _ in documented(view)] == columns


def test_every_number_in_a_view_has_a_unit():
    words = {"exit_code"}
    for view in ("curves", "runs_view", "gates_view"):
        for name, unit in documented(view):
            is_number = re.search(
                r"(_at|^at|at_|seconds|step|epoch|memory|usd|hours|value|threshold|^n|is_nan)", name
            )
            assert bool(unit) == bool(is_number) or name in words, name


def test_the_page_names_what_a_run_and_a_gate_may_be():
    for word in [*Status, *Result, *VERDICTS]:
        assert f"`{word}`" in DOC, word


def test_a_metric_that_is_logged_and_printed_is_there_once_and_nan_is_told(path):
    rows = (
        sqlite3.connect(path)
        .execute("SELECT source, n, step, value, is_nan FROM curves ORDER BY n")
        .fetchall()
    )
    inf = float("inf")
    assert rows == [
        ("jsonl", 0, 0, 1.5, 0),
        ("jsonl", 1, 1, None, 1),
        ("jsonl", 2, 2, inf, 0),
        ("jsonl", 3, 3, -inf, 0),
        ("jsonl", 4, 4, 0.0, 0),
    ]


def test_infinite_values_are_found_as_the_page_says(path):
    db = sqlite3.connect(path)
    assert db.execute("SELECT step FROM curves WHERE value = 9e999").fetchall() == [(2,)]
    assert db.execute("SELECT step FROM curves WHERE value = -9e999").fetchall() == [(3,)]


def test_a_curve_is_found_by_keys_not_by_reading_every_point(path):
    plan = sqlite3.connect(path).execute(
        "EXPLAIN QUERY PLAN SELECT step, value FROM curves WHERE run='a-1' AND metric='m'"
    )
    steps = [row[3] for row in plan]
    assert not [step for step in steps if step.startswith("SCAN")], steps


@pytest.mark.parametrize("form", ["--csv", "--table", "--nl"])
def test_sqlite_utils_reads_the_views(path, form):
    tool = str(Path(sys.executable).with_name("sqlite-utils"))
    for view in ("curves", "runs_view", "gates_view"):
        done = subprocess.run(
            [tool, str(path), f"SELECT * FROM {view}", form], capture_output=True, text=True
        )
        assert (done.returncode, done.stderr) == (0, "")
    done = subprocess.run(
        [tool, str(path), "SELECT metric, value, is_nan FROM curves WHERE is_nan"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout) == [{"metric": "损失", "value": None, "is_nan": 1}]
    listed = subprocess.run([tool, "views", str(path)], capture_output=True, text=True, check=True)
    assert {one["view"] for one in json.loads(listed.stdout)} == {"curves", "runs_view", "gates_view"}
