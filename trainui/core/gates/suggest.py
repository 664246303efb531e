"""RULE: gates proposed from past runs: what they did, with a margin, and how often each would have cried wolf. Pure.

A proposal is made from all runs but one and held against that one, each in its turn (leave one out): the rate is
that of runs the thresholds have not seen.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from trainui.core.gates.goal import default_goal
from trainui.core.gates.habits import OF_THE_RUN, Habit, Past, Table, fires, habits_of

FEWEST = 3
"""Healthy runs below which nothing is proposed."""
FEW = 10
"""Runs below which a rate is coarse."""
CONFIDENCE = 3.0
"""With no false alarm in N runs, the true rate is below 3/N with 95 % confidence."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Proposal:
    """A gate proposed, and what is to be thought of it."""

    table: Table
    why: str
    """What was seen in the runs it was learnt from."""
    learnt_from: int
    judged: int
    """Healthy runs that a gate learnt from the others was held against."""
    false_alarms: tuple[str, ...]
    """Those of them on which it fired."""
    bad: int = 0
    found: tuple[str, ...] = ()
    """Runs known to be bad on which the gate fires."""

    @property
    def rate(self) -> float | None:
        """False alarms per healthy run left out."""
        return len(self.false_alarms) / self.judged if self.judged else None

    @property
    def rate_at_most(self) -> float | None:
        """Below this lies the true rate with 95 % confidence, where there was no false alarm; else None."""
        return None if self.false_alarms or not self.judged else min(1.0, CONFIDENCE / self.judged)

    @property
    def toml(self) -> str:
        """The gate, ready to be pasted into a spec."""
        lines = ["[[gate]]"]
        for key, value in self.table.items():
            parts = value.items() if isinstance(value, dict) else [("", value)]
            lines += [f"{key}{f'.{part}' if part else ''} = {_toml(told)}" for part, told in parts]
        return "\n".join(lines)


def suggest(runs: Sequence[Past], *, goals: Mapping[str, str] | None = None) -> list[Proposal]:
    """Gates from past runs, each with its rate of false alarms. Nothing from fewer than FEWEST healthy ones."""
    proposals = []
    for metric in dict.fromkeys(name for run in runs for name in run.curves):
        having = [run for run in runs if run.curves.get(metric)]
        goal = (goals or {}).get(metric) or default_goal(metric)
        proposals += [_propose(habit, having, metric, goal) for habit in habits_of(metric)]
    proposals += [_propose(habit, runs, "", "") for habit in OF_THE_RUN]
    return [one for one in proposals if one is not None]


def _propose(habit: Habit, runs: Sequence[Past], metric: str, goal: str) -> Proposal | None:
    measured = [(run, habit.measure(run, metric, goal)) for run in runs if not run.is_bad]
    healthy = [(run, told) for run, told in measured if told is not None]
    made = habit.gate([told for _, told in healthy], metric, goal) if len(healthy) >= FEWEST else None
    if made is None:
        return None
    table, why = made
    judged, false_alarms = 0, []
    for left_out, _ in healthy:
        others = habit.gate([told for run, told in healthy if run is not left_out], metric, goal)
        if others is not None:
            judged += 1
            if fires(others[0], left_out, metric):
                false_alarms.append(left_out.run)
    bad = [run for run in runs if run.is_bad]
    return Proposal(
        table={**table, "quote": f"suggested from {len(healthy)} runs", "source": "trainui gates suggest"},
        why=why,
        learnt_from=len(healthy),
        judged=judged,
        false_alarms=tuple(false_alarms),
        bad=len(bad),
        found=tuple(run.run for run in bad if fires(table, run, metric)),
    )


def _toml(value: Any) -> str:
    """A string, number, or list of strings; JSON writes these as TOML does."""
    return json.dumps(value, ensure_ascii=False)
