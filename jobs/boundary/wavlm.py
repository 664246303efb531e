"""WavLM-Base as an ear: 768 numbers each 20 ms, kept on disk so that no recording is heard twice.

A network of convolutions loses what lies at the edges: of 4 s it makes 199 frames, not 200, and a program that counts
on 200 ends there. Here recordings are heard in pieces with context, each long enough for its last frame, and what an
extractor still gives too few is made up from its last frame; more than one too few is refused.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.signal import resample_poly
from torch import Tensor

from jobs.training.errors import DataError

RATE = 16_000
STEP = 320
"""Samples from one frame to the next: 20 ms."""
REACH = 400
"""Samples that a frame hears: its centre lies 12.5 ms after its first sample."""
WIDTH = 768
PIECE, CONTEXT = 1000, 50
"""Frames heard at once, and those heard on both sides of them and thrown away."""

Array = np.ndarray
Extract = Callable[[Tensor], Tensor]
"""(1, samples) → (1, frames, 768)."""


class WavLM:
    """Hears recordings; what was heard lies in `cache`, one file each, whole or not at all."""

    def __init__(self, weights: str, cache: Path | None, extract: Extract | None = None) -> None:
        self.extract = extract or load(weights)
        name = hashlib.sha256(
            f"{weights} {Path(weights).stat().st_size if weights else ''}".encode()
        ).hexdigest()
        self.cache = cache / name[:16] if cache else None

    def __call__(self, samples: Array, rate: int) -> Array:
        """(samples,) → (N, 768) float16, N = 20 ms steps begun; each feature has mean 0 and deviation 1. Raises
        DataError."""
        if rate != RATE:
            ratio = Fraction(RATE, rate)
            samples = resample_poly(samples, ratio.numerator, ratio.denominator).astype(np.float32)
        if self.cache is None:
            return self.hear(samples)
        path = self.cache / f"{hashlib.sha256(samples.tobytes()).hexdigest()[:32]}.npy"
        if not path.exists():
            self.cache.mkdir(parents=True, exist_ok=True)
            part = path.with_suffix(".part")
            with part.open("wb") as file:
                np.save(file, self.hear(samples))
            part.rename(path)
        return np.asarray(np.load(path))

    def hear(self, samples: Array) -> Array:
        """All frames of one recording, piece by piece."""
        count = -(-len(samples) // STEP)
        padded = torch.from_numpy(np.pad(samples, (0, count * STEP + REACH - STEP - len(samples))))
        pieces = []
        for first in range(0, count, PIECE):
            last = min(first + PIECE, count)
            start, stop = max(0, first - CONTEXT), min(last + CONTEXT, count)
            with torch.inference_mode():
                found = self.extract(padded[None, start * STEP : stop * STEP + REACH - STEP])[0]
            pieces.append(fitted(found, stop - start)[first - start : last - start])
        heard = torch.cat(pieces).float() if pieces else torch.zeros(0, WIDTH)
        if len(heard) > 1:
            heard = (heard - heard.mean(dim=0)) / (heard.std(dim=0) + 1e-3)
        return heard.to(torch.float16).numpy()


def fitted(frames: Tensor, count: int) -> Tensor:
    """(N, 768) → (count, 768): one frame too few is the last one again, one too many is dropped. Raises DataError."""
    if abs(len(frames) - count) > 1 or not len(frames) or frames.shape[1] != WIDTH:
        raise DataError(
            f"The extractor gave {tuple(frames.shape)} for {count} frames of 20 ms: expected ({count}, {WIDTH}), "
            "as WavLM-Base has them at 16 kHz."
        )
    return torch.cat([frames, frames[-1:]])[:count]


def load(weights: str) -> Extract:
    """The network of a weights file or folder. Raises DataError where there is none."""
    if not weights:
        raise DataError(
            "--features wavlm needs --wavlm PATH: torchaudio's wavlm_base.pth, or a folder as Hugging Face lays "
            "microsoft/wavlm-base out; without it leave --features at mel."
        )
    path = Path(weights).expanduser()
    if not path.exists():
        raise DataError(f"{path}: there are no WavLM weights there; give --wavlm PATH, or --features mel.")
    return _of_folder(path) if path.is_dir() else _of_file(path)


def _of_file(path: Path) -> Extract:
    import torchaudio

    model = torchaudio.models.wavlm_base()
    try:
        model.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    except (OSError, RuntimeError, TypeError, AttributeError, ValueError, EOFError, KeyError) as error:
        said = (str(error).splitlines() or [""])[0]
        raise DataError(
            f"{path} holds no WavLM-Base as torchaudio saves it ({type(error).__name__}: {said})."
        ) from error
    model.eval()

    def extract(samples: Tensor) -> Tensor:
        features, _ = model.extract_features(samples)
        out: Tensor = features[-1]
        return out

    return extract


def _of_folder(path: Path) -> Extract:
    try:
        import transformers
    except ImportError as error:
        raise DataError(
            f"{path} is a folder as Hugging Face lays it out, and transformers is not here: pip install transformers, "
            "or give torchaudio's wavlm_base.pth."
        ) from error
    try:
        model: Any = transformers.WavLMModel.from_pretrained(str(path), local_files_only=True).eval()
    except (OSError, ValueError) as error:
        raise DataError(f"{path} holds no WavLM that transformers can read ({error}).") from error
    return lambda samples: model(samples).last_hidden_state
