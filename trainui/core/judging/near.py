"""One gate from near: what it promised, each turn of its verdict with the values that decided, and its remedies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from trainui.core.errors import TrainuiError
from trainui.core.gates.terms import Terms, terms_of
from trainui.core.spec.remedies import MARK, answers_to
from trainui.core.store.subjects import PREFIX as STUDY

if TYPE_CHECKING:
    from trainui.core.spec import Remedy, Spec
    from trainui.core.store.doings import TurnedView


@dataclass(frozen=True, kw_only=True, slots=True)
class RemedyView:
    """A documented answer to a failure, as a person chooses it."""

    id: str
    on: str
    """A kind of cause, or the id of a gate."""
    sets: tuple[tuple[str, object], ...] = ()
    """Param → the value it gets; none for mere advice."""
    begins: str = "last"
    """What the next try begins from: `scratch`, or its parent's `last` or `best` checkpoint."""
    tried: int = 0
    most: int = 1
    """Tries per family of runs."""
    is_auto: bool = False
    advice: str = ""
    """Text for people, of one that changes nothing."""
    quote: str = ""

    @property
    def why_not(self) -> str:
        """Why it cannot be tried now; '' when it can."""
        if not self.sets or self.advice:
            return "it is advice: it sets nothing"
        return f"tried {self.tried} of {self.most} times" if self.tried >= self.most else ""


@dataclass(frozen=True, kw_only=True, slots=True)
class NearGate:
    """What is told of a gate that somebody looks at."""

    run: str
    """A run, or `study:NAME`."""
    gate: str
    terms: Terms = field(default_factory=Terms)
    turns: tuple[TurnedView, ...] = ()
    """Each change of its verdict, oldest first."""
    remedies: tuple[RemedyView, ...] = ()


class NearReader(Protocol):
    """What is read for it. Every method may raise TrainuiError."""

    def gate_text(self, run: str, gate: str) -> str:
        """The canonical text of a gate."""

    def turns(self, run: str, gate: str) -> list[TurnedView]:
        """Each change of a gate's verdict."""

    def spec(self, name: str) -> Spec:
        """The spec of a run."""

    def tries_of(self, run: str, kind: str) -> int:
        """How often a family of runs was queued for `kind`."""


def gate_from_near(reader: NearReader, run: str, gate: str) -> NearGate:
    """All there is to tell of one gate; little of one that is not there."""
    terms = terms_of(reader.gate_text(run, gate))
    remedies: tuple[RemedyView, ...] = ()
    if not run.startswith(STUDY):
        try:
            spec = reader.spec(run)
        except TrainuiError:  # a spec of another version: the gate is told without its remedies
            spec = None
        if spec is not None:
            remedies = remedy_views(reader, run, answers_to(spec, gate, terms.remedies))
    return NearGate(run=run, gate=gate, terms=terms, turns=tuple(reader.turns(run, gate)), remedies=remedies)


def remedy_views(reader: NearReader, run: str, remedies: Sequence[Remedy]) -> tuple[RemedyView, ...]:
    """These remedies of a run's spec, with how often each was tried."""
    return tuple(
        RemedyView(
            id=one.id,
            on=one.on,
            sets=tuple(one.set.items()),
            begins=one.from_,
            tried=reader.tries_of(run, MARK + one.id),
            most=one.max,
            is_auto=one.auto,
            advice=(one.text or one.quote) if one.advice or not one.set else "",
            quote=one.quote,
        )
        for one in remedies
    )
