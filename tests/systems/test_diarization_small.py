"""S1 on real speech: the control is not promoted, spliced pseudo-labels beat the majority line, ONNX agrees."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.systems.conftest import System


def test_pseudo_labels_against_real_ones_with_the_control_beside(system: System, data: Path) -> None:
    readings, meetings = data / "librispeech_test-other", data / "ami_excerpts"
    shared = ("--preset", "small", "--set", f"real={meetings}", "--wait")
    system("start", "librispeech", "splice", "--set", f"source={readings}", *shared, code=None)
    system("start", "ami", "--set", f"source={meetings}", *shared, code=None)
    assert {run["result"] for run in system.json("ls", "--all")} == {"finished"}
    splice = max(system.values("splice-1", "val/acc")) - system.values("splice-1", "val/majority")[-1]
    assert splice >= 5
    for run in ("librispeech-1", "splice-1", "ami-1"):
        assert system.values(run, "preflight/overfit_acc") == [100.0]
        assert len(set(system.values(run, "real/majority"))) == 1
    system(
        "start",
        "compare",
        "--preset",
        "small",
        "--set",
        f"real={meetings}",
        "--set",
        "margin=-100",
        "--wait",
        code=None,
    )
    results = json.loads((system.folder / "runs/compare-1/results.json").read_text())
    assert "librispeech" in results["reasons"]
    assert results["promoted"] in ("splice", "ami")
    # the job itself waits for a training that deserves it: here none does
    words = ("-m", "jobs.diarization.export_onnx", "--real", str(meetings), "--run_dir", "runs/export-onnx-1")
    subprocess.run([sys.executable, *words], cwd=system.folder, env=system.env, check=True)
    exported = json.loads((system.folder / "runs/export-onnx-1/results.json").read_text())
    assert exported["onnx/max_delta"] < 1e-4
    hypotheses = {one["gate"]: one["verdict"] for one in system.json("gates", "diarization")}
    assert {"001.H1-level", "001.H1-gain", "001.H2-stable", "001.H3-learns"} <= hypotheses.keys()
