"""A run's place, and small trainings in processes of their own that report into it."""

import importlib.util
import os
import subprocess
import sys

import pytest

from trainui.core.ingest.jsonl import JsonLines


class Training:
    """Runs scripts and reads what they reported."""

    def __init__(self, folder):
        self.folder = folder
        self.metrics = folder / "metrics.jsonl"

    def __call__(self, script, **env):
        """Run `script` to its end and give the records it left, without their times."""
        (self.folder / "train.py").write_text(script)
        known = {
            "TRAINUI_METRICS": str(self.metrics),
            "TRAINUI_RUN_DIR": str(self.folder),
            "KERAS_BACKEND": "torch",
        }
        quiet = {"CUDA_VISIBLE_DEVICES": "", "HF_HUB_OFFLINE": "1", "KERAS_HOME": str(self.folder / "keras")}
        done = subprocess.run(
            [sys.executable, "train.py"],
            cwd=self.folder,
            env={**os.environ, **known, **quiet, **env},
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, done.stderr[-4000:]
        assert "trainui:" not in done.stderr, done.stderr[-4000:]
        if not self.metrics.exists():
            return []
        reader = JsonLines()
        records = [record for line in self.metrics.read_bytes().splitlines() for record in reader.read(line)]
        assert reader.lines == reader.understood == len(records)
        return records


@pytest.fixture
def training(tmp_path):
    return Training(tmp_path)


def needs(*modules):
    """Skip where one of them is not installed."""
    missing = [name for name in modules if importlib.util.find_spec(name) is None]
    return pytest.mark.skipif(
        bool(missing), reason=f"{', '.join(missing)} not installed: make test-callbacks"
    )
