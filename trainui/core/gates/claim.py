"""What a value gate claims, held against the values of its quantities: of one run here, of several in a study."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from trainui.core.gates.chance import of_difference, of_ratio, of_share, z_of
from trainui.core.gates.fold import COMPARE
from trainui.core.gates.quantity import Quantity
from trainui.core.gates.rule import Grade
from trainui.core.gates.units import shown

Interval = tuple[float, float]
USUAL = 0.9
"""The confidence that is shown when a gate asks for none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """`left [- second | / second] op right`, and what is said beside it. Values come as [left, second, right]."""

    left: Quantity
    second: Quantity | None = None
    sign: str = ""
    """`-` or `/`, between left and second."""
    op: str
    right: float | Interval | Quantity
    warn_at: float | None = None
    clear_at: float | None = None
    bands: tuple[tuple[float, str], ...] = ()
    """(least value, label), the highest first."""
    confidence: float | None = None
    samples: tuple[int, ...] = ()
    """Of each quantity, left first, how many samples one value of it is measured on; empty when one is not known."""
    in_percent: bool = False
    """Whether shares are known to be from 0 to 100; else the numbers tell."""

    @property
    def quantities(self) -> tuple[Quantity, ...]:
        """All quantities, left first."""
        right = self.right if isinstance(self.right, Quantity) else None
        return tuple(q for q in (self.left, self.second, right) if q is not None)

    @property
    def plain(self) -> tuple[Callable[[float, float], bool], float] | None:
        """The comparison and its limit where there is nothing more to the claim."""
        more = (self.second, self.warn_at, self.clear_at, self.confidence)
        return (
            (COMPARE[self.op], self.right) if isinstance(self.right, float) and more == (None,) * 4 else None
        )

    @property
    def left_text(self) -> str:
        """What is compared."""
        return str(self.left) if self.second is None else f"{self.left} {self.sign} {self.second}"

    @property
    def should(self) -> str:
        """What it is compared with: `< 100`."""
        if isinstance(self.right, tuple):
            return f"{self.op} {self.right[0]:g}..{self.right[1]:g}"
        return f"{self.op} {self.right:g}" if isinstance(self.right, float) else f"{self.op} {self.right}"

    def value(self, values: Sequence[float | None]) -> float | None:
        """The left side; None when anything it needs is missing, or is divided by 0."""
        if None in values:
            return None
        left = values[0]
        if self.second is None or left is None:
            return left
        second = values[1]
        if second is None or (self.sign == "/" and not second):
            return None
        return left - second if self.sign == "-" else left / second

    def limit(self, values: Sequence[float | None]) -> float | Interval:
        """The right side; NaN when it is a quantity without a value."""
        if not isinstance(self.right, Quantity):
            return self.right
        right = values[-1]
        return float("nan") if right is None else right

    def holds(self, value: float, limit: float | Interval) -> bool:
        """Whether the comparison is true, taken by the letter."""
        if isinstance(limit, tuple):
            return (limit[0] <= value <= limit[1]) == (self.op == "within")
        return COMPARE[self.op](value, limit)

    def grade(self, values: Sequence[float | None]) -> Grade:
        """What to say of these values; WAIT when there is no value."""
        value = self.value(values)
        if value is None:
            return Grade.WAIT
        limit = self.limit(values)
        if self.confidence is not None and self._is_close(values, limit):
            return Grade.CLOSE
        if not self.holds(value, limit):
            return Grade.BAD
        near = self.warn_at is not None and not COMPARE[self.op](value, self.warn_at)
        if self.clear_at is not None and not COMPARE[_or_equal(self.op)](value, self.clear_at):
            return Grade.CLOSE if near else Grade.FAIR
        return Grade.NEAR if near else Grade.GOOD

    def label(self, values: Sequence[float | None]) -> str:
        """What the band the value lies in is called."""
        value = self.value(values) if self.bands else None
        return "" if value is None else next((label for least, label in self.bands if value >= least), "")

    def interval(self, values: Sequence[float | None]) -> Interval | None:
        """Where the value would lie again by chance alone; None when that cannot be said."""
        sides = self._shares(values) if self.samples else None
        if sides is None:
            return None
        z, scale = z_of(self.confidence or USUAL), self._scale(values)
        if self.sign == "/":
            return of_ratio(sides[0], sides[1], z)
        low, high = of_difference(sides[0], sides[1], z) if self.sign else of_share(*sides[0], z)
        return low * scale, high * scale

    def says(self, values: Sequence[float | None], *, looks: int = 0) -> str:
        """`best(val/mae) is 92.3 (should be < 100)`. `looks`: how many values `best` was chosen from."""
        value = self.value(values)
        if value is None:
            return f"{self.left_text} has no value"
        limit = self.limit(values)
        moving = isinstance(self.right, Quantity) and isinstance(limit, float)
        notes = [f"should be {self.should}" + (f", {limit:.4g}" if moving else "")]
        if self.warn_at is not None:
            notes.append(f"warns at {self.warn_at:g}")
        if self.clear_at is not None:
            notes.append(f"clears at {self.clear_at:g}")
        chance = ""
        if interval := self.interval(values):
            on = " and ".join(str(count) for count in dict.fromkeys(self.samples))
            share = 100 * (self.confidence or USUAL)
            best = f", the best of {looks}" if looks > 1 else ""
            chance = f"; {interval[0]:.4g}..{interval[1]:.4g} by chance at {share:g} %, {on} samples{best}"
        says = f"{self.left_text} is {shown(value)} ({', '.join(notes)}{chance})"
        if self.confidence is not None and self._is_close(values, limit):
            says = f"too close to call: {says}"
        label = self.label(values)
        return f"{says}: {label}" if label else says

    def _is_close(self, values: Sequence[float | None], limit: float | Interval) -> bool:
        """Whether chance alone could put the value on the other side of the limit."""
        if isinstance(self.right, Quantity):
            sides = self._shares(values)
            if sides is None:
                return False
            low, high = of_difference(sides[0], sides[1], z_of(self.confidence or USUAL))
            return low < 0 < high
        interval = self.interval(values)
        edges = limit if isinstance(limit, tuple) else (limit,)
        return interval is not None and any(interval[0] < edge < interval[1] for edge in edges)

    def _scale(self, values: Sequence[float | None]) -> float:
        edges = self.right if isinstance(self.right, tuple) else (self.right,)
        limits = [abs(edge) for edge in edges if isinstance(edge, float) and self.sign != "/"]
        largest = max([*limits, *(abs(value) for value in values if value is not None)], default=0.0)
        return 100.0 if self.in_percent or largest > 1 else 1.0

    def _shares(self, values: Sequence[float | None]) -> list[tuple[float, int]] | None:
        scale = self._scale(values)
        sides = [
            (value / scale, count)
            for value, count in zip(values, self.samples, strict=False)
            if value is not None
        ]
        if len(sides) < len(values) or any(not 0 <= share <= 1 for share, _ in sides):
            return None  # an error rate above 100 % is no share
        return sides


def _or_equal(op: str) -> str:
    return op[0] + "="
