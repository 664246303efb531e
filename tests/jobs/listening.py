"""Reads what a training told, as trainui would."""

from __future__ import annotations

import json
from pathlib import Path

import pytest


def curve(path: Path, name: str) -> dict[float, float]:
    """The points of one metric by step; non-finite ones come back as they were."""
    found = {}
    for line in path.read_text().splitlines():
        told = json.loads(line)
        if name in told.get("metrics", {}):
            found[told["step"]] = float(told["metrics"][name])
    return found


def listen(monkeypatch: pytest.MonkeyPatch, path: Path) -> Path:
    """From now on numbers arrive in this file."""
    monkeypatch.setenv("TRAINUI_METRICS", str(path))
    return path
