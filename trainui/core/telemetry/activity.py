"""Is a silent run hung, or only busy? Pure: time comes in, in boot seconds."""

from __future__ import annotations

from trainui.core.store.views import UsageView

IDLE_CPU = 0.01
"""Cores: what a process that waits for ever may still use."""
IDLE_GPU = 0.01
"""Of a GPU."""


class Activity:
    """Since when a run has used neither CPU nor GPU, from one look at it after the other.

    What is not known yet (the first look, a GPU that NVML tells nothing of) is no use: who works on a GPU uses CPU.
    """

    def __init__(self) -> None:
        self._idle_since: float | None = None
        self.usage: UsageView | None = None
        """The newest look."""

    def see(self, usage: UsageView, *, boot: float) -> None:
        """Take in a look, made at `boot`."""
        self.usage = usage
        if self._idle_since is None or is_busy(usage):
            self._idle_since = boot

    def begin_anew(self, boot: float) -> None:
        """It was paused till now: that it did nothing means nothing."""
        self._idle_since = boot

    def idle_seconds(self, boot: float) -> float:
        """For how long it has used nothing; 0 before the first look."""
        return 0.0 if self._idle_since is None else max(0.0, boot - self._idle_since)


def is_busy(usage: UsageView) -> bool:
    """Whether a run did anything since the look before."""
    return (usage.cpu or 0.0) >= IDLE_CPU or (usage.gpu or 0.0) >= IDLE_GPU


def is_hung(silent_seconds: float, idle_seconds: float, limit_minutes: float | None) -> bool:
    """Whether nothing was written and nothing was computed for the whole limit; None: there is none."""
    return limit_minutes is not None and min(silent_seconds, idle_seconds) >= limit_minutes * 60


def hung_reason(limit_minutes: float) -> str:
    """Why such a run is stopped: its cause."""
    return f"hung: no output, no metric and no CPU for {limit_minutes:g} min"


def silent_but_busy(
    silent_seconds: float, idle_seconds: float, limit_minutes: float | None, usage: UsageView | None
) -> str:
    """The sentence for a run that was silent for its limit and is not hung; '' when there is nothing to say."""
    if limit_minutes is None or usage is None or silent_seconds < limit_minutes * 60:
        return ""
    if is_hung(silent_seconds, idle_seconds, limit_minutes):
        return ""
    said = f"silent for {silent_seconds / 60:.0f} min, but not hung"
    if is_busy(usage):
        parts = [f"{usage.cpu:.2f} cores"] if (usage.cpu or 0.0) >= IDLE_CPU else []
        parts += [f"{usage.gpu:.0%} of its GPU"] if (usage.gpu or 0.0) >= IDLE_GPU else []
        return f"{said}: it uses {' and '.join(parts)}"
    return f"{said} yet: it was busy {idle_seconds / 60:.0f} min ago"
