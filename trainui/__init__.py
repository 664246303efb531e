"""trainui: the terminal cockpit for training on a rented machine.

What a training script may call. Every call appends one JSON line to the file named by $TRAINUI_METRICS,
does nothing when there is none, and never raises into training:

    trainui.log({"train/loss": 0.31}, step=120, epoch=3)
    trainui.progress(total_steps=4500, total_epochs=50)
    trainui.checkpoint("last.pt", metric={"val/mae": 91.2}, step=120)
    trainui.event("unfroze the encoder")
"""

from __future__ import annotations

import os
from collections.abc import Mapping

__all__ = ["checkpoint", "event", "log", "progress"]
__version__ = "0.1.0"


def log(metrics: Mapping[str, float], *, step: float | None = None, epoch: float | None = None) -> None:
    """Report numbers at a step or epoch; NaN and infinities are kept. Tensors of one element will do."""
    from trainui.wire import reporter

    reporter().log(metrics, step=step, epoch=epoch)


def progress(*, total_steps: float | None = None, total_epochs: float | None = None) -> None:
    """Say how long the run will be, so that its progress and its end can be foretold."""
    from trainui.wire import reporter

    reporter().progress(total_steps=total_steps, total_epochs=total_epochs)


def checkpoint(
    path: str | os.PathLike[str],
    *,
    metric: Mapping[str, float] | float | None = None,
    step: float | None = None,
    epoch: float | None = None,
) -> None:
    """Say that a checkpoint was saved. `metric` maps names to values; one number is the primary metric's."""
    from trainui.wire import reporter

    reporter().checkpoint(path, metric=metric, step=step, epoch=epoch)


def event(text: str) -> None:
    """Leave one sentence in the run's history."""
    from trainui.wire import reporter

    reporter().event(text)
