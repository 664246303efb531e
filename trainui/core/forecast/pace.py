"""RULE: how far a run is and when it will end. Pure."""

from __future__ import annotations

from trainui.core.money.cap import CENTURY


def progress(
    *, step: float | None, epoch: float | None, total_steps: float | None, total_epochs: float | None
) -> float | None:
    """0 to 1, from whichever total the run told; None when it told none."""
    for done, total in ((step, total_steps), (epoch, total_epochs)):
        if done is not None and total:
            return min(max(done / total, 0.0), 1.0)
    return None


def eta_seconds(*, progress: float | None, seconds: float, begun: float = 0.0) -> float | None:
    """Seconds to go if it goes on at its mean pace; None before there is a pace, or when it is a hundred years away.

    `begun` is how far a resumed run already was when it took over from its parent.
    """
    if progress is None or progress <= begun or seconds <= 0:
        return None
    found = seconds * (1 - progress) / (progress - begun)
    return found if found <= CENTURY else None
