"""Summaries as CSV: what a spreadsheet opens, what a program reads back, nothing that runs."""

import csv
import json
import math

import pytest

from tests.core.money_store import START, Books
from trainui.core.export import points, tables
from trainui.core.export.commas import cell
from trainui.core.export.gathering import gather
from trainui.core.ingest.records import Record
from trainui.core.store.intents import Desk
from trainui.core.store.schema import atomic

FORMULAS = ("=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(A1)", "＝1+1", "'quoted")


@pytest.fixture
def books(tmp_path):
    return Books(tmp_path)


def log(books, run, metric, told):
    records = [
        Record(metrics={metric: value}, step=n, epoch=n / 2, at=START + n) for n, value in enumerate(told)
    ]
    with atomic(books.db):
        books.streams.add_records(run, "jsonl", records, now=START)


def written(books, tmp_path, *runs, write=tables.write):
    reader = books.reader()
    paths = write(reader, gather(reader, runs, now=START + 100), tmp_path)
    reader.close()
    return {path.name: path for path in paths}


def rows(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


def test_a_row_for_each_run_tells_all_of_it_that_is_one_value(books, tmp_path):
    books.run("mlp-1", end=9, spec={"params": {"lr": 0.001, "name": "small", "deep": [1, 2], "on": True}})
    books.run("mlp-2", start=None, status="queued", spec={"params": {"lr": 1e-5}})
    log(books, "mlp-1", "val/mae", [3.0, 2.0, 2.5])
    first, second = rows(written(books, tmp_path, "mlp-1", "mlp-2")["runs.csv"])
    assert (first["run"], first["result"], first["best"], first["best_step"]) == (
        "mlp-1",
        "finished",
        "2.0",
        "1",
    )
    assert (first["param.lr"], first["param.deep"], first["param.on"]) == ("0.001", "[1, 2]", "true")
    assert first["started_at"] == "1970-01-12T13:46:40Z"
    assert [first[f"metric.val/mae.{what}"] for what in ("points", "last", "max")] == ["3", "2.5", "3.0"]
    assert (second["param.lr"], second["param.name"], second["best"], second["ended_at"]) == (
        "1e-05",
        "",
        "",
        "",
    )


def test_every_point_is_told_as_it_was_and_what_is_not_finite_is_spelled(books, tmp_path):
    books.run("mlp-1", end=9)
    told = [3.0, math.nan, math.inf, -math.inf, 0.1 + 0.2, -5e-324]
    log(books, "mlp-1", "val/mae", told)
    found = rows(written(books, tmp_path, "mlp-1")["points.csv"])
    assert [one["value"] for one in found] == ["3.0", "nan", "inf", "-inf", "0.30000000000000004", "-5e-324"]
    assert [float(one["value"]) for one in found[2:]] == told[2:]
    assert [(one["run"], one["metric"], one["step"], one["epoch"], one["time"]) for one in found[:2]] == [
        ("mlp-1", "val/mae", "0", "0.0", "1000000.0"), ("mlp-1", "val/mae", "1", "0.5", "1000001.0"),
    ]  # fmt: skip


@pytest.mark.parametrize("text", FORMULAS)
def test_no_cell_of_text_begins_like_a_formula_and_all_can_be_read_back(text, books, tmp_path):
    books.run(
        "mlp-1",
        end=9,
        spec={"params": {text: text}, "job": {"name": "mlp", "command": [text], "about": text}},
    )
    log(books, "mlp-1", text, [1.0, -2.0])
    Desk(books.path).note("mlp-1", text)
    paths = written(books, tmp_path, "mlp-1")
    for path in paths.values():
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.reader(file, strict=True):
                for one in row:
                    assert one[:1] not in ("=", "+", "@", "\t", "\r", "＝"), one
                    assert one[:1] != "-" or math.isfinite(float(one)), "only numbers begin with a minus"
    (run,) = rows(paths["runs.csv"])
    assert run["about"].removeprefix("'") == run["notes"].removeprefix("'") == text
    assert run[f"param.{text}"] == f"'{text}"
    found = rows(paths["points.csv"])
    assert {one["metric"] for one in found} == {f"'{text}"}
    assert [one["value"] for one in found] == ["1.0", "-2.0"], "numbers stay numbers"


def test_names_with_commas_quotes_and_line_breaks_are_read_back(books, tmp_path):
    name = 'a,"b"\nc;d\t</td>'
    books.run("mlp-1", end=9)
    log(books, "mlp-1", name, [1.0, 2.0])
    Desk(books.path).note("mlp-1", 'two\nlines, "said"')
    paths = written(books, tmp_path, "mlp-1")
    (run,) = rows(paths["runs.csv"])
    assert run["notes"] == 'two\nlines, "said"'
    assert run[f"metric.{name}.last"] == "2.0"
    assert [one["metric"] for one in rows(paths["points.csv"])] == [name, name]
    assert paths["points.csv"].read_bytes().startswith(b"run,metric,step,epoch,time,value\r\n")


def test_escapes_and_what_turns_the_reading_direction_are_gone():
    assert cell("\x1b[31mred\x1b[0m \u202eevil") == "red evil"
    assert cell("\x1b[1m=1+1") == "'=1+1", "looked at after they are gone"


def test_of_too_many_points_the_curves_are_told_in_pieces_and_all_only_when_asked(
    books, tmp_path, monkeypatch
):
    books.run("mlp-1", end=9)
    spike = 6_543
    log(
        books,
        "mlp-1",
        "val/mae",
        [99.0 if n == spike else math.nan if n == 8_000 else 1.0 for n in range(10_000)],
    )
    monkeypatch.setattr(tables, "MOST", 9_999)
    paths = written(books, tmp_path, "mlp-1")
    assert set(paths) == {"runs.csv", "curves.csv"}
    found = rows(paths["curves.csv"])
    assert len(found) < 1000
    (peak,) = [one for one in found if one["max"] == "99.0"]
    assert int(peak["step_from"]) <= spike <= int(peak["step"])
    assert sum(int(one["points"]) for one in found) == 10_000
    assert sum(int(one["nonfinite"]) for one in found) == 1
    assert len(rows(written(books, tmp_path, "mlp-1", write=points.write)["points.csv"])) == 10_000


def test_what_a_spec_may_hide_stays_hidden(books, tmp_path):
    books.run("mlp-1", end=9, spec={"params": {"api_key": "sk-123456"}})
    log(books, "mlp-1", "val/mae", [1.0])
    text = written(books, tmp_path, "mlp-1")["runs.csv"].read_text()
    assert "api_key" in text
    assert "sk-123456" not in text


def test_the_file_is_for_its_user_alone_and_there_is_no_half_of_it(books, tmp_path):
    books.run("mlp-1", end=9)
    log(books, "mlp-1", "val/mae", [1.0])
    folder = tmp_path / "out"
    folder.mkdir()
    paths = written(books, folder, "mlp-1")
    assert {path.stat().st_mode & 0o777 for path in paths.values()} == {0o600}
    assert not [one for one in folder.iterdir() if one.suffix == ".part"]
    assert json.loads((folder / ".written.json").read_text()).keys() == set(paths)
