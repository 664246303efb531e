"""Training examples, cut from the recordings as they are needed: nothing is ever written out as windows.

Shapes: B batch, T frames of a window, F = 768 = 12 columns × 64 bands, S = 256, K boundaries.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from jobs.boundary.features import BANDS, HOP
from jobs.boundary.recordings import Recordings
from jobs.boundary.statistics import Quantiles
from jobs.training.errors import DataError

COLUMNS = 12
"""Spectra that one frame spans: 120 ms, and 768 features as WavLM-Base has."""
CENTRE = 1.25
"""Spectra from the place of a frame that hears 25 ms to the middle of what it hears."""
UNIFORM_LIMIT = 1.2
"""Seconds: how far a boundary is moved at most when it is moved anywhere."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Window:
    """How much a network sees: `tokens` frames, `stride` spectra (10 ms each) apart."""

    tokens: int
    stride: int

    @property
    def length(self) -> int:
        """Spectra in a window."""
        return (self.tokens - 1) * self.stride + COLUMNS

    @property
    def middle(self) -> float:
        """The window's centre, in spectra from its first."""
        return (self.length - 1) / 2

    @property
    def half(self) -> float:
        """Seconds from the centre to the centre of the last frame: the unit of the networks' answers."""
        return (self.tokens - 1) * self.stride / 2 * HOP


class Batch(NamedTuple):
    """What a network is given, and what it should say."""

    frames: Tensor
    """(B, T, 768)"""
    left: Tensor
    """(B, 256)"""
    right: Tensor
    """(B, 256)"""
    target: Tensor
    """(B,): where the boundary is, in half-windows from the centre."""
    error: Tensor
    """(B,): the same in seconds, and the error of leaving the boundary where it was."""


class Examples:
    """One side of the data, resident on the device that computes."""

    def __init__(self, recordings: Recordings, window: Window, device: torch.device) -> None:
        self.window = window
        self.device = device
        self.spectra = recordings.spectra.to(device)
        self.time = recordings.time.to(device)
        self.left = recordings.left.to(device)
        self.right = recordings.right.to(device)
        self.onset = recordings.onset.to(device)
        self.voices = recordings.voices.to(device)
        self.span = torch.arange(window.length, device=device)
        self.frames = None if recordings.frames is None else recordings.frames.to(device)
        if self.frames is not None and window.stride % 2:
            raise DataError(f"--stride {window.stride}: frames are 20 ms apart, so it has to be even.")

    def __len__(self) -> int:
        return len(self.time)

    def batch(self, which: Tensor, error: Tensor) -> Batch:
        """Windows around boundaries that a system put `error` seconds too early; (B,) indices and seconds.

        A window starts at a whole spectrum, so the error is corrected by what that rounds away.
        """
        wrong = self.time[which] - error.double() / HOP
        if self.frames is not None:
            frames, centre = self.heard(wrong)
        else:
            frames, centre = self.cut(wrong)
        error = (self.time[which] - centre) * HOP
        onset = self.onset[which]
        target = (error / self.window.half).clamp(-1, 1).float()
        left, right = self.voice(self.left[which], ~onset), self.voice(self.right[which], onset)
        return Batch(frames, left, right, target, error.float())

    def cut(self, wrong: Tensor) -> tuple[Tensor, Tensor]:
        """Windows of spectra around places in spectra: (B, T, 768), and where their centres lie (B,)."""
        start = (wrong - self.window.middle).round()
        # Near the edge of a short recording the window is moved, never filled with another recording.
        start = start.clamp(0, len(self.spectra) - self.window.length)
        columns = self.spectra[start.long()[:, None] + self.span].float()
        frames = columns.unfold(1, COLUMNS, self.window.stride).transpose(2, 3).flatten(2)
        return frames, start + self.window.middle

    def heard(self, wrong: Tensor) -> tuple[Tensor, Tensor]:
        """The same of frames that lie two spectra apart, each CENTRE after its first."""
        assert self.frames is not None
        tokens, step = self.window.tokens, self.window.stride // 2
        reach = (tokens - 1) * step
        start = ((wrong - CENTRE - reach) / 2).round().clamp(0, len(self.frames) - reach - 1)
        span = torch.arange(tokens, device=self.device) * step
        return self.frames[start.long()[:, None] + span].float(), 2 * start + reach + CENTRE

    def voice(self, which: Tensor, asked: Tensor) -> Tensor:
        """What the speakers sound like, and whether it is their boundary that is asked for: (B, 256)."""
        flag = torch.where(asked, 1.0, -1.0)[:, None].expand(-1, BANDS)
        return torch.cat([self.voices[which], flag], dim=1)


class Errors:
    """How wrong boundaries are: as a real system's, or (for the share `uniform`) anywhere."""

    def __init__(self, measured: Quantiles, window: Window, uniform: float) -> None:
        self.values = torch.tensor(measured.values)
        self.limit = min(UNIFORM_LIMIT, window.half)
        self.uniform = uniform

    def draw(self, count: int, random: torch.Generator) -> Tensor:
        """(count,) seconds, on the CPU."""
        chance = torch.rand(count, generator=random) * (len(self.values) - 1)
        low = chance.long().clamp(max=len(self.values) - 2)
        real = torch.lerp(self.values[low], self.values[low + 1], chance - low)
        anywhere = (torch.rand(count, generator=random) * 2 - 1) * self.limit
        return torch.where(torch.rand(count, generator=random) < self.uniform, anywhere, real)


def disturb(batch: Batch, strength: float, *, spectra: bool = True) -> Batch:
    """A training batch made harder, by the global random state: masked bands, other channels, vaguer voices.

    Frames that are no `spectra` have no bands and stay as they are.

    With five people to learn from, a network would otherwise learn those five by heart.
    """
    if strength <= 0:
        return batch
    B, T, _ = batch.frames.shape
    device = batch.frames.device
    frames = batch.frames.view(B, T, COLUMNS, BANDS)
    band = torch.arange(BANDS, device=device)
    first = torch.rand(B, 1, device=device) * BANDS
    width = torch.rand(B, 1, device=device) * 16 * strength
    keep = ~((band >= first) & (band < first + width))
    channel = F.interpolate(torch.randn(B, 1, 6, device=device), BANDS, mode="linear")[:, 0] * 0.3 * strength
    if spectra:
        frames = (frames + channel[:, None, None]) * keep[:, None, None]
    sides = []
    for side in (batch.left, batch.right):
        mean, rest, flag = side.split([BANDS, 2 * BANDS, BANDS], dim=1)
        sound = torch.cat([(mean + channel) * keep, rest], dim=1)
        sound = sound + torch.randn_like(sound) * 0.1 * strength
        known = torch.rand(B, 1, device=device) > 0.1 * strength
        sides.append(torch.cat([sound * known, flag], dim=1))
    return batch._replace(frames=frames.flatten(2), left=sides[0], right=sides[1])
