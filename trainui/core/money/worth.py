"""RULE: which run is stopped first when the money will not last for all of them, and why that one. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from trainui.core.money.cap import CENTURY

DAY = 86_400.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """A live run, as it stands when the money runs short."""

    run: str
    priority: int = 0
    gates: Mapping[str, int] = field(default_factory=dict)
    """Verdict → how many of its gates stand there."""
    eta: float | None = None
    """Seconds until it is expected to end; None: nobody knows."""
    ending: float = 0.0
    """Seconds its stop may take: it begins that long before the money ends."""
    outlook: str = ""
    """What is expected of its gates: `reach` before the money ends, `miss`, or '' for unknown."""
    begun: float = 0.0
    """Boot seconds."""


def ends_in_time(one: Candidate, left: float) -> bool:
    """Whether it is expected to end by itself before it would have to be stopped; `left`: seconds of money."""
    return one.eta is not None and one.eta + one.ending <= left


def least(live: Sequence[Candidate], *, left: float, now: float) -> tuple[str, str] | None:
    """(the run that is worth least, why it and not another); None when none has to be stopped.

    Lower priority goes first, then worse gates, then worse prospects, then the one begun last; but never a run that
    is expected to end in time, and never the last one. `left`: seconds the money lasts; `now`: Unix seconds.
    """
    late = [one for one in live if not ends_in_time(one, left)]
    if len(live) < 2 or not late:
        return None
    ordered = sorted(late, key=lambda one: (_rank(one), -one.begun))
    first = ordered[0]
    reasons = [f"priority {first.priority}", _gates(first), *_prospects(first, now)]
    if len(ordered) > 1 and _rank(ordered[1]) == _rank(first):
        reasons.append("begun last")
    reasons.append(f"the money lasts until {moment(now + left, now)}")
    return first.run, f"{first.run} is worth least: {', '.join(one for one in reasons if one)}"


def _rank(one: Candidate) -> tuple[int, int, int]:
    """Lower goes first: priority, gates, prospects."""
    gates = 0 if _bad(one) else 1 if one.gates.get("warn") else 2
    if one.outlook == "reach":
        return one.priority, gates, 2
    is_hopeless = one.outlook == "miss" or one.eta is not None
    return one.priority, gates, 0 if is_hopeless else 1


def _bad(one: Candidate) -> int:
    return one.gates.get("tripped", 0) + one.gates.get("failed", 0)


def _gates(one: Candidate) -> str:
    found = [(one.gates.get(verdict, 0), verdict) for verdict in ("failed", "tripped")]
    if not _bad(one):
        found = [(one.gates.get("warn", 0), "in warning")]
    told = [f"{count} gate{'s' if count > 1 else ''} {verdict}" for count, verdict in found if count]
    return ", ".join(told) or ("no gate in warning" if one.gates else "")


def _prospects(one: Candidate, now: float) -> list[str]:
    ends = "nobody knows when it ends" if one.eta is None else f"would end {moment(now + one.eta, now)}"
    hopes = {"miss": "is expected to miss its target", "reach": "is expected to reach its target before"}
    return [ends] + ([hopes[one.outlook]] if one.outlook in hopes else [])


def moment(at: float, now: float) -> str:
    """A time of day for people, with the day when that is not within half a day of `now`; both Unix seconds."""
    if at - now > CENTURY:
        return "in more than a hundred years"
    shown = datetime.fromtimestamp(at)
    if abs(at - now) < DAY / 2:
        return f"{shown:%H:%M}"
    return f"{shown:%a %H:%M}" if abs(at - now) < 6 * DAY else f"{shown:%Y-%m-%d %H:%M}"
