"""Three small networks that say where a speaker boundary really is.

All three read a window of audio frames centred on a boundary that may be wrong, and what the voices on its
two sides sound like, and answer how far off the boundary is, in half-windows (−1 … 1).

    BoundaryTransformer   1,402,498 parameters at the standard size
    BoundaryMLP             822,017
    BoundaryContrastive     361,200

Shapes: B batch, T frames of the window, F frame features (768 = 12 × 64 log-mels, or WavLM-Base), S speaker
features (256), D width. A frame's position is where its centre lies, −1 … 1 from the first to the last.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

MAX_FRAMES = 200
"""Frames of the longest window: 4 s at 50 Hz. Shorter windows use the middle of the position table."""


class Answer(NamedTuple):
    """What a refiner says about each window."""

    offset: Tensor
    """(B,): where the boundary is, in half-windows from the centre."""
    logits: Tensor | None
    """(B, T): how likely each frame holds the boundary (unnormalised), where the network knows."""


@dataclass(frozen=True, kw_only=True, slots=True)
class BoundaryConfig:
    """Sizes that the three networks share; the defaults are the standard sizes."""

    frame_size: int = 768
    speaker_size: int = 256
    width: int = 256
    layers: int = 2
    heads: int = 8
    feed_forward: int = 512
    dropout: float = 0.1


LARGE = BoundaryConfig(layers=4, feed_forward=1024)
"""The Transformer with four layers: 3.5 million parameters."""


def positions(frames: int, device: torch.device) -> Tensor:
    """Where each of `frames` frames lies in the window, −1 … 1. Shape (T,)."""
    return torch.linspace(-1.0, 1.0, frames, device=device)


def waves(count: int, width: int) -> Tensor:
    """Sines and cosines of many wavelengths, shape (count, width).

    A learned position table starts here: from noise, attention takes thousands of steps to find its neighbours.
    """
    place = torch.arange(count)[:, None]
    pace = math.pi * (2.0 / MAX_FRAMES) ** torch.linspace(0, 1, width // 2)
    return torch.cat([(place * pace).sin(), (place * pace).cos()], dim=1) * 0.5


class EncoderLayer(nn.Module):
    """One pre-norm Transformer layer: attention, then a GELU feed-forward."""

    def __init__(self, config: BoundaryConfig) -> None:
        super().__init__()
        width, hidden = config.width, config.feed_forward
        self.heads = config.heads
        self.attention_norm = nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.attention_out = nn.Linear(width, width)
        self.feed_norm = nn.LayerNorm(width)
        self.feed = nn.Sequential(nn.Linear(width, hidden), nn.GELU(), nn.Linear(hidden, width))
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x_BND: Tensor) -> Tensor:
        """(B, N, D) → (B, N, D)."""
        B, N, D = x_BND.shape
        qkv = self.qkv(self.attention_norm(x_BND)).view(B, N, 3, self.heads, D // self.heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(B, N, D)
        x_BND = x_BND + self.dropout(self.attention_out(mixed))
        out: Tensor = x_BND + self.dropout(self.feed(self.feed_norm(x_BND)))
        return out


class BoundaryTransformer(nn.Module):
    """Attends over the frames and three extra tokens: left voice, right voice, summary."""

    def __init__(self, config: BoundaryConfig | None = None) -> None:
        super().__init__()
        config = config or BoundaryConfig()
        width = config.width
        self.frame_in = nn.Linear(config.frame_size, width)
        self.position = nn.Parameter(waves(MAX_FRAMES, width))
        self.speaker_in = nn.Linear(config.speaker_size, width)
        self.side = nn.Parameter(torch.randn(3, width) * 0.02)
        self.layers = nn.ModuleList(EncoderLayer(config) for _ in range(config.layers))
        self.norm = nn.LayerNorm(width)
        self.score = nn.Linear(width, 1)
        self.head = nn.Sequential(nn.Linear(2 * width, 64), nn.GELU(), nn.Linear(64, 1))

    def forward(self, frames_BTF: Tensor, left_BS: Tensor, right_BS: Tensor) -> Answer:
        """Soft-argmax over the frames, plus a small learned correction."""
        B, T, _ = frames_BTF.shape
        first = (MAX_FRAMES - T) // 2
        x_BTD = self.frame_in(frames_BTF) + self.position[first : first + T]
        sides = torch.stack([self.speaker_in(left_BS), self.speaker_in(right_BS)], dim=1) + self.side[:2]
        summary = self.side[2].to(x_BTD.dtype).expand(B, 1, -1)
        x_BND = torch.cat([summary, sides.to(x_BTD.dtype), x_BTD], dim=1)
        for layer in self.layers:
            x_BND = layer(x_BND)
        x_BND = self.norm(x_BND)
        h_BTD = x_BND[:, 3:]
        logits_BT = self.score(h_BTD).squeeze(-1).float()
        weight_BT = logits_BT.softmax(dim=-1)
        expected_B = weight_BT @ positions(T, weight_BT.device)
        picked_BD = torch.einsum("bt,btd->bd", weight_BT, h_BTD.float())
        both = torch.cat([x_BND[:, 0].float(), picked_BD], dim=-1).to(h_BTD.dtype)
        correction_B = self.head(both).squeeze(-1).float()
        return Answer(expected_B + 0.05 * correction_B, logits_BT)


class BoundaryMLP(nn.Module):
    """Reads the window as a picture of 32 moments × 24 bands; a mean over time could not locate anything."""

    MOMENTS, BANDS = 32, 24

    def __init__(self, config: BoundaryConfig | None = None, *, columns: int = 12) -> None:
        super().__init__()
        config = config or BoundaryConfig()
        self.columns = columns
        """Spectra that a frame holds, one after the other; 1 where its numbers have no order in time."""
        sizes = [self.MOMENTS * self.BANDS + 2 * config.speaker_size, 512, 256, 128]
        layers: list[nn.Module] = []
        for size_in, size_out in pairwise(sizes):
            layers += [nn.Linear(size_in, size_out), nn.LayerNorm(size_out), nn.GELU()]
            layers += [nn.Dropout(config.dropout)]
        self.body = nn.Sequential(*layers, nn.Linear(sizes[-1], 1))

    def picture(self, frames_BTF: Tensor) -> Tensor:
        """(B, T, 768) → (B, 768): the middle third of each frame's columns, pooled to 32 × 24."""
        B, T, F_ = frames_BTF.shape
        C = self.columns
        columns = frames_BTF.view(B, T, C, F_ // C)[:, :, C // 3 : C // 3 + max(1, C // 3)]
        spectrum = columns.reshape(B, 1, -1, F_ // C)
        return F.adaptive_avg_pool2d(spectrum, (self.MOMENTS, self.BANDS)).flatten(1)

    def forward(self, frames_BTF: Tensor, left_BS: Tensor, right_BS: Tensor) -> Answer:
        """One number per window; this network does not know how likely each frame is."""
        x = torch.cat([self.picture(frames_BTF), left_BS, right_BS], dim=-1)
        return Answer(self.body(x).squeeze(-1).float(), None)


class Residual(nn.Module):
    """LayerNorm, a dilated convolution over time, GELU, added to what came in."""

    def __init__(self, width: int, dilation: int, dropout: float) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.conv = nn.Conv1d(width, width, 3, padding=dilation, dilation=dilation)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x_BTD: Tensor) -> Tensor:
        """(B, T, D) → (B, T, D)."""
        y_BTD = self.conv(self.norm(x_BTD).transpose(1, 2)).transpose(1, 2)
        out: Tensor = x_BTD + self.dropout(F.gelu(y_BTD))
        return out


class BoundaryContrastive(nn.Module):
    """The two voices make a query, each frame a key: the frame most like the query holds the boundary."""

    WIDTH = 128

    def __init__(self, config: BoundaryConfig | None = None) -> None:
        super().__init__()
        config = config or BoundaryConfig()
        width = self.WIDTH
        self.frame_in = nn.Linear(config.frame_size, width)
        self.blocks = nn.ModuleList(Residual(width, 2**i, config.dropout) for i in range(3))
        self.query = nn.Sequential(
            nn.Linear(2 * config.speaker_size, width), nn.GELU(), nn.Linear(width, width)
        )
        self.key = nn.Linear(width, width)
        self.log_scale = nn.Parameter(torch.tensor(2.0))
        self.score = nn.Sequential(nn.Linear(width, 119), nn.GELU(), nn.Linear(119, 1))

    def forward(self, frames_BTF: Tensor, left_BS: Tensor, right_BS: Tensor) -> Answer:
        """Cosine of query and key times a learned scale, plus a score of the frame itself."""
        x_BTD = self.frame_in(frames_BTF)
        for block in self.blocks:
            x_BTD = block(x_BTD)
        query_BD = F.normalize(self.query(torch.cat([left_BS, right_BS], dim=-1)).float(), dim=-1)
        key_BTD = F.normalize(self.key(x_BTD).float(), dim=-1)
        likeness_BT = torch.einsum("bd,btd->bt", query_BD, key_BTD) * self.log_scale.exp()
        logits_BT = likeness_BT + self.score(x_BTD).squeeze(-1).float()
        T = logits_BT.shape[1]
        return Answer(logits_BT.softmax(dim=-1) @ positions(T, logits_BT.device), logits_BT)


MODELS: dict[str, type[BoundaryTransformer] | type[BoundaryMLP] | type[BoundaryContrastive]] = {
    "transformer": BoundaryTransformer,
    "mlp": BoundaryMLP,
    "contrastive": BoundaryContrastive,
}


def build(name: str, *, size: str = "standard", dropout: float = 0.1, features: str = "mel") -> nn.Module:
    """The network called `name`; size "large" gives the Transformer four wide layers. `features`: mel or wavlm."""
    sizes = LARGE if size == "large" else BoundaryConfig()
    config = BoundaryConfig(layers=sizes.layers, feed_forward=sizes.feed_forward, dropout=dropout)
    if name == "mlp":
        return BoundaryMLP(config, columns=12 if features == "mel" else 1)
    return MODELS[name](config)


def count_parameters(model: nn.Module) -> int:
    """How many numbers the network learns."""
    return sum(parameter.numel() for parameter in model.parameters())
