"""trainui: the terminal cockpit for training on a rented machine.

What a training script may call. Every call appends one JSON line to the file named by $TRAINUI_METRICS,
does nothing when there is none, and never raises into training:

    trainui.log({"train/loss": 0.31}, step=120, epoch=3)
    trainui.progress(total_steps=4500, total_epochs=50)
    trainui.checkpoint("last.pt", metric={"val/mae": 91.2}, step=120)
    trainui.event("unfroze the encoder")
"""

from __future__ import annotations

from trainui.wire import checkpoint, event, log, progress

__all__ = ["checkpoint", "event", "log", "progress"]
__version__ = "0.1.0"
