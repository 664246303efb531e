"""RULE: the ladder of the budget: what is due as the money is used up, each step once. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

STEPS = ("tell", "admit_no_more", "stop_least", "stop_all")
"""From the lowest up. Who stands on one has passed those below it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Funds:
    """What may be spent, and what was, in micro-dollars."""

    may: int
    """The total less the reserve."""
    spent: int
    """What was spent before, what was charged, and what has accrued since."""
    reachable: int
    """How much of the rest can be spent: all of it, or as many whole billing steps as it pays."""

    @property
    def whole(self) -> int:
        """What can be spent at all: less than may be, where the rest pays no whole billing step."""
        return min(self.may, self.spent + self.reachable)

    @property
    def used(self) -> float:
        """The part of that which is spent; 1 when nothing more can be."""
        return self.spent / self.whole if self.whole > 0 else 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Memory:
    """What the ladder has come to, as it is kept between looks and restarts."""

    terms: str = ""
    """The budget it was climbed under: while nobody changes that, it never goes back."""
    reached: str = ""
    """The highest step; '' for none."""


def climb(
    memory: Memory, *, terms: str, used: float, percents: Mapping[str, float | None], is_out: bool = False
) -> tuple[Memory, tuple[str, ...]]:
    """(what to remember, the steps that are reached for the first time).

    `percents` is step → per cent of what may be spent, None for a step that is left out. `is_out`: no more can be
    paid, whatever the percentage. Under other terms the ladder stands where they put it, also lower: what is passed
    again from there is told again, and what stays passed is not.
    """
    here = _height("stop_all" if is_out else step_of(used, percents))
    known = _height(memory.reached)
    before = known if terms == memory.terms else min(known, here)
    height = max(before, here)
    news = tuple(step for step in STEPS[before:height] if percents.get(step) is not None)
    return Memory(terms=terms, reached=STEPS[height - 1] if height else ""), news


def step_of(used: float, percents: Mapping[str, float | None]) -> str:
    """The highest step that is reached when the part `used` is spent, 0 to 1 and above; '' for none."""
    found = ""
    for step in STEPS:
        percent = percents.get(step)
        if percent is not None and used * 100 >= percent - 1e-9:
            found = step
    return found


def is_past(memory: Memory, step: str, percents: Mapping[str, float | None]) -> bool:
    """Whether `step` was reached: one that is left out never is, however high the ladder was climbed."""
    return percents.get(step) is not None and _height(memory.reached) >= _height(step)


def _height(step: str) -> int:
    """How many steps were passed with this one; 0 for none, or for one of a trainui that knew others."""
    return STEPS.index(step) + 1 if step in STEPS else 0
