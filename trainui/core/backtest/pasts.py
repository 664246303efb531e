"""Tapes as the past runs that gates are proposed from: the curves that can be judged, and what was measured."""

from __future__ import annotations

from trainui.core.backtest.tape import Tape
from trainui.core.gates import Point
from trainui.core.gates.habits import Past, habits_of

MOST = 20_000
"""Points kept of one curve: of a longer one every second is left out, again and again."""


def past_of(tape: Tape, *, is_bad: bool = False) -> Past:
    """Read a whole tape."""
    curves: dict[str, list[Point]] = {}
    strides: dict[str, tuple[int, int]] = {}
    epoch: float | None = None
    last_at: float | None = None
    silence = 0.0
    for _, metric, step, value, told, at in tape.rows():
        epoch = epoch if told is None else told
        if last_at is not None and at - last_at > silence:
            silence = at - last_at
        last_at = at
        stride, seen = strides.get(metric, (1 if habits_of(metric) else 0, 0))
        strides[metric] = stride, seen + 1
        if not stride or seen % stride:
            continue
        curve = curves.setdefault(metric, [])
        curve.append(Point(metric=metric, step=step, value=value, epoch=epoch, at=at))
        if len(curve) >= MOST:
            curves[metric] = curve[::2]
            strides[metric] = stride * 2, seen + 1
    about = tape.told()
    return Past(
        run=tape.run,
        curves=curves,
        seconds=about.seconds,
        usd=about.usd,
        longest_silence=silence if about.seconds is not None else None,
        is_bad=is_bad,
    )
