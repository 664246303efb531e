"""FastDiarizationModel: whether several people speak in three seconds of audio, by a small residual network.

    raw waveform, 1 channel               2,547,906 parameters
    80 features a frame (MFCC and deltas)  2,583,298

Shapes: B batch, C channels of the input, L its length (48,000 samples of 16 kHz, or frames), K classes.
"""

from __future__ import annotations

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

STEM = 64
BLOCKS = (128, 256, 256, 512)
EMBEDDING = 256


class Residual(nn.Module):
    """Two convolutions beside a shortcut; halves the length."""

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__()
        self.first = nn.Conv1d(channels_in, channels_out, 3, stride=2, padding=1, bias=False)
        self.first_norm = nn.BatchNorm1d(channels_out)
        self.second = nn.Conv1d(channels_out, channels_out, 3, padding=1, bias=False)
        self.second_norm = nn.BatchNorm1d(channels_out)
        self.shortcut = nn.Sequential(
            nn.Conv1d(channels_in, channels_out, 1, stride=2, bias=False), nn.BatchNorm1d(channels_out)
        )

    def forward(self, x_BCL: Tensor) -> Tensor:
        """(B, C, L) → (B, C', ⌈L/2⌉)."""
        out = F.relu(self.first_norm(self.first(x_BCL)))
        out = self.second_norm(self.second(out))
        return F.relu(out + self.shortcut(x_BCL))


class FastDiarizationModel(nn.Module):
    """Convolutions over the whole window, its mean and its maximum, then a small classifier."""

    def __init__(self, channels: int = 1, classes: int = 2, dropout: float = 0.3) -> None:
        """`channels`: 1 for the waveform itself, 80 for MFCC with deltas."""
        super().__init__()
        self.stem = nn.Conv1d(channels, STEM, 7, stride=2, padding=3, bias=False)
        self.stem_norm = nn.BatchNorm1d(STEM)
        widths = (STEM, *BLOCKS)
        self.blocks = nn.Sequential(*(Residual(a, b) for a, b in pairwise(widths)))
        self.embed = nn.Linear(2 * BLOCKS[-1], EMBEDDING)
        self.head = nn.Sequential(
            nn.Linear(EMBEDDING, 256),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(256, 128),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(128, classes),
        )

    def forward(self, x_BCL: Tensor) -> Tensor:
        """(B, C, L) → logits (B, K)."""
        x_BCL = self.blocks(F.relu(self.stem_norm(self.stem(x_BCL))))
        pooled = torch.cat([x_BCL.mean(dim=2), x_BCL.amax(dim=2)], dim=1)
        logits: Tensor = self.head(F.relu(self.embed(pooled)))
        return logits
