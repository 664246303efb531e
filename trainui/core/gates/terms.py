"""RULE: what a gate promises beside its rule, read from its canonical text: when it looks, what clears it. Pure.

A text that an older trainui kept may hold what this one would refuse: what can be read of it is told.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from trainui.core.errors import TrainuiError
from trainui.core.gates.gate import FLAGS
from trainui.core.gates.primitives import PRIMITIVES
from trainui.core.gates.quantity import read_quantity
from trainui.core.gates.units import Span, read_span

DECIDED = ("passed", "failed", "warn")
"""How a gate that is decided once may end; warn is too close to call."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Terms:
    """What was written down of a gate, beside what should hold."""

    role: str = ""
    test: str = ""
    when: str = "each"
    grace: str = ""
    trips_after: str = ""
    clears_after: str = ""
    cooldown: str = ""
    protect: bool = False
    window: Span | None = None
    """How much of its metric one look takes in; None where it says nothing of that."""
    actions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Verdict → what is done when it is reached, on an armed run."""
    remedies: tuple[str, ...] = ()
    """The remedies it names."""

    @property
    def is_flag(self) -> bool:
        """Whether it goes ok ⇄ warn → tripped; otherwise it is decided once."""
        once = self.when == "end" or self.when.startswith("at ")
        return self.role in FLAGS or (self.role == "expect" and not once)


@lru_cache(maxsize=1024)
def terms_of(text: str) -> Terms:
    """The terms of the gate with this canonical text; empty ones of a text that is ''."""
    table: dict[str, Any] = json.loads(text) if text else {}
    test = str(table.get("test", ""))
    primitive = PRIMITIVES.get(test)
    counts = primitive is not None and primitive.counts
    usual = str(Span(amount=float(primitive.clear_for))) if primitive is not None else ""
    after = _span(table.get("for", 1)) if counts else None
    if primitive is not None and primitive.clear_for == 1 and after is not None:
        usual = str(after)
    clears = _span(table.get("clear_for"))
    remedies = table.get("remedy", ())
    return Terms(
        role=str(table.get("role", "ask" if test == "ask" else "")),
        test=test,
        when=str(table.get("when", "each")),
        grace=str(_span(table.get("grace")) or ""),
        trips_after=str(after or ""),
        clears_after=(str(clears) if clears else usual) if counts else "",
        cooldown=str(_span(table.get("cooldown")) or ""),
        protect=bool(table.get("protect", False)),
        window=_window(table),
        actions={str(state): tuple(map(str, listed)) for state, listed in dict(table.get("on", {})).items()},
        remedies=(remedies,) if isinstance(remedies, str) else tuple(map(str, remedies)),
    )


def _span(raw: Any) -> Span | None:
    try:
        return None if raw is None else read_span(raw)
    except ValueError:
        return None


def _window(table: Mapping[str, Any]) -> Span | None:
    """The window of the test itself, else that of its first quantity."""
    if (own := _span(table.get("window"))) is not None:
        return own
    try:
        window = read_quantity(str(table["left"])).window if "left" in table else None
    except (TrainuiError, ValueError):
        return None
    return window if isinstance(window, Span) else None


def what_clears(terms: Terms, verdict: str, *, has_ended: bool) -> str:
    """What would change a verdict that is not well, in one sentence; '' where nothing is amiss."""
    if verdict in ("ok", "passed"):
        return ""
    if terms.test == "ask" and verdict in ("warn", "unknown"):
        return "an answer: yes passes it, no fails it"
    if has_ended:
        return "" if verdict == "pending" else "nothing: the run has ended"
    if terms.is_flag:
        return _clears_a_flag(terms, verdict)
    if verdict == "pending":
        return "it waits" + (f" until it is looked at: {terms.when}" if terms.when != "each" else "")
    if verdict in DECIDED:
        return "nothing: it is decided once, and was"
    return "a value that can be judged"


def _clears_a_flag(terms: Terms, verdict: str) -> str:
    if verdict == "tripped" and terms.test == "finite":
        return "nothing: a number that was not finite is for good"
    if verdict == "tripped":
        more = ", by twice what is asked" if terms.test == "stall" else ""
        return f"it holds again for {terms.clears_after or '1 point'}{more}"
    if verdict == "warn":
        after = f"; it trips when it fails for {terms.trips_after}" if terms.trips_after else ""
        return f"the next look at which it holds{after}"
    return "a value that can be judged" if verdict == "unknown" else "its first look"
