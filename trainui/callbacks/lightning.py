"""Lightning: all that is logged, the length and the checkpoints, with `Trainer(callbacks=[TrainuiCallback()])`.

Works with `lightning` and with `pytorch_lightning`; where both are installed, the one already imported counts.
"""

from __future__ import annotations

import math
import sys
from typing import Any

import trainui

try:
    if "pytorch_lightning" in sys.modules and "lightning.pytorch" not in sys.modules:
        raise ImportError
    from lightning.pytorch.callbacks import Callback
    from lightning.pytorch.loggers import Logger
except ImportError:
    try:
        from pytorch_lightning.callbacks import Callback
        from pytorch_lightning.loggers import Logger
    except ImportError as error:
        raise ImportError(
            "this callback is for Lightning, which is not installed: pip install lightning"
        ) from error

__all__ = ["TrainuiCallback"]


class _Numbers(Logger):
    """Stands among the trainer's loggers, so that it is told exactly what they are told: at `self.log`'s own
    pace, never of the sanity check, and of each checkpoint once it is written."""

    def __init__(self, trainer: Any) -> None:
        super().__init__()
        self._trainer = trainer

    @property
    def name(self) -> str:
        """Asked for by Lightning."""
        return "trainui"

    @property
    def version(self) -> str:
        """Asked for by Lightning."""
        return ""

    def log_hyperparams(self, *args: Any, **kwargs: Any) -> None:
        """The run's spec and origin have them."""

    def log_metrics(self, metrics: dict[str, float], step: int | None = None) -> None:
        """Pass numbers on; an epoch is among them."""
        if self._trainer.is_global_zero:
            numbers = {name: value for name, value in metrics.items() if name != "epoch"}
            trainui.log(numbers, step=step, epoch=metrics.get("epoch"))

    def after_save_checkpoint(self, checkpoint_callback: Any) -> None:
        """Say where the checkpoint lies, with the metric it is chosen by."""
        trainer = self._trainer
        path = (
            getattr(checkpoint_callback, "_last_checkpoint_saved", "") or checkpoint_callback.best_model_path
        )
        if trainer.is_global_zero and path:
            score = trainer.callback_metrics.get(checkpoint_callback.monitor)
            metric = {} if score is None else {checkpoint_callback.monitor: score}
            trainui.checkpoint(path, metric=metric, step=trainer.global_step, epoch=trainer.current_epoch)


class TrainuiCallback(Callback):
    """Reports under the names given to `self.log`, at the step Lightning gives its loggers.

    Needs no logger: with `logger=False` it is told all the same. Only the world's first process reports.
    """

    def on_fit_start(self, trainer: Any, pl_module: Any) -> None:
        """Join the loggers; not earlier, because the first logger decides where checkpoints go."""
        self._join(trainer)

    def on_validation_start(self, trainer: Any, pl_module: Any) -> None:
        """Join the loggers, where nothing is fitted."""
        self._join(trainer)

    def on_test_start(self, trainer: Any, pl_module: Any) -> None:
        """Join the loggers, where nothing is fitted."""
        self._join(trainer)

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        """Say how long it will be."""
        if trainer.is_global_zero:
            epochs = trainer.max_epochs if (trainer.max_epochs or -1) > 0 else None
            trainui.progress(total_steps=_total_steps(trainer, epochs), total_epochs=epochs)
            step = trainer.global_step
            trainui.event(f"training goes on at step {step}" if step else "training begins")

    def on_train_end(self, trainer: Any, pl_module: Any) -> None:
        """Say that it is over."""
        if trainer.is_global_zero:
            trainui.event(f"training ends at step {trainer.global_step}")

    def on_exception(self, trainer: Any, pl_module: Any, exception: BaseException) -> None:
        """Say what broke it; a KeyboardInterrupt ends a fit without any other word."""
        if trainer.is_global_zero:
            trainui.event(f"training broke at step {trainer.global_step}: {type(exception).__name__}")

    def _join(self, trainer: Any) -> None:
        if not any(isinstance(logger, _Numbers) for logger in trainer.loggers):
            trainer.loggers = [*trainer.loggers, _Numbers(trainer)]


def _total_steps(trainer: Any, epochs: int | None) -> int | None:
    """Steps until max_steps or max_epochs is reached, whichever comes first; None when nobody can know."""
    counts = [trainer.max_steps] if trainer.max_steps > 0 else []
    batches = trainer.num_training_batches
    if epochs and 0 < batches < math.inf:
        counts.append(epochs * math.ceil(batches / trainer.accumulate_grad_batches))
    return min(counts, default=None)
