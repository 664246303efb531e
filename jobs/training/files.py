"""Checkpoints and results on disk: whole or not at all."""

from __future__ import annotations

import json
import os
import pickle
import re
from pathlib import Path
from typing import Any

import torch

from jobs.training.errors import DataError

UNREADABLE = (
    OSError, RuntimeError, ValueError, EOFError, KeyError, TypeError, AttributeError, IndexError,
    pickle.UnpicklingError,
)  # fmt: skip
"""What torch.load raises of files that are none of its own."""


def save(path: Path, state: dict[str, Any]) -> None:
    """Write a checkpoint beside the old one and then put it in its place."""
    part = path.with_name(path.name + ".part")
    with part.open("wb") as file:
        torch.save(state, file)
        file.flush()
        os.fsync(file.fileno())
    part.rename(path)


def load(path: Path, what: str) -> dict[str, Any]:
    """A checkpoint, onto the CPU; only tensors and plain values are read. Raises DataError; `what`: a training."""
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise DataError(f"{path}: there is no such checkpoint.") from error
    except UNREADABLE as error:
        raise DataError(f"{path} is no checkpoint of {what} ({type(error).__name__}: {error}).") from error
    if not isinstance(state, dict) or state.get("what") != what:
        raise DataError(f"{path} is no checkpoint of {what}.")
    return state


def save_json(path: Path, values: object) -> None:
    """Results for people and programs."""
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps(values, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    part.rename(path)


def home(data_dir: str = "") -> Path:
    """Where what is made of data is kept: the argument, $TRAINUI_DATA, or data/ in the working folder."""
    return Path(data_dir or os.environ.get("TRAINUI_DATA", "") or "data").absolute()


def newest(runs: Path, job: str, name: str) -> Path | None:
    """The file `name` of the newest run of a job below `runs` that has one (runs are named <job>-<number>)."""
    found = [
        (int(match[1]), path)
        for path in runs.glob(f"{job}-*/{name}")
        if (match := re.fullmatch(rf"{re.escape(job)}-(\d+)", path.relative_to(runs).parts[0]))
    ]
    return max(found)[1] if found else None
