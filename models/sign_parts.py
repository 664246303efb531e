"""What both sign networks are built of: where the body lies in a frame, the encoders of its parts, and the reader.

Shapes: B batch, T frames, F keypoint values, D width, K classes.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

STRIDE = 4
"""Frames of the input to one frame of the answer."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Layout:
    """Where each part lies in the vector of a frame: the one place that says so. An empty slice: there is none."""

    pose: slice
    face: slice
    hands: slice

    @property
    def size(self) -> int:
        """How many values a frame has."""
        return max(part.stop for part in (self.pose, self.face, self.hands))

    def check(self, features: int) -> None:
        """Raises ValueError unless the parts cover `features` values, each once."""
        parts = sorted(
            (one.start, one.stop) for one in (self.pose, self.face, self.hands) if one.stop > one.start
        )
        reached = 0
        for start, stop in parts:
            if start != reached:
                raise ValueError(f"keypoint layout: values {reached} to {start} belong to no part, or to two")
            reached = stop
        if reached != features:
            raise ValueError(f"keypoint layout: it is of {reached} values a frame, the data have {features}")


HOLISTIC = Layout(pose=slice(0, 99), face=slice(99, 1503), hands=slice(1503, 1629))
"""MediaPipe Holistic as it is extracted: pose 33 × 3, face 468 × 3, left hand 21 × 3, right hand 21 × 3."""


def with_motion(x_BTF: Tensor) -> Tensor:
    """Positions, then velocity and acceleration in values per frame: (B, T, F) → (B, T, 3 F)."""
    speed = F.pad(x_BTF[:, 1:] - x_BTF[:, :-1], (0, 0, 1, 0))
    change = F.pad(speed[:, 1:] - speed[:, :-1], (0, 0, 1, 0))
    return torch.cat([x_BTF, speed, change], dim=2)


def mask_of(lengths_B: Tensor, frames: int) -> Tensor:
    """1 where a clip has a frame, shape (B, T, 1)."""
    return (torch.arange(frames, device=lengths_B.device)[None] < lengths_B[:, None]).unsqueeze(2).float()


def shortened(lengths_B: Tensor) -> Tensor:
    """How many frames of the answer belong to each clip."""
    return torch.div(lengths_B + STRIDE - 1, STRIDE, rounding_mode="floor")


def conv(channels_in: int, channels_out: int, kernel: int, *, stride: int = 1, groups: int = 1) -> nn.Conv1d:
    """Over time, (B, C, T) → (B, C', ⌈T / stride⌉), for an odd kernel."""
    return nn.Conv1d(
        channels_in, channels_out, kernel, stride=stride, padding=kernel // 2, groups=groups, bias=False
    )


class FrameConv(nn.Module):
    """A convolution over time, then a norm over the channels of each frame. (B, T, C) → (B, ⌈T / stride⌉, C')."""

    def __init__(
        self, channels_in: int, channels_out: int, kernel: int, *, stride: int = 1, groups: int = 1
    ) -> None:
        super().__init__()
        self.conv = conv(channels_in, channels_out, kernel, stride=stride, groups=groups)
        self.norm = nn.LayerNorm(channels_out)

    def forward(self, x_BTC: Tensor) -> Tensor:
        """Not yet activated."""
        out: Tensor = self.norm(self.conv(x_BTC.transpose(1, 2)).transpose(1, 2))
        return out


class Encoders(nn.Module):
    """One small network for each part of the body and one for motion; their answers side by side."""

    def __init__(self, layout: Layout, sizes: dict[str, tuple[int, int]], dropout: float) -> None:
        """`sizes`: part → (hidden, out)."""
        super().__init__()
        self.layout = layout
        whole = layout.size
        inputs = {
            part: getattr(layout, part).stop - getattr(layout, part).start
            for part in ("hands", "face", "pose")
        }
        inputs["motion"] = 3 * whole
        self.parts = nn.ModuleDict(
            {
                part: nn.Sequential(
                    nn.Linear(inputs[part], hidden),
                    nn.LayerNorm(hidden),
                    nn.GELU(),
                    nn.Dropout(dropout),
                    nn.Linear(hidden, out),
                )
                for part, (hidden, out) in sizes.items()
                if inputs[part]
            }
        )
        self.width = sum(out for part, (_, out) in sizes.items() if inputs[part])

    def forward(self, x_BTF: Tensor) -> Tensor:
        """(B, T, F) → (B, T, D). Raises ValueError where the data are of another layout."""
        self.layout.check(x_BTF.shape[2])
        told = [
            encoder(with_motion(x_BTF) if part == "motion" else x_BTF[..., getattr(self.layout, part)])
            for part, encoder in self.parts.items()
        ]
        return torch.cat(told, dim=2)


def narrowed(sizes: dict[str, tuple[int, int]], by: int) -> dict[str, tuple[int, int]]:
    """Sizes of encoders, each divided."""
    return {part: (hidden // by, out // by) for part, (hidden, out) in sizes.items()}


def carried(x_BTC: Tensor, channels: int) -> Tensor:
    """The way past a block, without parameters: as many channels as come out of it, new ones 0."""
    return F.pad(x_BTC, (0, channels - x_BTC.shape[2]))  # a negative count cuts off


class Reader(nn.Module):
    """A BiLSTM over what the convolutions saw, and the log-probability of each gloss at each frame.

    What was seen also goes past the LSTM: CTC through the LSTM alone stays at blanks.
    """

    def __init__(self, width: int, hidden: int, layers: int, classes: int, dropout: float) -> None:
        super().__init__()
        self.lstm = nn.LSTM(
            width,
            hidden,
            layers,
            batch_first=True,
            bidirectional=True,
            dropout=dropout if layers > 1 else 0.0,
        )
        self.dropout = nn.Dropout(dropout)
        self.out = nn.Linear(2 * hidden, classes)

    def forward(self, x_BTD: Tensor, lengths_B: Tensor) -> Tensor:
        """(B, T, D) → log-probabilities (B, T, K), float32."""
        packed = pack_padded_sequence(x_BTD, lengths_B.cpu(), batch_first=True, enforce_sorted=False)
        read, _ = pad_packed_sequence(self.lstm(packed)[0], batch_first=True, total_length=x_BTD.shape[1])
        read = read + carried(x_BTD, read.shape[2])
        return F.log_softmax(self.out(self.dropout(read)).float(), dim=2)
