"""RULE: whether a run that died is tried again by itself, and after how long. Pure."""

from __future__ import annotations

import msgspec

BY_DEFAULT = {"hang-up": 3, "hung": 3, "lost": 3, "machine-restarted": 3}
"""Kind of cause → tries, when a spec only says [retry]: nothing of the run itself was wrong."""

ALLOWED = (*BY_DEFAULT, "disk-full", "exit", "non-finite-loss", "signal")
"""Kinds of cause a spec may name."""

UNCHANGED = ("out-of-gpu-memory", "out-of-host-memory")
"""What happens again when nothing is changed: these want a remedy."""


class Retry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is tried again by itself."""

    on: dict[str, int] = msgspec.field(default_factory=BY_DEFAULT.copy)
    """Kind of cause → how often in one lineage of runs."""
    delay_seconds: float = 30
    """Before the first try; doubled for each one after."""
    longest_delay_seconds: float = 3600


def next_try(policy: Retry | None, kind: str, *, tries: int) -> float | None:
    """Seconds to wait before the next try; None when there is none.

    `tries` counts those of this lineage that were made for the same kind of cause.
    """
    if policy is None or tries >= policy.on.get(kind, 0):
        return None
    return min(policy.longest_delay_seconds, policy.delay_seconds * 2.0 ** min(tries, 60))
