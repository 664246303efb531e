"""Summaries: what is quoted is escaped, what is written is whole."""

import json

import pytest

from trainui.core.errors import NotFoundError
from trainui.core.export.markdown import escape
from trainui.core.export.summary import export_runs
from trainui.core.ingest.records import Record
from trainui.core.store.intents import Desk
from trainui.core.store.runs import RunWriter
from trainui.core.store.schema import atomic, connect
from trainui.core.store.streams import StreamWriter


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain words, 12 %", "plain words, 12 %"),
        ("a|b", "a\\|b"),
        ("# head\n## more", "\\# head \\#\\# more"),
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("[x](http://y)", "\\[x\\](http://y)"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("val_mae `x` *y*", "val\\_mae \\`x\\` \\*y\\*"),
    ],
)
def test_nothing_quoted_becomes_markup(text, expected):
    assert escape(text) == expected


def spec(name):
    return json.dumps(
        {
            "job": {"name": name, "command": ["x"], "about": "a | b"},
            "metrics": {"primary": "val/mae", "goal": "min"},
        }
    )


@pytest.fixture
def db_path(tmp_path):
    """Two jobs of one study, one with a NaN and a spike, never started by anybody."""
    path = tmp_path / "runs.db"
    db = connect(path)
    runs, streams = RunWriter(db), StreamWriter(db)
    with atomic(db):
        for place, (name, curve) in enumerate(
            (("mlp", [9.0, 5.0, 4.0]), ("conv", [8.0, float("nan"), 70.0, 3.0]))
        ):
            payload = {"job": name, "study": "both", "spec": spec(name), "project": str(tmp_path)}
            runs.add(f"{name}-1", payload, directory=tmp_path / "runs" / f"{name}-1", queued_at=float(place))
            told = [Record(metrics={"val/mae": value}, step=n, at=n) for n, value in enumerate(curve)]
            streams.add_records(f"{name}-1", "jsonl", told, now=0.0)
    return path


def test_a_study_is_its_newest_run_of_each_job(db_path, tmp_path):
    folder = export_runs(db_path, [], study="both", to=tmp_path / "out", formats=("md", "json", "png"))
    assert sorted(path.name for path in folder.iterdir()) == [
        "summary.json",
        "summary.md",
        "training_curves.png",
    ]
    document = json.loads((folder / "summary.json").read_text())
    assert document["best"] == "conv-1"
    assert [run["run"] for run in document["runs"]] == ["mlp-1", "conv-1"]
    assert document["runs"][1]["metrics"][0]["nonfinite"] == 1
    text = (folder / "summary.md").read_text()
    assert "conv-1 **best**" in text
    assert "a \\| b" in text


def test_an_unknown_study_or_run_is_named(db_path, tmp_path):
    with pytest.raises(NotFoundError, match="known: both"):
        export_runs(db_path, [], study="neither", to=tmp_path / "out", formats=("md",))
    with pytest.raises(NotFoundError, match="mlp-1"):
        export_runs(db_path, ["mlp-2"], study="", to=tmp_path / "out", formats=("md",))
    assert not (tmp_path / "out" / "summary.md").exists()


def test_notes_are_told(db_path, tmp_path):
    Desk(db_path).note("mlp-1", "looked fine")
    folder = export_runs(db_path, ["mlp-1"], study="", to=tmp_path / "out", formats=("md",))
    assert "looked fine" in (folder / "summary.md").read_text()
