"""RULE: what is done about a verdict, and what is withheld and why. Pure.

A run is stopped or relaunched only when it was armed, by a trip, a pass or a failure, never because something could
not be measured, never when a gate protects it, and no action of a gate is done twice within its cooldown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from trainui.core.gates import Place, State
from trainui.core.gates.units import Span

LOUD = frozenset(State) - {State.OK, State.PENDING}
"""States that people are told of whatever the gate asks for."""
DECIDED = frozenset({State.TRIPPED, State.PASSED, State.FAILED})
"""States that may stop a run: something was measured, and was so."""
ABOUT_RUNS = ("checkpoint", "checkpoint:previous", "stop", "relaunch")
"""Actions that need one run to be about."""
TOLD = "told before"
WOULD = {"stop": "would have stopped", "relaunch": "would have relaunched"}
DID = {
    "flag": "flagged",
    "notify": "notified",
    "checkpoint": "asked for a checkpoint",
    "checkpoint:previous": "kept the last good checkpoint",
    "stop": "stopped",
    "hold-queue": "held the queue",
    "relaunch": "relaunched",
}
"""Action → what is said beside the gate when it is done."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reached:
    """A verdict that was committed: what it says, and the number of its row."""

    id: int
    gate: str
    state: State
    value: float | None
    reason: str
    place: Place
    label: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Past:
    """An action that a gate's earlier verdict brought, done or soon to be."""

    action: str
    state: State
    place: Place
    at: float
    """Unix seconds."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Situation:
    """What is known when a verdict is to be acted on."""

    is_run: bool = True
    """A run; else a study."""
    is_live: bool = True
    is_armed: bool = False
    protected_by: str = ""
    """The gate that lets no other gate stop the run; '' when none does."""
    cooldown: Span | None = None
    tells_once: bool = False
    """Of the default watch: what comes and goes is told when it first comes."""
    past: Sequence[Past] = field(default_factory=tuple)
    """What this gate brought before."""
    launched: Mapping[str, str] = field(default_factory=dict)
    """`launch:JOB` → the run of the same line or study in which this gate launched it before."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Deed:
    """One action of one verdict."""

    action: str
    withheld: str = ""
    """Why it is not done; '' when it is."""


def decide(verdict: Reached, actions: Sequence[str], here: Situation) -> list[Deed]:
    """What to do, in order. What is loud is flagged, whether the gate says so or not."""
    asked = list(dict.fromkeys(actions))
    if verdict.state in LOUD and "flag" not in asked:
        asked.insert(0, "flag")
    return [Deed(action=action, withheld=_why_not(action, verdict, here)) for action in asked]


def _why_not(action: str, verdict: Reached, here: Situation) -> str:
    before = [one for one in here.past if one.action == action]
    if action == "flag":
        return TOLD if here.tells_once and any(one.state is verdict.state for one in before) else ""
    if action in ABOUT_RUNS and not here.is_run:
        return "a study is no run"
    if action in WOULD:
        if why := _why_not_armed(verdict, here):
            return f"{WOULD[action]}{why}"
        if action == "stop" and not here.is_live:
            return "it had ended"
    if action == "checkpoint" and not here.is_live:
        return "it had ended"
    if action == "notify" and any(one.state is verdict.state for one in before):
        return TOLD
    if action.startswith("launch:") and before:
        return "launched before"
    if action in here.launched:
        return f"launched before, by {here.launched[action]}"
    if before and here.cooldown is not None and not _has_passed(here.cooldown, before[-1], verdict.place):
        return f"within its cooldown of {here.cooldown}"
    return ""


def _why_not_armed(verdict: Reached, here: Situation) -> str:
    if verdict.state not in DECIDED:
        return f", but {verdict.state} is no reason"
    if here.protected_by:
        return f" (protected by {here.protected_by})"
    return "" if here.is_armed else " (not armed)"


def _has_passed(cooldown: Span, last: Past, place: Place) -> bool:
    """Whether a cooldown is over; one in what cannot be told (points, epochs of a run without) never is."""
    then, now = cooldown.position(last.place, 0), cooldown.position(place, 0)
    return then is not None and now is not None and now - then >= cooldown.amount


def summary(deeds: Sequence[Deed]) -> str:
    """What is shown beside the gate: `stopped`, `would have stopped`, `notified, held the queue`; '' for nothing.

    What was only flagged is not worth a word.
    """
    drastic = [
        WOULD[deed.action] for deed in deeds if deed.withheld.startswith("would") and deed.action in WOULD
    ]
    done = [_did(deed.action) for deed in deeds if not deed.withheld and deed.action != "flag"]
    first = [word for word in done if word in ("stopped", "relaunched")]
    return ", ".join(dict.fromkeys(drastic or first or done))


def _did(action: str) -> str:
    verb, _, name = action.partition(":")
    if verb == "block":
        return f"blocked {name}"
    return f"launched {name}" if verb == "launch" else DID[action]


def place_words(place: Place) -> str:
    """` at epoch 5`, ` at step 300`, or nothing."""
    if place.epoch is not None:
        return f" at epoch {place.epoch:g}"
    return "" if place.step is None else f" at step {place.step:g}"


def saved_words(seconds: float | None, micro: int | None) -> str:
    """`31.2 h and 40.00 $ saved`; '' when nobody can tell."""
    if not seconds:
        return ""
    time = next((f"{seconds / size:.{digits}f} {name}" for name, size, digits in
                 (("h", 3600, 1), ("min", 60, 0)) if seconds >= size), f"{seconds:.0f} s")  # fmt: skip
    return f"{time} and {micro / 1e6:.2f} $ saved" if micro else f"{time} saved"
