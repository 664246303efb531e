"""Where a training computes, and how precisely."""

from __future__ import annotations

import functools

import torch

from jobs.training.errors import DataError
from jobs.training.settings import LoopSettings


def pick_device(settings: LoopSettings) -> torch.device:
    """The GPU if there is one, unless the settings say otherwise. Raises DataError."""
    if settings.device != "auto":
        device = torch.device(settings.device)
        if device.type == "cuda" and not torch.cuda.is_available():
            raise DataError("--device cuda: PyTorch sees no GPU here; leave --device out to use the CPU.")
        return device
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def autocast_for(settings: LoopSettings, device: torch.device) -> functools.partial[torch.autocast]:
    """bfloat16 on a GPU; on a CPU it would be slower. Raises DataError."""
    if settings.precision not in ("auto", "fp32", "bf16"):
        raise DataError(f"--precision {settings.precision!r}: known are auto, fp32 and bf16.")
    wanted = settings.precision == "bf16" or (settings.precision == "auto" and device.type == "cuda")
    return functools.partial(torch.autocast, device.type, dtype=torch.bfloat16, enabled=wanted)
