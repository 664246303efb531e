"""RULE: what a back-test found of one gate on one run, and what acting on it would have saved. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from trainui.core.backtest.play import Change
from trainui.core.backtest.tape import Told
from trainui.core.gates import Gate, State, Verdict

LOUD = frozenset({State.TRIPPED, State.FAILED})
"""States that say a claim did not hold."""
DRASTIC = ("stop", "relaunch")
DEEDS = {
    "notify": "notified",
    "checkpoint": "saved a checkpoint",
    "checkpoint:previous": "kept the checkpoint before",
    "stop": "stopped",
    "hold-queue": "held the queue",
    "relaunch": "relaunched",
}
"""What an action does, in the words of `would have ...`; `flag` only shows."""
NAMED_DEEDS = {"block:": "blocked", "launch:": "launched"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Moment:
    """One change of a verdict."""

    verdict: State
    step: float | None
    epoch: float | None
    at: float | None
    """Unix seconds; None where the run's files do not say when anything was."""
    value: float | None
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """Where a gate ended on a run, how it came there, and what it would have done."""

    gate: str
    role: str
    run: str
    verdict: State
    at_epoch: float | None = None
    at_step: float | None = None
    value: float | None = None
    """None also where it is NaN, as the store keeps it."""
    reason: str = ""
    action: str = ""
    """`would have stopped, notified`; empty when it would have done nothing."""
    would_save_seconds: float | None = None
    """From the stop to the run's end; None where nothing would have stopped, or no time is known."""
    would_save_usd: float | None = None
    would_save_share: float | None = None
    """The same as a share of the run's points, 0 to 1: known even where no time is."""
    label: str = ""
    interval: tuple[float, float] | None = None
    severity: str = "warning"
    quote: str = ""
    source: str = ""
    rule: str = ""
    digest: str = ""
    is_default: bool = False
    fired: Moment | None = None
    """When it first tripped or failed, even if it cleared later."""
    history: tuple[Moment, ...] = ()

    @property
    def has_fired(self) -> bool:
        """Whether it ever tripped or failed."""
        return self.fired is not None

    @property
    def has_warned(self) -> bool:
        """Whether it ever warned."""
        return any(one.verdict is State.WARN for one in self.history)


def finding_of(
    run: str, gate: Gate, now: Verdict, changes: Sequence[Change], told: Told, *, is_default: bool = False
) -> Finding:
    """A gate's finding: where it stands `now`, and by all its changes what it would have done."""
    is_timed = told.seconds is not None
    history = tuple(_moment(one.verdict, is_timed) for one in changes)
    deeds: list[str] = []
    stop: Change | None = None
    for one in changes:
        asked = gate.actions.get(one.verdict.state, ()) or one.verdict.actions
        if gate.protect:
            asked = tuple(action for action in asked if action not in DRASTIC)
        deeds += [deed for action in asked if (deed := deed_of(action)) and deed not in deeds]
        if stop is None and any(action in DRASTIC for action in asked):
            stop = one
    seconds, usd, share = _saved(stop, told)
    return Finding(
        gate=gate.id,
        role=gate.role,
        run=run,
        verdict=now.state,
        at_epoch=now.epoch,
        at_step=now.step,
        value=None if now.value is None or math.isnan(now.value) else now.value,
        reason=now.reason,
        action=f"would have {', '.join(deeds)}" if deeds else "",
        would_save_seconds=seconds,
        would_save_usd=usd,
        would_save_share=share,
        label=now.label,
        interval=now.interval,
        severity=gate.severity,
        quote=gate.quote,
        source=gate.source,
        rule=gate.rule,
        digest=gate.digest,
        is_default=is_default,
        fired=next((one for one in history if one.verdict in LOUD), None),
        history=history,
    )


def deed_of(action: str) -> str:
    """An action in the words of `would have ...`; empty for what only shows."""
    for start, deed in NAMED_DEEDS.items():
        if action.startswith(start):
            return f"{deed} {action.removeprefix(start)}"
    return DEEDS.get(action, "")


def _saved(stop: Change | None, told: Told) -> tuple[float | None, float | None, float | None]:
    """(seconds, US dollars, share of the points) that a stop would have saved."""
    if stop is None:
        return None, None, None
    share = max(0.0, 1 - stop.points / told.points) if told.points else None
    if told.seconds is None or told.ended_at is None:
        return None, None, share
    seconds = min(max(0.0, told.ended_at - stop.verdict.at), told.seconds)
    usd = None if told.usd is None else told.usd * seconds / told.seconds
    return seconds, usd, share


def _moment(verdict: Verdict, is_timed: bool) -> Moment:
    return Moment(
        verdict=verdict.state,
        step=verdict.step,
        epoch=verdict.epoch,
        at=verdict.at if is_timed else None,
        value=verdict.value,
        reason=verdict.reason,
    )
