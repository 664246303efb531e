"""What trained networks are tested on, and which they are: shared by the comparison and by what puts one to use."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import torch

from jobs.boundary import checkpoint, data
from jobs.boundary.checkpoint import Saved
from jobs.boundary.decode import Decoder
from jobs.boundary.examples import Errors, Examples, Window
from jobs.boundary.judge import judge
from jobs.boundary.rttm import Conversation, read_conversations
from jobs.boundary.sources import Conversations
from models.boundary import count_parameters

Figures = dict[str, float]


def best_of(paths: Mapping[str, Path]) -> Path:
    """The checkpoint with the least validation error; test figures decide nothing. Raises DataError."""
    return min(paths.values(), key=lambda path: checkpoint.read(path).best)


def test(saved: Saved, source: str, data_dir: str) -> tuple[Figures, Figures]:
    """The figures of one network and of doing nothing, on the test split."""
    settings = saved.settings
    folder = test_folder(saved, source, data_dir)
    window = Window(tokens=settings.tokens, stride=settings.stride)
    device = torch.device("cpu")
    examples = Examples(data.load(folder, "test"), window, device)
    measured = saved.errors
    judged = judge(
        saved.model,
        examples,
        Errors(measured, window, 0.0),
        Decoder(window, measured, settings.uniform, device),
        autocast=functools.partial(torch.autocast, "cpu", dtype=torch.bfloat16, enabled=False),
    )
    assert judged is not None
    return judged.figures | {"parameters": count_parameters(saved.model)}, judged.nothing


def test_folder(saved: Saved, source: str, data_dir: str) -> Path:
    """The training's examples; of another source, examples made the same way at the same sample rate."""
    recipe = data.recipe_of(saved.settings)
    if source and source != recipe.source:
        recipe = replace(recipe, source=source, sample_rate=recipe.rate())
    return data.prepare(recipe, data_dir or saved.settings.data_dir)


def test_recordings(saved: Saved, source: str, data_dir: str) -> list[Conversation]:
    """The recordings behind the test split, with their true segments."""
    folder = test_folder(saved, source, data_dir)
    if (folder / "test.rttm").exists():
        return read_conversations(folder)
    given = data.speech(
        replace(data.recipe_of(saved.settings), source=source or saved.settings.source), folder
    )
    assert isinstance(given, Conversations)
    return given.test
