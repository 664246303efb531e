"""The arithmetic before leases; goes when its callers have moved to shares and cap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """A run held the machine from `start` to `end` (None: still)."""

    run: str
    start: float
    end: float | None = None
    gpus: int = 0


def cost(rate: int, seconds: float) -> int:
    """Micro-dollars after `seconds` at `rate` micro-dollars an hour; whole, and never falling."""
    return rate * round(seconds * 1000) // 3_600_000


def charges(spans: Sequence[Span], *, rate: int, start: float, end: float) -> dict[str | None, int]:
    """Who bears what between `start` and `end`: run → micro-dollars, and None → idle.

    The parts sum to exactly what the machine cost, so charging in many small steps or in one is the same.
    """
    edges = {start, end}
    for span in spans:
        edges.update(edge for edge in (span.start, span.end) if edge is not None and start < edge < end)
    parts: dict[str | None, int] = {}
    times = sorted(edges)
    for left, right in pairwise(times):
        due = cost(rate, right) - cost(rate, left)
        live: list[str | None] = [
            span.run for span in spans if span.start <= left and (span.end is None or span.end >= right)
        ]
        bearers = live or [None]
        whole, rest = divmod(due, len(bearers))
        for place, bearer in enumerate(bearers):
            parts[bearer] = parts.get(bearer, 0) + whole + (1 if place < rest else 0)
    return parts


def horizon(*, now: float, left: int | None, rate: int, want: float) -> float | None:
    """Until when the machine may be paid in advance: `want` seconds on, or as far as `left` reaches.

    None when nothing limits it. Whoever is stopped must be gone by then, its grace included.
    """
    if left is None or rate <= 0:
        return None
    affordable = max(left, 0) * 3600 / rate
    return now + min(want, affordable)


def lasts_until(*, now: float, left: int | None, rate: int) -> float | None:
    """When the budget is gone if the machine goes on at `rate`; None when it is not limited."""
    return None if left is None or rate <= 0 else now + max(left, 0) * 3600 / rate
