"""What a primitive is: a rule (the words, frozen) that can make a test (the judging, with a memory)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from trainui.core.gates.verdict import Notice, Point, State

if TYPE_CHECKING:
    from trainui.core.gates.table import GateTable


class Grade(Enum):
    """What one evaluation found."""

    GOOD = "good"
    FAIR = "fair"
    """It holds, but not by enough to clear a gate that has tripped."""
    NEAR = "near"
    """It holds, and is close to the limit."""
    CLOSE = "close"
    """Neither holds nor fails evidently: a warning, which clears no trip and decides no criterion."""
    BAD = "bad"
    WAIT = "wait"
    """Too little data to say."""
    BLIND = "blind"
    """There was data and it cannot be judged: not finite, or of another run."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ending:
    """How a run ended: its result, and the exit code where there is one."""

    result: str
    exit_code: int | None = None


class Test(Protocol):
    """The memory of one gate."""

    latches: bool
    """Whether a trip is for good."""
    needs_finish: bool
    """Whether a run that died early leaves a criterion undecided."""

    def see(self, point: Point) -> bool:
        """Take in a point of a watched metric; whether the gate is to be evaluated now."""

    def grade(self) -> Grade:
        """What holds now."""

    def final(self, ending: Ending) -> Grade:
        """What is to be said when nothing more comes."""

    def settled(self) -> bool:
        """Whether nothing that could still come would change the grade."""

    def value(self) -> float | None:
        """The number that decides."""

    def reason(self) -> str:
        """Why, in one sentence without a full stop."""

    def window(self) -> tuple[float, ...]:
        """The newest values that decided."""

    def missing(self) -> str:
        """What never appeared, as a reason; empty when everything did."""


@runtime_checkable
class Listener(Protocol):
    """A test that is also told of what is no number."""

    def hear(self, notice: Notice) -> bool:
        """Take in a notice; whether the gate is to be evaluated now."""


@runtime_checkable
class Measured(Protocol):
    """A test that has more to say of its value."""

    def label(self) -> str:
        """What the band the value lies in is called."""

    def interval(self) -> tuple[float, float] | None:
        """Where the value would lie again by chance alone."""


class Rule(Protocol):
    """A primitive with its parameters: what a gate says should hold."""

    @property
    def text(self) -> str:
        """The short human form: `best(val/mae) < 100`."""

    @property
    def metrics(self) -> tuple[str, ...]:
        """The metrics of this run that it watches, the one to draw first."""

    @property
    def threshold(self) -> float | None:
        """The height of a line in the chart of the first metric."""

    def test(self) -> Test:
        """A fresh test."""


@runtime_checkable
class Looking(Protocol):
    """A rule that rests on more than numbers: what the hands must look for."""

    @property
    def looks_for(self) -> tuple[str, ...]:
        """Regular expressions for printed lines."""

    @property
    def globs(self) -> tuple[str, ...]:
        """Names of files."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Primitive:
    """One word that `test = ` may name: the keys it takes, and how they are read."""

    required: tuple[str, ...]
    optional: tuple[str, ...] = ()
    read: Callable[[GateTable], Rule]
    counts: bool = True
    """Whether `for` and `clear_for` mean something."""
    clear_for: int = 1
    """How many good evaluations clear a trip, unless the gate says."""


Standing = Callable[[str], tuple[bool, State]]
"""Gate ID → (whether it is a flag, where it stands)."""

PASSES_ON: Mapping[bool, State] = {True: State.TRIPPED, False: State.PASSED}
"""What makes a member of all/any count as true: a flag has tripped, a criterion has passed."""
