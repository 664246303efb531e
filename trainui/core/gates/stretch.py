"""A stretch of a run as columns: whoever has nothing to say of any of its points may take them in at once."""

from __future__ import annotations

from dataclasses import dataclass

from trainui.core.gates.verdict import Place


@dataclass(kw_only=True, slots=True)
class Piece:
    """The points of one metric in a stretch, in the order the run wrote them; at least one."""

    metric: str
    values: list[float]
    steps: list[float]
    epochs: list[float | None]
    ats: list[float]
    """Unix seconds."""

    @property
    def place(self) -> Place:
        """Where its last point is."""
        return Place(step=self.steps[-1], epoch=self.epochs[-1], at=self.ats[-1])
