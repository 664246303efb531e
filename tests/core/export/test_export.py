"""Summaries: what is quoted is escaped, what is written is whole."""

import json
import os

import pytest

from trainui.core.errors import NotFoundError, UserError
from trainui.core.export.markup import escape
from trainui.core.export.of_run import answer_digests, gate_digest
from trainui.core.export.of_study import _box_of
from trainui.core.export.verdicts import answer_table, gate_table
from trainui.core.export.writing import FORMATS, check_formats, export_runs, writer_of
from trainui.core.ingest.records import Record
from trainui.core.store.doings import ActionView, AnswerView
from trainui.core.store.intents import Desk
from trainui.core.store.outcomes import Outcomes
from trainui.core.store.runs import RunWriter
from trainui.core.store.schema import atomic, connect
from trainui.core.store.streams import StreamWriter
from trainui.core.store.views import GateView


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain words, 12 %", "plain words, 12 %"),
        ("a|b", "a\\|b"),
        ("# head\n## more", "\\# head \\#\\# more"),
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("[x](http://y)", "\\[x\\](http&#58;//y)"),
        ("- x", "\\- x"),
        ("12. x", "12\\. x"),
        ("12 x", "12 x"),
        ("=== ", "\\==="),
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


def test_a_study_is_all_its_runs_and_its_best_is_named(db_path, tmp_path):
    folder = tmp_path / "out"
    export_runs(db_path, study="both", to=folder, formats=("md", "json", "png"))
    assert sorted(path.name for path in folder.iterdir()) == [
        ".written.json",
        "summary.json",
        "summary.md",
        "training_curves.png",
    ]
    document = json.loads((folder / "summary.json").read_text())
    assert document["studies"][0]["best"]["run"] == "conv-1"
    assert [run["run"] for run in document["runs"]] == ["mlp-1", "conv-1"]
    assert document["runs"][1]["metrics"][0]["nonfinite"] == 1
    text = (folder / "summary.md").read_text()
    assert "conv-1 **best**" in text
    assert "a \\| b" in text
    assert "](training_curves.png)" in text


def test_all_runs_are_those_of_every_study(db_path, tmp_path):
    export_runs(db_path, everything=True, to=tmp_path / "out", formats=("json",))
    document = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert [run["run"] for run in document["runs"]] == ["mlp-1", "conv-1"]


def test_a_picture_of_an_older_export_is_not_shown(db_path, tmp_path):
    export_runs(db_path, study="both", to=tmp_path, formats=("png",))
    os.utime(tmp_path / "training_curves.png", (1, 1))
    export_runs(db_path, study="both", to=tmp_path, formats=("md",))
    assert "training_curves.png" not in (tmp_path / "summary.md").read_text()


def test_every_format_has_its_writer_and_an_unknown_one_is_named():
    for name in FORMATS:
        assert callable(writer_of(name))
    with pytest.raises(UserError, match="did you mean 'json'"):
        check_formats(["jsn"])
    assert check_formats(["md", "png"]) == ("png", "md"), "in the order they are written"


def test_an_unknown_study_or_run_is_named(db_path, tmp_path):
    with pytest.raises(NotFoundError, match="known: both"):
        export_runs(db_path, study="neither", to=tmp_path / "out", formats=("md",))
    with pytest.raises(NotFoundError, match="mlp-1"):
        export_runs(db_path, ["mlp-2"], to=tmp_path / "out", formats=("md",))
    assert not (tmp_path / "out" / "summary.md").exists()


def test_notes_are_told(db_path, tmp_path):
    Desk(db_path).note("mlp-1", "looked fine")
    export_runs(db_path, ["mlp-1"], to=tmp_path / "out", formats=("md",))
    assert "looked fine" in (tmp_path / "out" / "summary.md").read_text()


def gate(name, **told):
    return GateView(**{"gate": name, "role": "criterion", "run": "mlp-1", "verdict": "ok", **told})


def test_a_box_tells_when_it_was_ticked():
    none = Outcomes(actions=(), answers=())
    early = gate_digest(gate("ready", verdict="passed", at_epoch=8, value=82.17, reason="82.17 (> 80)"), none)
    open_ = gate_digest(gate("ready", at_epoch=3, value=40.0, reason="40 (> 80)"), none)
    assert _box_of([("mlp-1", early)], "mlp-1").told == "82.17 (> 80) at epoch 8"
    both = _box_of([("mlp-1", early), ("mlp-2", open_)], "mlp-1").told
    assert both == "passed in mlp-1 (82.17 at epoch 8), the best run; ok in mlp-2 (40)"


def test_gates_are_told_with_their_band_their_words_what_was_done_and_what_was_said():
    gates = [
        gate(
            "acc|75",
            value=74.2,
            interval=(70.1, 78.0),
            label="proof of concept",
            quote="Ready <75%",
            source="001",
        ),
        gate("falling", verdict="tripped", at_epoch=5, severity="critical", reason="moved *nothing*"),
        gate("look-in", role="ask", verdict="passed", rule="asks: plausible?"),
    ]
    stop = ActionView(run="mlp-1", gate="falling", verdict="tripped", action="stop", is_done=False, at=0,
                      outcome="would have stopped (not armed)", would_save_seconds=112320, would_save_usd=40.0)  # fmt: skip
    said = AnswerView(run="mlp-1", gate="look-in", is_yes=True, who="ann", note="# fine", at=1.7e9)
    outcomes = Outcomes(actions=(stop,), answers=(said,))
    told = [gate_digest(one, outcomes) for one in gates]
    text = gate_table(told, "USD") + answer_table(answer_digests(gates, outcomes))
    for part in (
        "acc\\|75<br>“Ready &lt;75%” (001)",
        "74.2 (70.1..78) proof of concept",
        "✖ tripped at epoch 5 (critical)",
        "moved \\*nothing\\*",
        "would have stopped (not armed), 31.20 h and 40.00 \\$ saved",
        "| plausible? | yes | ann |",
        "\\# fine",
    ):
        assert part in text, part
