"""RULE: what a back-test found of one gate on one run, and what acting on it would have saved. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from trainui.core.backtest.play import Change
from trainui.core.backtest.tape import Told
from trainui.core.deeds import WOULD, Deed, Past, Reached, Situation, decide, summary
from trainui.core.gates import Gate, Place, State, Verdict

LOUD = frozenset({State.TRIPPED, State.FAILED})
"""States that say a claim did not hold."""


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
    """What would have been done to a run that was armed: `would have stopped`; empty for nothing."""
    actions: tuple[str, ...] = ()
    """All of it, in the words of the gate."""
    withheld: str = ""
    """Why it would not have stopped although it asks for that: `(protected by let-run)`."""
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
    run: str,
    gate: Gate,
    now: Verdict,
    changes: Sequence[Change],
    told: Told,
    *,
    protected_by: str = "",
    is_default: bool = False,
) -> Finding:
    """A gate's finding: where it stands `now`, and by all its changes what would have been done about it.

    `protected_by`: the gate that lets no other stop the run; '' when none does.
    """
    is_timed = told.seconds is not None
    history = tuple(_moment(one.verdict, is_timed) for one in changes)
    done = _deeds(gate, changes, protected_by=protected_by, is_default=is_default)
    stop = next((one for one, deed in done if deed.action in WOULD and not deed.withheld), None)
    seconds, usd, share = _saved(stop, told)
    words = summary([deed for _, deed in done])
    return Finding(
        gate=gate.id,
        role=gate.role,
        run=run,
        verdict=now.state,
        at_epoch=now.epoch,
        at_step=now.step,
        value=None if now.value is None or math.isnan(now.value) else now.value,
        reason=now.reason,
        action=f"would have {words.removeprefix('would have ')}" if words else "",
        actions=tuple(dict.fromkeys(deed.action for _, deed in done if not deed.withheld)),
        withheld=next((deed.withheld for _, deed in done if deed.action in WOULD and deed.withheld), ""),
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


def _deeds(
    gate: Gate, changes: Sequence[Change], *, protected_by: str, is_default: bool
) -> list[tuple[Change, Deed]]:
    """What an armed run would have seen done, verdict by verdict."""
    past: list[Past] = []
    done: list[tuple[Change, Deed]] = []
    for number, one in enumerate(changes):
        verdict = one.verdict
        place = Place(step=verdict.step, epoch=verdict.epoch, at=verdict.at)
        reached = Reached(
            id=number,
            gate=gate.id,
            state=verdict.state,
            value=verdict.value,
            reason=verdict.reason,
            place=place,
        )
        here = Situation(
            is_armed=True, protected_by=protected_by, cooldown=gate.cooldown, tells_once=is_default, past=past
        )
        asked = verdict.actions if one.is_across else gate.actions.get(verdict.state, ())
        for deed in decide(reached, asked, here):
            if deed.action != "flag":
                done.append((one, deed))
        past += [
            Past(action=deed.action, state=verdict.state, place=place, at=verdict.at)
            for then, deed in done
            if then is one and not deed.withheld
        ]
    return done


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
