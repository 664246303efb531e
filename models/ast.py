"""Audio Spectrogram Transformer (Gong, 2021): a ViT over overlapping 16 × 16 patches of a log-mel picture.

    AST, 89 classes        86,257,241 parameters
    AST, 10 classes        86,196,490
    TINY, 10 classes        1,847,626

A clip shorter than the picture the position table was made for uses the columns of the table that it needs:
173 frames are 194 tokens, padded to 1,024 they would be 1,214, at 7.6 times the work.

Shapes: B batch, T frames, M mel bands, P patches, N tokens = P + 2, D width, K classes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

PATCH = 16
NORM_EPS = 1e-12
"""As the pretrained weights were trained with."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AstConfig:
    """Sizes; the defaults are those of the weights pretrained on AudioSet."""

    width: int = 768
    layers: int = 12
    heads: int = 12
    stride: int = 10
    mels: int = 128
    max_frames: int = 1024
    """Frames that the position table is made for."""
    dropout: float = 0.1
    """Before the last linear layer."""


TINY = AstConfig(width=192, layers=4, heads=3, stride=16, max_frames=173)
"""For a machine without a GPU."""


class Layer(nn.Module):
    """Pre-norm attention and a GELU feed-forward of four times the width."""

    def __init__(self, config: AstConfig) -> None:
        super().__init__()
        width = config.width
        self.heads = config.heads
        self.norm_before = nn.LayerNorm(width, eps=NORM_EPS)
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.norm_after = nn.LayerNorm(width, eps=NORM_EPS)
        self.feed_in = nn.Linear(width, 4 * width)
        self.feed_out = nn.Linear(4 * width, width)

    def forward(self, x_BND: Tensor) -> Tensor:
        """(B, N, D) → (B, N, D)."""
        B, N, D = x_BND.shape
        qkv = self.qkv(self.norm_before(x_BND)).view(B, N, 3, self.heads, D // self.heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(B, N, D)
        x_BND = x_BND + self.out(mixed)
        result: Tensor = x_BND + self.feed_out(F.gelu(self.feed_in(self.norm_after(x_BND))))
        return result


class AudioSpectrogramTransformer(nn.Module):
    """A backbone that may be pretrained, and a new head; `backbone()` and `head` are trained at their own rates."""

    def __init__(self, classes: int, config: AstConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or AstConfig()
        width = config.width
        self.rows = patches(config.mels, config.stride)
        self.columns = patches(config.max_frames, config.stride)
        self.patch = nn.Conv2d(1, width, PATCH, stride=config.stride)
        self.tokens = nn.Parameter(torch.zeros(2, width))
        """The class token and the distillation token."""
        self.position = nn.Parameter(torch.zeros(2 + self.rows * self.columns, width))
        self.layers = nn.ModuleList(Layer(config) for _ in range(config.layers))
        self.norm = nn.LayerNorm(width, eps=NORM_EPS)
        self.head = nn.Sequential(nn.LayerNorm(width), nn.Dropout(config.dropout), nn.Linear(width, classes))
        self._begin()

    def _begin(self) -> None:
        """As a ViT begins: small normal weights."""
        for parameter in (self.tokens, self.position):
            nn.init.trunc_normal_(parameter, std=0.02)
        for module in self.modules():
            if isinstance(module, nn.Linear | nn.Conv2d):
                nn.init.trunc_normal_(module.weight, std=0.02)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)

    def backbone(self) -> list[nn.Parameter]:
        """Every parameter that is not the head's."""
        head = {id(one) for one in self.head.parameters()}
        return [one for one in self.parameters() if id(one) not in head]

    def positions(self, frames: int) -> Tensor:
        """The part of the position table that `frames` frames need, shape (N, D). Raises ValueError."""
        columns = patches(frames, self.config.stride)
        if not 0 < columns <= self.columns:
            raise ValueError(
                f"{frames} frames: this network takes {PATCH} to {self.config.max_frames} (time is the second axis)"
            )
        grid = self.position[2:].view(self.rows, self.columns, -1)[:, :columns]
        return torch.cat([self.position[:2], grid.reshape(self.rows * columns, -1)])

    def forward(self, x_BTM: Tensor) -> Tensor:
        """Log-mels (B, T, M) → logits (B, K). Raises ValueError where the axes are not time, mel."""
        if x_BTM.dim() != 3 or x_BTM.shape[2] != self.config.mels:
            raise ValueError(
                f"input of shape {tuple(x_BTM.shape)}: expected (batch, time, {self.config.mels} mel bands)"
            )
        position = self.positions(x_BTM.shape[1])
        patches_BDP = self.patch(x_BTM.transpose(1, 2).unsqueeze(1)).flatten(2)
        x_BND = torch.cat([self.tokens.expand(len(x_BTM), -1, -1), patches_BDP.transpose(1, 2)], dim=1)
        x_BND = x_BND + position
        for layer in self.layers:
            x_BND = layer(x_BND)
        x_BND = self.norm(x_BND)
        logits: Tensor = self.head((x_BND[:, 0] + x_BND[:, 1]) / 2)
        return logits

    def load_pretrained(self, weights: Mapping[str, Tensor]) -> None:
        """Take the backbone from weights named as Hugging Face's `ASTModel` names them. Raises ValueError.

        The head stays as it is: it is new.
        """
        ours = renamed(weights, self.config.layers)
        expected = {
            name: tensor.shape for name, tensor in self.state_dict().items() if not name.startswith("head.")
        }
        wrong = [name for name, shape in expected.items() if name not in ours or ours[name].shape != shape]
        if wrong:
            raise ValueError(
                f"these are no weights of this network: {wrong[0]} is missing or has another shape"
            )
        self.load_state_dict(ours, strict=False)


def patches(length: int, stride: int) -> int:
    """How many patches fit along an axis."""
    return (length - PATCH) // stride + 1


def renamed(weights: Mapping[str, Tensor], layers: int) -> dict[str, Tensor]:
    """Hugging Face's names → ours; query, key and value become one matrix. Raises ValueError."""
    bare = {name.removeprefix("audio_spectrogram_transformer."): tensor for name, tensor in weights.items()}
    try:
        ours = {
            "patch.weight": bare["embeddings.patch_embeddings.projection.weight"],
            "patch.bias": bare["embeddings.patch_embeddings.projection.bias"],
            "tokens": torch.cat([bare["embeddings.cls_token"], bare["embeddings.distillation_token"]], dim=1)[
                0
            ],
            "position": bare["embeddings.position_embeddings"][0],
            "norm.weight": bare["layernorm.weight"],
            "norm.bias": bare["layernorm.bias"],
        }
        for number in range(layers):
            theirs, mine = f"encoder.layer.{number}.", f"layers.{number}."
            for kind in ("weight", "bias"):
                attention = [
                    bare[f"{theirs}attention.attention.{one}.{kind}"] for one in ("query", "key", "value")
                ]
                ours[f"{mine}qkv.{kind}"] = torch.cat(attention)
                for here, there in _PARTS.items():
                    ours[f"{mine}{here}.{kind}"] = bare[f"{theirs}{there}.{kind}"]
    except KeyError as missing:
        raise ValueError(f"these are no AST weights: {missing} is missing") from missing
    return ours


_PARTS = {
    "norm_before": "layernorm_before",
    "out": "attention.output.dense",
    "norm_after": "layernorm_after",
    "feed_in": "intermediate.dense",
    "feed_out": "output.dense",
}
