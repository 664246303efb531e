"""HAND: what must be there before a run may start: files that a preflight gate counts."""

from __future__ import annotations

from trainui.core.clock import Clock
from trainui.core.gates import Gate, Judge, Notice, State
from trainui.core.judging.hearing import Files
from trainui.core.store.runs import RunRow


class Preflight:
    """Looks at the files that runs wait for."""

    def __init__(self) -> None:
        self._files: dict[str, Files] = {}
        """Run → what counts for it, now and then: there may be many thousands."""
        self._counts: dict[tuple[str, str], Notice] = {}

    def why_held(self, run: RunRow, now: Clock) -> str:
        """The gate that keeps a queued run from starting, and why; '' when none does."""
        for gate in run.spec.readable_gates()[0]:
            if not _holds_back(gate):
                continue
            judge = Judge([gate])
            files = self._files.setdefault(run.name, Files([run.project, run.directory]))
            for notice in files.look(judge.globs, now=now.unix):
                self._counts[run.name, notice.name] = notice
            for pattern in judge.globs:
                if (counted := self._counts.get((run.name, pattern))) is not None:
                    judge.notice(counted)
            verdict = judge.current()[gate.id]
            if verdict.state is State.FAILED:
                return f"gate {gate.id}: {verdict.reason}"
        return ""


def _holds_back(gate: Gate) -> bool:
    actions = gate.actions.get(State.FAILED, ())
    return gate.role == "preflight" and gate.test == "event" and any(map(_blocks, actions))


def _blocks(action: str) -> bool:
    return action.startswith("block:")
