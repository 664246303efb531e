"""Where the run stands while its output goes by: what turns a printed line into a record."""

from __future__ import annotations

import re
from typing import Any, TypeVar

from trainui.core.ingest.dialects.found import Found
from trainui.core.ingest.dialects.headings import folder_of
from trainui.core.ingest.dialects.names import is_phased
from trainui.core.ingest.numbers import FARTHEST
from trainui.core.ingest.records import Record

N = TypeVar("N", int, float, float | int)

_PASSED_OVER = frozenset({"val", "test", "eval", "dev"})
_IN_TRAINING = frozenset({"loss", "learning_rate", "grad_norm"})
_OF_TRAINING = frozenset({"lr", "learning_rate", "grad_norm"})
_RESULTS = re.compile("result|metric|score|statistic", re.IGNORECASE)
_QUIET = 12
"""Lines that tell nothing, after which a heading is forgotten."""


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
        self._told: dict[str, float] = {}
        self._bar: list[int] = []
        self._cycle: list[int] = []
        self._is_last = False
        self._folder = ""
        self._quiet = 0

    def state(self) -> list[Any]:
        """What `restore` needs, as JSON can hold it."""
        return [
            self.epoch, self.step, self._epochs, self._base, self._counted, self._offset, self._told_at,
            {name: repr(value) for name, value in self._told.items()},
            self._bar, self._cycle, self._is_last, self._folder, self._quiet,
        ]  # fmt: skip

    @classmethod
    def restore(cls, state: list[Any]) -> Place:
        """The place that gave `state`; what an earlier version did not write yet is as at the beginning."""
        place = cls()
        state = [*state, *place.state()[len(state) :]]
        (
            place.epoch, place.step, place._epochs, place._base, place._counted, place._offset, place._told_at,
            place._told, place._bar, place._cycle, place._is_last, place._folder, place._quiet,
        ) = state  # fmt: skip
        place._told = {name: float(value) for name, value in place._told.items()}
        return place

    @property
    def is_known(self) -> bool:
        """Whether training is under way, or a heading promised results."""
        return self.epoch is not None or self.step is not None or bool(self._folder)

    def note(self, record: Record) -> None:
        """Take over the place of a record that is complete as it stands."""
        if _reachable(record.epoch) is not None:
            self.epoch = record.epoch
        if _reachable(record.step) is not None:
            self.step = record.step

    def hear(self, text: str) -> None:
        """A line that told nothing may be a heading; after `best iteration is:` a round is named that was told."""
        self._is_last = "est iteration" in text
        self._quiet += 1
        folder = folder_of(text)
        if folder and self.epoch is None and self.step is None and _RESULTS.search(text) is None:
            folder = None  # `val:` in a configuration
        if folder is not None or self._quiet > _QUIET:
            self._folder, self._quiet = folder or "", 0

    def is_behind(self, found: Found) -> bool:
        """Whether a round of trees only repeats an earlier one."""
        is_last, self._is_last = self._is_last, False
        return is_last and found.step is not None and self.step is not None and found.step <= self.step

    def at_bar(self, found: Found) -> None:
        """Give a dict that names its epoch only (Hugging Face) the step of the bar it was printed over.

        The bar of training is the one that a dict with a training loss follows; an evaluation draws its own.
        """
        if found.epoch is None or found.step is not None or not self._bar:
            return
        done, total, known = self._bar
        is_training = not known and not _IN_TRAINING.isdisjoint(found.metrics)
        if not known and not is_training:
            return
        self._bar[2] = 1
        if self.step is None or done > self.step or (done == self.step and self.epoch == found.epoch):
            found.step, found.steps = done, total

    def settle(self, found: Found) -> Record | None:
        """The record of what a line said, or None when it said nothing new.

        A line without a place belongs to the last one. Counters within an epoch become steps of the run.
        A bar over validation data tells of the epoch, and only when it is done.
        """
        found.step, found.steps = _reachable(found.step), _reachable(found.steps)
        found.epoch, found.epochs = _reachable(found.epoch), _reachable(found.epochs)
        if found.is_silent:
            if found.step is not None and found.steps and (not self._bar or not self._bar[2]):
                self._bar = [int(found.step), found.steps, 0]
            elif found.step is not None and found.steps == self._bar[1]:
                self._bar[0] = int(found.step)
            return None
        if found.phase in _PASSED_OVER and found.within:
            if found.steps is not None and found.step is not None and found.step < found.steps - 1:
                return None
            found.step = found.steps = None
        headed = found.is_headed
        self._quiet = 0
        if headed and not found.within:
            self._folder = found.phase if found.phase in _PASSED_OVER and not found.metrics else ""
        elif not headed and self._folder and not found.phase:
            found.metrics = {self._placed(name): value for name, value in found.metrics.items()}
        step, epoch = (
            (_reachable(self._step(found)), self._epoch(found)) if headed else (self.step, self.epoch)
        )
        if headed:
            self._move(found, step, epoch)
        metrics = self._news(found, [step, epoch]) if headed else found.metrics
        total = found.steps
        if total is not None and epoch is not None:
            total = _reachable(total * self._epochs) if self._epochs else None
        if not metrics and (found.metrics or not headed):
            return None
        return Record(
            metrics=metrics, step=step, epoch=epoch, at=found.at, total_steps=total, total_epochs=found.epochs
        )

    def _placed(self, name: str) -> str:
        """A name under the heading that was read last."""
        is_own = name in _OF_TRAINING or "best" in name or is_phased(name)
        return name if is_own else f"{self._folder}/{name}"

    def _epoch(self, found: Found) -> float | None:
        return found.epoch if found.epoch is not None else self.epoch if found.within else None

    def _step(self, found: Found) -> float | int | None:
        """The step of the run: counters that start again with every epoch are added up."""
        step = found.step
        epoch = found.epoch if found.epoch is not None else self.epoch
        if step is None:
            return None
        if epoch is None:
            return self._cycled(int(step), found.steps) if found.within and found.steps else step
        if self._base is None or epoch < self._base:
            self._base = 0 if epoch < 1 else 1
        if found.within and found.steps:
            return (int(epoch) - self._base) * found.steps + step
        if self.epoch is not None and epoch < self.epoch:
            self._offset = 0
        elif self.epoch is not None and epoch > self.epoch and step <= self._counted:
            self._offset += found.steps or self._counted
        self._counted = step
        return step + self._offset

    def _cycled(self, step: int, total: int) -> float | int | None:
        """Bars that are drawn again and again and name no epoch; another bar between them has no steps of its own."""
        if not self._cycle:
            self._cycle = [total, step, 0]
        if self._cycle[0] != total:
            return self.step
        if step < self._cycle[1]:
            self._cycle[2] += total
        self._cycle[1] = step
        return self._cycle[2] + step

    def _move(self, found: Found, step: float | int | None, epoch: float | None) -> None:
        if found.epochs is not None:
            self._epochs = found.epochs
        if step is not None:
            self.step = step
        elif epoch is not None and epoch != self.epoch:
            self.step = None
        if epoch is not None:
            self.epoch = epoch

    def _is_next(self, at: list[Any]) -> bool:
        """Whether a bar moved from nothing to its first step: most show the same numbers at both."""
        return len(self._told_at) == 2 and self._told_at == [at[0] - 1, at[1]]

    def _news(self, found: Found, at: list[Any]) -> dict[str, float]:
        """What was not yet said at this step. While a bar stands still, the first value of a name counts;
        when it is full, a new value replaces it: Keras and Lightning add the epoch's results to the full bar."""
        metrics = found.metrics
        if at != self._told_at:
            is_next = found.within and found.step == 1 and self._is_next(at)
            held, self._told_at = self._told if is_next else {}, at
            if not held:
                self._told = metrics.copy()
                return metrics
            self._told = {name: told for name, told in held.items() if _is_same(told, metrics.get(name))}
        is_done = not found.within or found.step == found.steps
        news = {
            name: value
            for name, value in metrics.items()
            if name not in self._told or (is_done and not _is_same(self._told[name], value))
        }
        self._told |= news
        return news


def _is_same(told: float, value: float | None) -> bool:
    return told == value or (told != told and value != value)


def _reachable(place: N | None) -> N | None:
    return place if place is not None and abs(place) < FARTHEST else None
