"""What of a study's gates is judged within each of its runs, and what across them. Pure: tables in, a plan out."""

from __future__ import annotations

import difflib
import fnmatch
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from trainui.core.errors import SpecError
from trainui.core.gates.gate import Gate
from trainui.core.gates.primitives.ask import AskRule
from trainui.core.gates.primitives.combine import CombineRule
from trainui.core.gates.primitives.value import ValueRule
from trainui.core.gates.quantity import Quantity

TOGETHER = re.compile(r"(best|sum)-of\((.*)\)$")
EVERY = "*"
ONCE = ("block:", "launch:", "hold-queue")
"""Actions that a gate of several runs takes once, by where it stands over the study."""
OF_A_RUN = ("checkpoint", "stop", "relaunch")
"""Actions that only a single run can be the object of."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """Which runs a quantity is of. `mode` is one, best or sum; `everything`: of every run there ever was."""

    mode: str
    aliases: tuple[str, ...]
    everything: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class StudyPlan:
    """A study's gates, sorted.

    Attributes:
        runs: alias → the patterns that names of its jobs match, in the order of the study.
        gates: all of them, in the order of the file.
        homes: of a gate that is judged within runs: the aliases whose runs carry it.
        needs: gate → every alias whose runs it rests on, also through other gates.
    """

    name: str
    runs: Mapping[str, tuple[str, ...]]
    gates: tuple[Gate, ...]
    homes: Mapping[str, tuple[str, ...]]
    needs: Mapping[str, tuple[str, ...]]

    def aliases_of(self, job: str) -> tuple[str, ...]:
        """What the study calls the runs of `job`; nothing when it is none of its jobs."""
        return tuple(
            alias
            for alias, patterns in self.runs.items()
            if any(fnmatch.fnmatchcase(job, pattern) for pattern in patterns)
        )

    def within(self, job: str) -> tuple[Gate, ...]:
        """The gates that a run of `job` carries."""
        mine = set(self.aliases_of(job))
        return tuple(gate for gate in self.gates if mine & set(self.homes.get(gate.id, ())))

    def within_alias(self, alias: str) -> tuple[Gate, ...]:
        """The gates that the runs of an alias carry."""
        return tuple(gate for gate in self.gates if alias in self.homes.get(gate.id, ()))

    @property
    def across(self) -> tuple[Gate, ...]:
        """The gates that no single run can be judged by."""
        return tuple(gate for gate in self.gates if gate.id not in self.homes)

    def source(self, gate: Gate, quantity: Quantity) -> Source:
        """Which runs a quantity of a gate across runs is of."""
        return _source(gate, quantity, tuple(self.runs))

    def actions_over(self, gate: Gate, actions: Sequence[str]) -> tuple[str, ...]:
        """What is done about where a gate stands over the study: all of it, or what is done once for several runs."""
        several = len(self.homes.get(gate.id, ())) > 1
        mine = [one for one in actions if gate.id not in self.homes or (several and one.startswith(ONCE))]
        return tuple(self.of_jobs(action) for action in mine)

    def of_jobs(self, action: str) -> str:
        """`block:` and `launch:` with the jobs that the study's aliases mean."""
        verb, colon, names = action.partition(":")
        if verb not in ("block", "launch") or not colon:
            return action
        jobs = [job for name in names.split(",") for job in self.runs.get(name.strip(), (name.strip(),))]
        return f"{verb}:{','.join(jobs)}"


def aliases_in(prefix: str) -> tuple[str, ...]:
    """The aliases that `ami` or `best-of(mlp,contrastive)` names."""
    together = TOGETHER.match(prefix)
    names = together[2].split(",") if together else [prefix]
    return tuple(name.strip() for name in names if name.strip())


def plan_study(
    name: str, runs: Mapping[str, Sequence[str]], gates: Sequence[Gate], *, jobs: Collection[str] = ()
) -> StudyPlan:
    """Sort the gates of a study. An alias that is not declared is the job of that name, unless it looks like a
    misspelt one; `jobs` are names that exist. Raises SpecError, beginning `gate 'ID': `."""
    declared = {alias: tuple(patterns) for alias, patterns in runs.items()}
    aliases = dict(declared)
    for gate in gates:
        for alias in _named(gate):
            if alias not in aliases:
                _check_spelling(gate, alias, declared, jobs)
                aliases[alias] = (alias,)
    homes: dict[str, tuple[str, ...]] = {}
    waiting = list(gates)
    while waiting:  # a gate made of gates is of a run when all of those are
        later = [gate for gate in waiting if not _settle(gate, homes, waiting, declared)]
        if len(later) == len(waiting):
            break
        waiting = later
    plan = StudyPlan(name=name, runs=aliases, gates=tuple(gates), homes=homes, needs={})
    for gate in plan.across:
        _check_across(gate, tuple(aliases))
    for gate in gates:
        _check_launches(gate, plan)
    needs = {gate.id: _needs(gate, plan) for gate in gates}
    return StudyPlan(name=name, runs=aliases, gates=tuple(gates), homes=homes, needs=needs)


