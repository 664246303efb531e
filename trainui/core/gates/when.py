"""When a gate is evaluated: each point, at, from or until an epoch, every so often, or at the end."""

from __future__ import annotations

import re
from dataclasses import dataclass

from trainui.core.gates.units import Span, read_far, read_span
from trainui.core.gates.verdict import Where

AT = re.compile(r"\s*(at|from|until)\s+(epoch|step)\s+(\d+(?:\.\d+)?)\s*$")
EVERY = re.compile(r"\s*every\s+(.+)$")
ALMOST = 1e-6
"""Epochs are often sums of fractions: 9.9999999 is epoch 10."""


@dataclass(frozen=True, kw_only=True, slots=True)
class When:
    """`kind` is each, at, from, until, every or end; `span` says the epoch, step or period."""

    kind: str = "each"
    span: Span | None = None

    def __str__(self) -> str:
        if self.span is None:
            return self.kind
        if self.kind == "every":
            return f"every {self.span}"
        return f"{self.kind} {self.span.unit[:-1]} {self.span.amount:g}"

    @property
    def once(self) -> bool:
        """Whether the gate is evaluated a single time."""
        return self.kind in ("at", "end")

    def reached(self, place: Where) -> bool:
        """Whether the run has come to the epoch or step that is named."""
        here = self._here(place)
        return self.span is None or (here is not None and here >= self.span.amount - ALMOST)

    def over(self, place: Where) -> bool:
        """Whether the run has gone beyond the epoch or step that is named by `until`."""
        here = self._here(place)
        return (
            self.kind == "until"
            and self.span is not None
            and (here is not None and here > self.span.amount + ALMOST)
        )

    def _here(self, place: Where) -> float | None:
        return None if self.span is None else self.span.position(place, 0)


EACH = When()


def read_when(text: str) -> When:
    """`each`, `end`, `at epoch 10`, `from step 500`, `until epoch 40`, `every 2h`. Raises ValueError."""
    if text.strip() in ("each", "end"):
        return When(kind=text.strip())
    if match := AT.match(text):
        return When(kind=match[1], span=Span(amount=read_far(match[3]), unit=f"{match[2]}s"))
    if match := EVERY.match(text):
        return When(kind="every", span=read_span(match[1]))
    raise ValueError(
        'it should be "each", "end", "at epoch 10", "from epoch 5", "until epoch 40" or "every 2h"'
    )
