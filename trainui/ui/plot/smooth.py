"""Smoothing: a moving average that forgets, true from its first value on, and blind to what is not finite.

The weight means what it means in TensorBoard: what is kept of the average when the next value comes, where a
curve has up to a thousand values; in a longer one, when the next thousandth of the curve has come. So the same
weight looks the same at any length, and zooming does not change the line.

An envelope holds no average. A bucket of n points is taken as n points that lead straight from its first to its
last: both are values that were measured, and a spike between them does not pull the line, as in no average over
many it would by much. The spike itself is drawn behind, in the band.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trainui.ui.plot.series import Stretch

WEIGHTS = (0.0, 0.6, 0.9, 0.97, 0.99)
"""Those that a key turns through."""
AS_MANY = 1000


def smoothed(stretches: Sequence[Stretch], weight: float) -> list[float | None]:
    """The average after each stretch; None where no finite value has come, or none in this stretch.

    It begins anew where x goes back.
    """
    if not 0 <= weight < 1:
        raise ValueError(f"a weight lies from 0 to below 1, not at {weight}")
    unit = max(1.0, sum(one.points for one in stretches) / AS_MANY)
    kept: float = weight ** (1 / unit) if weight else 0.0
    total, known, before = 0.0, 0.0, -float("inf")
    out: list[float | None] = []
    for one in stretches:
        if one.x1 < before:
            total = known = 0.0
        before = one.x1
        count = one.points - one.nonfinite
        if one.first is None or one.last is None or count < 1:
            out.append(None)
            continue
        fades = kept**count
        total = total * fades + _lead(one.first, one.last, count, kept)
        known = known * fades + (1 - fades)
        out.append(total / known)
    return out


def _lead(first: float, last: float, count: int, kept: float) -> float:
    """What `count` values that lead straight from `first` to `last` add to an average."""
    if count == 1:
        return (1 - kept) * last
    if not kept:
        return last
    # The value j before the last weighs (1 - kept) * kept**j: a sum of j * kept**j, in closed form.
    fades = kept**count
    behind = kept * (1 - count * kept ** (count - 1) + (count - 1) * fades) / (1 - kept)
    return last * (1 - fades) - (last - first) / (count - 1) * behind
