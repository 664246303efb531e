"""What a training must remember to go on exactly where it was, and how it is written safely."""

from __future__ import annotations

import copy
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import nn

from jobs.boundary import statistics
from jobs.boundary.settings import Settings
from jobs.boundary.statistics import Quantiles
from jobs.training import files
from jobs.training.errors import DataError
from models.boundary import build


@dataclass(kw_only=True, slots=True)
class Progress:
    """How far a training came. Chance needs no memory: every draw is made from the seed and the step."""

    step: int = 0
    best: float = float("inf")
    """The best validation MAE so far, ms."""
    best_epoch: int = 0
    loss_sum: float = 0.0
    """Of the steps since the last line of the log."""
    loss_count: int = 0


class Average:
    """The weights averaged over the last steps (EMA), which generalise better than the last ones."""

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.decay = decay
        self.model = copy.deepcopy(model).eval().requires_grad_(False)
        self.mine = list(self.model.parameters())
        self.theirs = [parameter.detach() for parameter in model.parameters()]

    @torch.no_grad()
    def update(self, step: int) -> None:
        """After a step; young averages forget faster, so that the start does not linger."""
        decay = min(self.decay, (1 + step) / (10 + step))
        torch._foreach_lerp_(self.mine, self.theirs, 1 - decay)


@dataclass(kw_only=True, slots=True)
class Saved:
    """A checkpoint as read back."""

    settings: Settings
    model: nn.Module
    """The averaged weights: what is judged and used."""
    progress: Progress
    state: dict[str, Any] = field(default_factory=dict)

    @property
    def errors(self) -> Quantiles:
        """How wrong the boundaries were that it was trained on; older checkpoints had only the table's."""
        told = self.state.get("errors")
        return Quantiles(values=tuple(told)) if told else statistics.load().errors


def save(
    path: Path,
    settings: Settings,
    average: Average,
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    at: Progress,
    errors: Quantiles,
) -> None:
    """Write a checkpoint, whole or not at all; `errors`: the quantiles that its boundaries were displaced by."""
    state = {
        "settings": asdict(settings),
        "average": average.model.state_dict(),
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "progress": asdict(at),
        "errors": list(errors.values),
    }
    files.save(path, state)


def read(path: Path) -> Saved:
    """Read a checkpoint onto the CPU."""
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        settings = Settings(**state["settings"])
    except (OSError, RuntimeError, KeyError, TypeError) as error:
        raise DataError(f"{path} is no checkpoint of a boundary training ({error}).") from error
    model = build(settings.model, size=settings.size, dropout=settings.dropout, features=settings.features)
    model.load_state_dict(state["average"])
    return Saved(settings=settings, model=model.eval(), progress=Progress(**state["progress"]), state=state)


def restore(saved: Saved, average: Average, model: nn.Module, optimizer: torch.optim.Optimizer) -> Progress:
    """Put everything back where it was."""
    model.load_state_dict(saved.state["model"])
    average.model.load_state_dict(saved.state["average"])
    optimizer.load_state_dict(saved.state["optimizer"])
    return saved.progress
