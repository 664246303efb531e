"""What a training says: to trainui, to TensorBoard event files where that is installed, and to people."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import trainui


class Report:
    """Passes numbers on; a training runs the same with nobody listening."""

    def __init__(self, run_dir: Path) -> None:
        self.run_dir = run_dir
        run_dir.mkdir(parents=True, exist_ok=True)
        self.writer: Any = None
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            return
        self.writer = SummaryWriter(str(run_dir / "tensorboard"), flush_secs=10)

    def log(self, metrics: Mapping[str, float], *, step: int, epoch: float) -> None:
        """Numbers of a step."""
        trainui.log(metrics, step=step, epoch=round(epoch, 4))
        if self.writer is not None:
            for name, value in metrics.items():
                self.writer.add_scalar(name, value, step)

    def say(self, text: str) -> None:
        """A line for people, in the output."""
        print(text, flush=True)

    def close(self) -> None:
        """Write what is still held back."""
        if self.writer is not None:
            self.writer.close()
