"""[[gate]] tables → gates, or one sentence that says which gate is wrong, where, and what was meant."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from trainui.core.errors import nearest
from trainui.core.gates.gate import ROLES, Gate
from trainui.core.gates.primitives import PRIMITIVES
from trainui.core.gates.primitives.ask import AskRule
from trainui.core.gates.primitives.combine import CombineRule
from trainui.core.gates.quantity import ALIAS
from trainui.core.gates.rule import Primitive
from trainui.core.gates.sense import DRASTIC, check_sense
from trainui.core.gates.table import GateError, GateTable
from trainui.core.gates.units import Span
from trainui.core.gates.verdict import State
from trainui.core.gates.watch.detector import PREFIX
from trainui.core.gates.when import EACH, When, read_when
from trainui.core.gates.words import Described, Words, words_of

COMMON = frozenset(
    ("id", "run", "across", "role", "test", "quote", "source", "src", "when", "grace", "severity", "protect")
) | {"on", "remedy", "goal", "cooldown"}
COUNTING = ("for", "clear_for")
ACTIONS = ("flag", "notify", "checkpoint", "checkpoint:previous", "stop", "hold-queue", "relaunch")
NAMED_ACTIONS = ("block:", "launch:")
"""These carry a name: `launch:eval_test`."""
MILD_STATES = (State.PENDING, State.OK, State.WARN, State.UNKNOWN)
"""Nothing is stopped because of a warning, or because something could not be measured."""
STATES = tuple(state.value for state in State)
SEVERITIES = ("info", "warning", "critical")
ONE = Span(amount=1.0)
GOALS_KEY = "~goals"
"""Where the canonical text keeps the goals that the table relies on but does not say."""
WORDS_KEY = "~words"
"""And there the other words for its metrics."""


def parse_gates(
    tables: Sequence[Mapping[str, Any]],
    *,
    known_metrics: Collection[str] | None = None,
    goals: Mapping[str, str] | None = None,
    words: Mapping[str, Described] | None = None,
) -> tuple[Gate, ...]:
    """Read gates. `goals` maps metrics to min or max, `words` to what [metric.NAME] says of them.

    Raises SpecError, beginning `gate 'ID': `; a GateError says which table, and which key of it.
    """
    said = None if words is None else {metric: words_of(one) for metric, one in words.items()}
    aims = {metric: one.goal for metric, one in (said or {}).items() if one.goal}
    gates: list[Gate] = []
    for number, table in enumerate(tables, start=1):
        gate = _read_gate(table, number, {**(goals or {}), **aims}, said)
        if any(gate.id == other.id for other in gates):
            message = f"gate {gate.id!r}: this id is used twice"
            raise GateError(message, hint="every gate needs its own", number=number, key="id")
        _check_metrics(gate, known_metrics, number)
        gates.append(gate)
    _check_references(gates)
    return tuple(gates)


def _read_gate(
    table: Mapping[str, Any], number: int, goals: Mapping[str, str], said: Mapping[str, Words] | None
) -> Gate:
    name = table.get("id")
    if not isinstance(name, str) or not name.strip():
        message, hint = f"gate '#{number}': id is missing", 'for example id = "no-nan"'
        raise GateError(message, hint=hint, number=number, key="id" if "id" in table else "")
    if name.startswith(PREFIX):
        message = f"gate {name!r}: ids that begin with {PREFIX} are those of the default watch"
        raise GateError(message, hint="give it another name", number=number, key="id")
    words = {**(said or {}), **{metric: words_of(one) for metric, one in table.get(WORDS_KEY, {}).items()}}
    goals = {**goals, **table.get(GOALS_KEY, {})}
    own = {key: raw for key, raw in table.items() if key not in (GOALS_KEY, WORDS_KEY)}
    keys = GateTable(name, own, goals, words if words or said is not None else None, number)
    if not keys.has("test"):
        keys.wrong("test is missing", hint=f"known: {', '.join(sorted(PRIMITIVES))}")
    test = keys.choice("test", PRIMITIVES)
    primitive = PRIMITIVES[test]
    _check_keys(keys, test, primitive)
    role = keys.choice("role", ROLES, default="ask" if test == "ask" else "")
    if (role == "ask") != (test == "ask"):
        keys.wrong(f"role {role!r} does not go with test {test!r}", hint="a question has role and test 'ask'")
    rule = primitive.read(keys)
    for_ = keys.span("for", ONE) or ONE
    usual = for_ if primitive.clear_for == 1 else Span(amount=float(primitive.clear_for))
    gate = Gate(
        id=name,
        role=role,
        test=test,
        params=rule,
        text=_canonical(keys, words),
        words={metric: words[metric] for metric in sorted(keys.used) if metric in words},
        quote=keys.text("quote"),
        source=_read_source(keys),
        when=_read_when(keys),
        grace=keys.span("grace"),
        for_=for_,
        clear_for=keys.span("clear_for", usual) or usual,
        cooldown=keys.span("cooldown"),
        protect=keys.flag("protect"),
        severity=keys.choice("severity", SEVERITIES, default="warning"),
        run=_read_runs(keys),
        across=keys.choice("across", ("all", "any"), default="all"),
        actions=_read_actions(keys),
        remedy=keys.texts("remedy"),
    )
    check_sense(keys, gate)
    return gate


def _check_keys(keys: GateTable, test: str, primitive: Primitive) -> None:
    counting = COUNTING if primitive.counts else ()
    known = {*COMMON, *counting, *primitive.required, *primitive.optional}
    for key in keys.keys:
        if key not in known:
            keys.wrong(f"key {key!r} is not known to test {test!r}", hint=nearest(key, known), key=key)
    for key in primitive.required + (() if test == "ask" else ("role",)):
        if not keys.has(key):
            needs = f"test {test!r} needs {', '.join(primitive.required)}"
            keys.wrong(
                f"{key} is missing", hint=f"known: {', '.join(sorted(ROLES))}" if key == "role" else needs
            )


def _read_runs(keys: GateTable) -> str:
    names = [name.strip() for one in keys.texts("run") for name in one.split(",")]
    for name in names:
        if name != "*" and not ALIAS.match(name):
            keys.wrong(f"run holds {name!r}, which is no name of a run", hint='for example run = "ami,libri"')
    if len(set(names)) < len(names):
        keys.wrong("run names a run twice")
    if keys.has("across") and len(names) == 1 and names != ["*"]:
        keys.wrong("across goes with several runs", hint=f"run is {names[0]!r} alone")
    return ",".join(names)


def _read_source(keys: GateTable) -> str:
    if keys.has("source") and keys.has("src"):
        keys.wrong("source and src are the same", hint="keep source")
    return keys.text("source") or keys.text("src")


def _read_when(keys: GateTable) -> When:
    if not keys.has("when"):
        return EACH
    try:
        return read_when(keys.text("when"))
    except ValueError as error:
        keys.wrong(f"when = {keys.keys['when']!r}: {error}")


def _read_actions(keys: GateTable) -> dict[State, tuple[str, ...]]:
    raw = keys.keys.get("on", {})
    if not isinstance(raw, Mapping):
        keys.wrong('on should say a state: on.tripped = ["notify"]')
    actions: dict[State, tuple[str, ...]] = {}
    for word, listed in raw.items():
        if word not in STATES:
            keys.wrong(f"on.{word} is no state", hint=nearest(word, STATES))
        if not isinstance(listed, list | tuple):
            keys.wrong(f"on.{word} should be a list of actions, not {listed!r}")
        state = State(word)
        actions[state] = tuple(_read_action(keys, state, action) for action in listed)
    return actions


def _read_action(keys: GateTable, state: State, action: Any) -> str:
    named = isinstance(action, str) and any(
        action.startswith(p) and len(action) > len(p) for p in NAMED_ACTIONS
    )
    key = f"on.{state}"
    if action in NAMED_ACTIONS:
        keys.wrong(f"{action!r} names no job", hint=f"for example {action}evaluate", key=key)
    if not named and action not in ACTIONS:
        hint = nearest(str(action), [*ACTIONS, *NAMED_ACTIONS])
        keys.wrong(f"action {action!r} is not known", hint=hint, key=key)
    if action in DRASTIC and state in MILD_STATES:
        keys.wrong(f"on.{state} may not {action}: only a trip, a pass or a failure is reason enough")
    return str(action)


def _check_metrics(gate: Gate, known: Collection[str] | None, number: int) -> None:
    for metric in gate.params.metrics if known is not None else ():
        names = (metric, *(gate.words[metric].from_ if metric in gate.words else ()))
        if not metric.startswith("@") and not any(name in (known or ()) for name in names):
            message, hint = f"gate {gate.id!r}: metric {metric!r} is not known", nearest(metric, known or ())
            raise GateError(message, hint=hint, number=number, key="")


def _references(gate: Gate) -> tuple[str, ...]:
    if isinstance(gate.params, CombineRule):
        return gate.params.members
    return gate.params.needs if isinstance(gate.params, AskRule) else ()


def _check_references(gates: Sequence[Gate]) -> None:
    """Refuse members that do not exist, and gates that in the end rest on themselves."""
    links = {gate.id: _references(gate) for gate in gates}
    for number, gate in enumerate(gates, start=1):
        key = "of" if isinstance(gate.params, CombineRule) else "needs"
        for name in links[gate.id]:
            if name not in links:
                message = f"gate {gate.id!r}: there is no gate {name!r}"
                raise GateError(message, hint=nearest(name, links), number=number, key=key)
    for number, name in enumerate(links, start=1):
        reached, waiting = set[str](), list(links[name])
        while waiting:
            member = waiting.pop()
            if member not in reached:
                reached.add(member)
                waiting += links[member]
        if name in reached:
            message, hint = f"gate {name!r}: it rests on itself", f"of or needs leads back to {name!r}"
            raise GateError(message, hint=hint, number=number, key="of")


def _canonical(keys: GateTable, words: Mapping[str, Words]) -> str:
    used = [metric for metric in sorted(keys.used) if not metric.startswith("@")]
    whole = {**keys.keys, GOALS_KEY: {metric: keys.goal(metric, needed=False) for metric in used}}
    if described := {metric: words[metric].as_table() for metric in used if metric in words}:
        whole[WORDS_KEY] = described
    return json.dumps(whole, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)
