"""Where the run stands while its output goes by: what turns a printed line into a record."""

from __future__ import annotations

from typing import Any

from trainui.core.ingest.dialects.found import Found
from trainui.core.ingest.records import Record

_PASSED_OVER = frozenset({"val", "test", "eval", "dev"})


class Place:
    """The step and epoch a stream of printed lines has reached, and what it last said there."""

    def __init__(self) -> None:
        self.epoch: float | None = None
        self.step: float | int | None = None
        self._epochs: int | None = None
        self._base: int | None = None
        self._counted: float | int = 0
        self._offset: float | int = 0
        self._told_at: list[Any] = []
        self._told: dict[str, str] = {}

    def state(self) -> list[Any]:
        """What `restore` needs, as JSON can hold it."""
        return [
            self.epoch, self.step, self._epochs, self._base, self._counted, self._offset, self._told_at, self._told,
        ]  # fmt: skip

    @classmethod
    def restore(cls, state: list[Any]) -> Place:
        """The place that gave `state`."""
        place = cls()
        (
            place.epoch, place.step, place._epochs, place._base, place._counted, place._offset, place._told_at,
            place._told,
        ) = state  # fmt: skip
        return place

    @property
    def is_known(self) -> bool:
        """Whether a step or an epoch was seen: training is under way."""
        return self.epoch is not None or self.step is not None

    def note(self, record: Record) -> None:
        """Take over the place of a record that is complete as it stands."""
        if record.epoch is not None:
            self.epoch = record.epoch
        if record.step is not None:
            self.step = record.step

    def settle(self, found: Found) -> Record | None:
        """The record of what a line said, or None when it said nothing new.

        A line without a place belongs to the last one. Counters within an epoch become steps of the run.
        A bar over validation data tells of the epoch, and only when it is done.
        """
        if found.within and found.phase in _PASSED_OVER:
            if found.step != found.steps:
                return None
            found.step = found.steps = None
        headed = found.is_headed
        step, epoch = (self._step(found), self._epoch(found)) if headed else (self.step, self.epoch)
        if headed:
            self._move(found, step, epoch)
        is_done = not found.within or found.step == found.steps
        metrics = self._news(found.metrics, [step, epoch], is_done) if headed else found.metrics
        total = found.steps
        if total is not None and epoch is not None:
            total = total * self._epochs if self._epochs else None
        if not metrics and (found.metrics or not headed):
            return None
        return Record(
            metrics=metrics, step=step, epoch=epoch, at=found.at, total_steps=total, total_epochs=found.epochs
        )

    def _epoch(self, found: Found) -> float | None:
        return found.epoch if found.epoch is not None else self.epoch if found.within else None

    def _step(self, found: Found) -> float | int | None:
        """The step of the run: counters that start again with every epoch are added up."""
        step = found.step
        epoch = found.epoch if found.epoch is not None else self.epoch
        if step is None or epoch is None:
            return step
        if self._base is None or epoch < self._base:
            self._base = 0 if epoch < 1 else 1
        if found.within:
            return (int(epoch) - self._base) * found.steps + step if found.steps else step
        if self.epoch is not None and epoch < self.epoch:
            self._offset = 0
        elif self.epoch is not None and epoch > self.epoch and step <= self._counted:
            self._offset += found.steps or self._counted
        self._counted = step
        return step + self._offset

    def _move(self, found: Found, step: float | int | None, epoch: float | None) -> None:
        if found.epochs is not None:
            self._epochs = found.epochs
        if step is not None:
            self.step = step
        elif epoch is not None and epoch != self.epoch:
            self.step = None
        if epoch is not None:
            self.epoch = epoch

    def _news(self, metrics: dict[str, float], at: list[Any], is_done: bool) -> dict[str, float]:
        """What was not yet said at this step. While a bar stands still, the first value of a name counts;
        when it is full, a new value replaces it: Keras and Lightning add the epoch's results to the full bar."""
        if at != self._told_at:
            self._told_at, self._told = at, {}
        news = {
            name: value
            for name, value in metrics.items()
            if name not in self._told or (is_done and self._told[name] != repr(value))
        }
        self._told.update((name, repr(value)) for name, value in news.items())
        return news
