"""Everything about a boundary training that may be chosen: defaults, a TOML file, flags; the later wins.

--config jobs/boundary/transformer.toml [--preset demo] --learning_rate 1e-3
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from jobs.training import settings as shared
from jobs.training.settings import LoopSettings


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings(LoopSettings):
    """One training; the defaults are the plan's full scale."""

    model: str = "transformer"
    size: str = "standard"
    source: str = "asterisk"
    data: str = "full"
    """Which recipe of jobs/boundary/recipe.py makes the examples."""
    data_dir: str = ""
    features: str = "mel"
    """What a frame is: mel (12 log-mel spectra) or wavlm (WavLM-Base's 768 numbers)."""
    wavlm: str = ""
    """Weights of WavLM-Base: torchaudio's file, or a folder as Hugging Face lays it out."""
    jitter_reference: str = ""
    """RTTM of the truth and of a system: boundaries are then displaced as that system displaces them."""
    jitter_hypothesis: str = ""
    epochs: int = 50
    learning_rate: float = 5e-4
    weight_decay: float = 1e-2
    warmup_steps: int = 200
    dropout: float = 0.1
    disturb: float = 0.5
    """How much training windows are masked, coloured and blurred; 0 not at all."""
    tokens: int = 200
    stride: int = 2
    copies: int = 3
    """How often an epoch shows each boundary, each time displaced anew: the plan's 5k and twice that, synthetic."""
    examples: int = 0
    """Examples of an epoch; 0 takes them all."""
    uniform: float = 0.5
    """The share of boundaries displaced anywhere; the rest as a real system displaces them."""
    label_width: float = 0.04
    """Seconds: how sharply frame scores must point at the boundary."""
    regression: float = 1.0
    """Weight of the offset's loss beside that of the frame scores."""
    ema: float = 0.999
    """Weights are judged and saved as an average over about 1 / (1 − ema) steps."""
    patience: int = 10
    fused: str = "auto"
    """One kernel for the whole step of the optimizer: on, off, or auto."""
    preflight_steps: int = 0
    """Before training, overfit a handful of examples for at most so many steps."""


def read(arguments: Sequence[str] | None = None, *, prog: str = "jobs.boundary.train") -> Settings:
    """The settings of a command line; both --learning_rate and --learning-rate will do. Raises DataError."""
    return shared.read(Settings, arguments, prog=prog)