def members_of(gate: Gate) -> tuple[str, ...]:
    """The gates that a gate made of gates rests on."""
    if isinstance(gate.params, CombineRule):
        return gate.params.members
    return gate.params.needs if isinstance(gate.params, AskRule) else ()


def members_first(gates: Sequence[Gate], known: Mapping[str, Gate]) -> list[Gate]:
    """Gates made of gates after those they are made of. The parser has refused circles."""
    across = {gate.id for gate in gates}
    ordered: dict[str, Gate] = {}

    def place(gate: Gate) -> None:
        for name in members_of(gate):
            if name in across and name not in ordered:
                place(known[name])
        ordered[gate.id] = gate

    for gate in gates:
        if gate.id not in ordered:
            place(gate)
    return list(ordered.values())


def quantities_of(gate: Gate) -> tuple[Quantity, ...]:
    """The quantities a gate compares."""
    return gate.params.quantities if isinstance(gate.params, ValueRule) else ()


def is_of_one_run(gate: Gate) -> bool:
    """Whether nothing in a gate names another run."""
    return not any(one.run for one in quantities_of(gate))


def _written(gate: Gate) -> tuple[str, ...]:
    """The aliases that `run =` lists; none for every one."""
    listed = tuple(word.strip() for word in gate.run.split(",") if word.strip())
    return () if EVERY in listed else listed


def _named(gate: Gate) -> list[str]:
    return [*_written(gate), *(alias for one in quantities_of(gate) for alias in aliases_in(one.run))]


def _check_spelling(gate: Gate, alias: str, declared: Mapping[str, object], jobs: Collection[str]) -> None:
    close = difflib.get_close_matches(alias, list(declared), n=1, cutoff=0.8)
    if close and alias not in jobs:
        raise SpecError(
            f"gate {gate.id!r}: run {alias!r} is not declared", hint=f"did you mean {close[0]!r}?"
        )


def _settle(
    gate: Gate, homes: dict[str, tuple[str, ...]], waiting: Sequence[Gate], declared: Mapping[str, object]
) -> bool:
    """Note where a gate is judged, once that is known; False while a member's place is not."""
    written = _written(gate) or tuple(declared)
    if isinstance(gate.params, CombineRule | AskRule):
        if not gate.run:
            return True
        if {one.id for one in waiting if one is not gate} & set(members_of(gate)):
            return False
        if all(set(written) <= set(homes.get(one, ())) for one in members_of(gate)):
            homes[gate.id] = written
        return True
    if is_of_one_run(gate) and not (len(written) > 1 and _adds_meters(gate)):
        homes[gate.id] = written
    return True


def _adds_meters(gate: Gate) -> bool:
    return any(one.reducer == "sum" and one.metric.startswith("@") for one in quantities_of(gate))


def _source(gate: Gate, quantity: Quantity, aliases: tuple[str, ...]) -> Source:
    if together := TOGETHER.match(quantity.run):
        return Source(mode=together[1], aliases=aliases_in(quantity.run))
    if quantity.run:
        return Source(mode="one", aliases=(quantity.run,))
    written = _written(gate)
    if len(written) == 1:
        return Source(mode="one", aliases=written)
    if quantity.reducer == "sum" and quantity.metric.startswith("@"):
        return Source(mode="sum", aliases=written or aliases, everything=True)
    raise SpecError(
        f"gate {gate.id!r}: {quantity} does not say of which run it is",
        hint=f"write for example '{aliases[0] if aliases else 'ami'}: {quantity}'",
    )


def _check_across(gate: Gate, aliases: tuple[str, ...]) -> None:
    for quantity in quantities_of(gate):
        _source(gate, quantity, aliases)
    for state, actions in gate.actions.items():
        for action in actions:
            if action.startswith(OF_A_RUN):
                raise SpecError(
                    f"gate {gate.id!r}: on.{state} cannot {action}: it is judged across runs and is of none of them",
                    hint="flag, notify, hold-queue, block:JOBS and launch:JOB are possible",
                )


def _check_launches(gate: Gate, plan: StudyPlan) -> None:
    """Only one job can be launched by an action, so an alias of several does not say which."""
    for state, actions in gate.actions.items():
        for action in actions:
            job = plan.of_jobs(action).removeprefix("launch:")
            if action.startswith("launch:") and re.search(r"[*?\[,]", job):
                raise SpecError(
                    f"gate {gate.id!r}: on.{state} cannot {action}: that means {job}", hint="name one job"
                )


def _needs(gate: Gate, plan: StudyPlan) -> tuple[str, ...]:
    if gate.id in plan.homes:
        return plan.homes[gate.id]
    found = [alias for one in quantities_of(gate) for alias in plan.source(gate, one).aliases]
    by_id = {one.id: one for one in plan.gates}
    for name in members_of(gate):
        found += _needs(by_id[name], plan)
    if not found and not members_of(gate):
        found = list(_written(gate) or plan.runs)  # a question about all of it
    return tuple(dict.fromkeys(found))
