"""What may be chosen of a FastDiarizationModel training; the defaults are the plan's full scale."""

from __future__ import annotations

from dataclasses import dataclass

from jobs.training.settings import LoopSettings

RATE = 16_000
SECONDS = 3.0
SAMPLES = int(RATE * SECONDS)
"""A window, in samples."""
LABEL_MODES = ("speaker_roundrobin", "multi_speaker")


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings(LoopSettings):
    """One training."""

    corpus: str = "ami"
    """What it learns from: `ami` (audio, RTTM and UEM) or `librispeech`."""
    source: str = "data/ami"
    """The folder of that corpus."""
    real: str = "data/ami"
    """The AMI folder whose held-out meetings every training is scored on; empty for none."""
    label_mode: str = "multi_speaker"
    """`multi_speaker`: whether two people or more talk for 0.2 s each in the window.
    `speaker_roundrobin`: speakers dealt out to two classes in turn, as the plan had it; the negative control."""
    features: str = "raw"
    """`raw` for the waveform, `mfcc` for 40 coefficients and their deltas, at 1/150 of the work."""
    speeds: str = "1"
    """Utterances to learn from are also heard at these speeds, as other speakers: "0.85,1,1.15"."""
    train_windows: int = 10_000
    val_windows: int = 1_000
    learning_rate: float = 1e-3
    weight_decay: float = 1e-4
    warmup_epochs: float = 3.0
    dropout: float = 0.3
    """Of the classifier."""
    preflight_steps: int = 0
    """Before training, learn sixteen windows by heart in at most so many steps."""
