"""What one printed line says, before it is known where the run stands."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(kw_only=True, slots=True)
class Found:
    """Numbers of a line and the place it names.

    Attributes:
        step, steps: `step 3/100` is step 3 of 100 steps.
        within: step and steps count within an epoch, as bars do.
        at: Unix seconds.
        is_silent: a bar that counts something and says nothing of it.
        phase: `train`, `val`, `test` … when the line says so.
    """

    metrics: dict[str, float] = field(default_factory=dict)
    epoch: float | None = None
    epochs: int | None = None
    step: float | int | None = None
    steps: int | None = None
    within: bool = False
    at: float | None = None
    phase: str = ""
    is_silent: bool = False

    @property
    def is_headed(self) -> bool:
        """Whether the line itself says where it belongs."""
        return self.epoch is not None or self.step is not None
