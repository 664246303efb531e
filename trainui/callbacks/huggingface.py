"""Hugging Face Trainer: its logs, length and checkpoints, reported with `Trainer(callbacks=[TrainuiCallback()])`."""

from __future__ import annotations

import os
from typing import Any

import trainui

try:
    from transformers.trainer_callback import TrainerCallback
except ImportError as error:
    hint = (
        "this callback is for the Trainer of transformers, which is not installed: pip install transformers"
    )
    raise ImportError(hint) from error

__all__ = ["TrainuiCallback"]

_FOREVER = 10**9
"""Trainer says so many epochs of a stream whose length it does not know."""
_SPEEDS = ("_runtime", "_per_second", "_time")


class TrainuiCallback(TrainerCallback):
    """Reports under the names the Trainer itself prints (`loss`, `eval_loss`, …), at the global step.

    A checkpoint is told with what the evaluation at its step said. Only the world's first process reports.
    """

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Say how long it will be."""
        if state.is_world_process_zero:
            epochs = state.num_train_epochs
            trainui.progress(
                total_steps=state.max_steps or None, total_epochs=epochs if 0 < epochs < _FOREVER else None
            )
            trainui.event(
                f"training goes on at step {state.global_step}" if state.global_step else "training begins"
            )

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **kwargs: Any) -> None:
        """Pass numbers on."""
        if state.is_world_process_zero and logs:
            numbers = {name: value for name, value in logs.items() if name not in ("epoch", "step")}
            trainui.log(numbers, step=state.global_step, epoch=state.epoch)

    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Say where the checkpoint lies."""
        if state.is_world_process_zero:
            path = os.path.join(args.output_dir, f"checkpoint-{state.global_step}")
            if os.path.isdir(path):  # a search over parameters puts each try into a folder of its own
                trainui.checkpoint(path, metric=_evaluation(state), step=state.global_step, epoch=state.epoch)

    def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Say that it is over."""
        if state.is_world_process_zero:
            trainui.event(f"training ends at step {state.global_step}")


def _evaluation(state: Any) -> dict[str, Any]:
    """What was measured at this step, without how fast."""
    for entry in reversed(state.log_history or ()):
        if entry.get("step") != state.global_step:
            break
        found = {
            name: value
            for name, value in entry.items()
            if name.startswith("eval_") and not name.endswith(_SPEEDS) and isinstance(value, int | float)
        }
        if found:
            return found
    return {}
