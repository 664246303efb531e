"""From a network's answer to a boundary, and from boundaries to the figures people compare."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from jobs.boundary.examples import UNIFORM_LIMIT, Window
from jobs.boundary.statistics import Quantiles
from models.boundary import Answer

SMOOTHING = 0.025
"""Seconds: how finely the measured errors are trusted as a prior."""
ACCURACIES = (50, 100, 200)
"""Milliseconds."""


class Decoder:
    """Turns an answer into seconds.

    A network that scores frames was trained on errors drawn from one distribution and is used on another;
    Bayes says how to correct for that. Of the posterior it takes the median, which is what makes the mean
    absolute error least: the mean would fall between two candidates, the mode on the wrong one.
    """

    def __init__(self, window: Window, measured: Quantiles, uniform: float, device: torch.device) -> None:
        self.window = window
        where = np.linspace(-window.half, window.half, window.tokens)
        real = measured.density(where, width=SMOOTHING) + 1e-5
        anywhere = (np.abs(where) <= min(UNIFORM_LIMIT, window.half)) / window.tokens
        seen = (1 - uniform) * real + uniform * anywhere
        self.shift = torch.tensor(np.log(real) - np.log(seen + 1e-9), dtype=torch.float32, device=device)

    def __call__(self, answer: Answer) -> Tensor:
        """(B,) seconds from the window's centre."""
        if answer.logits is None:
            return answer.offset.clamp(-1, 1) * self.window.half
        weight = (answer.logits + self.shift).softmax(dim=-1)
        mass = weight.cumsum(dim=-1)
        here = (mass < 0.5).sum(dim=-1, keepdim=True).clamp(max=self.window.tokens - 1)
        before = mass.gather(1, here) - weight.gather(1, here)
        part = (0.5 - before) / weight.gather(1, here).clamp(min=1e-9)
        step = 2 * self.window.half / (self.window.tokens - 1)
        place = (here + part - 0.5).squeeze(1)
        return place * step - self.window.half


def figures(errors: Tensor) -> dict[str, float]:
    """Mean and median absolute error in ms, and the percentage within 50, 100, 200 ms; from seconds."""
    off = errors.abs().double() * 1000
    found = {"mae": off.mean().item(), "median": off.median().item()}
    for limit in ACCURACIES:
        found[f"acc{limit}"] = (off <= limit + 1e-3).double().mean().item() * 100
    return found
