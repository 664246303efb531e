"""Clips as log-mel pictures, made once and kept: (173 frames, 128 bands) of 4 s at 22,050 Hz.

The first axis is time and the second is mel, here and everywhere: a network that takes them the other way round
runs, and learns from scrambled positions (docs/systems/ast.md).
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from jobs.ast.clips import Clip
from jobs.training.errors import DataError

RATE = 22_050
SECONDS = 4
SAMPLES = RATE * SECONDS
HOP = 512
BANDS = 128
FRAMES = 1 + SAMPLES // HOP
"""173."""


def pictures(clips: Sequence[Clip], keep: Path, tell: Callable[[str], None]) -> Tensor:
    """(K, 173, 128) half floats, one for each clip; read from `keep` when it was made of the same files.
    Raises DataError."""
    digest = hashlib.sha256(Path(__file__).read_bytes())
    for clip in clips:
        digest.update(f"{clip.path} {clip.path.stat().st_size}\n".encode())
    path = keep / f"{digest.hexdigest()[:16]}.pt"
    if path.exists():
        kept = torch.load(path, weights_only=True)
        assert isinstance(kept, Tensor)
        return kept
    tell(f"making {len(clips)} log-mel pictures")
    see = Eye()
    found = torch.stack([see(read(clip.path)).half() for clip in clips])
    keep.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(f".{os.getpid()}.part")
    torch.save(found, part)
    part.rename(path)
    return found


def read(path: Path) -> np.ndarray:
    """Four seconds of a clip, mono, at 22,050 Hz; a shorter one is repeated. Raises DataError."""
    from jobs.boundary.dialogue import read_audio

    try:
        samples = read_audio(path, RATE)
    except (RuntimeError, OSError) as error:
        raise DataError(f"{path} cannot be read as audio ({error}).") from error
    if not len(samples):
        raise DataError(f"{path} holds no sound.")
    return np.tile(samples, -(-SAMPLES // len(samples)))[:SAMPLES]


class Eye:
    """Samples → a picture of the power above 500 Hz in dB; each has mean 0 and deviation 1."""

    def __init__(self) -> None:
        import torchaudio  # seconds to import, and only making pictures needs it

        self.mel = torchaudio.transforms.MelSpectrogram(
            sample_rate=RATE, n_fft=2048, hop_length=HOP, n_mels=BANDS, f_min=500.0
        )
        self.decibels = torchaudio.transforms.AmplitudeToDB("power", top_db=80)

    def __call__(self, samples: np.ndarray) -> Tensor:
        """(88200,) → (173, 128) float32."""
        with torch.inference_mode():
            seen = self.decibels(self.mel(torch.from_numpy(samples))).T
            return (seen - seen.mean()) / (seen.std() + 1e-6)
