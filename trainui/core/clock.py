"""Now, on both clocks."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Clock:
    """Now, on both clocks. Durations come from the boot clock: the wall clock may be set."""

    unix: float
    boot: float
    boot_id: str
