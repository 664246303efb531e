"""What a system tells the loop that trains it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from jobs.training.settings import LoopSettings


class System:
    """What is trained. What has a value or a body here may be left as it is."""

    what: str
    """Its name in checkpoints: another system's are refused."""
    settings: LoopSettings
    model: nn.Module
    optimizer: torch.optim.Optimizer
    device: torch.device
    batches_per_epoch: int
    examples_per_epoch: int
    primary: str
    """The validation figure that decides which checkpoint is best, as `val/acc`."""
    goal: str
    """`min` or `max`."""
    kept: Mapping[str, Any] = {}
    """Plain values and tensors of its own that its checkpoints hold beside model and optimizer."""
    best_file, last_file, epoch_file = "best_model.pth", "last.pth", "checkpoint_epoch{}.pth"
    """What its checkpoints are called."""

    @property
    def steps_per_epoch(self) -> int:
        """Steps of the optimizer; the last, smaller group of batches is one, too."""
        return -(-self.batches_per_epoch // self.settings.accumulation_steps)

    @property
    def steps(self) -> int:
        """Steps of the optimizer in the whole schedule."""
        return self.steps_per_epoch * self.settings.epochs

    def batches(self, epoch: int, first: int) -> Iterator[Any]:
        """An epoch's batches from the `first` on; drawn from the seed and the epoch alone."""
        raise NotImplementedError

    def rates(self, step: int) -> list[float]:
        """The learning rate of each group of parameters at a step of the optimizer."""
        raise NotImplementedError

    def loss(self, batch: Any) -> tuple[Tensor, Mapping[str, tuple[Tensor, int]]]:
        """The mean loss of a batch, and what else is counted: name → (sum, of how many)."""
        raise NotImplementedError

    def stepped(self, step: int) -> None:
        """What follows a step of the optimizer, as an average of the weights; the first step is 0."""

    def validate(self, goes_on: Callable[[], bool]) -> Mapping[str, float] | None:
        """Every figure of the validation by name; None when it was broken off."""
        raise NotImplementedError

    def say(self, epoch: int, figures: Mapping[str, float]) -> str:
        """The line of an epoch, for people."""
        raise NotImplementedError

    def preflight(self, goes_on: Callable[[], bool]) -> Mapping[str, float]:
        """What is tried before the first step, as overfitting a handful; {} for nothing."""
        return {}

    def restore(self, kept: Mapping[str, Any]) -> None:
        """Put back what a checkpoint `kept`, where the constructor has not."""

    def renewed(self, state: dict[str, Any]) -> dict[str, Any]:
        """A checkpoint as the loop writes it now, of one that an older trainui wrote."""
        return state
