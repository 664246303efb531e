"""Continuous sign recognition from keypoints: a large teacher and a student of a quarter of its size.

    SignTeacher   about 27 million parameters: an I3D of one dimension, then a BiLSTM
    SignStudent   about 7 million: MobileNetV3-Small of one dimension, then a BiLSTM

Both read keypoints (B, T, F) with the number of frames of each clip, and answer log-probabilities (B, T/4, K) for
CTC, class 0 being blank. Both shorten time by 4 and by no more: at 16 the shorter half of real clips has fewer
frames left than glosses. What stands behind the end of a clip never changes what is said of it: a frame is normed
by itself, and padding is put back to zero before each convolution.

Shapes: B batch, T frames, F keypoint values, D width, K classes.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.sign_parts import (
    HOLISTIC,
    Encoders,
    FrameConv,
    Layout,
    Reader,
    carried,
    conv,
    mask_of,
    narrowed,
    shortened,
)


class Inception(nn.Module):
    """Four views of the same frames: each alone, a short and a long stretch, and the largest nearby.

    One norm for all four: of four channels, as a branch of a narrow network has, a norm leaves nothing. And a way past
    it: eighteen convolutions in a row without one did not learn to tell fifteen signs apart.
    """

    def __init__(self, channels: int, widths: Sequence[int]) -> None:
        """`widths`: alone, short before and after, long before and after, pooled; as in GoogLeNet."""
        super().__init__()
        alone, short_in, short, long_in, long, pooled = widths
        self.alone = conv(channels, alone, 1)
        self.short_in, self.short = conv(channels, short_in, 1), conv(short_in, short, 3)
        self.long_in, self.long = conv(channels, long_in, 1), conv(long_in, long, 7)
        self.pooled = conv(channels, pooled, 1)
        self.width = alone + short + long + pooled
        self.norm = nn.LayerNorm(self.width)

    def forward(self, x_BTC: Tensor, mask_BT1: Tensor) -> Tensor:
        """(B, T, C) → (B, T, C')."""
        x_BCT, mask_B1T = x_BTC.transpose(1, 2), mask_BT1.transpose(1, 2)
        views = [
            self.alone(x_BCT),
            self.short(F.relu(self.short_in(x_BCT)) * mask_B1T),
            self.long(F.relu(self.long_in(x_BCT)) * mask_B1T),
            self.pooled(F.max_pool1d(x_BCT, 3, stride=1, padding=1)),
        ]
        seen = self.norm(torch.cat(views, dim=1).transpose(1, 2))
        return F.relu(seen + carried(x_BTC, self.width)) * mask_BT1


_INCEPTION = (
    (64, 96, 128, 16, 32, 32),
    (128, 128, 192, 32, 96, 64),
    (192, 96, 208, 16, 48, 64),
    (160, 112, 224, 24, 64, 64),
    (128, 128, 256, 24, 64, 64),
    (112, 144, 288, 32, 64, 64),
    (256, 160, 320, 32, 128, 128),
    (256, 160, 320, 32, 128, 128),
    (384, 192, 384, 48, 128, 128),
)


class SignTeacher(nn.Module):
    """Parts of the body joined by attention, nine inception blocks over time, a BiLSTM of three layers."""

    def __init__(
        self, classes: int, layout: Layout = HOLISTIC, dropout: float = 0.3, narrow: int = 1
    ) -> None:
        """`narrow`: every width is divided by it, for trials on a CPU."""
        super().__init__()
        sizes = {"hands": (256, 204), "face": (256, 154), "pose": (128, 102), "motion": (256, 52)}
        whole, stem = 512 // narrow, 192 // narrow
        self.encoders = Encoders(layout, narrowed(sizes, narrow), dropout)
        self.join = nn.Linear(self.encoders.width, whole)
        self.attention_norm = nn.LayerNorm(whole)
        self.qkv = nn.Linear(whole, 3 * whole)
        self.attention_out = nn.Linear(whole, whole)
        self.stem = FrameConv(whole, stem, 5)
        self.stem_second = FrameConv(stem, stem, 5)
        blocks, width = [], stem
        for widths in _INCEPTION:
            blocks.append(Inception(width, [one // narrow for one in widths]))
            width = blocks[-1].width
        self.blocks = nn.ModuleList(blocks)
        self.dropout = nn.Dropout(dropout)
        self.reader = Reader(width, whole, 3, classes, dropout)

    def forward(self, x_BTF: Tensor, lengths_B: Tensor) -> tuple[Tensor, Tensor]:
        """Keypoints and frames of each clip → (log-probabilities (B, ⌈T/4⌉, K), frames of each answer)."""
        mask = mask_of(lengths_B, x_BTF.shape[1])
        x_BTD = self._attend(self.join(self.encoders(x_BTF * mask)), mask) * mask
        for stem in (self.stem, self.stem_second):
            x_BTD = F.relu(stem(x_BTD)) * mask
            x_BTD = F.max_pool1d(x_BTD.transpose(1, 2), 2, ceil_mode=True).transpose(1, 2)
            mask = mask[:, ::2]
        for block in self.blocks:
            x_BTD = block(x_BTD, mask)
        shorter = shortened(lengths_B)
        return self.reader(self.dropout(x_BTD), shorter), shorter

    def _attend(self, x_BTD: Tensor, mask_BT1: Tensor) -> Tensor:
        B, T, D = x_BTD.shape
        q, k, v = self.qkv(self.attention_norm(x_BTD)).view(B, T, 3, 8, D // 8).permute(2, 0, 3, 1, 4)
        seen = mask_BT1.bool().view(B, 1, 1, T)
        mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=seen)
        out: Tensor = x_BTD + self.attention_out(mixed.transpose(1, 2).reshape(B, T, D))
        return out


class MobileBlock(nn.Module):
    """Widen, look along time channel by channel, weigh the channels, narrow (MobileNetV3).

    What comes out is neither activated nor normed, and the input is added to it: sixteen channels have none to spare.
    """

    def __init__(
        self, channels: int, kernel: int, wide: int, out: int, *, weighs: bool, hard: bool, stride: int
    ) -> None:
        super().__init__()
        self.activate = nn.Hardswish() if hard else nn.ReLU()
        self.widen = FrameConv(channels, wide, 1)
        self.along = FrameConv(wide, wide, kernel, stride=stride, groups=wide)
        squeezed = max(8, wide // 4)
        self.weigh = (
            nn.Sequential(nn.Linear(wide, squeezed), nn.ReLU(), nn.Linear(squeezed, wide), nn.Hardsigmoid())
            if weighs
            else None
        )
        self.narrow = nn.Linear(wide, out)
        self.stride = stride

    def forward(self, x_BTC: Tensor, mask_BT1: Tensor) -> tuple[Tensor, Tensor]:
        """(B, T, C) and its mask → (B, T', C') and its mask."""
        out = self.activate(self.along(self.activate(self.widen(x_BTC)) * mask_BT1))
        mask = mask_BT1[:, :: self.stride]
        if self.weigh is not None:
            mean = (out * mask).sum(dim=1, keepdim=True) / mask.sum(dim=1, keepdim=True).clamp(min=1)
            out = out * self.weigh(mean)
        out = self.narrow(out)
        return (out + carried(x_BTC[:, :: self.stride], out.shape[2])) * mask, mask


_MOBILE = (  # kernel, wide, out, weighs, hard, stride
    (3, 16, 16, True, False, 2),
    (3, 72, 24, False, False, 1),
    (3, 88, 24, False, False, 1),
    (5, 96, 40, True, True, 1),
    (5, 240, 40, True, True, 1),
    (5, 240, 40, True, True, 1),
    (5, 120, 48, True, True, 1),
    (5, 144, 48, True, True, 1),
    (5, 288, 96, True, True, 1),
    (5, 576, 96, True, True, 1),
    (5, 576, 96, True, True, 1),
)


class SignStudent(nn.Module):
    """Small encoders, eleven MobileNetV3-Small blocks over time, a BiLSTM of two layers."""

    def __init__(
        self, classes: int, layout: Layout = HOLISTIC, dropout: float = 0.3, narrow: int = 1
    ) -> None:
        """`narrow`: the widths of encoders and LSTM are divided by it, for trials on a CPU."""
        super().__init__()
        sizes = {"hands": (128, 128), "face": (256, 64), "pose": (96, 64), "motion": (512, 128)}
        self.encoders = Encoders(layout, narrowed(sizes, narrow), dropout)
        self.stem = FrameConv(self.encoders.width, 16, 3, stride=2)
        blocks, width = [], 16
        for kernel, wide, out, weighs, hard, stride in _MOBILE:
            blocks.append(MobileBlock(width, kernel, wide, out, weighs=weighs, hard=hard, stride=stride))
            width = out
        self.blocks = nn.ModuleList(blocks)
        self.last = FrameConv(width, 256 // narrow, 1)
        self.reader = Reader(256 // narrow, 256 // narrow, 2, classes, dropout)

    def forward(self, x_BTF: Tensor, lengths_B: Tensor) -> tuple[Tensor, Tensor]:
        """Keypoints and frames of each clip → (log-probabilities (B, ⌈T/4⌉, K), frames of each answer)."""
        mask = mask_of(lengths_B, x_BTF.shape[1])
        x_BTC = F.hardswish(self.stem(self.encoders(x_BTF * mask) * mask))
        mask = mask[:, ::2]
        x_BTC = x_BTC * mask
        for block in self.blocks:
            x_BTC, mask = block(x_BTC, mask)
        shorter = shortened(lengths_B)
        return self.reader(F.hardswish(self.last(x_BTC)) * mask, shorter), shorter
