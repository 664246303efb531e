"""What a refiner is trained to make small."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from jobs.boundary.examples import Batch, Window
from jobs.boundary.settings import Settings
from models.boundary import Answer


def loss_of(answer: Answer, batch: Batch, window: Window, settings: Settings) -> Tensor:
    """Smooth L1 of the offset; for networks that score frames, cross-entropy with a soft label beside it."""
    offset = F.smooth_l1_loss(answer.offset, batch.target, beta=0.05)
    if answer.logits is None:
        return offset
    where = torch.linspace(-window.half, window.half, window.tokens, device=batch.target.device)
    distance = where - batch.target[:, None] * window.half
    label = (-0.5 * (distance / settings.label_width) ** 2).softmax(dim=-1)
    pointing = F.cross_entropy(answer.logits, label)
    # The contrastive network has no correction of its own to learn: its offset is its scores' mean.
    return pointing + settings.regression * offset if settings.model == "transformer" else pointing
