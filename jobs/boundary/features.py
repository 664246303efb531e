"""What the networks hear: log-mel spectra of a recording, and what a speaker sounds like in it.

Shapes: N spectra of a recording (one each 10 ms), M bands (64), S speaker features (256).
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import torch

from jobs.boundary.rttm import Segment

HOP = 0.01
"""Seconds between spectra."""
BANDS = 64

Array = np.ndarray


class Ear:
    """Turns samples into normalised log-mel spectra."""

    def __init__(self, rate: int) -> None:
        import torchaudio  # seconds to import, and only building examples needs it

        self.rate = rate
        window = round(0.025 * rate)
        self.mel = torchaudio.transforms.MelSpectrogram(
            sample_rate=rate,
            n_fft=512 if rate <= 16_000 else 1024,
            win_length=window,
            hop_length=round(HOP * rate),
            f_min=50.0,
            f_max=0.475 * rate,
            n_mels=BANDS,
        )

    def __call__(self, samples: Array) -> Array:
        """(samples,) → (N, M) float32; each band has mean 0 and deviation 1 over the recording."""
        with torch.inference_mode():
            spectra = torch.log(self.mel(torch.from_numpy(samples)) + 1e-6).T
            spectra = (spectra - spectra.mean(dim=0)) / (spectra.std(dim=0) + 1e-3)
        return np.asarray(spectra.numpy())


def speaker_vector(spectra: Array, segments: Iterable[Segment]) -> Array:
    """What these segments sound like: mean, deviation and loud end of each band, shape (192,).

    A refiner only has a system's idea of who speaks when, so the segments given here should be a system's, or
    the reference made as wrong as a system's.
    """
    inside = np.zeros(len(spectra), dtype=bool)
    for segment in segments:
        inside[max(0, round(segment.start / HOP)) : max(0, round(segment.stop / HOP))] = True
    if inside.sum() < 10:
        return np.zeros(3 * BANDS, dtype=np.float32)
    heard = spectra[inside]
    parts = [heard.mean(axis=0), heard.std(axis=0) - 1.0, np.quantile(heard, 0.9, axis=0) - 1.0]
    return np.concatenate(parts).astype(np.float32)
