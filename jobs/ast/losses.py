"""The focal loss, and mixing clips."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def focal_loss(logits_BC: Tensor, target_BC: Tensor, gamma: float) -> Tensor:
    """Mean of (1 − p)^γ · −log p (Lin et al. 2017, without α); targets are shares of classes. γ = 0: cross-entropy."""
    log_p = F.log_softmax(logits_BC.float(), dim=1)
    weight = (1 - log_p.exp()).clamp(min=0) ** gamma if gamma else 1.0
    return -(target_BC * weight * log_p).sum(dim=1).mean()


def mixed(x_BTM: Tensor, target_BC: Tensor, alpha: float = 0.4) -> tuple[Tensor, Tensor]:
    """Every clip with some of another's, and the labels in the same shares (MixUp)."""
    share = float(torch.distributions.Beta(alpha, alpha).sample())
    other = torch.randperm(len(x_BTM), device=x_BTM.device)
    return share * x_BTM + (1 - share) * x_BTM[other], share * target_BC + (1 - share) * target_BC[other]


def hidden(x_BTM: Tensor, share: float, *, bands: int = 15, frames: int = 35) -> Tensor:
    """Of some clips a band of frequencies and a stretch of time set to their mean, 0 (SpecAugment)."""
    B, T, M = x_BTM.shape
    device = x_BTM.device
    picked = torch.rand(B, 1, 1, device=device) < share
    masks = []
    for length, most in ((T, frames), (M, bands)):
        width = torch.randint(0, most + 1, (B, 1), device=device)
        start = (torch.rand(B, 1, device=device) * (length - width + 1)).long()
        place = torch.arange(length, device=device)[None]
        masks.append((place >= start) & (place < start + width))
    return x_BTM.masked_fill((masks[0][:, :, None] | masks[1][:, None, :]) & picked, 0.0)
