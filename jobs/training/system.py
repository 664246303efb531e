"""What a system tells the loop that trains it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

import torch
from torch import Tensor, nn


class System(Protocol):
    """What is trained. One that has `kept`, plain values and tensors, finds them under that name in its checkpoints."""

    what: str
    """Its name in checkpoints: another system's are refused."""
    model: nn.Module
    optimizer: torch.optim.Optimizer
    device: torch.device
    batches_per_epoch: int
    examples_per_epoch: int
    primary: str
    """The validation figure that decides which checkpoint is best, as `val/acc`."""
    goal: str
    """`min` or `max`."""

    def batches(self, epoch: int, first: int) -> Iterator[Any]:
        """An epoch's batches from the `first` on; drawn from the seed and the epoch alone."""

    def rates(self, step: int) -> list[float]:
        """The learning rate of each group of parameters at a step of the optimizer."""

    def loss(self, batch: Any) -> tuple[Tensor, Mapping[str, tuple[Tensor, int]]]:
        """The mean loss of a batch, and what else is counted: name → (sum, of how many)."""

    def validate(self, goes_on: Callable[[], bool]) -> Mapping[str, float] | None:
        """Every figure of the validation by name; None when it was broken off."""

    def preflight(self, goes_on: Callable[[], bool]) -> Mapping[str, float]:
        """What is tried before the first step, as overfitting a handful; {} for nothing."""

    def say(self, epoch: int, figures: Mapping[str, float]) -> str:
        """The line of an epoch, for people."""
