"""What would be read from a file."""

import json
import os

import pytest

from trainui.core.errors import NotFoundError
from trainui.core.ingest.report import parse_file


def test_a_metrics_file(tmp_path):
    path = tmp_path / "metrics.jsonl"
    path.write_text('{"step": 1, "loss": 2}\n{"step": 2, "loss": NaN}\n\n{"step": 3, "loss": 1}\n{"step": 4')
    assert parse_file(path).document() == {
        "file": str(path),
        "kind": "jsonl",
        "lines": 4,
        "understood": 3,
        "coverage": 0.75,
        "metrics": {"loss": {"points": 3, "first": 2.0, "last": 1.0, "min": 1.0, "max": 2.0, "nonfinite": 1}},
        "samples_not_understood": ['{"step": 4'],
    }


def test_a_log(tmp_path):
    path = tmp_path / "output.log"
    path.write_text("starting\nstep 1 loss 0.5\nstep 2 loss inf\n")
    report = parse_file(path)
    assert (report.kind, report.lines, report.understood) == ("console", 3, 2)
    document = json.loads(json.dumps(report.document(), allow_nan=False))
    assert document["metrics"]["loss"] == {
        "points": 2, "first": 0.5, "last": "inf", "min": 0.5, "max": 0.5, "nonfinite": 1,
    }  # fmt: skip


@pytest.mark.parametrize(("name", "kind"), [("a.jsonl", "jsonl"), ("a.log", "console")])
def test_an_empty_file(tmp_path, name, kind):
    (tmp_path / name).touch()
    report = parse_file(tmp_path / name)
    assert (report.kind, report.lines, report.coverage, report.metrics) == (kind, 0, 0.0, {})


def test_no_file(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "absent", tmp_path / "pipe"):
        with pytest.raises(NotFoundError, match="is not a file"):
            parse_file(path)
