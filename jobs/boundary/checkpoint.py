"""A trained refiner as it comes back from a checkpoint, and the average of weights that is used of it."""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from jobs.boundary import statistics
from jobs.boundary.settings import Settings
from jobs.boundary.statistics import Quantiles
from jobs.training import files
from jobs.training.errors import DataError
from jobs.training.settings import settings_of
from models.boundary import build

WHAT = "a boundary training"


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
    errors: Quantiles
    """How wrong the boundaries were that it was trained on."""
    best: float
    """The least validation MAE of its training so far, ms; infinite before there is one."""


def read(path: Path) -> Saved:
    """Read a checkpoint onto the CPU. Raises DataError."""
    state = files.load(path, WHAT, renewed)
    settings: Settings = settings_of(Settings, state)
    try:
        model = build(
            settings.model, size=settings.size, dropout=settings.dropout, features=settings.features
        )
        model.load_state_dict(state["kept"]["average"])
    except (RuntimeError, KeyError) as error:
        raise DataError(f"{path} is of another network than today's {settings.model}.") from error
    best, told = state["reached"]["best"], state["kept"]["errors"]
    return Saved(
        settings=settings,
        model=model.eval(),
        errors=Quantiles(values=tuple(told)) if told else statistics.load().errors,
        best=math.inf if math.isnan(best) else best,
    )


def renewed(state: files.State, batches_per_step: int = 1) -> files.State:
    """A checkpoint as the loop writes it, of one from when the refiners had a loop of their own."""
    if not {"average", "progress"} <= state.keys():
        return state
    old = dict(state["progress"])
    loss = torch.tensor([old.pop("loss_sum"), old.pop("loss_count")], dtype=torch.float64)
    return {
        "what": WHAT,
        **{name: state[name] for name in ("settings", "model", "optimizer")},
        "reached": {**old, "batch": old["step"] * batches_per_step},
        "sums": {"train/loss": loss},
        "epoch_sums": {},
        "figures": {},
        "kept": {"average": state["average"], "errors": state.get("errors")},
    }
