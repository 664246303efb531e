"""Learning rates over a training: a factor of 0 to 1, the same for every group of parameters.

A factor keeps the ratio between groups at every step. A warm-up that sets rates instead overwrites what
discriminative rates were chosen for: that is how a pretrained network was ruined (docs/systems/ast.md).
"""

from __future__ import annotations

import math


def warm_cosine(step: int, total: int, *, warmup: int = 0, floor: float = 0.0) -> float:
    """Linear over `warmup` steps, then half a cosine from 1 down to `floor` at `total`."""
    if step < warmup:
        return (step + 1) / warmup
    done = min(1.0, (step - warmup) / max(1, total - warmup))
    return floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * done))


def cosine_restarts(step: int, period: int, *, floor: float = 0.0) -> float:
    """A cosine from 1 to `floor` that begins anew every `period` steps."""
    return floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * (step % max(1, period)) / max(1, period)))
