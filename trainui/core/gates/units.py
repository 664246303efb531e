"""Spans ("8 epochs", "50", "2h"), amounts ("1%", "8 points", 0.3) and how numbers are shown in reasons."""

from __future__ import annotations

import math
import re
import sys
from dataclasses import dataclass
from typing import Any

from trainui.core.gates.verdict import Where

SPAN = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*$")
AMOUNT = re.compile(r"\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*(%|points?|x)?\s*$")

UNITS = {
    "": "points",
    "epoch": "epochs",
    "point": "points",
    "step": "steps",
    "eval": "points",
    "evals": "points",
}
LARGEST = sys.float_info.max
FARTHEST = 1e15
"""No run has so many points, steps or seconds, and up to here each can be told from the next."""
SECONDS = {"s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0}


def shown(value: float | None) -> str:
    """A number as people read it: four significant digits."""
    return "no value" if value is None else f"{value:.4g}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """So many `points`, `epochs`, `steps` or `seconds` of a run."""

    amount: float
    unit: str = "points"

    def __str__(self) -> str:
        if self.unit == "seconds":
            for name, seconds in (("h", 3600.0), ("m", 60.0)):
                if self.amount >= seconds:
                    return f"{self.amount / seconds:g}{name}"
            return f"{self.amount:g}s"
        return f"{self.amount:g} {self.unit[:-1] if self.amount == 1 else self.unit}"

    def position(self, place: Where, count: int) -> float | None:
        """Where `place`, the `count`-th of its kind, lies on this span's axis; None without an epoch or step."""
        if self.unit == "points":
            return float(count)
        if self.unit == "epochs":
            return place.epoch
        return place.step if self.unit == "steps" else place.at


@dataclass(frozen=True, kw_only=True, slots=True)
class Amount:
    """A difference: absolute, or a share of what it is compared with."""

    value: float
    relative: bool = False

    def __str__(self) -> str:
        return f"{self.value * 100:.4g} %" if self.relative else f"{self.value:.4g}"

    def of(self, reference: float) -> float:
        """The absolute size of this amount beside `reference`."""
        return self.value * abs(reference) if self.relative else self.value

    def like(self, difference: float, reference: float) -> str:
        """`difference` in this amount's own unit: "0.4 %" or "0.12"."""
        if self.relative and reference:
            return f"{100 * difference / abs(reference):.3g} %"
        return shown(difference)


def is_number(raw: Any) -> bool:
    """Whether `raw` is a finite number that a float can hold, and not a truth value."""
    return isinstance(raw, int | float) and not isinstance(raw, bool) and -LARGEST <= raw <= LARGEST


def read_far(text: str) -> float:
    """A number of epochs, steps, points or units of time. Raises ValueError for one that no run comes to."""
    number = float(text)
    if number > FARTHEST:
        raise ValueError(f"no run comes as far as {number:g}")
    return number


def read_span(raw: Any) -> Span:
    """A span as written: 50, "50", "8 epochs", "30 points", "500 steps", "2m". Raises ValueError."""
    if isinstance(raw, int) and not isinstance(raw, bool):
        raw = str(raw)
    match = SPAN.match(raw) if isinstance(raw, str) else None
    if match is None or float(match[1]) <= 0:
        raise ValueError('it should be like "8 epochs", 50, "500 steps" or "2h"')
    amount, unit = read_far(match[1]), match[2]
    if unit in SECONDS:
        return Span(amount=amount * SECONDS[unit], unit="seconds")
    unit = UNITS.get(unit, unit)
    if unit not in ("points", "epochs", "steps"):
        raise ValueError("it should be in points, epochs, steps, s, m, h or d")
    return Span(amount=amount, unit=unit)


def read_amount(raw: Any) -> Amount:
    """An amount as written: 0.3, "8 points", "1%", "1.25x" (a quarter more). Raises ValueError."""
    if is_number(raw):
        raw = repr(raw)
    match = AMOUNT.match(raw) if isinstance(raw, str) else None
    if match is None:
        raise ValueError('it should be a number, "8 points", "1%" or "1.25x"')
    value = float(match[1])
    if match[2] == "%":
        value /= 100
    elif match[2] == "x":
        value -= 1
    if not (math.isfinite(value) and value >= 0):
        raise ValueError("it should not be negative")
    return Amount(value=value, relative=match[2] in ("%", "x"))
