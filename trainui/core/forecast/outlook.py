"""RULE: what a forecast means for a gate's limit: reached, expected to be reached, to be missed, or open. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from msgspec import Struct

from trainui.core.forecast.extrapolate import Estimate, Forecast, crossing

_CLAIM = re.compile(
    r"(?:best|last)\((?P<metric>(?:(?!\) [-/] ).)+)\) (?P<op><=|>=|<|>) (?P<limit>-?[\d.]+(?:e[+-]?\d+)?)"
)


class Claim(Struct, frozen=True, kw_only=True):
    """`best(val/wer) < 25`: what can be looked forward to."""

    metric: str
    op: str
    limit: float

    def holds(self, value: float) -> bool:
        """Whether a value keeps the claim."""
        return {
            "<": value < self.limit,
            "<=": value <= self.limit,
            ">": value > self.limit,
            ">=": value >= self.limit,
        }[self.op]


class Outlook(Struct, frozen=True, kw_only=True):
    """What is expected of one claim."""

    expected: str
    """`reach`, `miss`, or `open` where the band holds both."""
    at: float | None = None
    """x at which the limit is expected to be reached."""
    low: float | None = None
    """The earliest x that is likely."""
    high: float | None = None
    """The latest x that is likely; None: perhaps never."""
    text: str = ""


def claim_of(rule: str) -> Claim | None:
    """The claim of a gate by its rule in short; None where it is no single value against a limit."""
    found = _CLAIM.fullmatch(rule)
    return Claim(metric=found["metric"], op=found["op"], limit=float(found["limit"])) if found else None


def outlook(forecast: Forecast, claim: Claim, *, unit: str) -> Outlook:
    """What a forecast says of a claim that does not hold yet; `unit` is that of x, `epoch` or `step`.

    It is expected to be reached where the less hopeful half of the band reaches it too, and to be missed where
    none of the band does: a curve that falls smoothly may still turn.
    """
    falls = claim.op in ("<", "<=")
    path = forecast.path()
    at = _first(path, claim, _value)
    hope = _first(path, claim, _low if falls else _high)
    soon = _first(path, claim, _rather_low if falls else _rather_high)
    late = _first(path, claim, _rather_high if falls else _rather_low)
    limit = f"{claim.limit:g}"
    if at is not None and soon is not None and late is not None:
        text = f"expected to reach {limit} at {unit} {at:.0f} ({soon:.0f}..{late:.0f})"
        return Outlook(expected="reach", at=at, low=soon, high=late, text=text)
    when = f" at {unit} {at:.0f}" if at is not None else ""
    if forecast.end is None:
        text = f"may reach {limit}{when}, or later, or never" if when else ""
        return Outlook(expected="open", at=at, low=soon, text=text)
    end = path[-1]
    there = f"{end.value:.4g} at {unit} {forecast.end:.0f} ({end.low:.4g}..{end.high:.4g})"
    if hope is None:
        return Outlook(expected="miss", text=f"expected to miss {limit}: {there}")
    return Outlook(expected="open", at=at, low=soon, text=f"may reach {limit}{when}, or miss it: {there}")


def _first(path: Sequence[Estimate], claim: Claim, pick: Callable[[Estimate], float]) -> float | None:
    """The first x from now on where what is picked of the estimates keeps the claim."""
    if claim.holds(pick(path[0])):
        return path[0].x
    return crossing([(one.x, pick(one)) for one in path], claim.limit)


def _low(estimate: Estimate) -> float:
    return estimate.low


def _high(estimate: Estimate) -> float:
    return estimate.high


def _rather_low(estimate: Estimate) -> float:
    return (estimate.value + estimate.low) / 2


def _rather_high(estimate: Estimate) -> float:
    return (estimate.value + estimate.high) / 2


def _value(estimate: Estimate) -> float:
    return estimate.value
