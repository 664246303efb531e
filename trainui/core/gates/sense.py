"""What a gate may not say though each of its keys can be read: words that contradict each other or never matter."""

from __future__ import annotations

from trainui.core.gates.gate import Gate
from trainui.core.gates.primitives.ask import AskRule
from trainui.core.gates.primitives.combine import CombineRule
from trainui.core.gates.primitives.value import SAMPLED, ValueRule
from trainui.core.gates.quantity import Range
from trainui.core.gates.table import GateTable
from trainui.core.gates.verdict import State

DRASTIC = ("stop", "relaunch")
FLAG_STATES = (State.PENDING, State.OK, State.WARN, State.TRIPPED, State.UNKNOWN)
OTHER_STATES = (State.PENDING, State.OK, State.WARN, State.PASSED, State.FAILED, State.UNKNOWN)
LONGEST = 100
"""Characters of an id."""


def check_sense(keys: GateTable, gate: Gate) -> None:
    """Raise GateError for the first contradiction."""
    if (
        len(gate.id) > LONGEST
        or not gate.id.isprintable()
        or gate.id[0] in "!@"
        or gate.id != gate.id.strip()
    ):
        keys.wrong("id is no name", hint=f"up to {LONGEST} printable characters, not beginning with ! or @")
    if not gate.is_flag:
        for key in ("for", "clear_for", "clear_at"):
            if keys.has(key):
                says = f"for and clear_for belong to flags; a {gate.role} is decided once"
                keys.wrong(says.replace("for and clear_for", key) if key == "clear_at" else says, key=key)
    _check_actions(keys, gate)
    if isinstance(gate.params, ValueRule):
        _check_value(keys, gate, gate.params)
    if isinstance(gate.params, CombineRule | AskRule):
        _check_members(keys, gate.params)


def _check_actions(keys: GateTable, gate: Gate) -> None:
    possible = FLAG_STATES if gate.is_flag else OTHER_STATES
    for state, actions in gate.actions.items():
        if state not in possible:
            ways = "passes or fails" if state is State.TRIPPED else "trips"
            kind = f"{gate.role} that is decided once" if gate.role == "expect" else gate.role
            keys.wrong(f"on.{state} never comes: a {kind} {ways}", hint=f"known: {', '.join(possible)}")
        if len(set(actions)) < len(actions):
            keys.wrong(f"on.{state} names an action twice")
    asked = {action for actions in gate.actions.values() for action in actions}
    if "relaunch" in asked and not gate.remedy:
        keys.wrong("relaunch needs a remedy", hint='for example remedy = ["smaller-batch"]', key="on")
    if gate.protect and asked.intersection(DRASTIC):
        action = sorted(asked.intersection(DRASTIC))[0]
        keys.wrong(
            f"protect keeps its run from every gate, and on says {action}", hint="leave out one of them"
        )
    if gate.cooldown is not None and not asked:
        keys.wrong("cooldown is between actions, and it has none", hint='for example on.tripped = ["notify"]')
    if gate.cooldown is not None and gate.cooldown.unit == "points":
        keys.wrong("cooldown counts in epochs, steps or time", hint='for example "2h"')
    if len(set(gate.remedy)) < len(gate.remedy):
        keys.wrong("remedy names one twice")


def _check_value(keys: GateTable, gate: Gate, rule: ValueRule) -> None:
    claim, span = rule.claim, gate.when.span
    second = "minus" if claim.sign == "-" else "over"
    for key, other in ((second, claim.second), ("right", claim.right)):
        if other == claim.left:
            keys.wrong(f"{key} is the same as left", hint="a quantity says nothing beside itself")
    for one in rule.quantities:
        if span is None or gate.when.kind not in ("at", "until") or not isinstance(one.window, Range):
            continue
        if one.window.unit == span.unit and one.window.last > span.amount:
            keys.wrong(f"when = {gate.when} comes before {one} is there", key="when")
    if not isinstance(claim.right, float) or not 0 < claim.right <= 1 or claim.op not in (">", ">="):
        return
    if not claim.sign and claim.left.reducer in SAMPLED:
        metric = claim.left.metric
        if keys.words(metric).fraction and dict(rule.goals)[metric] == "max":
            keys.wrong(
                f"right = {claim.right:g}, and {metric} is counted from 0 to 100 by its fraction",
                hint=f"write {claim.right * 100:g}",
            )


def _check_members(keys: GateTable, rule: CombineRule | AskRule) -> None:
    key, names = ("of", rule.members) if isinstance(rule, CombineRule) else ("needs", rule.needs)
    twice = next((name for name in names if names.count(name) > 1), "")
    if twice:
        keys.wrong(f"{key} names {twice!r} twice")
