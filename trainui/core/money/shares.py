"""RULE: who bears what the machine cost: the runs that held it, and idle time. Pure.

A bearer owes an exact fraction; what it is charged is the whole micro-dollars of that, so a run's sum is less than
one micro-dollar below its exact share however often it was charged. What is left over when a lease ends, less than
one for each bearer, is a line of its own.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from fractions import Fraction
from itertools import pairwise

from msgspec import Struct, field

from trainui.core.money.lease import HOUR_MS, Lease, milliseconds

PER_MILLE = 1000
Bearer = str | None
"""A run, or None: idle time."""


class Span(Struct, frozen=True, kw_only=True):
    """A run held the machine from `start` to `end` (None: still), and these of its GPUs."""

    run: str
    start: float
    end: float | None = None
    gpus: tuple[str, ...] = ()


class Part(Struct, frozen=True, kw_only=True):
    """What one bearer is charged."""

    micro: int = 0
    gpu_ms: int = 0


class Owed(Struct, frozen=True, kw_only=True):
    """What one bearer owes beyond what it was charged: less than one of each."""

    micro: float | Fraction = 0
    gpu_ms: float | Fraction = 0


class Charges(Struct, frozen=True, kw_only=True):
    """A settlement: what is charged now, and what the next one begins with."""

    parts: Mapping[Bearer, Part] = field(default_factory=dict)
    """Everybody who bore something between its two moments, also who is charged nothing yet."""
    owed: Mapping[Bearer, Owed] = field(default_factory=dict)


def charges(
    spans: Sequence[Span],
    lease: Lease,
    *,
    start: float,
    end: float,
    owed: Mapping[Bearer, Owed] | None = None,
    use: Mapping[str, float] | None = None,
) -> Charges:
    """What everybody is charged for the time from `start` to `end`, boot seconds.

    `owed` is what the last settlement of this lease left. `use` is run → how much of its GPUs it used meanwhile, 0 to
    1, for a lease that is shared by use.
    """
    borne = _borne(spans, lease, start=start, end=end, use=use or {})
    before = owed or {}
    parts: dict[Bearer, Part] = {}
    after = dict(before)
    for bearer, ms in borne.items():
        kept = before.get(bearer, Owed())
        micro = Fraction(kept.micro) + lease.rate * ms / HOUR_MS
        gpu_ms = Fraction(kept.gpu_ms) + ms * _gpus(spans, lease)
        parts[bearer] = Part(micro=math.floor(micro), gpu_ms=math.floor(gpu_ms))
        after[bearer] = Owed(micro=micro % 1, gpu_ms=gpu_ms % 1)
    return Charges(parts=parts, owed=after)


def rates(
    live: Sequence[Span], lease: Lease, *, use: Mapping[str, float] | None = None
) -> dict[str, Fraction]:
    """Run → micro-dollars an hour that it bears while these are live."""
    weights = _weights(live, lease.share, max(_gpus(live, lease), 1), use or {})
    return {run: lease.rate * weight for run, weight in weights.items() if run is not None}


def _gpus(spans: Iterable[Span], lease: Lease) -> int:
    """GPUs the machine has, or at least those that somebody holds."""
    return max(lease.gpus, len({gpu for span in spans for gpu in span.gpus}))


def _borne(
    spans: Sequence[Span], lease: Lease, *, start: float, end: float, use: Mapping[str, float]
) -> dict[Bearer, Fraction]:
    """Bearer → milliseconds of the whole machine that it bears."""
    edges = {start, end}
    for span in spans:
        edges.update(edge for edge in (span.start, span.end) if edge is not None and start < edge < end)
    gpus = _gpus(spans, lease)
    found: dict[Bearer, Fraction] = {}
    for left, right in pairwise(sorted(edges)):
        live = [span for span in spans if span.start <= left and (span.end is None or span.end >= right)]
        ms = milliseconds(lease, right) - milliseconds(lease, left)
        for bearer, weight in _weights(live, lease.share, max(gpus, 1), use).items():
            found[bearer] = found.get(bearer, Fraction(0)) + weight * ms
    return found


def _weights(
    live: Sequence[Span], share: str, parts: int, use: Mapping[str, float]
) -> dict[Bearer, Fraction]:
    """Bearer → its part of one moment; they sum to 1. The machine is cut into as many `parts` as it has GPUs."""
    if share == "equal" or not live:
        everybody: list[Bearer] = [span.run for span in live]
        return _alike(everybody or [None], Fraction(1))
    holders: dict[str, list[str]] = {}
    for span in live:
        for gpu in span.gpus:
            holders.setdefault(gpu, []).append(span.run)
    found: dict[Bearer, Fraction] = {}
    for runs in holders.values():
        one = Fraction(1, parts)
        _add(found, _by_use(runs, use, one) if share == "use" else _alike(runs, one))
    if free := parts - len(holders):
        others: list[Bearer] = [span.run for span in live if not span.gpus]
        _add(found, _alike(others or [None], Fraction(free, parts)))
    return found


def _alike(bearers: Collection[Bearer], whole: Fraction) -> dict[Bearer, Fraction]:
    return dict.fromkeys(bearers, whole / len(bearers))


def _by_use(runs: Sequence[str], use: Mapping[str, float], whole: Fraction) -> dict[Bearer, Fraction]:
    """In proportion to what each used, in per mille; alike where one was not measured, or nobody used anything."""
    used = {run: round(use[run] * PER_MILLE) for run in runs if run in use}
    total = sum(used.values())
    if len(used) < len(runs) or total <= 0:
        return _alike(list(runs), whole)
    return {run: whole * Fraction(one, total) for run, one in used.items()}


def _add(found: dict[Bearer, Fraction], more: Mapping[Bearer, Fraction]) -> None:
    for bearer, weight in more.items():
        found[bearer] = found.get(bearer, Fraction(0)) + weight
