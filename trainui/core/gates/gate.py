"""A gate as it was written down before the run."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from trainui.core.gates.quantity import Quantity
from trainui.core.gates.rule import Rule
from trainui.core.gates.units import Span
from trainui.core.gates.verdict import State
from trainui.core.gates.when import When
from trainui.core.gates.words import Words

FLAGS = frozenset({"flag", "budget"})
"""Roles that go ok, warn, tripped for as long as the run lives."""
ROLES = FLAGS | {"criterion", "hypothesis", "preflight", "expect", "ask"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Gate:
    """What should hold, when to look, and what to do about it."""

    id: str
    role: str
    test: str
    """The name of the primitive."""
    params: Rule
    """The primitive's own keys, read."""
    text: str
    """Canonical JSON of the table and of the words it relies on; parse_gates reads it back to an equal gate."""
    quote: str = ""
    source: str = ""
    when: When
    grace: Span | None = None
    for_: Span
    clear_for: Span
    cooldown: Span | None = None
    """For so long after it was acted on, nothing drastic is done because of it again."""
    protect: bool = False
    severity: str = "warning"
    run: str = ""
    """In a study: the runs it is of, as written; empty and `*` are all."""
    across: str = "all"
    actions: Mapping[State, tuple[str, ...]]
    remedy: tuple[str, ...] = ()
    words: Mapping[str, Words] = field(default_factory=dict)
    """What is said of the metrics it names, as far as anything is."""

    @property
    def is_flag(self) -> bool:
        """Whether it goes ok ⇄ warn → tripped; otherwise it ends passed or failed, once."""
        return self.role in FLAGS or (self.role == "expect" and not self.when.once)

    @property
    def runs(self) -> tuple[str, ...]:
        """The aliases that `run` lists; none for all."""
        listed = tuple(name.strip() for name in self.run.split(",") if name.strip())
        return () if "*" in listed else listed

    @property
    def aliases(self) -> tuple[str, ...]:
        """The runs that its quantities name, each once."""
        return tuple(dict.fromkeys(alias for one in self._quantities for alias in one.aliases))

    @property
    def is_across(self) -> bool:
        """Whether a quantity of it is of another run, so that no single run can be judged by it."""
        return any(one.run for one in self._quantities)

    @property
    def _quantities(self) -> tuple[Quantity, ...]:
        return getattr(self.params, "quantities", ())

    @property
    def rule(self) -> str:
        """The short human form: `best(val/mae) < 100`."""
        return self.params.text

    @property
    def metric(self) -> str:
        """The metric to draw its line beside; empty when there is none."""
        return self.params.metrics[0] if self.params.metrics else ""

    def names(self, metric: str) -> tuple[str, ...]:
        """The names under which a run may have written `metric`, its own first."""
        said = self.words.get(metric)
        return (metric, *(said.from_ if said else ()))

    @property
    def threshold(self) -> float | None:
        """The height of that line, where it has one."""
        return self.params.threshold

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical text, in hex: an edited gate is a new gate."""
        return hashlib.sha256(self.text.encode()).hexdigest()
