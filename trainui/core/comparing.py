"""RULE: runs side by side: what differs between them, what they reached, how their gates stand.

Only what differs is worth a row; what is alike is counted.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

if TYPE_CHECKING:
    from trainui.core.store.read import Reader
    from trainui.core.store.views import MetricView, RunDetail, RunView

MOST_ORIGIN = 4 << 20
"""Bytes of an origin.json that are read: a longer one is no origin of ours."""
_FACTS: dict[str, Callable[[RunView], Any]] = {
    "job": lambda view: view.job,
    "study": lambda view: view.study,
    "parent": lambda view: view.parent,
    "status": lambda view: str(view.result or view.status),
    "cause": lambda view: view.cause or None,
    "armed": lambda view: view.armed,
    "epoch": lambda view: view.epoch,
    "step": lambda view: view.step,
    "seconds": lambda view: view.seconds,
    "gpu_hours": lambda view: view.gpu_hours,
    "usd": lambda view: view.usd,
}
"""What a run is, beside what was asked of it."""
_ORIGIN = ("python", "host", "system")


class Row(Struct, frozen=True, kw_only=True):
    """One thing, in every run: in the order of the runs; None where a run has none."""

    name: str
    values: tuple[Any, ...]

    @property
    def is_alike(self) -> bool:
        """Whether all runs have the same."""
        return all(_same(self.values[0], one) for one in self.values[1:])


class Reached(Struct, frozen=True, kw_only=True):
    """One metric: what each run wrote of it at last, at least and at most."""

    metric: str
    last: tuple[float | None, ...]
    min: tuple[float | None, ...]
    max: tuple[float | None, ...]
    goal: str = ""
    """`min` or `max` for a primary metric, where the runs agree; else ''."""

    @property
    def best(self) -> int | None:
        """The place of the run that came nearest to the goal; None without a goal, or when nobody wrote a number."""
        values = {"min": self.min, "max": self.max}.get(self.goal, ())
        known = [
            (value, place) for place, value in enumerate(values) if value is not None and math.isfinite(value)
        ]
        if not known:
            return None
        return (min(known) if self.goal == "min" else max(known, key=lambda one: (one[0], -one[1])))[1]


class Comparison(Struct, frozen=True, kw_only=True):
    """Runs side by side."""

    runs: tuple[str, ...]
    facts: tuple[Row, ...] = ()
    """What differs of what they are."""
    params: tuple[Row, ...] = ()
    """Params that differ."""
    alike: Mapping[str, Any] = field(default_factory=dict)
    """Params that all of them have, with the same value."""
    packages: tuple[Row, ...] = ()
    """Packages of which the versions differ."""
    metrics: tuple[Reached, ...] = ()
    """Primary metrics first, then by name."""
    gates: tuple[Row, ...] = ()
    """Verdicts of every gate."""
    rules: Mapping[str, str] = field(default_factory=dict)
    """Gate → its rule in short; '' where the runs have it with different ones."""


def compare(
    details: Sequence[RunDetail], origins: Mapping[str, Mapping[str, Any]] | None = None
) -> Comparison:
    """The runs, side by side in this order. `origins`: run → its origin.json, as far as there is one."""
    where = origins or {}
    views = [detail.view for detail in details]
    params = _rows([detail.params for detail in details])
    facts = [Row(name=name, values=tuple(of(view) for view in views)) for name, of in _FACTS.items()]
    told = [_told(where.get(view.run, {})) for view in views]
    facts += _rows(told)
    packages = _rows([packages_of(where.get(view.run, {})) for view in views])
    is_known = sum(bool(where.get(view.run, {}).get("packages")) for view in views) == len(views)
    gates = _rows([{gate.gate: gate.verdict for gate in detail.gates} for detail in details])
    return Comparison(
        runs=tuple(view.run for view in views),
        facts=_differing(facts),
        params=_differing(params),
        alike={row.name: row.values[0] for row in params if row.is_alike},
        packages=_differing(packages) if is_known else (),
        metrics=_metrics(details),
        gates=tuple(gates),
        rules=_rules(details),
    )


def compared(reader: Reader, runs: Sequence[str]) -> Comparison:
    """The runs of a store, side by side. Raises NotFoundError for one that is not there."""
    details = [reader.detail(run) for run in runs]
    return compare(details, {one.view.run: origin_of(Path(one.view.directory)) for one in details})


def origin_of(directory: Path) -> Mapping[str, Any]:
    """The origin.json of a run's folder; empty where there is none that can be read."""
    path = directory / "origin.json"
    try:
        if path.stat().st_size > MOST_ORIGIN:
            return {}
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def git_of(origin: Mapping[str, Any]) -> Mapping[str, Any]:
    """What an origin.json says of git; empty where that is nothing."""
    found = origin.get("git")
    return found if isinstance(found, dict) else {}


def changed_files(git: Mapping[str, Any]) -> int:
    """How many files differed from the commit, by the difference that was kept; at least one where there is any."""
    diff = str(git.get("diff") or "")
    return max(int(bool(diff)), sum(line.startswith("diff --git ") for line in diff.split("\n")))


def _told(origin: Mapping[str, Any]) -> Mapping[str, Any]:
    """What an origin says that may explain a difference."""
    git = git_of(origin)
    commit = git.get("commit")
    told: dict[str, Any] = {"commit": str(commit)[:12] if commit else None}
    told["changed files"] = changed_files(git) if commit or git.get("diff") else None
    return told | {name: origin.get(name) for name in _ORIGIN}


def packages_of(origin: Mapping[str, Any]) -> dict[str, str]:
    """Package → its version, as an origin.json lists them."""
    listed = origin.get("packages")
    pairs = (str(one).partition("==") for one in listed) if isinstance(listed, list) else ()
    return {name: version for name, _, version in pairs}


def _rows(found: Sequence[Mapping[str, Any]]) -> list[Row]:
    names = dict.fromkeys(name for one in found for name in one)
    return [Row(name=name, values=tuple(one.get(name) for one in found)) for name in names]


def _differing(rows: Iterable[Row]) -> tuple[Row, ...]:
    return tuple(row for row in rows if not row.is_alike)


def _metrics(details: Sequence[RunDetail]) -> tuple[Reached, ...]:
    found: list[dict[str, MetricView]] = [{one.metric: one for one in detail.metrics} for detail in details]
    goals: dict[str, set[str]] = {}
    for detail in details:
        if detail.view.metric:
            goals.setdefault(detail.view.metric.name, set()).add(detail.view.metric.goal)
    names = [*goals, *sorted({name for one in found for name in one} - goals.keys())]
    return tuple(
        Reached(
            metric=name,
            last=tuple(one[name].last if name in one else None for one in found),
            min=tuple(one[name].min if name in one else None for one in found),
            max=tuple(one[name].max if name in one else None for one in found),
            goal=next(iter(goals[name])) if len(goals.get(name, ())) == 1 else "",
        )
        for name in names
    )


def _rules(details: Sequence[RunDetail]) -> dict[str, str]:
    rules: dict[str, set[str]] = {}
    for detail in details:
        for gate in detail.gates:
            rules.setdefault(gate.gate, set()).add(gate.rule)
    return {gate: next(iter(of)) if len(of) == 1 else "" for gate, of in rules.items()}


def _same(one: Any, other: Any) -> bool:
    """Equal and of one kind; two NaN are the same, and 1 is not True."""
    if isinstance(one, float) and isinstance(other, float) and math.isnan(one) and math.isnan(other):
        return True
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)
