"""HAND: puts what gates find into the outbox, each fact once; whoever wants to hear of it says so in [notify]."""

from __future__ import annotations

import sqlite3

from trainui.core.clock import Clock
from trainui.core.deeds import Reached, place_words
from trainui.core.gates import Gate, State
from trainui.core.gates.drawing import NOT_ASKED
from trainui.core.gates.watch.detector import PREFIX
from trainui.core.store.outbox import Outbox

NOBODY = "nobody to tell: trainui.toml has no [notify]"
BAD = (State.TRIPPED, State.FAILED)
ASKING = (State.WARN, State.UNKNOWN)


class News:
    """The verdicts of one runs.db that people hear of. Every method is called inside a transaction."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._outbox = Outbox(db)

    def of_verdict(self, subject: str, verdict: Reached, gate: Gate, now: Clock) -> None:
        """A gate came to a state for the first time: what asks, and what somebody wrote and went wrong, is told.

        What the default watch finds is told where it says `notify`.
        """
        if gate.role == "ask" and verdict.state in ASKING and not verdict.reason.startswith(NOT_ASKED):
            self._ask(subject, verdict, gate, now)
        elif verdict.state in BAD and gate.severity != "info" and not gate.id.startswith(PREFIX):
            self.of_gate(subject, verdict, gate, now)

    def of_gate(self, subject: str, verdict: Reached, gate: Gate | None, now: Clock) -> None:
        """Tell of a verdict, if that was not done before."""
        facts = {
            "run": subject.removeprefix("study:"),
            "gate": verdict.gate,
            "state": str(verdict.state),
            "value": "" if verdict.value is None else f"{verdict.value:g}",
            "reason": verdict.reason,
        }
        self._outbox.post(
            "gate", verdict_words(subject, verdict), key=_key("gate", subject, verdict), at=now.unix,
            subject=subject, facts=facts, is_critical=gate is not None and gate.severity == "critical",
        )  # fmt: skip

    def _ask(self, subject: str, verdict: Reached, gate: Gate, now: Clock) -> None:
        name, question = subject.removeprefix("study:"), gate.rule.removeprefix("asks: ")
        facts = {"run": name, "gate": gate.id, "state": str(verdict.state), "reason": question}
        self._outbox.post(
            "question", f"{name} asks: {question} (trainui answer {name} {gate.id} yes|no)",
            key=_key("question", subject, verdict), at=now.unix, subject=subject, facts=facts,
            is_critical=gate.severity == "critical",
        )  # fmt: skip


def verdict_words(subject: str, verdict: Reached) -> str:
    """`mlp-3: no-nan tripped at step 4: loss was nan`."""
    name = subject.removeprefix("study:")
    return f"{name}: {verdict.gate} {verdict.state}{place_words(verdict.place)}: {verdict.reason}"


def _key(kind: str, subject: str, verdict: Reached) -> str:
    return f"{kind} {subject} {verdict.gate} {verdict.state} {verdict.place.at!r}"
