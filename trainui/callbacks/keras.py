"""Keras 3 and tf.keras: the logs of epochs and batches, with `model.fit(…, callbacks=[TrainuiCallback()])`."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Any

import trainui

try:
    if "tf_keras" in sys.modules and "keras" not in sys.modules:
        raise ImportError
    from keras.callbacks import Callback
except ImportError:
    try:
        from tf_keras.callbacks import Callback
    except ImportError as error:
        raise ImportError("this callback is for Keras, which is not installed: pip install keras") from error

__all__ = ["TrainuiCallback"]


class TrainuiCallback(Callback):
    """Reports each epoch's logs under Keras' names (`loss`, `val_loss`, …); the step counts batches trained, the
    epoch is the number Keras prints, from 1.

    Args:
        every: report each n-th batch too, as `batch/loss`: Keras gives the mean since the epoch began, which
            must not share a curve with whole epochs. 0 reports none.
        checkpoint: the ModelCheckpoint whose files are reported, or their path; put this callback after it.
    """

    def __init__(self, *, every: int = 0, checkpoint: Any = None) -> None:
        super().__init__()
        self._every = every
        self._checkpoint = checkpoint
        self._steps = 0
        self._before = 0
        self._file: tuple[object, ...] = ()

    def on_train_begin(self, logs: Any = None) -> None:
        """Say how long it will be. A model that was trained before goes on counting where it was."""
        iterations = getattr(getattr(self.model, "optimizer", None), "iterations", None)
        self._steps = self._before = 0 if iterations is None else int(iterations)
        params: Mapping[str, Any] = self.params or {}
        epochs, steps = params.get("epochs"), params.get("steps")
        trainui.progress(
            total_steps=self._before + epochs * steps if epochs and steps else None, total_epochs=epochs
        )
        trainui.event(f"training goes on at step {self._before}" if self._before else "training begins")
        self._file = self._state(self._path(0, {}))  # left by an earlier training

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Count the batch; report it when it is its turn."""
        before, self._steps = self._steps, self._before + batch + 1
        if self._every and logs and before // self._every != self._steps // self._every:
            trainui.log({f"batch/{name}": value for name, value in logs.items()}, step=self._steps)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Report the epoch, and the checkpoint it left."""
        self._before = self._steps
        logs = logs or {}
        trainui.log(logs, step=self._steps, epoch=epoch + 1)
        path = self._path(epoch, logs)
        state = self._state(path)
        if state and state != self._file:
            monitor = getattr(self._checkpoint, "monitor", "")
            metric = {name: value for name, value in logs.items() if name == monitor or not monitor}
            trainui.checkpoint(path, metric=metric, step=self._steps, epoch=epoch + 1)
        self._file = state

    def on_train_end(self, logs: Any = None) -> None:
        """Say that it is over."""
        trainui.event(f"training ends at step {self._steps}")

    def _path(self, epoch: int, logs: Mapping[str, Any]) -> str:
        """Where Keras puts the checkpoint of an epoch; "" where there is none."""
        template = getattr(self._checkpoint, "filepath", self._checkpoint)
        if template is None:
            return ""
        try:
            return str(os.fspath(template)).format(epoch=epoch + 1, **logs)
        except (LookupError, ValueError, TypeError):
            return str(os.fspath(template))

    def _state(self, path: str) -> tuple[object, ...]:
        """What changes when a file is written anew; () where there is none."""
        try:
            facts = os.stat(path)
        except (OSError, ValueError):
            return ()
        return (path, facts.st_ino, facts.st_mtime_ns, facts.st_size)
