"""Checkpoints and results on disk: whole or not at all."""

from __future__ import annotations

import json
import os
import pickle
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import torch

from jobs.training.errors import DataError

State = dict[str, Any]
"""What a checkpoint holds."""
UNREADABLE = (
    OSError,
    RuntimeError,
    ValueError,
    EOFError,
    KeyError,
    TypeError,
    AttributeError,
    IndexError,
    pickle.UnpicklingError,
)
"""What torch.load raises of files that are none of its own."""


def save(path: Path, state: State) -> None:
    """Write a checkpoint beside the old one and then put it in its place."""
    part = path.with_name(path.name + ".part")
    with part.open("wb") as file:
        torch.save(state, file)
        file.flush()
        os.fsync(file.fileno())
    part.rename(path)


def load(path: Path, what: str, renewed: Callable[[State], State] = lambda state: state) -> State:
    """A checkpoint of the training `what`, onto the CPU; only tensors and plain values are read. Raises DataError.

    `renewed` brings one that an older trainui wrote into today's form.
    """
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        state = renewed(state) if isinstance(state, dict) else {}
    except FileNotFoundError as error:
        raise DataError(f"{path}: there is no such checkpoint.") from error
    except UNREADABLE as error:
        why = (str(error).splitlines() or [type(error).__name__])[0]
        raise DataError(f"{path} is no checkpoint of {what} ({why}).") from error
    if state.get("what") != what:
        raise DataError(f"{path} is no checkpoint of {what}.")
    return state


def save_json(path: Path, values: object) -> None:
    """Results for people and programs."""
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps(values, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    part.rename(path)


def run_dir(given: str, by_hand: str) -> Path:
    """Where a job writes: the argument, $TRAINUI_RUN_DIR, or runs/<by_hand>-by-hand."""
    return Path(given or os.environ.get("TRAINUI_RUN_DIR", "") or f"runs/{by_hand}-by-hand")


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


def newest_of(runs: Path, jobs: Iterable[str], name: str) -> dict[str, Path]:
    """The file `name` of each job's newest run, of the jobs that have one. Raises DataError when none has."""
    found = {job: path for job in jobs if (path := newest(runs, job, name))}
    if not found:
        raise DataError(f"{runs}: no run of {', '.join(jobs)} has a {name} yet; train first.")
    return found
