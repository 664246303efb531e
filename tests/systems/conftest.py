"""A project that holds the real jobs, and trainui run in it as a person would."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
DATA = ROOT.parent / "shared" / "data"
collect_ignore_glob = [] if os.environ.get("TRAINUI_SYSTEMS") else ["test_*.py"]
"""Minutes each: only `make test-systems` asks for them."""


class System:
    """The jobs of this repository in a folder of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("jobs", "models"):
            (folder / name).symlink_to(ROOT / name)
        (folder / "trainui.toml").write_text("[queue]\nslots = 2\n")
        self.env = {**os.environ, "PYTHONPATH": str(ROOT), "TRAINUI_DATA": str(folder / "data")}

    def __call__(self, *words: str, code: int | None = 0) -> str:
        """Run trainui; what it printed. `code`: what it must end with, None for anything."""
        command = [sys.executable, "-m", "trainui", *words]
        done = subprocess.run(
            command, cwd=self.folder, env=self.env, capture_output=True, text=True, timeout=3000
        )
        assert code is None or done.returncode == code, (done.stdout[-3000:], done.stderr[-3000:])
        return done.stdout

    def json(self, *words: str) -> Any:
        """The document that a verb prints."""
        return json.loads(self(*words, "--json"))

    def verdicts(self, run: str) -> dict[str, str]:
        """Gate → where it stands, of a run and of its study."""
        return {one["gate"]: one["verdict"] for one in self.json("gates", run)}

    def values(self, run: str, metric: str) -> list[float]:
        """Every value of a metric, non-finite ones as they were."""
        return [float(value) for _, value, _ in self.json("curve", run, metric)["points"]]


@pytest.fixture
def system(tmp_path: Path) -> Iterator[System]:
    """Ends with nothing left running."""
    one = System(tmp_path)
    yield one
    live = [run["run"] for run in one.json("ls", "--all") if run["status"] != "ended"]
    if live:
        one("stop", "--now", *live, code=None)
    one("manager", "stop", code=None)


@pytest.fixture
def data() -> Path:
    """Real speech, sounds and signs."""
    if not DATA.exists():
        pytest.skip(f"skipped: no {DATA}")
    return DATA
